/** The single units that somebody watches, and which of them have something new to tell. */
import type { UnitId } from '../../../domain/ids.ts'
import type { UnitActor } from '../../driver/unit-actor.ts'
import type { SharedFrame } from '../../region-handle.ts'
import type { RegionMemory } from '../memory.ts'
import type { Turn } from '../turn.ts'
import type { DurableStates } from './durable-states.ts'
import type { Viewer, WatchedUnit } from './viewer.ts'

export class UnitWatches {
  readonly #memory: RegionMemory
  readonly #durable: DurableStates
  readonly #onChange: () => void
  readonly #units = new Map<UnitId, WatchedUnit>()
  #changed = new Set<WatchedUnit>()

  constructor(memory: RegionMemory, durable: DurableStates, onChange: () => void) {
    this.#memory = memory
    this.#durable = durable
    this.#onChange = onChange
  }

  get isEmpty(): boolean {
    return this.#units.size === 0
  }

  get hasNews(): boolean {
    return this.#changed.size > 0
  }

  find(unitId: UnitId): WatchedUnit | undefined {
    return this.#units.get(unitId)
  }

  watch(actor: UnitActor, viewer: Viewer): WatchedUnit {
    let unit = this.#units.get(actor.unitId)
    if (unit === undefined) {
      unit = { actor, viewers: new Set() }
      this.#units.set(actor.unitId, unit)
    }
    unit.viewers.add(viewer)
    viewer.units.add(unit)
    return unit
  }

  unwatch(unit: WatchedUnit, viewer: Viewer): void {
    viewer.units.delete(unit)
    viewer.owedUnits.delete(unit)
    unit.viewers.delete(viewer)
    if (unit.viewers.size > 0) return
    this.#units.delete(unit.actor.unitId)
    this.#changed.delete(unit)
  }

  /** The unit, its place or its connection is another. */
  changed(unitId: UnitId): void {
    const unit = this.#units.get(unitId)
    if (unit === undefined) return
    this.#changed.add(unit)
    this.#onChange()
  }

  /** A turn is durable: units and trips that it touched, and the trips of the calls that it touched. */
  stored(turn: Turn): void {
    for (const unitId of turn.drivers.keys()) this.changed(unitId)
    for (const tripId of turn.trips.keys()) this.#tripChanged(tripId)
    for (const call of turn.calls.values()) for (const tripId of call.tripIds) this.#tripChanged(tripId)
  }

  /** The changed units that can be told of now; the others wait until what memory has of them is durable. */
  takeChanged(): WatchedUnit[] {
    const ready = [...this.#changed].filter(unit => this.#isSettled(unit))
    for (const unit of ready) this.#changed.delete(unit)
    return ready
  }

  /** The unit and its trip as they are now; null while that is not durable. */
  frame(unit: WatchedUnit, position: number, nowMs: number): SharedFrame | null {
    if (!this.#isSettled(unit)) return null
    const { state } = unit.actor
    const trip = state.work === null ? undefined : this.#memory.trip(state.work.tripId)
    const view = this.#memory.unitView(unit.actor, nowMs)
    return {
      told: { type: 'unit', position, unit: view, trip: trip === undefined ? null : this.#memory.tripView(trip) },
      encoded: {},
    }
  }

  #isSettled(unit: WatchedUnit): boolean {
    return this.#durable.isSettled(unit.actor.state)
  }

  #tripChanged(tripId: string): void {
    const trip = this.#memory.trip(tripId)
    if (trip === undefined) return
    if (trip.unitId !== null) this.changed(trip.unitId)
    if (trip.offer !== null) this.changed(trip.offer.unitId)
  }
}
