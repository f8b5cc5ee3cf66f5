/** A turn over staged states: all of it or nothing, and the bindings that commit with it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EventRejected, Quarantine } from '../../src/actors/region/quarantine.ts'
import { Turn } from '../../src/actors/region/turn.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { given, type World } from '../support/given-when-then.ts'
import {
  accepted,
  called,
  cancelled,
  closed,
  declined,
  offered,
  onDuty,
  registered,
  timedOut,
  unavailable,
  untilAssigned,
  untilOffered,
} from '../support/scenario.ts'

const committedOf = (world: World) => ({
  driver: (id: string) => world.drivers.get(id),
  trip: (id: string) => world.trips.get(id),
  call: (id: string) => world.calls.get(id),
  region: () => undefined,
})
const turnOn = (world: World, nowMs = world.nowMs) =>
  new Turn(committedOf(world), new Quarantine(), nowMs, world.position + 1)
const bindings = (world: World, ...events: DomainEvent[]) => {
  const turn = turnOn(world)
  turn.record(events)
  return turn.bindings()
}

describe('a turn', () => {
  test('that throws, in whatever place, has changed nothing', () => {
    const { world } = given(onDuty('A1'), onDuty('A2'), called(['T-1']))
    const before = structuredClone(world.states())
    const turn = turnOn(world)
    assert.throws(
      () => turn.record([offered('T-1', 'A1', 'O-1'), accepted('T-1', 'A1', 'O-1'), offered('T-1', 'A2', 'O-2')]),
      EventRejected,
    )
    assert.deepEqual(world.states(), before)
  })

  test('reads what it has staged itself, and else what is committed', () => {
    const { world } = given(onDuty('A1'), onDuty('A2'), called(['T-1']))
    const turn = turnOn(world)
    turn.record([offered('T-1', 'A1', 'O-1')])
    assert.deepEqual([turn.driver('A1')?.status, turn.driver('A2')?.status], ['offered', 'available'])
    assert.deepEqual([turn.trip('T-1')?.phase, turn.driverBefore('A1')?.status], ['offered', 'available'])
    assert.equal(world.driver('A1').status, 'available')
    assert.equal(turn.driver('A9'), undefined)
  })

  test('stamps every state that it changes with its position, and no other', () => {
    const { world } = given(onDuty('A1'), onDuty('A2'), called(['T-1']))
    const turn = turnOn(world)
    turn.record([offered('T-1', 'A1', 'O-1')])
    assert.deepEqual(
      [...turn.drivers.values(), ...turn.trips.values()].map(state => state.version),
      [4, 4],
    )
    assert.equal(turn.calls.size, 0)
  })

  test('asks for matching when a trip waits or a unit has come free', () => {
    const wants = (world: World, ...events: DomainEvent[]) => {
      const turn = turnOn(world)
      turn.record(events)
      return turn.wantsMatching
    }
    assert.equal(wants(given().world, ...called(['T-1'])), true)
    assert.equal(wants(given(...untilAssigned()).world, closed('T-1', 'A1')), true)
    assert.equal(wants(given(...untilOffered()).world, declined('T-1', 'A1', 'O-1')), true)
    assert.equal(wants(given(onDuty('A1')).world, unavailable('A1')), false)
    assert.equal(wants(given(...untilOffered()).world, accepted('T-1', 'A1', 'O-1')), false)
    assert.equal(wants(given(onDuty('A1')).world), false)
    // It was free before, and whoever waits could not have it then either; with more capabilities it may.
    const hole = { entity: 'driver/A1', unitId: 'A1', streamId: 's', fromSeq: 1, toSeq: 2 } as const
    assert.equal(wants(given(onDuty('A1')).world, { type: 'FixHoleRecorded', v: 1, ...hole }), false)
    assert.equal(wants(given(onDuty('A1')).world, registered('A1')), true)
  })
})

describe('open_trip', () => {
  const [open, none] = [[{ unitId: 'A1', tripId: 'T-1' }], []]

  test('is opened by an order, or by the acceptance of an offer', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    assert.deepEqual(bindings(world, offered('T-1', 'A1', 'O-1', 'ordered')), { opens: open, closes: none })
    assert.deepEqual(bindings(world, offered('T-1', 'A1', 'O-1', 'offered')), { opens: none, closes: none })
    const asked = given(...untilOffered('offered')).world
    assert.deepEqual(bindings(asked, accepted('T-1', 'A1', 'O-1')), { opens: open, closes: none })
    const ordered = given(...untilOffered('ordered')).world
    assert.deepEqual(bindings(ordered, accepted('T-1', 'A1', 'O-1')), { opens: none, closes: none })
  })

  test('is closed by the end of the trip, or by an order that was taken back', () => {
    for (const end of [closed('T-1', 'A1'), cancelled('T-1', 'A1')]) {
      assert.deepEqual(bindings(given(...untilAssigned()).world, end), { opens: none, closes: open })
    }
    assert.deepEqual(bindings(given(...untilOffered('ordered')).world, timedOut('T-1', 'A1', 'O-1')), {
      opens: none,
      closes: open,
    })
    assert.deepEqual(bindings(given(...untilOffered('offered')).world, timedOut('T-1', 'A1', 'O-1')), {
      opens: none,
      closes: none,
    })
  })

  test('passes from one trip to the next within one record', () => {
    const { world } = given(...untilAssigned(), called(['T-2']))
    const both = bindings(world, closed('T-1', 'A1'), offered('T-2', 'A1', 'O-2', 'ordered'))
    assert.deepEqual(both, { opens: [{ unitId: 'A1', tripId: 'T-2' }], closes: open })
  })
})
