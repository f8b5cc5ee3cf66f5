/** The parts of a region that it is given, and does not make itself. */

import type { MachineClock } from '../../base/time.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { StandingPolicy } from '../../domain/policy.ts'
import type { Told } from '../../protocol/told.ts'
import type { ClockAnchor } from '../../store/log/clock-anchor.ts'
import type { Journal } from '../../store/log/journal.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'
import type { ActorSystem } from '../actor-system.ts'
import type { RoadSource } from '../road-news.ts'
import type { WallClock } from '../wall-clock.ts'
import type { AdmissionSettings } from './admission.ts'
import type { ClosedCallsSettings } from './closed-calls.ts'
import type { OutcomesSettings } from './idempotency.ts'

export type LossReason = 'fenced' | 'content-rejected'

/** One for all regions of a process. */
export interface SharedParts {
  readonly anchor: ClockAnchor
  readonly machine: MachineClock
  readonly system: ActorSystem
  readonly journal: Journal
  /** Where the roads of regions come from; none where no region has any. */
  readonly roads?: RoadSource
  /** What one region takes, and keeps in memory, at most; the defaults of `admission.ts` and their like unless told. */
  readonly bounds?: AdmissionSettings & ClosedCallsSettings & OutcomesSettings
  /** Hears of each turn that changed something, before the turn is durable: for watchers of the states. */
  readonly onTurn?: ((events: readonly DomainEvent[]) => void) | undefined
}

/** What a region calls its things. */
interface RegionNames {
  /** A fresh call, trip or offer id of this region. */
  readonly newId: () => string
  /** The IANA name of its time zone as it is now: numbers of calls go by its years. */
  readonly timeZone: () => string
}

export interface RegionParts {
  readonly shared: SharedParts
  /** The wall of the machine as far as it is believed; one for all regions of a process, too. */
  readonly wall: WallClock
  readonly regionId: RegionId
  /** The policy to begin with; a new one comes as a message. */
  readonly policy: StandingPolicy
  /** The log is the region's own. */
  readonly telemetry: Telemetry
  /** What to tell a console that comes while a clock is off. */
  readonly clockNotice?: () => Told | null
  readonly names: RegionNames
  /** The region's memory no longer stands for what is durable; the holder of the region drops it. */
  readonly onLost: (reason: LossReason) => void
}
