/** The facts of a trip: its offers, its phases, its unit, and its end. */

import type { CallId, OfferId, Principal, TripId, UnitId } from '../ids.ts'
import type {
  CancelReason,
  Cause,
  CorrectionReason,
  DeclineReason,
  DispatchMode,
  Disposition,
  HoldReason,
  OverrideReason,
  Priority,
  ReportablePhase,
  ResponseTime,
  TripPhase,
} from '../vocabulary.ts'
import type { Need } from './call-events.ts'
import type { DecisionRecord } from './decision-record.ts'
import type { Caused, Doubtful, EventOf, PutRight, TripEntity } from './event.ts'

/** What a trip is, from the event that makes it. */
interface TripFacts {
  readonly tripId: TripId
  readonly callId: CallId
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly need: Need
  /** The response clock's start, from the call. */
  readonly receivedAtMs: number
  /** NEMSIS eResponse.04: the call's number and the trip's place among its trips. Absent where the call has none. */
  readonly responseNo?: string
}

export interface TripCreated extends EventOf<'TripCreated', TripEntity>, TripFacts {}

export const HELP_REASONS = ['none-free', 'nearest-trained'] as const
export type HelpReason = (typeof HELP_REASONS)[number]

/** The desk sends a trained crew of a lower level at once, on a trip of its own: no dispatcher has asked for it. */
export interface HelpAdded extends EventOf<'HelpAdded', TripEntity>, TripFacts {
  /** Its own; what of the other one's is lost with a unit, the offer says. */
  readonly need: Need
  /** The trip that goes on for the right unit. */
  readonly helpsTripId: TripId
  /** The units that were asked for that one in its round, who are not asked for this one in its first. */
  readonly asked: readonly UnitId[]
  readonly because: HelpReason
}

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
  /** The unit's app was away, so a dispatcher tells its crew. Absent where it was not, and in records of before. */
  readonly byVoice?: true
}

/**
 * Since when the unit of an offer could know of it; recorded with the next that happens to the trip. Where a dispatcher told its
 * crew (`cause`), that is when the crew took it.
 */
export interface UnitNotified extends EventOf<'UnitNotified', TripEntity>, Caused {
  readonly tripId: TripId
  readonly callId: CallId
  readonly offerId: OfferId
  readonly unitId: UnitId
  /** When the record of the offer was stored, region time; null where a start has lost that moment. */
  readonly notifiedAtMs: number | null
}

/** What becomes of the unit that a trip is taken from. */
interface LeavesUnit {
  /**
   * The unit was at the scene: it stands down, and is bound to nothing new until it is cleared. Absent where it was not
   * yet there, and in records of before units stood down.
   */
  readonly standsDown?: true
  /**
   * The unit had the trip: its crew has to say that it knows. Absent where the unit was only asked, and in records of before
   * crews were to say so.
   */
  readonly tellsCrew?: true
}

/** A dispatcher gives the trip to a unit of their own choice; the order to it follows in the same record. */
export interface AssignmentOverridden extends EventOf<'AssignmentOverridden', TripEntity>, LeavesUnit {
  readonly tripId: TripId
  readonly unitId: UnitId
  /** The unit that had the trip, or was asked for it; null when it was pending. */
  readonly fromUnitId: UnitId | null
  readonly inPhase: TripPhase
  readonly reason: OverrideReason
  /** The dispatcher, who gets the trip back if the unit does not answer. Absent in records of before. */
  readonly by?: Principal
}

/** Nobody is offered the trip before a dispatcher says so: one keeps it, or it comes back to the one whose order was not answered. */
export interface TripPutOnHold extends EventOf<'TripPutOnHold', TripEntity>, Caused {
  readonly tripId: TripId
  readonly why: HoldReason
  /** Whose word it waits for; null where a record of before does not say who gave the order. */
  readonly by: Principal | null
}

/** The trip waits for a unit like any other. */
export interface TripTakenOffHold extends EventOf<'TripTakenOffHold', TripEntity>, Caused {
  readonly tripId: TripId
}

/** A dispatcher took the trip from its unit; it is in the queue again. */
export interface UnitWithdrawn extends EventOf<'UnitWithdrawn', TripEntity>, LeavesUnit {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly inPhase: TripPhase
  readonly reason: OverrideReason
}

export interface OfferAccepted extends EventOf<'OfferAccepted', TripEntity>, Caused, PutRight, Doubtful {
  readonly tripId: TripId
  readonly offerId: OfferId
  readonly unitId: UnitId
  /** Where it is implied, the moment of the report that implies it. */
  readonly happenedAtMs: number
  /** The crew never said that it takes the trip: the desk reported of its work. Nobody knows when it took it. */
  readonly implied?: true
}

export interface OfferDeclined extends EventOf<'OfferDeclined', TripEntity> {
  readonly tripId: TripId
  readonly offerId: OfferId
  readonly unitId: UnitId
  readonly reason: DeclineReason
}

export interface OfferTimedOut extends EventOf<'OfferTimedOut', TripEntity> {
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
  'fitter-unit',
] as const

export type RevokeReason = (typeof REVOKE_REASONS)[number]

export interface TripPhaseReached extends EventOf<'TripPhaseReached', TripEntity>, PutRight, Doubtful, ByWheels {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly phase: ReportablePhase
  readonly happenedAtMs: number
  readonly cause: Cause
  /** Phases that the button skipped; they stay without a time. */
  readonly missed: readonly TripPhase[]
}

/** A moment that the wheels tell (cause `geofence`). */
interface ByWheels {
  /** The fixes that prove it came late: nobody could have known it then. Absent where they did not, and for any other cause. */
  readonly lateEvidence?: true
}

/**
 * A moment of a unit's work that moves nothing: a mark, or a phase that the trip has passed. The first word on a moment stands;
 * what is said of it again is beside it, and what the wheels say is beside whatever a person says.
 */
export interface TripTimeNoted extends EventOf<'TripTimeNoted', TripEntity>, PutRight, Doubtful, ByWheels {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly time: ResponseTime
  readonly happenedAtMs: number
  readonly cause: Cause
}

/** A dispatcher corrected a moment of a unit's work. What was said before stays in the log. */
export interface TripTimeCorrected extends EventOf<'TripTimeCorrected', TripEntity> {
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly time: ResponseTime
  /** As it stood until then; null where there was none. */
  readonly formerAtMs: number | null
  readonly newAtMs: number | null
  readonly reason: CorrectionReason
}

export interface TripCancelled extends EventOf<'TripCancelled', TripEntity>, LeavesUnit {
  readonly tripId: TripId
  readonly callId: CallId
  readonly reason: CancelReason
  readonly inPhase: TripPhase
  /** The unit that was bound or asked; null while pending. */
  readonly unitId: UnitId | null
  readonly cause: Cause
}

export interface TripClosed extends EventOf<'TripClosed', TripEntity>, Caused, PutRight, Doubtful {
  readonly tripId: TripId
  readonly callId: CallId
  readonly unitId: UnitId
  readonly disposition: Disposition
  readonly happenedAtMs: number
  readonly missed: readonly TripPhase[]
}

/** Who has the patient of a trip that was closed as handed over. The newest word counts. */
export interface ReceiverNamed extends EventOf<'ReceiverNamed', TripEntity> {
  readonly tripId: TripId
  readonly callId: CallId
  /** The trip of the call whose unit has the patient; null: a unit that this region does not dispatch. */
  readonly toTripId: TripId | null
  readonly cause: Cause
}

/** Where the trip's patient is brought. The newest word counts. */
export interface DestinationNamed extends EventOf<'DestinationNamed', TripEntity> {
  readonly tripId: TripId
  readonly callId: CallId
  /** The unit that had the trip, or was asked for it; null while it was pending. */
  readonly unitId: UnitId | null
  /** Null: the destination was taken back. */
  readonly hospitalId: string | null
  /** The hospital as the reference data had it; null without one. */
  readonly place: { readonly name: string; readonly lonDeg: number; readonly latDeg: number } | null
  readonly cause: Cause
}

/** A trip that was held goes on from here, as if it had just been created, or is over. Its unit stands down also with a patient on board. */
export interface TripReleased extends EventOf<'TripReleased', TripEntity>, TripFacts, LeavesUnit, Caused {
  readonly as: 'pending' | 'cancelled'
  /** The unit that worked on it and is free now. */
  readonly unitId: UnitId | null
  /** Absent where it helps none, and in records of before trips were helped; as the next one. */
  readonly helpsTripId?: TripId
  readonly helpsBecause?: HelpReason
  readonly helpedByTripId?: TripId
}
