/**
 * What a region has beside its units, trips and calls: alarms of the fleet as a whole, and closed or slow roads.
 *
 * An event that does not fit changes nothing: nobody holds a region because of one of its alarms.
 */
import { type Alarm, evolveAlarm, openAlarm, raisedAlarm, withoutGone } from './alarms.ts'
import type { EventMeta } from './decision.ts'
import { evolveZones } from './drawn-zones.ts'
import type { RegionAlarm } from './events/alarm-events.ts'
import type { DomainEvent } from './events.ts'
import type { RegionId } from './ids.ts'
import type { DrawnZone } from './zone.ts'

export interface RegionState {
  readonly regionId: RegionId
  /** What stands. */
  readonly alarms: readonly RegionAlarm[]
  /** The alarms that have not ended. */
  readonly openAlarms: readonly Alarm[]
  /** Roads that are closed or slow, or will be. Absent while none are. */
  readonly zones?: readonly DrawnZone[]
  /** Position of the record that last changed this state; 0 while none has. */
  readonly version: number
}

/** A region of which the log says nothing. */
export const quietRegion = (regionId: RegionId): RegionState => ({ regionId, alarms: [], openAlarms: [], version: 0 })

/** Folds an event of the region. */
export function evolveRegion(state: RegionState, event: DomainEvent, meta: EventMeta): RegionState {
  return { ...state, ...changeOf(state, event, meta), version: meta.position }
}

function changeOf(
  { alarms, openAlarms, zones = [] }: RegionState,
  event: DomainEvent,
  meta: EventMeta,
): Partial<RegionState> {
  switch (event.type) {
    case 'RegionAlarmRaised':
      return {
        alarms: [...alarms.filter(alarm => alarm !== event.alarm), event.alarm],
        openAlarms: raisedAlarm(openAlarms, event, meta),
      }
    case 'RegionAlarmCleared': {
      const standing = alarms.filter(alarm => alarm !== event.alarm)
      return { alarms: standing, openAlarms: withoutGone(openAlarms, standing, meta.recordedAtMs) }
    }
    case 'RoadsRestricted':
    case 'RoadsReopened':
      return { zones: evolveZones(zones, event) }
    case 'AlarmAcknowledged':
    case 'AlarmShelved':
    case 'AlarmEscalated':
    case 'AlarmLapsed':
      if (openAlarm(openAlarms, event.alarmId) === undefined) return {}
      return { openAlarms: evolveAlarm(openAlarms, event, meta) }
    default:
      return {}
  }
}
