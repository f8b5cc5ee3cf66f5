/**
 * The region's dispatch desk: the queue of pending trips and the units that can serve them, as folds over their states.
 *
 * It has no log of its own. The rules are those of `domain/dispatch`; the desk keeps what they look at, and a match
 * (`match.ts`) records what they decide. Search runs over all units at once, nearest first, so there is no radius to widen.
 */

import { FreedUnits } from '../../domain/dispatch/freed-units.ts'
import { neededBy } from '../../domain/dispatch/help.ts'
import { orderedByHand } from '../../domain/dispatch/override.ts'
import { PASSED_OVER_NAMED } from '../../domain/dispatch/ranking.ts'
import { WaitingTrips } from '../../domain/dispatch/waiting-trips.ts'
import { byKind, type EntityKey, tripKey } from '../../domain/entity.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { Position } from '../../domain/geo.ts'
import type { TripId, UnitId } from '../../domain/ids.ts'
import { isWaiting, type TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { Priority } from '../../domain/vocabulary.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import { DeskUnits, type DeskUnitsPorts } from './desk-units.ts'
import { DoubtfulTrips } from './doubtful-trips.ts'
import type { ChangedUnit, MoveFollower, PresenceFollower, TurnFollower, TurnStep } from './followers.ts'
import { Lookout } from './lookout.ts'
import { Match, type MatchPorts } from './match.ts'
import type { EventRejected } from './quarantine.ts'
import type { Turn } from './turn.ts'

type DeskPorts = MatchPorts & DeskUnitsPorts

interface MovedUnit {
  readonly state: DriverState
  readonly location: { readonly current: PlacedFix | null }
}

export class Desk implements TurnStep, TurnFollower, MoveFollower, PresenceFollower {
  readonly #ports: DeskPorts
  readonly #waiting = new WaitingTrips()
  readonly #doubtful = new DoubtfulTrips()
  readonly #units: DeskUnits
  #allMustLook = false

  constructor(ports: DeskPorts) {
    this.#ports = ports
    this.#units = new DeskUnits(ports)
  }

  /** Whether a unit that could go would be given a trip, as far as that can be told without a look at it. */
  get isLooking(): boolean {
    return this.#waiting.size > 0 || this.#doubtful.size > 0
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

  moved({ state, location }: MovedUnit, before: PlacedFix | null): void {
    this.#units.moved(state, location.current, before)
  }

  connected({ unitId }: UnitActor): void {
    this.#units.look(unitId)
  }

  disconnected({ unitId }: UnitActor): void {
    this.#units.look(unitId)
  }

  /** Region time has stepped. */
  stepped(): void {
    this.#units.stepped()
  }

  /** Folds a trip's new state into the queue. */
  onTrip(trip: TripState): void {
    const isServed = isWaiting(trip) && !this.#ports.quarantine.has(tripKey(trip.tripId))
    this.#doubtful.put(trip)
    if (isServed) this.#waiting.put(trip)
    else this.#waiting.drop(trip.tripId)
  }

  /** An actor came into quarantine: a trip is served no more, a unit no longer found. */
  hold(entity: EntityKey): void {
    byKind(entity, {
      driver: unitId => this.#units.hold(unitId),
      trip: tripId => void this.#waiting.drop(tripId),
      call: () => undefined,
      region: () => undefined,
    })
  }

  /** Folds a unit's change into what the desk sees of the units. */
  onDriver(before: DriverState | undefined, after: DriverState, place: Position | null): void {
    this.#units.changed(before, after, place)
  }

  /** Puts a unit where the finder must look for it, or takes it out. */
  placeUnit(driver: DriverState, place: Position | null): void {
    this.#units.place(driver, place)
  }

  /** How far a place is from the nearest unit that could be sent, or is on its way; null when there is none. */
  nearestUnitM(place: Position): number | null {
    return this.#units.nearestM(place)
  }

  /** The units as they are now. */
  look(): Lookout {
    return new Lookout(this.#ports, this.#units.now())
  }

  /** A unit may have become eligible outside a turn (it came back, its position did): all who wait must be looked at. */
  unitsChanged(): void {
    this.#allMustLook = true
  }

  /** Orders a pending trip to the unit that a dispatcher has chosen. Records into the turn. */
  order(turn: Turn, tripId: TripId, unitId: UnitId): void {
    const { policy, presence, newId } = this.#ports
    const [trip, driver] = [turn.trip(tripId)!, turn.driver(unitId)!]
    const lookout = new Lookout(this.#ports, this.#units.inTurn(turn))
    const round = { number: trip.round, asked: trip.asked }
    const choice = lookout.choice(trip, round)
    const seen = lookout.seen(trip, round, choice, PASSED_OVER_NAMED)
    const verdict = lookout.verdictAmong(choice, trip, unitId, round)
    const orders = orderedByHand(
      trip,
      driver,
      presence(unitId),
      lookout.seenFrom(trip, unitId),
      seen,
      verdict,
      neededBy(turn, trip),
      newId(),
      policy.standing,
      policy.disconnectGraceMs,
      turn.nowMs,
    )
    turn.record(orders)
  }

  /** A turn in which the desk matched was committed, or had nothing to commit. */
  matched(turn: Turn): void {
    if (turn.deskAsked) this.#allMustLook = false
  }

  /** Gives every waiting trip that can be served its offer, first in the queue first. Records into the turn. */
  match(turn: Turn): void {
    const { policy } = this.#ports
    this.#doubtful.giveUp(
      turn,
      this.#waiting,
      policy.standing,
      () => new Lookout(this.#ports, this.#units.inTurn(turn)),
    )
    const fresh = this.#waiting.newAmong(turn.trips.values())
    const allMustLook = this.#allMustLook || turn.deskAsked
    // Only units that came free since can serve trips that waited before, so a long queue costs nothing without such a unit.
    const freed = new FreedUnits(
      allMustLook ? [] : turn.freed().filter(unit => this.#waiting.isNeeded(unit, policy.standing)),
    )
    const queue = this.#waiting.among(fresh, allMustLook || freed.isAny, policy.standing, turn.nowMs)
    if (queue.length === 0) return
    const mustLook = allMustLook ? 'all' : new Set(fresh.map(({ tripId }) => tripId))
    new Match(this.#ports, turn, this.#units.inTurn(turn)).run(queue, mustLook, freed)
  }
}
