/** What a crew reports of its trip, by its buttons or by radio: the rules of the phases. */

import { refused } from '../../base/result.ts'
import type { CloseTrip, ReportPhase } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { tripKey } from '../entity.ts'
import { momentOf, type PutRight } from '../events/event.ts'
import type { DomainEvent } from '../events.ts'
import type { UnitId } from '../ids.ts'
import {
  type Cause,
  type Disposition,
  MARKS,
  type Mark,
  OPTIONAL_PHASES,
  type Reportable,
  type ResponseTime,
  type TripPhase,
  WORK_PHASES,
} from '../vocabulary.ts'
import { metPatient } from './disposition-axes.ts'
import { TIME_OF_PHASE } from './e-times.ts'
import { doubtful } from './plausible.ts'
import { responseOf } from './response.ts'
import { isEnded, phaseOrder, type TripState, unitOf } from './trip.ts'
import { alreadyEnded, notOfThisUnit, notToBeTaken } from './trip-refusals.ts'

/**
 * The crew presses a button, or says so by radio. A later phase takes the trip forward, and the phases it jumps over are marked
 * missed. A mark, and a phase that the trip has passed, is a time beside.
 */
export function reportPhase(
  trip: TripState,
  unitId: UnitId,
  command: ReportPhase & PutRight,
  cause: Exclude<Cause, 'system'> = 'driver',
): Decision {
  const { phase } = command
  if (isAfterWork(phase) && responseOf(trip, unitId)?.end !== undefined)
    return noted(trip, unitId, phase, command, cause)
  const no = notWorkedOnBy(trip, unitId)
  if (no !== null) return no
  if (isMark(phase)) return noted(trip, unitId, phase, command, cause)
  const time = TIME_OF_PHASE[phase]
  if (phaseOrder(phase) <= phaseOrder(trip.phase)) return noted(trip, unitId, time, command, cause)
  return accepted({
    type: 'TripPhaseReached',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    unitId,
    phase,
    ...momentOf(command),
    ...doubtful(responseOf(trip, unitId), time, command.happenedAtMs),
    cause,
    missed: skipped(trip.phase, phase),
  })
}

const isMark = (phase: Reportable): phase is Mark => (MARKS as readonly string[]).includes(phase)

/** What a crew may also report once it has left the trip: it comes after that. */
const isAfterWork = (phase: Reportable): phase is Mark => phase === 'at-station' || phase === 'completed'

/** A time beside the phases. Nothing where the same was said before. */
function noted(
  trip: TripState,
  unitId: UnitId,
  time: ResponseTime,
  command: ReportPhase & PutRight,
  cause: Exclude<Cause, 'system'>,
): Decision {
  const { tripId } = trip
  const response = responseOf(trip, unitId)
  const { happenedAtMs } = command
  const known = response?.times[time]
  // A person who says what the wheels have said has said it.
  if (known?.atMs === happenedAtMs && known.cause !== 'geofence') return accepted()
  const told = { tripId, unitId, time, ...momentOf(command), ...doubtful(response, time, happenedAtMs), cause }
  return accepted({ type: 'TripTimeNoted', v: 1, entity: tripKey(tripId), ...told })
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
  const missed = missedAtEnd(trip, command.disposition)
  return accepted({
    type: 'TripClosed',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    callId: trip.callId,
    unitId,
    disposition: command.disposition,
    ...momentOf(command),
    ...doubtful(responseOf(trip, unitId), 'back-in-service', command.happenedAtMs),
    missed,
    ...(cause === 'dispatcher' ? { cause } : {}),
  })
}

/**
 * The crew called in by radio, and the desk reports for it. What it says of an order or offer that it has not answered
 * also says that it took it, and not when.
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
    taken.push({ type: 'OfferAccepted', ...base, ...momentOf(command), implied: true })
    worked = { ...trip, phase: 'assigned', unitId, offer: null }
  }
  const decision =
    command.type === 'report-phase'
      ? reportPhase(worked, unitId, command, 'dispatcher')
      : closeTrip(worked, unitId, command, 'dispatcher')
  return decision.ok ? accepted(...taken, ...decision.events) : decision
}

/**
 * The phases that a record of a trip with this end has to have and has not: what a button skipped is marked already, so it is
 * those to come, and of those that may be left out the ones that NEMSIS asks for. A transport passes every phase and hands the
 * patient over (nemSch_e036); whoever met a patient was with it at some moment (nemSch_e023); else the scene alone counts.
 */
function missedAtEnd({ phase, times }: TripState, disposition: Disposition): TripPhase[] {
  const last = disposition === 'transported' ? 'transferred' : metPatient(disposition) ? 'at-patient' : 'on-scene'
  const due = WORK_PHASES.slice(0, phaseOrder(last) + 1).filter(each => times[each] === undefined)
  return due.filter(each => phaseOrder(each) > phaseOrder(phase) || OPTIONAL_PHASES.includes(each))
}

/** The phases strictly between two that a crew should have reported. */
function skipped(from: TripPhase, to: TripPhase): TripPhase[] {
  return WORK_PHASES.slice(phaseOrder(from) + 1, phaseOrder(to)).filter(phase => !OPTIONAL_PHASES.includes(phase))
}

function notWorkedOnBy(trip: TripState, unitId: UnitId): Decision | null {
  if ((trip.unitId ?? trip.offer?.unitId) !== unitId) return notOfThisUnit(trip)
  if (isEnded(trip) || phaseOrder(trip.phase) < 0) {
    return refused('wrong-phase', `The trip is ${trip.phase}; only a trip that was accepted can be worked on.`, {
      tripId: trip.tripId,
      phase: trip.phase,
    })
  }
  return null
}
