/**
 * The states as the last durable record left them. Live viewers see these while newer records are on their way.
 *
 * Only what a turn has changed and the store has not confirmed yet is kept here, for the few milliseconds that takes;
 * everything else is read from memory, where what is not in flight is durable.
 */

import type { UnitId } from '../../../domain/ids.ts'
import type { DriverState } from '../../../domain/unit/driver.ts'
import type { States, Turn } from '../turn.ts'

interface InFlight {
  /** As it was before the first record in flight; undefined: there was no such unit. */
  shown: DriverState | undefined
  records: number
}

export class DurableStates {
  readonly #memory: States
  readonly #drivers = new Map<UnitId, InFlight>()
  /** Trips and calls with records in flight, and how many. */
  readonly #others = new Map<string, number>()

  constructor(memory: States) {
    this.#memory = memory
  }

  driver(unitId: UnitId): DriverState | undefined {
    const inFlight = this.#drivers.size === 0 ? undefined : this.#drivers.get(unitId)
    return inFlight === undefined ? this.#memory.driver(unitId) : inFlight.shown
  }

  /** True when nothing that memory holds of the unit, its trip and its call could still be undone. */
  isSettled({ unitId, work }: DriverState): boolean {
    if (this.#drivers.has(unitId)) return false
    const trip = work === null ? undefined : this.#memory.trip(work.tripId)
    return trip === undefined || !(this.#others.has(trip.tripId) || this.#others.has(trip.callId))
  }

  /** A turn is about to replace the states in memory. */
  decided(turn: Turn): void {
    for (const unitId of turn.drivers.keys()) {
      const inFlight = this.#drivers.get(unitId)
      if (inFlight === undefined) this.#drivers.set(unitId, { shown: this.#memory.driver(unitId), records: 1 })
      else inFlight.records += 1
    }
    for (const id of otherIds(turn)) this.#others.set(id, (this.#others.get(id) ?? 0) + 1)
  }

  /** The turn's record is durable. */
  stored(turn: Turn): void {
    for (const [unitId, state] of turn.drivers) {
      const inFlight = this.#drivers.get(unitId)!
      inFlight.shown = state
      inFlight.records -= 1
      if (inFlight.records === 0) this.#drivers.delete(unitId)
    }
    for (const id of otherIds(turn)) {
      const records = this.#others.get(id)! - 1
      if (records === 0) this.#others.delete(id)
      else this.#others.set(id, records)
    }
  }
}

/** Trips and calls that a turn has changed; a call's personal data too, which has no event. */
function otherIds(turn: Turn): Set<string> {
  const ids = new Set<string>([...turn.trips.keys(), ...turn.calls.keys()])
  if (turn.callDetails !== null) ids.add(turn.callDetails.callId)
  return ids
}
