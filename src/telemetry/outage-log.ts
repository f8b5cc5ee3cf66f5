/**
 * What the log hears of something that is tried again and again: that it begins, every minute how often, and that it is over.
 *
 * Each attempt that failed is counted here and nothing more is written, so an hour without Postgres is some hundred lines.
 * The kinds of trouble are a closed list, and those who have it (regions, lanes) are no more than there are of them.
 */
import type { Logger } from './log.ts'

/** What is said of each. Those that end by themselves have no attempt that would show them to be over. */
const TROUBLES = {
  leases: { text: 'the leases could not be renewed; trying again', endsByItself: false },
  writes: { text: 'a write did not get through and is repeated', endsByItself: false },
  stalled: { text: 'the database takes no writes', endsByItself: false },
  recovery: { text: 'a region could not be recovered yet; trying again', endsByItself: false, level: 'error' },
  'reference-data': { text: 'reference data could not be read; trying again', endsByItself: false },
  roads: {
    text: 'roads could not be taken up; the region goes on by the former ones, or by the straight line',
    endsByItself: false,
    level: 'error',
  },
  audit: { text: 'the audit could not be written; trying again', endsByItself: false },
  views: { text: 'the views could not be brought up to the log; trying again', endsByItself: false },
  erasures: { text: 'erasures of calls could not be read; trying again', endsByItself: false },
  access: { text: 'keys and ended sign-ins could not be read; trying again', endsByItself: false },
  issuers: { text: 'an issuer could not be asked for its keys', endsByItself: true },
  'routing-server': { text: 'the routing server gave no times; the own ones stand', endsByItself: true },
  webhooks: { text: 'a webhook could not be told; trying again', endsByItself: false },
  requests: { text: 'the store could not be reached for an HTTP request', endsByItself: true },
} as const satisfies Record<string, { text: string; endsByItself: boolean; level?: 'error' }>

export type Trouble = keyof typeof TROUBLES

interface Outage {
  readonly sinceMs: number
  /** Of which regions, lanes or parts; over when none is left. */
  readonly who: Set<string>
  /** Names of errors that were said: another one is news. */
  readonly errors: Set<string>
  times: number
  lastMs: number
  saidMs: number
}

const SAY_EVERY_MS = 60_000
const ERRORS_SAID_MAX = 5
/** So many are named in a line; the others are counted. */
const NAMED_MAX = 5

export class OutageLog {
  readonly #log: Logger
  readonly #monotonicMs: () => number
  readonly #outages = new Map<Trouble, Outage>()

  constructor(log: Logger, monotonicMs: () => number) {
    this.#log = log
    this.#monotonicMs = monotonicMs
  }

  /** An attempt failed. Input: `who` tells apart those who have the same trouble each by itself. */
  failed(trouble: Trouble, error: unknown, who = ''): void {
    const nowMs = this.#monotonicMs()
    let outage = this.#outages.get(trouble)
    if (outage !== undefined && TROUBLES[trouble].endsByItself && nowMs - outage.lastMs > SAY_EVERY_MS) {
      this.#over(trouble, outage, outage.lastMs)
      outage = undefined
    }
    outage ??= { sinceMs: nowMs, who: new Set(), errors: new Set(), times: 0, lastMs: nowMs, saidMs: nowMs }
    this.#outages.set(trouble, outage)
    outage.who.add(who)
    outage.times += 1
    outage.lastMs = nowMs
    const name = error instanceof Error ? error.name : typeof error
    const isNews = !outage.errors.has(name) && outage.errors.size < ERRORS_SAID_MAX
    const { text, level }: { text: string; level?: 'error' } = TROUBLES[trouble]
    if (!isNews && nowMs - outage.saidMs < SAY_EVERY_MS) {
      this.#log.debug({ trouble, who, err: error }, text)
      return
    }
    outage.saidMs = nowMs
    outage.errors.add(name)
    const { times, sinceMs } = outage
    const so = times === 1 ? {} : { times, lastedMs: Math.round(nowMs - sinceMs) }
    // With its stack only where that may tell of a mistake of ours.
    if (level === 'error') this.#log.error({ trouble, ...so, ...named(outage.who), err: error }, text)
    else this.#log.warn({ trouble, ...so, ...named(outage.who), error: oneLine(error) }, text)
  }

  /** An attempt succeeded, or whoever made it is no more. Called at every success, so it costs one look where all is well. */
  worked(trouble: Trouble, who = ''): void {
    if (this.#outages.size === 0) return
    const outage = this.#outages.get(trouble)
    if (outage === undefined || !outage.who.delete(who) || outage.who.size > 0) return
    this.#outages.delete(trouble)
    this.#over(trouble, outage, this.#monotonicMs())
  }

  /** Every kind of trouble, and whether there is any of it now. */
  *now(): Iterable<readonly [trouble: Trouble, isThere: boolean]> {
    const nowMs = this.#monotonicMs()
    for (const trouble of Object.keys(TROUBLES) as Trouble[]) {
      const outage = this.#outages.get(trouble)
      const isThere = outage !== undefined && (!TROUBLES[trouble].endsByItself || nowMs - outage.lastMs <= SAY_EVERY_MS)
      yield [trouble, isThere]
    }
  }

  #over(trouble: Trouble, { times, sinceMs }: Outage, endedMs: number): void {
    this.#log.info({ trouble, times, lastedMs: Math.round(endedMs - sinceMs) }, 'a trouble is over')
  }
}

function named(who: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const names = [...who].filter(name => name !== '')
  if (names.length === 0) return {}
  return { of: names.slice(0, NAMED_MAX), ...(names.length > NAMED_MAX ? { andOthers: names.length - NAMED_MAX } : {}) }
}

/** What an operator needs of it; the stack is for debugging. */
function oneLine(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(oneLine).join('; ')
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const cause = error instanceof Error && error.cause !== undefined ? ` (${oneLine(error.cause)})` : ''
  return (text + cause).replaceAll(/\s*\n\s*/g, ' ')
}
