/** Tells what the board says in plain sentences, each with the time since the start. */
import type { BoardEvents } from '../client/index.ts'
import type { Candidate } from '../domain/events/decision-record.ts'
import type { DomainEvent } from '../domain/events.ts'

export class Commentary {
  readonly #tell: (line: string) => void
  /** Short names for the trips that go on, in the order in which they come. */
  readonly #names = new Map<string, string>()
  #named = 0
  baseMs = 0

  constructor(tell: (line: string) => void) {
    this.#tell = tell
  }

  record({ recordedAtMs, events }: BoardEvents): void {
    const since = new Date(Math.max(0, recordedAtMs - this.baseMs)).toISOString().slice(11, 19)
    for (const event of events) {
      const sentence = this.#sentence(event)
      if (sentence !== null) this.#tell(`+${since}  ${sentence}`)
    }
  }

  #sentence(event: DomainEvent): string | null {
    switch (event.type) {
      case 'TripCreated': {
        this.#named += 1
        this.#names.set(event.tripId, `T${this.#named}`)
        return `${this.#name(event)}  a call of priority ${event.priority} needs ${event.need.levelOfCare}`
      }
      case 'HelpAdded': {
        this.#named += 1
        this.#names.set(event.tripId, `T${this.#named}`)
        const helped = this.#names.get(event.helpsTripId) ?? event.helpsTripId
        return `${this.#name(event)}  somebody is to help ${helped} at once`
      }
      case 'OfferMade': {
        const [first, next] = event.decision.candidates
        const second = next === undefined ? 'nobody else is free' : `next would be ${next.unitId} at ${howFar(next)}`
        const verb = event.mode === 'ordered' ? 'ordered' : 'offered'
        return `${this.#name(event)}  ${verb} to ${event.unitId}, ${first === undefined ? 'nobody knows where' : `${howFar(first)} away`} (${second})`
      }
      case 'OfferAccepted':
        return `${this.#name(event)}  ${event.unitId} accepts`
      case 'OfferDeclined':
        return `${this.#name(event)}  ${event.unitId} declines`
      case 'OfferTimedOut':
        return `${this.#name(event)}  ${event.unitId} does not answer; its time is over`
      case 'OfferRevoked':
        return `${this.#name(event)}  taken back from ${event.unitId} (${event.reason})`
      case 'TripAlarmRaised':
        return `${this.#name(event)}  ALARM: ${event.alarm}`
      case 'TripPhaseReached':
        return `${this.#name(event)}  ${event.unitId} is ${event.phase}`
      case 'DestinationNamed':
        return event.place === null
          ? null
          : `${this.#name(event)}  ${event.unitId ?? 'its unit'} will bring the patient to ${event.place.name}`
      case 'TripClosed':
        return `${this.#lastName(event)}  ${event.unitId} is free again (${event.disposition})`
      case 'TripCancelled':
        return `${this.#lastName(event)}  cancelled while ${event.inPhase}`
      default:
        return null
    }
  }

  #name({ tripId }: { readonly tripId: string }): string {
    return (this.#names.get(tripId) ?? '?').padEnd(4)
  }

  #lastName(trip: { readonly tripId: string }): string {
    const name = this.#name(trip)
    this.#names.delete(trip.tripId)
    return name
  }
}

/** By road in minutes and seconds; by the straight line in metres. */
function howFar({ etaMs, distanceM }: Pick<Candidate, 'etaMs' | 'distanceM'>): string {
  if (etaMs === undefined) return `${distanceM} m`
  const seconds = Math.round(etaMs / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`
}
