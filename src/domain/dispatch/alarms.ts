/** Alarms as events: raised once while they stand, cleared only when they do. */

import { severityOf } from '../alarms.ts'
import { driverKey, tripKey } from '../entity.ts'
import type { TripAlarm, TripAlarmRaised, UnitAlarm } from '../events/alarm-events.ts'
import type { DecisionRecord } from '../events/decision-record.ts'
import type { DomainEvent } from '../events.ts'
import type { TripId, UnitId } from '../ids.ts'
import type { TripState } from '../trip/trip.ts'
import type { DriverState } from '../unit/driver.ts'
import type { AlarmSeverity } from '../vocabulary.ts'

/** The alarm as an event; none when it stands already. Input: `decide`, what led to it, asked only when it is raised. */
export function alarmRaised(
  trip: TripState,
  alarm: TripAlarm,
  unitId: UnitId | null,
  decide?: () => DecisionRecord,
): TripAlarmRaised[] {
  if (trip.alarms.includes(alarm)) return []
  const entity = tripKey(trip.tripId)
  const severity = severityOf(alarm, trip.priority)
  const decision = decide === undefined ? {} : { decision: decide() }
  return [{ type: 'TripAlarmRaised', v: 1, entity, tripId: trip.tripId, alarm, unitId, severity, ...decision }]
}

/** The alarm that a unit is silent which has the trip. Input: when it was heard of last. */
export const silenceRaised = (
  trip: TripState,
  alarm: 'app-lost' | 'position-lost',
  unitId: UnitId | null,
  lastHeardAtMs: number,
): DomainEvent[] => alarmRaised(trip, alarm, unitId).map(event => ({ ...event, lastHeardAtMs }))

/** The alarm of a unit as an event. Input: the trip that led to it, null for none. */
export function unitAlarm(
  { unitId }: Pick<DriverState, 'unitId'>,
  alarm: UnitAlarm,
  severity: AlarmSeverity,
  fromTripId: TripId | null,
): DomainEvent[] {
  return [{ type: 'UnitAlarmRaised', v: 1, entity: driverKey(unitId), unitId, alarm, severity, fromTripId }]
}

/** The end of an alarm that stands; nothing when it does not. */
export function alarmCleared(trip: TripState, alarm: TripAlarm, unitId: UnitId | null): DomainEvent[] {
  if (!trip.alarms.includes(alarm)) return []
  return [{ type: 'TripAlarmCleared', v: 1, entity: tripKey(trip.tripId), tripId: trip.tripId, alarm, unitId }]
}
