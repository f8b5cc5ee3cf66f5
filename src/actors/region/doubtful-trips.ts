/**
 * The trips that a last resort is asked for by the desk, as a fold over their states. It may be long in answering, or never
 * answer, so its order ends once somebody could go.
 */
import { ranksOf } from '../../domain/dispatch/queue.ts'
import type { WaitingTrips } from '../../domain/dispatch/waiting-trips.ts'
import { driverKey, tripKey } from '../../domain/entity.ts'
import type { TripId } from '../../domain/ids.ts'
import type { StandingPolicy } from '../../domain/policy.ts'
import { isDoubtful, isWaiting, type TripState } from '../../domain/trip/trip.ts'
import { revokedOffer } from '../../domain/unit/offer-answers.ts'
import type { Lookout } from './lookout.ts'
import type { Turn } from './turn.ts'

export class DoubtfulTrips {
  /** No more than have an open order. */
  readonly #trips = new Set<TripId>()

  get size(): number {
    return this.#trips.size
  }

  put(trip: TripState): void {
    if (isDoubtful(trip)) this.#trips.add(trip.tripId)
    else this.#trips.delete(trip.tripId)
  }

  /**
   * Ends the orders for which the match behind this finds a unit, into the turn: only where there are more units that could go
   * than trips that wait and may go first. Input: `look`, at the units as the turn has them.
   */
  giveUp(turn: Turn, waiting: WaitingTrips, policy: StandingPolicy, look: () => Lookout): void {
    if (this.#trips.size === 0) return
    const doubtful = [...this.#trips]
      .flatMap(tripId => turn.trip(tripId) ?? [])
      .filter(trip => {
        return isDoubtful(trip) && !turn.isHeld(tripKey(trip.tripId)) && !turn.isHeld(driverKey(trip.offer!.unitId))
      })
    const fresh = waiting.newAmong(turn.trips.values())
    const lookout = look()
    let ahead = 0
    for (const tied of ranksOf(waiting.among([...fresh, ...doubtful], true, policy, turn.nowMs))) {
      const trips = tied.map(({ tripId }) => turn.trip(tripId)!)
      // Of one rank any may go first.
      ahead += trips.filter(isWaiting).length
      for (const trip of trips.filter(isDoubtful)) {
        if (lookout.tally(trip, { number: trip.round, asked: trip.asked }).eligible <= ahead) continue
        turn.record(revokedOffer(turn.driver(trip.offer!.unitId)!, 'fitter-unit'))
        ahead += 1
      }
    }
  }
}
