/**
 * Checks that what was read fits together: units with their trips, trips with their calls, both with the table of open
 * trips.
 *
 * A record that is missing, or of which the very name was changed, leaves no trace in the log but the disagreement of
 * those that it concerned. Whoever is part of one is held: nobody may be sent by a state that has a hole under it.
 */

import { callKey, driverKey, type EntityKey, tripKey } from '../../domain/entity.ts'
import type { TripId, UnitId } from '../../domain/ids.ts'
import { isEnded, type TripState, unitOf } from '../../domain/trip/trip.ts'
import { isBound } from '../../domain/unit/driver.ts'
import type { States } from './turn.ts'

export interface Contradiction {
  readonly entity: EntityKey
  readonly why: string
}

interface Checked extends States {
  readonly drivers: ReadonlyMap<UnitId, NonNullable<ReturnType<States['driver']>>>
  readonly trips: ReadonlyMap<TripId, TripState>
  readonly quarantine: { has(entity: EntityKey): boolean }
}

/** Input: states at rest, and which unit has which trip by `log.open_trip`. Actors that are held already are left out. */
export function contradictions(states: Checked, openTrips: ReadonlyMap<UnitId, TripId>): Contradiction[] {
  return [...ofUnits(states, openTrips), ...ofTrips(states, openTrips), ...ofTable(states, openTrips)]
}

function* ofUnits(states: Checked, openTrips: ReadonlyMap<UnitId, TripId>): Iterable<Contradiction> {
  for (const driver of states.drivers.values()) {
    const entity = driverKey(driver.unitId)
    if (states.quarantine.has(entity)) continue
    const tripId = driver.work?.tripId ?? null
    const inTable = openTrips.get(driver.unitId) ?? null
    const bound = isBound(driver) ? tripId : null
    if (bound !== inTable) {
      yield { entity, why: `it has ${words(bound)} by the log and ${words(inTable)} by log.open_trip` }
      continue
    }
    if (tripId === null || states.quarantine.has(tripKey(tripId))) continue
    const trip = states.trip(tripId)
    if (trip === undefined || isEnded(trip) || unitOf(trip) !== driver.unitId) {
      yield { entity, why: `it has trip ${tripId}, which ${trip === undefined ? 'is not there' : 'is not with it'}` }
    }
  }
}

function* ofTrips(states: Checked, openTrips: ReadonlyMap<UnitId, TripId>): Iterable<Contradiction> {
  for (const trip of states.trips.values()) {
    const entity = tripKey(trip.tripId)
    if (isEnded(trip) || states.quarantine.has(entity)) continue
    const call = states.call(trip.callId)
    const callHeld = states.quarantine.has(callKey(trip.callId))
    if (call !== undefined && !callHeld && call.state !== 'open') {
      yield { entity, why: `it is ${trip.phase}, and its call ${trip.callId} is ${call.state}` }
    }
    // The table follows the events of the trip, whatever has become of the unit.
    if (trip.unitId !== null && openTrips.get(trip.unitId) !== trip.tripId) {
      yield { entity, why: `it is bound to unit ${trip.unitId}, which does not have it by log.open_trip` }
    }
    const unitId = unitOf(trip)
    if (unitId === null || states.quarantine.has(driverKey(unitId))) continue
    if (states.driver(unitId)?.work?.tripId !== trip.tripId) {
      yield { entity, why: `it is with unit ${unitId}, which does not have it` }
    }
  }
}

/** Units that have a trip and that nothing is known of. */
function* ofTable(states: Checked, openTrips: ReadonlyMap<UnitId, TripId>): Iterable<Contradiction> {
  for (const [unitId, tripId] of openTrips) {
    if (states.driver(unitId) !== undefined || states.quarantine.has(driverKey(unitId))) continue
    yield { entity: driverKey(unitId), why: `it has trip ${tripId} by log.open_trip and is not in the log` }
  }
}

const words = (tripId: TripId | null): string => (tripId === null ? 'no trip' : `trip ${tripId}`)
