/**
 * The door between gateway and actors: what the gateway may ask of a region, and what a region may do with a session.
 *
 * Everything here is message passing; the gateway never sees an actor's state. Answers come back through the callback
 * or session given with the request, never before what they tell is durable.
 */
import type { Refused } from '../base/result.ts'
import type { Command } from '../domain/commands.ts'
import type { ReachHeading } from '../domain/dispatch/road-questions.ts'
import type { Fix } from '../domain/fix.ts'
import type { CallId, Principal, RegionId, StreamId, TripId, UnitId } from '../domain/ids.ts'
import type { Role } from '../domain/roles.ts'
import type { LevelOfCare, Priority } from '../domain/vocabulary.ts'
import type { ClientRequest } from '../protocol/messages.ts'
import type { Shown, Told, WelcomeShown } from '../protocol/told.ts'
import type { StreamDeclaration } from '../protocol/wire/fix-tuples.ts'
import type { ClockOff } from './clock-watch.ts'

/** A connected, authenticated client, as the actors see it. Implemented by the gateway. */
export interface Session {
  readonly sessionId: string
  readonly region: RegionId
  readonly role: Role
  readonly principal: Principal
  /** The unit a driver's session speaks for; null for all other roles. */
  readonly unitId: UnitId | null
  /** Makes a frame of it and sends that; drops it silently when the connection is gone. */
  tell(told: Told): void
  /**
   * Sends one frame that many sessions get, encoded once a format: `shared` is the same object for all receivers.
   */
  tellShared(shared: SharedFrame): void
  close(code: number, reason: string): void
  /** True while so much waits for a slow client that whatever can be made up by a snapshot later should wait. */
  readonly isBehind: boolean
  /** What `welcome` tells of this session. */
  readonly ticket: WelcomeShown['ticket']
  readonly limits: WelcomeShown['limits']
  /** What a message to the client and back takes; null while nobody knows. */
  readonly roundTripMs?: number | null
  /** The units that a feed may attach; null for all of its region, and for every other role. */
  readonly feedUnits: readonly UnitId[] | null
}

/** What many sessions are told; the gateway caches its encodings in `encoded`. */
export interface SharedFrame {
  readonly told: Told
  encoded: { binary?: Uint8Array; json?: string }
}

export interface HelloRequest {
  readonly helloId: string
  readonly clientNowMs: number
  readonly streams: readonly StreamDeclaration[]
}

/** A message of a signed-in client that is no command and no query. */
export type SessionRequest = Exclude<ClientRequest, { readonly type: 'hello' | 'command' | AskedQuery }>

/** The messages that are queries. */
export const ASKED_QUERIES = [
  'nearest',
  'explain-trip',
  'find-place',
  'best-destinations',
  'reach',
  'coverage',
  'trip-route',
] as const
type AskedQuery = (typeof ASKED_QUERIES)[number]

/** What a client's session asked, as `protocol/messages.ts` has it. */
export interface SessionMessage {
  readonly type: 'asked'
  readonly session: Session
  readonly request: SessionRequest
  readonly receivedWallMs: number
}

export type Outcome =
  | { readonly ok: true; readonly position: number; readonly result: Readonly<Record<string, unknown>> }
  | Refused

export interface CommandRequest {
  readonly commandId: string
  readonly principal: Principal
  /** The unit of the driver's session; null for the desk. */
  readonly unitId: UnitId | null
  readonly command: Command
  /** SHA-256 of the canonical body (`protocol/body-hash.ts`), lower-case hex. */
  readonly bodyHash: string
  readonly traceparent: string | null
  answer(outcome: Outcome): void
}

export type Query =
  | { readonly type: 'nearest'; lonDeg: number; latDeg: number; k: number; levelOfCare: LevelOfCare | null }
  | { readonly type: 'read-trip'; tripId: TripId }
  | { readonly type: 'read-call'; callId: CallId }
  /** The call of a number. */
  | { readonly type: 'read-incident'; incidentNo: string }
  | { readonly type: 'read-unit'; unitId: UnitId }
  | { readonly type: 'read-held' }
  /** The zones of closed or slow roads. */
  | { readonly type: 'read-zones' }
  | { readonly type: 'read-decisions'; tripId: TripId }
  /** Input: the unit to be told of by itself; null for none. */
  | { readonly type: 'explain-trip'; tripId: TripId; unitId: UnitId | null }
  | { readonly type: 'find-place'; text: string; k: number }
  /** Of a trip or of a place. `crewOf`: the unit that speaks, whose trip it must be; null for the desk. */
  | {
      readonly type: 'best-destinations'
      tripId: TripId | null
      lonDeg: number | null
      latDeg: number | null
      capabilities: readonly string[]
      k: number
      crewOf: UnitId | null
    }
  /** Of a unit or of a place. */
  | {
      readonly type: 'reach'
      unitId: UnitId | null
      lonDeg: number | null
      latDeg: number | null
      heading: ReachHeading
      priority: Priority | null
      withinMs: number
      maxBytes: number
    }
  | { readonly type: 'coverage'; targetMs: number; priority: Priority | null; levelOfCare: LevelOfCare | null }
  | { readonly type: 'trip-route'; tripId: TripId; maxBytes: number; crewOf: UnitId | null }
export type QueryAnswer =
  | {
      readonly ok: true
      readonly position: number
      readonly shown: Shown
    }
  | Refused

/** Of a snapshot the units and trips, or of the records instead of it the events; the other is 0. */
export interface BoardSize {
  readonly items: number
  readonly events: number
}

/** A fix of a device that numbers none. */
export interface TrackerRequest {
  readonly unitId: UnitId
  readonly principal: Principal
  /** The device's clock when it measured, epoch ms: its time by GNSS, or by a network. */
  readonly measuredWallMs: number
  readonly measured: Omit<Fix, 'seq' | 'fixedAtMs'>
  readonly receivedWallMs: number
  /** The store was looked into since the fix was called doubtful, and does not have it. */
  readonly isLate: boolean
  readonly answer: (answer: TrackerAnswer) => void
}

/** Never before all that was taken by then is stored. */
export type TrackerAnswer =
  | { readonly ok: true; readonly is: 'stored' }
  /** Of a time at which no fix is taken. */
  | { readonly ok: true; readonly is: 'unusable' }
  /** It is stored already if one of these streams has this seq at this region time. */
  | {
      readonly ok: true
      readonly is: 'doubtful'
      readonly streamIds: readonly StreamId[]
      readonly seq: number
      readonly fixedAtMs: number
    }
  | Refused

export interface RegionHandle {
  readonly regionId: RegionId
  /** A client signed in: answers with `welcome` (or `error` and a close) through the session. */
  open(session: Session, hello: HelloRequest): void
  closed(session: Session): void
  command(request: CommandRequest): void
  /** Takes a message that is neither command nor query. A message with an id is answered through the session. */
  tell(session: Session, request: SessionRequest): void
  /** Takes a fix of a device that holds no connection. */
  trackerFix(request: TrackerRequest): void
  /** What a question for the board after a position is to be answered with now. */
  boardFrom(fromPosition: number | null): BoardSize
  query(query: Query, answer: (answer: QueryAnswer) => void): void
}

/** What a recovery is at, and how far; `of` is null where nobody has counted it. */
export interface RecoveryProgress {
  readonly step: 'snapshots' | 'log' | 'fixes' | 'outcomes' | 'actors'
  readonly done: number
  readonly of: number | null
}

/** How far this process is with its regions: the answer of `/readyz`. */
export interface Readiness {
  /** `standby`: another engine has the regions; this one waits for its leases. */
  readonly status: 'starting' | 'standby' | 'recovering' | 'ready' | 'draining'
  /** The engine that has the regions, while this one stands by. */
  readonly behind: string | null
  readonly recovered: number
  readonly recovering: ReadonlyMap<RegionId, RecoveryProgress>
  /** Regions that could not be recovered, and why; they are tried again, and answer `unavailable` meanwhile. */
  readonly away: ReadonlyMap<RegionId, string>
}

/** The regions this process owns and answers for. */
export interface RegionDirectory {
  region(regionId: RegionId): RegionHandle | null
  /** False while recovering, standing by or draining. */
  ready(): boolean
  /** Stored rows of its regions that were found damaged when they were recovered. */
  damagedRows(): number
  /** The worst clock that is off now; null when none is. */
  clockOff?(): ClockOff | null
  /** Takes up what the reference data has by now: true once every region knows it, false when that takes longer. */
  follow?(limitMs: number): Promise<boolean>
}
