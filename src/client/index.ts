/**
 * Goldenhour's client library, for browsers and Node: `connect` gives a driver's, a dispatcher's or a feed's client that
 * keeps its connection up, repeats unanswered commands under their ids, keeps fixes until they are durable and the map
 * right; `signIn` gives the tokens that it needs.
 */
import { DispatcherClient, type DispatcherOptions } from './dispatcher-client.ts'
import { DriverClient, type DriverOptions } from './driver-client.ts'
import { FeedClient, type FeedOptions } from './feed-client.ts'

/**
 * Starts a client; attach its handlers before the current turn ends, and `await client.opened()` if you must know.
 *
 * ```ts
 * const driver = connect({ url: 'ws://localhost:9001', token, region: 'akl', role: 'driver', unitId: 'A12' })
 * driver.onOffer(offer => driver.acceptOffer(offer.offerId))
 * await driver.signOn()
 * driver.report({ lonDeg: 174.76, latDeg: -36.85 })
 * ```
 *
 * Errors: throws TypeError when `url` is none. All later trouble is told by `onFault`, the end by `onClosed`.
 */
export function connect(options: DriverOptions): DriverClient
export function connect(options: DispatcherOptions): DispatcherClient
export function connect(options: FeedOptions): FeedClient
export function connect(
  options: DriverOptions | DispatcherOptions | FeedOptions,
): DriverClient | DispatcherClient | FeedClient {
  switch (options.role) {
    case 'driver':
      return new DriverClient(options)
    case 'feed':
      return new FeedClient(options)
    default:
      return new DispatcherClient(options)
  }
}

export type { DomainEvent } from '../domain/events.ts'
export type { Freshness, Policy } from '../domain/policy.ts'
export type { TripEta } from '../domain/trip/way.ts'
export {
  CANCEL_REASONS,
  type CancelReason,
  CORRECTION_REASONS,
  type CorrectionReason,
  DECLINE_REASONS,
  DISPOSITIONS,
  DIVERT_REASONS,
  type DivertReason,
  HOSPITAL_STATUSES,
  type HospitalStatus,
  LEVELS_OF_CARE,
  type LevelOfCare,
  OVERRIDE_REASONS,
  type OverrideReason,
  PRIORITIES,
  type Priority,
  RESPONSE_TIMES,
  type ResponseTime,
  type TripPhase,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
  type UnitStatus,
} from '../domain/vocabulary.ts'
export { POLICY_RANGES } from '../protocol/policy-ranges.ts'
export type { StatisticsView } from '../protocol/statistics-view.ts'
export type { NearestResult, NearestUnit, TripExplanation } from '../protocol/wire/answer-views.ts'
export type { NoteView } from '../protocol/wire/note-views.ts'
export type {
  CoverageView,
  Destinations,
  DestinationView,
  FoundPlaces,
  FoundPlaceView,
  ReachView,
  TripRoute,
} from '../protocol/wire/road-views.ts'
export type {
  AlarmView,
  DriverView,
  OfferView,
  ResponseView,
  TripView,
  UnitView,
} from '../protocol/wire/situation-views.ts'
export type { PolicyView } from '../protocol/wire/welcome-view.ts'
export type { BoardEvents, BoardHandler, BoardSnapshot } from './board-feed.ts'
export type { CommandOutcome } from './command-queue.ts'
export type { ConnectionState } from './connection-mode.ts'
export type { CommandOptions, ConnectionOptions, MomentOptions } from './connection-options.ts'
export type { TokenSource } from './credentials.ts'
export type { CallChanges, EnteredCall, NewCall, NewZone } from './desk-inputs.ts'
export type {
  DispatcherClient,
  DispatcherOptions,
  RadioOptions,
} from './dispatcher-client.ts'
export { DriverClient, type DriverOptions } from './driver-client.ts'
export {
  type AtVersion,
  type AuditProof,
  type AuditRecord,
  type AuditSearch,
  type DeviceRecord,
  EngineOffice,
  type OfficeItems,
  type OfficeKind,
  type OfficeRecord,
  type PolicyVersion,
  type UserRecord,
} from './engine-office.ts'
export {
  EngineReads,
  engineStatus,
  type HospitalInfo,
  type OpenCall,
  type PassedOverReason,
  type ReadsOptions,
  type RegionInfo,
  type RoadsInfo,
  type StationInfo,
  type TrackedFix,
  type TripDecision,
} from './engine-reads.ts'
export {
  ChangeRefused,
  ClientClosed,
  ClientFault,
  type CloseReason,
  CommandRefused,
  ReadRefused,
  type ServerRefusal,
  SignInRefused,
  UnitDetached,
} from './errors.ts'
export type { EtaHandler } from './eta-receiver.ts'
export type { FeedClient, FeedOptions } from './feed-client.ts'
export type { FeedUnit } from './feed-units.ts'
export type { ReportedFix, StreamProgress } from './fix-stream.ts'
export type { FleetChange, FleetUnit } from './fleet-picture.ts'
export type { FleetView } from './fleet-view.ts'
export { KeptBoard, placeInDegrees } from './kept-board.ts'
export { type DrawnPosition, RECKON_MS } from './motion.ts'
export type { AddedNote, NoteOptions } from './notes.ts'
export type {
  CoverageAsked,
  DestinationOptions,
  FindOptions,
  OfPlace,
  OfTrip,
  OfUnit,
  ReachAsked,
  RouteOptions,
} from './road-asker.ts'
export {
  enterAsGuest,
  type GuestOptions,
  type ResumeOptions,
  resumeSignIn,
  type SignedInUser,
  type SignIn,
  type SignInOptions,
  type SignInTokens,
  signIn,
} from './sign-in.ts'
export type { ClientSocket, ClientSocketClass } from './socket.ts'
export type { Bounds, Cover } from './tile-cover.ts'
export type { Timers } from './timing.ts'
export type { UnitHandler } from './units-receiver.ts'
export type { Writes } from './writes.ts'
