/**
 * Answers what the desk, or the crew of a trip, asks of the roads: places by name, destinations, reach, coverage, routes.
 *
 * Places are taken from the states of the moment at which it is asked; a thread answers later, and the answer leaves once the log is durable up to
 * then. Refusals of too much are told with a moment to come again.
 */
import { levelsServing, verdictOnReach } from '../../domain/dispatch/eligibility.ts'
import type { RoadOutcome, VehicleSpot } from '../../domain/dispatch/road-questions.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import { distanceM, type Position } from '../../domain/geo.ts'
import { msOnLine } from '../../domain/policy.ts'
import { isEnded, type TripState, unitOf } from '../../domain/trip/trip.ts'
import { wayOf } from '../../domain/trip/way.ts'
import { HOSPITAL_STATUSES, LEVELS_OF_CARE, type LevelOfCare } from '../../domain/vocabulary.ts'
import type { Shown } from '../../protocol/told.ts'
import type { ClosedPlace } from '../../store/log/journal.ts'
import type { RegionClock } from '../clock.ts'
import {
  INTERNAL,
  NO_ROADS,
  notOnWay,
  notYourTrip,
  OFF_ROAD,
  ROADS_BUSY,
  STORE_SILENT,
  tripEnded,
  UNAVAILABLE,
  unknownTrip,
  unknownUnit,
  withoutPosition,
} from '../refusals.ts'
import type { RegionMemory } from './memory.ts'
import type { Answer, RoadsQuery } from './messages.ts'
import type { RegionHospitals } from './region-hospitals.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { RegionRoads } from './region-roads.ts'

/** The demand that is known: calls that came in this time, the newest of them. */
const CALLS_SINCE_MS = 30 * 24 * 3_600_000
const CALLS_MAX = 10_000

export interface RoadQueriesPorts {
  readonly memory: RegionMemory
  readonly roads: Pick<RegionRoads, 'ask' | 'version'>
  readonly policy: RegionPolicy
  readonly hospitals: Pick<RegionHospitals, 'all'>
  readonly clock: Pick<RegionClock, 'nowMs'>
  /** Calls that came in since and have left memory, the newest first, at most so many; null when the store does not answer. */
  readonly closedPlaces: (sinceMs: number, most: number) => Promise<readonly ClosedPlace[] | null>
  /** Lets an answer leave once what it tells is durable. */
  readonly settle: (answer: Answer, shown: Shown) => void
  readonly onError: (error: unknown) => void
}

type Asked<Type extends RoadsQuery['type']> = RoadsQuery & { readonly type: Type }

export class RoadQueries {
  readonly #ports: RoadQueriesPorts

  constructor(ports: RoadQueriesPorts) {
    this.#ports = ports
  }

  take(query: RoadsQuery, answer: Answer): void {
    this.#answerTo(query, answer).catch(error => {
      this.#ports.onError(error)
      answer({ ok: false, refusal: INTERNAL })
    })
  }

  #answerTo(query: RoadsQuery, answer: Answer): Promise<void> {
    switch (query.type) {
      case 'find-place':
        return this.#findPlace(query, answer)
      case 'best-destinations':
        return this.#destinations(query, answer)
      case 'reach':
        return this.#reach(query, answer)
      case 'coverage':
        return this.#coverage(query, answer)
      case 'trip-route':
        return this.#route(query, answer)
    }
  }

  async #findPlace({ text, k }: Asked<'find-place'>, answer: Answer): Promise<void> {
    const { roads, settle } = this.#ports
    const { version } = roads
    const places = await this.#asked(roads.ask({ kind: 'find-place', text, limit: k }), answer)
    if (places !== null) settle(answer, { type: 'places', roadsVersion: version!, places })
  }

  async #destinations(query: Asked<'best-destinations'>, answer: Answer): Promise<void> {
    const { roads, settle, hospitals, clock, policy } = this.#ports
    const { tripId, lonDeg, latDeg, capabilities, k } = query
    const trip = tripId === null ? null : this.#tripOf(query, answer)
    if (trip === undefined) return
    const from = trip === null ? { lonDeg: lonDeg!, latDeg: latDeg! } : this.#whereIs(trip)
    const fitting = hospitals.all.filter(hospital => capabilities.every(each => hospital.capabilities.includes(each)))
    const { version } = roads
    const outcome = await roads.ask({
      ...{ kind: 'destinations', from: spotOf(from), drive: { priority: trip?.priority ?? null, atMs: clock.nowMs() } },
      destinations: fitting.map(({ hospitalId, lonDeg, latDeg }) => ({ id: hospitalId, lonDeg, latDeg })),
    })
    const timesMs = outcome?.ok && outcome.value !== 'off-road' ? outcome.value : null
    const found = fitting.map(hospital => {
      const metres = distanceM(from, hospital)
      const byLineMs = msOnLine(metres, policy.standing)
      const driveMs = timesMs?.get(hospital.hospitalId)
      const time = timesMs === null || driveMs !== undefined ? {} : { estimated: 'off-road' as const }
      const { status, statusNote, statusSinceMs: _, ...place } = hospital
      const said = status === 'open' ? {} : { status, statusNote }
      return { ...place, ...said, distanceM: Math.round(metres), etaMs: driveMs ?? byLineMs, ...time }
    })
    // Those that take no patients, or would rather not, come after those that do; then those to which no way is known.
    found.sort(
      (a, b) =>
        HOSPITAL_STATUSES.indexOf(a.status ?? 'open') - HOSPITAL_STATUSES.indexOf(b.status ?? 'open') ||
        Number('estimated' in a) - Number('estimated' in b) ||
        a.etaMs - b.etaMs ||
        (a.hospitalId < b.hospitalId ? -1 : 1),
    )
    const notByRoad =
      outcome === null || timesMs !== null ? null : outcome.ok ? ('off-road' as const) : ('busy' as const)
    settle(answer, {
      type: 'destinations',
      basis: timesMs === null ? 'straight-line' : 'roads',
      ...(timesMs !== null && { roadsVersion: version! }),
      ...(notByRoad !== null && { notByRoad }),
      destinations: found.slice(0, k),
    })
  }

  async #reach(query: Asked<'reach'>, answer: Answer): Promise<void> {
    const { roads, settle, memory, clock } = this.#ports
    const { unitId, lonDeg, latDeg, heading, priority, withinMs, maxBytes } = query
    if (unitId !== null && memory.driver(unitId) === undefined)
      return answer({ ok: false, refusal: unknownUnit(unitId) })
    const fix = unitId === null ? null : memory.presence(unitId).fix
    if (unitId !== null && fix === null) return answer({ ok: false, refusal: withoutPosition(unitId) })
    const { version } = roads
    const drive = { priority, atMs: clock.nowMs() }
    const spot = spotOf(fix ?? { lonDeg: lonDeg!, latDeg: latDeg! })
    const reach = await this.#asked(roads.ask({ kind: 'reach', heading, spot, drive, withinMs, maxBytes }), answer)
    if (reach === null) return
    if (reach === 'off-road') return answer({ ok: false, refusal: OFF_ROAD })
    settle(answer, { type: 'reach', roadsVersion: version!, heading, withinMs, reach })
  }

  async #coverage(query: Asked<'coverage'>, answer: Answer): Promise<void> {
    const { roads, settle, clock } = this.#ports
    const { targetMs, levelOfCare, priority } = query
    const units = this.#unitsThatMayGo(levelOfCare)
    const calls = await this.#recentCalls()
    if (calls === null) return answer({ ok: false, refusal: STORE_SILENT })
    const { version } = roads
    const counted = await this.#asked(
      roads.ask({
        ...{ kind: 'coverage', units: units.map(spotOf), demand: calls.length === 0 ? null : calls },
        ...{ drive: { priority, atMs: clock.nowMs() }, targetMs },
      }),
      answer,
    )
    if (counted === null) return
    const { points, reached } = counted
    settle(answer, {
      ...{ type: 'coverage', roadsVersion: version!, targetMs, units: units.length },
      ...{
        demand: calls.length === 0 ? 'roads' : 'calls',
        points,
        reached,
        share: points === 0 ? 0 : reached / points,
      },
    })
  }

  async #route(query: Asked<'trip-route'>, answer: Answer): Promise<void> {
    const { roads, settle, memory, clock, policy } = this.#ports
    const trip = this.#tripOf(query, answer)
    if (trip === undefined) return
    const way = wayOf(trip)
    if (way === null || way.goal === null) return answer({ ok: false, refusal: notOnWay(trip) })
    const { tripId, unitId, toward, goal, priority } = way
    const { fix } = memory.presence(unitId)
    if (fix === null) return answer({ ok: false, refusal: withoutPosition(unitId) })
    const atMs = clock.nowMs()
    const { version } = roads
    const { maxBytes } = query
    const outcome = await roads.ask({ kind: 'route', from: spotOf(fix), to: goal, drive: { priority, atMs }, maxBytes })
    const of = { tripId, unitId, toward, atMs, fixAgeMs: atMs - fix.fixedAtMs }
    if (outcome?.ok && typeof outcome.value !== 'string') {
      const { driveMs, roadM, line, offM } = outcome.value
      const route = { ...of, driveMs, distanceM: roadM, basis: 'roads' as const, roadsVersion: version!, line }
      return settle(answer, { type: 'route', route: { ...route, offM: Math.ceil(offM) } })
    }
    const metres = distanceM(fix, goal)
    const driveMs = msOnLine(metres, policy.standing)
    const why =
      outcome === null ? {} : { notByRoad: outcome.ok ? (outcome.value as string as 'no-way') : ('busy' as const) }
    const line = [pointOf(fix), pointOf(goal)]
    settle(answer, {
      type: 'route',
      route: { ...of, driveMs, distanceM: Math.round(metres), basis: 'straight-line', ...why, line, offM: 0 },
    })
  }

  /** Output: undefined where it was refused: a trip that is not there, has ended, or is not the crew's that asks. */
  #tripOf({ tripId, crewOf }: Asked<'best-destinations' | 'trip-route'>, answer: Answer): TripState | undefined {
    const trip = this.#ports.memory.trip(tripId!)
    if (trip === undefined) answer({ ok: false, refusal: unknownTrip(tripId!) })
    else if (crewOf !== null && unitOf(trip) !== crewOf) answer({ ok: false, refusal: notYourTrip(tripId!, crewOf) })
    else if (isEnded(trip)) answer({ ok: false, refusal: tripEnded(trip) })
    else return trip
    return undefined
  }

  /** From where a patient is brought on: from the scene, and once on board from where the unit is. */
  #whereIs(trip: TripState): Position | PlacedFix {
    const unitId = unitOf(trip)
    const fix = trip.phase === 'transporting' && unitId !== null ? this.#ports.memory.presence(unitId).fix : null
    return fix ?? { lonDeg: trip.lonDeg, latDeg: trip.latDeg }
  }

  /** Those that the desk would send now. */
  #unitsThatMayGo(levelOfCare: LevelOfCare | null): PlacedFix[] {
    const { memory, policy, clock } = this.#ports
    const nowMs = clock.nowMs()
    const levels = levelOfCare === null ? LEVELS_OF_CARE : levelsServing(levelOfCare)
    const fixes: PlacedFix[] = []
    for (const { unitId, state } of memory.driverActors()) {
      if (state.status !== 'available' || !levels.includes(state.levelOfCare)) continue
      const presence = memory.presence(unitId)
      const { reason } = verdictOnReach(state, presence, policy.standing, policy.disconnectGraceMs, nowMs)
      if (reason === null) fixes.push(presence.fix!)
    }
    return fixes
  }

  async #recentCalls(): Promise<Position[] | null> {
    const { memory, clock, closedPlaces } = this.#ports
    const sinceMs = clock.nowMs() - CALLS_SINCE_MS
    const closed = await closedPlaces(sinceMs, CALLS_MAX)
    if (closed === null) return null
    const places: Position[] = []
    for (const { callId, lonDeg, latDeg } of [...closed].reverse())
      if (memory.call(callId) === undefined) places.push({ lonDeg, latDeg })
    for (const { receivedAtMs, lonDeg, latDeg } of memory.callStates())
      if (receivedAtMs >= sinceMs) places.push({ lonDeg, latDeg })
    return places.slice(-CALLS_MAX)
  }

  /** Output: null where it was refused. */
  async #asked<Value>(asked: Promise<RoadOutcome<Value>> | null, answer: Answer): Promise<Value | null> {
    const outcome = await asked
    if (outcome?.ok) return outcome.value
    answer({ ok: false, refusal: outcome === null ? NO_ROADS : refusalOf(outcome.why) })
    return null
  }
}

function refusalOf(why: (RoadOutcome<never> & { readonly ok: false })['why']) {
  if (why === 'stopped') return UNAVAILABLE
  return why === 'busy' || why === 'too-slow' ? ROADS_BUSY : INTERNAL
}

/** No more of it than a thread is to be handed. */
function spotOf(place: Position | PlacedFix): Position | VehicleSpot {
  const { lonDeg, latDeg } = place
  return 'speedMps' in place
    ? { lonDeg, latDeg, speedMps: place.speedMps, headingDeg: place.headingDeg }
    : { lonDeg, latDeg }
}

const GRAIN = 1e5
const pointOf = ({ lonDeg, latDeg }: Position): readonly [number, number] => [
  Math.round(lonDeg * GRAIN) / GRAIN,
  Math.round(latDeg * GRAIN) / GRAIN,
]
