/**
 * The regions that this process owns: takes them under their leases, keeps each told of its units and its policy, and gives
 * them back.
 *
 * A process takes all regions of its database or none. While another engine has them it *stands by*: it asks for the leases
 * again and again, and goes on as soon as they are to be had. When another takes one of its regions, it has no business
 * with any and says so through `onLost`; while it is still starting, `start` throws instead. Regions are recovered side by
 * side. One that cannot be recovered, for what is stored of it, is *away*: the others are served, and it is tried again.
 */
import type { RegionId } from '../domain/ids.ts'
import type { StandingPolicy } from '../domain/policy.ts'
import type { RegionReference } from '../protocol/reference.ts'
import type { ForeignLease } from '../store/leases/lease-table.ts'
import type { Leases } from '../store/leases/leases.ts'
import { isStoreAway } from '../store/postgres/postgres-faults.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { RegionClock } from './clock.ts'
import { type ClockOff, type ClockOffsets, ClockWatch } from './clock-watch.ts'
import { Looks } from './looks.ts'
import { ReferenceNews, type ReferenceSource } from './reference-news.ts'
import type { DrainLimits } from './region/drain.ts'
import type { SharedParts } from './region/parts.ts'
import type { Readiness, RegionDirectory, RegionHandle } from './region-handle.ts'
import { RegionHost } from './region-host.ts'
import { RegionRecoveries, RegionTaken, STORE_RETRY_FIRST_MS, STORE_RETRY_MAX_MS } from './region-recoveries.ts'
import { RoadNews } from './road-news.ts'
import { WallClock } from './wall-clock.ts'

const REFERENCE_EVERY_MS = 1_000
/** How long a start or a drain waits for what is under way. */
const SETTLE_LIMIT_MS = 2_000
/** How long a start waits for roads; then it goes by the straight line until they are there. */
const ROADS_LIMIT_MS = 10_000
/** How often an engine that stands by asks for the leases: the gap when the other one gives them back. */
const STAND_BY_MS = 200

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

export class RegionKeeper implements RegionDirectory {
  readonly #parts: RegionKeeperParts
  readonly #wall: WallClock
  readonly #clocks: ClockWatch
  readonly #hosts = new Map<RegionId, RegionHost>()
  readonly #news: ReferenceNews
  readonly #roads: RoadNews | null
  /** One after the other: two must not take the same region. */
  readonly #looks: Looks<ForeignLease | null>
  readonly #recoveries: RegionRecoveries
  readonly #timeZones = new Map<RegionId, string>()
  #referenceVersion = -1
  #behind: ForeignLease | null = null
  #hasTaken = false
  #ready = false
  #stopped = false

  constructor(parts: RegionKeeperParts) {
    this.#parts = parts
    this.#wall = new WallClock(parts.shared.machine)
    this.#recoveries = new RegionRecoveries({
      machine: parts.shared.machine,
      telemetry: parts.telemetry,
      isStopped: () => this.#stopped,
      keep: host => void this.#hosts.set(host.regionId, host),
      isKept: host => this.#hosts.get(host.regionId) === host,
      onLost: error => parts.onLost(error),
    })
    this.#news = new ReferenceNews(parts.reference, () => this.#hosts.values())
    const { machine, roads } = parts.shared
    const hosts = () => this.#hosts.values()
    this.#roads = roads ? new RoadNews({ source: roads, hosts, machine, telemetry: parts.telemetry }) : null
    this.#looks = new Looks({
      machine: parts.shared.machine,
      look: () => this.#lookAtReference(),
      seen: () => this.#news.taken(),
      restMaxMs: REFERENCE_EVERY_MS,
    })
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
    const away = this.#recoveries.away.size
    return this.#ready && (this.#hosts.size > away || (away === 0 && this.#behind === null))
  }
  readiness(): Readiness {
    const { recovering, away } = this.#recoveries
    const isStandby = this.#behind !== null && this.#hosts.size === 0
    const isRecovering = recovering.size > 0 && !this.#ready
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
      recovered: this.#hosts.size - away.size,
      recovering,
      away,
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
        const foreign = await this.#looks.next()
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
    // Nor is the first call to be served without them.
    await this.#roads?.settled(ROADS_LIMIT_MS)
    // A crew that signs in at the first moment must find its unit.
    await this.#settled()
    this.#recoveries.throwIfLost()
    if (this.#stopped) return
    this.#ready = true
    this.#pollReference()
  }

  /** Takes no more clients, and waits until what is in flight has its answer, but not for ever. */
  async beginDrain(limitMs = SETTLE_LIMIT_MS): Promise<void> {
    this.#stopped = true
    this.#roads?.end()
    this.#ready = false
    await this.#settled(Math.min(limitMs, SETTLE_LIMIT_MS))
  }

  /** Writes everything out, with snapshots, and lets go; within the limits, where there are any. Errors: those of the journal. */
  async close(limits?: DrainLimits): Promise<void> {
    this.#stopped = true
    this.#roads?.end()
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
    if (host === undefined || !this.#ready) return this.#recoveries.lost(region)
    this.#parts.onLost(new RegionTaken(region))
  }

  /** Takes up what the reference data has by now: true once every region knows it, false when that takes longer. */
  async follow(limitMs: number): Promise<boolean> {
    if (!this.#ready || this.#stopped) return false
    const late = this.#pause(limitMs).then(() => false)
    // One that fails is told by the next look.
    const seen = this.#looks.soon().then(
      () => true,
      () => false,
    )
    return Promise.race([seen, late])
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
      this.#looks
        .next()
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
  async #lookAtReference(): Promise<ForeignLease | null> {
    const { reference } = this.#parts
    const version = await reference.version()
    if (version !== this.#referenceVersion) {
      const regions = await reference.listRegions()
      for (const { region, timeZone } of regions) this.#timeZones.set(region, timeZone)
      const fresh = regions.filter(({ region }) => !this.#hosts.has(region))
      const foreign = fresh.length === 0 ? null : await this.#takeRegions(fresh)
      this.#standBehind(foreign)
      if (foreign === null) this.#referenceVersion = version
      else if (this.#hosts.size === 0) return foreign
      await this.#news.tellPolicies()
      await this.#news.tellStations()
      await this.#news.tellHospitals()
    }
    await this.#news.tellUnits(version)
    await this.#roads?.look(version)
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

  /** Output: the lease of another engine that keeps it from taking them; null when it has taken and recovered them. */
  async #takeRegions(regions: readonly RegionReference[]): Promise<ForeignLease | null> {
    const { leases, reference, onTaken } = this.#parts
    const foreign = await leases.take(regions.map(({ region }) => region))
    if (foreign !== 'taken') return foreign
    if (!this.#hasTaken) await onTaken?.(this.#behind !== null)
    this.#hasTaken = true
    // Once they are ours, so that nobody before us has gone by newer ones.
    const [policies, places] = await Promise.all([reference.listPolicies(), reference.listStationPlaces()])
    const makerOf = (region: RegionId) => () => {
      const host = this.#newHost(region, policies.get(region)!)
      host.stationsAre(places.get(region) ?? [])
      return host
    }
    await this.#recoveries.recoverAll(regions.map(({ region }) => makerOf(region)))
    return null
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
        names: { newId: () => newId(region), timeZone: () => this.#timeZones.get(region) ?? 'UTC' },
      },
      { holdsLease: () => leases.holds(region), onFenced: () => this.lost(region) },
    )
  }
}
