/** Counts how much later than predicted units are at the scene. */
import { responseOf } from '../../domain/trip/response.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { TurnFollower } from './followers.ts'

/** Corrections come later and do not count here; the report of the log has them. */
export const arrivalCount = (metrics: Pick<Metrics, 'arrival'>): TurnFollower => ({
  stored(turn) {
    for (const event of turn.events) {
      if (event.type !== 'TripPhaseReached' || event.phase !== 'on-scene') continue
      const trip = turn.trips.get(event.tripId)
      const response = trip === undefined ? undefined : responseOf(trip, event.unitId)
      if (response?.etaMs === undefined) continue
      metrics.arrival((event.happenedAtMs - response.offeredAtMs - response.etaMs) / 1_000)
    }
  },
})
