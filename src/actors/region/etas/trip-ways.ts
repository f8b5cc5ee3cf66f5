/**
 * The ways that units are on, by the states that are stored, and which of them are to be reckoned anew: those whose unit has
 * moved, and after a while those whose unit stands, since its arrival moves with the time.
 */
import type { TripId, UnitId } from '../../../domain/ids.ts'
import type { TripState } from '../../../domain/trip/trip.ts'
import { isSameWay, type TripEta, type TripWay, wayOf } from '../../../domain/trip/way.ts'

/** Wall time; a unit that stands is looked at again after this. */
const STANDING_MS = 10_000

/** A way, and what was told of it last. */
export interface WatchedWay {
  readonly way: TripWay
  told: TripEta | null
  isDue: boolean
  /** Monotonic. */
  reckonedMs: number
}

export class TripWays {
  /** The one that was reckoned last is last. */
  readonly #ways = new Map<TripId, WatchedWay>()
  readonly #tripOf = new Map<UnitId, TripId>()

  get size(): number {
    return this.#ways.size
  }

  /** Output: the way that ended with this, where something was told of it. */
  take(trip: TripState): TripWay | null {
    const way = wayOf(trip)
    const former = this.#ways.get(trip.tripId)
    if (former !== undefined && way !== null && isSameWay(former.way, way)) return null
    if (former !== undefined) {
      this.#ways.delete(trip.tripId)
      if (this.#tripOf.get(former.way.unitId) === trip.tripId) this.#tripOf.delete(former.way.unitId)
    }
    if (way !== null) {
      // To another place, or of another priority, the unit is told nothing that it was not before.
      const told = former?.way.unitId === way.unitId ? former.told : null
      this.#ways.set(way.tripId, { way, told, isDue: true, reckonedMs: Number.NEGATIVE_INFINITY })
      this.#tripOf.set(way.unitId, way.tripId)
    }
    const isOver = former !== undefined && former.told !== null && former.way.unitId !== way?.unitId
    return isOver ? former.way : null
  }

  /** Output: whether the unit is on a way. */
  moved(unitId: UnitId): boolean {
    const tripId = this.#tripOf.get(unitId)
    const way = tripId === undefined ? undefined : this.#ways.get(tripId)
    if (way === undefined) return false
    way.isDue = true
    return true
  }

  /** Those to be reckoned now, the longest not reckoned first. */
  takeDue(nowMonotonicMs: number, most: number, isWatched: (unitId: UnitId) => boolean): WatchedWay[] {
    const due: WatchedWay[] = []
    for (const way of this.#ways.values()) {
      if (due.length >= most) break
      const isDue = way.isDue || nowMonotonicMs - way.reckonedMs >= STANDING_MS
      if (isDue && isWatched(way.way.unitId)) due.push(way)
    }
    for (const way of due) {
      way.isDue = false
      way.reckonedMs = nowMonotonicMs
      this.#ways.delete(way.way.tripId)
      this.#ways.set(way.way.tripId, way)
    }
    return due
  }

  /** Whether the trip's unit is still on this way. */
  isOn(way: WatchedWay): boolean {
    return this.#ways.get(way.way.tripId) === way
  }

  /** All of one unit, or of all units. */
  told(unitId: UnitId | null): TripEta[] {
    const etas: TripEta[] = []
    for (const { way, told } of this.#ways.values())
      if (told !== null && (unitId === null || way.unitId === unitId)) etas.push(told)
    return etas
  }
}
