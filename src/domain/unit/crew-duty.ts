/** The rules for a unit's crew and its status: who is on it, and whether it can be sent. */

import type { Refusal } from '../../base/refusal.ts'
import { type Refused, refused } from '../../base/result.ts'
import type { AcknowledgeStandDown, SetStatus, SetUnitStatus, SignOff, SignOn } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { alarmRaised } from '../dispatch/alarms.ts'
import { driverKey } from '../entity.ts'
import { BY_DESK, type Caused, momentOf, type PutRight } from '../events/event.ts'
import type { DomainEvent } from '../events.ts'
import type { Principal } from '../ids.ts'
import type { TripState } from '../trip/trip.ts'
import type { UnavailableReason } from '../vocabulary.ts'
import { CREW_BY_VOICE, type DriverState, isBound } from './driver.ts'
import { revokedOffer } from './offer-answers.ts'

/** The sign of a crew that nobody had heard of; nothing of one that is in contact. */
export function contacted({ unitId, noContact }: DriverState, by: Caused = {}): DomainEvent[] {
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
  // Who was signed on by voice has its app now, as far as anybody can tell.
  const isRelief = trip !== undefined && driver.crew !== CREW_BY_VOICE
  const alarm = isRelief ? alarmRaised(trip, 'crew-relieved', driver.unitId) : []
  return accepted({ type: 'CrewSignedOff', ...base, principal: driver.crew }, on, ...alarm)
}

/** The crew leaves, and its unit is clear of the scene; an unanswered offer goes back to the desk, an open trip forbids it. */
export function signOff(driver: DriverState, command: SignOff & PutRight, by: Caused = {}): Decision {
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
export function setStatus(driver: DriverState, command: SetStatus & PutRight, by: Caused = {}): Decision {
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
    const reason = spelled(command.reason ?? 'other')
    const unavailable = { type: 'UnitBecameUnavailable', ...base, reason } as const
    return accepted(...revokedOffer(driver, 'unit-unavailable'), ...cleared(driver, command, by), unavailable)
  }
  const clear = cleared(driver, command, by)
  // Who says that it has left the scene does not say that what was wrong with the unit is right.
  if (clear.length > 0) return accepted(...clear)
  if (driver.unavailableReason === null) {
    const known = knownStandDown(driver, command, by)
    return accepted(...(known.length > 0 ? known : contacted(driver, by)))
  }
  return accepted({ type: 'UnitBecameAvailable', ...base })
}

/** A fault of the vehicle has two words. */
const spelled = (reason: UnavailableReason): UnavailableReason => (reason === 'breakdown' ? 'vehicle-fault' : reason)

/** The crew says that it knows of the trip that was taken from it. Nothing when it has said so, or has said more since. */
export function acknowledgeStandDown(driver: DriverState, command: AcknowledgeStandDown & PutRight): Decision {
  if (driver.crew === null) return unitOffDuty(driver)
  return accepted(
    ...(driver.takenTrip?.tripId === command.tripId ? knownStandDown(driver, command) : contacted(driver)),
  )
}

function knownStandDown(
  { unitId, takenTrip }: DriverState,
  moment: Parameters<typeof momentOf>[0],
  by: Caused = {},
): DomainEvent[] {
  if (takenTrip === undefined) return []
  const what = { unitId, fromTripId: takenTrip.tripId, ...momentOf(moment), ...by }
  return [{ type: 'StandDownAcknowledged', v: 1, entity: driverKey(unitId), ...what }]
}

/** A unit that stands down leaves the scene; nothing of one that does not. */
function cleared(
  { unitId, standingDown }: DriverState,
  moment: Parameters<typeof momentOf>[0],
  by: Caused,
): DomainEvent[] {
  if (standingDown === undefined) return []
  const what = { unitId, fromTripId: standingDown, ...momentOf(moment), ...by }
  return [{ type: 'UnitCleared', v: 1, entity: driverKey(unitId), ...what }]
}

/**
 * A dispatcher sets the status of a unit whose crew called in by radio; off duty signs the crew off, and any other status
 * signs one on where there is none. Input: `isRetiring`, the service has given the unit up.
 */
export function setUnitStatus(driver: DriverState, command: SetUnitStatus & PutRight, isRetiring: boolean): Decision {
  const { status, reason } = command
  const moment = momentOf(command)
  if (status === 'off-duty') {
    return driver.crew === null ? accepted() : signOff(driver, { type: 'sign-off', ...moment }, BY_DESK)
  }
  if (driver.crew === null) {
    return isRetiring || driver.retired === true ? unitRetired(driver) : accepted(...signedOnByVoice(driver, command))
  }
  return setStatus(driver, { type: 'set-status', status, reason, ...moment }, BY_DESK)
}

function signedOnByVoice({ unitId }: DriverState, { reason, ...command }: SetUnitStatus & PutRight): DomainEvent[] {
  const base = { v: 1, entity: driverKey(unitId), unitId, ...momentOf(command), ...BY_DESK } as const
  const on: DomainEvent = { type: 'CrewSignedOn', ...base, principal: CREW_BY_VOICE }
  return reason === null ? [on] : [on, { type: 'UnitBecameUnavailable', ...base, reason: spelled(reason) }]
}

/** Why this principal cannot speak for the unit: another crew is signed on. Null when it can. */
export function whyNotCrew({ unitId, callSign, crew }: DriverState, principal: Principal): Refusal | null {
  if (crew === null || crew === principal) return null
  const message = `Another crew is signed on to unit ${callSign}; sign on first, which relieves it.`
  return { code: 'not-signed-on', message, details: { unitId } }
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
