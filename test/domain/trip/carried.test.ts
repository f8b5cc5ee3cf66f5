/** Who can have carried a patient. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsTransport } from '../../../src/domain/events/call-events.ts'
import { canTransport } from '../../../src/domain/events/unit-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { carried } from '../../../src/domain/trip/carried.ts'
import { closeTrip, reportPhase } from '../../../src/domain/trip/trip-work.ts'
import { DISPOSITIONS } from '../../../src/domain/vocabulary.ts'
import { given } from '../../support/given-when-then.ts'
import { HAPPENED_MS, registered, untilAssigned } from '../../support/scenario.ts'

const flyCar = { ...registered('A1'), transports: false } as DomainEvent

test('a unit that cannot carry ends its trip in any way but transported; one that can in every way', () => {
  for (const isFlyCar of [true, false]) {
    const { world } = given(...untilAssigned(), ...(isFlyCar ? [[flyCar]] : []))
    for (const disposition of DISPOSITIONS) {
      const command = { type: 'close-trip', tripId: 'T-1', disposition, happenedAtMs: HAPPENED_MS } as const
      const decision = carried(closeTrip(world.trip('T-1'), 'A1', command), world.driver('A1'), command)
      const isRefused = isFlyCar && disposition === 'transported'
      assert.equal(decision.ok ? null : decision.refusal.code, isRefused ? 'cannot-transport' : null, disposition)
    }
  }
})

test('what is wrong with the close itself is said first', () => {
  const { world } = given(...untilAssigned(), [flyCar])
  const command = { type: 'close-trip', tripId: 'T-1', disposition: 'transported', happenedAtMs: HAPPENED_MS } as const
  const decision = carried(closeTrip(world.trip('T-1'), 'A9', command), world.driver('A1'), command)
  assert.equal(decision.ok ? null : decision.refusal.code, 'not-your-trip')
})

test('a crew that goes along with the patient reports every phase', () => {
  const { world } = given(...untilAssigned(), [flyCar])
  const command = { type: 'report-phase', tripId: 'T-1', phase: 'transporting', happenedAtMs: HAPPENED_MS } as const
  assert.equal(reportPhase(world.trip('T-1'), 'A1', command).ok, true)
})

test('what nobody said of transport is so for all but first responders, of units and of needs', () => {
  const levels = ['first-responder', 'bls', 'als', 'cct'] as const
  const units = levels.map(levelOfCare => canTransport({ levelOfCare }))
  const needs = levels.map(levelOfCare => needsTransport({ levelOfCare, capabilities: [] }))
  assert.deepEqual(
    [units, needs],
    [
      [false, true, true, true],
      [false, true, true, true],
    ],
  )
  assert.equal(canTransport({ levelOfCare: 'als', transports: false }), false)
  assert.equal(needsTransport({ levelOfCare: 'first-responder', transport: true, capabilities: [] }), true)
})

test('a unit of a record of before carries by its level', () => {
  assert.equal(given([registered('A1')]).world.driver('A1').transports, true)
  const first = { ...registered('A1'), levelOfCare: 'first-responder' } as DomainEvent
  assert.equal(given([first]).world.driver('A1').transports, false)
})
