/**
 * The region's dispatch desk: the queue of pending trips and the units that can serve them, as folds over their states.
 *
 * It has no log of its own. The rules are those of `domain/dispatch`; the desk keeps what they look at, and a match
 * (`match.ts`) records what they decide. Search runs over all units at once, nearest first, so there is no radius to widen.
 */

import { Census } from '../../domain/dispatch/census.ts'
import { FreedUnits } from '../../domain/dispatch/freed-units.ts'
import { orderedByHand } from '../../domain/dispatch/override.ts'
import { WaitingTrips } from '../../domain/dispatch/waiting-trips.ts'
import { type DriverState, dispatchabilityOf } from '../../domain/driver.ts'
import { byKind, driverKey, type EntityKey, tripKey } from '../../domain/entity.ts'
import type { Position } from '../../domain/geo.ts'
import type { TripId, UnitId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip.ts'
import { LEVELS_OF_CARE, type Priority } from '../../domain/vocabulary.ts'
import { CandidateView } from '../../finder/candidate-view.ts'
import type { Finder } from '../../finder/finder.ts'
import { FINDER_POOLS } from '../../finder/types.ts'
import type { ChangedUnit, TurnFollower, TurnStep } from './followers.ts'
import { Match, type MatchedUnits, type MatchPorts } from './match.ts'
import type { EventRejected, Quarantine } from './quarantine.ts'
import type { Turn } from './turn.ts'

interface DeskPorts extends MatchPorts {
  readonly finder: Finder
  readonly quarantine: Quarantine
}

interface MovedUnit {
  readonly state: DriverState
  readonly location: { readonly current: Position | null }
}

export class Desk implements TurnStep, TurnFollower {
  readonly #ports: DeskPorts
  readonly #waiting = new WaitingTrips()
  readonly #census = new Census()
  #allMustLook = false

  constructor(ports: DeskPorts) {
    this.#ports = ports
  }

  get pendingCount(): number {
    return this.#waiting.size
  }

  isQueued(tripId: TripId): boolean {
    return this.#waiting.has(tripId)
  }

  pendingByPriority(): [Priority, number][] {
    return this.#waiting.byPriority()
  }

  // In turns, and behind them.

  extend(turn: Turn): void {
    if (turn.wantsMatching) this.match(turn)
  }

  over(turn: Turn): void {
    this.matched(turn)
  }

  committed(turn: Turn, changed: readonly ChangedUnit[]): void {
    for (const { before, after } of changed) this.onDriver(before, after, this.#ports.presence(after.unitId).fix)
    for (const trip of turn.trips.values()) this.onTrip(trip)
  }

  held({ entity }: EventRejected): void {
    this.hold(entity)
  }

  moved({ state, location }: MovedUnit): void {
    this.placeUnit(state, location.current)
  }

  /** Folds a trip's new state into the queue. */
  onTrip(trip: TripState): void {
    const isServed = trip.phase === 'pending' && !this.#ports.quarantine.has(tripKey(trip.tripId))
    if (isServed) this.#waiting.put(trip)
    else this.#waiting.drop(trip.tripId)
  }

  /** An actor came into quarantine: a trip is served no more, a unit no longer found. */
  hold(entity: EntityKey): void {
    byKind(entity, {
      driver: unitId => void this.#ports.finder.remove(unitId),
      trip: tripId => void this.#waiting.drop(tripId),
      call: () => undefined,
    })
  }

  /** Folds a unit's change into the census and the finder's trees. */
  onDriver(before: DriverState | undefined, after: DriverState, place: Position | null): void {
    if (before !== undefined) this.#census.count(before, -1)
    this.#census.count(after, 1)
    this.placeUnit(after, place)
  }

  /** Puts a unit where the finder must look for it, or takes it out. */
  placeUnit(driver: DriverState, place: Position | null): void {
    this.#placeIn(this.#ports.finder, driver, place)
  }

  #placeIn(candidates: Finder | CandidateView, driver: DriverState, place: Position | null): void {
    const { quarantine } = this.#ports
    const dispatchability = dispatchabilityOf(driver)
    const isHeld = quarantine.size > 0 && quarantine.has(driverKey(driver.unitId))
    if (place === null || dispatchability === 'not-available' || isHeld) return candidates.remove(driver.unitId)
    const pool = dispatchability === 'available' ? 'available' : 'reassignable'
    candidates.place(driver.unitId, driver.levelOfCare, pool, place.lonDeg, place.latDeg)
  }

  /** How far a place is from the nearest unit that could be sent, or is on its way; null when there is none. */
  nearestUnitM(place: Position): number | null {
    const query = { lonDeg: place.lonDeg, latDeg: place.latDeg, k: 1, levels: LEVELS_OF_CARE, pools: FINDER_POOLS }
    return this.#ports.finder.nearest(query)[0]?.distanceM ?? null
  }

  /** A unit may have become eligible outside a turn (it came back, its position did): all who wait must be looked at. */
  unitsChanged(): void {
    this.#allMustLook = true
  }

  /** Orders a pending trip to the unit that a dispatcher has chosen. Records into the turn. */
  order(turn: Turn, tripId: TripId, unitId: UnitId): void {
    const { policy, presence, newOfferId } = this.#ports
    const [trip, driver] = [turn.trip(tripId)!, turn.driver(unitId)!]
    turn.record([orderedByHand(trip, driver, presence(unitId), newOfferId(), policy.standing, turn.nowMs)])
  }

  /** A turn in which the desk matched was committed, or had nothing to commit. */
  matched(turn: Turn): void {
    if (turn.deskAsked) this.#allMustLook = false
  }

  /** Gives every waiting trip that can be served its offer, first in the queue first. Records into the turn. */
  match(turn: Turn): void {
    const { policy } = this.#ports
    const fresh = [...turn.trips.values()].filter(trip => trip.phase === 'pending' && !this.#waiting.has(trip.tripId))
    const allMustLook = this.#allMustLook || turn.deskAsked
    // Only units that came free since can serve trips that waited before, so a long queue costs nothing without such a unit.
    const freed = new FreedUnits(allMustLook ? [] : turn.freed().filter(unit => this.#waiting.isNeeded(unit)))
    const queue = this.#waiting.among(fresh, allMustLook || freed.isAny, policy.standing, turn.nowMs)
    if (queue.length === 0) return
    const mustLook = allMustLook ? 'all' : new Set(fresh.map(({ tripId }) => tripId))
    new Match(this.#ports, turn, this.#unitsOf(turn)).run(queue, mustLook, freed)
  }

  /** The units as the turn has them so far: one that it set free is there to be found. */
  #unitsOf(turn: Turn): MatchedUnits {
    const units: MatchedUnits = {
      census: new Census(this.#census),
      candidates: new CandidateView(this.#ports.finder),
    }
    for (const after of turn.drivers.values()) {
      const before = turn.driverBefore(after.unitId)
      // A unit that is new in this turn has no crew yet.
      if (before === undefined) continue
      units.census.count(before, -1)
      units.census.count(after, 1)
      this.#placeIn(units.candidates, after, this.#ports.presence(after.unitId).fix)
    }
    return units
  }
}
