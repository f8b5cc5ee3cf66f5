/** What must be true of a region's memory after every step: units, trips, calls and the desk's queue agree. */
import type { States } from '../../../src/actors/region/turn.ts'
import type { CallState } from '../../../src/domain/call.ts'
import { byKind, type EntityKey } from '../../../src/domain/entity.ts'
import type { TripId } from '../../../src/domain/ids.ts'
import { isEnded, type TripState, unitOf } from '../../../src/domain/trip/trip.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import type { UnitStatus } from '../../../src/domain/vocabulary.ts'
import type { OwnedRegion } from '../core/watch.ts'
import type { Findings } from './findings.ts'

/** Checks one unit, trip or call, and what it names. */
export function checkEntity(region: OwnedRegion, entity: EntityKey, findings: Findings): void {
  const { states } = region
  byKind(entity, {
    driver: id => {
      const driver = states.driver(id)
      if (driver !== undefined) checkDriver(states, driver, findings)
    },
    trip: id => {
      const trip = states.trip(id)
      if (trip !== undefined) checkTrip(states, trip, tripId => region.isQueued(tripId), findings)
    },
    call: id => {
      const call = states.call(id)
      if (call !== undefined) checkCall(states, call, findings)
    },
    region: () => {},
  })
}

export function checkEverything(region: OwnedRegion, findings: Findings): void {
  const { states } = region
  for (const { state } of states.driverActors()) checkDriver(states, state, findings)
  const openOf = new Map<string, TripId>()
  for (const trip of states.tripStates()) {
    checkTrip(states, trip, tripId => region.isQueued(tripId), findings)
    const unitId = isEnded(trip) ? null : unitOf(trip)
    if (unitId === null) continue
    const other = openOf.get(unitId)
    if (other !== undefined) findings.find('one-open-trip', `unit ${unitId} has ${other} and ${trip.tripId}`)
    openOf.set(unitId, trip.tripId)
  }
  for (const call of states.callStates()) checkCall(states, call, findings)
}

function checkDriver(states: States, driver: DriverState, findings: Findings): void {
  const { unitId, work, status, crew, retired } = driver
  const expected = statusOf(driver)
  if (status !== expected) {
    findings.find(
      'status-follows-work',
      `unit ${unitId} is ${status} and should be ${expected} (version ${driver.version})`,
    )
  }
  if (retired === true && (crew !== null || work !== null)) {
    findings.find(
      'status-follows-work',
      `unit ${unitId} is retired, with crew ${crew} and trip ${work?.tripId ?? null}`,
    )
  }
  if (work === null) return
  const trip = states.trip(work.tripId)
  const find = (text: string) => findings.find('bound-both-ways', `unit ${unitId} works on ${work.tripId}, ${text}`)
  if (trip === undefined) return find('which is not there')
  if (unitOf(trip) !== unitId || isEnded(trip)) return find(`which is ${trip.phase} and names ${unitOf(trip)}`)
  if (work.phase !== trip.phase) find(`as ${work.phase}, and the trip is ${trip.phase}`)
  if (work.offerId !== (trip.offer?.offerId ?? null)) {
    find(`under offer ${work.offerId}, and the trip has offer ${trip.offer?.offerId ?? null}`)
  }
}

function statusOf({ work, crew, unavailableReason, standingDown }: DriverState): UnitStatus {
  if (work !== null) {
    if (work.phase === 'at-patient') return 'on-scene'
    return work.phase === 'transferred' ? 'at-destination' : work.phase
  }
  if (standingDown !== undefined) return 'standing-down'
  if (crew === null) return 'off-duty'
  return unavailableReason === null ? 'available' : 'unavailable'
}

function checkTrip(states: States, trip: TripState, isQueued: (tripId: TripId) => boolean, findings: Findings): void {
  const { tripId, phase, offer, unitId } = trip
  const find = (text: string) => findings.find('trip-has-a-place', `trip ${tripId} is ${phase} ${text}`)
  const queued = isQueued(tripId)
  if (queued !== (phase === 'pending' && trip.onHold === undefined))
    find(`and is ${queued ? '' : 'not '}in the queue (version ${trip.version})`)
  if (phase === 'pending') {
    if (offer !== null || unitId !== null) find(`and has unit ${unitId} and offer ${offer?.offerId ?? null}`)
    if (trip.pendingSinceMs === null) find('and nobody knows since when')
  } else if (phase === 'offered') {
    if (offer === null) return find('without an offer')
    const bound = offer.mode === 'ordered' ? offer.unitId : null
    if (unitId !== bound) find(`to ${offer.unitId} in mode ${offer.mode} and bound to ${unitId}`)
  } else if (offer !== null || (unitId === null && phase !== 'cancelled')) {
    find(`with unit ${unitId} and offer ${offer?.offerId ?? null}`)
  }
  checkUnitOf(states, trip, findings)
}

/** The trip's unit knows of it while it is open, and has forgotten it once it has ended. */
function checkUnitOf(states: States, trip: TripState, findings: Findings): void {
  const unitId = unitOf(trip)
  if (unitId === null) return
  const { tripId, phase, offer } = trip
  const driver = states.driver(unitId)
  const find = (text: string) => findings.find('bound-both-ways', `trip ${tripId} is ${phase} with ${unitId}, ${text}`)
  if (driver === undefined) return find('which is not there')
  const { work } = driver
  if (isEnded(trip)) {
    if (work?.tripId === tripId) find(`which still works on it (${work.phase})`)
    return
  }
  if (work?.tripId !== tripId) {
    const other = work === null ? undefined : states.trip(work.tripId)
    if (other !== undefined && !isEnded(other) && unitOf(other) === unitId) {
      findings.find('one-open-trip', `unit ${unitId} has ${tripId} (${phase}) and ${other.tripId} (${other.phase})`)
    }
    return find(`which has ${work?.tripId ?? 'no trip'}`)
  }
  if (work.offerId !== (offer?.offerId ?? null))
    find(`which holds offer ${work.offerId}, not ${offer?.offerId ?? null}`)
}

function checkCall(states: States, call: CallState, findings: Findings): void {
  const trips = call.tripIds.map(tripId => states.trip(tripId))
  const find = (text: string) => findings.find('call-ends-with-trips', `call ${call.callId} is ${call.state}, ${text}`)
  if (trips.some(trip => trip === undefined)) return find('and a trip of it is not there')
  const phases = trips.map(trip => trip!.phase)
  const open = trips.some(trip => !isEnded(trip!) || trip!.alarms.includes('receiver-unknown'))
  const expected = open ? 'open' : phases.includes('closed') ? 'closed' : 'cancelled'
  if (call.state !== expected) find(`and its trips are ${phases.join(', ')}`)
}
