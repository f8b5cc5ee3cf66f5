/**
 * The facts of a region's log. An event is never renamed and never changed in meaning without raising `v`.
 *
 * Each event belongs to one entity (its actor) but may concern others: an offer concerns a trip, a driver and through
 * the trip a call. `entitiesOf` names all of them, and each one folds the same event into its own state.
 * No event carries personal data: caller, phone, address and notes lie in `call_details`, where they can be erased.
 */

import { callKey, driverKey, type EntityKey, tripKey } from './entity.ts'
import type { AlarmId, CallId, OfferId, Principal, TripId, UnitId } from './ids.ts'
import type {
  AlarmSeverity,
  CancelReason,
  Capability,
  Cause,
  DeclineReason,
  DispatchMode,
  Disposition,
  LevelOfCare,
  OverrideReason,
  Priority,
  RANKING_BASIS,
  ReportablePhase,
  TripPhase,
  UnavailableReason,
} from './vocabulary.ts'

interface EventOf<T extends string, K extends EntityKey> {
  readonly type: T
  readonly v: 1
  readonly entity: K
  /** Region time of the event where its record's time lies ahead of it: `recordedAtMs` heals after a clock that was ahead. */
  readonly atMs?: number
}
/** Who moved the unit. Absent: the crew itself; so it is in records of before the desk could do this for a crew. */
interface Caused {
  readonly cause?: 'dispatcher'
}
type DriverEntity = `driver/${string}`
type TripEntity = `trip/${string}`
type CallEntity = `call/${string}`

/** A moment that was put right. */
export interface PutRight {
  /** The moment as it was sent; absent where it was taken as it is. */
  readonly sentAtMs?: number
}

/** The moment of a button, as its event has it. */
export function momentOf({ happenedAtMs, sentAtMs }: PutRight & { readonly happenedAtMs: number }) {
  return sentAtMs === undefined ? { happenedAtMs } : { happenedAtMs, sentAtMs }
}

/** What one unit must be able to do for a call. */
export interface Need {
  readonly levelOfCare: LevelOfCare
  readonly capabilities: readonly Capability[]
}

/** The service's description of a unit, as imported. */
export interface UnitReference {
  readonly unitId: UnitId
  readonly callSign: string
  readonly levelOfCare: LevelOfCare
  readonly capabilities: readonly Capability[]
  readonly homeStation: string | null
}

interface UnitRegistered extends EventOf<'UnitRegistered', DriverEntity>, UnitReference {}

/** The service gave the unit up. Its id stays its own: registered again, it is live again. */
interface UnitRetired extends EventOf<'UnitRetired', DriverEntity> {
  readonly unitId: UnitId
}

interface CrewSignedOn extends EventOf<'CrewSignedOn', DriverEntity>, PutRight {
  readonly unitId: UnitId
  readonly principal: Principal
  readonly happenedAtMs: number
}
interface CrewSignedOff extends EventOf<'CrewSignedOff', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  /** The crew that is signed off, whoever signed it off. */
  readonly principal: Principal
  readonly happenedAtMs: number
}
interface UnitBecameAvailable extends EventOf<'UnitBecameAvailable', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  readonly happenedAtMs: number
}
interface UnitBecameUnavailable extends EventOf<'UnitBecameUnavailable', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  readonly reason: UnavailableReason
  readonly happenedAtMs: number
}
/** A unit that was standing down is clear of the scene (NEMSIS eTimes.13), as its crew or the desk says. */
interface UnitCleared extends EventOf<'UnitCleared', DriverEntity>, Caused, PutRight {
  readonly unitId: UnitId
  /** The trip that was taken from it. */
  readonly fromTripId: TripId
  readonly happenedAtMs: number
}
/** The crew of a unit that had left an offer unanswered has given a sign, and no other event says so. */
interface UnitContacted extends EventOf<'UnitContacted', DriverEntity>, Caused {
  readonly unitId: UnitId
}
/** Fixes that the client no longer held when it came back: they are gone for good, and the track says so. */
export interface FixHoleRecorded extends EventOf<'FixHoleRecorded', DriverEntity> {
  readonly unitId: UnitId
  readonly streamId: string
  readonly fromSeq: number
  readonly toSeq: number
}

interface CallEntered extends EventOf<'CallEntered', CallEntity>, PutRight {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  /** The service's own triage code, e.g. an MPDS determinant; null where none was given. */
  readonly problem: string | null
  readonly needs: readonly Need[]
  readonly tripIds: readonly TripId[]
  /** NEMSIS eTimes.01, when the caller reached the centre; the start of the response clock. */
  readonly receivedAtMs: number
}
/** The call as it is from now on; its trips that have not ended go on from the new place and priority. */
export interface CallAmended extends EventOf<'CallAmended', CallEntity> {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  /** The trips that had not ended. */
  readonly tripIds: readonly TripId[]
  /** Whether its personal data was replaced, too; what it is now lies in `call_details`. */
  readonly detailsReplaced: boolean
}
/** The last of the call's trips was cancelled, and none had been closed. */
export interface CallCancelled extends EventOf<'CallCancelled', CallEntity> {
  readonly callId: CallId
}
/** The last of the call's trips ended, and at least one was closed. */
export interface CallClosed extends EventOf<'CallClosed', CallEntity> {
  readonly callId: CallId
}

export interface TripCreated extends EventOf<'TripCreated', TripEntity> {
  readonly tripId: TripId
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly need: Need
  /** The response clock's start, from the call. */
  readonly receivedAtMs: number
}

/** One unit as the desk saw it when it chose. */
export interface Candidate {
  readonly unitId: UnitId
  readonly distanceM: number
  /** Age of the unit's placed fix. */
  readonly fixAgeMs: number
  readonly levelOfCare: LevelOfCare
}
/** What the decision saw, so that it can be explained and replayed. */
export interface DecisionRecord {
  /** Of the region's policy that it was made by. Absent in records of before regions had policies of their own. */
  readonly policyVersion?: number
  readonly basis: typeof RANKING_BASIS
  /** The nearest eligible units, best first; the first got the offer. */
  readonly candidates: readonly Candidate[]
  /** How many signed-on units were passed over, by reason: all of them, wherever they are. */
  readonly excluded: Readonly<Partial<Record<ExclusionReason, number>>>
  /**
   * How many units could have gone, the chosen one among them where it could. With `excluded` that is every signed-on unit.
   * Absent in records of before all were counted.
   */
  readonly eligible?: number
  /**
   * The units passed over that were nearer than the last of `candidates`, nearest first, a few of them at most; the nearest
   * of all where fewer could have gone than `candidates` has room for. Absent in the same records.
   */
  readonly passedOver?: readonly PassedOverUnit[]
  /** Why the desk would have passed over the unit that a dispatcher chose; absent where it would not, and for its own choice. */
  readonly despite?: ExclusionReason
}
/** A signed-on unit with a position that was not sent, and why. */
export interface PassedOverUnit {
  readonly unitId: UnitId
  readonly distanceM: number
  readonly reason: ExclusionReason
}
export const EXCLUSION_REASONS = [
  'busy',
  'unavailable',
  'asked-this-round',
  'disconnected',
  'position-lost',
  'no-position',
  'no-contact',
  'level-of-care',
  'capability',
] as const
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number]

export interface OfferMade extends EventOf<'OfferMade', TripEntity> {
  readonly tripId: TripId
  readonly offerId: OfferId
  readonly unitId: UnitId
  readonly mode: DispatchMode
  /** 1 for the first round; within a round no unit is asked twice. */
  readonly round: number
  readonly offeredAtMs: number
  /** When an unanswered order raises its alarm; null in mode `offered`. */
  readonly warnAtMs: number | null
  readonly deadlineAtMs: number
  readonly decision: DecisionRecord
}
/** What becomes of the unit that a trip is taken from. */
interface LeavesUnit {
  /**
   * The unit was at the scene: it stands down, and is bound to nothing new until it is cleared. Absent where it was not
   * yet there, and in records of before units stood down.
   */
  readonly standsDown?: true
}

/** A dispatcher gives the trip to a unit of their own choice; the order to it follows in the same record. */
interface AssignmentOverridden extends EventOf<'AssignmentOverridden', TripEntity>, LeavesUnit {
  readonly tripId: TripId
  readonly unitId: UnitId
  /** The unit that had the trip, or was asked for it; null when it was pending. */
  readonly fromUnitId: UnitId | null
  readonly inPhase: TripPhase
  readonly reason: OverrideReason
}
/** A dispatcher took the trip from its unit; it is in the queue again. */
interface UnitWithdrawn extends EventOf<'UnitWithdrawn', TripEntity>, LeavesUnit {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly inPhase: TripPhase
  readonly reason: OverrideReason
}
interface OfferAccepted extends EventOf<'OfferAccepted', TripEntity>, Caused, PutRight {
  readonly tripId: TripId
  readonly offerId: OfferId
  readonly unitId: UnitId
  readonly happenedAtMs: number
}
interface OfferDeclined extends EventOf<'OfferDeclined', TripEntity> {
  readonly tripId: TripId
  readonly offerId: OfferId
  readonly unitId: UnitId
  readonly reason: DeclineReason
}
interface OfferTimedOut extends EventOf<'OfferTimedOut', TripEntity> {
  readonly tripId: TripId
  readonly offerId: OfferId
  readonly unitId: UnitId
  /** Nobody has heard of the unit's crew: it is chosen last until somebody has. Absent in records of before silence counted. */
  readonly noContact?: true
}
export interface OfferRevoked extends EventOf<'OfferRevoked', TripEntity> {
  readonly tripId: TripId
  readonly offerId: OfferId
  readonly unitId: UnitId
  readonly reason: RevokeReason
}
export const REVOKE_REASONS = [
  'unit-disconnected',
  'position-lost',
  'crew-signed-off',
  'unit-unavailable',
  'overridden',
] as const
export type RevokeReason = (typeof REVOKE_REASONS)[number]

interface TripAlarmRaised extends EventOf<'TripAlarmRaised', TripEntity> {
  readonly tripId: TripId
  readonly alarm: TripAlarm
  readonly unitId: UnitId | null
  /** Absent in records of before alarms had owners: nobody has to acknowledge those. */
  readonly severity?: AlarmSeverity
  /** Of `no-eligible-unit`, `round-exhausted` and `rounds-over`: what the desk saw when it found nobody. Absent in records of before it was kept. */
  readonly decision?: DecisionRecord
}
/** What an alarm was about is over without a step of the trip. */
interface TripAlarmCleared extends EventOf<'TripAlarmCleared', TripEntity> {
  readonly tripId: TripId
  readonly alarm: TripAlarm
  readonly unitId: UnitId | null
}
interface OfAlarm<T extends string> extends EventOf<T, TripEntity> {
  /** The trip that the alarm belongs to. */
  readonly tripId: TripId
  readonly alarmId: AlarmId
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
  'no-movement',
  'app-lost',
  'position-lost',
  'crew-relieved',
  'no-eligible-unit',
  'round-exhausted',
  'rounds-over',
  'waiting-long',
] as const
export type TripAlarm = (typeof TRIP_ALARMS)[number]

interface TripPhaseReached extends EventOf<'TripPhaseReached', TripEntity>, PutRight {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly phase: ReportablePhase
  readonly happenedAtMs: number
  readonly cause: Cause
  /** Phases that the button skipped; they stay without a time. */
  readonly missed: readonly TripPhase[]
}
interface TripCancelled extends EventOf<'TripCancelled', TripEntity>, LeavesUnit {
  readonly tripId: TripId
  readonly callId: CallId
  readonly reason: CancelReason
  readonly inPhase: TripPhase
  /** The unit that was bound or asked; null while pending. */
  readonly unitId: UnitId | null
  readonly cause: Cause
}
interface TripClosed extends EventOf<'TripClosed', TripEntity>, Caused, PutRight {
  readonly tripId: TripId
  readonly callId: CallId
  readonly unitId: UnitId
  readonly disposition: Disposition
  readonly happenedAtMs: number
  readonly missed: readonly TripPhase[]
}

/** A unit that was held goes on from here: off duty, without a trip. */
interface UnitReleased extends EventOf<'UnitReleased', DriverEntity>, UnitReference, Caused {}
/** A trip that was held goes on from here, as if it had just been created, or is over. Its unit stands down also with a patient on board. */
export interface TripReleased extends EventOf<'TripReleased', TripEntity>, LeavesUnit, Caused {
  readonly tripId: TripId
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly need: Need
  readonly receivedAtMs: number
  readonly as: 'pending' | 'cancelled'
  /** The unit that worked on it and is free now. */
  readonly unitId: UnitId | null
}
/** A call that was held goes on from here. */
interface CallReleased extends EventOf<'CallReleased', CallEntity>, Caused {
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  readonly needs: readonly Need[]
  readonly tripIds: readonly TripId[]
  readonly receivedAtMs: number
  readonly state: 'open' | 'closed' | 'cancelled'
}

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
  | UnitContacted
  | FixHoleRecorded
  | CallEntered
  | CallAmended
  | CallCancelled
  | CallClosed
  | TripCreated
  | AssignmentOverridden
  | UnitWithdrawn
  | OfferMade
  | OfferAccepted
  | OfferDeclined
  | OfferTimedOut
  | OfferRevoked
  | TripAlarmRaised
  | TripAlarmCleared
  | AlarmEvent
  | TripPhaseReached
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
    case 'UnitWithdrawn':
      return [event.entity, driverKey(event.unitId)]
    case 'AssignmentOverridden':
      // The unit it goes to is bound by the order that follows.
      return event.fromUnitId === null ? [event.entity] : [event.entity, driverKey(event.fromUnitId)]
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
