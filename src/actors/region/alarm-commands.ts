/** The turns in which a person answers an alarm. */
import { acknowledgeAlarm, openAlarm, shelveAlarm } from '../../domain/alarms.ts'
import type { AcknowledgeAlarm, ShelveAlarm } from '../../domain/commands.ts'
import type { Principal } from '../../domain/ids.ts'
import type { Policy } from '../../domain/policy.ts'
import type { TurnOutcome } from './command-outcome.ts'
import { openAlarmsOf } from './gone-alarms.ts'
import type { Turn } from './turn.ts'
import { alarmView } from './views.ts'

export function answerAlarm(
  turn: Turn,
  command: AcknowledgeAlarm | ShelveAlarm,
  { principal, policy }: { readonly principal: Principal; readonly policy: Policy },
): TurnOutcome {
  const { alarmId } = command
  const open = openAlarmsOf(turn, alarmId)
  const decision =
    command.type === 'acknowledge-alarm'
      ? acknowledgeAlarm(open, command, principal)
      : shelveAlarm(open, command, principal, policy)
  if (!decision.ok) return decision
  turn.record(decision.events)
  const alarm = openAlarm(openAlarmsOf(turn, alarmId), alarmId)
  return { ok: true, result: { alarm: alarm === undefined ? null : alarmView(alarm) } }
}
