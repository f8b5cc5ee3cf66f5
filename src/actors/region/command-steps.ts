/** Steps that the turns of commands share: the states that a command names, and what a decision comes to. */

import type { Refused } from '../../base/result.ts'
import { type CallState, endedCall } from '../../domain/call.ts'
import type { Decision } from '../../domain/decision.ts'
import { callKey } from '../../domain/entity.ts'
import type { CallId, TripId } from '../../domain/ids.ts'
import { receiversOf } from '../../domain/trip/receiver.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import { whyNotCrew } from '../../domain/unit/crew-duty.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import { unknownCall, unknownTrip, unknownUnit } from '../refusals.ts'
import type { CommandContext } from './command-context.ts'
import type { CommandResult, TurnOutcome } from './command-outcome.ts'
import type { Turn } from './turn.ts'

export function withTrip(turn: Turn, tripId: TripId, then: (trip: TripState) => TurnOutcome): TurnOutcome {
  const trip = turn.trip(tripId)
  return trip === undefined ? { ok: false, refusal: unknownTrip(tripId) } : then(trip)
}

export function withCall(
  turn: Turn,
  callId: CallId,
  then: (call: CallState, callTrips: readonly TripState[]) => TurnOutcome,
): TurnOutcome {
  const call = turn.call(callId)
  return call === undefined ? { ok: false, refusal: unknownCall(callId) } : then(call, tripsOf(turn, call))
}

/** The unit that the session speaks for, where this principal may: no other crew is signed on to it. */
export function crewOf(
  turn: Turn,
  { unitId, principal }: Pick<CommandContext, 'unitId' | 'principal'>,
): { readonly ok: true; readonly driver: DriverState } | Refused {
  const driver = unitId === null ? undefined : turn.driver(unitId)
  if (driver === undefined) return { ok: false, refusal: unknownUnit(unitId) }
  const notCrew = whyNotCrew(driver, principal)
  return notCrew === null ? { ok: true, driver } : { ok: false, refusal: notCrew }
}

/** The call's trips, without one that a broken log has left us no state of. */
const tripsOf = (turn: Turn, call: CallState): TripState[] => call.tripIds.flatMap(tripId => turn.trip(tripId) ?? [])

export function applied(turn: Turn, decision: Decision, result: () => CommandResult): TurnOutcome {
  if (!decision.ok) return decision
  turn.record(decision.events)
  return { ok: true, result: result() }
}

/** A trip's end is also its call's, if it was the last one; and a crew that arrives may be who a patient was handed over to. */
export function stepTrip(turn: Turn, tripId: TripId, decision: Decision): TurnOutcome {
  return applied(turn, decision, () => {
    const { callId, phase } = turn.trip(tripId)!
    stepCall(turn, callId)
    return { tripId, phase }
  })
}

/** What a step of its trips means for the call: who has received a patient, and whether it is over. */
export function stepCall(turn: Turn, callId: CallId): void {
  const call = turn.call(callId)
  // A call in quarantine takes no word of its own; its trips must come to their end all the same.
  if (turn.isHeld(callKey(callId))) return
  if (call === undefined || call.state !== 'open') return
  turn.record(receiversOf(tripsOf(turn, call)).filter(({ entity }) => !turn.isHeld(entity)))
  const callTrips = tripsOf(turn, call)
  // Of a call with a trip that we do not know nobody can say that it is over.
  if (callTrips.length === call.tripIds.length) turn.record(endedCall(call, callTrips))
}
