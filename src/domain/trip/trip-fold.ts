/** How each event changes a trip. */

import { evolveAlarm, raisedAlarm, rankedAnew, withoutGone } from '../alarms.ts'
import { type EventMeta, invariant } from '../decision.ts'
import type { TripAlarm } from '../events/alarm-events.ts'
import type { CallAmended } from '../events/call-events.ts'
import type { Loss } from '../events/decision-record.ts'
import type {
  DestinationNamed,
  HelpAdded,
  OfferMade,
  TripClosed,
  TripCreated,
  TripReleased,
  TripTimeNoted,
} from '../events/trip-events.ts'
import type { DomainEvent } from '../events.ts'
import { REPORTABLE_PHASES } from '../vocabulary.ts'
import { correctedChange } from './correction.ts'
import { TIME_OF_PHASE } from './e-times.ts'
import { responseOf } from './response.ts'
import { responsesAfter } from './response-fold.ts'
import { canBeTaken, isEnded, isWaiting, phaseOrder, type TripState, unitOf } from './trip.ts'

/** How many decisions a trip names; the log has all of them. */
export const DECISIONS_KEPT = 50

/** The alarms of a unit that does not come: its next step ends them. */
const OF_THE_WAY = ['no-movement', 'standing', 'turned-away', 'past-eta'] as const satisfies readonly TripAlarm[]

/** What a trip has without a unit. */
const NO_UNIT = { unitId: null, offer: null, insistedUnitId: null } as const
const NO_UNIT_NO_LOSS = { ...NO_UNIT, loss: null } as const
const noUnit = ({ loss }: TripState): Partial<TripState> => (loss === undefined ? NO_UNIT : NO_UNIT_NO_LOSS)

export function evolveTrip(state: TripState | null, event: DomainEvent, meta: EventMeta): TripState {
  if (event.type === 'TripCreated') {
    invariant(state === null, () => `trip ${event.tripId} was created twice, again at ${meta.position}`)
    return createdTrip(event, meta, meta.recordedAtMs)
  }
  if (event.type === 'HelpAdded' && state === null) {
    const { helpsTripId: helps, because: helpsBecause, asked } = event
    return { ...createdTrip(event, meta, meta.recordedAtMs), helps, helpsBecause, asked }
  }
  if (event.type === 'TripReleased') return releasedTrip(event, meta)
  invariant(state !== null, () => `${event.type} at ${meta.position} names a trip that was never created`)
  const responses = responsesAfter(state, event, meta)
  const change = { ...changeOf(state, event, meta), ...decidedChange(state, event, meta), responses }
  const steps = change.phase !== undefined && change.phase !== state.phase
  const phaseRecordedAtMs = steps ? meta.recordedAtMs : state.phaseRecordedAtMs
  const next = { ...withoutHold(state, event), ...change, phaseRecordedAtMs, version: meta.position }
  return next.alarms === state.alarms
    ? next
    : { ...next, openAlarms: withoutGone(next.openAlarms, next.alarms, meta.recordedAtMs) }
}

/** The state before the event, as far as a hold and a dispatcher's insistence go on behind it. */
function withoutHold(state: TripState, event: DomainEvent): TripState {
  if (state.onHold === undefined && state.insistedBy === undefined) return state
  switch (event.type) {
    case 'OfferAccepted':
    case 'OfferTimedOut':
    case 'OfferRevoked':
    case 'UnitWithdrawn': {
      const { insistedBy: _, ...rest } = state
      return rest
    }
    case 'OfferMade':
    case 'TripTakenOffHold': {
      const { onHold: _, ...rest } = state
      return rest
    }
    case 'TripCancelled': {
      const { onHold: _, insistedBy: __, ...rest } = state
      return rest
    }
    default:
      return state
  }
}

function releasedTrip(event: TripReleased, meta: EventMeta): TripState {
  const trip = { ...createdTrip(event, meta, event.receivedAtMs), ...helpOf(event) }
  if (event.as === 'pending') return trip
  const times = { ...trip.times, cancelled: meta.recordedAtMs }
  return { ...trip, phase: 'cancelled', pendingSinceMs: null, times, cancelReason: 'other' }
}

function helpOf({ helpsTripId, helpsBecause, helpedByTripId }: TripReleased): Partial<TripState> {
  return {
    ...(helpsTripId === undefined ? {} : { helps: helpsTripId }),
    ...(helpsBecause === undefined ? {} : { helpsBecause }),
    ...(helpedByTripId === undefined ? {} : { helpedBy: helpedByTripId }),
  }
}

function createdTrip(event: TripCreated | HelpAdded | TripReleased, meta: EventMeta, enteredAtMs: number): TripState {
  const { tripId, callId, lonDeg, latDeg, priority, need, receivedAtMs, responseNo } = event
  return {
    tripId,
    callId,
    lonDeg,
    latDeg,
    priority,
    need,
    receivedAtMs,
    ...(responseNo === undefined ? {} : { responseNo }),
    enteredAtMs,
    createdPosition: meta.position,
    phase: 'pending',
    phaseRecordedAtMs: meta.recordedAtMs,
    pendingSinceMs: meta.recordedAtMs,
    unitId: null,
    offer: null,
    insistedUnitId: null,
    round: 1,
    asked: [],
    responses: [],
    times: { pending: meta.recordedAtMs },
    missed: [],
    alarms: [],
    openAlarms: [],
    disposition: null,
    cancelReason: null,
    version: meta.position,
  }
}

function changeOf(state: TripState, event: DomainEvent, meta: EventMeta): Partial<TripState> {
  const broken = () => `${event.type} at ${meta.position} does not fit trip ${state.tripId}, which is ${state.phase}`
  switch (event.type) {
    case 'OfferMade':
      invariant(state.phase === 'pending', broken)
      return offeredChange(state, event)
    case 'OfferAccepted':
      invariant(state.offer?.offerId === event.offerId, broken)
      return {
        phase: 'assigned',
        unitId: event.unitId,
        offer: null,
        insistedUnitId: null,
        times: event.implied === true ? state.times : { ...state.times, assigned: event.happenedAtMs },
        alarms: without(state.alarms, 'unacknowledged', 'voice-order'),
      }
    case 'OfferDeclined':
    case 'OfferTimedOut':
    case 'OfferRevoked':
      invariant(state.offer?.offerId === event.offerId, broken)
      return { ...inQueue(state, meta), alarms: without(state.alarms, 'unacknowledged', 'voice-order') }
    case 'HelpAdded':
      invariant(state.tripId === event.helpsTripId && state.helpedBy === undefined && !isEnded(state), broken)
      return { helpedBy: event.tripId }
    case 'CallAmended':
      invariant(!isEnded(state), broken)
      return amendedChange(state, event, meta)
    case 'TripPhaseReached':
      invariant(state.unitId === event.unitId && phaseOrder(event.phase) > phaseOrder(state.phase), broken)
      return {
        phase: event.phase,
        times: { ...state.times, [event.phase]: event.happenedAtMs },
        missed: [...state.missed, ...event.missed],
        // Whose app or position is lost does not come back by what is said of its trip.
        alarms: without(state.alarms, ...OF_THE_WAY),
      }
    case 'UnitNotified':
    case 'UnitCleared':
      // They tell of a response alone, also of a trip that has ended.
      return {}
    case 'ReceiverNamed':
      return { handedTo: event.toTripId, alarms: without(state.alarms, 'receiver-unknown') }
    case 'DestinationNamed':
      invariant(!isEnded(state), broken)
      return { destination: destinationIn(event) }
    case 'TripTimeNoted':
    case 'TripTimeCorrected':
      return event.type === 'TripTimeNoted' ? notedChange(state, event) : correctedChange(state, event)
    case 'TripCancelled':
      invariant(!isEnded(state), broken)
      return {
        phase: 'cancelled',
        pendingSinceMs: null,
        offer: null,
        insistedUnitId: null,
        times: { ...state.times, cancelled: meta.recordedAtMs },
        alarms: [],
        cancelReason: event.reason,
      }
    case 'TripClosed':
      invariant(state.unitId === event.unitId && phaseOrder(state.phase) >= 0, broken)
      return closedChange(state, event)
    default:
      return deskChangeOf(state, event, meta)
  }
}

const destinationIn = ({ hospitalId, place }: DestinationNamed) =>
  hospitalId === null || place === null ? null : { hospitalId, ...place }

/** A phase that was passed without a moment has one now. */
function notedChange(trip: TripState, event: TripTimeNoted): Partial<TripState> {
  const { phase, unitId, times, missed } = trip
  const passed = REPORTABLE_PHASES.find(each => TIME_OF_PHASE[each] === event.time)
  if (passed === undefined || event.unitId !== unitId) return {}
  // A person's word is put in the place of what the wheels said.
  const isOfWheels = event.cause !== 'geofence' && responseOf(trip, unitId)?.times[event.time]?.cause === 'geofence'
  if (times[passed] !== undefined && !isOfWheels) return {}
  if (phaseOrder(passed) > phaseOrder(phase)) return {}
  return { times: { ...times, [passed]: event.happenedAtMs }, missed: missed.filter(each => each !== passed) }
}

function closedChange({ times, missed }: TripState, event: TripClosed): Partial<TripState> {
  const closed = { phase: 'closed', times: { ...times, closed: event.happenedAtMs } } as const
  return { ...closed, missed: [...missed, ...event.missed], alarms: [], disposition: event.disposition }
}

function amendedChange(state: TripState, event: CallAmended, { recordedAtMs }: EventMeta): Partial<TripState> {
  const { lonDeg, latDeg, priority, triaged } = event
  const change = { lonDeg, latDeg, priority, openAlarms: rankedAnew(state.openAlarms, priority) }
  if (triaged !== true) return change
  return { ...change, triagedAtMs: recordedAtMs, alarms: without(state.alarms, 'waiting-long') }
}

/** What a dispatcher makes of it: its unit is taken, or it is kept. */
function deskChangeOf(state: TripState, event: DomainEvent, meta: EventMeta): Partial<TripState> {
  const broken = () => `${event.type} at ${meta.position} does not fit trip ${state.tripId}, which is ${state.phase}`
  switch (event.type) {
    case 'AssignmentOverridden':
      invariant(canBeTaken(state) && unitOf(state) === event.fromUnitId, broken)
      return {
        ...takenBack(state, meta),
        insistedUnitId: event.unitId,
        ...(event.by === undefined ? {} : { insistedBy: event.by }),
      }
    case 'UnitWithdrawn':
      invariant(canBeTaken(state) && unitOf(state) === event.unitId, broken)
      return takenBack(state, meta)
    case 'TripPutOnHold':
      invariant(isWaiting(state), broken)
      return {
        onHold: { why: event.why, by: event.by, sinceMs: meta.recordedAtMs },
        alarms: without(state.alarms, 'no-eligible-unit', 'round-exhausted', 'rounds-over'),
      }
    case 'TripTakenOffHold':
      invariant(state.onHold !== undefined, broken)
      return { alarms: without(state.alarms, 'order-unanswered') }
    default:
      return alarmChangeOf(state, event, meta)
  }
}

function alarmChangeOf(state: TripState, event: DomainEvent, meta: EventMeta): Partial<TripState> {
  switch (event.type) {
    case 'TripAlarmRaised':
      invariant(
        !isEnded(state) || event.alarm === 'receiver-unknown',
        () => `${event.type} at ${meta.position} is of trip ${state.tripId}, which has ended`,
      )
      return {
        alarms: [...without(state.alarms, event.alarm), event.alarm],
        openAlarms: raisedAlarm(state.openAlarms, event, meta),
      }
    case 'TripAlarmCleared':
      return { alarms: without(state.alarms, event.alarm) }
    case 'AlarmAcknowledged':
    case 'AlarmShelved':
    case 'AlarmEscalated':
    case 'AlarmLapsed':
      return { openAlarms: evolveAlarm(state.openAlarms, event, meta) }
    default:
      invariant(false, () => `${event.type} at ${meta.position} is no event of a trip`)
  }
}

/** In the queue again. What the former unit reached is in its response; the trip's times are those of the unit to come. */
function inQueue(state: TripState, { recordedAtMs }: EventMeta): Partial<TripState> {
  const { pending } = state.times
  return {
    phase: 'pending',
    pendingSinceMs: recordedAtMs,
    ...noUnit(state),
    times: pending === undefined ? {} : { pending },
  }
}

function takenBack(state: TripState, meta: EventMeta): Partial<TripState> {
  return {
    ...inQueue(state, meta),
    missed: [],
    alarms: without(
      state.alarms,
      ...(['unacknowledged', 'voice-order', ...OF_THE_WAY, 'app-lost', 'position-lost', 'crew-relieved'] as const),
    ),
  }
}

const NONE = {}
const NOTHING: Partial<TripState> = NONE
const lossChange = (state: TripState, loss: Loss | undefined): Partial<TripState> =>
  loss === undefined && state.loss === undefined ? NOTHING : { loss: loss ?? null }

function offeredChange(state: TripState, event: OfferMade): Partial<TripState> {
  const { offerId, unitId, mode, round, offeredAtMs, warnAtMs, deadlineAtMs, byVoice, decision } = event
  const { despite } = decision
  const voice = byVoice === true ? { byVoice } : NONE
  const against = despite === undefined ? NONE : { despite }
  return {
    phase: 'offered',
    pendingSinceMs: null,
    unitId: mode === 'ordered' ? unitId : null,
    offer: { offerId, unitId, mode, offeredAtMs, warnAtMs, deadlineAtMs, ...voice, ...against },
    ...lossChange(state, decision.loss),
    round,
    asked: round === state.round ? [...state.asked.filter(asked => asked !== unitId), unitId] : [unitId],
    times: { ...state.times, offered: offeredAtMs },
    alarms: without(
      state.alarms,
      ...(['no-eligible-unit', 'round-exhausted', 'rounds-over', 'waiting-long', 'order-unanswered'] as const),
    ),
  }
}

function decidedChange({ decidedAt = [] }: TripState, event: DomainEvent, { position }: EventMeta): Partial<TripState> {
  const isDecision = event.type === 'OfferMade' || (event.type === 'TripAlarmRaised' && event.decision !== undefined)
  if (!isDecision || decidedAt.at(-1) === position) return {}
  return { decidedAt: [...decidedAt, position].slice(-DECISIONS_KEPT) }
}

const without = (alarms: readonly TripAlarm[], ...gone: TripAlarm[]): TripAlarm[] =>
  alarms.filter(alarm => !gone.includes(alarm))
