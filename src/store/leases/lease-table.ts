/**
 * The table of leases as the engine needs it, and nothing of how it is kept.
 *
 * Two implementations pass one contract suite: `postgres-lease-table.ts` and `memory-lease-table.ts`. All moments are by
 * the table's own clock, which no process can set. Somebody else may set it back: a lease made before then would keep
 * everybody out until that clock has caught up, although its holder died. So a lease that ends later than one made now is
 * shortened to that by whoever it refuses. A holder that lives keeps it by its next renewal; until then it counts on no
 * more than a whole length since it asked, which is over before the shortened lease.
 */
import type { RegionId } from '../../domain/ids.ts'

/** One run of one process, as a table names it. */
export interface LeaseHolder {
  /** This machine and process as an operator would recognise it. */
  readonly node: string
  readonly processIncarnation: string
}

/** A region's lease in the hands of another process. */
export interface ForeignLease extends LeaseHolder {
  readonly region: RegionId
  /** By the table's clock. */
  readonly until: Date
  /** From the moment of the answer, by the table's clock; never negative, and at most the length that was asked for. */
  readonly remainingMs: number
}

export interface Renewed {
  readonly regions: readonly RegionId[]
  /** Epoch milliseconds by the table's clock; null when no region is this process's any more. */
  readonly nowMs: number | null
}

export interface LeaseTable {
  /**
   * Takes all of the regions, or none and answers the foreign lease that lasts longest; null when what was in the way
   * has gone meanwhile. Of a foreign lease no more than `leaseMs` is left then, so every process must ask for the same
   * length. Errors: StoreUnavailable.
   */
  take(regions: readonly RegionId[], holder: LeaseHolder, leaseMs: number): Promise<'taken' | ForeignLease | null>
  /** Output: those of the regions that are still this process's, now for `leaseMs` more. Errors: StoreUnavailable. */
  renew(regions: readonly RegionId[], processIncarnation: string, leaseMs: number): Promise<Renewed>
  /** Errors: StoreUnavailable. */
  release(regions: readonly RegionId[], processIncarnation: string): Promise<void>
  /** Gives up what is in flight, which then fails, and lets go of the connection. Never rejects. */
  cut(): Promise<void>
}
