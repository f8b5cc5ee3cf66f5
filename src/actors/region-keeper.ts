/**
 * The regions that this process owns: takes them under their leases, keeps each told of its units and its policy, and gives
 * them back.
 *
 * A process takes all regions of its database or none. While another engine has them it *stands by*: it asks for the leases
 * again and again, and goes on as soon as they are to be had. When another takes one of its regions, it has no business
 * with any and says so through `onLost`; while it is still starting, `start` throws instead. Regions are recovered side by
 * side. One that cannot be recovered, for what is stored of it, is *away*: the others are served, and it is tried again.
 */
import type { UnitReference } from '../domain/events.ts'
import type { RegionId, UnitId } from '../domain/ids.ts'
import type { StandingPolicy } from '../domain/policy.ts'
import type { RegionReference } from '../protocol/reference.ts'
import type { ForeignLease } from '../store/leases/lease-table.ts'
import type { Leases } from '../store/leases/leases.ts'
import { isStoreAway } from '../store/postgres/postgres-faults.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { RegionClock } from './clock.ts'
import { type ClockOff, type ClockOffsets, ClockWatch } from './clock-watch.ts'
import type { DrainLimits } from './region/drain.ts'
import type { SharedParts } from './region/parts.ts'
import type { Region } from './region/region.ts'
import type { Readiness, RecoveryProgress, RegionDirectory, RegionHandle } from './region-handle.ts'
import { RegionHost } from './region-host.ts'
import { WallClock } from './wall-clock.ts'

const REFERENCE_EVERY_MS = 1_000
/** How long a start or a drain waits for what is under way. */
const SETTLE_LIMIT_MS = 2_000
/** A look that somebody waits for is followed by a rest of so many times as long as it took, a second at most. */
const LOOK_REST = 9
/** How often an engine that stands by asks for the leases: the gap when the other one gives them back. */
const STAND_BY_MS = 200
const AWAY_RETRY_MS = 60_000
const STORE_RETRY_FIRST_MS = 50
const STORE_RETRY_MAX_MS = 2_000
/** Regions recovered at a time. Each takes a connection, and memory for the rows it has read. */
const RECOVERED_AT_ONCE = 4

/** Where the reference data comes from; `ReferenceStore` is one. */
export interface ReferenceSource {
  /** Rises with every change of anything. */
  version(): Promise<number>
  listRegions(): Promise<readonly RegionReference[]>
  /** The policy that stands, of each region. */
  listPolicies(): Promise<ReadonlyMap<RegionId, StandingPolicy>>
  /** Units that were added or changed after a version; null: all units. */
  listUnits(region: RegionId, since: number | null): Promise<readonly UnitReference[]>
  /** Units that were retired after a version and stand as retired. */
  listRetiredUnits(region: RegionId, since: number | null): Promise<readonly UnitId[]>
}

/** How often the keeper looks, wall time. */
interface KeeperPace {
  /** At reference data, for a change; a second unless told. */
  readonly referenceEveryMs?: number
  /** At the leases, while it stands by; 200 ms unless told. */
  readonly standByMs?: number
}

interface RegionKeeperParts {
  readonly shared: SharedParts
  readonly telemetry: Telemetry
  readonly leases: Pick<Leases, 'take' | 'holds'>
  readonly reference: ReferenceSource
  /** A fresh call, trip or offer id of the region. */
  readonly newId: (region: RegionId) => string
  readonly pace?: KeeperPace
  /** The leases are ours, for the first time; `waited` says that another engine had them. Errors end the start. */
  readonly onTaken?: (waited: boolean) => Promise<void>
  /** Another process owns one of the regions. Called once; nothing of this keeper is answered any more but for reads. */
  readonly onLost: (error: RegionTaken) => void
}

/** Another engine took the region while this one held it, or was about to. */
class RegionTaken extends Error {
  override readonly name = 'RegionTaken'

  constructor(region: RegionId) {
    super(`region ${region} was taken by another engine`)
  }
}

export class RegionKeeper implements RegionDirectory {
  readonly #parts: RegionKeeperParts
  readonly #wall: WallClock
  readonly #clocks: ClockWatch
  readonly #hosts = new Map<RegionId, RegionHost>()
  readonly #lostWhileStarting = new Set<RegionId>()
  /** The version of the reference data up to which each region's memory was told its units. */
  readonly #told = new WeakMap<Region, number>()
  readonly #recovering = new Map<RegionId, RecoveryProgress>()
  readonly #away = new Map<RegionId, string>()
  #referenceVersion = -1
  /** The look at the reference data that is under way, or was last. */
  #looking: Promise<ForeignLease | null> = Promise.resolve(null)
  /** The look that has been asked for and has not begun, and when it may. */
  #asked: Promise<void> | null = null
  #askedNotBeforeMs = Number.NEGATIVE_INFINITY
  /** Units and policies that regions were told and have not taken yet. */
  readonly #untaken = new Set<Promise<void>>()
  #behind: ForeignLease | null = null
  #hasTaken = false
  #ready = false
  #stopped = false

  constructor(parts: RegionKeeperParts) {
    this.#parts = parts
    this.#wall = new WallClock(parts.shared.machine)
    this.#clocks = new ClockWatch({
      wall: this.#wall,
      regions: () => this.#regionClocks(),
      log: parts.telemetry.log,
      tell: notice => {
        for (const { region } of this.#hosts.values()) region?.tellBoard(notice)
      },
    })
  }

  region(id: RegionId): RegionHandle | null {
    return this.#hosts.get(id) ?? null
  }
  /** Not while every region there is stands with another engine, or is away. */
  ready(): boolean {
    return this.#ready && (this.#hosts.size > this.#away.size || (this.#away.size === 0 && this.#behind === null))
  }
  readiness(): Readiness {
    const isStandby = this.#behind !== null && this.#hosts.size === 0
    const isRecovering = this.#recovering.size > 0 && !this.#ready
    const status = this.#stopped
      ? 'draining'
      : this.ready()
        ? 'ready'
        : isStandby
          ? 'standby'
          : isRecovering
            ? 'recovering'
            : 'starting'
    return {
      status,
      behind: isStandby ? this.#behind!.node : null,
      recovered: this.#hosts.size - this.#away.size,
      recovering: this.#recovering,
      away: this.#away,
    }
  }
  damagedRows(): number {
    let rows = 0
    for (const { region } of this.#hosts.values()) rows += region?.damage.total ?? 0
    return rows
  }
  clockOff(): ClockOff | null {
    return this.#clocks.look()
  }
  clockOffsets(): ClockOffsets {
    return this.#clocks.offsets()
  }
  /** The database told its time, epoch milliseconds, in an answer that took so long. */
  databaseTold(epochMs: number, tookMs: number): void {
    this.#clocks.databaseTold(epochMs, tookMs)
  }
  hosts(): Iterable<RegionHost> {
    return this.#hosts.values()
  }

  /**
   * Takes and recovers every region there is, standing by for as long as another engine has them, and for a store that is
   * away. Ends early, without being ready, when the keeper is told to drain. Errors: RegionTaken, those of `onTaken`.
   */
  async start(): Promise<void> {
    const { telemetry, pace } = this.#parts
    let retryMs = STORE_RETRY_FIRST_MS
    while (!this.#stopped) {
      try {
        const foreign = await this.#followReference()
        telemetry.outages.worked('reference-data')
        if (foreign === null) break
        await this.#pause(pace?.standByMs ?? STAND_BY_MS)
        retryMs = STORE_RETRY_FIRST_MS
      } catch (error) {
        if (!isStoreAway(error)) throw error
        telemetry.outages.failed('reference-data', error)
        await this.#pause(retryMs)
        retryMs = Math.min(2 * retryMs, STORE_RETRY_MAX_MS)
      }
    }
    // A crew that signs in at the first moment must find its unit.
    await this.#settled()
    const [lost] = this.#lostWhileStarting
    if (lost !== undefined) throw new RegionTaken(lost)
    if (this.#stopped) return
    this.#ready = true
    this.#pollReference()
  }

  /** Takes no more clients, and waits until what is in flight has its answer, but not for ever. */
  async beginDrain(limitMs = SETTLE_LIMIT_MS): Promise<void> {
    this.#stopped = true
    this.#ready = false
    await this.#settled(Math.min(limitMs, SETTLE_LIMIT_MS))
  }

  /** Writes everything out, with snapshots, and lets go; within the limits, where there are any. Errors: those of the journal. */
  async close(limits?: DrainLimits): Promise<void> {
    this.#stopped = true
    this.#ready = false
    await Promise.all([...this.#hosts.values()].map(host => host.close(limits)))
  }

  /** The lease of a region is another's, or the region was fenced. */
  lost(region: RegionId): void {
    if (this.#stopped) return
    const host = this.#hosts.get(region)
    this.#hosts.delete(region)
    host?.abandon()
    // The caller that starts the region or the engine throws, and undoes what it began.
    if (host === undefined || !this.#ready) return void this.#lostWhileStarting.add(region)
    this.#parts.onLost(new RegionTaken(region))
  }

  /** Takes up what the reference data has by now: true once every region knows it, false when that takes longer. */
  async follow(limitMs: number): Promise<boolean> {
    if (!this.#ready || this.#stopped) return false
    // A caller that asks before the look begins shares it.
    this.#asked ??= this.#lookSoon()
    const late = this.#pause(limitMs).then(() => false)
    // One that fails is told by the next look.
    return Promise.race([
      this.#asked.then(
        () => true,
        () => false,
      ),
      late,
    ])
  }

  /** Not at once where one has just been: a look may find a million units, and may take only a part of everybody's time. */
  async #lookSoon(): Promise<void> {
    const { machine } = this.#parts.shared
    const restMs = this.#askedNotBeforeMs - machine.monotonicMs()
    await (restMs > 0 ? this.#pause(restMs) : undefined)
    this.#asked = null
    const startedMs = machine.monotonicMs()
    try {
      await this.#followReference()
      await Promise.all(this.#untaken)
    } finally {
      const endedMs = machine.monotonicMs()
      this.#askedNotBeforeMs = endedMs + Math.min(REFERENCE_EVERY_MS, LOOK_REST * (endedMs - startedMs))
    }
  }

  /** Waits until the regions have nothing under way, but not for ever: clients may go on sending. */
  async #settled(limitMs = SETTLE_LIMIT_MS): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(host => host.region?.settled(limitMs)))
  }

  #pollReference(): void {
    const { shared, telemetry, pace } = this.#parts
    shared.machine.after(pace?.referenceEveryMs ?? REFERENCE_EVERY_MS, () => {
      if (this.#stopped) return
      // Somebody must look at the wall also while nothing else happens.
      this.#clocks.look()
      this.#followReference()
        .then(
          () => telemetry.outages.worked('reference-data'),
          error => telemetry.outages.failed('reference-data', error),
        )
        .finally(() => this.#pollReference())
    })
  }

  /**
   * Takes regions that are new, and tells every region its policy and its units, when the reference data has changed.
   * Output: the lease of another engine that keeps it from taking them; null when there is none.
   */
  #followReference(): Promise<ForeignLease | null> {
    // One after the other: two must not take the same region.
    const look = () => this.#lookAtReference()
    this.#looking = this.#looking.then(look, look)
    return this.#looking
  }

  async #lookAtReference(): Promise<ForeignLease | null> {
    const { reference } = this.#parts
    const version = await reference.version()
    if (version !== this.#referenceVersion) {
      const regions = await reference.listRegions()
      const fresh = regions.filter(({ region }) => !this.#hosts.has(region))
      const foreign = fresh.length === 0 ? null : await this.#takeRegions(fresh)
      this.#standBehind(foreign)
      if (foreign === null) this.#referenceVersion = version
      else if (this.#hosts.size === 0) return foreign
      const policies = await reference.listPolicies()
      for (const host of this.#hosts.values()) this.#untakenUntil(host.goBy(policies.get(host.regionId)!))
    }
    for (const { regionId, region } of this.#hosts.values()) {
      // One that is being rebuilt is told the next time; one that was rebuilt, anew: what its former memory was told may
      // have been lost with it.
      if (region === null) continue
      const told = this.#told.get(region) ?? null
      if (told !== version) await this.#tellUnits(regionId, region, told)
      this.#told.set(region, version)
    }
    return null
  }

  #standBehind(foreign: ForeignLease | null): void {
    if (foreign !== null && foreign.processIncarnation !== this.#behind?.processIncarnation) {
      const { region, node, remainingMs } = foreign
      this.#parts.telemetry.log.warn(
        { region, node, remainingMs },
        'another engine has the region; standing by until it is gone',
      )
    }
    this.#behind = foreign
  }

  *#regionClocks(): Iterable<RegionClock> {
    for (const { region } of this.#hosts.values()) if (region !== null) yield region.clock
  }

  /** What changes meanwhile may be among it, and is told the next time too. */
  async #tellUnits(regionId: RegionId, region: Region, since: number | null): Promise<void> {
    const { reference } = this.#parts
    const [units, retired] = await Promise.all([
      reference.listUnits(regionId, since),
      reference.listRetiredUnits(regionId, since),
    ])
    if (units.length + retired.length === 0) return
    this.#untakenUntil(new Promise(onTaken => void region.ref.tell({ type: 'units', units, retired, onTaken })))
  }

  /** A region that is dropped never resolves this: the caller waits with a limit. */
  #untakenUntil(taken: Promise<void> | null): void {
    if (taken === null) return
    this.#untaken.add(taken)
    void taken.then(() => this.#untaken.delete(taken))
  }

  /** Output: the lease of another engine that keeps it from taking them; null when it has taken and recovered them. */
  async #takeRegions(regions: readonly RegionReference[]): Promise<ForeignLease | null> {
    const { leases, reference, onTaken } = this.#parts
    const foreign = await leases.take(regions.map(({ region }) => region))
    if (foreign !== 'taken') return foreign
    if (!this.#hasTaken) await onTaken?.(this.#behind !== null)
    this.#hasTaken = true
    // Once they are ours, so that nobody before us has gone by newer ones.
    const policies = await reference.listPolicies()
    const waiting = [...regions]
    const recoverNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !this.#stopped; next = waiting.shift()) {
        await this.#recover(this.#newHost(next.region, policies.get(next.region)!))
      }
    }
    // All of them come to their end: one that fails must not leave others recovering behind its back.
    const ends = await Promise.allSettled(Array.from({ length: RECOVERED_AT_ONCE }, recoverNext))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return null
  }

  /** Brings a region into memory, however long the store needs. Errors: RegionTaken. */
  async #recover(host: RegionHost): Promise<void> {
    const { machine } = this.#parts.shared
    const { log, outages } = this.#parts.telemetry
    const { regionId } = host
    const startedMs = machine.monotonicMs()
    for (let retryMs = STORE_RETRY_FIRST_MS; ; retryMs = Math.min(2 * retryMs, STORE_RETRY_MAX_MS)) {
      try {
        await host.start(progress => void this.#recovering.set(regionId, progress))
        break
      } catch (error) {
        // The next try must not be taken for lost by what this one was told.
        this.#lostWhileStarting.delete(regionId)
        if (this.#stopped) return host.abandon()
        if (!isStoreAway(error)) return this.#setAway(host, error)
        outages.failed('recovery', error, regionId)
        await this.#pause(retryMs)
      } finally {
        this.#recovering.delete(regionId)
      }
    }
    outages.worked('recovery', regionId)
    if (this.#stopped) return host.abandon()
    if (this.#lostWhileStarting.delete(regionId)) {
      host.abandon()
      throw new RegionTaken(regionId)
    }
    this.#hosts.set(regionId, host)
    this.#away.delete(regionId)
    const tookMs = Math.round(machine.monotonicMs() - startedMs)
    log.info({ region: regionId, position: host.region?.logHead, tookMs }, 'region recovered')
  }

  /** What is stored of the region cannot be read, or is beyond us: the others do not wait for it. */
  #setAway(host: RegionHost, error: unknown): void {
    const { machine } = this.#parts.shared
    const { log } = this.#parts.telemetry
    const { regionId } = host
    const reason = error instanceof Error ? error.message : String(error)
    const isNews = this.#away.get(regionId) !== reason
    this.#away.set(regionId, reason)
    this.#hosts.set(regionId, host)
    if (isNews) {
      const what = 'the region cannot be recovered and is not served; it is tried again every minute'
      log.error({ region: regionId, err: error }, what)
    }
    machine.after(AWAY_RETRY_MS, () => {
      if (this.#stopped || this.#hosts.get(regionId) !== host) return
      this.#recover(host).catch(failure => this.#parts.onLost(failure))
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => void this.#parts.shared.machine.after(ms, resolve))
  }

  #newHost(region: RegionId, policy: StandingPolicy): RegionHost {
    const { shared, telemetry, leases, newId } = this.#parts
    return new RegionHost(
      {
        shared,
        wall: this.#wall,
        clockNotice: () => this.#clocks.notice(),
        regionId: region,
        policy,
        telemetry: { ...telemetry, log: telemetry.log.child({ part: 'region', region }) },
        newId: () => newId(region),
      },
      { holdsLease: () => leases.holds(region), onFenced: () => this.lost(region) },
    )
  }
}
