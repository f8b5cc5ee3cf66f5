/**
 * Roads that dispatchers close and open: which zones there are, by the log's own words and no rule of the engine, and what each
 * makes of the city's streets.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { DrawnZone } from '../../../src/domain/zone.ts'
import type { OwnedRegion } from '../core/watch.ts'
import { type Point, pointAt } from '../world/city.ts'
import type { Street } from '../world/streets.ts'
import type { Findings } from './findings.ts'

/** How long behind its time a zone may still stand: an engine may have been busy. */
const ENDS_WITHIN_MS = 60_000

export class ClosedRoads {
  readonly #findings: Findings
  readonly #untilAtMs = new Map<string, number | null>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  take(events: readonly DomainEvent[], position: number): void {
    for (const event of events) {
      if (event.type === 'RoadsRestricted') this.#untilAtMs.set(event.zoneId, event.untilAtMs)
      if (event.type !== 'RoadsReopened') continue
      if (!this.#untilAtMs.delete(event.zoneId))
        this.#findings.find(
          'zones-true',
          `position ${position} opens the roads of ${event.zoneId}, which are not closed`,
        )
    }
  }

  /** Input: an engine's memory, which is as the log is; region time, null where nobody knows it. */
  ended(process: string, region: OwnedRegion, nowMs: number | null): void {
    const has = (region.states.regionState.zones ?? []).map(({ zoneId }) => zoneId)
    const there = [...this.#untilAtMs.keys()]
    if ([...has].sort().join() !== [...there].sort().join())
      this.#findings.find('zones-true', `${process} has the zones ${has.join(' ')}, and the log ${there.join(' ')}`)
    for (const [zoneId, untilAtMs] of this.#untilAtMs)
      if (nowMs !== null && untilAtMs !== null && untilAtMs < nowMs - ENDS_WITHIN_MS)
        this.#findings.find('zones-true', `${zoneId} still stands, ${nowMs - untilAtMs} ms behind its end`)
  }
}

/** 0 where a street is closed, else how many times as long it takes. */
export function zoneFactor(street: Street, zones: readonly DrawnZone[], atMs: number): number {
  let factor = 1
  for (const zone of zones) {
    const holds = zone.fromAtMs <= atMs && (zone.untilAtMs === null || atMs < zone.untilAtMs)
    if (!holds || !touches(zone, street)) continue
    if (zone.slowPercent === null) return 0
    factor = Math.max(factor, zone.slowPercent / 100)
  }
  return factor
}

/** Dispatchers of these worlds draw boxes between crossings, and lines from crossing to crossing. */
function touches({ kind, points }: DrawnZone, { from, to }: Street): boolean {
  const drawn = points.map(pointAt)
  const [west, east] = rangeOf(drawn.map(({ xM }) => xM))
  const [south, north] = rangeOf(drawn.map(({ yM }) => yM))
  const about = kind === 'line' ? 1 : 0
  const isIn = ({ xM, yM }: Point) =>
    xM >= west - about && xM <= east + about && yM >= south - about && yM <= north + about
  if (kind === 'line') return isIn(from) && isIn(to)
  const [streetWest, streetEast] = rangeOf([from.xM, to.xM])
  const [streetSouth, streetNorth] = rangeOf([from.yM, to.yM])
  return streetWest <= east && streetEast >= west && streetSouth <= north && streetNorth >= south
}

const rangeOf = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)]
