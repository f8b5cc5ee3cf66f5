/**
 * Letting an actor that is held go on: from a state that the event itself says, so that every later reading of the log
 * comes to it, whatever stands before it.
 *
 * What happened to the actor while it was held, or in a record that is damaged, nobody knows. So a unit begins off duty,
 * a trip anew in the queue or cancelled, as a person decides, and a call as its trips have it.
 */

import { refused } from '../base/result.ts'
import type { CallState } from './call.ts'
import { accepted, type Decision } from './decision.ts'
import { callKey, driverKey, tripKey } from './entity.ts'
import { canTransport, type UnitReference } from './events/unit-events.ts'
import { isEnded, leaving, type TripState } from './trip/trip.ts'
import type { DriverState } from './unit/driver.ts'
import type { ReleasedTrip } from './vocabulary.ts'

/** Input: the unit as it is held, or as the service describes it; the trips that are not held and say that it has them. */
export function releaseUnit(unit: UnitReference, itsTrips: readonly TripState[]): Decision {
  const { unitId, callSign, levelOfCare, capabilities, homeStation } = unit
  const transports = canTransport(unit)
  const open = itsTrips.find(trip => !isEnded(trip))
  if (open !== undefined) {
    const message = `Trip ${open.tripId} is ${open.phase} with unit ${callSign}; close, cancel or withdraw it first.`
    return refused('unit-has-trip', message, { unitId, tripId: open.tripId })
  }
  const reference = { unitId, callSign, levelOfCare, transports, capabilities, homeStation }
  return accepted({ type: 'UnitReleased', v: 1, entity: driverKey(unitId), ...reference, cause: 'dispatcher' })
}

/** Input: the trip as it is held; its call, if it is known and not held; the unit, not held, that works on it. */
export function releaseTrip(
  trip: TripState,
  call: CallState | null,
  unit: DriverState | null,
  as: ReleasedTrip,
): Decision {
  if (as === 'pending' && call !== null && call.state !== 'open') {
    const message = `The call of this trip is ${call.state}; release the trip as cancelled.`
    return refused('wrong-phase', message, { tripId: trip.tripId, callId: call.callId, state: call.state })
  }
  const { tripId, callId, need, receivedAtMs, responseNo } = trip
  // An amendment that the trip did not take while it was held.
  const { lonDeg, latDeg, priority } = call ?? trip
  const number = responseNo === undefined ? {} : { responseNo }
  const facts = { tripId, callId, lonDeg, latDeg, priority, need, receivedAtMs, ...number, ...helpOf(trip) }
  const unitId = unit?.unitId ?? null
  const made = {
    ...facts,
    as,
    unitId,
    cause: 'dispatcher',
    ...leaving({ phase: unit?.work?.phase ?? 'pending', unitId }),
  } as const
  return accepted({ type: 'TripReleased', v: 1, entity: tripKey(tripId), ...made })
}

function helpOf({ helps, helpsBecause, helpedBy }: TripState) {
  return {
    ...(helps === undefined ? {} : { helpsTripId: helps }),
    ...(helpsBecause === undefined ? {} : { helpsBecause }),
    ...(helpedBy === undefined ? {} : { helpedByTripId: helpedBy }),
  }
}

/** Input: the call as it is held; its trips as far as they are known. */
export function releaseCall(call: CallState, itsTrips: readonly TripState[]): Decision {
  const { version: _, ...facts } = call
  const isOver = itsTrips.length === call.tripIds.length && itsTrips.every(isEnded)
  const state = !isOver ? 'open' : itsTrips.some(trip => trip.phase === 'closed') ? 'closed' : 'cancelled'
  return accepted({ type: 'CallReleased', v: 1, entity: callKey(call.callId), ...facts, state, cause: 'dispatcher' })
}
