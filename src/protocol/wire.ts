/**
 * The messages of subprotocols `goldenhour.v1` (MessagePack) and `goldenhour.v1.json` (the same tuples as JSON text).
 *
 * A message is a tuple `[type, …]`; `type` is the small integer below in MessagePack and the name in JSON. A command is
 * `[type, id, …fields]`. Elements beyond the known ones are ignored; the last may be a map `{traceparent}`.
 * Integers on the wire: coordinates in 1e-7 degree, times in epoch milliseconds of region time, distances in metres.
 */
import type { CallDetails } from '../domain/commands.ts'
import type { DomainEvent, Need, TripAlarm } from '../domain/events.ts'
import type { Role } from '../domain/roles.ts'
import type {
  CancelReason,
  DeclineReason,
  Dispatchability,
  DispatchMode,
  Disposition,
  LevelOfCare,
  Priority,
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
  mark: [streamIndex: number]
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
  readonly unavailableReason: UnavailableReason | null
  readonly statusSinceMs: number
  readonly crew: string | null
  readonly connected: boolean
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
  readonly limits: { readonly frameBytes: number; readonly fixesPerFrame: number }
}

export interface NearestUnit {
  readonly unitId: string
  readonly callSign: string
  readonly levelOfCare: LevelOfCare
  readonly distanceM: number
  readonly fix: FixView
}
export interface NearestResult {
  readonly basis: 'straight-line'
  readonly units: readonly NearestUnit[]
}

/** The tuples the server sends, by name, without the type that leads each. */
interface ServerTuples {
  welcome: [id: string, welcome: WelcomeView]
  reply: [id: string, position: number, result: Readonly<Record<string, unknown>>]
  /** `id` is null when the error answers no command. */
  error: [id: string | null, code: string, message: string, details: Readonly<Record<string, unknown>> | null]
  /** Every fix of the stream up to `durableSeq` is stored. */
  marks: [streamIndex: number, durableSeq: number]
  'unit-state': [position: number, driver: DriverView]
  /** One part of a snapshot of the board at `position`; all parts follow each other, then `board-events` go on from it. */
  board: [position: number, part: number, parts: number, trips: readonly TripView[], units: readonly UnitView[]]
  'board-events': [position: number, recordedAtMs: number, events: readonly DomainEvent[]]
  /** Reconnect after `afterMs` plus a random share of `spreadMs`, both divided by the clock rate. */
  'going-away': [afterMs: number, spreadMs: number]
}

export type ClientMessage = { [T in ClientTypeName]: [type: T, ...ClientTuples[T]] }[ClientTypeName]
export type ServerMessage = { [T in ServerTypeName]: [type: T, ...ServerTuples[T]] }[ServerTypeName]
