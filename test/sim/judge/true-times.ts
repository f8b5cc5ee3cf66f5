/**
 * Whether the moments of the log are true, as far as it tells itself, by no rule of the engine: nobody's word is invented.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { UnitId } from '../../../src/domain/ids.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'

export class TrueTimes {
  readonly #findings: Findings
  /** Who is signed on to each unit. */
  readonly #crews = new Map<UnitId, string>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: who made the record; the trip that the event is of, as it is behind it. */
  take(event: DomainEvent, principal: string, trip: TripState | undefined, position: number): void {
    switch (event.type) {
      case 'CrewSignedOn':
        return void this.#crews.set(event.unitId, event.principal)
      case 'OfferAccepted': {
        if (this.#crews.get(event.unitId) === principal) return
        const what = `${event.unitId} is said at position ${position} to have taken ${event.tripId}, by ${principal},`
        if (event.implied !== true) this.#find(`${what} at ${event.happenedAtMs}, which it never said`)
        if (trip?.times.assigned !== undefined) this.#find(`${what} and the trip has ${trip.times.assigned} for it`)
      }
    }
  }

  #find(text: string): void {
    this.#findings.find('acknowledgement-said', text)
  }
}
