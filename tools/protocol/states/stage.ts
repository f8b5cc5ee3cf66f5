/**
 * A small region for the tables of states: units A and B with a crew each, a call with one trip, and a second call whose trip
 * waits. What happens there is decided and folded by the engine's own code; only the desk's choice of a unit is made here.
 */
import type { TurnOutcome } from '../../../src/actors/region/command-outcome.ts'
import { runCommand } from '../../../src/actors/region/commands.ts'
import { Quarantine } from '../../../src/actors/region/quarantine.ts'
import { type States, Turn } from '../../../src/actors/region/turn.ts'
import type { CallState } from '../../../src/domain/call.ts'
import type { Command } from '../../../src/domain/commands.ts'
import { alarmRaised } from '../../../src/domain/dispatch/alarms.ts'
import { BY_STRAIGHT_LINE } from '../../../src/domain/dispatch/far.ts'
import { offerMade } from '../../../src/domain/dispatch/offers.ts'
import { orderedByHand } from '../../../src/domain/dispatch/override.ts'
import { decisionOf } from '../../../src/domain/dispatch/ranking.ts'
import { driverKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { CallId, TripId, UnitId } from '../../../src/domain/ids.ts'
import { DEFAULT_POLICY, type StandingPolicy } from '../../../src/domain/policy.ts'
import { retireUnit } from '../../../src/domain/retire.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import type { DispatchMode } from '../../../src/domain/vocabulary.ts'

/** Who sends a command: whom the session signed in, and the unit that it speaks for. */
export const ASKERS = {
  'its crew': { principal: 'crew-a', unitId: 'A' },
  'another crew of the unit': { principal: 'crew-x', unitId: 'A' },
  "another unit's crew": { principal: 'crew-b', unitId: 'B' },
  'the desk': { principal: 'desk', unitId: null },
} as const
export type Asker = keyof typeof ASKERS

export const UNIT = 'A'
export const OTHER_UNIT = 'B'
export const REGION = 'here'
export const START_MS = 1_767_225_600_000
const STEP_MS = 10_000

const POLICY: StandingPolicy = { ...DEFAULT_POLICY, version: 1 }
const NOTHING_SEEN = { basis: BY_STRAIGHT_LINE, candidates: [], passedOver: [], eligible: 0, excluded: {} }
export const DECISION = decisionOf(NOTHING_SEEN, POLICY)
const PLACE = { lonDeg: 174.76, latDeg: -36.85 }
/** The one hospital that the region has. */
export const HOSPITAL = 'H1'

export class Stage implements States {
  readonly quarantine = new Quarantine()
  readonly #drivers = new Map<UnitId, DriverState>()
  readonly #trips = new Map<TripId, TripState>()
  readonly #calls = new Map<CallId, CallState>()
  readonly tripId: TripId
  /** The trip that waits. */
  readonly otherTripId: TripId
  #position = 0
  #ids = 0

  constructor() {
    for (const unitId of [UNIT, OTHER_UNIT]) this.engine(() => [registered(unitId)])
    this.tell('its crew', { type: 'sign-on', happenedAtMs: this.nowMs })
    this.tell("another unit's crew", { type: 'sign-on', happenedAtMs: this.nowMs })
    this.tripId = this.#enterCall()
    this.otherTripId = this.#enterCall()
    // Something for its crew to read.
    this.tell('the desk', { type: 'add-note', callId: this.itsTrip.callId, text: 'two patients', corrects: null })
    // Raised while it waits, and nobody acknowledges it: an alarm that is open in every phase.
    this.engine(turn => alarmRaised(turn.trip(this.tripId)!, 'no-eligible-unit', null))
  }

  get nowMs(): number {
    return START_MS + this.#position * STEP_MS
  }
  get unit(): DriverState {
    return this.driver(UNIT)!
  }
  get itsTrip(): TripState {
    return this.trip(this.tripId)!
  }
  get itsCall(): CallState {
    return this.call(this.itsTrip.callId)!
  }

  driver(unitId: UnitId): DriverState | undefined {
    return this.#drivers.get(unitId)
  }
  trip(tripId: TripId): TripState | undefined {
    return this.#trips.get(tripId)
  }
  call(callId: CallId): CallState | undefined {
    return this.#calls.get(callId)
  }
  region(): undefined {}

  /** A turn over the states as they are; they stay so until it is kept. */
  turn(nowMs = this.nowMs): Turn {
    return new Turn(this, this.quarantine, nowMs, this.#position + 1)
  }

  /** What a command would come to in a turn of these states. */
  decide(turn: Turn, asker: Asker, command: Command): TurnOutcome {
    const desk = {
      order: (given: Turn, tripId: TripId, unitId: UnitId) => {
        const [trip, driver] = [given.trip(tripId)!, given.driver(unitId)!]
        const presence = { disconnectedSinceMs: null, fix: null }
        const eligible = { reason: null } as const
        const { nowMs: atMs } = given
        const offerId = this.newId()
        given.record(
          orderedByHand(trip, driver, presence, null, NOTHING_SEEN, eligible, trip.need, offerId, POLICY, 30_000, atMs),
        )
      },
      nearestUnitM: () => null,
      regionId: REGION,
      roadsThere: () => null,
      hospital: (hospitalId: string) => ({ hospitalId, name: 'General', ...PLACE }),
    }
    return runCommand(turn, command, {
      ...ASKERS[asker],
      moments: { earliestMs: 0, latestMs: Number.MAX_SAFE_INTEGER },
      newId: () => this.newId(),
      policy: POLICY,
      retiring: new Set(),
      desk,
      memory: {
        heldReferences: new Map(),
        tripStates: () => this.#trips.values(),
        driverActors: () => [...this.#drivers.values()].map(state => ({ state })),
        lastNoteNo: () => 0,
        nextIncident: () => ({ year: 2026, number: ++this.#ids }),
      },
    })
  }

  /** A command that is part of the way to a state. Error: it was refused. */
  tell(asker: Asker, command: Command): this {
    const turn = this.turn()
    const outcome = this.decide(turn, asker, command)
    if (!outcome.ok) throw new Error(`${command.type} on the way to a state: ${outcome.refusal.message}`)
    return this.#keep(turn)
  }

  /** What the engine records by itself. */
  engine(decide: (turn: Turn) => readonly DomainEvent[]): this {
    const turn = this.turn()
    turn.record(decide(turn))
    return this.#keep(turn)
  }

  /** The desk offers the trip to the unit. */
  offer(mode: DispatchMode): this {
    const policy = { ...POLICY, mode }
    return this.engine(({ nowMs }) => {
      const asked = { unitId: UNIT, offerId: this.newId(), round: 1, isByVoice: false }
      return offerMade(this.itsTrip, asked, DECISION, policy, nowMs)
    })
  }

  retire(): this {
    return this.engine(({ nowMs }) => retireUnit(this.unit, nowMs))
  }

  /** In the form that ids of calls, trips and offers have. */
  newId(): string {
    this.#ids += 1
    return `${REGION}.${String(this.#ids).padStart(21, '0')}`
  }

  #enterCall(): TripId {
    const turn = this.turn()
    const needs = [{ levelOfCare: 'bls', capabilities: [] }] as const
    const facts = { ...PLACE, priority: 3, problem: null, needs, receivedAtMs: null, details: null } as const
    const outcome = this.decide(turn, 'the desk', { type: 'enter-call', ...facts })
    if (!outcome.ok) throw new Error(outcome.refusal.message)
    this.#keep(turn)
    return (outcome.result as { readonly tripIds: readonly TripId[] }).tripIds[0]!
  }

  #keep(turn: Turn): this {
    for (const [id, state] of turn.drivers) this.#drivers.set(id, state)
    for (const [id, state] of turn.trips) this.#trips.set(id, state)
    for (const [id, state] of turn.calls) this.#calls.set(id, state)
    this.#position += 1
    return this
  }
}

function registered(unitId: UnitId): DomainEvent {
  const reference = { unitId, callSign: unitId, levelOfCare: 'als', capabilities: [], homeStation: null } as const
  return { type: 'UnitRegistered', v: 1, entity: driverKey(unitId), ...reference }
}
