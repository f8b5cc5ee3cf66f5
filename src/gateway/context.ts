/** What every conversation and every HTTP route works with. */

import type { Authenticator, Revocations } from '../access/claims.ts'
import type { SignIn } from '../access/sign-in.ts'
import type { KeyRing } from '../access/tokens.ts'
import type { Readiness, RegionDirectory } from '../actors/region-handle.ts'
import type { Audit } from '../store/audit/audit.ts'
import type { Database } from '../store/postgres/database.ts'
import type { StoreState } from '../store/postgres/store-health.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { OutageLog } from '../telemetry/outage-log.ts'
import type { CutLog } from './cut-log.ts'
import type { DoorPolicy } from './door-policy.ts'
import type { Entrance } from './entrance.ts'
import type { HttpConnections } from './http-connections.ts'
import type { Limiter } from './limits/limiter.ts'
import type { SessionRegistry } from './session-registry.ts'
import type { StoreWaits } from './store-waits.ts'

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
