/** Who of those who may serve a need is best: the nearest, by the straight line. */
import type { Candidate, DecisionRecord, UnitReference } from '../events.ts'
import type { PlacedFix } from '../fix.ts'
import { distanceM, type Position } from '../geo.ts'
import type { Policy, StandingPolicy } from '../policy.ts'
import { RANKING_BASIS } from '../vocabulary.ts'

/** A fix of a clock that is a little ahead is of now. */
export const fixAgeOf = (fix: PlacedFix | null, nowMs: number): number => Math.max(0, nowMs - (fix?.fixedAtMs ?? nowMs))

/** A unit as it is seen from the place of a need. */
export function seenAt(
  { unitId, levelOfCare }: Pick<UnitReference, 'unitId' | 'levelOfCare'>,
  fix: PlacedFix,
  place: Position,
  nowMs: number,
): Candidate {
  return { unitId, distanceM: distanceM(place, fix), fixAgeMs: fixAgeOf(fix, nowMs), levelOfCare }
}

/** The best of them, best first, as many as a decision record keeps. Of two that are equally far the ids decide. */
export function rank(candidates: readonly Candidate[], policy: Pick<Policy, 'candidatesRecorded'>): Candidate[] {
  const ranked = candidates.toSorted((a, b) => a.distanceM - b.distanceM || (a.unitId < b.unitId ? -1 : 1))
  return ranked.slice(0, policy.candidatesRecorded)
}

/** What the record keeps of a choice. Input: the candidates, best first; distances are kept to the metre. */
export function decisionOf(
  candidates: readonly Candidate[],
  excluded: DecisionRecord['excluded'],
  { version }: Pick<StandingPolicy, 'version'>,
): DecisionRecord {
  const kept = candidates.map(candidate => ({ ...candidate, distanceM: Math.round(candidate.distanceM) }))
  return { policyVersion: version, basis: RANKING_BASIS, candidates: kept, excluded }
}
