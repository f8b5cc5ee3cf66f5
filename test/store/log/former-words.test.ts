/** Stored events in former words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inWordsOfNow } from '../../../src/store/log/former-words.ts'

const alarm = (word: unknown) => ({ type: 'TripAlarmRaised', tripId: 'akl.t', alarm: word, unitId: 'A1' })

test('an alarm that had another name is read under the one that it has now', () => {
  const read = inWordsOfNow([alarm('unit-lost'), { type: 'CallClosed' }, alarm('no-movement')])
  assert.deepEqual(read, [alarm('app-lost'), { type: 'CallClosed' }, alarm('no-movement')])
})

test('a unit that broke down has a fault of its vehicle', () => {
  const unavailable = (reason: string) => [{ type: 'UnitBecameUnavailable', unitId: 'A1', reason }]
  assert.deepEqual(inWordsOfNow(unavailable('breakdown')), unavailable('vehicle-fault'))
  const rests = unavailable('break')
  assert.equal(inWordsOfNow(rests), rests)
})

const accepted = { type: 'OfferAccepted', tripId: 'akl.t', unitId: 'A1', happenedAtMs: 7 }
const byDesk = { ...accepted, cause: 'dispatcher' }

test('an acceptance that came with a report of the desk was implied, and its moment is not that of an acknowledgement', () => {
  for (const type of ['TripPhaseReached', 'TripClosed']) {
    const report = { type, tripId: 'akl.t', happenedAtMs: 7, cause: 'dispatcher' }
    assert.deepEqual(inWordsOfNow([byDesk, report]), [{ ...byDesk, implied: true }, report])
    const said = [accepted, report]
    assert.equal(inWordsOfNow(said), said)
  }
})

test('an acceptance that a crew gave by voice was said, and keeps its moment', () => {
  for (const said of [
    [byDesk],
    [{ type: 'UnitNotified', tripId: 'akl.t' }, byDesk],
    [byDesk, { type: 'TripClosed', tripId: 'akl.other', cause: 'dispatcher' }],
  ]) {
    assert.equal(inWordsOfNow(said), said)
  }
})

test('what has no former word is what it was, also where it is no event', () => {
  for (const events of [[alarm('no-movement')], [alarm('toString'), null, 7, 'x'], null, { alarm: 'unit-lost' }, 3]) {
    assert.equal(inWordsOfNow(events), events)
  }
})
