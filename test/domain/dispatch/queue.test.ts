/** Who waits first: by age and priority, then by who could serve them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { queueKey } from '../../../src/domain/dispatch/queue.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import type { TripState } from '../../../src/domain/trip.ts'
import { PRIORITIES } from '../../../src/domain/vocabulary.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { called, declined, offered, onDuty } from '../../support/scenario.ts'

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
