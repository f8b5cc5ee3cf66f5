/** Where a part of the engine says how it is: in figures, in lines, and in troubles that begin and end. */
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { OutageLog } from './outage-log.ts'

export interface Telemetry {
  readonly metrics: Metrics
  readonly log: Logger
  readonly outages: OutageLog
}
