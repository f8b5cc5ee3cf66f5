import assert from 'node:assert/strict'
import test from 'node:test'
import { withoutPersonal, withoutPersonalOf } from '../../src/domain/erasure.ts'

const IDS = { callId: 'akl.call', tripIds: ['akl.trip'] }

test('of the place of an erased call a net of a tenth of a degree stays, and of its problem nothing', () => {
  const call = { callId: 'akl.call', lonDeg: 174.7654321, latDeg: -36.8512345, problem: '10-D-1', priority: 1 }
  assert.deepEqual(withoutPersonal(call), { ...call, lonDeg: 174.8, latDeg: -36.9, problem: null })
  // The store would give 0 for -0, and the state that is folded from it would be another.
  assert.ok(Object.is(withoutPersonal({ lonDeg: -0.04, latDeg: 1 }).lonDeg, 0))
})

test('what has nothing personal is left as it is, and so is what was erased', () => {
  const erased = withoutPersonal({ lonDeg: 174.76, latDeg: -36.85, problem: null })
  assert.equal(withoutPersonal(erased), erased)
  const closed = { tripId: 'akl.trip', disposition: 'treated-on-scene' }
  assert.equal(withoutPersonal(closed), closed)
})

test('of a record the events of the call and of its trips are erased, and those of others are not', () => {
  const place = { lonDeg: 174.76, latDeg: -36.86 }
  const others = [
    { type: 'TripCreated', tripId: 'akl.other', callId: 'akl.second', ...place },
    { type: 'DestinationNamed', tripId: 'akl.trip', callId: 'akl.call', place: { name: 'A hospital', ...place } },
  ]
  const events = [
    { type: 'CallAmended', callId: 'akl.call', ...place, problem: 'chest pain' },
    { type: 'TripCreated', tripId: 'akl.trip', ...place },
    ...others,
  ]
  const about = { lonDeg: 174.8, latDeg: -36.9 }
  assert.deepEqual(withoutPersonalOf(events, IDS), [
    { type: 'CallAmended', callId: 'akl.call', ...about, problem: null },
    { type: 'TripCreated', tripId: 'akl.trip', ...about },
    ...others,
  ])
  assert.equal(withoutPersonalOf(others, IDS), others)
})
