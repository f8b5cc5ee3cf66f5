/**
 * Which process may try to own a region: leases of 3 s by the database's clock, renewed every second.
 *
 * Of a process that has ended for certain the next one does not wait for it (`lease-process.ts`).
 *
 * A lease keeps two processes from taking a region from each other in turn; it is the fence on `region_owner` that keeps
 * the log safe. Two random numbers must not be confused: the *process incarnation* here names one run of one process,
 * for all its regions; the incarnation of an `Ownership` names one acquisition of one region.
 */

import type { Scheduler } from '../../base/time.ts'
import type { RegionId } from '../../domain/ids.ts'
import { StoreUnavailable } from '../log/journal.ts'
import type { ForeignLease, LeaseTable } from './lease-table.ts'

interface LeasesSettings {
  readonly table: LeaseTable
  readonly scheduler: Scheduler
  /** This machine and process as an operator would recognise it. */
  readonly node: string
  readonly processIncarnation: string
  readonly handlers: {
    /** The lease is another's now, or was removed. Called once a region; it is no longer renewed. */
    onLost(region: RegionId): void
    /** A renewal did not get through; it is tried again in a second. */
    onRenewalFailed(error: Error): void
    /** A renewal got through. */
    onRenewed?(): void
    /** The table told its time, epoch milliseconds, in an answer that took so long. */
    onTableTime?(epochMs: number, tookMs: number): void
  }
  /** Whether the process of a foreign lease has ended for certain; without it nobody can tell. */
  readonly hasEnded?: (processIncarnation: string) => Promise<boolean>
  readonly leaseMs?: number
  readonly renewEveryMs?: number
}

const LEASE_MS = 3_000
const RENEW_EVERY_MS = 1_000

export class Leases {
  readonly #settings: LeasesSettings
  readonly #leaseMs: number
  readonly #renewEveryMs: number
  /** Until when each lease holds for certain, monotonic: counted from before the statement was sent. */
  readonly #heldUntilMs = new Map<RegionId, number>()
  /** Statements go one by one: a taking in its transaction must not get a renewal in between. */
  #last: Promise<unknown> = Promise.resolve()
  #cancelTimer: (() => void) | null = null
  #stopped = false

  constructor(settings: LeasesSettings) {
    this.#settings = settings
    this.#leaseMs = settings.leaseMs ?? LEASE_MS
    this.#renewEveryMs = settings.renewEveryMs ?? RENEW_EVERY_MS
  }

  /** False once the lease may have lapsed; the region then answers as if the store were away. */
  holds(region: RegionId): boolean {
    return (this.#heldUntilMs.get(region) ?? Number.NEGATIVE_INFINITY) > this.#settings.scheduler.monotonicMs()
  }

  /**
   * Takes all of the regions, or none and answers the foreign lease that lasts longest. What was taken is renewed from
   * then on. Errors: StoreUnavailable.
   */
  async take(regions: readonly RegionId[]): Promise<'taken' | ForeignLease> {
    for (;;) {
      const answer = await this.#tryTake(regions)
      // Released between the two statements: now it can be had.
      if (answer !== null) return answer
    }
  }

  #tryTake(regions: readonly RegionId[]): Promise<'taken' | ForeignLease | null> {
    return this.#exclusively(async table => {
      const { node, processIncarnation, scheduler, hasEnded } = this.#settings
      const sentMs = scheduler.monotonicMs()
      const answer = await table.take(regions, { node, processIncarnation }, this.#leaseMs)
      if (answer === 'taken') {
        for (const region of regions) this.#heldUntilMs.set(region, sentMs + this.#leaseMs)
        this.#scheduleRenewal()
        return answer
      }
      if (answer === null || !(await hasEnded?.(answer.processIncarnation))) return answer
      // Nobody answers for them any more, so there is nothing to wait for.
      await table.release(regions, answer.processIncarnation)
      return null
    })
  }

  /** Gives all leases back, so that the next process need not wait, and ends the connection. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    // A taking that is under way ends first, or its leases would stay behind.
    await this.#last
    const regions = [...this.#heldUntilMs.keys()]
    this.#heldUntilMs.clear()
    if (regions.length > 0) {
      const { processIncarnation } = this.#settings
      // If it fails the leases lapse by themselves.
      await this.#exclusively(table => table.release(regions, processIncarnation)).catch(() => undefined)
    }
    await this.#settings.table.cut()
  }

  #scheduleRenewal(): void {
    if (this.#stopped || this.#cancelTimer !== null || this.#heldUntilMs.size === 0) return
    this.#cancelTimer = this.#settings.scheduler.after(this.#renewEveryMs, () => {
      void this.#renew().then(() => {
        this.#cancelTimer = null
        this.#scheduleRenewal()
      })
    })
  }

  async #renew(): Promise<void> {
    const { handlers, processIncarnation, scheduler } = this.#settings
    try {
      const lost = await this.#exclusively(async table => {
        const regions = [...this.#heldUntilMs.keys()]
        const sentMs = scheduler.monotonicMs()
        const { regions: ours, nowMs } = await table.renew(regions, processIncarnation, this.#leaseMs)
        if (this.#stopped) return []
        const renewed = new Set(ours)
        if (nowMs !== null) handlers.onTableTime?.(nowMs, scheduler.monotonicMs() - sentMs)
        for (const region of renewed) this.#heldUntilMs.set(region, sentMs + this.#leaseMs)
        return regions.filter(region => !renewed.has(region))
      })
      if (!this.#stopped) handlers.onRenewed?.()
      for (const region of lost) {
        this.#heldUntilMs.delete(region)
        handlers.onLost(region)
      }
    } catch (error) {
      if (!this.#stopped) handlers.onRenewalFailed(error as Error)
    }
  }

  /** One piece of work at a time, which is cut after the length of a lease: a later answer is void. */
  #exclusively<T>(work: (table: LeaseTable) => Promise<T>): Promise<T> {
    const { table, scheduler } = this.#settings
    const result = this.#last.then(async () => {
      let cancel = (): void => undefined
      // Not left to the table: whatever hangs there, the next renewal must get its turn.
      const overdue = new Promise<never>((_, reject) => {
        cancel = scheduler.after(this.#leaseMs, () => {
          void table.cut()
          reject(new StoreUnavailable('The table of leases did not answer for as long as a lease lasts.'))
        })
      })
      try {
        return await Promise.race([work(table), overdue])
      } finally {
        cancel()
      }
    })
    this.#last = result.catch(() => undefined)
    return result
  }
}
