/** What a dispatcher does with a trip: cancels it, takes it from its unit, gives it to another one. */

import { refused } from '../../base/result.ts'
import type { CancelTrip, WithdrawUnit } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { tripKey } from '../entity.ts'
import type { DomainEvent } from '../events.ts'
import type { Principal, TripId, UnitId } from '../ids.ts'
import type { CancelReason, Cause, OverrideReason } from '../vocabulary.ts'
import { canBeTaken, isEnded, leaving, mayHavePatient, type TripState, unitOf } from './trip.ts'
import { alreadyEnded, notToBeTaken, patientOnBoard } from './trip-refusals.ts'

/** A dispatcher ends a trip before its time. A patient may be on board from `transporting` on: then nobody cancels. */
export function cancelTrip(trip: TripState, command: CancelTrip): Decision {
  if (isEnded(trip)) return alreadyEnded(trip)
  if (mayHavePatient(trip)) return patientOnBoard(trip)
  return accepted(cancelledTrip(trip, command.reason))
}

export function cancelledTrip(trip: TripState, reason: CancelReason, cause: Cause = 'dispatcher'): DomainEvent {
  return {
    type: 'TripCancelled',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    callId: trip.callId,
    reason,
    inPhase: trip.phase,
    unitId: unitOf(trip),
    cause,
    ...leaving(trip),
  }
}

/** A dispatcher takes the trip back from the unit that has it, or is asked for it; the desk gives it to another one. */
export function withdrawUnit(trip: TripState, command: WithdrawUnit): Decision {
  const unitId = unitOf(trip)
  if (unitId === null || !canBeTaken(trip)) return notToBeTaken(trip)
  return accepted({
    type: 'UnitWithdrawn',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    unitId,
    inPhase: trip.phase,
    reason: command.reason,
    ...leaving(trip),
  })
}

/**
 * A dispatcher gives the trip to a unit of their own choice, whatever its level of care, distance or connection: the trip
 * leaves whoever has it. Nothing when the unit has it already. The order to the unit is the desk's to make.
 */
export function overrideAssignment(trip: TripState, unitId: UnitId, reason: OverrideReason, by: Principal): Decision {
  const fromUnitId = unitOf(trip)
  if (!canBeTaken(trip)) return notToBeTaken(trip)
  const hasIt = fromUnitId === unitId && trip.unitId === unitId
  if (hasIt) return accepted()
  const { tripId, phase: inPhase } = trip
  const base = {
    v: 1,
    entity: tripKey(tripId),
    tripId,
    unitId,
    fromUnitId,
    inPhase,
    reason,
    by,
    ...leaving(trip),
  } as const
  return accepted({ type: 'AssignmentOverridden', ...base })
}

/** A dispatcher keeps a trip that waits, to decide on it: the desk offers it to nobody. Nothing when somebody does already. */
export function holdTrip(trip: TripState, by: Principal): Decision {
  const { tripId, phase } = trip
  if (isEnded(trip)) return alreadyEnded(trip)
  if (phase !== 'pending') {
    const what = `The trip is ${phase} with unit ${unitOf(trip)}; withdraw that unit first, then hold the trip.`
    return refused('wrong-phase', what, { tripId, phase })
  }
  if (trip.onHold !== undefined) return accepted()
  return accepted(onHold(tripId, by))
}

export const onHold = (tripId: TripId, by: Principal): DomainEvent => ({
  ...{ type: 'TripPutOnHold', v: 1, entity: tripKey(tripId), tripId },
  ...{ why: 'dispatcher', by, cause: 'dispatcher' },
})

/** A dispatcher lets the desk find a unit for the trip. Nothing when it may already. */
export function resumeTrip(trip: TripState): Decision {
  const { tripId, onHold } = trip
  if (isEnded(trip)) return alreadyEnded(trip)
  if (onHold === undefined) return accepted()
  return accepted({ type: 'TripTakenOffHold', v: 1, entity: tripKey(tripId), tripId, cause: 'dispatcher' })
}
