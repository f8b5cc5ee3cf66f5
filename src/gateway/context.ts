/** What every conversation and every HTTP route works with. */
import type { RegionDirectory } from '../actors/region-handle.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { TokenVerifier } from './tokens.ts'

export interface GatewayContext {
  readonly directory: RegionDirectory
  readonly verifier: TokenVerifier
  readonly metrics: Metrics
  readonly log: Logger
  readonly wallClock: () => number
}
