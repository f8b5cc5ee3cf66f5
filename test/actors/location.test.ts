/** Where a unit is: the greatest (at, seq) wins, whatever the order of arrival. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ForgottenStreams } from '../../src/actors/driver/forgotten-streams.ts'
import { DriverLocation } from '../../src/actors/driver/location.ts'
import { marksOf } from '../../src/actors/region/snapshots.ts'
import type { Fix } from '../../src/domain/fix.ts'
import { FIX_FLAGS } from '../../src/store/location/segment-codec.ts'
import { STREAM_MARKS_KEPT } from '../../src/store/log/journal.ts'

const ANY_TIME = { futureMs: Number.POSITIVE_INFINITY, outdatedMs: Number.POSITIVE_INFINITY }

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
  assert.equal(location.placeHint('s', fix(9, 900), ANY_TIME), true)
  assert.equal(location.placeHint('s', fix(8, 800), ANY_TIME), false)
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
  location.replay('s', fix(1, 100), 0)
  location.replay('s', fix(2, 900), FIX_FLAGS.future)
  assert.deepEqual(shown(location), [1, 100])
  const { receivedSeq, durableSeq } = location.stream('s')
  assert.deepEqual([receivedSeq, durableSeq], [2, 2])
})

describe('a place of a clock that was ahead', () => {
  const limits = { futureMs: 2_000, outdatedMs: 1_000 }
  const take = (location: DriverLocation, taken: Fix) => {
    const flags = location.flagsOf(taken, limits)
    location.place('s', taken, flags, limits.outdatedMs)
    return flags
  }

  test('is replaced by the next fix, and the flag tells recovery so', () => {
    const location = new DriverLocation()
    const recovered = new DriverLocation()
    const come = [fix(1, 1_900), fix(2, 500), fix(3, 400), fix(4, 600), fix(5, 5_000)]
    const flags = come.map(each => take(location, each))
    assert.deepEqual(flags, [0, FIX_FLAGS.replaces, 0, 0, FIX_FLAGS.future])
    assert.deepEqual(shown(location), [4, 600])
    for (const [i, each] of come.entries()) recovered.replay('s', each, flags[i]!)
    assert.deepEqual(recovered.placed, location.placed)
  })

  test('is replaced by a hint; and a hint of such a clock, by the next fix', () => {
    const location = new DriverLocation()
    location.place('s', fix(1, 1_900))
    assert.equal(location.placeHint('s', fix(3, 500), limits), true)
    assert.deepEqual(shown(location), [3, 500])
    const other = new DriverLocation()
    other.place('s', fix(1, 100))
    assert.equal(other.placeHint('s', fix(9, 1_900), limits), true)
    assert.equal(other.placeHint('s', fix(9, 2_001), limits), false)
    assert.equal(take(other, fix(2, 200)), 0)
    assert.deepEqual(shown(other), [2, 200])
  })
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
  const left: string[] = []
  location.stream('s10', undefined, ({ streamId }) => left.push(streamId))
  assert.deepEqual(left, ['s2'])
  assert.equal(location.knownStream('s1')?.receivedSeq, 1)
  assert.deepEqual(
    [...location.streams()].map(stream => stream.streamId),
    ['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's1', 's10'],
  )
})

test('a stream that leaves is known until the store has its mark, and then is one to ask for', () => {
  const location = new DriverLocation()
  for (let i = 1; i <= 10; i++) location.stream(`s${i}`).receivedSeq = i
  const [first] = location.leaving
  assert.deepEqual([first?.streamId, location.knownStream('s1'), location.mayBeForgotten('s1')], ['s1', first, false])
  assert.deepEqual(location.leavingMark('A1', first!), { unitId: 'A1', streamId: 's1', durableSeq: 1, leaveNo: 1 })
  location.forget(first!)
  assert.deepEqual([location.leaving, location.knownStream('s1')], [[], undefined])
  assert.deepEqual([location.mayBeForgotten('s1'), location.mayBeForgotten('new')], [true, false])
  location.restore(
    's1',
    7,
    () => false,
    () => {},
  )
  const { receivedSeq, durableSeq } = location.stream('s1')
  assert.deepEqual([receivedSeq, durableSeq, location.mayBeForgotten('s1')], [7, 7, false])
})

test('a stream that comes back while it leaves is the same one, and stays', () => {
  const location = new DriverLocation()
  for (let i = 1; i <= 10; i++) location.stream(`s${i}`).receivedSeq = i
  const [first] = location.leaving
  assert.equal(location.stream('s1'), first)
  assert.equal(location.isLeaving(first!), false)
  assert.deepEqual(
    location.leaving.map(({ streamId }) => streamId),
    ['s2'],
  )
})

test('what a snapshot says of the streams has changed when one took the place of another with as many fixes', () => {
  const location = new DriverLocation()
  for (let i = 1; i <= 9; i++) location.stream(`s${i}`).receivedSeq = 1
  const before = marksOf(location)
  location.stream('s10').receivedSeq = 1
  location.forget(location.leaving[0]!)
  assert.notEqual(marksOf(location), before)
})

test('a stream of which nothing was taken leaves without a trace', () => {
  const location = new DriverLocation()
  for (let i = 1; i <= 30; i++) location.stream(`s${i}`, undefined, () => assert.fail('nothing is to be written'))
  assert.deepEqual([location.leaving, location.mayBeForgotten('s1'), location.isCrowded], [[], false, false])
})

test('whatever is used, forgotten and restored in whatever order, no stream with fixes is taken for a new one', () => {
  const use = fc.record({ stream: fc.nat(30), fixes: fc.nat(3), forgets: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(use, { maxLength: 200 }), uses => {
      const location = new DriverLocation()
      const taken = new Map<string, number>()
      const store = new Map<string, number>()
      for (const { stream: number, fixes, forgets } of uses) {
        const id = `s${number}`
        if (location.mayBeForgotten(id))
          location.restore(
            id,
            store.get(id) ?? 0,
            () => false,
            () => {},
          )
        const stream = location.stream(id)
        assert.equal(stream.receivedSeq, taken.get(id) ?? 0)
        stream.receivedSeq += fixes
        taken.set(id, stream.receivedSeq)
        for (const leaving of location.leaving.slice(0, forgets)) {
          store.set(leaving.streamId, location.leavingMark('A1', leaving).durableSeq)
          location.forget(leaving)
        }
      }
      assert.ok([...location.streams()].length <= 9 + location.leaving.length)
    }),
  )
})

describe('the fingerprints of forgotten streams', () => {
  test('the last 960 are kept, in their order, also through a snapshot', () => {
    const forgotten = new ForgottenStreams()
    for (let i = 1; i <= 1_000; i++) forgotten.add(`stream-${i}`)
    const again = ForgottenStreams.of(forgotten.prints())
    for (const one of [forgotten, again]) {
      assert.equal(one.prints().length, STREAM_MARKS_KEPT - 40)
      assert.deepEqual([one.has('stream-40'), one.has('stream-41'), one.has('stream-1000')], [false, true, true])
    }
    assert.deepEqual(again.prints(), forgotten.prints())
  })

  test('one that is forgotten again is the one forgotten last', () => {
    const forgotten = new ForgottenStreams()
    for (let i = 1; i <= 960; i++) forgotten.add(`stream-${i}`)
    forgotten.add('stream-1')
    forgotten.add('another')
    assert.deepEqual(
      [forgotten.prints().length, forgotten.has('stream-1'), forgotten.has('stream-2')],
      [960, true, false],
    )
  })
})

test('a stream that is in use is not forgotten for a newer one', () => {
  const location = new DriverLocation()
  for (let i = 1; i <= 9; i++) location.stream(`s${i}`)
  location.stream('s10', ({ streamId }) => streamId === 's1')
  assert.notEqual(location.knownStream('s1'), undefined)
  assert.equal(location.knownStream('s2'), undefined)
})
