/**
 * Patients that one crew leaves to another, as a record tells them and by no rule of the engine: each of them is with a unit
 * that the log names, or a person is told, and the call stays open.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { CallId, TripId } from '../../../src/domain/ids.ts'
import type { Findings } from './findings.ts'

/** What a crew says that leaves its patient to somebody else. */
const LEFT_TO_OTHERS = ['transferred-to-other-unit', 'transported-by-other-unit']
/** What a crew closes its trip as that met a patient. */
const MET_PATIENT = [
  ...[...LEFT_TO_OTHERS, 'transported', 'treated-on-scene', 'refused', 'evaluated-no-care', 'refused-care'],
  'refused-transport',
]
const WITH_PATIENT = ['on-scene', 'at-patient', 'transporting', 'at-destination', 'transferred']

interface Followed {
  readonly callId: CallId
  /** Its unit has reached the scene, or carried a patient to the end. */
  isWithPatient: boolean
  /** It has a unit, or its crew met a patient before it closed. */
  canHave: boolean
  left: boolean
  /** Undefined while the log has not said who has the patient. */
  receiver: TripId | null | undefined
  isTold: boolean
}

export class Handovers {
  readonly #findings: Findings
  readonly #trips = new Map<TripId, Followed>()
  readonly #tripsOf = new Map<CallId, TripId[]>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: a whole record. */
  take(events: readonly DomainEvent[], position: number): void {
    const calls = new Set<CallId>()
    for (const event of events) {
      if ('callId' in event && event.callId !== undefined) calls.add(event.callId)
      const named = 'tripId' in event && event.tripId !== undefined ? this.#trips.get(event.tripId) : undefined
      if (named !== undefined) calls.add(named.callId)
      this.#takeOne(event, position)
    }
    for (const callId of calls) {
      const isOver = events.some(
        event => (event.type === 'CallClosed' || event.type === 'CallCancelled') && event.callId === callId,
      )
      for (const tripId of this.#tripsOf.get(callId) ?? []) this.#check(tripId, isOver, position)
    }
  }

  #check(tripId: TripId, isOver: boolean, position: number): void {
    const trip = this.#trips.get(tripId)!
    const { receiver } = trip
    const isLost = receiver === undefined || (receiver !== null && this.#trips.get(receiver)?.canHave !== true)
    if (!trip.left || !isLost) return
    if (!trip.isTold)
      this.#find(`nobody knows who has the patient of ${tripId} at position ${position}, and nobody is told`)
    if (isOver) this.#find(`its call ends at position ${position}, and nobody knows who has the patient of ${tripId}`)
  }

  #takeOne(event: DomainEvent, position: number): void {
    switch (event.type) {
      case 'TripCreated':
      case 'HelpAdded': {
        const { tripId, callId } = event
        if (this.#trips.has(tripId)) return
        const fresh = { callId, isWithPatient: false, canHave: false, left: false, isTold: false }
        this.#trips.set(tripId, { ...fresh, receiver: undefined })
        this.#tripsOf.set(callId, [...(this.#tripsOf.get(callId) ?? []), tripId])
        return
      }
      case 'TripPhaseReached':
        Object.assign(this.#of(event.tripId), { isWithPatient: WITH_PATIENT.includes(event.phase), canHave: true })
        return
      case 'OfferAccepted':
        this.#of(event.tripId).canHave = true
        return
      case 'UnitWithdrawn':
      case 'AssignmentOverridden':
      case 'TripCancelled':
        Object.assign(this.#of(event.tripId), { isWithPatient: false, canHave: false })
        return
      case 'TripClosed': {
        const left = LEFT_TO_OTHERS.includes(event.disposition)
        const canHave = MET_PATIENT.includes(event.disposition)
        Object.assign(this.#of(event.tripId), { left, canHave, isWithPatient: event.disposition === 'transported' })
        return
      }
      case 'TripAlarmRaised':
        if (event.alarm === 'receiver-unknown') this.#of(event.tripId).isTold = true
        return
      case 'ReceiverNamed':
        this.#named(event, position)
    }
  }

  #named({ tripId, toTripId, cause }: Extract<DomainEvent, { type: 'ReceiverNamed' }>, position: number): void {
    const trip = this.#of(tripId)
    trip.receiver = toTripId
    trip.isTold = false
    const where = `at position ${position}`
    if (!trip.left) this.#find(`${tripId} has left no patient, and ${toTripId} is to have it ${where}`)
    if (toTripId === tripId) this.#find(`${tripId} is to have its own patient ${where}`)
    const others = this.#tripsOf.get(trip.callId)!.filter(other => other !== tripId)
    if (toTripId !== null && !others.includes(toTripId)) {
      this.#find(`the patient of ${tripId} is said to be with ${toTripId} of another call ${where}`)
    }
    if (cause !== 'system') return
    const sure = others.filter(other => this.#of(other).isWithPatient)
    const isSure =
      toTripId !== null &&
      sure.includes(toTripId) &&
      sure.every(other => other === toTripId || this.#hasFrom(other, tripId))
    if (!isSure)
      this.#find(`the patient of ${tripId} can be with ${sure.join(', ')}, and is said to be with ${toTripId} ${where}`)
  }

  /** Whether that trip has left its own patient to this one. */
  #hasFrom(other: TripId, tripId: TripId): boolean {
    let at: TripId | null | undefined = other
    for (let steps = 0; at !== null && at !== undefined && steps < 40; steps++) {
      if (at === tripId) return true
      at = this.#trips.get(at)?.receiver
    }
    return false
  }

  #of(tripId: TripId): Followed {
    return this.#trips.get(tripId)!
  }

  #find(text: string): void {
    this.#findings.find('patient-received', text)
  }
}
