/** How trips, calls, units and alarms are shown on the wire: to the desk, and to a crew its own. */
import type { CallDetails } from '../../domain/commands.ts'
import type { RegionAlarm, TripAlarm, UnitAlarm } from '../../domain/events/alarm-events.ts'
import type { Need } from '../../domain/events/call-events.ts'
import type { Loss } from '../../domain/events/decision-record.ts'
import type { Freshness } from '../../domain/policy.ts'
import type {
  AbsentReason,
  AlarmSeverity,
  CancelReason,
  Cause,
  CorrectionReason,
  Dispatchability,
  DispatchMode,
  Disposition,
  HoldReason,
  LevelOfCare,
  Priority,
  Reach,
  ReceivedSource,
  ResponseEnd,
  ResponseTime,
  TripPhase,
  UnavailableReason,
  UnitStatus,
  ZoneKind,
  ZoneReason,
} from '../../domain/vocabulary.ts'
import type { NotesReadView, NoteView } from './note-views.ts'

export interface OfferView {
  readonly offerId: string
  readonly tripId: string
  readonly unitId: string
  readonly mode: DispatchMode
  readonly round: number
  readonly offeredAtMs: number
  readonly deadlineAtMs: number
  /** The unit's app was away: a dispatcher tells its crew. Absent where it was not. */
  readonly byVoice?: true
}

/** A moment of a response. */
export interface TimeView {
  /** Null: there was such a moment, and nobody knows when. */
  readonly atMs: number | null
  readonly cause: Cause
  /** Why nobody knows. */
  readonly why?: AbsentReason
  /** What was said of it again, the newest. */
  readonly otherAtMs?: number
  /** What the unit's wheels say of it; of cause `geofence` nobody else has told it yet. Absent where they say nothing. */
  readonly wheelsAtMs?: number
  /** The fixes that prove that came late. */
  readonly lateEvidence?: true
  /** It lies before another moment that it should follow, or behind one that should follow it. */
  readonly implausible?: true
  /** Why a dispatcher corrected it. */
  readonly corrected?: CorrectionReason
}

/** What one unit that was sent did for the trip. */
export interface ResponseView {
  readonly unitId: string
  readonly offerId: string
  /** When the desk decided on it. */
  readonly offeredAtMs: number
  /** How long it was to take from then to the scene. Absent where it was chosen by the straight line. */
  readonly etaMs?: number
  /** Null while it goes on. */
  readonly end: ResponseEnd | null
  readonly times: Readonly<Partial<Record<ResponseTime, TimeView>>>
}

interface DestinationPlace {
  readonly hospitalId: string
  readonly name: string
  readonly lonE7: number
  readonly latE7: number
}

export interface TripView {
  readonly tripId: string
  readonly callId: string
  readonly phase: TripPhase
  readonly priority: Priority
  readonly problem: string | null
  readonly need: Need
  readonly lonE7: number
  readonly latE7: number
  readonly receivedAtMs: number
  /** The bound unit; null while nobody is. In mode `ordered` a unit is bound from the offer on. */
  readonly unitId: string | null
  readonly offer: OfferView | null
  readonly round: number
  /** Nobody is offered it before a dispatcher says so: since when, why, and whose word it waits for. */
  readonly onHold: { readonly why: HoldReason; readonly by: string | null; readonly sinceMs: number } | null
  /** When the current offer was made; then the moment of each phase reached: `offered`, `assigned`, `en-route`, …, `closed`. */
  readonly times: Readonly<Partial<Record<TripPhase, number>>>
  readonly missed: readonly TripPhase[]
  /** Of the units that were sent, the oldest first. */
  readonly responses: readonly ResponseView[]
  readonly alarms: readonly TripAlarm[]
  /** The trip whose unit has the patient that was handed over; null: another region's or service's. Absent where nobody knows, or none was. */
  readonly handedTo?: string | null
  /** Where its patient is brought, as the reference data had it when it was named; null where nobody has said. */
  readonly destination: DestinationPlace | null
  /** The trip that it helps until the right unit is there; null for one that helps none. */
  readonly helps: string | null
  /** The trip that helps it, or did; null while none has. */
  readonly helpedBy: string | null
  /** What is lost with the unit that it has, or asks; of a trip that helps, of the need of the trip that it helps. */
  readonly loss: Loss | null
  readonly disposition: Disposition | null
  readonly cancelReason: CancelReason | null
  /** Position of the record that last changed the trip. */
  readonly version: number
  /** Personal data of the call, for the bound crew and the desk; null when none was given or it was erased. */
  readonly details: CallDetails | null
  /** The call's number on the radio, and the trip's own; absent where the call is of before there were numbers. */
  readonly incidentNo?: string
  readonly responseNo?: string
  /** The newest notes of the call, the oldest of these first, for whom `details` are. Absent while there is none. */
  readonly notes?: readonly NoteView[]
  /** The number of the call's last note; with `notes`. */
  readonly noteCount?: number
  /** How far the trip's crew has read; absent until one has said so. */
  readonly notesRead?: NotesReadView
}

/** Closed or slow roads, or some that will be. */
export interface ZoneView {
  readonly zoneId: string
  readonly kind: ZoneKind
  /** Of an area its corners in order, of a line its points. */
  readonly points: readonly (readonly [lonE7: number, latE7: number])[]
  /** So many hundredths of the time; null where the roads are closed. */
  readonly slowPercent: number | null
  readonly fromAtMs: number
  /** Null while nobody knows. */
  readonly untilAtMs: number | null
  readonly reason: ZoneReason
}

/** An alarm that has not ended. */
export interface AlarmView {
  readonly alarmId: string
  readonly kind: TripAlarm | UnitAlarm | RegionAlarm
  readonly severity: AlarmSeverity
  /** The trip that it belongs to, or of a unit's alarm the trip that led to it; it may have ended. Null of a region's alarm. */
  readonly tripId: string | null
  readonly unitId: string | null
  readonly raisedAtMs: number
  /** When its cause was gone; null while it stands. */
  readonly goneAtMs: number | null
  readonly acknowledgedBy: string | null
  readonly acknowledgedAtMs: number | null
  /** When it went up to a supervisor; null while it has not. */
  readonly escalatedAtMs: number | null
  readonly shelvedBy: string | null
  readonly shelvedUntilMs: number | null
  /** Of a region's alarm alone: the units that were heard of last in this span, how many are silent, and of how many. */
  readonly mass?: {
    readonly silentFromMs: number
    readonly silentToMs: number
    readonly silentUnits: number
    readonly ofUnits: number
  }
}

export interface CallView {
  readonly callId: string
  readonly state: 'open' | 'closed' | 'cancelled'
  readonly lonE7: number
  readonly latE7: number
  readonly priority: Priority
  readonly problem: string | null
  readonly needs: readonly Need[]
  readonly receivedAtMs: number
  /** Who said so; null for calls of before that was kept. */
  readonly receivedSource: ReceivedSource | null
  /** When the first of its units was notified; null until one was. */
  readonly firstNotifiedAtMs: number | null
  readonly trips: readonly TripView[]
  readonly details: CallDetails | null
  /** Its number on the radio; absent where it is of before there were numbers. */
  readonly incidentNo?: string
  /** All that are left; absent while there is none. */
  readonly notes?: readonly NoteView[]
  readonly noteCount?: number
  /** Position of the record that last changed the call. */
  readonly version: number
}

export interface FixView {
  readonly lonE7: number
  readonly latE7: number
  readonly fixedAtMs: number
  /** Age of the fix itself, at the moment the message was made. */
  readonly ageMs: number
  readonly freshness: Freshness
  readonly speedMps: number | null
  readonly headingDeg: number | null
}

/** What the position of a unit on duty counts as, and the time of its fix. */
export type UnitFreshness = readonly [unitId: string, freshness: Freshness, fixedAtMs: number]

export interface UnitView {
  readonly unitId: string
  readonly callSign: string
  readonly levelOfCare: LevelOfCare
  /** Whether it can carry a patient. */
  readonly transports: boolean
  readonly capabilities: readonly string[]
  readonly status: UnitStatus
  readonly dispatchability: Dispatchability
  /** The service has given the unit up: no crew can sign on to it. */
  readonly retired: boolean
  readonly unavailableReason: UnavailableReason | null
  readonly statusSinceMs: number
  readonly crew: string | null
  /** Whether a session speaks for it; since when none does. */
  readonly connected: boolean
  readonly awaySinceMs: number | null
  readonly reach: Reach
  /** It has left an offer unanswered, and its crew has given no sign since. */
  readonly noContact: boolean
  /** Since when its crew calls for help for itself; null while it does not. */
  readonly emergencySinceMs: number | null
  /** The trip that was taken from it last, while its crew has not said that it knows. */
  readonly takenTripId: string | null
  readonly fix: FixView | null
  readonly offerId: string | null
  readonly tripId: string | null
  /** Position of the record that last changed the unit. */
  readonly version: number
  /** How far the clock of its app is ahead, negative for behind; absent while that is no more than 5 s. */
  readonly clockAheadMs?: number
}

/** A driver's whole situation: state, not events, so a resume needs no history. */
export interface DriverView {
  readonly unit: UnitView
  /** The open offer or trip, with the call's details once the crew is bound. */
  readonly trip: TripView | null
  /** How often the server wants a fix now. */
  readonly cadenceMs: number
}
