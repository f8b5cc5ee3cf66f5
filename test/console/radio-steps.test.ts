/** What a dispatcher may enter for a crew on the radio, and by which key: the same key means the same whatever the unit does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TripView, UnitView } from '../../src/client/index.ts'
import { type RadioStep, radioSteps } from '../../src/console/radio/radio-steps.ts'

const unit = (changes: Partial<UnitView>): UnitView => ({ unitId: 'A1', offerId: null, ...changes }) as UnitView
const trip = (phase: TripView['phase']): TripView => ({ tripId: 'akl.T1', phase }) as TripView
const spoken = (steps: readonly RadioStep[]): string =>
  steps
    .map(step => `${step.key}:${step.is === 'status' ? step.status : step.is === 'phase' ? step.phase : step.is}`)
    .join(' ')

test('a unit without a crew signs on with 1, and cannot sign off', () => {
  const steps = radioSteps(unit({ status: 'off-duty' }), undefined)
  assert.equal(spoken(steps), '1:available 6:unavailable')
  assert.ok(steps[0]!.is === 'status' && steps[0]!.signsOn)
})

test('a free unit is available, unavailable or off duty', () => {
  assert.equal(spoken(radioSteps(unit({ status: 'available' }), undefined)), '1:available 6:unavailable 0:off-duty')
})

test('an order is taken with 2, and every later phase has its own key; those behind are gone', () => {
  const asked = radioSteps(unit({ status: 'offered', offerId: 'o' }), trip('offered'))
  assert.equal(
    spoken(asked),
    '2:confirm 3:en-route 4:on-scene 5:at-patient 7:transporting 8:at-destination :transferred 6:unavailable 9:close 0:off-duty',
  )
  const there = radioSteps(unit({ status: 'on-scene' }), trip('on-scene'))
  assert.equal(
    spoken(there),
    '5:at-patient 7:transporting 8:at-destination :transferred 6:unavailable 9:close 0:off-duty',
  )
})

test('no key stands for two things', () => {
  const keys = radioSteps(unit({ status: 'offered', offerId: 'o' }), trip('offered')).map(({ key }) => key)
  assert.equal(new Set(keys).size, keys.length)
})
