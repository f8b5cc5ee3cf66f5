/** The desk's pure rules: who waits first, an offer's terms, alarms, and rounds. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  alarmRaised,
  nextRoundAtMs,
  noMovementAtMs,
  offerMade,
  offerTimedOut,
  queueKey,
} from '../../src/domain/desk.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import type { TripState } from '../../src/domain/trip.ts'
import { PRIORITIES, TRIP_PHASES } from '../../src/domain/vocabulary.ts'
import { given, START_MS } from '../support/given-when-then.ts'
import {
  called,
  declined,
  offered,
  onDuty,
  policyOf,
  reached,
  untilAssigned,
  untilOffered,
} from '../support/scenario.ts'

const fresh = given(called(['T-1'])).world.trip('T-1')
const waiting = (changes: Partial<TripState>): TripState => ({ ...fresh, ...changes })
const priority = fc.constantFrom(...PRIORITIES)
const minutes = fc.integer({ min: 0, max: 600 }).map(m => START_MS + m * 60_000)

describe('the queue', () => {
  test('of calls of one age the more urgent goes first', () => {
    const keys = PRIORITIES.map(p => queueKey(waiting({ priority: p }), DEFAULT_POLICY))
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => a - b),
    )
    assert.equal(new Set(keys).size, keys.length)
  })

  test('of calls of one priority the older goes first', () => {
    fc.assert(
      fc.property(priority, minutes, minutes, (p, a, b) => {
        fc.pre(a !== b)
        const key = (receivedAtMs: number) => queueKey(waiting({ priority: p, receivedAtMs }), DEFAULT_POLICY)
        assert.equal(key(a) < key(b), a < b)
      }),
    )
  })

  test('nothing starves: a call that waited a step longer for each step of priority goes before any newer call', () => {
    fc.assert(
      fc.property(priority, priority, minutes, minutes, (mine, other, receivedAtMs, otherMs) => {
        const waitedLonger = otherMs - receivedAtMs - (mine - other) * DEFAULT_POLICY.ageingStepMs
        fc.pre(waitedLonger !== 0)
        const first =
          queueKey(waiting({ priority: mine, receivedAtMs }), DEFAULT_POLICY) <
          queueKey(waiting({ priority: other, receivedAtMs: otherMs }), DEFAULT_POLICY)
        assert.equal(first, waitedLonger > 0)
      }),
    )
  })

  test('an answered offer does not cost a trip its place', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    const before = queueKey(world.trip('T-1'), DEFAULT_POLICY)
    world.record([offered('T-1', 'A1', 'O-1')]).record([declined('T-1', 'A1', 'O-1')])
    assert.equal(queueKey(world.trip('T-1'), DEFAULT_POLICY), before)
  })
})

describe("an offer's terms", () => {
  const decision = { basis: 'straight-line', candidates: [], excluded: {} } as const
  const terms = (trip: TripState, mode: 'ordered' | 'offered') =>
    offerMade(trip, 'A1', 'O-1', 1, decision, policyOf(mode), START_MS) as unknown as Record<string, number | null>

  test('a crew that is asked has the time that the priority leaves', () => {
    for (const p of PRIORITIES) {
      const { offeredAtMs, warnAtMs, deadlineAtMs } = terms(waiting({ priority: p }), 'offered')
      assert.deepEqual([offeredAtMs, warnAtMs], [START_MS, null])
      assert.equal(deadlineAtMs, START_MS + (p <= 2 ? 15_000 : 30_000))
    }
  })

  test('an order warns after 20 s and is taken back after 45 s, whatever the priority', () => {
    for (const p of PRIORITIES) {
      const { warnAtMs, deadlineAtMs } = terms(waiting({ priority: p }), 'ordered')
      assert.deepEqual([warnAtMs, deadlineAtMs], [START_MS + 20_000, START_MS + 45_000])
    }
  })

  test('a round asks each unit once; the next one starts with an empty list', () => {
    const { world } = given(onDuty('A1'), onDuty('A2'), called(['T-1']))
    world.record([offered('T-1', 'A1', 'O-1')]).record([declined('T-1', 'A1', 'O-1')])
    world.record([offered('T-1', 'A2', 'O-2')]).record([declined('T-1', 'A2', 'O-2')])
    assert.deepEqual([world.trip('T-1').round, world.trip('T-1').asked], [1, ['A1', 'A2']])
    world.record([offered('T-1', 'A1', 'O-3', 'offered', 2)])
    assert.deepEqual([world.trip('T-1').round, world.trip('T-1').asked], [2, ['A1']])
  })

  for (const mode of ['ordered', 'offered'] as const) {
    test(`a deadline that passed takes the offer back and frees the unit (${mode})`, () => {
      const { world } = given(...untilOffered(mode))
      world.record(offerTimedOut(world.trip('T-1')))
      const trip = world.trip('T-1')
      assert.deepEqual([trip.phase, trip.unitId, trip.offer, trip.asked], ['pending', null, null, ['A1']])
      assert.equal(trip.pendingSinceMs, world.nowMs)
      assert.deepEqual([world.driver('A1').status, world.driver('A1').work], ['available', null])
      assert.deepEqual(offerTimedOut(trip), [])
    })
  }
})

describe('alarms and rounds', () => {
  test('an alarm is raised once while it stands', () => {
    const { world } = given(called(['T-1']))
    const raised = alarmRaised(world.trip('T-1'), 'no-eligible-unit', null)
    assert.deepEqual(
      raised.map(event => event.type),
      ['TripAlarmRaised'],
    )
    world.record(raised)
    assert.deepEqual(alarmRaised(world.trip('T-1'), 'no-eligible-unit', null), [])
    assert.equal(alarmRaised(world.trip('T-1'), 'round-exhausted', null).length, 1)
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

  test('an accepted trip that does not move within 120 s of our hearing of it is due its alarm; one that moved never is', () => {
    const { world } = given(...untilAssigned())
    const trip = world.trip('T-1')
    assert.equal(noMovementAtMs(trip, DEFAULT_POLICY, START_MS), trip.phaseRecordedAtMs + 120_000)
    assert.notEqual(trip.phaseRecordedAtMs, trip.times.assigned)
    assert.equal(noMovementAtMs({ ...trip, alarms: ['no-movement'] }, DEFAULT_POLICY, START_MS), null)
    assert.equal(
      noMovementAtMs(world.record([reached('T-1', 'A1', 'en-route')]).trip('T-1'), DEFAULT_POLICY, START_MS),
      null,
    )
    for (const phase of TRIP_PHASES.filter(other => other !== 'assigned')) {
      assert.equal(noMovementAtMs({ ...trip, phase }, DEFAULT_POLICY, START_MS), null)
    }
  })
})
