/**
 * The regions that this process owns: takes them under their leases, keeps each told of its units, and gives them back.
 *
 * A process takes all regions of its database or none. When another takes one of them, it has no business with any and
 * says so through `onLost`; while it is still starting, `start` throws instead.
 */
import type { UnitReference } from '../domain/events.ts'
import type { RegionId, UnitId } from '../domain/ids.ts'
import { DEFAULT_POLICY } from '../domain/policy.ts'
import type { RegionReference } from '../protocol/reference.ts'
import { type Leases, waitForLease } from '../store/leases.ts'
import type { Logger } from '../telemetry/log.ts'
import type { RegionParts } from './region/parts.ts'
import type { Region } from './region/region.ts'
import type { RegionDirectory, RegionHandle } from './region-handle.ts'
import { RegionHost } from './region-host.ts'

const REFERENCE_EVERY_MS = 1_000
/** How long a start or a drain waits for what is under way. */
const SETTLE_LIMIT_MS = 2_000

/** Where the reference data comes from; `ReferenceStore` is one. */
export interface ReferenceSource {
  /** Rises with every change of anything. */
  version(): Promise<number>
  listRegions(): Promise<readonly RegionReference[]>
  /** The version at which a unit of the region was last added, changed or retired. */
  unitsVersion(region: RegionId): Promise<number>
  listUnits(region: RegionId): Promise<readonly UnitReference[]>
  listRetiredUnits(region: RegionId): Promise<readonly UnitId[]>
}

interface RegionKeeperParts extends Omit<RegionParts, 'regionId' | 'policy' | 'log' | 'newId' | 'onLost'> {
  readonly leases: Pick<Leases, 'take' | 'holds'>
  readonly reference: ReferenceSource
  readonly log: Logger
  /** A fresh call, trip or offer id of the region. */
  readonly newId: (region: RegionId) => string
  /** How often reference data is looked at for a change, wall time; a second unless told. */
  readonly referenceEveryMs?: number
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
  readonly #hosts = new Map<RegionId, RegionHost>()
  readonly #lostWhileStarting = new Set<RegionId>()
  /** The version of the reference data up to which each region's memory knows its units, and that of those units. */
  readonly #told = new WeakMap<Region, { readonly version: number; readonly units: number }>()
  #referenceVersion = -1
  #ready = false
  #stopped = false

  constructor(parts: RegionKeeperParts) {
    this.#parts = parts
  }

  region(id: RegionId): RegionHandle | null {
    return this.#hosts.get(id) ?? null
  }
  ready(): boolean {
    return this.#ready
  }
  damagedRows(): number {
    let rows = 0
    for (const { region } of this.#hosts.values()) rows += region?.damage.total ?? 0
    return rows
  }
  hosts(): Iterable<RegionHost> {
    return this.#hosts.values()
  }

  /** Takes and recovers every region there is. Errors: LeaseHeldElsewhere, RegionTaken, StoreUnavailable. */
  async start(): Promise<void> {
    await this.#followReference()
    // A crew that signs in at the first moment must find its unit.
    await this.#settled()
    const [lost] = this.#lostWhileStarting
    if (lost !== undefined) throw new RegionTaken(lost)
    this.#ready = true
    this.#pollReference()
  }

  /** Takes no more clients, and waits until what is in flight has its answer, but not for ever. */
  async beginDrain(): Promise<void> {
    this.#stopped = true
    this.#ready = false
    await this.#settled()
  }

  /** Writes everything out, with snapshots, and lets go. Errors: those of the journal. */
  async close(): Promise<void> {
    this.#stopped = true
    this.#ready = false
    await Promise.all([...this.#hosts.values()].map(host => host.close()))
  }

  /** The lease of a region is another's, or the region was fenced. */
  lost(region: RegionId): void {
    if (this.#stopped) return
    const host = this.#hosts.get(region)
    this.#hosts.delete(region)
    host?.abandon()
    // Whoever starts the region or the engine throws, and undoes what it began.
    if (host === undefined || !this.#ready) return void this.#lostWhileStarting.add(region)
    this.#parts.onLost(new RegionTaken(region))
  }

  /** Waits until the regions have nothing under way, but not for ever: clients may go on sending. */
  async #settled(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(host => host.region?.settled(SETTLE_LIMIT_MS)))
  }

  #pollReference(): void {
    const { machine, referenceEveryMs = REFERENCE_EVERY_MS } = this.#parts
    machine.after(referenceEveryMs, () => {
      if (this.#stopped) return
      this.#followReference()
        .catch(error => this.#parts.log.warn({ err: error }, 'reference data could not be read; trying again'))
        .finally(() => this.#pollReference())
    })
  }

  /** Takes regions that are new, and tells every region its units, when the reference data has changed. */
  async #followReference(): Promise<void> {
    const { reference } = this.#parts
    const version = await reference.version()
    if (version !== this.#referenceVersion) {
      const regions = await reference.listRegions()
      const fresh = regions.filter(({ region }) => !this.#hosts.has(region))
      if (fresh.length > 0) await this.#takeRegions(fresh)
      this.#referenceVersion = version
    }
    for (const { regionId, region } of this.#hosts.values()) {
      // One that is being rebuilt is told the next time; one that was rebuilt, anew: what its former memory was told may
      // have been lost with it.
      if (region === null) continue
      const told = this.#told.get(region)
      if (told?.version === version) continue
      // A change of stations, hospitals or other regions is none of this one's.
      const units = await reference.unitsVersion(regionId)
      if (units !== told?.units) await this.#tellUnits(regionId, region)
      this.#told.set(region, { version, units })
    }
  }

  async #tellUnits(regionId: RegionId, region: Region): Promise<void> {
    const { reference } = this.#parts
    const [units, retired] = await Promise.all([reference.listUnits(regionId), reference.listRetiredUnits(regionId)])
    if (units.length + retired.length > 0) region.ref.tell({ type: 'units', units, retired })
  }

  async #takeRegions(regions: readonly RegionReference[]): Promise<void> {
    const { leases, machine, log } = this.#parts
    const ids = regions.map(({ region }) => region)
    await waitForLease(leases, ids, machine, ({ region, node, remainingMs }) => {
      log.warn({ region, node, remainingMs }, 'the region is leased to another engine; waiting for it to lapse')
    })
    for (const reference of regions) {
      const host = this.#newHost(reference)
      const startedMs = machine.monotonicMs()
      await host.start().catch(error => {
        // The next try must not be taken for lost by what this one was told.
        this.#lostWhileStarting.delete(reference.region)
        throw error
      })
      if (this.#stopped) return host.abandon()
      if (this.#lostWhileStarting.delete(reference.region)) {
        host.abandon()
        throw new RegionTaken(reference.region)
      }
      this.#hosts.set(reference.region, host)
      const tookMs = Math.round(machine.monotonicMs() - startedMs)
      log.info({ region: reference.region, position: host.region?.logHead, tookMs }, 'region recovered')
    }
  }

  #newHost({ region, dispatchMode }: RegionReference): RegionHost {
    const { leases, log, newId, reference: _, onLost: __, ...parts } = this.#parts
    return new RegionHost(
      {
        ...parts,
        regionId: region,
        policy: { ...DEFAULT_POLICY, mode: dispatchMode },
        log: log.child({ part: 'region', region }),
        newId: () => newId(region),
      },
      { holdsLease: () => leases.holds(region), onFenced: () => this.lost(region) },
    )
  }
}
