/** The roads that a region goes by: those that are taken hold from the next choice on. And how often roads did not help. */
import type { EstimateReason, NotByRoad, Roads, TravelTimes } from '../../domain/dispatch/travel-times.ts'

import type { RegionPolicy } from './region-policy.ts'

interface RegionRoadsPorts {
  readonly policy: Pick<RegionPolicy, 'standing'>
  /** The IANA name of the region's time zone as it is now. */
  readonly timeZone: () => string
}

export type RoadFallback = NotByRoad | EstimateReason

export class RegionRoads {
  readonly #fallbacks = new Map<RoadFallback, number>()
  readonly #ports: RegionRoadsPorts
  #standing: Roads | null = null

  constructor(ports: RegionRoadsPorts) {
    this.#ports = ports
  }

  /** Null: by the straight line, as at first; others come as a message. */
  get version(): number | null {
    return this.#standing?.version ?? null
  }

  /** For one turn or question; null by the straight line. */
  look(): TravelTimes | null {
    const { sirenPercent, sirenTimePercent } = this.#ports.policy.standing
    return this.#standing?.look({ sirenPercent, sirenTimePercent, timeZone: this.#ports.timeZone() }) ?? null
  }

  /** Choices that went by the straight line, and units whose time was an estimate, since the region came here. */
  get fallbacks(): ReadonlyMap<RoadFallback, number> {
    return this.#fallbacks
  }

  /** Between two turns only. */
  take(roads: Roads | null): void {
    this.#standing = roads
  }

  fellBack(reason: RoadFallback): void {
    this.#fallbacks.set(reason, (this.#fallbacks.get(reason) ?? 0) + 1)
  }
}
