/** What a crew reports of its trip, by its buttons or by radio: the rules of the phases. */

import { refused } from '../../base/result.ts'
import type { CloseTrip, ReportPhase } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { tripKey } from '../entity.ts'
import { momentOf, type PutRight } from '../events/event.ts'
import type { DomainEvent } from '../events.ts'
import type { UnitId } from '../ids.ts'
import { OPTIONAL_PHASES, type TripPhase, WORK_PHASES } from '../vocabulary.ts'
import { isEnded, phaseOrder, type TripState, unitOf } from './trip.ts'
import { alreadyEnded, notToBeTaken } from './trip-refusals.ts'

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

/** The phases strictly between two that a crew should have reported. */
function skipped(from: TripPhase, to: TripPhase): TripPhase[] {
  return WORK_PHASES.slice(phaseOrder(from) + 1, phaseOrder(to)).filter(phase => !OPTIONAL_PHASES.includes(phase))
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
