/** The messages of a region's own actor, and what becomes of a message that no actor will get. */

import type { Deadline } from '../../domain/dispatch/deadlines.ts'
import type { AskableRoads } from '../../domain/dispatch/road-questions.ts'
import type { UnitReference } from '../../domain/events/unit-events.ts'
import type { Position } from '../../domain/geo.ts'
import type { CallId, UnitId } from '../../domain/ids.ts'
import type { StandingPolicy } from '../../domain/policy.ts'
import type { StandingHospital } from '../../protocol/reference.ts'
import type { DriverMessage } from '../driver/driver-actor.ts'
import { UNAVAILABLE } from '../refusals.ts'
import type {
  CommandRequest,
  HelloRequest,
  Query,
  QueryAnswer,
  Session,
  SessionMessage,
  TrackerRequest,
} from '../region-handle.ts'
import type { TripMessage } from '../trip/trip-actor.ts'
import type { MarksRead } from './stream-marks.ts'
import type { LookedUp } from './waking.ts'

/** A query that no driver's or trip's own actor answers. */
export type RegionQuery = Query & {
  readonly type:
    | 'nearest'
    | 'read-trip'
    | 'read-call'
    | 'read-incident'
    | 'read-held'
    | 'read-zones'
    | 'read-decisions'
    | 'explain-trip'
}
export type RoadsQuery = Query & {
  readonly type: 'find-place' | 'best-destinations' | 'reach' | 'coverage' | 'trip-route'
}
export type NearestQuery = RegionQuery & { readonly type: 'nearest' }
export type ExplainQuery = RegionQuery & { readonly type: 'explain-trip' }
export type Answer = (answer: QueryAnswer) => void

/** What has changed of the service's units. */
export interface UnitChanges {
  /** Units that are new or changed, as they are now; others may be among them. */
  readonly units: readonly UnitReference[]
  /** Units that the service has given up. A unit in both lists is live: it has come back since. */
  readonly retired?: readonly UnitId[]
  /** All of them have been taken. */
  readonly onTaken?: () => void
}

/** Another policy stands for the region. */
export interface PolicyChange {
  readonly policy: StandingPolicy
  /** What is decided from now on goes by it. */
  readonly onTaken?: () => void
}

export type RegionMessage =
  | { readonly type: 'command'; readonly request: CommandRequest }
  | { readonly type: 'query'; readonly query: RegionQuery | RoadsQuery; readonly answer: Answer }
  | {
      readonly type: 'session-opened'
      readonly session: Session
      readonly hello: HelloRequest
      readonly receivedWallMs: number
    }
  | { readonly type: 'session-closed'; readonly session: Session }
  | SessionMessage
  /** What had left memory was looked up for those who wait for it. */
  | { readonly type: 'looked-up'; readonly found: LookedUp }
  /** The next part of the units that the region is taking. */
  | { readonly type: 'more-units' }
  | { readonly type: 'feed-attach-more'; readonly session: Session }
  | { readonly type: 'feed-marks-read'; readonly session: Session; readonly read: MarksRead }
  /** Input: `read`, the mark of its stream, where memory had forgotten it. */
  | { readonly type: 'tracker-fix'; readonly request: TrackerRequest; readonly read: MarksRead }
  | ({ readonly type: 'units' } & UnitChanges)
  | ({ readonly type: 'policy' } & PolicyChange)
  /** Other roads stand for the region, or none. */
  | { readonly type: 'roads'; readonly roads: AskableRoads | null }
  /** Where the region's stations are now. */
  | { readonly type: 'stations'; readonly places: readonly Position[] }
  /** The hospitals that the region has now. */
  | { readonly type: 'hospitals'; readonly hospitals: readonly StandingHospital[] }
  /** Their personal data was erased in the store. */
  | { readonly type: 'erased'; readonly callIds: readonly CallId[] }
  /** The next part of the deadlines that are set anew. */
  | { readonly type: 'more-policy' }
  | { readonly type: 'deadline'; readonly deadline: Deadline }
  | { readonly type: 'match' }
  /** Region time has stepped by so much, and these had been told another. */
  | { readonly type: 'clock-stepped'; readonly byMs: number; readonly sessions: readonly Session[] }

/** As many as there are sessions, feeds and timers, and a few of the others: none can be asked for again. */
export const NEVER_REFUSED = [
  'session-closed',
  'looked-up',
  'feed-attach-more',
  'feed-marks-read',
  'units',
  'more-units',
  'policy',
  'more-policy',
  'roads',
  'stations',
  'hospitals',
  'erased',
  'deadline',
  'match',
  'clock-stepped',
] as const

export const ACCEPTED = ['command', 'query', 'session-opened', 'asked', 'tracker-fix', ...NEVER_REFUSED] as const

/** Answers the senders of messages that a dropped region will not handle. */
export function answerUnheard(message: RegionMessage | DriverMessage | TripMessage): void {
  if (message.type === 'command') message.request.answer({ ok: false, refusal: UNAVAILABLE })
  else if (message.type === 'tracker-fix') message.request.answer({ ok: false, refusal: UNAVAILABLE })
  else if (message.type === 'query' || message.type === 'read') message.answer({ ok: false, refusal: UNAVAILABLE })
}
