/**
 * The board at one position of the log. It is read in pieces while the region works on.
 *
 * States are never changed, only replaced: of what a turn is about to replace the picture keeps the state that it began
 * with, and everything else it reads from memory. Positions and connections are no part of the log; they are as they are
 * when their unit is looked at.
 */

import type { Alarm } from '../../domain/alarms.ts'
import type { CallState } from '../../domain/call.ts'
import type { CallNote } from '../../domain/call-notes.ts'
import type { CallDetails } from '../../domain/commands.ts'
import { byKind, driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import type { CallId, RegionId, TripId, UnitId } from '../../domain/ids.ts'
import type { RegionState } from '../../domain/region-state.ts'
import { isEnded, type TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { DrawnZone } from '../../domain/zone.ts'
import type { TripShown, UnitShown } from '../../protocol/told.ts'
import type { AlarmView } from '../../protocol/wire/situation-views.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { Alarmed } from './gone-alarms.ts'
import type { States, Turn } from './turn.ts'
import { alarmView, NO_TEXTS, textsOf, tripView } from './views.ts'

/** What a picture is taken of. */
export interface PicturedMemory extends States {
  driverActors(): Iterable<UnitActor>
  openTripStates(): Iterable<TripState>
  /** Trips and units with alarms that have not ended, and the region if it has some. */
  alarmed(): Iterable<Alarmed>
  readonly regionState: RegionState
  readonly texts: {
    detailsOf(callId: CallId): CallDetails | null
    notesOf(callId: CallId): readonly CallNote[]
  }
  unitView(actor: UnitActor, nowMs: number, state: DriverState): UnitShown
}

export class BoardPicture {
  /** The records up to here are in it. */
  readonly position: number
  readonly #memory: PicturedMemory
  // As they were at the position; undefined: it was not there yet.
  readonly #drivers = new Map<UnitId, DriverState | undefined>()
  readonly #trips = new Map<TripId, TripState | undefined>()
  readonly #calls = new Map<CallId, CallState | undefined>()
  readonly #regions = new Map<RegionId, RegionState | undefined>()
  readonly #details = new Map<CallId, CallDetails | null>()

  constructor(memory: PicturedMemory, position: number) {
    this.#memory = memory
    this.position = position
  }

  /** A turn is about to replace the states in memory. */
  decided(turn: Turn): void {
    const memory = this.#memory
    for (const id of turn.drivers.keys()) if (!this.#drivers.has(id)) this.#drivers.set(id, memory.driver(id))
    for (const id of turn.trips.keys()) if (!this.#trips.has(id)) this.#trips.set(id, memory.trip(id))
    for (const id of turn.calls.keys()) if (!this.#calls.has(id)) this.#calls.set(id, memory.call(id))
    for (const id of turn.regions.keys()) if (!this.#regions.has(id)) this.#regions.set(id, memory.region(id))
    if (turn.callDetails === null) return
    const { callId } = turn.callDetails
    if (!this.#details.has(callId)) this.#details.set(callId, memory.texts.detailsOf(callId))
  }

  /** How many units and trips there are to be shown; yields wherever it may be interrupted. */
  *counts(): Generator<undefined, { readonly units: number; readonly trips: number }> {
    let [units, trips] = [0, 0]
    for (const actor of this.#memory.driverActors()) {
      if (this.#shownState(actor) !== null) units += 1
      yield
    }
    for (const trip of this.#tripsAsThen()) {
      if (trip !== null && !isEnded(trip)) trips += 1
      yield
    }
    return { units, trips }
  }

  /** The units, each as it is come to; null in place of one that is not on the board. */
  *units(nowMs: () => number): Generator<UnitShown | null, void> {
    for (const actor of this.#memory.driverActors()) {
      const state = this.#shownState(actor)
      yield state === null ? null : this.#memory.unitView(actor, nowMs(), state)
    }
  }

  #shownState({ unitId, state: now }: UnitActor): DriverState | null {
    const state = this.#drivers.has(unitId) ? this.#drivers.get(unitId) : now
    return state === undefined || state.retired === true ? null : state
  }

  /** The trips that had not ended, as `units` has it. */
  *trips(): Generator<TripShown | null, void> {
    for (const trip of this.#tripsAsThen()) {
      yield trip === null || isEnded(trip) ? null : this.#tripView(trip)
    }
  }

  /** The alarms that had not ended, those of one trip or unit together; null in place of one that had none. */
  *alarms(): Iterable<readonly AlarmView[] | null> {
    const seen = new Set<EntityKey>()
    const isChanged = (entity: EntityKey) =>
      byKind(entity, {
        driver: unitId => this.#drivers.has(unitId),
        trip: tripId => this.#trips.has(tripId),
        call: () => false,
        region: regionId => this.#regions.has(regionId),
      })
    for (const { entity, openAlarms } of this.#memory.alarmed()) {
      if (isChanged(entity)) yield null
      else {
        seen.add(entity)
        yield openAlarms.map(alarmView)
      }
    }
    // Of what changed after the look, and of what had some then and has none now.
    for (const [tripId, was] of this.#trips) if (!seen.has(tripKey(tripId))) yield shownAlarms(was)
    for (const [id, was] of this.#regions) if (!seen.has(regionKey(id))) yield shownAlarms(was)
    for (const [unitId, was] of this.#drivers) if (!seen.has(driverKey(unitId))) yield shownAlarms(was)
  }

  /** The zones of closed or slow roads that stood. */
  zones(): readonly DrawnZone[] {
    const { regionState } = this.#memory
    const { regionId } = regionState
    const then = this.#regions.has(regionId) ? this.#regions.get(regionId) : regionState
    return then?.zones ?? []
  }

  /** Those that are open now or were changed since, as they were; null in place of one that comes later, or was not there. */
  *#tripsAsThen(): Iterable<TripState | null> {
    const seen = new Set<TripId>()
    for (const trip of this.#memory.openTripStates()) {
      const { tripId } = trip
      const isChanged = this.#trips.has(tripId)
      if (!isChanged) seen.add(tripId)
      yield isChanged ? null : trip
    }
    // Actors that changed before the look may be others now, or were not there yet.
    for (const [tripId, was] of this.#trips) yield was === undefined || seen.has(tripId) ? null : was
  }

  #tripView(trip: TripState): TripShown {
    const { callId } = trip
    const call = this.#calls.has(callId) ? this.#calls.get(callId) : this.#memory.call(callId)
    if (call === undefined) return tripView(trip, call, NO_TEXTS)
    const { texts } = this.#memory
    const asNow = textsOf(call, texts)
    return tripView(trip, call, this.#details.has(callId) ? { ...asNow, details: this.#details.get(callId)! } : asNow)
  }
}

const shownAlarms = (was: { readonly openAlarms?: readonly Alarm[] } | undefined): readonly AlarmView[] | null =>
  was?.openAlarms === undefined || was.openAlarms.length === 0 ? null : was.openAlarms.map(alarmView)
