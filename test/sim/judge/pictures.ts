/** What consoles show in the end, against the log and the stored fixes. A picture may lag by as long as news is on its way. */

import { driverKey, tripKey } from '../../../src/domain/entity.ts'
import type { RegionState } from '../../../src/domain/region-state.ts'
import { isEnded, type TripState } from '../../../src/domain/trip/trip.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import { toE7 } from '../../../src/protocol/fix-frame.ts'
import type { OwnedRegion } from '../core/watch.ts'
import type { Picture } from '../world/parts.ts'
import type { Findings } from './findings.ts'
import type { LogAccount } from './log-account.ts'
import type { Tracks } from './tracks.ts'

/** How far a picture may lag. */
const LAG_MS = 5_000

export class Pictures {
  readonly #log: LogAccount
  readonly #tracks: Tracks
  readonly #findings: Findings

  constructor(log: LogAccount, tracks: Tracks, findings: Findings) {
    this.#log = log
    this.#tracks = tracks
    this.#findings = findings
  }

  check(picture: Picture, region: OwnedRegion, nowMs: number): void {
    let wrong = ''
    // Of the last moments any will do, the newest first; what is wrong is told of the newest.
    for (let position = this.#log.end; ; position -= 1) {
      const text = this.#whyNot(picture, position)
      if (text === null) break
      wrong ||= text
      const record = this.#log.record(position)
      if (record !== undefined && record.committedAtMs >= nowMs - LAG_MS) continue
      this.#findings.find('views-converge', `${picture.name} shows ${wrong}`)
      break
    }
    if (picture.places !== null) this.#checkPlaces(picture.name, picture.places, region, nowMs)
  }

  /** What the picture has otherwise than the log at that position; null when nothing. */
  #whyNot({ trips, units, alarms, zones }: Picture, position: number): string | null {
    const { history } = this.#log
    const shown = new Set<string>()
    for (const [tripId, { phase, unitId }] of trips) {
      shown.add(tripKey(tripId))
      const trip = history.at(tripKey(tripId), position) as TripState | undefined
      if (trip === undefined || isEnded(trip))
        return `trip ${tripId} as ${phase}, which is ${trip?.phase ?? 'not there'}`
      if (trip.phase === phase && (trip.unitId === unitId || trip.offer?.unitId === unitId)) continue
      return `trip ${tripId} as ${phase} with ${unitId}, which is ${trip.phase} with ${trip.unitId}`
    }
    for (const [unitId, { status }] of units) {
      shown.add(driverKey(unitId))
      const unit = history.at(driverKey(unitId), position) as DriverState | undefined
      if (unit?.status !== status) return `unit ${unitId} as ${status}, which is ${unit?.status ?? 'not there'}`
    }
    for (const entity of history.entities()) {
      if (entity.startsWith('call/') || entity.startsWith('region/') || shown.has(entity)) continue
      const state = history.at(entity, position) as DriverState | TripState | undefined
      if (state === undefined) continue
      if ('tripId' in state ? !isEnded(state) : state.retired !== true) return `no ${entity}, which is there`
    }
    return this.#whyNotAlarms(alarms, position) ?? this.#whyNotZones(zones, position)
  }

  #whyNotZones(shown: Picture['zones'], position: number): string | null {
    const { history } = this.#log
    const regions = [...history.entities()].filter(entity => entity.startsWith('region/'))
    const states = regions.map(entity => history.at(entity, position) as RegionState | undefined)
    const there = states.flatMap(state => state?.zones ?? []).map(({ zoneId }) => zoneId)
    const isSame = there.length === shown.size && there.every(zoneId => shown.has(zoneId))
    return isSame ? null : `closed roads ${[...shown].join(' ')}, and there are ${there.join(' ')}`
  }

  #whyNotAlarms(alarms: Picture['alarms'], position: number): string | null {
    const { history } = this.#log
    const unseen = new Set(alarms.keys())
    for (const entity of history.entities()) {
      if (entity.startsWith('call/')) continue
      const state = history.at(entity, position) as DriverState | TripState | undefined
      for (const { alarmId, goneAtMs, acknowledged } of state?.openAlarms ?? []) {
        const shown = alarms.get(alarmId)
        unseen.delete(alarmId)
        const by = acknowledged?.by ?? null
        if (shown?.isGone === (goneAtMs !== null) && shown.by === by) continue
        return `alarm ${alarmId} as ${JSON.stringify(shown)}, which is gone at ${goneAtMs} and answered by ${by}`
      }
    }
    const [ended] = unseen
    return ended === undefined ? null : `alarm ${ended}, which has ended`
  }

  #checkPlaces(name: string, places: NonNullable<Picture['places']>, { states }: OwnedRegion, nowMs: number): void {
    for (const { state, location } of states.driverActors()) {
      const shown = places.get(state.unitId)
      const { current } = location
      const isRecent = (this.#log.record(state.version)?.committedAtMs ?? nowMs) >= nowMs - LAG_MS
      if ((shown === undefined) !== (current === null || state.crew === null) && !isRecent) {
        const is = `${state.status} with crew ${state.crew}, and ${current === null ? 'has no place' : 'has a place'}`
        this.#findings.find(
          'views-converge',
          `${name} shows ${shown ? 'a place' : 'no place'} of ${state.unitId}, which is ${is}`,
        )
      }
      if (shown === undefined) continue
      const isAt = (place: { lonDeg: number; latDeg: number; fixedAtMs: number } | null) =>
        place !== null &&
        toE7(place.lonDeg) === shown.lonE7 &&
        toE7(place.latDeg) === shown.latE7 &&
        place.fixedAtMs === shown.fixedAtMs
      if (isAt(current) || isAt(location.placed) || this.#wasJustAt(state.unitId, isAt, nowMs)) continue
      const is =
        current === null ? 'nowhere' : `${toE7(current.lonDeg)} ${toE7(current.latDeg)} at ${current.fixedAtMs}`
      const text = `${name} shows ${state.unitId} at ${shown.lonE7} ${shown.latE7} of ${shown.fixedAtMs}, and it is ${is}`
      this.#findings.find('views-converge', text)
    }
  }

  /** Whether the unit stood there until a moment ago. */
  #wasJustAt(
    unitId: string,
    isAt: (place: { lonDeg: number; latDeg: number; fixedAtMs: number }) => boolean,
    nowMs: number,
  ): boolean {
    const places = this.#tracks.places(unitId)
    return places.some((place, i) => isAt(place) && (places[i + 1]?.storedAtMs ?? nowMs) >= nowMs - LAG_MS)
  }
}
