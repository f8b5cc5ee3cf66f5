/** Trips that a dispatcher keeps, as the events tell it and by no rule of the engine: nobody is offered one but by a person. */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId, UnitId } from '../../../src/domain/ids.ts'
import type { Findings } from './findings.ts'

export class Holds {
  readonly #findings: Findings
  readonly #held = new Set<TripId>()
  /** The unit that a dispatcher has given each trip to, until it is answered or over. */
  readonly #byHand = new Map<TripId, UnitId>()
  /** An order by hand that nobody has answered, in this record. */
  #unanswered: { readonly tripId: TripId; readonly position: number } | null = null

  constructor(findings: Findings) {
    this.#findings = findings
  }

  take(event: DomainEvent, position: number): void {
    if (this.#unanswered !== null && this.#unanswered.position !== position) this.#notReturned()
    switch (event.type) {
      case 'AssignmentOverridden':
        return void this.#byHand.set(event.tripId, event.unitId)
      case 'TripPutOnHold':
        if (this.#unanswered?.tripId === event.tripId) this.#unanswered = null
        return void this.#held.add(event.tripId)
      case 'OfferMade': {
        const isByHand = this.#byHand.get(event.tripId) === event.unitId
        if (this.#held.has(event.tripId) && !isByHand)
          this.#find(`${event.tripId} is on hold, and ${event.unitId} is asked at position ${position}`)
        return void this.#held.delete(event.tripId)
      }
      case 'OfferTimedOut':
        if (this.#byHand.get(event.tripId) === event.unitId) this.#unanswered = { tripId: event.tripId, position }
        return void this.#byHand.delete(event.tripId)
      case 'TripTakenOffHold':
      case 'TripReleased':
      case 'TripCancelled':
        this.#held.delete(event.tripId)
        return void this.#byHand.delete(event.tripId)
      case 'OfferAccepted':
      case 'OfferRevoked':
      case 'UnitWithdrawn':
        return void this.#byHand.delete(event.tripId)
    }
  }

  end(): void {
    if (this.#unanswered !== null) this.#notReturned()
  }

  #notReturned(): void {
    const { tripId, position } = this.#unanswered!
    this.#unanswered = null
    this.#find(
      `the order by hand of ${tripId} was not answered at position ${position}, and the trip is the desk's again`,
    )
  }

  #find(text: string): void {
    this.#findings.find('hold-kept', text)
  }
}
