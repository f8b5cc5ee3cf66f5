/** Who of those who may serve a need is best: the soonest by road, or the nearest by the straight line. */
import type { Candidate, DecisionRecord, ExclusionReason, Loss, PassedOverUnit } from '../events/decision-record.ts'
import type { PlacedFix } from '../fix.ts'
import type { Policy, StandingPolicy } from '../policy.ts'
import type { Tally } from './census.ts'
import { type ChoiceBasis, farOf } from './far.ts'

/** A fix of a clock that is a little ahead is of now. */
export const fixAgeOf = (fix: PlacedFix | null, nowMs: number): number => Math.max(0, nowMs - (fix?.fixedAtMs ?? nowMs))

/** The best of them, best first, as many as a decision record keeps. Of two that are equally far the ids decide. Input: candidates of one choice. */
export function rank(candidates: readonly Candidate[], policy: Pick<Policy, 'candidatesRecorded'>): Candidate[] {
  const ranked = candidates.toSorted((a, b) => farOf(a) - farOf(b) || (a.unitId < b.unitId ? -1 : 1))
  return ranked.slice(0, policy.candidatesRecorded)
}

/** How many units passed over a decision names, about a kilobyte at most; the others it counts. */
export const PASSED_OVER_NAMED = 10

/** What a decision saw of the units. */
export interface Seen extends Tally {
  readonly basis: ChoiceBasis
  /** Best first. */
  readonly candidates: readonly Candidate[]
  /** Nearest first. */
  readonly passedOver: readonly PassedOverUnit[]
}

/** One for all decisions that have nothing more to say. */
const NOTHING = {}

/** What the record keeps of a choice, or of nobody to choose. Distances are kept to the metre. */
export function decisionOf(
  { basis, candidates, passedOver, eligible, excluded }: Seen,
  { version }: Pick<StandingPolicy, 'version'>,
  despite: ExclusionReason | null = null,
  loss: Loss | null = null,
): DecisionRecord {
  return {
    policyVersion: version,
    ...basis,
    candidates: candidates.map(toMetre),
    excluded,
    eligible,
    passedOver: passedOver.map(toMetre),
    ...(despite === null ? NOTHING : { despite }),
    ...(loss === null ? NOTHING : { loss }),
  }
}

const toMetre = <T extends { readonly distanceM: number }>(seen: T): T => ({
  ...seen,
  distanceM: Math.round(seen.distanceM),
})
