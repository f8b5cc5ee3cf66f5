/** What every conversation and every HTTP route works with. */
import type { Readiness, RegionDirectory } from '../actors/region-handle.ts'
import type { Limits } from '../protocol/limits.ts'
import type { Audit } from '../store/audit.ts'
import type { Database } from '../store/database.ts'
import type { StoreState } from '../store/store-health.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { OutageLog } from '../telemetry/outage-log.ts'
import type { Authenticator, Revocations } from './auth/claims.ts'
import type { SignIn } from './auth/sign-in.ts'
import type { KeyRing } from './auth/tokens.ts'
import type { CutLog } from './cut-log.ts'
import type { Entrance } from './entrance.ts'
import type { HttpConnections } from './http-connections.ts'
import type { Limiter } from './limits/limiter.ts'
import type { SessionRegistry } from './session-registry.ts'
import type { StoreWaits } from './store-waits.ts'

/** How strangers are let in; all of it the operator's choice. */
export interface DoorPolicy {
  readonly limits: Limits
  /** Origins whose pages may connect and call; `*` for all. Programs send none and are always let in. */
  readonly allowedOrigins: readonly string[]
  /** CIDRs of proxies whose `Forwarded` headers are believed. */
  readonly trustedProxies: readonly string[]
  /** CIDRs that `/metrics` is shown to, besides this machine. */
  readonly metricsFrom: readonly string[]
  /** Host names that we are reached by; empty: whatever a client calls us. */
  readonly ownNames: readonly string[]
  /** How old a session may get, over all its reconnects. */
  readonly sessionMaxAgeMs: number
}

/** What probes are told of the database. */
export type StoreView = StoreState & { readonly isRestarting: boolean }

export interface GatewayContext {
  readonly directory: RegionDirectory
  readonly readiness: () => Readiness
  readonly authenticator: Authenticator
  readonly revocations: Revocations
  readonly signIn: SignIn
  readonly keys: KeyRing
  readonly audit: Audit
  readonly database: Database
  /** Whether the database answers, for readiness. */
  readonly store: () => StoreView
  readonly door: DoorPolicy
  /** Everybody who is connected; made by `startGateway`, as are those down to `newSessionId`. */
  readonly sessions: SessionRegistry
  /** What is counted against clients. */
  readonly limiter: Limiter
  readonly entrance: Entrance
  /** Connections that are no WebSocket. */
  readonly connections: HttpConnections
  /** Requests that wait for the database. */
  readonly storeWaits: StoreWaits
  /** What the log hears of clients that are broken or hostile. */
  readonly cuts: CutLog
  readonly newSessionId: () => string
  readonly metrics: Metrics
  readonly log: Logger
  readonly outages: OutageLog
  readonly wallClock: () => number
}
