/** What the reference data has for the regions of this process: each is told its policy and its units, and takes them in time. */
import type { UnitReference } from '../domain/events/unit-events.ts'
import type { Position } from '../domain/geo.ts'
import type { RegionId, UnitId } from '../domain/ids.ts'
import type { StandingPolicy } from '../domain/policy.ts'
import type { RegionReference, StandingHospital } from '../protocol/reference.ts'
import type { Region } from './region/region.ts'
import type { RegionHost } from './region-host.ts'

/** Where the reference data comes from; `ReferenceStore` is one. */
export interface ReferenceSource {
  /** Rises with every change of anything. */
  version(): Promise<number>
  listRegions(): Promise<readonly RegionReference[]>
  /** The policy that stands, of each region. */
  listPolicies(): Promise<ReadonlyMap<RegionId, StandingPolicy>>
  /** Where the stations of each region are that has any. */
  listStationPlaces(): Promise<ReadonlyMap<RegionId, readonly Position[]>>
  /** The hospitals of each region that has any, by id. */
  listHospitals(): Promise<ReadonlyMap<RegionId, readonly StandingHospital[]>>
  /** Units that were added or changed after a version; null: all units. */
  listUnits(region: RegionId, since: number | null): Promise<readonly UnitReference[]>
  /** Units that were retired after a version and stand as retired. */
  listRetiredUnits(region: RegionId, since: number | null): Promise<readonly UnitId[]>
}

export class ReferenceNews {
  readonly #reference: ReferenceSource
  readonly #hosts: () => Iterable<RegionHost>
  /** The version of the reference data up to which each region's memory was told its units. */
  readonly #told = new WeakMap<Region, number>()
  /** Units and policies that regions were told and have not taken yet. */
  readonly #untaken = new Set<Promise<void>>()

  constructor(reference: ReferenceSource, hosts: () => Iterable<RegionHost>) {
    this.#reference = reference
    this.#hosts = hosts
  }

  /** Resolves when the regions have taken all that they were told; one that is dropped never takes it. */
  async taken(): Promise<void> {
    await Promise.all(this.#untaken)
  }

  async tellPolicies(): Promise<void> {
    const policies = await this.#reference.listPolicies()
    for (const host of this.#hosts()) this.#untakenUntil(host.goBy(policies.get(host.regionId)!))
  }

  async tellStations(): Promise<void> {
    const places = await this.#reference.listStationPlaces()
    for (const host of this.#hosts()) host.stationsAre(places.get(host.regionId) ?? [])
  }

  async tellHospitals(): Promise<void> {
    const hospitals = await this.#reference.listHospitals()
    for (const host of this.#hosts()) host.hospitalsAre(hospitals.get(host.regionId) ?? [])
  }

  /** Tells each region the units that have changed up to this version since it was told last. */
  async tellUnits(version: number): Promise<void> {
    for (const { regionId, region } of this.#hosts()) {
      // One that is being rebuilt is told the next time; one that was rebuilt, anew: what its former memory was told may
      // have been lost with it.
      if (region === null) continue
      const told = this.#told.get(region) ?? null
      if (told !== version) await this.#tellUnits(regionId, region, told)
      this.#told.set(region, version)
    }
  }

  /** What changes meanwhile may be among it, and is told the next time too. */
  async #tellUnits(regionId: RegionId, region: Region, since: number | null): Promise<void> {
    const [units, retired] = await Promise.all([
      this.#reference.listUnits(regionId, since),
      this.#reference.listRetiredUnits(regionId, since),
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
}
