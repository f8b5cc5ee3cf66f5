/** The region as fixes of crews and feeds see it: clocks and limits, the way to the store, and the followers of moves. */
import type { Refusal } from '../../base/refusal.ts'
import type { MachineClock } from '../../base/time.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { SegmentWriter } from '../../store/location/segment-writer.ts'
import { FIX_OUTCOMES, type FixCounts, type FixOutcome } from '../../telemetry/fix-classes.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { RegionClock } from '../clock.ts'
import type { FixDoor } from '../driver/driver-door.ts'
import type { FixLimits } from '../driver/location.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { Session } from '../region-handle.ts'
import { momentLimits } from './fix-limits.ts'
import type { MoveFollower } from './followers.ts'
import type { RegionPolicy } from './region-policy.ts'
import { refuseRequest } from './send-refusal.ts'
import type { WheelWatch } from './wheel-watch.ts'

interface UnitFixesPorts {
  readonly clock: RegionClock
  readonly policy: Pick<RegionPolicy, 'standing'>
  readonly machine: MachineClock
  readonly metrics: Metrics
  readonly segments: SegmentWriter
  readonly wheels: Pick<WheelWatch, 'take'>
  readonly followers: readonly MoveFollower[]
}

export class UnitFixes implements FixDoor {
  readonly #ports: UnitFixesPorts

  constructor(ports: UnitFixesPorts) {
    this.#ports = ports
  }

  monotonicMs(): number {
    return this.#ports.machine.monotonicMs()
  }
  regionMs(wallMs: number): number {
    return this.#ports.clock.regionMs(wallMs)
  }
  limits(): FixLimits {
    const { clock, policy } = this.#ports
    // Field by field, for each frame: a spread followed by a new key takes 0.9 µs (Node 20), forty times as long.
    const { futureMs, outdatedMs } = momentLimits(clock)
    return { futureMs, outdatedMs, policy: policy.standing }
  }

  store(...[unitId, streamId, fix, flags, receivedWallMs]: Parameters<FixDoor['store']>): boolean {
    const { segments, wheels } = this.#ports
    if (!segments.add(unitId, streamId, fix, flags, receivedWallMs)) return false
    wheels.take(unitId, fix, flags)
    return true
  }

  counted(counts: FixCounts): void {
    for (const outcome of FIX_OUTCOMES) if (counts[outcome] > 0) this.#ports.metrics.fix(outcome, counts[outcome])
  }
  countedOne(outcome: FixOutcome): void {
    this.#ports.metrics.fix(outcome)
  }

  moved(unit: UnitActor, before: PlacedFix | null): void {
    for (const follower of this.#ports.followers) follower.moved(unit, before)
  }

  refuseFixes(session: Session, refusal: Refusal): void {
    const { leftOut, others = [] } = refusal.details ?? {}
    // Fixes that are left out for good are counted one by one.
    if (leftOut === undefined) {
      this.#ports.metrics.fix(refusal.code === 'fix-gap' ? 'gap' : 'refused', 1 + (others as readonly unknown[]).length)
    }
    refuseRequest(session, null, refusal)
  }
}
