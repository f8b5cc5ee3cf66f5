/**
 * Watches the wheels of the units that have a trip, fix by fix, also by fixes that came late; no other unit costs more than a look
 * into a map. What is news of a trip becomes a turn of its own.
 *
 * What is kept of a unit is two folds (`domain/unit/unit-wheels.ts`). Nothing is stored: after a start they begin anew where the unit
 * is then, and what is on record already is not said again.
 */
import { distanceM, type Position } from '../../domain/geo.ts'
import type { OfferId, TripId, UnitId } from '../../domain/ids.ts'
import { wheelsCame } from '../../domain/trip/by-wheels.ts'
import { isEnded, phaseOrder, type TripState, type UnitWheels } from '../../domain/trip/trip.ts'
import {
  NO_WHEELS,
  standsSinceMs,
  toOtherScene,
  type WheelFix,
  type WheelGoals,
  type Wheels,
  wheelsAfter,
} from '../../domain/unit/unit-wheels.ts'
import { FIX_FLAGS, isBelieved } from '../../store/location/segment-codec.ts'
import type { TurnFollower } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Turn } from './turn.ts'

interface WheelWatchPorts {
  readonly memory: Pick<RegionMemory, 'trip' | 'presence' | 'openTripStates' | 'wheels'>
  readonly policy: Pick<RegionPolicy, 'standing'>
  readonly nowMs: () => number
  readonly isAtStation: (place: Position) => boolean
  /** The wheels say something new of the trip. */
  readonly deliver: (tripId: TripId) => void
}

interface WatchedUnit extends UnitWheels {
  readonly tripId: TripId
  /** Of the response that its wheels are watched for. */
  readonly offerId: OfferId
  goals: WheelGoals
  /** When the unit arrives with a patient, no fix of before it had one is a proof. */
  destinationFromMs: number
  now: Wheels
  late: Wheels | null
  homeSinceMs: number | null
  /** Set once its trip is over: until then it is looked for at a station. */
  returnsUntilMs: number | null
}

/** Who is not back by then is not on its way back. */
const RETURNS_WITHIN_MS = 3_600_000

export class WheelWatch implements TurnFollower {
  readonly #ports: WheelWatchPorts
  /** As many as there are open trips, and units that were on one within the hour; memory has the same objects, for whoever decides. */
  readonly #units = new Map<UnitId, WatchedUnit>()
  readonly #unitOf = new Map<TripId, UnitId>()

  constructor(ports: WheelWatchPorts) {
    this.#ports = ports
  }

  /** All trips are here as a start has found them. */
  begin(): void {
    for (const trip of this.#ports.memory.openTripStates()) this.#watch(trip)
  }

  committed(turn: Turn): void {
    for (const trip of turn.trips.values()) this.#watch(trip)
  }

  /** Called for each fix that is stored, whether it moves the unit or not. Input: its flags, a byte of `FIX_FLAGS`. */
  take(unitId: UnitId, fix: WheelFix, flags: number): void {
    const unit = this.#units.get(unitId)
    if (unit === undefined || !isBelieved(flags)) return
    const { memory, policy, nowMs, isAtStation, deliver } = this.#ports
    const trip = memory.trip(unit.tripId)
    if (trip === undefined || fix.fixedAtMs > (unit.returnsUntilMs ?? Number.POSITIVE_INFINITY))
      return this.#forget(unitId)
    const { standing } = policy
    // The fixes before it were of a clock that was wrong, or of a place at which the unit is not.
    if ((flags & (FIX_FLAGS.replaces | FIX_FLAGS.anchors)) !== 0) unit.now = NO_WHEELS
    const lastMs = unit.now.last?.fixedAtMs ?? Number.NEGATIVE_INFINITY
    const goals = fix.fixedAtMs < unit.destinationFromMs ? { ...unit.goals, destination: null } : unit.goals
    if (fix.fixedAtMs > lastMs) unit.now = wheelsAfter(unit.now, fix, goals, standing)
    else {
      const isAnew = unit.late?.last != null && fix.fixedAtMs <= unit.late.last.fixedAtMs
      unit.late = wheelsAfter(isAnew ? NO_WHEELS : (unit.late ?? NO_WHEELS), fix, goals, standing)
    }
    if (unit.returnsUntilMs !== null) unit.homeSinceMs = isAtStation(fix) ? standsSinceMs(unit.now, standing) : null
    if (wheelsCame(trip, unit, standing, nowMs()).length > 0) deliver(unit.tripId)
  }

  #watch(trip: TripState): void {
    const { tripId, responses } = trip
    if (isEnded(trip)) return this.#ended(trip)
    const { unitId } = trip
    this.#leave(tripId, unitId)
    const offerId = responses.at(-1)?.offerId
    if (unitId === null || offerId === undefined) return
    const { memory, policy } = this.#ports
    const known = this.#units.get(unitId)
    const goals = goalsOf(trip)
    const destinationFromMs = trip.times.transporting ?? Number.POSITIVE_INFINITY
    if (known?.tripId === tripId && known.offerId === offerId) {
      if (distanceM(known.goals.scene, goals.scene) > 0) {
        known.now = toOtherScene(known.now)
        known.late = null
      }
      return void Object.assign(known, { goals, destinationFromMs })
    }
    const { fix } = memory.presence(unitId)
    const now = fix === null ? NO_WHEELS : wheelsAfter(NO_WHEELS, fix, goals, policy.standing)
    const unit = { tripId, offerId, goals, destinationFromMs, now, late: null, homeSinceMs: null, returnsUntilMs: null }
    this.#units.set(unitId, unit)
    memory.wheels.set(unitId, unit)
    this.#unitOf.set(tripId, unitId)
  }

  /** The trip has this unit from now on, or none. */
  #leave(tripId: TripId, unitId: UnitId | null): void {
    const former = this.#unitOf.get(tripId)
    if (former === undefined || former === unitId) return
    this.#unitOf.delete(tripId)
    // It may have another trip already.
    if (this.#units.get(former)?.tripId === tripId) this.#forget(former)
  }

  /** Its unit is on its way back, or has said that it is there. */
  #ended({ tripId, unitId, responses }: TripState): void {
    const unit = unitId === null ? undefined : this.#units.get(unitId)
    if (unit?.tripId !== tripId) return this.#leave(tripId, null)
    const response = responses.findLast(each => each.unitId === unitId)
    if (response?.times['at-station'] !== undefined) return this.#leave(tripId, null)
    unit.returnsUntilMs ??= this.#ports.nowMs() + RETURNS_WITHIN_MS
  }

  #forget(unitId: UnitId): void {
    const unit = this.#units.get(unitId)
    if (unit !== undefined) this.#unitOf.delete(unit.tripId)
    this.#units.delete(unitId)
    this.#ports.memory.wheels.delete(unitId)
  }
}

function goalsOf({ lonDeg, latDeg, phase, destination }: TripState): WheelGoals {
  const isAtScene = phase === 'on-scene' || phase === 'at-patient'
  const carries = phaseOrder(phase) >= phaseOrder('transporting')
  return { scene: { lonDeg, latDeg }, isAtScene, destination: carries ? (destination ?? null) : null }
}
