/** A call: a request for help as a dispatcher entered it; each unit that it needs is a trip. */

import { refused } from '../base/result.ts'
import { DETAILS_REPLACED_MAX } from './call-bounds.ts'
import { evolveNotes, gatheredOf } from './call-notes.ts'
import type { AddNeed, AmendCall, CancelCall, EnterCall } from './commands.ts'
import { accepted, type Decision, type EventMeta, invariant } from './decision.ts'
import { callKey, tripKey } from './entity.ts'
import {
  type CallCancelled,
  type CallClosed,
  type CallGathered,
  type CallReleased,
  type Need,
  wholeNeed,
} from './events/call-events.ts'
import type { PutRight } from './events/event.ts'
import type { DomainEvent } from './events.ts'
import type { CallId, TripId } from './ids.ts'
import { responseNoOf } from './incident-no.ts'
import { lacksReceiver } from './trip/receiver.ts'
import { isEnded, mayHavePatient, type TripState } from './trip/trip.ts'
import { cancelledTrip } from './trip/trip-desk.ts'
import type { Priority, ReceivedSource } from './vocabulary.ts'

export interface CallState extends CallGathered {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  readonly needs: readonly Need[]
  readonly tripIds: readonly TripId[]
  /** The start of the response clock. */
  readonly receivedAtMs: number
  /** Who says that the caller reached the centre then; absent of calls of before that was kept. */
  readonly receivedSource?: ReceivedSource
  /** When the first of its units was notified, with which the processing of the call ends (NFPA 1225); absent until one was. */
  readonly firstNotifiedAtMs?: number
  readonly state: 'open' | 'closed' | 'cancelled'
  readonly version: number
}

export function evolveCall(state: CallState | null, event: DomainEvent, meta: EventMeta): CallState {
  if (event.type === 'CallEntered') {
    invariant(state === null, () => `call ${event.callId} was entered twice, again at ${meta.position}`)
    const { callId, lonDeg, latDeg, priority, problem, needs, tripIds, receivedAtMs, incidentNo } = event
    return {
      callId,
      lonDeg,
      latDeg,
      priority,
      problem,
      needs,
      tripIds,
      receivedAtMs,
      ...(incidentNo === undefined ? {} : { incidentNo }),
      ...sourceOf(event),
      state: 'open',
      version: meta.position,
    }
  }
  if (event.type === 'CallReleased') return releasedCall(event, meta)
  invariant(state !== null, () => `${event.type} at ${meta.position} names a call that was never entered`)
  const broken = () => `${event.type} at ${meta.position}: call ${state.callId} is ${state.state}`
  switch (event.type) {
    case 'CallAmended': {
      invariant(state.state === 'open', broken)
      const { lonDeg, latDeg, priority, problem, detailsReplaced } = event
      const versions = detailsReplaced ? { detailsVersions: (state.detailsVersions ?? 0) + 1 } : {}
      return { ...state, lonDeg, latDeg, priority, problem, ...versions, version: meta.position }
    }
    case 'HelpAdded':
      return withTrip(state, event.need, event.tripId, meta)
    case 'NeedAdded':
      invariant(state.state === 'open', broken)
      return withTrip(state, event.need, event.addedTripId, meta)
    case 'CallNoteAdded':
    case 'CallNotesRead':
      return { ...state, ...evolveNotes(state, event, meta), version: meta.position }
    case 'UnitNotified': {
      const { notifiedAtMs } = event
      if (notifiedAtMs === null) return { ...state, version: meta.position }
      // Each trip of the call says it in a record of its own, in any order.
      const firstNotifiedAtMs = Math.min(state.firstNotifiedAtMs ?? notifiedAtMs, notifiedAtMs)
      return { ...state, firstNotifiedAtMs, version: meta.position }
    }
    case 'TripCancelled':
    case 'TripClosed':
      return { ...state, version: meta.position }
    case 'CallClosed':
    case 'CallCancelled':
      invariant(state.state === 'open', broken)
      return { ...state, state: event.type === 'CallClosed' ? 'closed' : 'cancelled', version: meta.position }
    default:
      invariant(false, () => `${event.type} at ${meta.position} is no event of a call`)
  }
}

const withTrip = (call: CallState, need: Need, tripId: TripId, meta: EventMeta): CallState => ({
  ...call,
  needs: [...call.needs, need],
  tripIds: [...call.tripIds, tripId],
  version: meta.position,
})

function releasedCall(event: CallReleased, meta: EventMeta): CallState {
  const { callId, lonDeg, latDeg, priority, problem, needs, tripIds, receivedAtMs, firstNotifiedAtMs, state } = event
  const facts = { callId, lonDeg, latDeg, priority, problem, needs, tripIds, receivedAtMs }
  const notified = firstNotifiedAtMs === undefined ? {} : { firstNotifiedAtMs }
  return { ...facts, ...sourceOf(event), ...notified, ...gatheredOf(event), state, version: meta.position }
}

const sourceOf = ({ receivedSource }: { readonly receivedSource?: ReceivedSource }) =>
  receivedSource === undefined ? {} : { receivedSource }

/** The facts of a new call: the call itself, and a trip for each unit that it needs. Ids and number are made before. */
export function enterCall(
  command: EnterCall & PutRight,
  callId: CallId,
  tripIds: readonly TripId[],
  nowMs: number,
  incidentNo: string,
): DomainEvent[] {
  const { lonDeg, latDeg, priority, problem } = command
  const needs = command.needs.map(wholeNeed)
  const receivedAtMs = command.receivedAtMs ?? nowMs
  // A moment that was put right is nobody's word.
  const isSaid = command.receivedAtMs !== null && command.sentAtMs === undefined
  const entered: DomainEvent = {
    type: 'CallEntered',
    v: 1,
    entity: callKey(callId),
    callId,
    lonDeg,
    latDeg,
    priority,
    problem,
    needs,
    tripIds,
    receivedAtMs,
    incidentNo,
    receivedSource: isSaid ? 'caller' : 'entered',
    ...(command.sentAtMs === undefined ? {} : { sentAtMs: command.sentAtMs }),
  }
  const trips = needs.map((need, index): DomainEvent => {
    const tripId = tripIds[index]!
    const entity = tripKey(tripId)
    const responseNo = responseNoOf(incidentNo, index + 1)
    return {
      type: 'TripCreated',
      v: 1,
      entity,
      tripId,
      callId,
      lonDeg,
      latDeg,
      priority,
      need,
      receivedAtMs,
      responseNo,
    }
  })
  return [entered, ...trips]
}

/** Trips that a call may have. */
export const TRIPS_PER_CALL_MAX = 32

/** The number of one trip more. Of a call of before there were numbers neither has one. */
export const nextResponseNo = ({ incidentNo, tripIds }: CallState): { readonly responseNo?: string } =>
  incidentNo === undefined ? {} : { responseNo: responseNoOf(incidentNo, tripIds.length + 1) }

/** A dispatcher sends one unit more to the call: a further trip of it, on the clock of the call. Input: the new trip's id. */
export function addNeed(call: CallState, command: AddNeed, tripId: TripId): Decision {
  if (call.state !== 'open') return callEnded(call)
  const need = wholeNeed(command.need)
  const { callId, lonDeg, latDeg, priority, receivedAtMs } = call
  if (call.tripIds.length >= TRIPS_PER_CALL_MAX) {
    const message = `The call has ${call.tripIds.length} trips, and may have no more; enter a further call for this place.`
    return refused('call-full', message, { callId, tripsMax: TRIPS_PER_CALL_MAX })
  }
  const number = nextResponseNo(call)
  const trip = { tripId, callId, lonDeg, latDeg, priority, need, receivedAtMs, ...number }
  return accepted(
    { type: 'NeedAdded', v: 1, entity: callKey(callId), callId, need, addedTripId: tripId, problem: call.problem },
    { type: 'TripCreated', v: 1, entity: tripKey(tripId), ...trip },
  )
}

/**
 * A dispatcher corrects the call: what changes of it, and that its trips go on from there. Nothing when nothing changes; but who
 * says how urgent it is has triaged it anew, also where that is what it was.
 */
export function amendCall(call: CallState, trips: readonly TripState[], command: AmendCall): Decision {
  if (call.state !== 'open') return callEnded(call)
  const lonDeg = command.lonDeg ?? call.lonDeg
  const latDeg = command.latDeg ?? call.latDeg
  const priority = command.priority ?? call.priority
  const problem = command.problem === undefined ? call.problem : command.problem
  const detailsReplaced = command.details !== undefined
  const isSame =
    lonDeg === call.lonDeg && latDeg === call.latDeg && priority === call.priority && problem === call.problem
  const triaged = command.priority === undefined ? {} : { triaged: true as const }
  if (isSame && !detailsReplaced && command.priority === undefined) return accepted()
  if (detailsReplaced && (call.detailsVersions ?? 0) >= DETAILS_REPLACED_MAX) return detailsFull(call)
  const tripIds = trips.filter(trip => !isEnded(trip)).map(trip => trip.tripId)
  const { callId } = call
  const change = { lonDeg, latDeg, priority, problem, tripIds, detailsReplaced, ...triaged }
  return accepted({ type: 'CallAmended', v: 1, entity: callKey(callId), callId, ...change })
}

/**
 * A dispatcher ends the call: every trip of it that has not ended is cancelled, or none when one may have a patient on
 * board. The call's own end follows from theirs.
 */
export function cancelCall(call: CallState, trips: readonly TripState[], command: CancelCall): Decision {
  if (call.state !== 'open') return callEnded(call)
  const open = trips.filter(trip => !isEnded(trip))
  const lacking = trips.filter(lacksReceiver)
  if (open.length === 0 && lacking.length > 0) return awaitsReceiver(call, lacking)
  const carrying = open.filter(mayHavePatient)
  if (carrying.length > 0) {
    const tripIds = carrying.map(({ tripId }) => tripId)
    const what = `A patient of the call may be on board of a unit (${carrying.map(({ phase }) => phase).join(', ')}). Cancel the other trips one by one; the call ends with its last trip.`
    return refused('wrong-phase', what, { callId: call.callId, state: call.state, tripIds })
  }
  return accepted(...open.map(trip => cancelledTrip(trip, command.reason)))
}

function awaitsReceiver({ callId, state }: CallState, lacking: readonly TripState[]): Decision {
  const tripIds = lacking.map(({ tripId }) => tripId)
  const what = `All trips of the call have ended, and nobody knows who has the patient of ${tripIds.join(', ')}. Say so with name-receiver; the call ends with it.`
  return refused('wrong-phase', what, { callId, state, tripIds })
}

function detailsFull({ callId }: CallState): Decision {
  const what = `The details of the call were replaced ${DETAILS_REPLACED_MAX} times, as often as they may be: all former ones are kept. Say what is new in a note, with add-note.`
  return refused('call-full', what, { callId, max: DETAILS_REPLACED_MAX })
}

function callEnded(call: CallState): Decision {
  return refused('wrong-phase', `The call has ended; it is ${call.state}.`, {
    callId: call.callId,
    state: call.state,
  })
}

/** The call's own end, once the last of its trips has ended and nobody has to say where a patient is. */
export function endedCall(call: CallState, trips: readonly TripState[]): (CallClosed | CallCancelled)[] {
  if (call.state !== 'open' || !trips.every(isEnded) || trips.some(lacksReceiver)) return []
  const type = trips.some(trip => trip.phase === 'closed') ? 'CallClosed' : 'CallCancelled'
  return [{ type, v: 1, entity: callKey(call.callId), callId: call.callId }]
}
