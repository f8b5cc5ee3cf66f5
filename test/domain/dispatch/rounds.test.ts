/** Rounds: who was asked, and when they may be asked again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextRoundAtMs } from '../../../src/domain/dispatch/rounds.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
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
