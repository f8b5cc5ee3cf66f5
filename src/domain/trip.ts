/** A trip: one unit's work on one call, from creation to back in service, and the rules of its phases. */

import { refused } from '../base/result.ts'
import { type Alarm, evolveAlarm, raisedAlarm, rankedAnew, withoutGone } from './alarms.ts'
import type { CancelTrip, CloseTrip, ReportPhase, WithdrawUnit } from './commands.ts'
import { accepted, type Decision, type EventMeta, invariant } from './decision.ts'
import { tripKey } from './entity.ts'
import type {
  CallAmended,
  DomainEvent,
  Need,
  OfferMade,
  PutRight,
  TripAlarm,
  TripCreated,
  TripReleased,
} from './events.ts'
import { momentOf } from './events.ts'
import type { CallId, OfferId, TripId, UnitId } from './ids.ts'
import {
  type CancelReason,
  type DispatchMode,
  type Disposition,
  OPTIONAL_PHASES,
  type OverrideReason,
  type Priority,
  type TripPhase,
  WORK_PHASES,
  type WorkPhase,
} from './vocabulary.ts'

/** A trip given to one unit, as a lease with a deadline. */
export interface Offer {
  readonly offerId: OfferId
  readonly unitId: UnitId
  readonly mode: DispatchMode
  readonly offeredAtMs: number
  readonly warnAtMs: number | null
  readonly deadlineAtMs: number
}

export interface TripState {
  readonly tripId: TripId
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly need: Need
  readonly receivedAtMs: number
  /** When the desk had it first, its place among those that wait; of one that was held, when its caller called. */
  readonly enteredAtMs: number
  /** Position of the record that made the trip, or put it into the queue as if it were new. */
  readonly createdPosition: number
  readonly phase: TripPhase
  /** When the engine heard of the step into this phase; `times` has the crew's own word. */
  readonly phaseRecordedAtMs: number
  /** Since when it is in the desk's queue; null while it is not. */
  readonly pendingSinceMs: number | null
  /** The bound unit. In mode `ordered` a unit is bound from the order on. */
  readonly unitId: UnitId | null
  /** The unanswered offer. */
  readonly offer: Offer | null
  /** The unit that a dispatcher gave the trip to, and insists on: its order is not taken back for a lost position. */
  readonly insistedUnitId: UnitId | null
  readonly round: number
  /** The units asked in this round. */
  readonly asked: readonly UnitId[]
  /** When the current offer was made, and the moment each phase was reached. */
  readonly times: Readonly<Partial<Record<TripPhase, number>>>
  readonly missed: readonly TripPhase[]
  /** The alarms that stand now. */
  readonly alarms: readonly TripAlarm[]
  /** The alarms that have not ended: those, and what nobody has acknowledged yet; also of a trip that has ended. */
  readonly openAlarms: readonly Alarm[]
  readonly disposition: Disposition | null
  readonly cancelReason: CancelReason | null
  /** Positions of the records in which the desk or a dispatcher decided on it, the newest of them. Absent while there are none. */
  readonly decidedAt?: readonly number[]
  readonly version: number
}

/** How many decisions a trip names; the log has all of them. */
export const DECISIONS_KEPT = 50

export const isEnded = (trip: TripState): boolean => trip.phase === 'closed' || trip.phase === 'cancelled'

export function evolveTrip(state: TripState | null, event: DomainEvent, meta: EventMeta): TripState {
  if (event.type === 'TripCreated') {
    invariant(state === null, () => `trip ${event.tripId} was created twice, again at ${meta.position}`)
    return createdTrip(event, meta, meta.recordedAtMs)
  }
  if (event.type === 'TripReleased') return releasedTrip(event, meta)
  invariant(state !== null, () => `${event.type} at ${meta.position} names a trip that was never created`)
  const change = { ...changeOf(state, event, meta), ...decidedChange(state, event, meta) }
  const steps = change.phase !== undefined && change.phase !== state.phase
  const phaseRecordedAtMs = steps ? meta.recordedAtMs : state.phaseRecordedAtMs
  const next = { ...state, ...change, phaseRecordedAtMs, version: meta.position }
  return next.alarms === state.alarms
    ? next
    : { ...next, openAlarms: withoutGone(next.openAlarms, next.alarms, meta.recordedAtMs) }
}

function releasedTrip(event: TripReleased, meta: EventMeta): TripState {
  const trip = createdTrip(event, meta, event.receivedAtMs)
  if (event.as === 'pending') return trip
  const times = { ...trip.times, cancelled: meta.recordedAtMs }
  return { ...trip, phase: 'cancelled', pendingSinceMs: null, times, cancelReason: 'other' }
}

function createdTrip(event: TripCreated | TripReleased, meta: EventMeta, enteredAtMs: number): TripState {
  const { tripId, callId, lonDeg, latDeg, priority, need, receivedAtMs } = event
  return {
    tripId,
    callId,
    lonDeg,
    latDeg,
    priority,
    need,
    receivedAtMs,
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
        times: { ...state.times, assigned: event.happenedAtMs },
        alarms: without(state.alarms, 'unacknowledged'),
      }
    case 'OfferDeclined':
    case 'OfferTimedOut':
    case 'OfferRevoked':
      invariant(state.offer?.offerId === event.offerId, broken)
      return {
        phase: 'pending',
        pendingSinceMs: meta.recordedAtMs,
        unitId: null,
        offer: null,
        insistedUnitId: null,
        alarms: without(state.alarms, 'unacknowledged'),
      }
    case 'AssignmentOverridden':
      invariant(canBeTaken(state) && unitOf(state) === event.fromUnitId, broken)
      return { ...takenBack(state, meta), insistedUnitId: event.unitId }
    case 'UnitWithdrawn':
      invariant(canBeTaken(state) && unitOf(state) === event.unitId, broken)
      return takenBack(state, meta)
    case 'CallAmended':
      invariant(!isEnded(state), broken)
      return amendedChange(state, event)
    case 'TripPhaseReached':
      invariant(state.unitId === event.unitId && phaseOrder(event.phase) > phaseOrder(state.phase), broken)
      return {
        phase: event.phase,
        times: { ...state.times, [event.phase]: event.happenedAtMs },
        missed: [...state.missed, ...event.missed],
        // Whose app or position is lost does not come back by what is said of its trip.
        alarms: without(state.alarms, 'no-movement'),
      }
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
      return {
        phase: 'closed',
        times: { ...state.times, closed: event.happenedAtMs },
        missed: [...state.missed, ...event.missed],
        alarms: [],
        disposition: event.disposition,
      }
    default:
      return alarmChangeOf(state, event, meta)
  }
}

function amendedChange({ openAlarms }: TripState, event: CallAmended): Partial<TripState> {
  const { lonDeg, latDeg, priority } = event
  return { lonDeg, latDeg, priority, openAlarms: rankedAnew(openAlarms, priority) }
}

function alarmChangeOf(state: TripState, event: DomainEvent, meta: EventMeta): Partial<TripState> {
  switch (event.type) {
    case 'TripAlarmRaised':
      invariant(!isEnded(state), () => `${event.type} at ${meta.position} is of trip ${state.tripId}, which has ended`)
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

/** The unit that has the trip, had it at its end, or is asked for it; null while it is pending. */
export const unitOf = (trip: TripState): UnitId | null => trip.offer?.unitId ?? trip.unitId

/** Whether another unit can take it over: not once there may be a patient on board, and not when it has ended. */
function canBeTaken(trip: TripState): boolean {
  return !isEnded(trip) && !mayHavePatient(trip)
}

/** Whether a patient may be on board. */
export const mayHavePatient = ({ phase }: TripState): boolean => phaseOrder(phase) >= phaseOrder('transporting')

/** Whether a unit stands down that a trip is taken from in this phase: from the scene on nobody knows what it has begun. */
export const leaving = (phase: TripPhase): { readonly standsDown?: true } =>
  phaseOrder(phase) >= phaseOrder('on-scene') ? { standsDown: true } : {}

/** Back in the queue. What the former unit reached stays in the log; the trip's times are those of the unit to come. */
function takenBack(state: TripState, meta: EventMeta): Partial<TripState> {
  const { pending } = state.times
  return {
    phase: 'pending',
    pendingSinceMs: meta.recordedAtMs,
    unitId: null,
    offer: null,
    insistedUnitId: null,
    times: pending === undefined ? {} : { pending },
    missed: [],
    alarms: without(state.alarms, 'unacknowledged', 'no-movement', 'app-lost', 'position-lost', 'crew-relieved'),
  }
}

function offeredChange(state: TripState, event: OfferMade): Partial<TripState> {
  const { offerId, unitId, mode, round, offeredAtMs, warnAtMs, deadlineAtMs } = event
  return {
    phase: 'offered',
    pendingSinceMs: null,
    unitId: mode === 'ordered' ? unitId : null,
    offer: { offerId, unitId, mode, offeredAtMs, warnAtMs, deadlineAtMs },
    round,
    asked: round === state.round ? [...state.asked.filter(asked => asked !== unitId), unitId] : [unitId],
    times: { ...state.times, offered: offeredAtMs },
    alarms: without(state.alarms, 'no-eligible-unit', 'round-exhausted', 'rounds-over', 'waiting-long'),
  }
}

function decidedChange({ decidedAt = [] }: TripState, event: DomainEvent, { position }: EventMeta): Partial<TripState> {
  const isDecision = event.type === 'OfferMade' || (event.type === 'TripAlarmRaised' && event.decision !== undefined)
  if (!isDecision || decidedAt.at(-1) === position) return {}
  return { decidedAt: [...decidedAt, position].slice(-DECISIONS_KEPT) }
}

const without = (alarms: readonly TripAlarm[], ...gone: TripAlarm[]): TripAlarm[] =>
  alarms.filter(alarm => !gone.includes(alarm))

/** Place of a phase in the work on a trip, from 0; -1 for phases outside it. */
function phaseOrder(phase: TripPhase): number {
  return WORK_PHASES.indexOf(phase as WorkPhase)
}

/** The phases strictly between two that a crew should have reported. */
function skipped(from: TripPhase, to: TripPhase): TripPhase[] {
  return WORK_PHASES.slice(phaseOrder(from) + 1, phaseOrder(to)).filter(phase => !OPTIONAL_PHASES.includes(phase))
}

/** The crew presses a button, or says so by radio: forward only, and the phases it jumps over are marked missed. */
export function reportPhase(
  trip: TripState,
  unitId: UnitId,
  command: ReportPhase & PutRight,
  cause: 'driver' | 'dispatcher' = 'driver',
): Decision {
  const no = notWorkedOnBy(trip, unitId)
  if (no !== null) return no
  if (phaseOrder(command.phase) <= phaseOrder(trip.phase)) {
    return refused('wrong-phase', `The trip is ${trip.phase} already; report a later phase.`, {
      tripId: trip.tripId,
      phase: trip.phase,
    })
  }
  return accepted({
    type: 'TripPhaseReached',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    unitId,
    phase: command.phase,
    ...momentOf(command),
    cause,
    missed: skipped(trip.phase, command.phase),
  })
}

/** The crew is back in service. */
export function closeTrip(
  trip: TripState,
  unitId: UnitId,
  command: CloseTrip & PutRight,
  cause: 'driver' | 'dispatcher' = 'driver',
): Decision {
  const no = notWorkedOnBy(trip, unitId)
  if (no !== null) return no
  // A transport passes every phase; all other endings are judged on reaching the scene.
  const missed =
    command.disposition === 'transported'
      ? WORK_PHASES.slice(phaseOrder(trip.phase) + 1).filter(phase => !OPTIONAL_PHASES.includes(phase))
      : skipped(trip.phase, 'at-patient')
  return accepted({
    type: 'TripClosed',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    callId: trip.callId,
    unitId,
    disposition: command.disposition,
    ...momentOf(command),
    missed,
    ...(cause === 'dispatcher' ? { cause } : {}),
  })
}

/**
 * The crew called in by radio, and the desk reports for it. What it says of an order or offer that it has not answered
 * also says that it took it.
 */
export function reportByRadio(trip: TripState, command: (ReportPhase | CloseTrip) & PutRight): Decision {
  const unitId = unitOf(trip)
  if (unitId === null) return isEnded(trip) ? alreadyEnded(trip) : notToBeTaken(trip)
  const taken: DomainEvent[] = []
  let worked = trip
  if (trip.offer !== null) {
    const { tripId, offer } = trip
    const { offerId } = offer
    const base = { v: 1, entity: tripKey(tripId), tripId, offerId, unitId, cause: 'dispatcher' } as const
    taken.push({ type: 'OfferAccepted', ...base, ...momentOf(command) })
    worked = { ...trip, phase: 'assigned', unitId, offer: null }
  }
  const decision =
    command.type === 'report-phase'
      ? reportPhase(worked, unitId, command, 'dispatcher')
      : closeTrip(worked, unitId, command, 'dispatcher')
  return decision.ok ? accepted(...taken, ...decision.events) : decision
}

/** A dispatcher ends a trip before its time. A patient may be on board from `transporting` on: then nobody cancels. */
export function cancelTrip(trip: TripState, command: CancelTrip): Decision {
  if (isEnded(trip)) return alreadyEnded(trip)
  if (mayHavePatient(trip)) return patientOnBoard(trip)
  return accepted(cancelledTrip(trip, command.reason))
}

export function cancelledTrip(trip: TripState, reason: CancelReason): DomainEvent {
  return {
    type: 'TripCancelled',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    callId: trip.callId,
    reason,
    inPhase: trip.phase,
    unitId: unitOf(trip),
    cause: 'dispatcher',
    ...leaving(trip.phase),
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
    ...leaving(trip.phase),
  })
}

/**
 * A dispatcher gives the trip to a unit of their own choice, whatever its level of care, distance or connection: the trip
 * leaves whoever has it. Nothing when the unit has it already. The order to the unit is the desk's to make.
 */
export function overrideAssignment(trip: TripState, unitId: UnitId, reason: OverrideReason): Decision {
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
    ...leaving(trip.phase),
  } as const
  return accepted({ type: 'AssignmentOverridden', ...base })
}

function notToBeTaken(trip: TripState): Decision {
  const { tripId, phase } = trip
  if (isEnded(trip)) return alreadyEnded(trip)
  if (phase !== 'pending') return patientOnBoard(trip)
  return refused('wrong-phase', 'The trip is pending; no unit has the trip.', { tripId, phase })
}

function patientOnBoard({ tripId, phase }: TripState): Decision {
  const what = `The trip is ${phase}, and a patient may be on board. Close the trip once the patient is handed over, and enter a call for what another unit has to do.`
  return refused('wrong-phase', what, { tripId, phase })
}

function alreadyEnded({ tripId, phase }: TripState): Decision {
  return refused('wrong-phase', `The trip has ended; it is ${phase}.`, { tripId, phase })
}

function notWorkedOnBy(trip: TripState, unitId: UnitId): Decision | null {
  if ((trip.unitId ?? trip.offer?.unitId) !== unitId) {
    return refused(
      'not-your-trip',
      'The trip is not bound to this unit; the latest unit-state shows the trip that is.',
      { tripId: trip.tripId },
    )
  }
  if (isEnded(trip) || phaseOrder(trip.phase) < 0) {
    return refused('wrong-phase', `The trip is ${trip.phase}; only a trip that was accepted can be worked on.`, {
      tripId: trip.tripId,
      phase: trip.phase,
    })
  }
  return null
}
