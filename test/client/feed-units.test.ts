/** A feed numbers its units, and what it probes with harms none of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceOf } from '../../src/client/device.ts'
import { FeedUnits } from '../../src/client/feed-units.ts'
import { VirtualTime } from './virtual-time.ts'

const newUnits = () => new FeedUnits(deviceOf({ timers: new VirtualTime(), newId: () => 'id-of-many-characters' }), 10)

test('a unit is found by its name and by its number until it is let go of', () => {
  const units = newUnits()
  const [first, second] = [units.add({ unitId: 'A1' }), units.add({ unitId: 'A2', streamId: 'kept', firstSeq: 7 })]
  assert.deepEqual([first.channel, second.channel], [0, 1])
  assert.deepEqual([first.stream.streamId, first.stream.lastSeq], ['id-of-ma', 0])
  assert.deepEqual([second.stream.streamId, second.stream.lastSeq], ['kept', 6])
  assert.equal(units.named('A2'), second)
  assert.equal(units.numbered(1), second)
  units.remove(first)
  assert.deepEqual([units.names, units.named('A1'), units.numbered(0)], [['A2'], undefined, undefined])
  // A frame that was under way for the unit of before must not be taken for one of another.
  assert.equal(units.add({ unitId: 'A3' }).channel, 2)
})

test('names that no server takes are refused', () => {
  const units = newUnits()
  assert.throws(() => units.add({ unitId: 'no unit' }), RangeError)
  assert.throws(() => units.add({ unitId: 'A1', streamId: 'no stream' }), RangeError)
  assert.deepEqual(units.names, [])
})

test('the probe lets go of a number that no unit has', () => {
  const units = newUnits()
  units.add({ unitId: 'A1' })
  const probe = units.probe()
  assert.equal(probe[0], 'detach')
  assert.equal(units.numbered((probe as [string, string, number[]])[2][0]), undefined)
})
