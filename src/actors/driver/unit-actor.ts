/** One unit as its region sees it: its state, its place, and the session that speaks for it. A driver's actor is one. */

import type { UnitId } from '../../domain/ids.ts'
import type { Freshness } from '../../domain/policy.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { DetachReason } from '../../protocol/wire/fix-tuples.ts'
import type { Session } from '../region-handle.ts'
import type { DriverLocation, Stream } from './location.ts'

export interface UnitActor {
  readonly unitId: UnitId
  readonly state: DriverState
  readonly location: DriverLocation
  /** The feed that holds the unit. */
  readonly feed: FeedHold | null
  /** The session that speaks for it now. */
  readonly session: Session | null
  /** The session, once it has heard its welcome; before that it is told nothing else. */
  readonly welcomedSession: Session | null
  readonly disconnectedSinceMs: number | null
  /** How far the clock of its client is ahead of ours, in wall milliseconds; null while none speaks for it. */
  readonly clockAheadMs: number | null
  /** How old its position counts as, while it is on duty; `freshness-watch.ts` keeps it. */
  followed: FollowedFreshness | null
  /** This session's welcome has left, with the marks as they stand. */
  onWelcomed(session: Session): void
  /** Tells the marks that have waited their time; true while some still wait. */
  tellDueMarks(nowMonotonicMs: number): boolean
}

/** What a unit's position counts as; null while it has none. */
export interface FollowedFreshness {
  readonly freshness: Freshness | null
}

/** A feed's hold on a unit, through one of its streams. */
export interface FeedHold {
  readonly stream: Stream
  /** The feed's clock at its hello. */
  readonly clientNowMs: number
  /** More of the stream is stored. */
  rose(): void
  /** The unit is no longer the feed's, and not by its own doing. */
  end(reason: DetachReason): void
}
