/** What may happen by itself, and when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noMovementAtMs } from '../../../src/domain/dispatch/deadlines.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { TRIP_PHASES } from '../../../src/domain/vocabulary.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { reached, untilAssigned } from '../../support/scenario.ts'

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
