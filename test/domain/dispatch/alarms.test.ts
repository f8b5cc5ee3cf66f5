/** Alarms as events. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alarmRaised } from '../../../src/domain/dispatch/alarms.ts'
import { given } from '../../support/given-when-then.ts'
import { called } from '../../support/scenario.ts'

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
