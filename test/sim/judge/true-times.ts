/**
 * Whether the moments of the log are true, as far as it tells itself, by no rule of the engine: nobody's word is invented, and
 * what cannot be is flagged.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { OfferId, UnitId } from '../../../src/domain/ids.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'

/** What of a record matters here. */
interface Said {
  readonly principal: string
  readonly events: readonly DomainEvent[]
  readonly position: number
}

const REPORTS: ReadonlySet<DomainEvent['type']> = new Set(['TripPhaseReached', 'TripTimeNoted', 'TripClosed'])

export class TrueTimes {
  readonly #findings: Findings
  /** Who is signed on to each unit. */
  readonly #crews = new Map<UnitId, string>()
  /** When the decision was made that each offer is of. */
  readonly #decided = new Map<OfferId, number>()
  /** What has been said of each unit's work on a trip, since it was asked. */
  readonly #said = new Map<string, Map<string, number>>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: the record of the event; the trip that it is of, as it is behind it. */
  take(event: DomainEvent, { principal, events, position }: Said, trip: TripState | undefined): void {
    this.#order(event, position)
    switch (event.type) {
      case 'CrewSignedOn':
        return void this.#crews.set(event.unitId, event.principal)
      case 'OfferAccepted': {
        if (this.#crews.get(event.unitId) === principal) return
        // Who reports of its work has not heard when it took the trip; who says no more than that has.
        const { tripId } = event
        const isReported = events.some(other => REPORTS.has(other.type) && 'tripId' in other && other.tripId === tripId)
        if (!isReported && event.implied !== true && event.cause === 'dispatcher') return
        const what = `${event.unitId} is said at position ${position} to have taken ${event.tripId}, by ${principal},`
        if (event.implied !== true) this.#find(`${what} at ${event.happenedAtMs}, which it never said`)
        if (trip?.times.assigned !== undefined) this.#find(`${what} and the trip has ${trip.times.assigned} for it`)
      }
    }
  }

  /** The order of a unit's day: each moment is held against those that were said before it. */
  #order(event: DomainEvent, position: number): void {
    if (!('unitId' in event) || event.unitId === null || !('tripId' in event)) return
    const key = `${event.tripId} ${event.unitId}`
    if (event.type === 'OfferMade') {
      this.#decided.set(event.offerId, event.offeredAtMs)
      return void this.#said.set(key, new Map([['asked', event.offeredAtMs]]))
    }
    const said = this.#said.get(key)
    if (said === undefined) return
    if (event.type === 'UnitNotified') {
      if (event.notifiedAtMs === null) return
      // It may have been asked once more since, by a dispatcher.
      if (event.notifiedAtMs < this.#decided.get(event.offerId)!)
        this.#findings.find('times-in-order', `${key} is notified at position ${position} before anybody decided on it`)
      return void said.set('asked', Math.max(said.get('asked')!, event.notifiedAtMs))
    }
    const what = wordOf(event)
    // What the wheels say is beside what people say.
    if ('cause' in event && event.cause === 'geofence') return
    if (what === null || !('happenedAtMs' in event) || (event.type === 'OfferAccepted' && event.implied === true))
      return
    const { happenedAtMs } = event
    const fits = [...said].every(([other, atMs]) => {
      if (comesAfter(what, other)) return happenedAtMs >= atMs
      return !comesAfter(other, what) || happenedAtMs <= atMs
    })
    const isFlagged = 'implausible' in event && event.implausible === true
    if (fits === isFlagged)
      this.#findings.find(
        'times-in-order',
        `${event.type} of ${key} at position ${position}, ${what} at ${happenedAtMs}, is ${isFlagged ? '' : 'not '}flagged, beside ${JSON.stringify([...said])}`,
      )
    // The first word stands.
    if (!said.has(what)) said.set(what, happenedAtMs)
  }

  #find(text: string): void {
    this.#findings.find('acknowledgement-said', text)
  }
}

/** Steps of the work, in their order; at the patient somebody may be before the vehicle has moved. */
const STEPS = ['en-route', 'on-scene', 'at-patient', 'left-scene', 'at-destination', 'transferred', 'back-in-service']
/** What comes when it comes, behind these. */
const ASIDE: Readonly<Record<string, readonly string[]>> = {
  acknowledged: [],
  staged: ['en-route'],
  'landing-area': ['en-route', 'on-scene', 'at-patient', 'left-scene'],
  'at-station': [],
  completed: [],
}

function comesAfter(what: string, other: string): boolean {
  if (other === 'asked') return true
  if (what in ASIDE) return ASIDE[what]!.includes(other)
  if (what === 'at-patient' || !STEPS.includes(other)) return false
  return STEPS.indexOf(what) > STEPS.indexOf(other)
}

function wordOf(event: DomainEvent): string | null {
  switch (event.type) {
    case 'OfferAccepted':
      return 'acknowledged'
    case 'TripPhaseReached':
      return event.phase === 'transporting' ? 'left-scene' : event.phase
    case 'TripTimeNoted':
      return event.time
    case 'TripClosed':
      return 'back-in-service'
    default:
      return null
  }
}
