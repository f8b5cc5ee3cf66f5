/** How each event changes a unit, and the status that follows. */

import { evolveAlarm, raisedAlarm, withoutGone } from '../alarms.ts'
import { type EventMeta, invariant } from '../decision.ts'
import type { UnitAlarm } from '../events/alarm-events.ts'
import { canTransport } from '../events/unit-events.ts'
import type { DomainEvent } from '../events.ts'
import type { UnitStatus, WorkPhase } from '../vocabulary.ts'
import { type DriverState, isBound } from './driver.ts'

const STATUS_OF_PHASE: Readonly<Record<'offered' | WorkPhase, UnitStatus>> = {
  offered: 'offered',
  assigned: 'assigned',
  'en-route': 'en-route',
  'on-scene': 'on-scene',
  'at-patient': 'on-scene',
  transporting: 'transporting',
  'at-destination': 'at-destination',
  transferred: 'at-destination',
}

function statusOf(driver: Pick<DriverState, 'crew' | 'work' | 'unavailableReason' | 'standingDown'>): UnitStatus {
  if (driver.work !== null) return STATUS_OF_PHASE[driver.work.phase]
  if (driver.standingDown !== undefined) return 'standing-down'
  if (driver.crew === null) return 'off-duty'
  return driver.unavailableReason === null ? 'available' : 'unavailable'
}

export function evolveDriver(state: DriverState | null, event: DomainEvent, meta: EventMeta): DriverState {
  if (event.type === 'UnitRegistered' || event.type === 'UnitReleased') {
    const { unitId, callSign, levelOfCare, capabilities, homeStation } = event
    const reference = { unitId, callSign, levelOfCare, transports: canTransport(event), capabilities, homeStation }
    if (state !== null && event.type === 'UnitRegistered') {
      const { retired: _, ...live } = state
      return { ...live, ...reference, version: meta.position }
    }
    return {
      ...reference,
      crew: null,
      unavailableReason: null,
      work: null,
      // What the service has given up stays so, also when it is let go.
      ...(state?.retired === true ? { retired: true as const } : {}),
      status: 'off-duty',
      statusSinceMs: meta.recordedAtMs,
      version: meta.position,
    }
  }
  invariant(state !== null, () => `${event.type} at ${meta.position} names a unit that was never registered`)
  if (event.type === 'EmergencyEnded') {
    const { emergencySinceMs: _, ...safe } = state
    return withStatus(safe, {}, event, meta)
  }
  if (event.type === 'UnitCleared') {
    const { standingDown, ...clear } = state
    invariant(
      standingDown === event.fromTripId,
      () => `${event.type} at ${meta.position}: unit ${state.unitId} does not stand down from ${event.fromTripId}`,
    )
    return withStatus(clear, {}, event, meta)
  }
  return withStatus(state, changeOf(state, event, meta), event, meta)
}

type Change = Partial<
  Pick<
    DriverState,
    | 'crew'
    | 'unavailableReason'
    | 'work'
    | 'standingDown'
    | 'withdrawnAtMs'
    | 'takenTrip'
    | 'noContact'
    | 'emergencySinceMs'
    | 'openAlarms'
    | 'retired'
  >
>

/** What a crew has done or said, itself or by the desk; what its wheels say is no person. */
const SIGNS: ReadonlySet<DomainEvent['type']> = new Set([
  'CrewSignedOn',
  'CrewSignedOff',
  'UnitBecameAvailable',
  'UnitBecameUnavailable',
  'UnitCleared',
  'UnitContacted',
  'OfferAccepted',
  'OfferDeclined',
  'TripPhaseReached',
  'TripTimeNoted',
  'TripClosed',
  'StandDownAcknowledged',
])

/** What shows that whoever is in the unit knows of the trip that was taken from it: all this was said behind that. */
const KNOWS: ReadonlySet<DomainEvent['type']> = new Set([
  'StandDownAcknowledged',
  'CrewSignedOn',
  'CrewSignedOff',
  'UnitBecameAvailable',
  'UnitCleared',
  'OfferAccepted',
])

function changeOf(state: DriverState, event: DomainEvent, meta: EventMeta): Change {
  const broken = () => `${event.type} at ${meta.position} does not fit unit ${state.unitId}, which is ${state.status}`
  switch (event.type) {
    case 'UnitRetired':
      invariant(state.crew === null && state.work === null, broken)
      return { retired: true }
    case 'CrewSignedOn':
      invariant(state.crew === null && state.retired !== true, broken)
      return { crew: event.principal, unavailableReason: null }
    case 'CrewSignedOff':
      invariant(state.crew !== null, broken)
      return { crew: null, unavailableReason: null }
    case 'UnitBecameAvailable':
      invariant(state.crew !== null, broken)
      return { unavailableReason: null }
    case 'UnitBecameUnavailable':
      invariant(state.crew !== null && !isBound(state), broken)
      return { unavailableReason: event.reason }
    case 'StandDownAcknowledged':
      invariant(state.takenTrip?.tripId === event.fromTripId, broken)
      return {}
    case 'UnitContacted':
    case 'TripTimeNoted':
    case 'FixHoleRecorded':
      // A hole is a fact of the unit's track; the marks of its streams follow it, not this state.
      return {}
    case 'EmergencyCalled':
      invariant(state.emergencySinceMs === undefined, broken)
      return { emergencySinceMs: event.happenedAtMs }
    case 'UnitAlarmRaised':
      return { openAlarms: raisedAlarm(state.openAlarms ?? [], event, meta) }
    case 'AlarmAcknowledged':
    case 'AlarmShelved':
    case 'AlarmEscalated':
    case 'AlarmLapsed':
      return { openAlarms: evolveAlarm(state.openAlarms ?? [], event, meta) }
    case 'OfferMade':
      invariant(state.status === 'available', broken)
      return { work: { tripId: event.tripId, offerId: event.offerId, mode: event.mode, phase: 'offered' } }
    case 'OfferAccepted':
      invariant(state.work?.offerId === event.offerId, broken)
      return { work: { ...state.work, offerId: null, phase: 'assigned' } }
    case 'OfferTimedOut':
      invariant(state.work?.offerId === event.offerId, broken)
      return event.noContact === true ? { work: null, noContact: event.tripId } : { work: null }
    case 'OfferDeclined':
    case 'OfferRevoked':
      invariant(state.work?.offerId === event.offerId, broken)
      return { work: null }
    case 'AssignmentOverridden':
    case 'UnitWithdrawn':
    case 'TripCancelled':
    case 'TripReleased':
      invariant(state.work?.tripId === event.tripId, broken)
      return {
        work: null,
        ...(event.standsDown === true ? { standingDown: event.tripId } : {}),
        ...(event.type === 'UnitWithdrawn' && event.standsDown !== true ? { withdrawnAtMs: meta.recordedAtMs } : {}),
        ...(event.tellsCrew === true ? { takenTrip: { tripId: event.tripId, sinceMs: meta.recordedAtMs } } : {}),
      }
    case 'TripPhaseReached':
      invariant(state.work?.tripId === event.tripId && state.work.offerId === null, broken)
      return { work: { ...state.work, phase: event.phase } }
    case 'TripClosed':
      invariant(state.work?.tripId === event.tripId, broken)
      return { work: null }
    default:
      invariant(false, () => `${event.type} at ${meta.position} is no event of a driver`)
  }
}

function withStatus(before: DriverState, change: Change, event: DomainEvent, meta: EventMeta): DriverState {
  const isByWheels = 'cause' in event && event.cause === 'geofence'
  const known = knowing(SIGNS.has(event.type) && !isByWheels ? heardOf(before) : before, event.type)
  const state = USES.has(event.type) ? usedAgain(known) : known
  const next = withAlarms({ ...state, ...change, version: meta.position }, meta.recordedAtMs)
  const status = statusOf(next)
  if (status === state.status) return next
  const happenedAtMs = 'happenedAtMs' in event ? event.happenedAtMs : meta.recordedAtMs
  return { ...next, status, statusSinceMs: happenedAtMs }
}

/** The alarms that stand, and those that nobody has acknowledged. */
function withAlarms(driver: DriverState, nowMs: number): DriverState {
  if (driver.openAlarms === undefined) return driver
  const open = withoutGone(driver.openAlarms, standingAlarms(driver), nowMs)
  if (open.length > 0) return open === driver.openAlarms ? driver : { ...driver, openAlarms: open }
  const { openAlarms: _, ...quiet } = driver
  return quiet
}

const standingAlarms = ({ emergencySinceMs, noContact, takenTrip }: DriverState): UnitAlarm[] => [
  ...(emergencySinceMs === undefined ? [] : ['emergency' as const]),
  ...(noContact === undefined ? [] : ['no-contact' as const]),
  ...(takenTrip === undefined ? [] : ['stand-down' as const]),
]

function knowing(state: DriverState, type: DomainEvent['type']): DriverState {
  if (state.takenTrip === undefined || !KNOWS.has(type)) return state
  const { takenTrip: _, ...knows } = state
  return knows
}

/** What makes an end of that a unit is kept for whoever withdrew it. */
const USES: ReadonlySet<DomainEvent['type']> = new Set(['OfferMade', 'CrewSignedOff'])

function usedAgain(state: DriverState): DriverState {
  if (state.withdrawnAtMs === undefined) return state
  const { withdrawnAtMs: _, ...used } = state
  return used
}

function heardOf(state: DriverState): DriverState {
  if (state.noContact === undefined) return state
  const { noContact: _, ...heard } = state
  return heard
}
