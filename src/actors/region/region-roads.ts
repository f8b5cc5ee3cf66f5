/** The roads that a region goes by: those that are taken hold from the next choice on. And how often roads did not help. */
import type { EstimateReason, NotByRoad, Roads } from '../../domain/dispatch/travel-times.ts'

export type RoadFallback = NotByRoad | EstimateReason

export class RegionRoads {
  readonly #fallbacks = new Map<RoadFallback, number>()
  #standing: Roads | null = null

  /** Null: by the straight line, as at first; others come as a message. */
  get standing(): Roads | null {
    return this.#standing
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
