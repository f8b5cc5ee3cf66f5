/** What is told of two ways to choose, day by day in pairs: percentiles, shares, differences, and how sure they are. */
import { percentile } from './come-back-figures.ts'

/** One day: of each call, in milliseconds. */
export interface DayPair {
  readonly nearestMs: ArrayLike<number>
  readonly policyMs: ArrayLike<number>
}

const S = 1_000

/**
 * Figures over all days, and intervals of 95 % by the bootstrap over days: days are drawn with replacement, both sides of a day
 * together, so what a day has in common cancels out of the differences. Input: `random` from 0 up to but not including 1.
 */
export function pairFigures(
  pairs: readonly DayPair[],
  { targetMs, draws, random }: { targetMs: number; draws: number; random: () => number },
): Record<string, number> {
  const figures = figuresOf(pairs, targetMs)
  const drawn = Array.from({ length: draws }, () =>
    figuresOf(
      pairs.map(() => pairs[Math.floor(random() * pairs.length)]!),
      targetMs,
    ),
  )
  const told: Record<string, number> = {}
  for (const [name, figure] of Object.entries(figures)) {
    const values = drawn.map(each => each[name]!).sort((a, b) => a - b)
    told[name] = figure
    told[`${name}Low`] = percentile(values, 0.025)
    told[`${name}High`] = percentile(values, 0.975)
  }
  return told
}

function figuresOf(pairs: readonly DayPair[], targetMs: number): Record<string, number> {
  const nearest = sideOf(pairs, 'nearestMs', targetMs)
  const policy = sideOf(pairs, 'policyMs', targetMs)
  return {
    nearestP50S: nearest.p50S,
    nearestP90S: nearest.p90S,
    nearestWithinTargetShare: nearest.withinShare,
    policyP50S: policy.p50S,
    policyP90S: policy.p90S,
    policyWithinTargetShare: policy.withinShare,
    savedP50S: nearest.p50S - policy.p50S,
    savedP90S: nearest.p90S - policy.p90S,
    gainedWithinTargetShare: policy.withinShare - nearest.withinShare,
  }
}

function sideOf(pairs: readonly DayPair[], side: keyof DayPair, targetMs: number) {
  const all = Float64Array.from(pairs.flatMap(pair => Array.from(pair[side]))).sort()
  const within = all.filter(ms => ms <= targetMs).length
  return {
    p50S: percentile(all, 0.5) / S,
    p90S: percentile(all, 0.9) / S,
    withinShare: all.length === 0 ? 0 : within / all.length,
  }
}
