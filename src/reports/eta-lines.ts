/** A report of predicted arrivals in lines that people read: a table with tabs between, and what was left out of it. */
import type { NotCompared } from './arrivals.ts'
import type { EtaReport } from './eta-report.ts'

const IN_WORDS: Readonly<Record<NotCompared, string>> = {
  'not-predicted': 'had no predicted time: decided by the straight line, or by hand for a unit without a position',
  'not-arrived': 'were not said to have arrived',
  'before-the-decision': 'are said to have arrived before the decision',
}

export function* etaLines({ groups, leftOut }: EtaReport): Iterable<string> {
  if (groups.length === 0) yield 'No unit with a predicted time has arrived.'
  else yield ['group', 'arrivals', 'bias s', 'median s', 'p50 s', 'p90 s', 'within', 'real/predicted'].join('\t')
  for (const { group, truth } of groups) {
    const { arrivals, biasMs, medianErrorMs, p50Ms, p90Ms, coverage, medianRatio } = truth
    const seconds = [biasMs, medianErrorMs, p50Ms, p90Ms].map(ms => String(Math.round(ms / 1_000)))
    const ratio = medianRatio === null ? '-' : medianRatio.toFixed(2)
    yield [group, arrivals, ...seconds, `${Math.round(100 * coverage)} %`, ratio].join('\t')
  }
  for (const [reason, count] of Object.entries(leftOut)) {
    if (count > 0) yield `Left out: ${count} units ${IN_WORDS[reason as NotCompared]}.`
  }
}
