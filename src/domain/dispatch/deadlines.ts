/** Deadlines of trips. */
import { overAtMs, type Policy } from '../policy.ts'
import type { TripState } from '../trip.ts'

/** When an accepted trip that has not moved raises its alarm; null when it has moved or the alarm stands. */
export function noMovementAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  if (trip.phase !== 'assigned' || trip.alarms.includes('no-movement')) return null
  // From when we heard of it, not from the crew's own clock, which may be slow.
  return overAtMs(trip.phaseRecordedAtMs, policy.noMovementMs, nowMs)
}
