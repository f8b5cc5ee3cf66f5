/**
 * How long units drive to a place: what a choice of units asks, and whoever knows the roads answers.
 *
 * Times are whole milliseconds, so "exact" can be shown by equality. A look is one turn's, or one question's: what it may cost is
 * bounded, by steps and not by the clock, so that the same states and the same roads give the same answer.
 */
import type { PlacedFix } from '../fix.ts'
import type { Position } from '../geo.ts'
import type { Policy } from '../policy.ts'
import type { Priority, UnitStatus } from '../vocabulary.ts'
import type { DrawnZone, RoadsThere, ZonePlace } from '../zone.ts'

/** What a way is driven for: with a siren or without, in the traffic of which hour. */
export interface Drive {
  /** Of the trip; null for a question that is of none. */
  readonly priority: Priority | null
  readonly atMs: number
}

/** What of a policy makes times. */
export type DrivingPolicy = Pick<
  Policy,
  'sirenPercent' | 'sirenTimePercent' | 'turnoutMs' | 'unsurePercent' | 'cadenceMs' | 'staleAfterMs' | 'lostAfterMs'
>

/** How a region drives, and where its clocks are. */
export interface Driving {
  readonly policy: DrivingPolicy
  /** A name of the IANA time zone database. */
  readonly timeZone: string
}

/** The roads that a region goes by. */
export interface Roads {
  /** Decisions name it, and of learned speeds theirs; absent by the usual ones. */
  readonly version: number
  readonly speedsVersion?: number
  look(driving: Driving): TravelTimes
  /** What of them lies there. */
  there(place: ZonePlace): RoadsThere
  /** What is closed or slow from the next look on. Output: how many of these zones they cannot take. */
  restrict(zones: readonly DrawnZone[]): number
  /** Ends what is made beside; whoever looks is still answered. */
  stop(): void
}

/** Why a choice goes by the straight line although the region has roads. */
export const NOT_BY_ROAD_REASONS = ['place-off-road', 'too-many-searches'] as const
export type NotByRoad = (typeof NOT_BY_ROAD_REASONS)[number]

/**
 * Why the time of one unit is an estimate by the straight line: it is on no road, the search did not come to it, or, as roads
 * are closed, no way of less than a day leads to the place.
 */
export const ESTIMATE_REASONS = ['off-road', 'not-reached', 'cut-off'] as const
export type EstimateReason = (typeof ESTIMATE_REASONS)[number]

/** Who takes longer has no way. */
export const LONGEST_WAY_MS = 24 * 3_600_000

/** A unit as it is told to go. */
export interface UnitAtStart {
  readonly status: UnitStatus
  /** At its fix; null where it is not known. */
  readonly speedMps: number | null
  readonly isAtStation: boolean
  /** Below 0 where the clock of the fix is ahead. */
  readonly fixAgeMs: number
}

/** What a unit takes beside its drive, in whole milliseconds. */
export interface StartDelay {
  /** Until it rolls. */
  readonly turnoutMs: number
  /** By how much longer it may take for the age of its fix. */
  readonly unsureMs: number
}

export interface TravelTimes {
  delayOf(unit: UnitAtStart, atMs: number): StartDelay
  /** Nobody is delayed for less. */
  readonly leastDelayMs: number
  to(place: Position, drive: Drive): Approach | NotByRoad
}

/** The ways to one place. */
export interface Approach {
  /** Milliseconds by road; `Infinity` where it is more than this. */
  driveMs(from: PlacedFix, atMostMs: number): number | EstimateReason
  /** Nobody so far away on the straight line is there sooner by road. */
  leastMs(distanceM: number): number
  /** Whoever was not reached takes at least as long. */
  readonly reachedMs: number
}
