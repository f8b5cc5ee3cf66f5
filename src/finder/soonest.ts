/**
 * Who is there first by travel time, turnout and the age of its fix counted in, exact: units are looked at in the order of their distance, until nobody further away can be
 * sooner than those that were found.
 *
 * A time that cannot be said (the unit is on no road, or the search did not come to it) is estimated by the straight line, and
 * the estimate says why: a unit that no road is known for may be the only one.
 */
import { type Approach, type EstimateReason, LONGEST_WAY_MS, type StartDelay } from '../domain/dispatch/travel-times.ts'
import type { ArrivalByRoad } from '../domain/events/decision-record.ts'
import type { PlacedFix } from '../domain/fix.ts'
import type { Position } from '../domain/geo.ts'
import type { UnitId } from '../domain/ids.ts'
import { msOnLine } from '../domain/policy.ts'
import type { LevelOfCare } from '../domain/vocabulary.ts'
import type { NearestSearch } from './finder.ts'
import type { FinderPool, Found } from './types.ts'

export interface SoonestSearch extends Position {
  /** How many units at most; `Infinity` for all. */
  readonly k: number
  readonly levels: readonly LevelOfCare[]
  /** Default: the units that are available. */
  readonly pools?: readonly FinderPool[]
  /** Units that take exactly as long are still found. */
  readonly withinMs?: number
  readonly accept: (unitId: UnitId) => boolean
  /** After how many units that are not accepted the search ends without the rest. */
  readonly visitsMax?: number
}

export interface FoundByTime extends Found, ArrivalByRoad {
  readonly etaMs: number
}

export interface SoonestPorts {
  readonly approach: Approach
  readonly startOf: (unitId: UnitId) => Start
  /** Nobody is delayed for less. */
  readonly leastDelayMs: number
  /** By which times are estimated, on the straight line. */
  readonly straightLineSpeedMps: number
}

/** Where a unit starts from, and after what. */
interface Start extends StartDelay {
  readonly fix: PlacedFix | null
}

/** The `k` soonest that match, by time, then by unit id. Input: the units; a `Finder` or a `CandidateView`. */
export function soonest(
  units: { nearest(query: NearestSearch): Found[] },
  query: SoonestSearch,
  ports: SoonestPorts,
): FoundByTime[] {
  const { k, withinMs = Number.POSITIVE_INFINITY, accept, visitsMax = Number.POSITIVE_INFINITY } = query
  const { lonDeg, latDeg, levels, pools } = query
  const best: FoundByTime[] = []
  let mostMs = withinMs
  let visits = 0
  const isOver = (
    unitId: UnitId,
    distanceM: number,
    { levelOfCare, lonDeg, latDeg }: Omit<Found, 'unitId' | 'distanceM'>,
  ) => {
    const leastMs = Math.min(ports.approach.leastMs(distanceM), msOnLine(distanceM, ports))
    if (ports.leastDelayMs + leastMs > mostMs) return true
    if (!accept(unitId)) return ++visits > visitsMax
    const time = timeOf(unitId, distanceM, mostMs, ports)
    if (time.etaMs > mostMs) return false
    put(best, { unitId, levelOfCare, lonDeg, latDeg, distanceM, ...time })
    if (best.length > k) best.pop()
    if (best.length === k) mostMs = Math.min(withinMs, best.at(-1)!.etaMs)
    return false
  }
  if (k >= 1) units.nearest({ lonDeg, latDeg, levels, ...(pools && { pools }), k: 1, accept: isOver })
  return best
}

/** Of one unit; `Infinity` where it takes longer than that. */
export function timeOf(
  unitId: UnitId,
  distanceM: number,
  atMostMs: number,
  ports: SoonestPorts,
): ArrivalByRoad & { readonly etaMs: number } {
  const { fix, turnoutMs, unsureMs } = ports.startOf(unitId)
  const delayMs = turnoutMs + unsureMs
  const parts = unsureMs > 0 ? { turnoutMs, unsureMs } : { turnoutMs }
  const driveMs = fix === null ? 'off-road' : ports.approach.driveMs(fix, atMostMs - delayMs)
  if (typeof driveMs === 'number') return { etaMs: delayMs + driveMs, ...parts }
  const etaMs = delayMs + estimatedMs(driveMs, msOnLine(distanceM, ports), ports)
  return { etaMs, ...parts, estimated: driveMs }
}

function estimatedMs(why: EstimateReason, etaMs: number, { approach }: Pick<SoonestPorts, 'approach'>): number {
  switch (why) {
    case 'off-road':
      return etaMs
    case 'not-reached':
      return Math.max(etaMs, approach.reachedMs)
    case 'cut-off':
      // Behind everybody who has a way, and of those who have none the nearest first.
      return LONGEST_WAY_MS + etaMs
  }
}

/** In its place by time, of equal ones by unit id. */
function put(best: FoundByTime[], unit: FoundByTime): void {
  let at = best.length
  while (at > 0 && isBefore(unit, best[at - 1]!)) at -= 1
  best.splice(at, 0, unit)
}

const isBefore = (a: FoundByTime, b: FoundByTime): boolean =>
  a.etaMs < b.etaMs || (a.etaMs === b.etaMs && a.unitId < b.unitId)
