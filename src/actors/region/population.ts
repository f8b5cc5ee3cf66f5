/** The actors of units and trips. It puts the states of turns into them, and makes new ones. */

import type { TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { RegionClock } from '../clock.ts'
import { DriverActor } from '../driver/driver-actor.ts'
import type { DriverDoor } from '../driver/driver-door.ts'
import { DriverLocation } from '../driver/location.ts'
import { TripActor, type TripDoor } from '../trip/trip-actor.ts'
import type { ClosedCalls } from './closed-calls.ts'
import type { TurnFollower } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { Turn } from './turn.ts'
import type { FoundCall } from './waking.ts'

interface PopulationPorts {
  readonly memory: RegionMemory
  readonly closed: Pick<ClosedCalls, 'cameBack'>
  readonly clock: Pick<RegionClock, 'nowMs'>
  readonly drivers: DriverDoor
  readonly trips: TripDoor
}

export class Population implements TurnFollower {
  readonly #ports: PopulationPorts

  constructor(ports: PopulationPorts) {
    this.#ports = ports
  }

  /** It comes first of all followers: the others look at memory. */
  committed(turn: Turn): void {
    const { memory, clock } = this.#ports
    const { callDetails, callNote } = turn
    if (callDetails !== null) memory.texts.setDetails(callDetails.callId, callDetails.details)
    if (callNote !== null) memory.texts.addNote(callNote.callId, callNote.note)
    for (const call of turn.calls.values()) memory.setCall(call)
    for (const region of turn.regions.values()) memory.setRegion(region)
    for (const state of turn.drivers.values()) {
      const actor = memory.driverActor(state.unitId)
      if (actor === undefined) this.addDriver(state, new DriverLocation(), clock.nowMs())
      else memory.setDriver(actor, state)
    }
    for (const state of turn.trips.values()) {
      const actor = memory.tripActor(state.tripId)
      if (actor === undefined) this.addTrip(state)
      else memory.setTrip(actor, state)
    }
  }

  /** Calls that had left memory, with their trips, as they are stored. */
  bringBack(calls: readonly FoundCall[]): void {
    const { memory, closed } = this.#ports
    for (const { closed: stored, texts } of calls) {
      const { call, trips } = stored
      if (memory.call(call.callId) !== undefined) continue
      memory.setCall(call)
      memory.callSaved(call)
      for (const trip of trips) this.addTrip(trip).savedState = trip
      memory.texts.take(texts)
      closed.cameBack(call)
    }
  }

  addDriver(state: DriverState, location: DriverLocation, disconnectedSinceMs: number): DriverActor {
    const { memory, drivers } = this.#ports
    return memory.addDriver(new DriverActor(drivers, state, location, disconnectedSinceMs))
  }

  addTrip(state: TripState): TripActor {
    const actor = new TripActor(this.#ports.trips, state)
    this.#ports.memory.addTrip(actor)
    return actor
  }
}
