/**
 * Capabilities that are preferred: they decide between units that are about as near, and exclude nobody.
 *
 * Of those who may go and are there no later than a span of the policy behind the nearest of them, the one with most of the
 * preferred capabilities goes; of several the nearest, of those the lower id.
 */
import type { Need } from '../events/call-events.ts'
import type { Candidate } from '../events/decision-record.ts'
import type { Policy } from '../policy.ts'
import type { Capability } from '../vocabulary.ts'
import { type ChoiceBasis, farIn, farOf } from './far.ts'

export const prefers = ({ preferred }: Need): boolean => preferred !== undefined && preferred.length > 0

/** How far somebody may be to go for a preferred capability. Input: how far the nearest is who may go. */
export const preferredWithin = (
  nearest: number,
  basis: ChoiceBasis,
  policy: Pick<Policy, 'preferredWithinMs' | 'straightLineSpeedMps'>,
): number => nearest + farIn(policy.preferredWithinMs, basis, policy)

/** Those of the preferred capabilities that a unit has. */
export const preferredOf = (capabilities: readonly Capability[], { preferred = [] }: Need): readonly Capability[] =>
  preferred.filter(each => capabilities.includes(each))

/** Whether one goes before another one that is as near as to be chosen. Both say what they have of the preferred. */
export function isPreferred(one: Candidate, other: Candidate): boolean {
  const [ones, others] = [one.preferred?.length ?? 0, other.preferred?.length ?? 0]
  if (ones !== others) return ones > others
  if (farOf(one) !== farOf(other)) return farOf(one) < farOf(other)
  return one.unitId < other.unitId
}
