/** Deciders by example: given past events, when a command, then events or a refusal. */

import assert from 'node:assert/strict'
import { type CallState, evolveCall } from '../../src/domain/call.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { byKind } from '../../src/domain/entity.ts'
import { type DomainEvent, entitiesOf } from '../../src/domain/events.ts'
import type { CallId, TripId, UnitId } from '../../src/domain/ids.ts'
import { evolveRegion, quietRegion, type RegionState } from '../../src/domain/region-state.ts'
import type { TripState } from '../../src/domain/trip/trip.ts'
import { evolveTrip } from '../../src/domain/trip/trip-fold.ts'
import type { DriverState } from '../../src/domain/unit/driver.ts'
import { evolveDriver } from '../../src/domain/unit/driver-fold.ts'

/** Region time at which a scenario starts; each record of it is recorded a second after the last. */
export const START_MS = 1_700_000_000_000
const RECORD_EVERY_MS = 1_000

/** The states of a small region, folded from its events alone. */
export class World {
  readonly drivers = new Map<UnitId, DriverState>()
  readonly trips = new Map<TripId, TripState>()
  readonly calls = new Map<CallId, CallState>()
  region: RegionState | null = null
  position = 0

  get nowMs(): number {
    return START_MS + this.position * RECORD_EVERY_MS
  }

  /** Folds the events of one record. Error: BrokenInvariant. */
  record(events: readonly DomainEvent[], recordedAtMs?: number): this {
    this.position++
    const meta = { position: this.position, recordedAtMs: recordedAtMs ?? this.nowMs }
    for (const event of events) {
      for (const entity of entitiesOf(event)) {
        byKind(entity, {
          driver: id => void this.drivers.set(id, evolveDriver(this.drivers.get(id) ?? null, event, meta)),
          trip: id => void this.trips.set(id, evolveTrip(this.trips.get(id) ?? null, event, meta)),
          call: id => void this.calls.set(id, evolveCall(this.calls.get(id) ?? null, event, meta)),
          region: id => {
            this.region = evolveRegion(this.region ?? quietRegion(id), event, meta)
          },
        })
      }
    }
    return this
  }

  driver(unitId: UnitId): DriverState {
    return this.drivers.get(unitId) ?? assert.fail(`the scenario has no unit ${unitId}`)
  }
  trip(tripId: TripId): TripState {
    return this.trips.get(tripId) ?? assert.fail(`the scenario has no trip ${tripId}`)
  }
  call(callId: CallId): CallState {
    return this.calls.get(callId) ?? assert.fail(`the scenario has no call ${callId}`)
  }

  /** Everything, as plain data. */
  states() {
    return {
      drivers: Object.fromEntries(this.drivers),
      trips: Object.fromEntries(this.trips),
      calls: Object.fromEntries(this.calls),
    }
  }
}

/** Each argument is one record: an event, or several that happened in one turn. */
export const given = (...records: readonly (DomainEvent | readonly DomainEvent[])[]) => on(new World(), ...records)

/** A world, and what has happened in it since; as `given`. */
export function on(world: World, ...records: readonly (DomainEvent | readonly DomainEvent[])[]) {
  for (const record of records) world.record(Array.isArray(record) ? record : [record as DomainEvent])
  return {
    world,
    when(decide: (world: World) => Decision) {
      const decision = decide(world)
      return {
        /** The events that follow; each expected one names only the fields that matter. They must also fit the states. */
        thenEvents(...expected: readonly ({ readonly type: DomainEvent['type'] } & Record<string, unknown>)[]): World {
          assert.ok(decision.ok, decision.ok ? '' : `refused: ${decision.refusal.code}: ${decision.refusal.message}`)
          assert.deepEqual(
            decision.events.map(event => event.type),
            expected.map(event => event.type),
          )
          for (const [i, event] of expected.entries()) {
            assert.deepEqual({ ...decision.events[i], ...event }, decision.events[i], event.type)
          }
          return decision.events.length === 0 ? world : world.record(decision.events)
        },
        thenRefused(code: string): World {
          assert.ok(!decision.ok, 'the command was accepted')
          assert.equal(decision.refusal.code, code)
          return world
        },
      }
    },
  }
}
