/** The parts of a region that it is given, and does not make itself. */

import type { MachineClock } from '../../base/time.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { StandingPolicy } from '../../domain/policy.ts'
import type { Told } from '../../protocol/told.ts'
import type { ClockAnchor } from '../../store/log/clock-anchor.ts'
import type { Journal } from '../../store/log/journal.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { OutageLog } from '../../telemetry/outage-log.ts'
import type { ActorSystem } from '../actor-system.ts'
import type { WallClock } from '../wall-clock.ts'

export type LossReason = 'fenced' | 'content-rejected'

export interface RegionParts {
  readonly regionId: RegionId
  /** The policy to begin with; a new one comes as a message. */
  readonly policy: StandingPolicy
  readonly anchor: ClockAnchor
  readonly machine: MachineClock
  /** The wall of that machine as far as it is believed; one for all regions of a process. */
  readonly wall: WallClock
  /** What to tell a console that comes while a clock is off. */
  readonly clockNotice?: () => Told | null
  readonly system: ActorSystem
  readonly journal: Journal
  readonly metrics: Metrics
  readonly log: Logger
  readonly outages: OutageLog
  /** A fresh call, trip or offer id of this region. */
  readonly newId: () => string
  /** Records or answers that wait to be durable, beyond which nothing more is decided: Postgres is too far behind. */
  readonly pendingMax?: number
  /** Trips that have not ended, beyond which no call is taken. */
  readonly openTripsMax?: number
  /** Hears of each turn that changed something, before the turn is durable: for watchers of the states. */
  readonly onTurn?: ((events: readonly DomainEvent[]) => void) | undefined
  /** The region's memory no longer stands for what is durable; the holder of the region drops it. */
  readonly onLost: (reason: LossReason) => void
}
