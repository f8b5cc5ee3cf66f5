/** The turns of calls: entered and put right. */

import { amendCall, enterCall } from '../../domain/call.ts'
import type { AmendCall, EnterCall } from '../../domain/commands.ts'
import { swappedPlace } from '../../domain/dispatch/place.ts'
import type { CallId, TripId } from '../../domain/ids.ts'
import type { CommandContext } from './command-context.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { applied, withCall } from './command-steps.ts'
import type { Turn } from './turn.ts'

export function takeCall(turn: Turn, command: EnterCall, { newId, desk }: CommandContext): TurnOutcome {
  const isSwapped = swappedPlace(command, 'call', place => desk.nearestUnitM(place))
  if (isSwapped !== null) return isSwapped
  const callId: CallId = newId()
  const tripIds: TripId[] = command.needs.map(() => newId())
  turn.record(enterCall(command, callId, tripIds, turn.nowMs))
  if (command.details !== null) turn.callDetails = { callId, details: command.details }
  return { ok: true, result: { callId, tripIds } }
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
