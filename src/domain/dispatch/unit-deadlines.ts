/** What may happen to a unit by itself, whatever trip it has, and when an alarm goes up to a supervisor. */
import { type Alarm, alarmEscalated, escalatesAtMs, openAlarm } from '../alarms.ts'
import type { DomainEvent } from '../events.ts'
import type { AlarmId, UnitId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import type { DriverState } from '../unit/driver.ts'

export type UnitDeadline =
  | { readonly kind: 'disconnect-grace'; readonly unitId: UnitId }
  | { readonly kind: 'unit-alarm-unanswered'; readonly unitId: UnitId; readonly alarmId: AlarmId }

interface UnitDue {
  readonly dueMs: number
  readonly deadline: UnitDeadline
}

/** Every moment at which something may have to happen to this unit as it now stands, but for what its connection brings. */
export function unitDeadlinesOf({ unitId, openAlarms = [] }: DriverState, policy: Policy, nowMs: number): UnitDue[] {
  return escalationsOf(openAlarms, policy, nowMs).map(({ dueMs, alarmId }) => ({
    dueMs,
    deadline: { kind: 'unit-alarm-unanswered', unitId, alarmId },
  }))
}

/** What follows of a unit's deadline, if its state still says so. */
export function unitDeadlineCame(
  deadline: Exclude<UnitDeadline, { kind: 'disconnect-grace' }>,
  driver: DriverState | undefined,
  policy: Policy,
  nowMs: number,
): readonly DomainEvent[] {
  return unanswered(driver?.openAlarms ?? [], deadline.alarmId, policy, nowMs)
}

/** When each of these alarms goes up to a supervisor. */
export function escalationsOf(
  open: readonly Alarm[],
  policy: Policy,
  nowMs: number,
): { readonly dueMs: number; readonly alarmId: AlarmId }[] {
  return open.flatMap(alarm => {
    const dueMs = escalatesAtMs(alarm, policy, nowMs)
    return dueMs === null ? [] : [{ dueMs, alarmId: alarm.alarmId }]
  })
}

/** The time to answer an alarm is over: it goes up, if nobody has answered. */
export function unanswered(open: readonly Alarm[], alarmId: AlarmId, policy: Policy, nowMs: number): DomainEvent[] {
  const alarm = openAlarm(open, alarmId)
  const dueMs = alarm === undefined ? null : escalatesAtMs(alarm, policy, nowMs)
  return dueMs !== null && nowMs >= dueMs ? [alarmEscalated(alarmId)] : []
}
