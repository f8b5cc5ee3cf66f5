/** A crew whose trip is taken from it says that it knows, or somebody calls it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unitDeadlineCame, unitDeadlinesOf } from '../../../src/domain/dispatch/unit-deadlines.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { cancelTrip, overrideAssignment, withdrawUnit } from '../../../src/domain/trip/trip-desk.ts'
import { acknowledgeStandDown, setStatus, setUnitStatus, signOff } from '../../../src/domain/unit/crew-duty.ts'
import { dispatchabilityOf } from '../../../src/domain/unit/driver.ts'
import { acceptOffer } from '../../../src/domain/unit/offer-answers.ts'
import type { World } from '../../support/given-when-then.ts'
import { given } from '../../support/given-when-then.ts'
import { called, offered, onDuty, untilAssigned, untilOffered } from '../../support/scenario.ts'

const MOMENT = { happenedAtMs: 1_700_000_100_000 }
const unheard = { kind: 'stand-down-unheard', unitId: 'A1' } as const

function taken(): World {
  const { world } = given(...untilAssigned('ordered'), onDuty('A2'))
  const decision = withdrawUnit(world.trip('T-1'), { type: 'withdraw-unit', tripId: 'T-1', reason: 'closer-unit' })
  assert.ok(decision.ok)
  world.record(decision.events)
  return world
}

test('whoever had the trip or was ordered to it is asked to say so, and whoever could still decline is not', () => {
  const ways = {
    withdrawn: (world: World) =>
      withdrawUnit(world.trip('T-1'), { type: 'withdraw-unit', tripId: 'T-1', reason: 'other' }),
    overridden: (world: World) => overrideAssignment(world.trip('T-1'), 'A2', 'other', 'dana'),
    cancelled: (world: World) => cancelTrip(world.trip('T-1'), { type: 'cancel-trip', tripId: 'T-1', reason: 'other' }),
  }
  for (const [way, decide] of Object.entries(ways)) {
    for (const [asked, history] of [
      [true, untilAssigned('ordered')],
      [true, untilOffered('ordered')],
      [true, untilAssigned('offered')],
      [false, untilOffered('offered')],
    ] as const) {
      const { world } = given(...history)
      const decision = decide(world)
      assert.ok(decision.ok)
      world.record(decision.events)
      assert.equal(world.driver('A1').takenTrip?.tripId, asked ? 'T-1' : undefined, way)
    }
  }
})

test('until then the unit can be sent all the same, and only conditionally', () => {
  const unit = taken().driver('A1')
  assert.deepEqual([unit.status, dispatchabilityOf(unit)], ['available', 'conditionally-available'])
})

test('it is said by its own word, and by all that only a crew says that knows', () => {
  const says: Record<string, (world: World) => { ok: boolean; events?: readonly DomainEvent[] }> = {
    'the word itself': world =>
      acknowledgeStandDown(world.driver('A1'), { type: 'acknowledge-stand-down', tripId: 'T-1', ...MOMENT }),
    'available, which it is': world =>
      setStatus(world.driver('A1'), { type: 'set-status', status: 'available', reason: null, ...MOMENT }),
    'the desk for it': world =>
      setUnitStatus(
        world.driver('A1'),
        { ...{ type: 'set-unit-status', unitId: 'A1', status: 'available', reason: null }, ...MOMENT },
        false,
      ),
    'signing off': world => signOff(world.driver('A1'), { type: 'sign-off', ...MOMENT }),
    'the next order': world => {
      world.record(called(['T-2']))
      world.record([offered('T-2', 'A1', 'O-2', 'ordered')])
      const { offerId } = world.trip('T-2').offer!
      return acceptOffer(world.driver('A1'), world.trip('T-2'), offerId, MOMENT)
    },
  }
  for (const [how, say] of Object.entries(says)) {
    const world = taken()
    const decision = say(world)
    assert.ok(decision.ok, how)
    world.record(decision.events!)
    assert.equal(world.driver('A1').takenTrip, undefined, how)
  }
})

test('the word about another trip, or said twice, changes nothing', () => {
  const world = taken()
  const say = (tripId: string) =>
    acknowledgeStandDown(world.driver('A1'), { type: 'acknowledge-stand-down', tripId, ...MOMENT })
  assert.deepEqual(say('T-9'), { ok: true, events: [] })
  const first = say('T-1')
  assert.ok(first.ok)
  world.record(first.events)
  assert.deepEqual(say('T-1'), { ok: true, events: [] })
})

test('not said in its time, it is an alarm of the unit, once, that is gone when it is said', () => {
  const world = taken()
  const { takenTrip } = world.driver('A1')
  const dueMs = takenTrip!.sinceMs + DEFAULT_POLICY.standDownWarnMs
  const dues = unitDeadlinesOf(world.driver('A1'), { ...DEFAULT_POLICY, withdrawPauseMs: 0 }, world.nowMs)
  assert.deepEqual(dues, [{ dueMs, deadline: unheard }])
  const came = (nowMs: number) => unitDeadlineCame(unheard, world.driver('A1'), DEFAULT_POLICY, nowMs)
  assert.deepEqual(came(dueMs - 1), [])
  const raised = came(dueMs)
  assert.ok(raised !== 'match')
  assert.deepEqual(
    raised.map(event => (event.type === 'UnitAlarmRaised' ? [event.alarm, event.fromTripId, event.severity] : [])),
    [['stand-down', 'T-1', 2]],
  )
  world.record(raised)
  assert.deepEqual(came(dueMs + 60_000), [])
  const said = acknowledgeStandDown(world.driver('A1'), { type: 'acknowledge-stand-down', tripId: 'T-1', ...MOMENT })
  assert.ok(said.ok)
  world.record(said.events)
  assert.notEqual(world.driver('A1').openAlarms?.[0]?.goneAtMs, null)
})
