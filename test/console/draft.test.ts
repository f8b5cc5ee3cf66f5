import assert from 'node:assert/strict'
import test from 'node:test'
import { capabilitiesOf, EMPTY_DRAFT, needOf, saidDetails } from '../../src/console/call/draft.ts'

test('equipment is read as the words that the protocol takes, each once', () => {
  assert.deepEqual(capabilitiesOf({ equipment: ' Neonatal, bariatric;neonatal  not_a_word ' }), [
    'neonatal',
    'bariatric',
  ])
  assert.deepEqual(capabilitiesOf({ equipment: 'a b c d e f g h i j' }), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
})

test('a call of which nothing was said has no details, and a need says what it needs', () => {
  assert.equal(saidDetails(EMPTY_DRAFT), null)
  assert.deepEqual(saidDetails({ ...EMPTY_DRAFT, phone: ' ', address: '12 Quay Street' }), {
    address: '12 Quay Street',
  })
  assert.deepEqual(needOf(EMPTY_DRAFT), { levelOfCare: 'als', transport: true, capabilities: [] })
})
