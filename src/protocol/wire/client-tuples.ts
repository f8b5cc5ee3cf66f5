/** The tuple of each message that a client sends. */
import type { CallDetails } from '../../domain/commands.ts'
import type { ReachHeading } from '../../domain/dispatch/road-questions.ts'
import type { Need } from '../../domain/events/call-events.ts'
import type { Role } from '../../domain/roles.ts'
import type {
  CancelReason,
  CorrectionReason,
  DeclineReason,
  Disposition,
  DivertReason,
  LevelOfCare,
  OverrideReason,
  Priority,
  Reportable,
  ResponseTime,
  UnavailableReason,
  ZoneKind,
  ZoneReason,
} from '../../domain/vocabulary.ts'
import type { FeedChannel, FeedFix, StreamDeclaration, WireFix } from './fix-tuples.ts'
import type { ClientTypeName } from './message-types.ts'
import type { TileWatch } from './tile-tuples.ts'

export interface WireCall {
  readonly lonE7: number
  readonly latE7: number
  readonly priority: Priority
  readonly problem?: string | null
  readonly needs: readonly Need[]
  readonly receivedAtMs?: number | null
  readonly details?: Partial<CallDetails> | null
  readonly onHold?: boolean
}

/** Closed or slow roads as a dispatcher draws them. */
export interface WireZone {
  readonly kind: ZoneKind
  readonly points: readonly (readonly [lonE7: number, latE7: number])[]
  /** So many hundredths of the time; null or absent: closed. */
  readonly slowPercent?: number | null
  /** Null or absent: from now on. */
  readonly fromAtMs?: number | null
  /** Null or absent: until `reopen-roads`. */
  readonly untilAtMs?: number | null
  readonly reason: ZoneReason
}

/** What a dispatcher changes of a call; absent keys stay as they are, `details` is replaced as a whole. */
export interface WireCallChanges {
  readonly lonE7?: number
  readonly latE7?: number
  readonly priority?: Priority
  readonly problem?: string | null
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
  'report-phase': [id: string, tripId: string, phase: Reportable, happenedAtMs: number]
  'close-trip': [id: string, tripId: string, disposition: Disposition, happenedAtMs: number]
  'acknowledge-stand-down': [id: string, tripId: string, happenedAtMs: number]
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
  /** `corrects` is the note that this one corrects; null where it corrects none. */
  'add-note': [id: string, callId: string, text: string, corrects: number | null]
  'read-notes': [id: string, callId: string, noteNo: number]
  'assign-unit': [id: string, tripId: string, unitId: string, reason: OverrideReason]
  'withdraw-unit': [id: string, tripId: string, reason: OverrideReason]
  'divert-unit': [id: string, tripId: string, toTripId: string, reason: DivertReason]
  'hold-trip': [id: string, tripId: string]
  'resume-trip': [id: string, tripId: string]
  'confirm-order': [id: string, tripId: string, happenedAtMs: number]
  /** Null: a unit that this region does not dispatch has the patient. */
  'name-receiver': [id: string, tripId: string, toTripId: string | null]
  /** Null: nobody knows any more where the patient is brought. */
  'name-destination': [id: string, tripId: string, hospitalId: string | null]
  /** A crew names its own unit. */
  'call-emergency': [id: string, unitId: string, happenedAtMs: number]
  'end-emergency': [id: string, unitId: string]
  'close-roads': [id: string, zone: WireZone]
  'reopen-roads': [id: string, zoneId: string]
  'add-need': [id: string, callId: string, need: Need]
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
  /** Null: it never happened, or nobody knows when. */
  'correct-time': [
    id: string,
    tripId: string,
    unitId: string,
    time: ResponseTime,
    newAtMs: number | null,
    reason: CorrectionReason,
  ]
  detach: [id: string, channels: readonly number[]]
  'watch-etas': [id: string]
  'unwatch-etas': [id: string]
  'find-place': [id: string, text: string, k: number]
  /** Of a trip, or of a place; the others are null. */
  'best-destinations': [
    id: string,
    tripId: string | null,
    lonE7: number | null,
    latE7: number | null,
    capabilities: readonly string[],
    k: number,
  ]
  /** Of a unit, or of a place; the others are null. A null priority drives without siren. */
  reach: [
    id: string,
    unitId: string | null,
    lonE7: number | null,
    latE7: number | null,
    heading: ReachHeading,
    priority: Priority | null,
    withinMs: number,
    maxBytes: number,
  ]
  coverage: [id: string, targetMs: number, priority: Priority | null, levelOfCare: LevelOfCare | null]
  'trip-route': [id: string, tripId: string, maxBytes: number]
}

export type ClientMessage = { [T in ClientTypeName]: [type: T, ...ClientTuples[T]] }[ClientTypeName]
