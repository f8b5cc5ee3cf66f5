/**
 * Brings regions into memory, a few side by side, however long the store needs.
 *
 * One that cannot be recovered, for what is stored of it, is *away*: the others do not wait for it, and it is tried again. One
 * that another engine takes meanwhile ends the recovery of all.
 */
import type { MachineClock } from '../base/time.ts'
import type { RegionId } from '../domain/ids.ts'
import { isStoreAway } from '../store/postgres/postgres-faults.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { RecoveryProgress } from './region-handle.ts'
import type { RegionHost } from './region-host.ts'

/** How soon something is done again that the store was away for: at first, and at most. */
export const STORE_RETRY_FIRST_MS = 50
export const STORE_RETRY_MAX_MS = 2_000
const AWAY_RETRY_MS = 60_000
/** Regions recovered at a time. Each takes a connection, and memory for the rows it has read. */
const RECOVERED_AT_ONCE = 4

interface RegionRecoveriesPorts {
  readonly machine: MachineClock
  readonly telemetry: Pick<Telemetry, 'log' | 'outages'>
  readonly isStopped: () => boolean
  /** The region is in memory, or away. */
  readonly keep: (host: RegionHost) => void
  readonly isKept: (host: RegionHost) => boolean
  /** One that was away cannot be kept: another engine has it. */
  readonly onLost: (error: RegionTaken) => void
}

/** Another engine took the region while this one held it, or was about to. */
export class RegionTaken extends Error {
  override readonly name = 'RegionTaken'

  constructor(region: RegionId) {
    super(`region ${region} was taken by another engine`)
  }
}

export class RegionRecoveries {
  readonly recovering = new Map<RegionId, RecoveryProgress>()
  /** Why not, of each region that is away. */
  readonly away = new Map<RegionId, string>()
  readonly #ports: RegionRecoveriesPorts
  /** Told to be another's, and nobody has thrown for it yet. */
  readonly #lost = new Set<RegionId>()

  constructor(ports: RegionRecoveriesPorts) {
    this.#ports = ports
  }

  /** The region is another engine's: its recovery throws, or else `throwIfLost`. */
  lost(region: RegionId): void {
    this.#lost.add(region)
  }

  /** Errors: RegionTaken. */
  throwIfLost(): void {
    const [lost] = this.#lost
    if (lost !== undefined) throw new RegionTaken(lost)
  }

  /** Input: makes each region's host when its turn has come. Errors: RegionTaken. */
  async recoverAll(makers: readonly (() => RegionHost)[]): Promise<void> {
    const waiting = [...makers]
    const recoverNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !this.#ports.isStopped(); next = waiting.shift()) {
        await this.#recover(next())
      }
    }
    // All of them come to their end: one that fails must not leave others recovering behind its back.
    const ends = await Promise.allSettled(Array.from({ length: RECOVERED_AT_ONCE }, recoverNext))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** Brings a region into memory, however long the store needs. Errors: RegionTaken. */
  async #recover(host: RegionHost): Promise<void> {
    const { machine } = this.#ports
    const { log, outages } = this.#ports.telemetry
    const { regionId } = host
    const startedMs = machine.monotonicMs()
    for (let retryMs = STORE_RETRY_FIRST_MS; ; retryMs = Math.min(2 * retryMs, STORE_RETRY_MAX_MS)) {
      try {
        await host.start(progress => void this.recovering.set(regionId, progress))
        break
      } catch (error) {
        // The next try must not be taken for lost by what this one was told.
        this.#lost.delete(regionId)
        if (this.#ports.isStopped()) return host.abandon()
        if (!isStoreAway(error)) return this.#setAway(host, error)
        outages.failed('recovery', error, regionId)
        await this.#pause(retryMs)
      } finally {
        this.recovering.delete(regionId)
      }
    }
    outages.worked('recovery', regionId)
    if (this.#ports.isStopped()) return host.abandon()
    if (this.#lost.delete(regionId)) {
      host.abandon()
      throw new RegionTaken(regionId)
    }
    this.#ports.keep(host)
    this.away.delete(regionId)
    const tookMs = Math.round(machine.monotonicMs() - startedMs)
    log.info({ region: regionId, position: host.region?.logHead, tookMs }, 'region recovered')
  }

  /** What is stored of the region cannot be read, or is beyond us: the others do not wait for it. */
  #setAway(host: RegionHost, error: unknown): void {
    const { machine } = this.#ports
    const { log } = this.#ports.telemetry
    const { regionId } = host
    const reason = error instanceof Error ? error.message : String(error)
    const isNews = this.away.get(regionId) !== reason
    this.away.set(regionId, reason)
    this.#ports.keep(host)
    if (isNews) {
      const what = 'the region cannot be recovered and is not served; it is tried again every minute'
      log.error({ region: regionId, err: error }, what)
    }
    machine.after(AWAY_RETRY_MS, () => {
      if (this.#ports.isStopped() || !this.#ports.isKept(host)) return
      this.#recover(host).catch(failure => this.#ports.onLost(failure))
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => void this.#ports.machine.after(ms, resolve))
  }
}
