/** What a dispatcher keeps, sends elsewhere or asks for besides: a trip on hold, a unit diverted, a further unit of a call. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addNeed, TRIPS_PER_CALL_MAX } from '../../../src/domain/call.ts'
import { offerTimedOut } from '../../../src/domain/dispatch/offers.ts'
import { divertedByHand } from '../../../src/domain/dispatch/override.ts'
import { isWaiting } from '../../../src/domain/trip/trip.ts'
import { cancelTrip, holdTrip, overrideAssignment, resumeTrip } from '../../../src/domain/trip/trip-desk.ts'
import { given, type World } from '../../support/given-when-then.ts'
import {
  BLS,
  called,
  callOf,
  offered,
  onDuty,
  reached,
  unavailable,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

const hold = (world: World) => holdTrip(world.trip('T-1'), 'dana')
const resume = (world: World) => resumeTrip(world.trip('T-1'))
function taken(world: World, decision: ReturnType<typeof hold>): World {
  assert.ok(decision.ok)
  if (decision.events.length > 0) world.record(decision.events)
  return world
}

describe('a trip on hold', () => {
  test("waits, and is nobody's to be offered, until it is resumed", () => {
    const { world } = given(called(['T-1']))
    taken(world, hold(world))
    const { phase, onHold } = world.trip('T-1')
    assert.deepEqual(
      [phase, onHold?.why, onHold?.by, isWaiting(world.trip('T-1'))],
      ['pending', 'dispatcher', 'dana', false],
    )
    taken(world, resume(world))
    assert.deepEqual(['onHold' in world.trip('T-1'), isWaiting(world.trip('T-1'))], [false, true])
  })

  test('is given by hand, which ends the hold, or cancelled', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    taken(world, hold(world))
    taken(world, overrideAssignment(world.trip('T-1'), 'A1', 'other', 'dana'))
    world.record([offered('T-1', 'A1', 'O-1', 'ordered')])
    assert.equal('onHold' in world.trip('T-1'), false)
    const other = given(called(['T-1'])).world
    taken(other, hold(other))
    taken(other, cancelTrip(other.trip('T-1'), { type: 'cancel-trip', tripId: 'T-1', reason: 'other' }))
    assert.equal('onHold' in other.trip('T-1'), false)
  })

  test('held or resumed already it stays as it is; one with a unit, or ended, is refused', () => {
    const { world } = given(called(['T-1']))
    assert.deepEqual(resume(world), { ok: true, events: [] })
    taken(world, hold(world))
    assert.deepEqual(hold(world), { ok: true, events: [] })
    const busy = hold(given(...untilOffered()).world)
    assert.equal(busy.ok ? '' : busy.refusal.code, 'wrong-phase')
    assert.match(busy.ok ? '' : busy.refusal.message, /withdraw that unit first/)
  })

  test("is what becomes of a dispatcher's own order that is not answered, and of no choice of the desk", () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    taken(world, overrideAssignment(world.trip('T-1'), 'A1', 'other', 'dana'))
    world.record([offered('T-1', 'A1', 'O-1', 'ordered')])
    world.record(offerTimedOut(world.trip('T-1'), world.driver('A1')))
    const { onHold, alarms, insistedBy } = world.trip('T-1')
    assert.deepEqual(
      [onHold?.why, onHold?.by, alarms, insistedBy],
      ['order-unanswered', 'dana', ['order-unanswered'], undefined],
    )
    taken(world, resume(world))
    assert.deepEqual(world.trip('T-1').alarms, [])

    const desks = given(...untilOffered('ordered')).world
    desks.record(offerTimedOut(desks.trip('T-1'), desks.driver('A1')))
    assert.equal(isWaiting(desks.trip('T-1')), true)
  })
})

describe('a unit that is diverted', () => {
  const divert = (world: World) => {
    const [from, to] = [world.trip('T-1'), world.trip('T-2')]
    return divertedByHand(from, to, null, world.driver('A1'), 'other', 'dana', false, world.nowMs)
  }
  const both = () => [...untilAssigned(), called(['T-2'], callOf('T-2'))]

  test('leaves its trip and has the other one in one record', () => {
    const { world } = given(...both())
    const decision = divert(world)
    assert.ok(decision.ok)
    assert.deepEqual(
      decision.events.map(({ type }) => type),
      ['UnitWithdrawn', 'AssignmentOverridden'],
    )
    world.record([...decision.events, offered('T-2', 'A1', 'O-2', 'ordered')])
    assert.deepEqual([world.trip('T-1').phase, world.trip('T-2').offer?.unitId], ['pending', 'A1'])
    assert.deepEqual([world.driver('A1').work?.tripId, world.driver('A1').takenTrip?.tripId], ['T-2', 'T-1'])
  })

  test('has not reached the scene: from there on it stands down first', () => {
    const refused = divert(given(...both(), reached('T-1', 'A1', 'on-scene')).world)
    assert.equal(refused.ok ? '' : refused.refusal.code, 'wrong-phase')
  })

  test('keeps its trip where it could not be given the other one', () => {
    const { world } = given(onDuty('A2'), unavailable('A2'), called(['T-1']), called(['T-2'], callOf('T-2')))
    const [from, to] = [world.trip('T-1'), world.trip('T-2')]
    const refused = divertedByHand(from, to, null, world.driver('A2'), 'other', 'dana', false, world.nowMs)
    assert.equal(refused.ok ? '' : refused.refusal.code, 'wrong-phase')
  })
})

describe('a further unit for a call', () => {
  const more = (world: World, tripId: string) =>
    addNeed(world.call('C-1'), { type: 'add-need', callId: 'C-1', need: BLS }, tripId)

  test('is a trip of the call, on the clock of the call, which waits from now', () => {
    const { world } = given(called(['T-1']))
    taken(world, more(world, 'T-9'))
    const [first, added] = [world.trip('T-1'), world.trip('T-9')]
    assert.deepEqual(world.call('C-1').tripIds, ['T-1', 'T-9'])
    assert.deepEqual([added.receivedAtMs, added.phase], [first.receivedAtMs, 'pending'])
    assert.ok(added.enteredAtMs > first.enteredAtMs)
  })

  test('is refused when the call is over, or has as many trips as one may have', () => {
    const { world } = given(called(['T-1']))
    for (let i = 1; i < TRIPS_PER_CALL_MAX; i += 1) taken(world, more(world, `T-1${i}`))
    const full = more(world, 'T-X')
    assert.equal(full.ok ? '' : full.refusal.code, 'call-full')
  })
})
