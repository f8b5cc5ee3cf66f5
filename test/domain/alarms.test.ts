/** Alarms: when each ends, who answers for it, and when it goes up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { acknowledgeAlarm, alarmEscalated, escalatesAtMs, severityOf, shelveAlarm } from '../../src/domain/alarms.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { alarmCleared, alarmRaised } from '../../src/domain/dispatch/alarms.ts'
import { TRIP_ALARMS } from '../../src/domain/events/alarm-events.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { cancelTrip } from '../../src/domain/trip/trip-desk.ts'
import { World } from '../support/given-when-then.ts'
import { called } from '../support/scenario.ts'

const TRIP = 'T-1'
const policy = { ...DEFAULT_POLICY, alarmEscalateMs: { 1: 60_000, 2: 120_000, 3: 300_000 } }

function pending(): World {
  const world = new World()
  world.record(called([TRIP]))
  return world
}
const taken = (world: World, decision: Decision) => {
  assert.ok(decision.ok)
  if (decision.events.length > 0) world.record(decision.events)
}
const raise = (world: World) => world.record(alarmRaised(world.trip(TRIP), 'waiting-long', null))
const clear = (world: World) => world.record(alarmCleared(world.trip(TRIP), 'waiting-long', null))
const open = (world: World) => world.trip(TRIP).openAlarms
const acknowledge = (world: World, by = 'dana') =>
  acknowledgeAlarm(open(world), { type: 'acknowledge-alarm', tripId: TRIP, alarmId: open(world)[0]!.alarmId }, by)
const shelve = (world: World, forMs: number) =>
  shelveAlarm(
    open(world),
    { type: 'shelve-alarm', tripId: TRIP, alarmId: open(world)[0]!.alarmId, forMs },
    'dana',
    policy,
  )

test('gone first, it waits for a person; acknowledged first, it ends with its cause', () => {
  const world = pending()
  raise(world)
  clear(world)
  assert.equal(open(world)[0]?.goneAtMs, world.nowMs)
  taken(world, acknowledge(world))
  assert.deepEqual(open(world), [])
  raise(world)
  taken(world, acknowledge(world))
  assert.deepEqual(open(world)[0]?.acknowledged, { by: 'dana', atMs: world.nowMs })
  clear(world)
  assert.deepEqual(open(world), [])
})

test('a cause that comes back is the same alarm until somebody has acknowledged it, and then another', () => {
  const world = pending()
  raise(world)
  const { alarmId, raisedAtMs } = open(world)[0]!
  for (let i = 0; i < 50; i += 1) {
    clear(world)
    raise(world)
  }
  assert.deepEqual(
    open(world).map(alarm => [alarm.alarmId, alarm.raisedAtMs, alarm.goneAtMs]),
    [[alarmId, raisedAtMs, null]],
  )
  taken(world, acknowledge(world))
  clear(world)
  raise(world)
  assert.equal(open(world).length, 1)
  assert.notEqual(open(world)[0]?.alarmId, alarmId)
})

test('the end of a trip is the end of every cause, and leaves what nobody has seen', () => {
  const world = pending()
  raise(world)
  taken(world, cancelTrip(world.trip(TRIP), { type: 'cancel-trip', tripId: TRIP, reason: 'other' }))
  assert.deepEqual(world.trip(TRIP).alarms, [])
  assert.equal(open(world).length, 1)
  taken(world, acknowledge(world))
  assert.deepEqual(open(world), [])
})

test('whoever acknowledges second changes nothing, and one that is not open is refused', () => {
  const world = pending()
  raise(world)
  const { alarmId } = open(world)[0]!
  taken(world, acknowledge(world, 'dana'))
  assert.deepEqual(acknowledge(world, 'eli'), { ok: true, events: [] })
  clear(world)
  const late = acknowledgeAlarm(open(world), { type: 'acknowledge-alarm', tripId: TRIP, alarmId }, 'eli')
  assert.equal(late.ok ? '' : late.refusal.code, 'unknown-alarm')
})

test('it goes up when nobody has answered in the time of its severity, not while it is put aside, and once', () => {
  const world = pending()
  raise(world)
  const [alarm] = open(world)
  const dueMs = escalatesAtMs(alarm!, policy, world.nowMs)
  assert.equal(dueMs, alarm!.raisedAtMs + policy.alarmEscalateMs[alarm!.severity])
  taken(world, shelve(world, policy.alarmShelveMaxMs))
  assert.equal(escalatesAtMs(open(world)[0]!, policy, world.nowMs), world.nowMs + policy.alarmShelveMaxMs)
  world.record([alarmEscalated(alarm!.alarmId)])
  assert.equal(escalatesAtMs(open(world)[0]!, policy, world.nowMs), null)
  const tooLong = shelve(world, policy.alarmShelveMaxMs + 1)
  assert.equal(tooLong.ok ? '' : tooLong.refusal.code, 'invalid-field')
})

test('one that somebody answers for, or whose cause is gone, does not go up', () => {
  const world = pending()
  raise(world)
  clear(world)
  assert.equal(escalatesAtMs(open(world)[0]!, policy, world.nowMs), null)
  raise(world)
  taken(world, acknowledge(world))
  assert.equal(escalatesAtMs(open(world)[0]!, policy, world.nowMs), null)
})

test('a moment that lies further ahead than the span is of a wrong clock: the span is over', () => {
  const world = pending()
  raise(world)
  const longAgoMs = world.nowMs - 3_600_000
  assert.equal(escalatesAtMs(open(world)[0]!, policy, longAgoMs), longAgoMs)
})

test('an alarm of before alarms had owners opens none, and ends as it did', () => {
  const world = pending()
  const entity = `trip/${TRIP}` as const
  world.record([{ type: 'TripAlarmRaised', v: 1, entity, tripId: TRIP, alarm: 'waiting-long', unitId: null }])
  assert.deepEqual([world.trip(TRIP).alarms, open(world)], [['waiting-long'], []])
  clear(world)
  assert.deepEqual([world.trip(TRIP).alarms, open(world)], [[], []])
})

test('severity falls with the class, and a relief of crews is always the least', () => {
  fc.assert(
    fc.property(fc.constantFrom(...TRIP_ALARMS), fc.constantFrom(1, 2, 3, 4), (kind, priority) => {
      const next = severityOf(kind, (priority + 1) as 2)
      assert.ok(severityOf(kind, priority as 1) <= next)
      assert.equal(severityOf('crew-relieved', priority as 1), 3)
    }),
  )
})
