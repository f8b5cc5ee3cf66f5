/** The turns of trips that the desk moves: given to another unit, taken back, reported by radio. */

import type {
  AssignUnit,
  CloseTrip,
  ConfirmOrder,
  CorrectTime,
  DivertUnit,
  NameDestination,
  NameReceiver,
  ReportPhase,
} from '../../domain/commands.ts'
import { divertedByHand, givenByHand } from '../../domain/dispatch/override.ts'
import { driverKey } from '../../domain/entity.ts'
import { momentOf, type PutRight } from '../../domain/events/event.ts'
import { carried } from '../../domain/trip/carried.ts'
import { correctTime } from '../../domain/trip/correction.ts'
import { nameDestination } from '../../domain/trip/destination.ts'
import { nameReceiver } from '../../domain/trip/receiver.ts'
import { type TripState, unitOf } from '../../domain/trip/trip.ts'
import { reportByRadio } from '../../domain/trip/trip-work.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import { confirmOrder } from '../../domain/unit/offer-answers.ts'
import { unknownUnit } from '../refusals.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { applied, crewOf, stepCall, stepTrip, withCall, withTrip } from './command-steps.ts'
import type { Turn } from './turn.ts'

/** The trip leaves its former unit, and the unit its unanswered offer; then the unit gets the order. */
export function assignUnit(turn: Turn, trip: TripState, command: AssignUnit, context: CommandContext): TurnOutcome {
  const { tripId, unitId, reason } = command
  const driver = turn.driver(unitId)
  if (driver === undefined) return { ok: false, refusal: unknownUnit(unitId) }
  const decision = givenByHand(
    trip,
    formerUnit(turn, trip),
    driver,
    reason,
    context.principal,
    context.retiring.has(unitId),
    turn.nowMs,
  )
  if (!decision.ok) return decision
  if (decision.events.length > 0) {
    turn.record(decision.events)
    context.desk.order(turn, tripId, unitId)
  }
  const { phase, offer } = turn.trip(tripId)!
  return { ok: true, result: { tripId, unitId, phase, offerId: offer?.offerId ?? null } }
}

/** The unit that has the trip or is asked for it; null for none, and for one that is held, of which nothing is recorded. */
export function formerUnit(turn: Turn, trip: TripState): DriverState | null {
  const unitId = unitOf(trip)
  return unitId === null || turn.isHeld(driverKey(unitId)) ? null : (turn.driver(unitId) ?? null)
}

export function confirmedByVoice(turn: Turn, trip: TripState, command: ConfirmOrder & PutRight): TurnOutcome {
  const { tripId } = trip
  const decision = confirmOrder(trip, momentOf(command))
  return applied(turn, decision, () => ({ tripId, unitId: unitOf(trip)!, phase: turn.trip(tripId)!.phase }))
}

export function reportedByRadio(turn: Turn, command: (ReportPhase | CloseTrip) & PutRight): TurnOutcome {
  return withTrip(turn, command.tripId, trip => {
    const reported = reportByRadio(trip, command)
    const isClose = command.type === 'close-trip'
    const decision = isClose ? carried(reported, formerUnit(turn, trip) ?? undefined, command) : reported
    return stepTrip(turn, trip.tripId, decision)
  })
}

/** Who has the patient may be all that the call waited for. */
export function receiverNamed(turn: Turn, trip: TripState, command: NameReceiver): TurnOutcome {
  const { tripId, callId } = trip
  return withCall(turn, callId, (_, callTrips) =>
    applied(turn, nameReceiver(trip, callTrips, command), () => {
      stepCall(turn, callId)
      return { tripId, toTripId: command.toTripId, callId, state: turn.call(callId)!.state }
    }),
  )
}

/** A crew says it of its own trip, the desk of any. */
export function destinationNamed(
  turn: Turn,
  trip: TripState,
  command: NameDestination,
  context: CommandContext,
): TurnOutcome {
  const { unitId, desk } = context
  const crew = unitId === null ? null : crewOf(turn, context)
  if (crew?.ok === false) return crew
  const { tripId, phase } = trip
  const { hospitalId } = command
  const hospital = hospitalId === null ? null : desk.hospital(hospitalId)
  return applied(turn, nameDestination(trip, command, hospital, unitId), () => ({ tripId, phase, hospitalId }))
}

/** The unit leaves its trip for another one, which it is ordered to in the same record; the desk then finds a unit for the former. */
export function divertUnit(turn: Turn, from: TripState, command: DivertUnit, context: CommandContext): TurnOutcome {
  const { toTripId, reason } = command
  return withTrip(turn, toTripId, trip => {
    const unit = formerUnit(turn, from)
    const isRetiring = unit !== null && context.retiring.has(unit.unitId)
    const former = formerUnit(turn, trip)
    const decision = divertedByHand(from, trip, former, unit, reason, context.principal, isRetiring, turn.nowMs)
    if (!decision.ok) return decision
    turn.record(decision.events)
    const { unitId } = unit!
    context.desk.order(turn, toTripId, unitId)
    const { phase, offer } = turn.trip(toTripId)!
    const result = { tripId: toTripId, unitId, phase, offerId: offer?.offerId ?? null, fromTripId: from.tripId }
    return { ok: true, result }
  })
}

/** A correction is of the past: it may be of long ago, and is put right by nobody. */
export function correctedTime(
  turn: Turn,
  trip: TripState,
  command: CorrectTime,
  { moments }: Pick<CommandContext, 'moments'>,
): TurnOutcome {
  const { tripId, unitId, time, newAtMs: atMs } = command
  return applied(turn, correctTime(trip, command, moments.latestMs), () => ({ tripId, unitId, time, atMs }))
}
