/** The turns of calls: entered, put right and cancelled. */

import { addNeed, amendCall, cancelCall, enterCall } from '../../domain/call.ts'
import type { AddNeed, AmendCall, CancelCall, EnterCall } from '../../domain/commands.ts'
import { swappedPlace } from '../../domain/dispatch/place.ts'
import type { CallId, TripId } from '../../domain/ids.ts'
import { incidentNoOf, responseNoOf } from '../../domain/incident-no.ts'
import { isEnded } from '../../domain/trip/trip.ts'
import { onHold } from '../../domain/trip/trip-desk.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { applied, stepCall, withCall } from './command-steps.ts'
import type { Turn } from './turn.ts'

export function takeCall(turn: Turn, command: EnterCall, context: CommandContext): TurnOutcome {
  const { newId, desk, memory, principal } = context
  const isSwapped = swappedPlace(command, 'call', place => desk.nearestUnitM(place))
  if (isSwapped !== null) return isSwapped
  const callId: CallId = newId()
  const tripIds: TripId[] = command.needs.map(() => newId())
  const incident = memory.nextIncident(turn.nowMs)
  const incidentNo = incidentNoOf(incident)
  turn.record(enterCall(command, callId, tripIds, turn.nowMs, incidentNo))
  // In the record of the call: the desk never sees it waiting.
  if (command.onHold === true) turn.record(tripIds.map(tripId => onHold(tripId, principal)))
  turn.incident = incident
  if (command.details !== null) turn.callDetails = { callId, details: command.details }
  const responseNos = tripIds.map((_, index) => responseNoOf(incidentNo, index + 1))
  return { ok: true, result: { callId, tripIds, incidentNo, responseNos } }
}

export function rightCall(turn: Turn, command: AmendCall, { desk }: CommandContext): TurnOutcome {
  return withCall(turn, command.callId, (call, callTrips) => {
    const { lonDeg, latDeg } = command
    const isSwapped =
      lonDeg === undefined || latDeg === undefined
        ? null
        : swappedPlace({ lonDeg, latDeg }, 'changes', place => desk.nearestUnitM(place))
    if (isSwapped !== null) return isSwapped
    const decision = amendCall(call, callTrips, command)
    if (decision.ok && command.details !== undefined) {
      turn.callDetails = { callId: call.callId, details: command.details }
    }
    return applied(turn, decision, () => ({ callId: call.callId }))
  })
}

export function takeNeed(turn: Turn, command: AddNeed, { newId }: CommandContext): TurnOutcome {
  return withCall(turn, command.callId, call => {
    const tripId: TripId = newId()
    return applied(turn, addNeed(call, command, tripId), () => {
      const { responseNo } = turn.trip(tripId)!
      return { callId: call.callId, tripId, ...(responseNo === undefined ? {} : { responseNo }) }
    })
  })
}

export function stopCall(turn: Turn, command: CancelCall): TurnOutcome {
  return withCall(turn, command.callId, (call, callTrips) => {
    const decision = cancelCall(call, callTrips, command)
    return applied(turn, decision, () => {
      stepCall(turn, call.callId)
      const tripIds = callTrips.filter(trip => !isEnded(trip)).map(trip => trip.tripId)
      return { callId: call.callId, state: turn.call(call.callId)!.state, tripIds }
    })
  })
}
