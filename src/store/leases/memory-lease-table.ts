/** The table of leases in memory, for tests and the simulation. It outlives the processes that hold leases in it. */
import type { RegionId } from '../../domain/ids.ts'
import type { ForeignLease, LeaseHolder, LeaseTable, Renewed } from './lease-table.ts'

interface Row extends LeaseHolder {
  readonly region: RegionId
  untilMs: number
}

export class MemoryLeaseTable implements LeaseTable {
  readonly #rows = new Map<RegionId, Row>()
  readonly #nowMs: () => number

  /** Input: the table's own wall clock; as fine as the clocks that leases are held by, or one would lapse early. */
  constructor(nowMs: () => number = () => performance.timeOrigin + performance.now()) {
    this.#nowMs = nowMs
  }

  async take(
    regions: readonly RegionId[],
    holder: LeaseHolder,
    leaseMs: number,
  ): Promise<'taken' | ForeignLease | null> {
    const nowMs = this.#nowMs()
    const foreign = regions
      .flatMap(region => this.#rows.get(region) ?? [])
      .filter(row => row.processIncarnation !== holder.processIncarnation && row.untilMs > nowMs)
    // What ends later was made before the clock was set back.
    for (const row of foreign) row.untilMs = Math.min(row.untilMs, nowMs + leaseMs)
    const inTheWay = foreign.sort((a, b) => b.untilMs - a.untilMs)[0]
    if (inTheWay !== undefined) {
      const { region, node, processIncarnation, untilMs } = inTheWay
      return { region, node, processIncarnation, until: new Date(untilMs), remainingMs: untilMs - nowMs }
    }
    for (const region of regions) this.#rows.set(region, { ...holder, region, untilMs: nowMs + leaseMs })
    return 'taken'
  }

  async renew(regions: readonly RegionId[], processIncarnation: string, leaseMs: number): Promise<Renewed> {
    const own = regions.filter(region => this.#rows.get(region)?.processIncarnation === processIncarnation)
    for (const region of own) this.#rows.get(region)!.untilMs = this.#nowMs() + leaseMs
    return { regions: own, nowMs: own.length === 0 ? null : this.#nowMs() }
  }

  async release(regions: readonly RegionId[], processIncarnation: string): Promise<void> {
    for (const region of regions) {
      if (this.#rows.get(region)?.processIncarnation === processIncarnation) this.#rows.delete(region)
    }
  }

  cut(): Promise<void> {
    return Promise.resolve()
  }
}
