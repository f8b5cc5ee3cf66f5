/** What a run comes to, in numbers. */
import { FINDING_KINDS, type Figure, type Finding } from './checker/findings.ts'

/** What one round measured; null where there was nothing to measure, or it did not come about. */
export interface RoundMeasures {
  readonly fault: string
  readonly variant: string
  /** From the end of the fault, or the start of the process, to `/readyz` 200. */
  readonly readyMs: number | null
  /** The same, to the answer of the first command that was sent afterwards. */
  readonly servesMs: number | null
  /** From readiness until every client is open again. */
  readonly backMs: number | null
  /** The longest time without an answer around a takeover. */
  readonly takeoverMs: number | null
  /** HTTP requests that got neither answer nor refusal for three seconds. */
  readonly silent: number
  readonly findings: number
  readonly tookMs: number
}

export interface RunCounts {
  readonly acknowledged: number
  readonly durableFixes: number
  readonly misdatedFixes: number
  readonly skipped: readonly string[]
}

const ZEROES: Readonly<Record<Figure, number>> = {
  acknowledgedLost: 0,
  durableFixesLost: 0,
  doubled: 0,
  zombieWrites: 0,
  unplaced: 0,
  violations: 0,
}

/** Those that must be zero. Findings of one kind and subject count once. */
export function wrongs(findings: readonly Finding[]): Record<Figure, number> {
  const figures = { ...ZEROES }
  const seen = new Set<string>()
  for (const { kind, about } of findings) {
    if (seen.has(`${kind} ${about}`)) continue
    seen.add(`${kind} ${about}`)
    figures[FINDING_KINDS[kind]] += 1
  }
  return figures
}

export function figuresOf(
  rounds: readonly RoundMeasures[],
  counts: RunCounts,
  findings: readonly Finding[],
): Record<string, number> {
  const wrong = wrongs(findings)
  const { acknowledgedLost, durableFixesLost, doubled, zombieWrites, unplaced, violations } = wrong
  const of = (name: 'readyMs' | 'servesMs' | 'backMs' | 'takeoverMs') => rounds.map(round => round[name])
  const takeoversBy = (signal: string) =>
    rounds.filter(({ variant }) => variant === signal).map(({ takeoverMs }) => takeoverMs)
  return {
    rounds: rounds.length,
    acknowledged: counts.acknowledged,
    acknowledgedLost,
    durableFixes: counts.durableFixes,
    durableFixesLost,
    doubled,
    zombieWrites,
    unplaced,
    violations,
    ...percentiles('ready', of('readyMs'), [50, 99]),
    ...percentiles('serves', of('servesMs'), [50, 99]),
    ...percentiles('back', of('backMs'), [50, 99]),
    ...percentiles('takeover', of('takeoverMs'), [50, 99]),
    ...percentiles('takeoverAfterKill', takeoversBy('SIGKILL'), [99]),
    ...percentiles('takeoverAfterStop', takeoversBy('SIGTERM'), [99]),
    silentRequests: rounds.reduce((sum, { silent }) => sum + silent, 0),
    misdatedFixes: counts.misdatedFixes,
    roundsSkipped: counts.skipped.length,
    ...perFault(rounds),
  }
}

/** Names without a value are left out: a zero would be read as a time. */
function percentiles(
  name: string,
  values: readonly (number | null)[],
  which: readonly number[],
): Record<string, number> {
  const sorted = values.filter(value => value !== null).sort((a, b) => a - b)
  if (sorted.length === 0) return {}
  return Object.fromEntries(
    which.map(percent => {
      const at = Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)
      return [`${name}P${percent}Ms`, Math.round(sorted[Math.max(0, at)]!)]
    }),
  )
}

/** `killEngineRounds`, `killEngineFindings`: how often, and how much was wrong. */
function perFault(rounds: readonly RoundMeasures[]): Record<string, number> {
  const figures: Record<string, number> = {}
  for (const { fault, findings } of rounds) {
    const name = fault.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
    figures[`${name}Rounds`] = (figures[`${name}Rounds`] ?? 0) + 1
    figures[`${name}Findings`] = (figures[`${name}Findings`] ?? 0) + findings
  }
  return figures
}
