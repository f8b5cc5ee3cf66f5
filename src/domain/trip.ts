/** A trip: one unit's work on one call, from creation to back in service, and the rules of its phases. */
import type { CancelTrip, CloseTrip, ReportPhase } from './commands.ts'
import { accepted, type Decision, type EventMeta, invariant, refused } from './decision.ts'
import type { DomainEvent, Need, OfferMade, TripAlarm, TripCreated } from './events.ts'
import { type CallId, type OfferId, type TripId, tripKey, type UnitId } from './ids.ts'
import {
  type CancelReason,
  type DispatchMode,
  type Disposition,
  OPTIONAL_PHASES,
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
  readonly phase: TripPhase
  /** When the engine heard of the step into this phase; `times` has the crew's own word. */
  readonly phaseRecordedAtMs: number
  /** Since when it is in the desk's queue; null while it is not. */
  readonly pendingSinceMs: number | null
  /** The bound unit. In mode `ordered` a unit is bound from the order on. */
  readonly unitId: UnitId | null
  /** The unanswered offer. */
  readonly offer: Offer | null
  readonly round: number
  /** The units asked in this round. */
  readonly asked: readonly UnitId[]
  /** When the current offer was made, and the moment each phase was reached. */
  readonly times: Readonly<Partial<Record<TripPhase, number>>>
  readonly missed: readonly TripPhase[]
  /** The alarms that stand now. */
  readonly alarms: readonly TripAlarm[]
  readonly disposition: Disposition | null
  readonly cancelReason: CancelReason | null
  readonly version: number
}

export const isEnded = (trip: TripState): boolean => trip.phase === 'closed' || trip.phase === 'cancelled'

export function evolveTrip(state: TripState | null, event: DomainEvent, meta: EventMeta): TripState {
  if (event.type === 'TripCreated') {
    invariant(state === null, () => `trip ${event.tripId} was created twice, again at ${meta.position}`)
    return createdTrip(event, meta)
  }
  invariant(state !== null, () => `${event.type} at ${meta.position} names a trip that was never created`)
  const change = changeOf(state, event, meta)
  const steps = change.phase !== undefined && change.phase !== state.phase
  const phaseRecordedAtMs = steps ? meta.recordedAtMs : state.phaseRecordedAtMs
  return { ...state, ...change, phaseRecordedAtMs, version: meta.position }
}

function createdTrip(event: TripCreated, meta: EventMeta): TripState {
  const { tripId, callId, lonDeg, latDeg, priority, need, receivedAtMs } = event
  return {
    tripId,
    callId,
    lonDeg,
    latDeg,
    priority,
    need,
    receivedAtMs,
    phase: 'pending',
    phaseRecordedAtMs: meta.recordedAtMs,
    pendingSinceMs: meta.recordedAtMs,
    unitId: null,
    offer: null,
    round: 1,
    asked: [],
    times: { pending: meta.recordedAtMs },
    missed: [],
    alarms: [],
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
        alarms: without(state.alarms, 'unacknowledged'),
      }
    case 'TripAlarmRaised':
      invariant(!isEnded(state), broken)
      return { alarms: [...without(state.alarms, event.alarm), event.alarm] }
    case 'TripAlarmCleared':
      return { alarms: without(state.alarms, event.alarm) }
    case 'TripPhaseReached':
      invariant(state.unitId === event.unitId && phaseOrder(event.phase) > phaseOrder(state.phase), broken)
      return {
        phase: event.phase,
        times: { ...state.times, [event.phase]: event.happenedAtMs },
        missed: [...state.missed, ...event.missed],
        alarms: without(state.alarms, 'no-movement', 'unit-lost'),
      }
    case 'TripCancelled':
      invariant(!isEnded(state), broken)
      return {
        phase: 'cancelled',
        pendingSinceMs: null,
        offer: null,
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
      invariant(false, () => `${event.type} at ${meta.position} is no event of a trip`)
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
    asked: round === state.round ? [...state.asked, unitId] : [unitId],
    times: { ...state.times, offered: offeredAtMs },
    alarms: without(state.alarms, 'no-eligible-unit', 'round-exhausted'),
  }
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

/** The crew presses a button: forward only, and the phases it jumps over are marked missed. */
export function reportPhase(trip: TripState, unitId: UnitId, command: ReportPhase): Decision {
  const no = notWorkedOnBy(trip, unitId)
  if (no !== null) return no
  if (phaseOrder(command.phase) <= phaseOrder(trip.phase)) {
    return refused('wrong-phase', `The trip is already ${trip.phase}; a phase can only be followed by a later one.`, {
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
    happenedAtMs: command.happenedAtMs,
    cause: 'driver',
    missed: skipped(trip.phase, command.phase),
  })
}

/** The crew is back in service. */
export function closeTrip(trip: TripState, unitId: UnitId, command: CloseTrip): Decision {
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
    happenedAtMs: command.happenedAtMs,
    missed,
  })
}

/** A dispatcher ends a trip before its time, in any phase; the unit, if there is one, is free at once. */
export function cancelTrip(trip: TripState, command: CancelTrip): Decision {
  if (isEnded(trip)) {
    return refused('wrong-phase', `The trip has already ended: it is ${trip.phase}.`, {
      tripId: trip.tripId,
      phase: trip.phase,
    })
  }
  return accepted({
    type: 'TripCancelled',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    callId: trip.callId,
    reason: command.reason,
    inPhase: trip.phase,
    unitId: trip.offer?.unitId ?? trip.unitId,
    cause: 'dispatcher',
  })
}

function notWorkedOnBy(trip: TripState, unitId: UnitId): Decision | null {
  if ((trip.unitId ?? trip.offer?.unitId) !== unitId) {
    return refused('not-your-trip', 'This trip is not bound to your unit.', { tripId: trip.tripId })
  }
  if (isEnded(trip) || phaseOrder(trip.phase) < 0) {
    return refused('wrong-phase', `The trip is ${trip.phase}; only a trip that was accepted can be worked on.`, {
      tripId: trip.tripId,
      phase: trip.phase,
    })
  }
  return null
}
