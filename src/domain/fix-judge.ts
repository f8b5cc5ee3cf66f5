/**
 * Whether a fix can be believed, beside the one before it of the same stream.
 *
 * Receivers jump by tens of kilometres and claim ten metres. Such a fix is kept and places nobody. But a filter must never lock a
 * unit to its old place: fixes that are not believed and agree with each other are right about it (`FIXES_THAT_AGREE`).
 */
import type { Fix } from './fix.ts'
import { distanceM } from './geo.ts'
import type { Policy } from './policy.ts'

export type FixPolicy = Pick<Policy, 'fixSpeedMaxMps' | 'fixAccuracyMaxM'>

/** So many in a row that agree place the unit, whatever was thought of each. */
export const FIXES_THAT_AGREE = 3

/** Of two fixes of one moment, or nearly, the clock tells no better than this. */
const LEAST_SPAN_MS = 1_000
/** Of a degree along a great circle, and a little more: never less than the way. */
const DEGREE_MAX_M = 111_200

export const isInaccurate = ({ accuracyM }: Pick<Fix, 'accuracyM'>, { fixAccuracyMaxM }: FixPolicy): boolean =>
  accuracyM !== null && accuracyM > fixAccuracyMaxM

/**
 * Whether one unit may have been at both places at their times, as far as they are accurate. A fix that does not say how accurate
 * it is may be as bad as one that is still taken.
 */
export function mayBeOfOne(a: Fix, b: Fix, { fixSpeedMaxMps, fixAccuracyMaxM }: FixPolicy): boolean {
  const spanMs = Math.max(LEAST_SPAN_MS, Math.abs(b.fixedAtMs - a.fixedAtMs))
  const farM = (spanMs / 1_000) * fixSpeedMaxMps + (a.accuracyM ?? fixAccuracyMaxM) + (b.accuracyM ?? fixAccuracyMaxM)
  // Nearly every fix is settled by this, without the sines.
  const cornerM = (Math.abs(b.latDeg - a.latDeg) + Math.abs(b.lonDeg - a.lonDeg)) * DEGREE_MAX_M
  return cornerM <= farM || distanceM(a, b) <= farM
}
