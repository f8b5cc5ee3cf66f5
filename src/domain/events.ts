/**
 * The facts of a region's log. An event is never renamed and never changed in meaning without raising `v`.
 *
 * Each event belongs to one entity (its actor) but may concern others: an offer concerns a trip, a driver and through
 * the trip a call. `entitiesOf` names all of them, and each one folds the same event into its own state.
 * No event carries personal data: caller, phone and address lie in `call_details`, and what was said in `call_notes`, where
 * they can be erased.
 */

import { callKey, driverKey, type EntityKey, tripKey } from './entity.ts'
import type {
  AlarmEvent,
  RegionAlarmCleared,
  RegionAlarmRaised,
  TripAlarmCleared,
  TripAlarmRaised,
  UnitAlarmRaised,
} from './events/alarm-events.ts'
import type {
  CallAmended,
  CallCancelled,
  CallClosed,
  CallEntered,
  CallNoteAdded,
  CallNotesRead,
  CallReleased,
  NeedAdded,
} from './events/call-events.ts'
import type { RoadsReopened, RoadsRestricted } from './events/road-events.ts'
import type {
  AssignmentOverridden,
  DestinationNamed,
  HelpAdded,
  OfferAccepted,
  OfferDeclined,
  OfferMade,
  OfferRevoked,
  OfferTimedOut,
  ReceiverNamed,
  TripCancelled,
  TripClosed,
  TripCreated,
  TripPhaseReached,
  TripPutOnHold,
  TripReleased,
  TripTakenOffHold,
  TripTimeCorrected,
  TripTimeNoted,
  UnitNotified,
  UnitWithdrawn,
} from './events/trip-events.ts'
import type {
  CrewSignedOff,
  CrewSignedOn,
  EmergencyCalled,
  EmergencyEnded,
  FixHoleRecorded,
  StandDownAcknowledged,
  UnitBecameAvailable,
  UnitBecameUnavailable,
  UnitCleared,
  UnitContacted,
  UnitRegistered,
  UnitReleased,
  UnitRetired,
} from './events/unit-events.ts'

export type DomainEvent =
  | UnitReleased
  | TripReleased
  | CallReleased
  | UnitRegistered
  | UnitRetired
  | CrewSignedOn
  | CrewSignedOff
  | UnitBecameAvailable
  | UnitBecameUnavailable
  | UnitCleared
  | StandDownAcknowledged
  | UnitContacted
  | EmergencyCalled
  | EmergencyEnded
  | FixHoleRecorded
  | CallEntered
  | CallAmended
  | CallNoteAdded
  | CallNotesRead
  | CallCancelled
  | CallClosed
  | NeedAdded
  | TripCreated
  | HelpAdded
  | AssignmentOverridden
  | UnitWithdrawn
  | TripPutOnHold
  | TripTakenOffHold
  | OfferMade
  | UnitNotified
  | OfferAccepted
  | OfferDeclined
  | OfferTimedOut
  | OfferRevoked
  | TripAlarmRaised
  | TripAlarmCleared
  | UnitAlarmRaised
  | RegionAlarmRaised
  | RegionAlarmCleared
  | AlarmEvent
  | TripPhaseReached
  | TripTimeNoted
  | TripTimeCorrected
  | ReceiverNamed
  | DestinationNamed
  | RoadsRestricted
  | RoadsReopened
  | TripCancelled
  | TripClosed

const RELEASES: ReadonlySet<DomainEvent['type']> = new Set(['UnitReleased', 'TripReleased', 'CallReleased'])

/** Whether the event lets the entity that it belongs to go on, whatever stands before it. */
export const isRelease = (event: DomainEvent): boolean => RELEASES.has(event.type)

/** Every entity whose state the event changes; the entity it belongs to comes first. */
export function entitiesOf(event: DomainEvent): EntityKey[] {
  switch (event.type) {
    case 'OfferMade':
    case 'OfferAccepted':
    case 'OfferDeclined':
    case 'OfferTimedOut':
    case 'OfferRevoked':
    case 'TripPhaseReached':
    case 'TripTimeNoted':
    case 'UnitWithdrawn':
      return [event.entity, driverKey(event.unitId)]
    case 'AssignmentOverridden':
      // The unit it goes to is bound by the order that follows.
      return event.fromUnitId === null ? [event.entity] : [event.entity, driverKey(event.fromUnitId)]
    case 'UnitNotified':
      return [event.entity, callKey(event.callId)]
    case 'UnitCleared':
      return [event.entity, tripKey(event.fromTripId)]
    case 'HelpAdded':
      return [event.entity, tripKey(event.helpsTripId), callKey(event.callId)]
    case 'CallAmended':
      return [event.entity, ...event.tripIds.map(tripKey)]
    case 'TripReleased':
      return event.unitId === null ? [event.entity] : [event.entity, driverKey(event.unitId)]
    case 'TripCancelled':
      return event.unitId === null
        ? [event.entity, callKey(event.callId)]
        : [event.entity, driverKey(event.unitId), callKey(event.callId)]
    case 'TripClosed':
      return [event.entity, driverKey(event.unitId), callKey(event.callId)]
    default:
      return [event.entity]
  }
}
