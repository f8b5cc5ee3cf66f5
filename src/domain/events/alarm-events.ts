/** The facts of an alarm: that it was raised, what became of it, and the words for what it is about. */

import type { AlarmId, Principal, RegionId, TripId, UnitId } from '../ids.ts'
import type { AlarmSeverity } from '../vocabulary.ts'
import type { DecisionRecord } from './decision-record.ts'
import type { DriverEntity, EventOf, RegionEntity, TripEntity } from './event.ts'

export interface TripAlarmRaised extends EventOf<'TripAlarmRaised', TripEntity> {
  readonly tripId: TripId
  readonly alarm: TripAlarm
  readonly unitId: UnitId | null
  /** Absent in records of before alarms had owners: nobody has to acknowledge those. */
  readonly severity?: AlarmSeverity
  /** Of `no-eligible-unit`, `round-exhausted` and `rounds-over`: what the desk saw when it found nobody. Absent in records of before it was kept. */
  readonly decision?: DecisionRecord
  /** Of `app-lost` and `position-lost`: when the unit was heard of last. Absent in records of before it was kept. */
  readonly lastHeardAtMs?: number
}

/** What an alarm was about is over without a step of the trip. */
export interface TripAlarmCleared extends EventOf<'TripAlarmCleared', TripEntity> {
  readonly tripId: TripId
  readonly alarm: TripAlarm
  readonly unitId: UnitId | null
}

export interface UnitAlarmRaised extends EventOf<'UnitAlarmRaised', DriverEntity> {
  readonly unitId: UnitId
  readonly alarm: UnitAlarm
  readonly severity: AlarmSeverity
  /** The trip that led to it; of an emergency the one that the unit had, was asked for, or stands down from, null without one. */
  readonly fromTripId: TripId | null
}

/** So many of the fleet fell silent at once that it is one thing, or more of them did. */
export interface RegionAlarmRaised extends EventOf<'RegionAlarmRaised', RegionEntity> {
  readonly regionId: RegionId
  readonly alarm: RegionAlarm
  readonly severity: AlarmSeverity
  /** The units that were heard of last from here on, */
  readonly silentFromMs: number
  /** and before this moment: they have no alarm of their own while it stands. */
  readonly silentToMs: number
  /** How many of them are silent, */
  readonly silentUnits: number
  /** of so many that were heard of until then. */
  readonly ofUnits: number
}

/** Most of them are back. */
export interface RegionAlarmCleared extends EventOf<'RegionAlarmCleared', RegionEntity> {
  readonly regionId: RegionId
  readonly alarm: RegionAlarm
  /** How many of them are silent still; those with a trip have an alarm of their own from now on. */
  readonly silentUnits: number
  readonly ofUnits: number
}

interface OfAlarm<T extends string> extends EventOf<T, TripEntity | DriverEntity | RegionEntity> {
  readonly alarmId: AlarmId
  /** Whose alarm it is: a trip's, */
  readonly tripId?: TripId
  /** a unit's, */
  readonly unitId?: UnitId
  /** or the region's. */
  readonly regionId?: RegionId
}

interface AlarmAcknowledged extends OfAlarm<'AlarmAcknowledged'> {
  readonly by: Principal
}

interface AlarmShelved extends OfAlarm<'AlarmShelved'> {
  readonly by: Principal
  readonly forMs: number
}

/** Nobody acknowledged it in time. */
interface AlarmEscalated extends OfAlarm<'AlarmEscalated'> {
  readonly to: 'supervisor'
}

/** Nobody acknowledged it before or after its cause was gone, and the region holds as many of these as it can. */
interface AlarmLapsed extends OfAlarm<'AlarmLapsed'> {}

export type AlarmEvent = AlarmAcknowledged | AlarmShelved | AlarmEscalated | AlarmLapsed

export const TRIP_ALARMS = [
  'unacknowledged',
  'voice-order',
  'order-unanswered',
  'no-movement',
  'standing',
  'turned-away',
  'past-eta',
  'app-lost',
  'position-lost',
  'crew-relieved',
  'no-eligible-unit',
  'round-exhausted',
  'rounds-over',
  'waiting-long',
  'receiver-unknown',
] as const

export type TripAlarm = (typeof TRIP_ALARMS)[number]

/** What is wrong with a unit, whatever becomes of the trip that led to it. */
export const UNIT_ALARMS = ['emergency', 'no-contact', 'stand-down'] as const

export type UnitAlarm = (typeof UNIT_ALARMS)[number]

/** What is wrong with a region: so many apps, or positions, are gone at once. */
export const REGION_ALARMS = ['mass-app-lost', 'mass-position-lost'] as const

export type RegionAlarm = (typeof REGION_ALARMS)[number]
