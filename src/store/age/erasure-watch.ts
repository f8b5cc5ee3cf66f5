/**
 * Tells regions which of their calls were erased in the store, within a second: what they have of them in memory is older.
 *
 * Each is told again for a minute, for somebody may have been reading the call when it was erased; a region that has come since, of all
 * of the last day, for its snapshots may be older.
 */
import type { Scheduler } from '../../base/time.ts'
import type { CallId, RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { erasedWithin } from './erasures.ts'

const LOOK_EVERY_MS = 1_000
const TOLD_FOR_MS = 60_000
const DAY_MS = 86_400_000

/** A region as it is told; a `RegionHost` is one. */
interface ErasureHearer {
  readonly regionId: RegionId
  /** Its memory, which is another one after each recovery; null while it has none. */
  readonly region: object | null
  erased(callIds: readonly CallId[]): void
}

interface ErasureWatchPorts {
  readonly database: Database
  readonly scheduler: Scheduler
  readonly hosts: () => Iterable<ErasureHearer>
  /** The store could not be asked; it is asked again in a second. */
  onFailure(error: Error): void
  onSuccess(): void
}

export class ErasureWatch {
  readonly #ports: ErasureWatchPorts
  /** When each memory was told last, monotonic. */
  readonly #toldAtMs = new WeakMap<object, number>()
  #cancelTimer: (() => void) | null = null
  #last: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(ports: ErasureWatchPorts) {
    this.#ports = ports
  }

  start(): void {
    this.#cancelTimer = this.#ports.scheduler.after(LOOK_EVERY_MS, () => {
      this.#last = this.look()
        .then(
          () => this.#ports.onSuccess(),
          error => this.#ports.onFailure(error),
        )
        .finally(() => {
          if (!this.#stopped) this.start()
        })
    })
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#last
  }

  /** Errors: those of pg. */
  async look(): Promise<void> {
    const { database, scheduler, hosts } = this.#ports
    const nowMs = scheduler.monotonicMs()
    const hearers = [...hosts()].flatMap(host => {
      if (host.region === null) return []
      const toldAtMs = this.#toldAtMs.get(host.region)
      return [{ host, memory: host.region, sinceMs: toldAtMs === undefined ? DAY_MS : nowMs - toldAtMs + TOLD_FOR_MS }]
    })
    if (hearers.length === 0) return
    const erased = await erasedWithin(database, Math.max(...hearers.map(({ sinceMs }) => sinceMs)))
    for (const { host, memory, sinceMs } of hearers) {
      this.#toldAtMs.set(memory, nowMs)
      const callIds = erased.filter(each => each.region === host.regionId && each.agoMs <= sinceMs)
      if (callIds.length > 0) host.erased(callIds.map(({ callId }) => callId))
    }
  }
}
