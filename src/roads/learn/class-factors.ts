/**
 * By how much each class of road is slower than is said, from many legs of which each leads over several classes.
 *
 * A leg's real time is the sum over its classes of what is said times the factor of the class. The factors are found by turns: each
 * leg's real time is shared out among its classes as the factors of before have it, and a factor is then what its class was given by
 * what was said of it (expectation and maximization for a Poisson sum, as Shepp and Vardi have it; it rises to the one maximum and
 * never below 0). So that a few legs move nothing far, each class also counts as driven for `priorMs` at its factor of before.
 */

import type { DrivenLeg } from './driven-legs.ts'

const ROUNDS = 60

/** Input: by class, the factors to keep to where legs say little. Output: by class. */
export function classFactors(legs: readonly DrivenLeg[], prior: readonly number[], priorMs: number): number[] {
  let factors = [...prior]
  const saidMs = prior.map(() => 0)
  for (const leg of legs) for (const [roadClass, ms] of leg.saidMs) saidMs[roadClass]! += ms
  for (let round = 0; round < ROUNDS; round++) {
    const givenMs = prior.map(() => 0)
    for (const { realMs, saidMs: parts } of legs) {
      const wholeMs = parts.reduce((sum, [roadClass, ms]) => sum + ms * factors[roadClass]!, 0)
      if (wholeMs <= 0) continue
      for (const [roadClass, ms] of parts) givenMs[roadClass]! += (ms * factors[roadClass]! * realMs) / wholeMs
    }
    factors = prior.map(
      (before, roadClass) => (givenMs[roadClass]! + priorMs * before) / (saidMs[roadClass]! + priorMs),
    )
  }
  return factors
}

/** One factor for all classes. */
export function wholeFactor(legs: readonly DrivenLeg[], prior: number, priorMs: number): number {
  let [realMs, saidMs] = [priorMs * prior, priorMs]
  for (const leg of legs) {
    realMs += leg.realMs
    for (const [, ms] of leg.saidMs) saidMs += ms
  }
  return realMs / saidMs
}
