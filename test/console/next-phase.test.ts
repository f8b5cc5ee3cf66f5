/** The buttons of a trip at the crew's page: which one is large, and what pressed ones make of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { furthest, nextStep, otherButtons } from '../../src/console/crew/next-phase.ts'

const trip = (transport: boolean) => ({ need: { levelOfCare: 'als', transport, capabilities: [] } }) as const

test('the large button leads from the order to the end, phase by phase', () => {
  const phases = [
    'assigned',
    'en-route',
    'on-scene',
    'at-patient',
    'transporting',
    'at-destination',
    'transferred',
  ] as const
  assert.deepEqual(
    phases.map(phase => nextStep(phase, trip(true))),
    [...phases.slice(1), 'closed'],
  )
})

test('a trip without a transport ends at the patient, and may be carried all the same', () => {
  assert.equal(nextStep('at-patient', trip(false)), 'closed')
  assert.ok(otherButtons('at-patient', 'closed').includes('transporting'))
})

test('nothing is to be pressed before an answer to the order, and behind the end', () => {
  for (const phase of ['pending', 'offered', 'closed', 'cancelled'] as const) {
    assert.equal(nextStep(phase, trip(true)), null)
    assert.deepEqual(otherButtons(phase, null), [])
  }
})

test('what was pressed counts before the engine knows of it, and never leads back', () => {
  assert.equal(furthest('assigned', ['en-route', 'on-scene']), 'on-scene')
  assert.equal(furthest('on-scene', ['en-route']), 'on-scene')
  assert.equal(furthest('en-route', []), 'en-route')
})

test('others are the phases that would be skipped to, and moments beside them until the patient is carried', () => {
  assert.deepEqual(otherButtons('en-route', 'on-scene'), [
    ...['at-patient', 'transporting', 'at-destination', 'transferred'],
    ...['staged', 'left-scene', 'landing-area'],
  ])
  assert.deepEqual(otherButtons('transporting', 'at-destination'), ['transferred'])
})
