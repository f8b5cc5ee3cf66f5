/** Where a unit is: the greatest (at, seq) wins, whatever the order of arrival. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DriverLocation } from '../../src/actors/driver/location.ts'
import type { Fix } from '../../src/domain/fix.ts'

const fix = (seq: number, fixedAtMs: number): Fix => ({
  ...{ seq, fixedAtMs, lonDeg: seq, latDeg: 0 },
  ...{ accuracyM: null, speedMps: null, headingDeg: null },
})
const shown = (location: DriverLocation) => [location.current?.seq, location.current?.fixedAtMs]

test('in whatever order fixes arrive, the unit stands at the greatest (at, seq)', () => {
  const fixes = fc.uniqueArray(fc.tuple(fc.nat(20), fc.nat(5)), { selector: pair => pair.join(), minLength: 1 })
  fc.assert(
    fc.property(fixes, pairs => {
      const location = new DriverLocation()
      for (const [seq, at] of pairs) location.place('s', fix(seq, at))
      const [seq, at] = [...pairs].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]!
      assert.deepEqual(shown(location), [seq, at])
    }),
  )
})

test('placing answers whether the unit moved', () => {
  const location = new DriverLocation()
  assert.equal(location.place('s', fix(1, 100)), true)
  assert.equal(location.place('s', fix(2, 50)), false)
  assert.equal(location.place('s', fix(3, 100)), true)
  assert.deepEqual(shown(location), [3, 100])
})

test('a hint holds until a stored fix is newer, and is never what a restart finds', () => {
  const location = new DriverLocation()
  location.place('s', fix(1, 100))
  assert.equal(location.placeHint('s', fix(9, 900)), true)
  assert.equal(location.placeHint('s', fix(8, 800)), false)
  assert.equal(location.place('s', fix(2, 200)), false)
  assert.deepEqual([shown(location), location.placed?.seq], [[9, 900], 2])
  // Its own copy, in order.
  location.place('s', fix(9, 900))
  assert.deepEqual([shown(location), location.placed?.seq], [[9, 900], 9])
  assert.equal(location.place('s', fix(10, 1_000)), true)
  assert.deepEqual([shown(location), location.placed?.seq], [[10, 1_000], 10])
})

test('replay raises the marks, and places what may place', () => {
  const location = new DriverLocation()
  location.replay('s', fix(1, 100), true)
  location.replay('s', fix(2, 900), false)
  assert.deepEqual(shown(location), [1, 100])
  const { receivedSeq, durableSeq } = location.stream('s')
  assert.deepEqual([receivedSeq, durableSeq], [2, 2])
})

test('a hole raises the received mark, and the durable one only when nothing is on its way', () => {
  const location = new DriverLocation()
  location.skipHole('quiet', 5)
  const busy = location.stream('busy')
  busy.receivedSeq = 3
  busy.durableSeq = 1
  location.skipHole('busy', 5)
  location.skipHole('busy', 4)
  const marks = (id: string) => [location.stream(id).receivedSeq, location.stream(id).durableSeq]
  assert.deepEqual(
    [marks('quiet'), marks('busy')],
    [
      [5, 5],
      [5, 1],
    ],
  )
})

test('the nine streams used last are remembered: as many as a session and a feed have open', () => {
  const location = new DriverLocation()
  for (let i = 1; i <= 9; i++) location.stream(`s${i}`).receivedSeq = i
  location.stream('s1')
  location.stream('s10')
  assert.equal(location.knownStream('s2'), undefined)
  assert.equal(location.knownStream('s1')?.receivedSeq, 1)
  assert.deepEqual(
    [...location.streams()].map(stream => stream.streamId),
    ['s3', 's4', 's5', 's6', 's7', 's8', 's9', 's1', 's10'],
  )
})

test('a stream that is in use is not forgotten for a newer one', () => {
  const location = new DriverLocation()
  for (let i = 1; i <= 9; i++) location.stream(`s${i}`)
  location.stream('s10', ({ streamId }) => streamId === 's1')
  assert.notEqual(location.knownStream('s1'), undefined)
  assert.equal(location.knownStream('s2'), undefined)
})
