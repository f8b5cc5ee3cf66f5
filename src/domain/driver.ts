/** A driver: one unit's live state, kept across crews, and the rules for its crew and status. */

import type { Refusal } from '../base/refusal.ts'
import { type Refused, refused } from '../base/result.ts'
import type { SetStatus, SetUnitStatus, SignOff, SignOn } from './commands.ts'
import { accepted, type Decision, type EventMeta, invariant } from './decision.ts'
import { alarmRaised } from './dispatch/alarms.ts'
import { driverKey, tripKey } from './entity.ts'
import type { DomainEvent, OfferRevoked, PutRight, RevokeReason, UnitReference } from './events.ts'
import { momentOf } from './events.ts'
import type { OfferId, Principal, TripId } from './ids.ts'
import type { TripState } from './trip.ts'
import type { Dispatchability, DispatchMode, UnavailableReason, UnitStatus, WorkPhase } from './vocabulary.ts'

/** The one trip a unit has or is asked for. A driver holds at most one. */
interface Work {
  readonly tripId: TripId
  /** Set while the trip is offered to this unit and unanswered. */
  readonly offerId: OfferId | null
  readonly mode: DispatchMode
  readonly phase: 'offered' | WorkPhase
}

export interface DriverState extends UnitReference {
  /** Who is signed on; null while off duty. */
  readonly crew: Principal | null
  /** The crew's own word on readiness; it counts while no trip is open. */
  readonly unavailableReason: UnavailableReason | null
  readonly work: Work | null
  /** The trip that was taken from it at the scene, until it is clear. */
  readonly standingDown?: TripId
  /** The trip that it was asked for and has not answered; until its crew gives a sign. */
  readonly noContact?: TripId
  /** Set once the service gave the unit up. */
  readonly retired?: true
  readonly status: UnitStatus
  readonly statusSinceMs: number
  /** Position of the record that last changed this state. */
  readonly version: number
}

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

/** EIDO's primary unit status: whether the unit can be sent, apart from what it is doing. */
export function dispatchabilityOf(driver: DriverState): Dispatchability {
  if (driver.status === 'available') return 'available'
  if (driver.status === 'assigned' || driver.status === 'en-route') return 'conditionally-available'
  return 'not-available'
}

/** True when the unit must not be given to anybody else: it works on a trip, or was ordered to. */
export function isBound(driver: DriverState): boolean {
  return driver.work !== null && (driver.work.phase !== 'offered' || driver.work.mode === 'ordered')
}

export function evolveDriver(state: DriverState | null, event: DomainEvent, meta: EventMeta): DriverState {
  if (event.type === 'UnitRegistered' || event.type === 'UnitReleased') {
    const { unitId, callSign, levelOfCare, capabilities, homeStation } = event
    const reference = { unitId, callSign, levelOfCare, capabilities, homeStation }
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
  Pick<DriverState, 'crew' | 'unavailableReason' | 'work' | 'standingDown' | 'noContact' | 'retired'>
>

/** What a crew has done or said, itself or by the desk. */
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
  'TripClosed',
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
    case 'UnitContacted':
    case 'FixHoleRecorded':
      // A hole is a fact of the unit's track; the marks of its streams follow it, not this state.
      return {}
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
      return event.standsDown === true ? { work: null, standingDown: event.tripId } : { work: null }
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
  const state = SIGNS.has(event.type) ? heardOf(before) : before
  const next = { ...state, ...change, version: meta.position }
  const status = statusOf(next)
  if (status === state.status) return next
  const happenedAtMs = 'happenedAtMs' in event ? event.happenedAtMs : meta.recordedAtMs
  return { ...next, status, statusSinceMs: happenedAtMs }
}

function heardOf(state: DriverState): DriverState {
  if (state.noContact === undefined) return state
  const { noContact: _, ...heard } = state
  return heard
}

/** The sign of a crew that nobody had heard of; nothing of one that is in contact. */
export function contacted({ unitId, noContact }: DriverState, by: StatusCause = {}): DomainEvent[] {
  return noContact === undefined ? [] : [{ type: 'UnitContacted', v: 1, entity: driverKey(unitId), unitId, ...by }]
}

/**
 * A crew takes the unit. If another crew is on it, that one is relieved in the same step: a successor may take over
 * with a trip open, which is the only way to leave one. The desk is told, since the successor reads the patient's data.
 * Input: `trip`, the one that the unit is bound to.
 */
export function signOn(
  driver: DriverState,
  command: SignOn & PutRight,
  principal: Principal,
  trip: TripState | undefined,
): Decision {
  if (driver.retired === true) return unitRetired(driver)
  if (driver.crew === principal) return accepted()
  const entity = driverKey(driver.unitId)
  const base = { v: 1, entity, unitId: driver.unitId, ...momentOf(command) } as const
  const on: DomainEvent = { type: 'CrewSignedOn', ...base, principal }
  if (driver.crew === null) return accepted(on)
  const alarm = trip === undefined ? [] : alarmRaised(trip, 'crew-relieved', driver.unitId)
  return accepted({ type: 'CrewSignedOff', ...base, principal: driver.crew }, on, ...alarm)
}

/** The crew leaves, and its unit is clear of the scene; an unanswered offer goes back to the desk, an open trip forbids it. */
export function signOff(driver: DriverState, command: SignOff & PutRight, by: StatusCause = {}): Decision {
  if (driver.crew === null) return unitOffDuty(driver)
  if (isBound(driver)) return unitHasTrip(driver)
  return accepted(...revokedOffer(driver, 'crew-signed-off'), ...cleared(driver, command, by), {
    type: 'CrewSignedOff',
    v: 1,
    entity: driverKey(driver.unitId),
    unitId: driver.unitId,
    principal: driver.crew,
    ...momentOf(command),
    ...by,
  })
}

/**
 * The crew says whether it can be sent; an unanswered offer goes back to the desk when it cannot. Either word of a unit that
 * stands down says that it is clear of the scene, and `available` no more than that: a reason why it cannot be sent stays.
 */
export function setStatus(driver: DriverState, command: SetStatus & PutRight, by: StatusCause = {}): Decision {
  if (driver.crew === null) return unitOffDuty(driver)
  if (isBound(driver)) return unitHasTrip(driver)
  const base = {
    v: 1,
    entity: driverKey(driver.unitId),
    unitId: driver.unitId,
    ...momentOf(command),
    ...by,
  } as const
  if (command.status === 'unavailable') {
    const reason = command.reason === 'breakdown' ? 'vehicle-fault' : (command.reason ?? 'other')
    const unavailable = { type: 'UnitBecameUnavailable', ...base, reason } as const
    return accepted(...revokedOffer(driver, 'unit-unavailable'), ...cleared(driver, command, by), unavailable)
  }
  const clear = cleared(driver, command, by)
  // Who says that it has left the scene does not say that what was wrong with the unit is right.
  if (clear.length > 0) return accepted(...clear)
  if (driver.unavailableReason === null) return accepted(...contacted(driver, by))
  return accepted({ type: 'UnitBecameAvailable', ...base })
}

/** A unit that stands down leaves the scene; nothing of one that does not. */
function cleared(
  { unitId, standingDown }: DriverState,
  moment: Parameters<typeof momentOf>[0],
  by: StatusCause,
): DomainEvent[] {
  if (standingDown === undefined) return []
  const what = { unitId, fromTripId: standingDown, ...momentOf(moment), ...by }
  return [{ type: 'UnitCleared', v: 1, entity: driverKey(unitId), ...what }]
}

/** What an event says of its cause: nothing when it was the crew. */
export type StatusCause = { readonly cause?: 'dispatcher' }

/** A dispatcher sets the status of a unit whose crew called in by radio; off duty signs the crew off. */
export function setUnitStatus(driver: DriverState, command: SetUnitStatus & PutRight): Decision {
  const { status, reason } = command
  const moment = momentOf(command)
  const by = { cause: 'dispatcher' } as const
  if (status === 'off-duty')
    return driver.crew === null ? accepted() : signOff(driver, { type: 'sign-off', ...moment }, by)
  return setStatus(driver, { type: 'set-status', status, reason, ...moment }, by)
}

/** Why this principal cannot speak for the unit: another crew is signed on. Null when it can. */
export function whyNotCrew({ unitId, callSign, crew }: DriverState, principal: Principal): Refusal | null {
  if (crew === null || crew === principal) return null
  const message = `Another crew is signed on to unit ${callSign}; sign on first, which relieves it.`
  return { code: 'not-signed-on', message, details: { unitId } }
}

/** The crew takes the trip: binds driver and trip, or neither. */
export function acceptOffer(
  driver: DriverState,
  trip: TripState | undefined,
  offerId: OfferId,
  moment: ReturnType<typeof momentOf>,
): Decision {
  if (driver.work?.offerId !== offerId || trip?.offer?.offerId !== offerId) return unknownOffer(offerId)
  const entity = tripKey(trip.tripId)
  return accepted({
    type: 'OfferAccepted',
    v: 1,
    entity,
    tripId: trip.tripId,
    offerId,
    unitId: driver.unitId,
    ...moment,
  })
}

/** The event that takes an unanswered offer back from a unit; none when it holds none. */
export function revokedOffer(driver: DriverState, reason: RevokeReason): OfferRevoked[] {
  const work = driver.work
  if (work === null || work.offerId === null) return []
  const entity = tripKey(work.tripId)
  const { tripId, offerId } = { tripId: work.tripId, offerId: work.offerId }
  return [{ type: 'OfferRevoked', v: 1, entity, tripId, offerId, unitId: driver.unitId, reason }]
}

/** Refuses what was said of an offer that the unit does not hold. */
export function unknownOffer(offerId: OfferId): Decision {
  return refused(
    'unknown-offer',
    'This offer is no longer open to the unit; the latest unit-state shows the offer that is.',
    {
      offerId,
    },
  )
}

function unitOffDuty(driver: DriverState): Decision {
  return refused('unit-off-duty', `No crew is signed on to unit ${driver.callSign}; sign on first.`, {
    unitId: driver.unitId,
  })
}

export function unitRetired(driver: DriverState): Refused {
  return refused('unit-retired', `Unit ${driver.callSign} was taken out of service for good; choose another unit.`, {
    unitId: driver.unitId,
  })
}

function unitHasTrip(driver: DriverState): Decision {
  const tripId = driver.work?.tripId
  return refused(
    'unit-has-trip',
    `Unit ${driver.callSign} is ${driver.status}; close or hand over trip ${tripId} first, or let a successor sign on.`,
    { unitId: driver.unitId, tripId, status: driver.status },
  )
}
