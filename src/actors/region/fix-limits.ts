/** The moments between which fixes, and whatever clients report, can lie now. */
import { LIMITS } from '../../protocol/limits.ts'
import type { RegionClock } from '../clock.ts'
import type { FixLimits } from '../driver/location.ts'

export function momentLimits(clock: RegionClock): Omit<FixLimits, 'policy'> {
  const aheadMs = LIMITS.aheadMs * clock.rate
  return { futureMs: clock.latestMs() + aheadMs, outdatedMs: clock.shownLatestMs() + aheadMs }
}

/** The moments that a client may report. */
export const momentRange = (clock: RegionClock): { readonly earliestMs: number; readonly latestMs: number } => ({
  earliestMs: clock.earliestMs() - LIMITS.behindMs,
  latestMs: momentLimits(clock).futureMs,
})
