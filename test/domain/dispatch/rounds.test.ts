/** Rounds: who was asked, and when they may be asked again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextRoundAtMs, nobodyFound, openRounds } from '../../../src/domain/dispatch/rounds.ts'
import type { DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { called, declined, offered, onDuty, untilOffered } from '../../support/scenario.ts'

const fresh = given(called(['T-1'])).world.trip('T-1')

test('a round asks each unit once; the next one starts with an empty list', () => {
  const { world } = given(onDuty('A1'), onDuty('A2'), called(['T-1']))
  world.record([offered('T-1', 'A1', 'O-1')]).record([declined('T-1', 'A1', 'O-1')])
  world.record([offered('T-1', 'A2', 'O-2')]).record([declined('T-1', 'A2', 'O-2')])
  assert.deepEqual([world.trip('T-1').round, world.trip('T-1').asked], [1, ['A1', 'A2']])
  world.record([offered('T-1', 'A1', 'O-3', 'offered', 2)])
  assert.deepEqual([world.trip('T-1').round, world.trip('T-1').asked], [2, ['A1']])
})

test('the next round waits for the pause, counted from the last answer; nobody asked, no round', () => {
  assert.equal(nextRoundAtMs(fresh, DEFAULT_POLICY, START_MS), null)
  const { world } = given(...untilOffered())
  assert.equal(nextRoundAtMs(world.trip('T-1'), DEFAULT_POLICY, world.nowMs), null)
  world.record([declined('T-1', 'A1', 'O-1')])
  const { nowMs } = world
  const { roundPauseMs } = DEFAULT_POLICY
  assert.equal(nextRoundAtMs(world.trip('T-1'), DEFAULT_POLICY, nowMs), nowMs + roundPauseMs)
  // Further ahead than the pause it is of a clock that was wrong.
  assert.equal(nextRoundAtMs(world.trip('T-1'), DEFAULT_POLICY, nowMs - roundPauseMs), nowMs + roundPauseMs)
  assert.equal(nextRoundAtMs(world.trip('T-1'), DEFAULT_POLICY, nowMs - 3_600_000), nowMs - 3_600_000)
})

test('a pending trip asks on in its round, and once the pause is over may also begin the next one, with everybody', () => {
  assert.deepEqual(openRounds(fresh, DEFAULT_POLICY, START_MS + 3_600_000), [{ number: 1, asked: [] }])
  const { world } = given(...untilOffered(), [declined('T-1', 'A1', 'O-1')])
  const trip = world.trip('T-1')
  const overMs = world.nowMs + DEFAULT_POLICY.roundPauseMs
  assert.deepEqual(openRounds(trip, DEFAULT_POLICY, overMs - 1), [{ number: 1, asked: ['A1'] }])
  assert.deepEqual(openRounds(trip, DEFAULT_POLICY, overMs), [
    { number: 1, asked: ['A1'] },
    { number: 2, asked: [] },
  ])
})

test('after the last round nobody is asked again by the desk: the board hears that, whether one is free or not', () => {
  const { world } = given(...untilOffered(), [declined('T-1', 'A1', 'O-1')])
  world.record([offered('T-1', 'A1', 'O-2', 'offered', 2)]).record([declined('T-1', 'A1', 'O-2')])
  const trip = world.trip('T-1')
  const laterMs = world.nowMs + 3_600_000
  assert.deepEqual([trip.round, DEFAULT_POLICY.roundsMax], [2, 2])
  assert.equal(nextRoundAtMs(trip, DEFAULT_POLICY, world.nowMs), null)
  assert.deepEqual(openRounds(trip, DEFAULT_POLICY, laterMs), [{ number: 2, asked: ['A1'] }])
  assert.equal(openRounds(trip, { ...DEFAULT_POLICY, roundsMax: 3 }, laterMs).length, 2)
  const decide = (): DecisionRecord => ({ basis: 'straight-line', candidates: [], excluded: {} })
  for (const isAskedFree of [true, false]) {
    const [raised] = nobodyFound(trip, isAskedFree, DEFAULT_POLICY, decide)
    assert.equal(raised?.type === 'TripAlarmRaised' && raised.alarm, 'rounds-over')
  }
})

test('the board hears that nobody is free, or that all who are were asked, once, with what the desk saw', () => {
  const decision: DecisionRecord = { basis: 'straight-line', candidates: [], excluded: { busy: 1 }, eligible: 0 }
  let decided = 0
  const decide = () => {
    decided += 1
    return decision
  }
  const found = (trip: TripState, isAskedFree: boolean) => nobodyFound(trip, isAskedFree, DEFAULT_POLICY, decide)
  const raised = {
    type: 'TripAlarmRaised',
    v: 1,
    entity: 'trip/T-1',
    tripId: 'T-1',
    unitId: null,
    severity: 1,
    decision,
  } as const
  assert.deepEqual(found(fresh, false), [{ ...raised, alarm: 'no-eligible-unit' }])
  const { world } = given(...untilOffered(), [declined('T-1', 'A1', 'O-1')])
  assert.deepEqual(found(world.trip('T-1'), true), [{ ...raised, alarm: 'round-exhausted' }])
  // Whoever was asked works elsewhere now.
  assert.deepEqual(found(world.trip('T-1'), false), [{ ...raised, alarm: 'no-eligible-unit' }])
  world.record(found(world.trip('T-1'), true))
  const before = decided
  assert.deepEqual(found(world.trip('T-1'), true), [])
  assert.equal(decided, before)
})
