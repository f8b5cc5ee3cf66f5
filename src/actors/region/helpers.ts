/**
 * Help within a match: once the trips of a priority have their units, those that may be helped get a trained crew of a lower
 * level, on a trip that the system adds.
 *
 * Only then, or a crew would go to help where it is the right one for a trip that is as urgent.
 */

import { TRIPS_PER_CALL_MAX } from '../../domain/call.ts'
import { farOf } from '../../domain/dispatch/far.ts'
import { helpAdded, helpSearches, helpWithin, mayBeHelped } from '../../domain/dispatch/help.ts'
import type { Waiting } from '../../domain/dispatch/queue.ts'
import type { Round } from '../../domain/dispatch/rounds.ts'
import { callKey } from '../../domain/entity.ts'
import type { TripId } from '../../domain/ids.ts'
import { type TripState, unitOf } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { Priority } from '../../domain/vocabulary.ts'
import type { Choice, Lookout, LookoutPorts } from './lookout.ts'
import type { Turn } from './turn.ts'

interface HelpersPorts extends LookoutPorts {
  readonly newId: () => string
}

/** Offers a trip to the first of the candidates; answers that unit as it was before. */
type Offer = (trip: TripState, round: Round, choice: Choice) => DriverState

const NOBODY: readonly TripId[] = []

export class Helpers {
  readonly #ports: HelpersPorts
  readonly #turn: Turn
  readonly #lookout: Lookout
  /** Trips that were looked at, all of one priority. */
  #looked: TripId[] | null = null
  #priority: Priority | null = null

  constructor(ports: HelpersPorts, turn: Turn, lookout: Lookout) {
    this.#ports = ports
    this.#turn = turn
    this.#lookout = lookout
  }

  /** Whether a freed unit may help a trip that waits, whatever that needs. */
  mayHelp({ priority, isHelped }: Waiting): boolean {
    return !isHelped && this.#ports.policy.standing.whenNoneFree[priority] !== 'wait'
  }

  /** The trip had its turn. */
  note(trip: TripState): void {
    if (!mayBeHelped(trip, this.#ports.policy.standing)) return
    this.#looked ??= []
    this.#looked.push(trip.tripId)
  }

  /** The trips that may be helped now that the match has come to another priority, or to its end: null. */
  due(priority: Priority | null): readonly TripId[] {
    if (priority === this.#priority) return NOBODY
    this.#priority = priority
    const due = this.#looked ?? NOBODY
    this.#looked = null
    return due
  }

  /** Sends help to a trip if there is anybody. Output: who is sent, as it was before. */
  send(tripId: TripId, offer: Offer): DriverState | null {
    const { policy, newId } = this.#ports
    const trip = this.#turn.trip(tripId)!
    const searches = helpSearches(trip, policy.standing)
    const within = searches.length === 0 ? 0 : this.#beforeItsUnit(trip)
    const call = this.#turn.call(trip.callId)
    // A call that is held, or has as many trips as it may, gets no further one.
    const isFull = call === undefined || call.tripIds.length >= TRIPS_PER_CALL_MAX
    if (within <= 0 || isFull || this.#turn.isHeld(callKey(trip.callId))) return null
    for (const search of searches) {
      // As the trip that helps will be.
      const sought = { ...trip, need: search.need }
      const round = { number: 1, asked: trip.asked }
      if (this.#lookout.tally(sought, round).eligible === 0) continue
      if (!this.#lookout.isAnyWithin(sought, round, within)) continue
      const choice = this.#lookout.choice(sought, round)
      if (choice.candidates.length === 0 || farOf(choice.candidates[0]!) > within) continue
      const helpId = newId()
      this.#turn.record([helpAdded(trip, call, helpId, search)])
      return offer(this.#turn.trip(helpId)!, round, choice)
    }
    return null
  }

  /** How near somebody must be to be sent on this trip: no limit but for one that helps, while its other trip has a unit. */
  within({ helps }: TripState): number {
    const helped = helps === undefined ? undefined : this.#turn.trip(helps)
    return helped === undefined ? Number.POSITIVE_INFINITY : this.#beforeItsUnit(helped)
  }

  #beforeItsUnit(trip: TripState): number {
    const unitId = unitOf(trip)
    const unit = unitId === null ? null : this.#lookout.seenFrom(trip, unitId)
    if (unit === null) return Number.POSITIVE_INFINITY
    return helpWithin(farOf(unit), this.#lookout.basisFor(trip), this.#ports.policy.standing)
  }
}
