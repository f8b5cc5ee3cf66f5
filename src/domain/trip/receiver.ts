/**
 * Who took over the patient of a crew that closed its trip as handed over (NEMSIS eDisposition.29 4229003, .30 4230005): without
 * a receiving trip a patient may be with nobody, so the call stays open under an alarm until a person says who has the patient.
 */

import { refused } from '../../base/result.ts'
import type { NameReceiver } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { alarmRaised } from '../dispatch/alarms.ts'
import { tripKey } from '../entity.ts'
import type { ReceiverNamed } from '../events/trip-events.ts'
import type { DomainEvent } from '../events.ts'
import type { TripId } from '../ids.ts'
import type { Cause, Disposition } from '../vocabulary.ts'
import { metPatient } from './disposition-axes.ts'
import { phaseOrder, type TripState } from './trip.ts'

/** What a crew closes its trip as when another unit has its patient. */
const HANDED_OVER: readonly Disposition[] = ['transferred-to-other-unit', 'transported-by-other-unit']

export const isHandedOver = ({ disposition }: Pick<TripState, 'disposition'>): boolean =>
  disposition !== null && HANDED_OVER.includes(disposition)

/** Nobody knows yet who has the patient. */
export const lacksReceiver = ({ alarms }: Pick<TripState, 'alarms'>): boolean => alarms.includes('receiver-unknown')

/**
 * What the trips of a call say of its handovers now: the receiver, where one trip alone can be it, and an alarm, where none or
 * several can, or where the receiver turned out to have none. Nothing where all is known.
 */
export function receiversOf(callTrips: readonly TripState[]): DomainEvent[] {
  return callTrips.filter(isHandedOver).flatMap((trip): DomainEvent[] => {
    const isKnown = trip.handedTo !== undefined && !lacksReceiver(trip)
    if (isKnown && !isLost(trip.handedTo!, callTrips)) return []
    const [only, ...others] = callTrips.filter(other => isWithPatient(other) && mayReceive(trip, other, callTrips))
    if (only !== undefined && others.length === 0) return [receiverNamed(trip, only.tripId, 'system')]
    return alarmRaised(trip, 'receiver-unknown', trip.unitId)
  })
}

/** A dispatcher says who has the patient; null: a unit that this region does not dispatch. Input: all trips of the call. */
export function nameReceiver(trip: TripState, callTrips: readonly TripState[], command: NameReceiver): Decision {
  const { tripId, phase, disposition } = trip
  const { toTripId } = command
  if (!isHandedOver(trip)) {
    const what = `The trip is ${phase}${disposition === null ? '' : ` as ${disposition}`}; a receiver is named of one that was closed as ${HANDED_OVER.join(' or ')}.`
    return refused('wrong-phase', what, { tripId, phase })
  }
  if (trip.handedTo === toTripId && !lacksReceiver(trip)) return accepted()
  const able = callTrips.filter(other => mayReceive(trip, other, callTrips)).map(other => other.tripId)
  if (toTripId !== null && !able.includes(toTripId)) {
    const which = able.length === 0 ? 'no trip of this call can' : `of this call ${able.join(', ')} can`
    const message = `Trip ${toTripId} cannot have the patient of trip ${tripId}: ${which}. Say null for a unit that this region does not dispatch.`
    return refused('invalid-field', message, { path: 'toTripId', tripIds: able })
  }
  return accepted(receiverNamed(trip, toTripId, 'dispatcher'))
}

function receiverNamed({ tripId, callId }: TripState, toTripId: TripId | null, cause: Cause): ReceiverNamed {
  return { type: 'ReceiverNamed', v: 1, entity: tripKey(tripId), tripId, callId, toTripId, cause }
}

/** Whether the trip's unit is where the patient is, or carried one: what the engine may take for the receiver by itself. */
const isWithPatient = ({ phase, disposition }: TripState): boolean =>
  phase === 'closed' ? disposition === 'transported' : phaseOrder(phase) >= phaseOrder('on-scene')

/** Whether the trip can have a patient, and has not got this one from there, or handed it on to nobody known. */
const mayReceive = (trip: TripState, other: TripState, callTrips: readonly TripState[]): boolean =>
  canHavePatient(other) && !leadsTo(other, trip.tripId, callTrips)

/** Whether the trip has a unit; of one that is over, whether its crew met a patient. */
const canHavePatient = ({ phase, disposition }: TripState): boolean =>
  disposition === null ? phaseOrder(phase) >= 0 : metPatient(disposition)

/** Whether the patient of the trip would come to that one, from receiver to receiver. */
function leadsTo(from: TripState, tripId: TripId, callTrips: readonly TripState[]): boolean {
  let at: TripState | undefined = from
  for (const _ of callTrips) {
    if (at === undefined) return false
    if (at.tripId === tripId) return true
    const next: TripId | null | undefined = at.handedTo
    at = callTrips.find(other => other.tripId === next)
  }
  return false
}

/** The receiver was cancelled since, has lost its unit, or met no patient. One that the log has lost is not: nobody knows. */
const isLost = (handedTo: TripId | null, callTrips: readonly TripState[]): boolean =>
  callTrips.some(receiver => receiver.tripId === handedTo && !canHavePatient(receiver))
