/**
 * Makes a failing plan small: leaves out one thing after another and keeps what still breaks the same rule.
 *
 * Greedy, and bounded in runs and time. A change of one part leaves the chance of all others as it was, so that most of
 * what does not matter can go without the rest becoming another story.
 */
import type { Violation } from './judge/verdict.ts'
import type { Plan, Troubles } from './plan.ts'

export interface ShrinkOptions {
  /** Runs a plan up to its first violation. */
  readonly run: (plan: Plan) => Promise<readonly Violation[]>
  readonly runsMax?: number
  /** Wall time after which no other run is begun. */
  readonly msMax?: number
  /** Hears of each run and of what came of it. */
  readonly onTry?: (change: string, isKept: boolean) => void
}

export interface Shrunk {
  readonly plan: Plan
  /** How the rule was broken in the last run that was kept. */
  readonly violation: Violation
  readonly runs: number
  /** False when it ended because runs or time were used up. */
  readonly isDone: boolean
}

interface Change {
  readonly what: string
  readonly plan: Plan
}

const RUNS_MAX = 60
const MS_MAX = 120_000
const HOUR_MS = 3_600_000
const GROUPS: Readonly<Record<string, readonly (keyof Troubles)[]>> = {
  'a network without troubles': ['cuts', 'halfOpens', 'stalls', 'storms', 'blackouts'],
  'a database that is always there': ['storeAway', 'storeSlow', 'storeLocked', 'poolExhausted'],
  'writes that do not fail': ['writesRefusedPerMille', 'writesUnknownPerMille', 'rowsRejectedPerMille'],
  'engines that are left alone': ['crashes', 'pauses', 'takeovers', 'drains', 'clockJumps'],
  'a service that stays as it is': ['referenceChanges', 'policyChanges'],
  'room for all that waits': ['pendingMax'],
  'a memory as long as ever': ['memoryShort'],
  'people who make no mistakes': ['clumsiness'],
  'apps that run': ['appLoops'],
}

/** Input: a plan and how it broke a rule. */
export async function shrink(failing: Plan, violation: Violation, options: ShrinkOptions): Promise<Shrunk> {
  const { run, runsMax = RUNS_MAX, msMax = MS_MAX, onTry = () => {} } = options
  const startedMs = performance.now()
  const tried = new Set([JSON.stringify(failing)])
  let best = { plan: failing, violation }
  let runs = 0
  for (;;) {
    const untried = changesOf(best.plan, best.violation).filter(({ plan }) => !tried.has(JSON.stringify(plan)))
    if (untried.length === 0) return { ...best, runs, isDone: true }
    for (const { what } of untried) {
      // What was kept meanwhile may have made the change another one, or needless.
      const change = changesOf(best.plan, best.violation).find(({ what: same }) => same === what)
      if (change === undefined || tried.has(JSON.stringify(change.plan))) continue
      if (runs >= runsMax || performance.now() - startedMs >= msMax) return { ...best, runs, isDone: false }
      tried.add(JSON.stringify(change.plan))
      runs += 1
      const found = (await run(change.plan)).find(({ rule }) => rule === violation.rule)
      if (found !== undefined) best = { plan: change.plan, violation: found }
      onTry(what, found !== undefined)
    }
  }
}

/** Everything that could be less, what saves the most first. */
function changesOf(plan: Plan, { atMs }: Violation): Change[] {
  const { troubles, hours, drivers, feedUnits, dispatchers, consoles, callsPerHour } = plan
  const changes: Change[] = []
  const change = (what: string, parts: Partial<Plan>) => changes.push({ what, plan: { ...plan, ...parts } })
  const quieter = (what: string, parts: Partial<Troubles>) => change(what, { troubles: { ...troubles, ...parts } })

  const untilItHours = Math.ceil((atMs / HOUR_MS) * 100) / 100
  if (untilItHours < hours) change('ends when it has happened', { hours: untilItHours, calmMs: 0 })
  const present = (Object.keys(troubles) as (keyof Troubles)[]).filter(kind => troubles[kind] > 0)
  const without = (what: string, kinds: readonly (keyof Troubles)[]) => {
    const some = kinds.filter(kind => troubles[kind] > 0)
    if (some.length > 0) quieter(what, Object.fromEntries(some.map(kind => [kind, 0])))
  }
  if (present.length > 1) without('no troubles', present)
  for (const [what, kinds] of Object.entries(GROUPS)) without(what, kinds)
  if (consoles > 0) change('no consoles', { consoles: 0 })
  if (feedUnits > 0) change('no feed', { feedUnits: 0 })
  if (dispatchers > 1) change('one dispatcher', { dispatchers: 1 })
  if (drivers > 1) change('one driver', { drivers: 1 })
  if (drivers > 2) change('half of the drivers', { drivers: Math.ceil(drivers / 2) })
  if (callsPerHour > 1) change('half of the calls', { callsPerHour: Math.ceil(callsPerHour / 2) })
  if (hours > 0.1) change('half of the time', { hours: Math.ceil(hours * 50) / 100 })
  for (const kind of present) without(`without ${kind}`, [kind])
  if (feedUnits > 1) change('a feed of one unit', { feedUnits: 1 })
  if (drivers > 1) change('one driver less', { drivers: drivers - 1 })
  for (const kind of present) {
    if (troubles[kind] > 0.1 && kind !== 'pendingMax' && kind !== 'memoryShort')
      quieter(`half of ${kind}`, { [kind]: Math.round(troubles[kind] * 500) / 1_000 })
  }
  return changes
}
