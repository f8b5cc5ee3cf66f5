/** The turns in which a person answers an alarm. */
import { acknowledgeAlarm, openAlarm, shelveAlarm, unknownAlarm } from '../../domain/alarms.ts'
import type { AcknowledgeAlarm, ShelveAlarm } from '../../domain/commands.ts'
import type { Principal } from '../../domain/ids.ts'
import type { Policy } from '../../domain/policy.ts'
import type { TurnOutcome } from './command-outcome.ts'
import type { Turn } from './turn.ts'
import { alarmView } from './views.ts'

export function answerAlarm(
  turn: Turn,
  command: AcknowledgeAlarm | ShelveAlarm,
  { principal, policy }: { readonly principal: Principal; readonly policy: Policy },
): TurnOutcome {
  const { tripId, alarmId } = command
  const trip = turn.trip(tripId)
  if (trip === undefined) return unknownAlarm(alarmId)
  const decision =
    command.type === 'acknowledge-alarm'
      ? acknowledgeAlarm(trip, command, principal)
      : shelveAlarm(trip, command, principal, policy)
  if (!decision.ok) return decision
  turn.record(decision.events)
  const alarm = openAlarm(turn.trip(tripId)!.openAlarms, alarmId)
  return { ok: true, result: { alarm: alarm === undefined ? null : alarmView(alarm) } }
}
