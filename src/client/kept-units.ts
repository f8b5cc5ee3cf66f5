/** A unit of a board after an event, as `docs/protocol/events.md` says. Positions and connections are told elsewhere. */
import { canTransport } from '../domain/events/unit-events.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { Dispatchability, UnitStatus } from '../domain/vocabulary.ts'
import type { UnitView } from '../protocol/wire/situation-views.ts'

type EventType = DomainEvent['type']

/** What a crew has done or said, itself or by the desk; what its wheels say is no person. */
const SIGNS: ReadonlySet<EventType> = new Set<EventType>([
  ...(['CrewSignedOn', 'CrewSignedOff', 'UnitBecameAvailable', 'UnitBecameUnavailable', 'UnitCleared'] as const),
  ...(['UnitContacted', 'StandDownAcknowledged', 'OfferAccepted', 'OfferDeclined'] as const),
  ...(['TripPhaseReached', 'TripTimeNoted', 'TripClosed', 'UnitReleased'] as const),
])
/** What shows that a crew knows of the trip that was taken from it. */
const KNOWS: ReadonlySet<EventType> = new Set<EventType>([
  ...(['StandDownAcknowledged', 'CrewSignedOn', 'CrewSignedOff', 'UnitBecameAvailable'] as const),
  ...(['UnitCleared', 'OfferAccepted', 'UnitReleased'] as const),
])

export const isSignOfCrew = (event: DomainEvent): boolean =>
  SIGNS.has(event.type) && !('cause' in event && event.cause === 'geofence')
export const showsCrewKnows = (event: DomainEvent): boolean => KNOWS.has(event.type)

/** The unit whose situation an event may change; null for events of trips and calls alone. */
export function unitOfEvent(event: DomainEvent): string | null {
  // The new unit's own event is the order behind it.
  if (event.type === 'AssignmentOverridden') return event.fromUnitId
  // Of a trip's alarm the unit is only named.
  if (event.type === 'TripAlarmRaised' || event.type === 'TripAlarmCleared') return null
  return 'unitId' in event ? (event.unitId ?? null) : null
}

type Change = Partial<UnitView>

const OFF_DUTY = { status: 'off-duty', crew: null, unavailableReason: null, emergencySinceMs: null } as const
const FREE: Change = { status: 'available', offerId: null, tripId: null }

/** Input: the unit before the event, the position of its record, and when it was recorded. */
export function unitAfter(unit: UnitView, event: DomainEvent, position: number, recordedAtMs: number): UnitView {
  const change = changeOf(unit, event)
  if (change === null) return unit
  const next = { ...unit, ...change, version: position }
  const atMs = 'happenedAtMs' in event ? event.happenedAtMs : recordedAtMs
  const knows = KNOWS.has(event.type) ? { takenTripId: null } : {}
  const heard = SIGNS.has(event.type) ? { noContact: false } : {}
  const whole = { ...next, ...knows, ...heard }
  const statusSinceMs = whole.status === unit.status ? unit.statusSinceMs : atMs
  return { ...whole, statusSinceMs, dispatchability: dispatchability(whole) }
}

/** Null where the event says nothing of the unit's situation. */
function changeOf(unit: UnitView, event: DomainEvent): Change | null {
  switch (event.type) {
    case 'UnitRegistered':
      return referenceIn(event)
    case 'UnitReleased':
      return { ...referenceIn(event), ...FREE, ...OFF_DUTY }
    case 'CrewSignedOn':
      return { crew: event.principal, ...(unit.status === 'off-duty' ? { status: 'available' } : {}) }
    case 'CrewSignedOff':
      return { crew: null, unavailableReason: null, ...(unit.tripId === null ? { status: 'off-duty' } : {}) }
    case 'UnitBecameAvailable':
      return { status: 'available', unavailableReason: null }
    case 'UnitBecameUnavailable': {
      const isLeaving = unit.status === 'standing-down'
      return { unavailableReason: event.reason, ...(isLeaving ? {} : { status: 'unavailable' }) }
    }
    case 'UnitCleared':
      return { status: unit.unavailableReason === null ? 'available' : 'unavailable', tripId: null }
    case 'EmergencyCalled':
      return { emergencySinceMs: event.happenedAtMs }
    case 'EmergencyEnded':
      return { emergencySinceMs: null }
    case 'StandDownAcknowledged':
    case 'UnitContacted':
    case 'UnitAlarmRaised':
    case 'FixHoleRecorded':
    case 'TripTimeNoted':
    case 'AlarmAcknowledged':
    case 'AlarmShelved':
    case 'AlarmEscalated':
    case 'AlarmLapsed':
      return {}
    default:
      return workAfter(event)
  }
}

/** By what becomes of its trip. */
function workAfter(event: DomainEvent): Change | null {
  switch (event.type) {
    case 'OfferMade':
      return { status: 'offered', offerId: event.offerId, tripId: event.tripId }
    case 'OfferAccepted':
      return { status: 'assigned', offerId: null }
    case 'OfferDeclined':
    case 'OfferRevoked':
    case 'TripClosed':
    case 'TripReleased':
      return FREE
    case 'OfferTimedOut':
      return { ...FREE, ...(event.noContact === true ? { noContact: true } : {}) }
    case 'TripPhaseReached':
      return { status: statusIn(event.phase) }
    case 'UnitWithdrawn':
    case 'AssignmentOverridden':
    case 'TripCancelled': {
      const taken = event.tellsCrew === true ? { takenTripId: event.tripId } : {}
      if (event.standsDown !== true) return { ...FREE, ...taken }
      return { status: 'standing-down', offerId: null, tripId: event.tripId, ...taken }
    }
    default:
      return null
  }
}

/** As a unit comes on the board. */
export function newUnit(event: Extract<DomainEvent, { type: 'UnitRegistered' }>, recordedAtMs: number): UnitView {
  return {
    ...referenceIn(event),
    ...{ status: 'off-duty', dispatchability: 'not-available', statusSinceMs: recordedAtMs, retired: false },
    ...{ unavailableReason: null, crew: null, connected: false, awaySinceMs: null, reach: 'voice', noContact: false },
    ...{ emergencySinceMs: null, takenTripId: null, fix: null, offerId: null, tripId: null, version: 0 },
  }
}

function referenceIn(event: Extract<DomainEvent, { type: 'UnitRegistered' | 'UnitReleased' }>) {
  const { unitId, callSign, levelOfCare, capabilities } = event
  return { unitId, callSign, levelOfCare, capabilities, transports: canTransport(event) }
}

function statusIn(phase: Extract<DomainEvent, { type: 'TripPhaseReached' }>['phase']): UnitStatus {
  if (phase === 'at-patient') return 'on-scene'
  return phase === 'transferred' ? 'at-destination' : phase
}

function dispatchability({ status, takenTripId, emergencySinceMs }: UnitView): Dispatchability {
  if (emergencySinceMs !== null) return 'not-available'
  if (status === 'available') return takenTripId === null ? 'available' : 'conditionally-available'
  const mayGoElsewhere = status === 'offered' || status === 'assigned' || status === 'en-route'
  return mayGoElsewhere ? 'conditionally-available' : 'not-available'
}
