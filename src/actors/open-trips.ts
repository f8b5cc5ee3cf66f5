/** Which unit has which trip by the log alone: what `log.open_trip` says where a region is brought back to an earlier moment. */
import { driverKey } from '../domain/entity.ts'
import type { RegionId, TripId, UnitId } from '../domain/ids.ts'
import { isEnded } from '../domain/trip/trip.ts'
import { isBound } from '../domain/unit/driver.ts'
import type { OpenTrip } from '../store/log/journal.ts'
import type { MomentReader } from '../store/log/moment-reader.ts'
import { recoverUnchecked } from './region/recovery.ts'

/** Takes the time and the memory of a start without snapshots. Errors: those of pg. */
export async function openTripsOf(reader: MomentReader, region: RegionId): Promise<OpenTrip[]> {
  const ends = await reader.ends(region)
  const acquired = { ownership: { region, epoch: 0, incarnation: 'nobody' }, ...ends }
  const { drivers, trips, quarantine } = await recoverUnchecked(reader, acquired)
  const open = new Map<UnitId, TripId>()
  for (const driver of drivers.values()) if (isBound(driver)) open.set(driver.unitId, driver.work!.tripId)
  // The table follows the events of a trip, whatever has become of its unit.
  for (const trip of trips.values()) {
    if (trip.unitId === null || isEnded(trip) || !quarantine.has(driverKey(trip.unitId))) continue
    open.set(trip.unitId, trip.tripId)
  }
  return [...open].map(([unitId, tripId]) => ({ unitId, tripId }))
}
