/** Which moments are believed, and what becomes of the others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ReportPhase } from '../../src/domain/commands.ts'
import { withTrueMoment } from '../../src/domain/moments.ts'
import { reportPhase } from '../../src/domain/trip/trip-work.ts'
import { given, START_MS } from '../support/given-when-then.ts'
import { untilAssigned } from '../support/scenario.ts'

const MINUTE = 60_000
const range = { earliestMs: START_MS - 24 * 60 * MINUTE, latestMs: START_MS + 5_000, nowMs: START_MS }
const at = (happenedAtMs: number): ReportPhase => ({
  type: 'report-phase',
  tripId: 'T-1',
  phase: 'on-scene',
  happenedAtMs,
})

test('a moment within the span is taken as it is, and one outside as now, with what was sent', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.option(fc.maxSafeInteger()), (sentMs, afterMs) => {
      const { happenedAtMs, sentAtMs } = withTrueMoment(at(sentMs), afterMs, range) as ReportPhase & {
        sentAtMs?: number
      }
      assert.ok(happenedAtMs >= range.earliestMs && happenedAtMs <= range.latestMs)
      if (sentAtMs === undefined) assert.equal(happenedAtMs, sentMs)
      else assert.deepEqual([happenedAtMs, sentAtMs], [range.nowMs, sentMs])
    }),
  )
})

test('what it follows may lie a minute behind it, and says nothing when it lies ahead of now itself', () => {
  const taken = (sentMs: number, afterMs: number) => withTrueMoment(at(START_MS + sentMs), START_MS + afterMs, range)
  assert.equal(taken(-2 * MINUTE, -MINUTE).sentAtMs, undefined)
  assert.equal(taken(-2 * MINUTE - 1, -MINUTE).sentAtMs, START_MS - 2 * MINUTE - 1)
  assert.equal(taken(-MINUTE, 60 * MINUTE).sentAtMs, undefined)
  assert.equal(taken(-MINUTE - 1, 60 * MINUTE).sentAtMs, START_MS - MINUTE - 1)
})

test('a command without a moment is left as it is', () => {
  const command = { type: 'decline-offer', offerId: 'O-1', reason: 'unsafe' } as const
  assert.equal(withTrueMoment(command, 0, range), command)
})

test('given a trip that was accepted, when a button comes with a moment put right, then its event has both', () => {
  const button = { ...at(START_MS), sentAtMs: 7 }
  given(...untilAssigned())
    .when(world => reportPhase(world.trip('T-1'), 'A1', button))
    .thenEvents({ type: 'TripPhaseReached', happenedAtMs: START_MS, sentAtMs: 7 })
})
