/** What a session is told as it opens: region time, the region's policy, what the server holds of it. */
import type { Activity } from '../../domain/policy.ts'
import type { Role } from '../../domain/roles.ts'
import type { DispatchMode, Priority } from '../../domain/vocabulary.ts'
import type { DriverView } from './situation-views.ts'

/** Region time and how it runs: regionMs = anchorRegionMs + (wallMs − anchorWallMs) × rate. */
export interface ClockView {
  readonly nowMs: number
  readonly anchorRegionMs: number
  readonly anchorWallMs: number
  readonly rate: number
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
