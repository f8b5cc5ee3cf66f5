/** The checker's own reading of events: where each trip that has not ended is, and which unit is bound to what. */
import type { Find } from './findings.ts'
import type { StoredEvent, StoredRecord } from './stored.ts'

export interface OpenTrip {
  phase: string
  /** Who is bound to it. */
  unitId: string | null
  offer: { readonly offerId: string; readonly unitId: string } | null
}

const ANY_TIME = /^(UnitNotified|ReceiverNamed|TripTime\w+|\w*Alarm\w+)$/

export class TripFold {
  /** Trips that have not ended; an ended one leaves only its name behind. */
  readonly open = new Map<string, OpenTrip>()
  readonly bound = new Map<string, string>()
  readonly #ended = new Set<string>()
  #offers = 0

  /** Offers made, ever. */
  get offers(): number {
    return this.#offers
  }

  apply(record: StoredRecord, find: Find): void {
    for (const event of record.events) if (event.tripId !== undefined) this.#one(event, event.tripId, record, find)
  }

  /** What tells of moments, alarms, or of who has the patient comes after the trip's end, too, and changes nothing of where the trip is. */
  #one(event: StoredEvent, tripId: string, { position }: StoredRecord, find: Find): void {
    const breaks = (why: string) => find('log-broken', `position ${position}`, `${event.type} of trip ${tripId} ${why}`)
    if (event.type === 'TripCreated' || event.type === 'HelpAdded') {
      if (this.open.has(tripId) || this.#ended.has(tripId)) {
        return find('trip-doubled', `trip ${tripId}`, `it is created again at ${position}`)
      }
      this.open.set(tripId, { phase: 'pending', unitId: null, offer: null })
      return
    }
    if (ANY_TIME.test(event.type)) return
    const trip = this.open.get(tripId)
    if (trip === undefined) return breaks(this.#ended.has(tripId) ? 'comes after its end' : 'names no trip')
    switch (event.type) {
      case 'OfferMade':
        if (trip.phase !== 'pending') breaks(`comes while it is ${trip.phase}`)
        this.#offers += 1
        trip.phase = 'offered'
        trip.offer = { offerId: event.offerId!, unitId: event.unitId! }
        return
      case 'OfferAccepted':
        if (trip.offer?.offerId !== event.offerId) breaks('answers an offer that is not open')
        trip.phase = 'assigned'
        trip.offer = null
        return this.#bind(tripId, trip, event.unitId!, position, find)
      case 'OfferDeclined':
      case 'OfferTimedOut':
      case 'OfferRevoked':
        if (trip.offer?.offerId !== event.offerId) breaks('ends an offer that is not open')
        return this.#backToQueue(tripId, trip)
      case 'AssignmentOverridden':
      case 'UnitWithdrawn':
        return this.#backToQueue(tripId, trip)
      case 'TripPhaseReached':
        if (trip.unitId !== event.unitId) breaks(`is by ${event.unitId}, and it is bound to ${trip.unitId}`)
        trip.phase = event.phase!
        return
      case 'TripClosed':
      case 'TripCancelled':
        this.#backToQueue(tripId, trip)
        this.open.delete(tripId)
        this.#ended.add(tripId)
    }
  }

  #bind(tripId: string, trip: OpenTrip, unitId: string, position: number, find: Find): void {
    const other = this.bound.get(unitId)
    if (other !== undefined && other !== tripId) {
      find('unit-has-two-trips', `unit ${unitId}`, `trip ${tripId} is bound to it at ${position}, and so is ${other}`)
    }
    if (trip.unitId !== null && trip.unitId !== unitId) {
      find('trip-doubled', `trip ${tripId}`, `it is bound to ${unitId} at ${position}, and was to ${trip.unitId}`)
    }
    trip.unitId = unitId
    this.bound.set(unitId, tripId)
  }

  #backToQueue(tripId: string, trip: OpenTrip): void {
    if (trip.unitId !== null && this.bound.get(trip.unitId) === tripId) this.bound.delete(trip.unitId)
    trip.unitId = null
    trip.offer = null
    trip.phase = 'pending'
  }
}
