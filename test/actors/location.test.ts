/** Where a unit is: the greatest (at, seq) wins, whatever the order of arrival. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ForgottenStreams } from '../../src/actors/driver/forgotten-streams.ts'
import { DriverLocation, type FixLimits } from '../../src/actors/driver/location.ts'
import { marksOf } from '../../src/actors/region/snapshots.ts'
import type { Fix } from '../../src/domain/fix.ts'
import { FIX_FLAGS } from '../../src/store/location/segment-codec.ts'
import { STREAM_MARKS_KEPT } from '../../src/store/log/journal.ts'

const ANYWHERE = { fixSpeedMaxMps: 1e9, fixAccuracyMaxM: 100 }
const ANY_TIME = { futureMs: Number.POSITIVE_INFINITY, outdatedMs: Number.POSITIVE_INFINITY, policy: ANYWHERE }

const fix = (seq: number, fixedAtMs: number): Fix => ({
  ...{ seq, fixedAtMs, lonDeg: seq, latDeg: 0 },
  ...{ accuracyM: null, speedMps: null, headingDeg: null },
})
const place = (location: DriverLocation, taken: Fix, flags = 0, limits: FixLimits | null = null) =>
  location.place(location.stream('s'), taken, flags, limits)
const shown = (location: DriverLocation) => [location.current?.seq, location.current?.fixedAtMs]

test('in whatever order fixes arrive, the unit stands at the greatest (at, seq)', () => {
  const fixes = fc.uniqueArray(fc.tuple(fc.nat(20), fc.nat(5)), { selector: pair => pair.join(), minLength: 1 })
  fc.assert(
    fc.property(fixes, pairs => {
      const location = new DriverLocation()
      for (const [seq, at] of pairs) place(location, fix(seq, at))
      const [seq, at] = [...pairs].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]!
      assert.deepEqual(shown(location), [seq, at])
    }),
  )
})

test('placing answers whether the unit moved', () => {
  const location = new DriverLocation()
  assert.equal(place(location, fix(1, 100)), true)
  assert.equal(place(location, fix(2, 50)), false)
  assert.equal(place(location, fix(3, 100)), true)
  assert.deepEqual(shown(location), [3, 100])
})

test('a hint holds until a stored fix is newer, and is never what a restart finds', () => {
  const location = new DriverLocation()
  place(location, fix(1, 100))
  assert.equal(location.placeHint(location.stream('s'), fix(9, 900), ANY_TIME), true)
  assert.equal(location.placeHint(location.stream('s'), fix(8, 800), ANY_TIME), false)
  assert.equal(place(location, fix(2, 200)), false)
  assert.deepEqual([shown(location), location.placed?.seq], [[9, 900], 2])
  // Its own copy, in order.
  place(location, fix(9, 900))
  assert.deepEqual([shown(location), location.placed?.seq], [[9, 900], 9])
  assert.equal(place(location, fix(10, 1_000)), true)
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
  const limits = { futureMs: 2_000, outdatedMs: 1_000, policy: ANYWHERE }
  const take = (location: DriverLocation, taken: Fix) => {
    const flags = location.flagsOf(location.stream('s'), taken, limits)
    place(location, taken, flags, limits)
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
    place(location, fix(1, 1_900))
    assert.equal(location.placeHint(location.stream('s'), fix(3, 500), limits), true)
    assert.deepEqual(shown(location), [3, 500])
    const other = new DriverLocation()
    place(other, fix(1, 100))
    assert.equal(other.placeHint(other.stream('s'), fix(9, 1_900), limits), true)
    assert.equal(other.placeHint(other.stream('s'), fix(9, 2_001), limits), false)
    assert.equal(take(other, fix(2, 200)), 0)
    assert.deepEqual(shown(other), [2, 200])
  })
})

describe('a fix that is not believed', () => {
  const METRE_DEG = 1 / 111_195
  const limits = { ...ANY_TIME, policy: { fixSpeedMaxMps: 70, fixAccuracyMaxM: 100 } }
  /** So many metres north, a second after the one before it. */
  const at = (seq: number, northM: number, accuracyM = 5, fixedAtMs = seq * 1_000): Fix => ({
    ...{ seq, fixedAtMs, lonDeg: 0, latDeg: northM * METRE_DEG, accuracyM },
    ...{ speedMps: null, headingDeg: null },
  })
  const take = (location: DriverLocation, taken: Fix, streamId = 's') => {
    const stream = location.stream(streamId)
    const flags = location.flagsOf(stream, taken, limits)
    location.place(stream, taken, flags, limits)
    return flags
  }
  const taken = (location: DriverLocation, ...fixes: Fix[]) => fixes.map(each => take(location, each))
  const { impossible, inaccurate, anchors } = FIX_FLAGS

  test('as no unit is that fast does not place the unit, and the next one that fits does', () => {
    const location = new DriverLocation()
    assert.deepEqual(taken(location, at(1, 0), at(2, 5_000), at(3, 20)), [0, impossible, 0])
    assert.equal(location.current?.seq, 3)
  })

  test('as it is not accurate does not place the unit, and neither is one judged beside it', () => {
    const location = new DriverLocation()
    assert.deepEqual(taken(location, at(1, 0), at(2, 60, 101), at(3, 20), at(4, 30, 100)), [0, inaccurate, 0, 0])
    assert.equal(location.current?.seq, 4)
  })

  test('places the unit anew when it is the third in a row that agrees: no filter locks a unit to its old place', () => {
    const location = new DriverLocation()
    const flags = taken(location, at(1, 0), at(2, 5_000), at(3, 5_010), at(4, 5_020), at(5, 5_030))
    assert.deepEqual(flags, [0, impossible, impossible, impossible | anchors, 0])
    assert.equal(location.current?.seq, 5)
  })

  test('is no third where those before it are of other places, or one was believed between them', () => {
    const location = new DriverLocation()
    const jumps = taken(location, at(1, 0), at(2, 5_000), at(3, 9_000), at(4, 5_000), at(5, 9_000))
    assert.deepEqual(jumps, [0, impossible, impossible, impossible, impossible])
    assert.deepEqual(taken(location, at(6, 9_000), at(7, 10), at(8, 9_000)), [impossible, 0, impossible])
    assert.equal(location.current?.seq, 7)
  })

  test('that is not accurate agrees with others as far as both are accurate', () => {
    const location = new DriverLocation()
    const flags = taken(location, at(1, 0), at(2, 2_000, 1_500), at(3, 3_500, 1_500), at(4, 800, 1_500))
    assert.deepEqual(flags, [0, inaccurate, inaccurate, inaccurate | anchors])
    assert.equal(location.current?.seq, 4)
  })

  test('is judged beside its own stream: a backlog of one phone beside itself, wherever another has the unit', () => {
    const location = new DriverLocation()
    take(location, at(1, 0))
    take(location, at(1, 50_000, 5, 900_000), 'modem')
    assert.deepEqual(taken(location, at(2, 20), at(3, 5_000), at(4, 60)), [0, impossible, 0])
    assert.deepEqual([location.current?.streamId, location.current?.fixedAtMs], ['modem', 900_000])
  })

  test('may be the first of a new stream: it is judged beside the place that it would take', () => {
    const location = new DriverLocation()
    take(location, at(1, 0))
    assert.equal(take(location, at(1, 80_000, 5, 2_000), 'reinstalled'), impossible)
    assert.equal(take(location, at(2, 30, 5, 3_000), 'reinstalled'), 0)
    assert.equal(location.current?.streamId, 'reinstalled')
    // Of before, it takes no place.
    assert.equal(take(location, at(1, 80_000, 5, 500), 'an older backlog'), 0)
  })

  test('is none once it is as long ago as the way takes: a unit that comes out of a tunnel is where it says', () => {
    const location = new DriverLocation()
    assert.deepEqual(taken(location, at(1, 0), at(2, 60_000, 5, 1_000 + 900_000)), [0, 0])
  })

  test('is no hint either', () => {
    const location = new DriverLocation()
    take(location, at(1, 0))
    for (const hint of [at(3, 80_000), at(3, 30, 900)]) {
      assert.equal(location.placeHint(location.stream('s'), hint, limits), false)
    }
    assert.equal(location.placeHint(location.stream('s'), at(3, 30), limits), true)
  })

  test('places a unit after a start as it did before; what was counted before counts once', () => {
    const location = new DriverLocation()
    const recovered = new DriverLocation()
    const before = [at(1, 0), at(2, 5_000), at(3, 5_010)]
    for (const each of before) recovered.replay('s', each, take(location, each))
    assert.deepEqual(recovered.placed, location.placed)
    assert.deepEqual(taken(recovered, at(4, 5_020), at(5, 5_030)), [impossible, impossible | anchors])
    assert.equal(recovered.placed?.seq, 5)
  })

  test('whatever was believed before, three that agree place the unit', () => {
    const anywhere = fc.record({
      northM: fc.integer({ min: -1e6, max: 1e6 }),
      accuracyM: fc.integer({ min: 0, max: 3_000 }),
    })
    fc.assert(
      fc.property(fc.array(anywhere, { maxLength: 30 }), fc.integer({ min: -1e6, max: 1e6 }), (before, northM) => {
        const location = new DriverLocation()
        let seq = 0
        for (const each of before) take(location, at(++seq, each.northM, each.accuracyM))
        for (let i = 0; i < 3; i++) take(location, at(++seq, northM))
        assert.equal(location.current?.latDeg, northM * METRE_DEG)
      }),
    )
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
