/**
 * Where a trip's patient is brought: what the crew or the desk named last. It belongs to the patient, so another unit that gets
 * the trip goes there too. Which hospital is right is for people to say; the engine keeps who said it, and reckons the way there.
 */

import { refused } from '../../base/result.ts'
import type { NameDestination } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { tripKey } from '../entity.ts'
import type { UnitId } from '../ids.ts'
import { type Destination, isEnded, type TripState, unitOf } from './trip.ts'
import { alreadyEnded, notOfThisUnit } from './trip-refusals.ts'

/**
 * Input: the hospital that the command names, undefined where the region has none of that id and null where the command takes
 * the destination back; the unit of the crew that says so, null for the desk.
 */
export function nameDestination(
  trip: TripState,
  { hospitalId }: NameDestination,
  hospital: Destination | null | undefined,
  crewOf: UnitId | null,
): Decision {
  const { tripId, callId } = trip
  if (crewOf !== null && unitOf(trip) !== crewOf) return notOfThisUnit(trip)
  if (isEnded(trip)) return alreadyEnded(trip)
  if (hospital === undefined) {
    const message = `The region has no hospital ${hospitalId}; GET /v1/hospitals lists those that it has.`
    return refused('unknown-hospital', message, { hospitalId })
  }
  if ((trip.destination?.hospitalId ?? null) === hospitalId) return accepted()
  const place = hospital === null ? null : { name: hospital.name, lonDeg: hospital.lonDeg, latDeg: hospital.latDeg }
  const cause = crewOf === null ? 'dispatcher' : 'driver'
  const named = { tripId, callId, unitId: unitOf(trip), hospitalId, place, cause } as const
  return accepted({ type: 'DestinationNamed', v: 1, entity: tripKey(tripId), ...named })
}
