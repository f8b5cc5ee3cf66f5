/**
 * What every unit, trip and call was after each record that concerned it, so that a decision can be looked at again in
 * the states of its moment.
 */
import type { States } from '../../../src/actors/region/turn.ts'
import { evolveEntity } from '../../../src/actors/region/turn.ts'
import type { CallState } from '../../../src/domain/call.ts'
import { byKind, callKey, driverKey, type EntityKey, regionKey, tripKey } from '../../../src/domain/entity.ts'
import { type DomainEvent, entitiesOf } from '../../../src/domain/events.ts'
import type { CallId, RegionId, TripId, UnitId } from '../../../src/domain/ids.ts'
import type { RegionState } from '../../../src/domain/region-state.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'

export type EntityState = DriverState | TripState | CallState | RegionState

/** One entity's states, oldest first. */
type Line = EntityState[]

export class StateHistory implements States {
  /** As the newest record left them. */
  readonly drivers = new Map<UnitId, DriverState>()
  readonly trips = new Map<TripId, TripState>()
  readonly calls = new Map<CallId, CallState>()
  readonly regions = new Map<RegionId, RegionState>()
  readonly #lines = new Map<EntityKey, Line>()

  driver(unitId: UnitId): DriverState | undefined {
    return this.drivers.get(unitId)
  }
  trip(tripId: TripId): TripState | undefined {
    return this.trips.get(tripId)
  }
  call(callId: CallId): CallState | undefined {
    return this.calls.get(callId)
  }
  region(regionId: RegionId): RegionState | undefined {
    return this.regions.get(regionId)
  }

  /** Folds one event in. Output: what does not fit, in words; that entity then stays as it was. */
  apply(event: DomainEvent, meta: { readonly position: number; readonly recordedAtMs: number }): string[] {
    const broken: string[] = []
    for (const entity of entitiesOf(event)) {
      try {
        evolveEntity(this, entity, event, meta)
      } catch (error) {
        broken.push(error instanceof Error ? error.message : String(error))
        continue
      }
      const state = this.now(entity)!
      const line = this.#lines.get(entity)
      if (line === undefined) this.#lines.set(entity, [state])
      else if (line.at(-1)!.version === state.version) line[line.length - 1] = state
      else line.push(state)
    }
    return broken
  }

  now(entity: EntityKey): EntityState | undefined {
    return byKind<EntityState | undefined>(entity, {
      driver: id => this.drivers.get(id),
      trip: id => this.trips.get(id),
      call: id => this.calls.get(id),
      region: id => this.regions.get(id),
    })
  }

  /** As the record at `position`, or the last one before it that concerned the entity, left it. */
  at(entity: EntityKey, position: number): EntityState | undefined {
    const line = this.#lines.get(entity)
    return line === undefined ? undefined : line[placeAfter(line, position) - 1]
  }

  /** Position of the first record after `position` that concerned the entity; infinite when there is none. */
  nextChange(entity: EntityKey, position: number): number {
    const line = this.#lines.get(entity)
    return line?.[placeAfter(line, position)]?.version ?? Number.POSITIVE_INFINITY
  }

  /** Every entity that there ever was. */
  entities(): Iterable<EntityKey> {
    return this.#lines.keys()
  }

  statesAt(position: number): StatesAt {
    return new StatesAt(this, position)
  }
}

/** The states at one position of the log, and how long what was read of them stayed as it was. */
class StatesAt implements States {
  readonly #history: StateHistory
  readonly #position: number
  readonly #read = new Set<EntityKey>()

  constructor(history: StateHistory, position: number) {
    this.#history = history
    this.#position = position
  }

  driver(unitId: UnitId): DriverState | undefined {
    return this.#look(driverKey(unitId)) as DriverState | undefined
  }
  trip(tripId: TripId): TripState | undefined {
    return this.#look(tripKey(tripId)) as TripState | undefined
  }
  call(callId: CallId): CallState | undefined {
    return this.#look(callKey(callId)) as CallState | undefined
  }
  region(regionId: RegionId): RegionState | undefined {
    return this.#look(regionKey(regionId)) as RegionState | undefined
  }

  /** The first position at which something that was read is otherwise; infinite when nothing ever is. */
  nextChange(): number {
    let next = Number.POSITIVE_INFINITY
    for (const entity of this.#read) next = Math.min(next, this.#history.nextChange(entity, this.#position))
    return next
  }

  #look(entity: EntityKey): EntityState | undefined {
    this.#read.add(entity)
    return this.#history.at(entity, this.#position)
  }
}

/** How many of the line's states are of `position` or before. */
function placeAfter(line: Line, position: number): number {
  let low = 0
  let high = line.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (line[middle]!.version <= position) low = middle + 1
    else high = middle
  }
  return low
}
