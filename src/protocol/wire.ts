/**
 * The messages of subprotocols `goldenhour.v1` (MessagePack) and `goldenhour.v1.json` (the same tuples as JSON text).
 *
 * A message is a tuple `[type, …]`; `type` is the small integer below in MessagePack and the name in JSON. A command is
 * `[type, id, …fields]`. Elements beyond the known ones are ignored; the last may be a map `{traceparent}`.
 * Integers on the wire: coordinates in 1e-7 degree, times in epoch milliseconds of region time, distances in metres.
 */
import type { CallDetails } from '../domain/commands.ts'
import type { PassedOver } from '../domain/dispatch/eligibility.ts'
import type { TripAlarm } from '../domain/events/alarm-events.ts'
import type { Need } from '../domain/events/call-events.ts'
import type { Candidate, ExclusionReason, PassedOverUnit } from '../domain/events/decision-record.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { Activity } from '../domain/policy.ts'
import type { Role } from '../domain/roles.ts'
import type {
  AlarmSeverity,
  CancelReason,
  DeclineReason,
  Dispatchability,
  DispatchMode,
  Disposition,
  LevelOfCare,
  OverrideReason,
  Priority,
  RANKING_BASIS,
  ReportablePhase,
  TripPhase,
  UnavailableReason,
  UnitStatus,
} from '../domain/vocabulary.ts'

export const SUBPROTOCOL_BINARY = 'goldenhour.v1'
export const SUBPROTOCOL_JSON = 'goldenhour.v1.json'

/** Client to server. */
export const CLIENT_TYPES = {
  hello: 1,
  fix: 2,
  hint: 3,
  mark: 4,
  'feed-fixes': 5,
  'sign-on': 10,
  'sign-off': 11,
  'set-status': 12,
  'accept-offer': 13,
  'decline-offer': 14,
  'report-phase': 15,
  'close-trip': 16,
  'enter-call': 20,
  'cancel-trip': 21,
  nearest: 22,
  'watch-board': 23,
  'unwatch-board': 24,
  'watch-tiles': 25,
  'watch-unit': 26,
  'unwatch-unit': 27,
  'explain-trip': 28,
  'amend-call': 30,
  'cancel-call': 31,
  'assign-unit': 32,
  'withdraw-unit': 33,
  'set-unit-status': 34,
  'acknowledge-alarm': 35,
  'shelve-alarm': 36,
  attach: 40,
  detach: 41,
} as const
export type ClientTypeName = keyof typeof CLIENT_TYPES

/** Server to client. */
export const SERVER_TYPES = {
  welcome: 64,
  reply: 65,
  error: 66,
  marks: 67,
  'unit-state': 68,
  board: 69,
  'board-events': 70,
  'going-away': 71,
  tile: 72,
  'tile-moves': 73,
  unit: 74,
  'feed-marks': 75,
  detached: 76,
  clock: 77,
  writes: 78,
  'come-back': 79,
} as const
export type ServerTypeName = keyof typeof SERVER_TYPES

/** `gnss`: times are true and taken as they are. `device`: only the age is trusted. */
export type StreamClock = 'gnss' | 'device'
/** `[streamId, clock, lowestSeq]`; `lowestSeq` is the lowest seq that the client still holds (its next, if none). */
export type StreamDeclaration = readonly [streamId: string, clock: StreamClock, lowestSeq: number]

/**
 * `[seq, ageMs, lonE7, latE7, accuracyDm, speedCmps, headingDd]`: age = sentAt − at in signed milliseconds of region
 * time; decimetres, centimetres a second, tenths of a degree; null where unknown.
 */
export type WireFix = readonly [
  seq: number,
  ageMs: number,
  lonE7: number,
  latE7: number,
  accuracyDm: number | null,
  speedCmps: number | null,
  headingDd: number | null,
]

/** A fix of one of a feed's units: the channel that `attach` gave it, then the fix's own elements. */
export type FeedFix = readonly [channel: number, ...fix: WireFix]

/**
 * One of a feed's units. `channel` is the feed's own number for it, used from then on; `streamId`, `clock` and
 * `lowestSeq` are those of a `StreamDeclaration`.
 */
export type FeedChannel = readonly [
  channel: number,
  unitId: string,
  streamId: string,
  clock: StreamClock,
  lowestSeq: number,
]

/**
 * A map tile to watch, `z/x/y` of the Web Mercator grid at one of `TILE_ZOOMS`. `epoch` and `frameNo` are those of the last
 * frame that the client has applied; null asks for a snapshot.
 */
export type TileWatch = readonly [tile: string, epoch: string | null, frameNo: number | null]

/** Why a feed lost a channel: another attach took the unit, or the service gave the unit up. */
export const DETACH_REASONS = ['superseded', 'unit-retired'] as const
export type DetachReason = (typeof DETACH_REASONS)[number]

/** The zooms at which tiles can be watched: about 625, 78 and 10 km wide at the equator. */
export const TILE_ZOOMS = [6, 9, 12] as const

/** What a dispatcher changes of a call; absent keys stay as they are, `details` is replaced as a whole. */
export interface WireCallChanges {
  readonly lonE7?: number
  readonly latE7?: number
  readonly priority?: Priority
  readonly problem?: string | null
  readonly details?: Partial<CallDetails> | null
}

export interface WireCall {
  readonly lonE7: number
  readonly latE7: number
  readonly priority: Priority
  readonly problem?: string | null
  readonly needs: readonly Need[]
  readonly receivedAtMs?: number | null
  readonly details?: Partial<CallDetails> | null
}

/** The tuples a client sends, by name, without the type that leads each. */
export interface ClientTuples {
  hello: [
    id: string,
    token: string,
    region: string,
    role: Role,
    unitId: string | null,
    clientNowMs: number,
    streams: readonly StreamDeclaration[],
  ]
  fix: [streamIndex: number, sentAtMs: number, ...fixes: WireFix[]]
  hint: [streamIndex: number, sentAtMs: number, fix: WireFix]
  /** Null asks for the marks of all streams of the session. */
  mark: [streamIndex: number | null]
  'sign-on': [id: string, happenedAtMs: number]
  'sign-off': [id: string, happenedAtMs: number]
  'set-status': [
    id: string,
    status: 'available' | 'unavailable',
    reason: UnavailableReason | null,
    happenedAtMs: number,
  ]
  'accept-offer': [id: string, offerId: string, happenedAtMs: number]
  'decline-offer': [id: string, offerId: string, reason: DeclineReason]
  'report-phase': [id: string, tripId: string, phase: ReportablePhase, happenedAtMs: number]
  'close-trip': [id: string, tripId: string, disposition: Disposition, happenedAtMs: number]
  'enter-call': [id: string, call: WireCall]
  'cancel-trip': [id: string, tripId: string, reason: CancelReason]
  nearest: [id: string, lonE7: number, latE7: number, k: number, levelOfCare: LevelOfCare | null]
  'watch-board': [id: string, fromPosition: number | null]
  'unwatch-board': [id: string]
  'feed-fixes': [sentAtMs: number, ...fixes: FeedFix[]]
  /** The whole set of tiles that the session looks at from now on; empty ends the watch. */
  'watch-tiles': [id: string, tiles: readonly TileWatch[]]
  'watch-unit': [id: string, unitId: string]
  'unwatch-unit': [id: string, unitId: string]
  /** Null asks for no unit by itself. */
  'explain-trip': [id: string, tripId: string, unitId: string | null]
  'amend-call': [id: string, callId: string, changes: WireCallChanges]
  'cancel-call': [id: string, callId: string, reason: CancelReason]
  'assign-unit': [id: string, tripId: string, unitId: string, reason: OverrideReason]
  'withdraw-unit': [id: string, tripId: string, reason: OverrideReason]
  'set-unit-status': [
    id: string,
    unitId: string,
    status: 'available' | 'unavailable' | 'off-duty',
    reason: UnavailableReason | null,
    happenedAtMs: number,
  ]
  'acknowledge-alarm': [id: string, alarmId: string]
  'shelve-alarm': [id: string, alarmId: string, forMs: number]
  attach: [id: string, channels: readonly FeedChannel[]]
  detach: [id: string, channels: readonly number[]]
}

/** Region time and how it runs: regionMs = anchorRegionMs + (wallMs − anchorWallMs) × rate. */
export interface ClockView {
  readonly nowMs: number
  readonly anchorRegionMs: number
  readonly anchorWallMs: number
  readonly rate: number
}

export interface OfferView {
  readonly offerId: string
  readonly tripId: string
  readonly unitId: string
  readonly mode: DispatchMode
  readonly round: number
  readonly offeredAtMs: number
  readonly deadlineAtMs: number
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
  /** When the current offer was made; then the moment of each phase reached: `offered`, `assigned`, `en-route`, …, `closed`. */
  readonly times: Readonly<Partial<Record<TripPhase, number>>>
  readonly missed: readonly TripPhase[]
  readonly alarms: readonly TripAlarm[]
  readonly disposition: Disposition | null
  readonly cancelReason: CancelReason | null
  /** Position of the record that last changed the trip. */
  readonly version: number
  /** Personal data of the call, for the bound crew and the desk; null when none was given or it was erased. */
  readonly details: CallDetails | null
}

/** An alarm that has not ended. */
export interface AlarmView {
  readonly alarmId: string
  readonly kind: TripAlarm
  readonly severity: AlarmSeverity
  /** The trip that it belongs to, which may have ended. */
  readonly tripId: string
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
  readonly trips: readonly TripView[]
  readonly details: CallDetails | null
  /** Position of the record that last changed the call. */
  readonly version: number
}

export interface FixView {
  readonly lonE7: number
  readonly latE7: number
  readonly fixedAtMs: number
  /** Age of the fix itself, at the moment the message was made. */
  readonly ageMs: number
  readonly freshness: 'fresh' | 'stale' | 'lost'
  readonly speedMps: number | null
  readonly headingDeg: number | null
}

export interface UnitView {
  readonly unitId: string
  readonly callSign: string
  readonly levelOfCare: LevelOfCare
  readonly capabilities: readonly string[]
  readonly status: UnitStatus
  readonly dispatchability: Dispatchability
  /** The service has given the unit up: no crew can sign on to it. */
  readonly retired: boolean
  readonly unavailableReason: UnavailableReason | null
  readonly statusSinceMs: number
  readonly crew: string | null
  readonly connected: boolean
  /** It has left an offer unanswered, and its crew has given no sign since. */
  readonly noContact: boolean
  readonly fix: FixView | null
  readonly offerId: string | null
  readonly tripId: string | null
  /** Position of the record that last changed the unit. */
  readonly version: number
}

/** A driver's whole situation: state, not events, so a resume needs no history. */
export interface DriverView {
  readonly unit: UnitView
  /** The open offer or trip, with the call's details once the crew is bound. */
  readonly trip: TripView | null
  /** How often the server wants a fix now. */
  readonly cadenceMs: number
}

/** What a client goes by of its region's policy, as it stands when the welcome leaves; a later change comes with the next welcome. */
export interface PolicyView {
  readonly version: number
  readonly mode: DispatchMode
  /** How long a crew has for an offer, by priority, and for an order; that of an open one stands in it. */
  readonly offerTimeoutMs: Readonly<Record<Priority, number>>
  readonly orderTimeoutMs: Readonly<Record<Priority, number>>
  /** How often a unit is to report, and from what age on its position is stale, by what it is doing. */
  readonly cadenceMs: Readonly<Record<Activity, number>>
  readonly staleAfterMs: Readonly<Record<Activity, number>>
  readonly lostAfterMs: number
}

export interface WelcomeView {
  readonly sessionId: string
  readonly region: string
  readonly role: Role
  readonly clock: ClockView
  /** Log head this view was taken at. */
  readonly position: number
  /** `[streamId, durableSeq]` in the order of `hello`'s streams, for drivers. */
  readonly streams: readonly (readonly [streamId: string, durableSeq: number])[]
  readonly driver: DriverView | null
  /** Engines of before regions had policies of their own left it out. */
  readonly policy?: PolicyView
  readonly limits: {
    readonly frameBytes: number
    readonly fixesPerFrame: number
    /** As `come-back` tells it. Engines before it left it out. */
    readonly comeBackSpreadMs?: number
  }
  /** Opens this session again in place of the token, until the session is as old as it may get; null: take the token. */
  readonly ticket: string | null
}

export interface NearestUnit {
  readonly unitId: string
  readonly callSign: string
  readonly levelOfCare: LevelOfCare
  readonly distanceM: number
  readonly connected: boolean
  /** Why the desk would not send it now; null when it would. */
  readonly passedOverFor: PassedOver | null
  readonly fix: FixView
}
export interface NearestResult {
  readonly basis: typeof RANKING_BASIS
  readonly units: readonly NearestUnit[]
}

/** Why a trip has no other unit than it has: what the desk would find for it now. */
export interface TripExplanation {
  readonly tripId: string
  readonly phase: TripPhase
  /** The round of which the desk asks now. */
  readonly round: number
  /** The counts in words. */
  readonly why: string
  readonly basis: typeof RANKING_BASIS
  /** The nearest units that could go, best first. */
  readonly candidates: readonly Candidate[]
  /** How many could, and how many could not, by reason: together every unit that a crew is signed on to. */
  readonly eligible: number
  readonly excluded: Readonly<Partial<Record<ExclusionReason, number>>>
  /** The nearest units that could not, as in a decision. */
  readonly passedOver: readonly (PassedOverUnit & { readonly why: string })[]
  /** The unit that was asked for; null where none was. */
  readonly unit: ExplainedUnit | null
}
interface ExplainedUnit {
  readonly unitId: string
  /** Null: it could go. */
  readonly reason: ExclusionReason | 'off-duty' | null
  readonly why: string
}

/**
 * A unit on the map: `status` and `freshness` as in `UnitView` and `FixView`; the fix is `ageMs` older than the frame's
 * `atMs`. Speed in cm/s and heading in 0.1 degree, null where unknown.
 */
export type TileUnit = readonly [
  unitId: string,
  lonE7: number,
  latE7: number,
  ageMs: number,
  speedCmps: number | null,
  headingDd: number | null,
  status: UnitStatus,
  levelOfCare: LevelOfCare,
]

/** *stalled*: for a second or more nothing of the kind could be stored. */
export type WritesState = 'flowing' | 'stalled'

/** The tuples the server sends, by name, without the type that leads each. */
export interface ServerTuples {
  welcome: [id: string, welcome: WelcomeView]
  reply: [id: string, position: number, result: Readonly<Record<string, unknown>>]
  /** `id` is null when the error answers no command. */
  error: [id: string | null, code: string, message: string, details: Readonly<Record<string, unknown>> | null]
  /** Every fix of the stream up to `durableSeq` is stored. */
  marks: [streamIndex: number, durableSeq: number]
  'unit-state': [position: number, driver: DriverView]
  /** One part of a snapshot of the board at `position`; all parts follow each other, then `board-events` go on from it. */
  board: [
    position: number,
    part: number,
    parts: number,
    trips: readonly TripView[],
    units: readonly UnitView[],
    alarms: readonly AlarmView[],
  ]
  /** One record; `by` is the principal that caused it, null for the engine itself. */
  'board-events': [position: number, recordedAtMs: number, events: readonly DomainEvent[], by: string | null]
  /** Reconnect after `afterMs` plus a random share of `spreadMs`, both divided by the clock rate. */
  'going-away': [afterMs: number, spreadMs: number]
  /** Every unit of the tile at frame `frameNo` of the tile's `epoch`: it replaces what the client has of the tile. */
  tile: [tile: string, epoch: string, frameNo: number, atMs: number, units: readonly TileUnit[]]
  /** What came, changed or moved in the tile since frame `frameNo - 1`, and what has left it. A gap asks for a snapshot. */
  'tile-moves': [tile: string, frameNo: number, atMs: number, units: readonly TileUnit[], gone: readonly string[]]
  /** A watched unit and its trip as they are now, at most four times a second. */
  unit: [position: number, unit: UnitView, trip: TripView | null]
  /** `[channel, durableSeq]` for each of a feed's streams whose mark rose. */
  'feed-marks': [marks: readonly (readonly [channel: number, durableSeq: number])[]]
  /** The channel is no longer this feed's, and not by its own `detach`. */
  detached: [channel: number, reason: DetachReason]
  /** Region time as it is from now on: the engine's clock was set, and what it told before does not hold. */
  clock: [clock: ClockView]
  /** Whether the database takes the records of commands, and fixes. Until it is told, both do. */
  writes: [commands: WritesState, fixes: WritesState]
  /** After a loss without a word come back after a random share of `spreadMs`, divided by the clock rate. */
  'come-back': [spreadMs: number]
}

export type ClientMessage = { [T in ClientTypeName]: [type: T, ...ClientTuples[T]] }[ClientTypeName]
export type ServerMessage = { [T in ServerTypeName]: [type: T, ...ServerTuples[T]] }[ServerTypeName]
