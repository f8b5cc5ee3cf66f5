/** What a decision of the desk saw, as the log keeps it: whom it could choose of, and who was passed over for what. */

import type { EstimateReason, NotByRoad } from '../dispatch/travel-times.ts'
import type { UnitId } from '../ids.ts'
import type { Capability, LevelOfCare, RankingBasis } from '../vocabulary.ts'

/** How long a unit takes to a place, by road; nothing of it by the straight line. */
export interface ArrivalByRoad {
  /** From when it is told until it is there. */
  readonly etaMs?: number
  /** How much of that it takes until it rolls. Absent in records of before it counted. */
  readonly turnoutMs?: number
  /** How much of that is for the age of its fix: it may have driven away since. Absent where that is fresh, and in the same records. */
  readonly unsureMs?: number
  /** Why the drive is an estimate by the straight line; absent where it is by road. */
  readonly estimated?: EstimateReason
}

/** One unit as the desk saw it when it chose. */
export interface Candidate extends ArrivalByRoad {
  readonly unitId: UnitId
  readonly distanceM: number
  /** Age of the unit's placed fix. */
  readonly fixAgeMs: number
  readonly levelOfCare: LevelOfCare
  /** What it has of the preferred capabilities. Absent where none are preferred, and in records of before any were. */
  readonly preferred?: readonly Capability[]
}

/** Those parts alone. */
export function arrivalOf({ etaMs, turnoutMs, unsureMs, estimated }: ArrivalByRoad): ArrivalByRoad {
  if (etaMs === undefined) return {}
  return {
    etaMs,
    ...(turnoutMs !== undefined && { turnoutMs }),
    ...(unsureMs !== undefined && { unsureMs }),
    ...(estimated !== undefined && { estimated }),
  }
}

/** What the decision saw, so that it can be explained and replayed. */
export interface DecisionRecord {
  /** Of the region's policy that it was made by. Absent in records of before regions had policies of their own. */
  readonly policyVersion?: number
  readonly basis: RankingBasis
  /** Of the region's roads; absent by the straight line. */
  readonly roadsVersion?: number
  /** Of the speeds that the region has learned. Absent by the usual ones, and in records of before any were. */
  readonly speedsVersion?: number
  /** Why it was by the straight line although the region had roads. Absent where it had none. */
  readonly notByRoad?: NotByRoad
  /** The nearest eligible units, best first; the first got the offer. */
  readonly candidates: readonly Candidate[]
  /** How many signed-on units were passed over, by reason: all of them, wherever they are. */
  readonly excluded: Readonly<Partial<Record<ExclusionReason, number>>>
  /**
   * How many units could have gone, the chosen one among them where it could. With `excluded` that is every signed-on unit.
   * Absent in records of before all were counted.
   */
  readonly eligible?: number
  /**
   * The units passed over that were nearer, or sooner by road, than the last of `candidates`, nearest first, a few of them at most; the nearest
   * of all where fewer could have gone than `candidates` has room for. Absent in the same records.
   */
  readonly passedOver?: readonly PassedOverUnit[]
  /** Why the desk would have passed over the unit that a dispatcher chose; absent where it would not, and for its own choice. */
  readonly despite?: ExclusionReason
  /**
   * What the need loses with the chosen unit; of a trip that helps, the need of the trip that it helps. Absent where it loses
   * nothing, and in records of before it was said.
   */
  readonly loss?: Loss
}

/** What a unit lacks of what is needed. */
export interface Loss {
  readonly care: { readonly needed: LevelOfCare; readonly sent: LevelOfCare } | null
  /** A unit that carries is needed, and this one cannot. */
  readonly transport: boolean
  readonly capabilities: readonly Capability[]
}

/** A signed-on unit with a position that was not sent, and why. */
export interface PassedOverUnit extends ArrivalByRoad {
  readonly unitId: UnitId
  readonly distanceM: number
  readonly reason: ExclusionReason
}

export const EXCLUSION_REASONS = [
  'busy',
  'unavailable',
  'asked-this-round',
  'withdrawn',
  'disconnected',
  'position-lost',
  'no-position',
  'no-contact',
  'emergency',
  'level-of-care',
  'cannot-transport',
  'capability',
  'held-in-reserve',
] as const

export type ExclusionReason = (typeof EXCLUSION_REASONS)[number]
