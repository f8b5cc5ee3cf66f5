/** What may happen to a unit by itself, whatever trip it has, and when an alarm goes up to a supervisor. */
import { type Alarm, alarmEscalated, escalatesAtMs, openAlarm } from '../alarms.ts'
import type { DomainEvent } from '../events.ts'
import type { AlarmId, UnitId } from '../ids.ts'
import { overAtMs, type Policy } from '../policy.ts'
import type { DriverState } from '../unit/driver.ts'
import type { AlarmSeverity } from '../vocabulary.ts'
import { unitAlarm } from './alarms.ts'
import { keptUntilMs } from './eligibility.ts'

/** A crew that does not know drives on to a call that is over or another unit's; it hurts whoever needs it next. */
const STAND_DOWN_SEVERITY: AlarmSeverity = 2

export type UnitDeadline =
  | { readonly kind: 'disconnect-grace'; readonly unitId: UnitId }
  | { readonly kind: 'stand-down-unheard'; readonly unitId: UnitId }
  /** The desk may use a unit again that a dispatcher has withdrawn. */
  | { readonly kind: 'withdraw-pause'; readonly unitId: UnitId }
  | { readonly kind: 'unit-alarm-unanswered'; readonly unitId: UnitId; readonly alarmId: AlarmId }

interface UnitDue {
  readonly dueMs: number
  readonly deadline: UnitDeadline
}

/** Every moment at which something may have to happen to this unit as it now stands, but for what its connection brings. */
export function unitDeadlinesOf(driver: DriverState, policy: Policy, nowMs: number): UnitDue[] {
  const { unitId, openAlarms = [] } = driver
  const dues: UnitDue[] = escalationsOf(openAlarms, policy, nowMs).map(({ dueMs, alarmId }) => ({
    dueMs,
    deadline: { kind: 'unit-alarm-unanswered', unitId, alarmId },
  }))
  const unheardMs = unheardAtMs(driver, policy, nowMs)
  if (unheardMs !== null) dues.push({ dueMs: unheardMs, deadline: { kind: 'stand-down-unheard', unitId } })
  const keptMs = keptUntilMs(driver, policy, nowMs)
  if (keptMs > nowMs) dues.push({ dueMs: keptMs, deadline: { kind: 'withdraw-pause', unitId } })
  return dues
}

/** When somebody has to call a crew that has not said that it knows of the trip that was taken from it; null otherwise. */
function unheardAtMs({ takenTrip, openAlarms = [] }: DriverState, policy: Policy, nowMs: number): number | null {
  const isTold = openAlarms.some(({ kind, goneAtMs }) => kind === 'stand-down' && goneAtMs === null)
  return takenTrip === undefined || isTold ? null : overAtMs(takenTrip.sinceMs, policy.standDownWarnMs, nowMs)
}

/** What follows of a unit's deadline, if its state still says so. */
export function unitDeadlineCame(
  deadline: Exclude<UnitDeadline, { kind: 'disconnect-grace' }>,
  driver: DriverState | undefined,
  policy: Policy,
  nowMs: number,
): readonly DomainEvent[] | 'match' {
  if (driver === undefined) return []
  if (deadline.kind === 'withdraw-pause') {
    return driver.withdrawnAtMs !== undefined && keptUntilMs(driver, policy, nowMs) <= nowMs ? 'match' : []
  }
  if (deadline.kind === 'unit-alarm-unanswered') {
    return unanswered(driver.openAlarms ?? [], deadline.alarmId, policy, nowMs)
  }
  const dueMs = unheardAtMs(driver, policy, nowMs)
  const isDue = dueMs !== null && nowMs >= dueMs
  return isDue ? unitAlarm(driver, 'stand-down', STAND_DOWN_SEVERITY, driver.takenTrip!.tripId) : []
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
