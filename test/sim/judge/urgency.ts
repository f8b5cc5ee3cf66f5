/**
 * The trips that must not be overtaken: those of priority 1 and 2 that wait, each since it was entered, by an account of
 * the judge's own.
 */

import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId } from '../../../src/domain/ids.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'
import type { StateHistory } from './history.ts'
import { couldServe } from './needs.ts'

type OfferMade = Extract<DomainEvent, { type: 'OfferMade' }>

/** The highest number of a priority that nothing less urgent may overtake. */
const URGENT_UP_TO = 2

export class UrgencyAccount {
  readonly #findings: Findings
  /** When each trip that waits, or waited, was entered. */
  readonly #enteredAtMs = new Map<TripId, number>()
  readonly #waiting = new Set<TripId>()
  readonly #isHelp: (tripId: TripId) => boolean

  /** Input: whether a trip helps another one: nobody has to go for it who is too far away to be of use. */
  constructor(findings: Findings, isHelp: (tripId: TripId) => boolean) {
    this.#findings = findings
    this.#isHelp = isHelp
  }

  /** Takes in an event. Input: the states behind it. */
  apply(states: StateHistory, event: DomainEvent, recordedAtMs: number): void {
    if (event.type === 'TripCreated' || event.type === 'HelpAdded')
      this.#enteredAtMs.set(event.tripId, event.atMs ?? recordedAtMs)
    // What was held has the place of when its caller called.
    if (event.type === 'TripReleased') this.#enteredAtMs.set(event.tripId, event.receivedAtMs)
    const tripIds =
      'tripIds' in event ? event.tripIds : 'tripId' in event && event.tripId !== undefined ? [event.tripId] : []
    for (const tripId of tripIds) this.#look(tripId, states.trip(tripId))
  }

  #look(tripId: TripId, trip: TripState | undefined): void {
    if (
      trip?.phase === 'pending' &&
      trip.onHold === undefined &&
      trip.priority <= URGENT_UP_TO &&
      !this.#isHelp(tripId)
    )
      this.#waiting.add(tripId)
    else this.#waiting.delete(tripId)
  }

  /** Looks at an offer by the desk's own choice. Input: the states before it. */
  check(states: StateHistory, trip: TripState, offer: OfferMade, position: number): void {
    const unit = states.driver(offer.unitId)
    if (unit === undefined) return
    for (const tripId of this.#waiting) {
      const other = states.trip(tripId)!
      // In its round the unit was asked for it; it waits for the next one.
      if (!this.#goesBefore(other, trip) || !couldServe(unit, other.need) || other.asked.includes(unit.unitId)) continue
      const what = ({ priority }: TripState) => `priority ${priority}`
      const text = `${unit.unitId} is offered ${trip.tripId} of ${what(trip)} at position ${position}, and ${tripId} of ${what(other)} waits for such a unit`
      this.#findings.find('urgent-first', text)
    }
  }

  #goesBefore(other: TripState, trip: TripState): boolean {
    if (other.priority !== trip.priority) return other.priority < trip.priority
    return this.#enteredAtMs.get(other.tripId)! < this.#enteredAtMs.get(trip.tripId)!
  }
}
