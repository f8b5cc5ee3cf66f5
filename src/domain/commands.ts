/** What clients ask for, after validation: imperatives that a decider answers with events or a refusal. */

import type { EntityKey } from './entity.ts'
import type { Need } from './events/call-events.ts'
import type { AlarmId, CallId, OfferId, RegionId, TripId, UnitId, ZoneId } from './ids.ts'
import type {
  CancelReason,
  CorrectionReason,
  DeclineReason,
  Disposition,
  DivertReason,
  OverrideReason,
  Priority,
  ReleasedTrip,
  Reportable,
  ResponseTime,
  UnavailableReason,
  ZoneReason,
} from './vocabulary.ts'
import type { ZonePlace } from './zone.ts'

/** Personal data of a call. Kept apart from events under a key of its own, so that it can be erased. */
export interface CallDetails {
  readonly callerName: string | null
  readonly phone: string | null
  readonly address: string | null
  readonly notes: string | null
}

export interface SignOn {
  readonly type: 'sign-on'
  readonly happenedAtMs: number
}
export interface SignOff {
  readonly type: 'sign-off'
  readonly happenedAtMs: number
}
export interface SetStatus {
  readonly type: 'set-status'
  readonly status: 'available' | 'unavailable'
  /** Required when `unavailable`, null otherwise. */
  readonly reason: UnavailableReason | null
  readonly happenedAtMs: number
}
interface AcceptOffer {
  readonly type: 'accept-offer'
  readonly offerId: OfferId
  readonly happenedAtMs: number
}
export interface DeclineOffer {
  readonly type: 'decline-offer'
  readonly offerId: OfferId
  readonly reason: DeclineReason
}
export interface ReportPhase {
  readonly type: 'report-phase'
  readonly tripId: TripId
  readonly phase: Reportable
  readonly happenedAtMs: number
}
export interface CloseTrip {
  readonly type: 'close-trip'
  readonly tripId: TripId
  readonly disposition: Disposition
  readonly happenedAtMs: number
}
/** The crew knows that this trip was taken from it. */
export interface AcknowledgeStandDown {
  readonly type: 'acknowledge-stand-down'
  readonly tripId: TripId
  readonly happenedAtMs: number
}
/** A crew calls for help for itself; the desk for one that it has on the radio. */
export interface CallEmergency {
  readonly type: 'call-emergency'
  readonly unitId: UnitId
  readonly happenedAtMs: number
}
/** The crew is safe. */
interface EndEmergency {
  readonly type: 'end-emergency'
  readonly unitId: UnitId
}
/** What stands in place of personal data that was taken away. */
export const NO_DETAILS: CallDetails = { callerName: null, phone: null, address: null, notes: null }

export interface EnterCall {
  readonly type: 'enter-call'
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  /** 1 to 8 needs; each becomes a trip. */
  readonly needs: readonly Need[]
  /** NEMSIS eTimes.01; null: nobody knows. Then the response clock starts when the engine hears of the call. */
  readonly receivedAtMs: number | null
  readonly details: CallDetails | null
  /** Its trips wait for people; absent: the desk sends at once. */
  readonly onHold?: boolean
}
/** Roads are closed or slow for ambulances. */
export interface CloseRoads extends ZonePlace {
  readonly type: 'close-roads'
  readonly slowPercent: number | null
  /** Null: from now on. */
  readonly fromAtMs: number | null
  /** Null: until somebody says so. */
  readonly untilAtMs: number | null
  readonly reason: ZoneReason
}
export interface ReopenRoads {
  readonly type: 'reopen-roads'
  readonly zoneId: ZoneId
}
export interface CancelTrip {
  readonly type: 'cancel-trip'
  readonly tripId: TripId
  readonly reason: CancelReason
}

/** What changes of a call; an absent key leaves it as it is. */
export interface AmendCall {
  readonly type: 'amend-call'
  readonly callId: CallId
  readonly lonDeg?: number
  readonly latDeg?: number
  readonly priority?: Priority
  readonly problem?: string | null
  readonly details?: CallDetails | null
}
/** Says something about the call; it stands for good, and a correction is another note. */
export interface AddNote {
  readonly type: 'add-note'
  readonly callId: CallId
  readonly text: string
  /** The note that this one corrects; null where it corrects none. */
  readonly corrects: number | null
}
/** The crew of a trip of the call has read its notes up to this one. */
export interface ReadNotes {
  readonly type: 'read-notes'
  readonly callId: CallId
  readonly noteNo: number
}
/** Ends every trip of the call that has not ended. */
export interface CancelCall {
  readonly type: 'cancel-call'
  readonly callId: CallId
  readonly reason: CancelReason
}
/** The dispatcher names the unit: the trip is ordered to it, whatever the desk would have chosen. */
export interface AssignUnit {
  readonly type: 'assign-unit'
  readonly tripId: TripId
  readonly unitId: UnitId
  readonly reason: OverrideReason
}
/** Takes the trip from its unit and puts it back into the queue. */
export interface WithdrawUnit {
  readonly type: 'withdraw-unit'
  readonly tripId: TripId
  readonly reason: OverrideReason
}
/** Sends the unit of a trip to another trip, in one step. */
export interface DivertUnit {
  readonly type: 'divert-unit'
  readonly tripId: TripId
  readonly toTripId: TripId
  readonly reason: DivertReason
}
/** The desk offers a trip that waits to nobody, until it is resumed. */
interface HoldTrip {
  readonly type: 'hold-trip'
  readonly tripId: TripId
}
interface ResumeTrip {
  readonly type: 'resume-trip'
  readonly tripId: TripId
}
/** The crew takes its order by voice. */
export interface ConfirmOrder {
  readonly type: 'confirm-order'
  readonly tripId: TripId
  readonly happenedAtMs: number
}
/** One unit more for a call. */
export interface AddNeed {
  readonly type: 'add-need'
  readonly callId: CallId
  readonly need: Need
}
/** The dispatcher sets the status of a unit whose crew called in by radio. */
export interface SetUnitStatus {
  readonly type: 'set-unit-status'
  readonly unitId: UnitId
  readonly status: 'available' | 'unavailable' | 'off-duty'
  readonly reason: UnavailableReason | null
  readonly happenedAtMs: number
}

/** The trip, unit or region that an alarm belongs to, as its id says. */
type OfAlarm = { readonly tripId: TripId } | { readonly unitId: UnitId } | { readonly regionId: RegionId }

/** The dispatcher says when something of a unit's work really was, or that it never was. */
export interface CorrectTime {
  readonly type: 'correct-time'
  readonly tripId: TripId
  /** One that was sent on the trip; its newest response is meant. */
  readonly unitId: UnitId
  readonly time: ResponseTime
  /** Null: it never happened, or nobody knows when. */
  readonly newAtMs: number | null
  readonly reason: CorrectionReason
}

/** The dispatcher says who has the patient of a crew that closed its trip as handed over. */
export interface NameReceiver {
  readonly type: 'name-receiver'
  readonly tripId: TripId
  /** The trip of the same call whose unit has the patient; null: a unit that this region does not dispatch. */
  readonly toTripId: TripId | null
}

/** The crew or the dispatcher says to which hospital the trip's patient is brought. */
export interface NameDestination {
  readonly type: 'name-destination'
  readonly tripId: TripId
  /** Null: nobody knows any more. */
  readonly hospitalId: string | null
}

/** Somebody answers for the alarm from now on. */
export type AcknowledgeAlarm = OfAlarm & {
  readonly type: 'acknowledge-alarm'
  readonly alarmId: AlarmId
}
/** Puts an alarm aside for a while. */
export type ShelveAlarm = OfAlarm & {
  readonly type: 'shelve-alarm'
  readonly alarmId: AlarmId
  readonly forMs: number
}

/** Lets an actor that is held go on; only HTTP offers it. */
export interface ReleaseHeld {
  readonly type: 'release-held'
  readonly entity: EntityKey
  /** What becomes of a trip; null for units and calls. */
  readonly as: ReleasedTrip | null
}

export type DriverCommand =
  | SignOn
  | SignOff
  | SetStatus
  | AcceptOffer
  | DeclineOffer
  | ReportPhase
  | CloseTrip
  | AcknowledgeStandDown
type DispatcherCommand =
  | ReleaseHeld
  | EnterCall
  | AmendCall
  | AddNote
  | ReadNotes
  | CancelCall
  | CancelTrip
  | AssignUnit
  | WithdrawUnit
  | DivertUnit
  | HoldTrip
  | ResumeTrip
  | ConfirmOrder
  | AddNeed
  | SetUnitStatus
  | CorrectTime
  | NameReceiver
  | NameDestination
  | CallEmergency
  | EndEmergency
  | CloseRoads
  | ReopenRoads
  | AcknowledgeAlarm
  | ShelveAlarm
export type Command = DriverCommand | DispatcherCommand
