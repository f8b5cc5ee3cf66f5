/** Rounds: within one no unit is asked twice for a trip; after a pause the next one may ask everybody again. */
import { overAtMs, type Policy } from '../policy.ts'
import type { TripState } from '../trip.ts'

/** When the units that were asked in this round may be asked again; null while nobody was. */
export function nextRoundAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  if (trip.asked.length === 0 || trip.pendingSinceMs === null) return null
  return overAtMs(trip.pendingSinceMs, policy.roundPauseMs, nowMs)
}
