/** Counts what becomes of alarms, and how many there are of each sort. */
import { kindOfAlarm } from '../../domain/alarms.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { AlarmSeverity } from '../../domain/vocabulary.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { TurnFollower } from './followers.ts'
import type { Alarmed } from './gone-alarms.ts'

const ALARM_OUTCOMES = {
  AlarmAcknowledged: 'acknowledged',
  AlarmShelved: 'shelved',
  AlarmEscalated: 'escalated',
  AlarmLapsed: 'lapsed',
} as const

const RAISED: ReadonlySet<DomainEvent['type']> = new Set(['TripAlarmRaised', 'UnitAlarmRaised', 'RegionAlarmRaised'])

export const alarmCount = (metrics: Metrics): TurnFollower => ({
  stored(turn) {
    for (const event of turn.events) {
      if (RAISED.has(event.type) && 'alarm' in event) metrics.alarm('raised', event.alarm)
      else if ('alarmId' in event) metrics.alarm(ALARM_OUTCOMES[event.type], kindOfAlarm(event.alarmId))
    }
  },
})

/** *unanswered*: it stands, and nobody has acknowledged it; *unseen*: its cause is gone, and nobody has. */
export type AlarmStanding = 'unanswered' | 'acknowledged' | 'unseen'

/** The open alarms of these trips and units, by severity and by what has become of each. */
export function countAlarms(
  alarmed: Iterable<Alarmed>,
): (readonly [severity: AlarmSeverity, standing: AlarmStanding, count: number])[] {
  const counts = { unanswered: [0, 0, 0], acknowledged: [0, 0, 0], unseen: [0, 0, 0] }
  for (const { openAlarms } of alarmed) {
    for (const { severity, goneAtMs, acknowledged } of openAlarms) {
      counts[acknowledged !== null ? 'acknowledged' : goneAtMs === null ? 'unanswered' : 'unseen'][severity - 1]! += 1
    }
  }
  return Object.entries(counts).flatMap(([standing, each]) =>
    each.map((count, i) => [(i + 1) as AlarmSeverity, standing as AlarmStanding, count] as const),
  )
}
