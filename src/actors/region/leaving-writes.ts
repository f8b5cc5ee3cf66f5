/**
 * Writes the calls that leave memory, a statement at a time, and lets them go once that stands.
 *
 * While nobody knows whether a write stands it is repeated as it was: it takes snapshots away, and only then may others be
 * written. The row that makes the set of snapshots whole says in the same statement how many are left.
 */
import type { Scheduler } from '../../base/time.ts'
import { ContentRejected, type Journal, type Ownership } from '../../store/log/journal.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { ClosedCalls, LeavingCalls } from './closed-calls.ts'
import { type WholeAt, without } from './snapshots.ts'

interface LeavingWritesPorts {
  readonly journal: Pick<Journal, 'putClosedCalls'>
  readonly closed: Pick<ClosedCalls, 'next' | 'written' | 'refused'>
  readonly machine: Pick<Scheduler, 'monotonicMs'>
  readonly metrics: Metrics
  /** Up to where everything is durable. */
  readonly durable: () => number
}

/** What has left the set, and what it is now. */
interface Left {
  readonly counts: LeavingCalls['counts']
  readonly wholeAt: WholeAt
}

export class LeavingWrites {
  readonly #ports: LeavingWritesPorts
  readonly #ownership: Ownership
  /** In a write that may stand or not. */
  #unsettled: LeavingCalls | null = null

  constructor(ports: LeavingWritesPorts, ownership: Ownership) {
    this.#ports = ports
    this.#ownership = ownership
  }

  get isUnsettled(): boolean {
    return this.#unsettled !== null
  }

  /** Output: null when no call is to leave, `fenced` when the region is lost. Errors: those of the journal, but for refused content. */
  async write(wholeAt: WholeAt): Promise<Left | 'fenced' | null> {
    const { journal, closed, machine, metrics, durable } = this.#ports
    const leaving = this.#unsettled ?? closed.next(durable())
    if (leaving === null) return null
    const { counts, rows } = leaving
    const { position, segmentNo, state } = wholeAt
    const less = state?.counts === undefined ? null : { ...state, counts: without(state.counts, counts) }
    const whole = less && ({ entity: 'region', position, segmentNo, state: less } as const)
    this.#unsettled = leaving
    const startedMs = machine.monotonicMs()
    const outcome = await journal.putClosedCalls(this.#ownership, rows, whole).catch(rejected)
    if (outcome === 'fenced') return 'fenced'
    this.#unsettled = null
    if (outcome === 'rejected') {
      closed.refused(leaving)
      return { counts: { calls: 0, trips: 0 }, wholeAt }
    }
    metrics.commit('snapshots', (machine.monotonicMs() - startedMs) / 1_000, rows.length)
    closed.written(leaving)
    return { counts, wholeAt: less === null ? wholeAt : { ...wholeAt, state: less } }
  }
}

/** A write that wrote nothing and never will. Errors: all others. */
function rejected(error: unknown): 'rejected' {
  if (error instanceof ContentRejected) return 'rejected'
  throw error
}
