/**
 * The judge's own reading of a log: what each trip was after each record, and which unit was bound to what.
 *
 * It shares no code with the engine, so a mistake in the engine's rules for states cannot hide itself here.
 */
import type { DomainEvent } from '../../src/domain/events.ts'
import type { TripPhase } from '../../src/domain/vocabulary.ts'
import type { StoredRecord } from './stored.ts'

interface TripMoment {
  readonly position: number
  readonly phase: TripPhase
  /** The bound unit; in mode `ordered` from the order on. */
  readonly unitId: string | null
}

interface FoldedTrip {
  readonly tripId: string
  readonly callId: string
  readonly createdAt: number
  /** The engine made it, for another one of its call. */
  readonly isHelp: boolean
  /** Position and unit of the first offer. */
  firstOffer: { readonly position: number; readonly offerId: string } | null
  phase: TripPhase
  unitId: string | null
  /** The open offer and who has it. */
  offer: { readonly offerId: string; readonly unitId: string } | null
  /** What the trip was after each record that concerned it, oldest first. */
  readonly moments: TripMoment[]
}

export interface FoldedLog {
  readonly trips: ReadonlyMap<string, FoldedTrip>
  readonly offers: number
  readonly declined: number
  readonly timedOut: number
  /** The most trips that were pending after any one record. */
  readonly pendingMax: number
  /** Trips that something happened to twice, with what. */
  readonly doubled: readonly { readonly tripId: string; readonly text: string }[]
  /** What no sequence of right decisions can contain. */
  readonly broken: readonly { readonly position: number; readonly text: string }[]
}

export function foldLog(records: readonly StoredRecord[]): FoldedLog {
  const fold = new Fold()
  for (const { position, events } of records) {
    for (const event of events) fold.apply(event, position)
    fold.recordEnded()
  }
  return fold
}

/** What tells of moments, or of who has the patient, comes after the trip's end, too. */
const ANY_TIME: ReadonlySet<DomainEvent['type']> = new Set([
  ...(['UnitNotified', 'TripTimeNoted', 'TripTimeCorrected', 'ReceiverNamed'] as const),
])
/** What nobody has seen of a trip is raised, and answered, also when the trip is over. */
const isOfAlarm = (event: DomainEvent) =>
  'alarmId' in event || (event.type === 'TripAlarmRaised' && event.alarm === 'receiver-unknown')

class Fold implements FoldedLog {
  readonly trips = new Map<string, FoldedTrip>()
  readonly doubled: { tripId: string; text: string }[] = []
  readonly broken: { position: number; text: string }[] = []
  readonly #bound = new Map<string, string>()
  readonly #accepted = new Set<string>()
  readonly #pending = new Set<string>()
  offers = 0
  declined = 0
  timedOut = 0
  pendingMax = 0

  recordEnded(): void {
    this.pendingMax = Math.max(this.pendingMax, this.#pending.size)
  }

  apply(event: DomainEvent, position: number): void {
    if (event.type === 'TripCreated') return this.#create(event.tripId, event.callId, position, false)
    if (event.type === 'HelpAdded') {
      const helped = this.trips.get(event.helpsTripId)
      if (helped === undefined)
        this.broken.push({ position, text: `${event.tripId} helps a trip that was never created` })
      else this.#seen(helped, position)
      return this.#create(event.tripId, event.callId, position, true)
    }
    if (!('tripId' in event) || event.tripId === undefined) return
    const trip = this.trips.get(event.tripId)
    const breaks = (why: string) => this.broken.push({ position, text: `${event.type} of ${event.tripId} ${why}` })
    if (trip === undefined) return void breaks('names a trip that was never created')
    if (!isOfAlarm(event) && !ANY_TIME.has(event.type) && (trip.phase === 'closed' || trip.phase === 'cancelled'))
      breaks(`comes after the trip was ${trip.phase}`)

    switch (event.type) {
      case 'OfferMade': {
        if (trip.phase !== 'pending') breaks(`comes while the trip is ${trip.phase}`)
        const { offerId, unitId } = event
        this.offers += 1
        trip.firstOffer ??= { position, offerId }
        trip.offer = { offerId, unitId }
        trip.phase = 'offered'
        if (event.mode === 'ordered') this.#bind(unitId, trip)
        break
      }
      case 'OfferAccepted':
        if (this.#accepted.has(event.offerId)) this.#twice(trip, `offer ${event.offerId} was accepted twice`)
        else if (trip.offer?.offerId !== event.offerId) breaks('answers an offer that is not open')
        this.#accepted.add(event.offerId)
        this.#bind(event.unitId, trip)
        trip.offer = null
        trip.phase = 'assigned'
        break
      case 'OfferDeclined':
      case 'OfferTimedOut':
      case 'OfferRevoked':
        if (trip.offer?.offerId !== event.offerId) breaks('ends an offer that is not open')
        if (event.type === 'OfferDeclined') this.declined += 1
        if (event.type === 'OfferTimedOut') this.timedOut += 1
        this.#release(trip)
        trip.offer = null
        trip.phase = 'pending'
        break
      case 'AssignmentOverridden':
      case 'UnitWithdrawn': {
        const from = event.type === 'UnitWithdrawn' ? event.unitId : event.fromUnitId
        const had = trip.offer?.unitId ?? trip.unitId
        if (had !== from) breaks(`takes it from ${from}, and ${had} had it`)
        this.#release(trip)
        trip.offer = null
        trip.phase = 'pending'
        break
      }
      case 'TripPhaseReached':
        if (trip.unitId !== event.unitId) breaks(`is by ${event.unitId}, and the trip is bound to ${trip.unitId}`)
        trip.phase = event.phase
        break
      case 'TripClosed':
        if (trip.unitId !== event.unitId) breaks(`is by ${event.unitId}, and the trip is bound to ${trip.unitId}`)
        this.#release(trip)
        trip.phase = 'closed'
        break
      case 'TripCancelled':
        this.#release(trip)
        trip.phase = 'cancelled'
        break
      case 'TripAlarmRaised':
        break
    }
    this.#seen(trip, position)
  }

  #create(tripId: string, callId: string, position: number, isHelp: boolean): void {
    const before = this.trips.get(tripId)
    if (before !== undefined) return this.#twice(before, `it was created again at ${position}`)
    const trip: FoldedTrip = {
      tripId,
      callId,
      createdAt: position,
      isHelp,
      firstOffer: null,
      phase: 'pending',
      unitId: null,
      offer: null,
      moments: [],
    }
    this.trips.set(tripId, trip)
    this.#seen(trip, position)
  }

  #seen(trip: FoldedTrip, position: number): void {
    if (trip.phase === 'pending') this.#pending.add(trip.tripId)
    else this.#pending.delete(trip.tripId)
    const moment = { position, phase: trip.phase, unitId: trip.unitId }
    // One record is one step: what a trip was between two events of it, nobody can have seen.
    if (trip.moments.at(-1)?.position === position) trip.moments.pop()
    trip.moments.push(moment)
  }

  #bind(unitId: string, trip: FoldedTrip): void {
    const other = this.#bound.get(unitId)
    if (other !== undefined && other !== trip.tripId) {
      this.#twice(trip, `unit ${unitId} was bound to it while ${other} was open`)
    }
    if (trip.unitId !== null && trip.unitId !== unitId) {
      this.#twice(trip, `it was bound to ${unitId} while it was bound to ${trip.unitId}`)
    }
    this.#bound.set(unitId, trip.tripId)
    trip.unitId = unitId
  }

  #release(trip: FoldedTrip): void {
    if (trip.unitId !== null && this.#bound.get(trip.unitId) === trip.tripId) this.#bound.delete(trip.unitId)
    trip.unitId = null
  }

  #twice(trip: FoldedTrip, text: string): void {
    this.doubled.push({ tripId: trip.tripId, text })
  }
}
