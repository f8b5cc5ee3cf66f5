/** Streams that a unit used long ago: what is told of them when a client comes back with one, and what that costs. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { feedTag } from '../../../src/actors/region/feeds/feed-streams.ts'
import type { FeedChannel, FeedFix, StreamDeclaration } from '../../../src/protocol/wire/fix-tuples.ts'
import { decodeSegment } from '../../../src/store/location/segment-codec.ts'
import { STREAM_MARKS_KEPT, StoreUnavailable } from '../../../src/store/log/journal.ts'
import { REGION, type RecordingSession, RegionWorld, settle, wireFix } from '../../support/region-world.ts'

const PERSISTED_MS = 300

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
  await world.import(['A1'], ['A2'])
})
afterEach(() => world.close())

const device = (streamId: string, lowestSeq = 1): StreamDeclaration => [streamId, 'device', lowestSeq]
const channel = (number: number, unitId: string, streamId: string, lowestSeq = 1): FeedChannel => [
  ...([number, unitId, streamId, 'device', lowestSeq] as const),
]
const feedFixes = (number: number, from: number, to: number): FeedFix[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [number, ...wireFix(from + i, from + i)])

/** What stands behind the ids of the feed's streams where they are stored; left out in what is compared here. */
const TAG = feedTag('modem gateway')
/** What is stored, as `unit/stream/seq`, in order. */
const stored = async (): Promise<string[]> => {
  const rows: string[] = []
  for await (const segments of world.journal.readSegments(REGION, 0)) {
    for (const { bytes } of segments) {
      for (const row of decodeSegment(bytes)) rows.push(`${row.unitId}/${row.streamId.replace(TAG, '')}/${row.fix.seq}`)
    }
  }
  return rows.sort()
}
const holes = async () =>
  (await world.events('FixHoleRecorded')).map(({ streamId, fromSeq, toSeq }) => [streamId, fromSeq, toSeq])
const rowOf = async (streamId: string, unitId = 'A1') =>
  (await world.journal.readStreamMarks(REGION, [{ unitId, streamId }]))[0]?.durableSeq ?? null

/** A session that takes up streams, newest login first, and sends one fix on each of those that are new. */
async function visit(...streams: StreamDeclaration[]): Promise<RecordingSession> {
  const session = world.connect('A1', streams)
  await settle()
  return session
}
/** Sends the fixes of one stream, in a session of its own. */
async function use(streamId: string, from = 1, to = 3): Promise<void> {
  const session = await visit(device(streamId, from))
  world.fixes(
    session,
    Array.from({ length: to - from + 1 }, (_, i) => wireFix(from + i, from + i)),
  )
  await world.advance(PERSISTED_MS)
  world.host.closed(session)
}
/** So many starts of an app, each with a stream of its own. */
async function starts(count: number, name = 'start'): Promise<void> {
  for (let i = 1; i <= count; i++) await use(`${name}${i}`, 1, 1)
}
const fixesOf = (streamId: string, count: number, unitId = 'A1') =>
  Array.from({ length: count }, (_, i) => `${unitId}/${streamId}/${i + 1}`)
/** Those of them that are of this stream. */
const storedOf = async (streamId: string) => (await stored()).filter(name => name.includes(`/${streamId}/`))

describe('a crew', () => {
  test('a stream of ten hellos ago is known with its mark, and its fixes are not stored again', async () => {
    await use('a')
    const others = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
    await visit(...others.map(id => device(id)))
    await visit(device('j'))
    const back = await visit(device('a'))
    assert.deepEqual(back.welcome.streams, [['a', 3]])
    world.fixes(back, [wireFix(1, 1), wireFix(2, 2), wireFix(3, 3)])
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await stored(), fixesOf('a', 3))
    world.fixes(back, [wireFix(4, 4)])
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await stored(), fixesOf('a', 4))
  })

  test('no hole is recorded over fixes of an old stream that are stored', async () => {
    await use('a')
    await starts(10)
    const back = await visit(device('a', 4))
    assert.deepEqual([back.welcome.streams, await holes()], [[['a', 3]], []])
    // What is missing for good is told, and no more.
    const again = await visit(device('a', 6))
    assert.deepEqual([again.welcome.streams, await holes()], [[['a', 5]], [['a', 4, 5]]])
  })

  for (const how of ['crash', 'drain'] as const) {
    for (const when of ['before', 'after'] as const) {
      test(`an old stream is known after a ${how} that comes ${when} others have pushed it out`, async () => {
        await use('a')
        if (when === 'before') await world.restart(how)
        await starts(12)
        if (when === 'after') await world.restart(how)
        const back = await visit(device('a'))
        assert.deepEqual(back.welcome.streams, [['a', 3]])
        world.fixes(back, [wireFix(2, 2), wireFix(3, 3), wireFix(4, 4)])
        await world.advance(PERSISTED_MS)
        assert.deepEqual(await storedOf('a'), fixesOf('a', 4))
      })
    }
  }

  test('an old stream is known after a crash that follows a drain, with more streams between', async () => {
    await use('a')
    await starts(12)
    await world.restart('drain')
    await use('a', 4, 5)
    await starts(12, 'later')
    await world.restart('crash')
    assert.deepEqual((await visit(device('a', 6))).welcome.streams, [['a', 5]])
    assert.deepEqual((await visit(device('start1', 2))).welcome.streams, [['start1', 1]])
    assert.deepEqual((await visit(device('later12', 2))).welcome.streams, [['later12', 1]])
    assert.deepEqual(await holes(), [])
  })

  test('a hole that an old stream ended with is known too', async () => {
    await visit(device('a', 10))
    await starts(12)
    for (const how of ['none', 'crash', 'drain'] as const) {
      if (how !== 'none') await world.restart(how)
      assert.deepEqual((await visit(device('a', 10))).welcome.streams, [['a', 9]])
      await starts(12, how)
    }
    assert.deepEqual(await holes(), [['a', 1, 9]])
  })

  test('a new stream waits for nothing, however many the unit has had and whether the store is away', async () => {
    await starts(12)
    let reads = 0
    world.journal.readStreamMarks = () => {
      reads++
      return Promise.reject(new StoreUnavailable('away'))
    }
    const fresh = await visit(device('fresh'))
    assert.deepEqual([fresh.welcome.streams, reads], [[['fresh', 0]], 0])
  })

  test('while the store is away an old stream is refused with a time, never guessed; then it is told', async () => {
    await use('a')
    await starts(12)
    const read = world.journal.readStreamMarks.bind(world.journal)
    world.journal.readStreamMarks = () => Promise.reject(new StoreUnavailable('away'))
    const refused = await visit(device('fresh'), device('a'))
    const [id, code, , details] = refused.last('error')
    assert.deepEqual([id, code, details, refused.closes], ['hello', 'unavailable', { retryAfterMs: 1_000 }, [4503]])
    assert.deepEqual(refused.all('welcome'), [])
    world.host.closed(refused)
    world.journal.readStreamMarks = read
    const back = await visit(device('fresh'), device('a'))
    assert.deepEqual(back.welcome.streams, [
      ['fresh', 0],
      ['a', 3],
    ])
  })

  test('a store that hangs is waited for 0.9 s; after that nobody waits for it', async () => {
    await use('a')
    await starts(12)
    world.journal.stall()
    const first = await visit(device('a'))
    await world.advance(800)
    assert.deepEqual([first.all('error'), first.closes], [[], []])
    await world.advance(200)
    assert.deepEqual([first.last('error')[1], first.closes], ['unavailable', [4503]])
    world.host.closed(first)
    const second = await visit(device('a'))
    assert.deepEqual(second.closes, [4503])
    world.host.closed(second)
    world.journal.resume()
    await settle()
    assert.deepEqual((await visit(device('a'))).welcome.streams, [['a', 3]])
  })

  test('until its marks are told a session is nobody: the former one goes on, a newer one takes its place', async () => {
    await use('a')
    await starts(12)
    const former = await visit(device('start12', 2))
    world.journal.stall()
    const older = await visit(device('a'))
    assert.deepEqual([former.closes, older.closes], [[], []])
    world.fixes(former, [wireFix(2, 700)])
    await settle()
    assert.equal((await world.board()).units[0]!.fix!.latE7, wireFix(2, 700)[3])
    const newer = await visit(device('a'))
    assert.deepEqual([older.closes, newer.closes], [[4409], []])
    world.host.closed(older)
    world.journal.resume()
    await world.advance(PERSISTED_MS)
    assert.deepEqual([former.closes, older.all('welcome'), newer.welcome.streams], [[4409], [], [['a', 3]]])
  })

  test('a session that leaves before its marks are told changes nothing', async () => {
    await use('a')
    await starts(12)
    const former = await visit(device('start12', 2))
    world.journal.stall()
    const gone = await visit(device('a'))
    world.host.closed(gone)
    world.journal.resume()
    await world.advance(PERSISTED_MS)
    assert.deepEqual([former.closes, gone.all('welcome')], [[], []])
    world.fixes(former, [wireFix(2, 2)])
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await storedOf('start12'), fixesOf('start12', 2))
  })

  test('a stream that leaves with fixes on their way keeps its place until they are stored', async () => {
    const first = await visit(device('a'))
    world.journal.stall()
    world.fixes(first, [wireFix(1, 1), wireFix(2, 2)])
    await settle()
    for (let i = 1; i <= 9; i++) {
      const session = await visit(device(`n${i}`))
      world.fixes(session, [wireFix(1, 1)])
    }
    await settle()
    const back = await visit(device('a'))
    world.journal.resume()
    await world.advance(PERSISTED_MS)
    // Nothing of it was durable when it was declared; the fixes that come again are duplicates all the same.
    assert.ok(back.welcome.streams[0]![1] <= 2)
    world.fixes(back, [wireFix(1, 1), wireFix(2, 2), wireFix(3, 3)])
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await storedOf('a'), fixesOf('a', 3))
  })

  test('no mark is written before the fixes that it covers', async () => {
    await starts(8)
    const session = await visit(device('a'))
    const append = world.journal.appendSegment.bind(world.journal)
    let isOpen = (): void => {}
    const gate = new Promise<void>(resolve => {
      isOpen = resolve
    })
    world.journal.appendSegment = async (ownership, segment) => {
      await gate
      return append(ownership, segment)
    }
    world.fixes(session, [wireFix(1, 1), wireFix(2, 2)])
    await world.advance(PERSISTED_MS)
    for (let i = 1; i <= 9; i++) await visit(device(`n${i}`))
    await world.advance(PERSISTED_MS)
    assert.equal(await rowOf('a'), null)
    isOpen()
    await world.advance(PERSISTED_MS)
    assert.equal(await rowOf('a'), 2)
  })

  test('no mark is written before the hole that it covers is on record', async () => {
    await visit(device('a', 5))
    await starts(8)
    const append = world.journal.appendRecords.bind(world.journal)
    let isOpen = (): void => {}
    const gate = new Promise<void>(resolve => {
      isOpen = resolve
    })
    world.journal.appendRecords = async (ownership, batch) => {
      await gate
      return append(ownership, batch)
    }
    // Recorded, and on its way when the stream leaves.
    await visit(device('a', 9))
    for (let i = 1; i <= 9; i++) await visit(device(`n${i}`))
    await world.advance(PERSISTED_MS)
    assert.equal(await rowOf('a'), null)
    isOpen()
    await world.advance(PERSISTED_MS)
    assert.deepEqual(
      [await rowOf('a'), await holes()],
      [
        8,
        [
          ['a', 1, 4],
          ['a', 5, 8],
        ],
      ],
    )
  })

  for (const how of ['crash', 'drain'] as const) {
    test(`a mark that could not be written yet is found again after a ${how}`, async () => {
      await use('a')
      const put = world.journal.putStreamMarks.bind(world.journal)
      world.journal.putStreamMarks = () => Promise.reject(new StoreUnavailable('away'))
      await starts(12)
      assert.equal(await rowOf('a'), null)
      await world.restart(how)
      world.journal.putStreamMarks = put
      assert.deepEqual((await visit(device('a'))).welcome.streams, [['a', 3]])
      await starts(12, 'later')
      await world.advance(PERSISTED_MS)
      assert.equal(await rowOf('a'), 3)
      assert.deepEqual((await visit(device('a'))).welcome.streams, [['a', 3]])
    })
  }

  test('a write of marks whose outcome is unknown is made again', async () => {
    for (const fault of ['unknown-kept', 'unknown-lost', 'unavailable'] as const) {
      await use(`a-${fault}`)
      await starts(8, fault)
      const last = await visit(device(`${fault}-last`))
      world.fixes(last, [wireFix(1, 1)])
      await world.advance(PERSISTED_MS)
      world.journal.failNext(fault)
      await visit(device(`${fault}-newest`))
      await world.advance(1_000)
      assert.deepEqual((await visit(device(`a-${fault}`))).welcome.streams, [[`a-${fault}`, 3]])
    }
  })

  test('while the store takes no marks a unit may open sixteen streams more, and is then told to come again', async () => {
    await starts(9)
    const put = world.journal.putStreamMarks.bind(world.journal)
    world.journal.putStreamMarks = () => Promise.reject(new StoreUnavailable('away'))
    await starts(16, 'more')
    const refused = await visit(device('one-more'))
    assert.deepEqual([refused.last('error')[1], refused.closes], ['unavailable', [4503]])
    world.host.closed(refused)
    // What it has is not touched by that.
    assert.deepEqual((await visit(device('start1', 2))).welcome.streams, [['start1', 1]])
    world.journal.putStreamMarks = put
    await world.advance(5_000)
    assert.deepEqual((await visit(device('one-more'))).welcome.streams, [['one-more', 0]])
  })

  test('streams without a fix leave nothing behind, however many come', async () => {
    let puts = 0
    const put = world.journal.putStreamMarks.bind(world.journal)
    world.journal.putStreamMarks = (ownership, marks) => {
      puts++
      return put(ownership, marks)
    }
    for (let i = 0; i < 50; i++) await visit(...Array.from({ length: 8 }, (_, k) => device(`empty${i}-${k}`)))
    const { location } = world.region.states.driverActors()[Symbol.iterator]().next().value!
    assert.deepEqual([puts, [...location.streams()].length, location.forgottenPrints()], [0, 9, []])
  })

  test('the store keeps the marks of the last thousand streams of a unit, and memory a fingerprint of each', async () => {
    const session = () => visit(...Array.from({ length: 8 }, (_, k) => device(`s${visits}-${k}`)))
    let visits = 0
    for (; visits < 140; visits++) {
      const open = await session()
      for (let k = 0; k < 8; k++) world.fixes(open, [wireFix(1, 1)], k)
      await world.advance(PERSISTED_MS)
    }
    const driver = [...world.region.states.driverActors()].find(({ unitId }) => unitId === 'A1')!
    assert.ok(driver.location.forgottenPrints().length < STREAM_MARKS_KEPT)
    assert.deepEqual([await rowOf('s0-0'), await rowOf('s100-0')], [null, 1])
    assert.deepEqual((await visit(device('s30-0'))).welcome.streams, [['s30-0', 1]])
  })
})

describe('a feed', () => {
  let feed: RecordingSession
  beforeEach(async () => {
    feed = world.feed()
    await settle()
  })

  /** Attaches a stream of A1's and sends one fix. */
  async function carry(streamId: string, to = 1): Promise<void> {
    await world.attach(feed, channel(1, 'A1', streamId))
    world.feedFixes(feed, ...feedFixes(1, 1, to))
    await world.advance(PERSISTED_MS)
  }

  test('a stream of ten attaches ago is known with its mark, and no hole is recorded over it', async () => {
    await carry('m0', 3)
    for (let i = 1; i <= 9; i++) await carry(`m${i}`)
    assert.deepEqual(await world.attach(feed, channel(1, 'A1', 'm0')), { channels: [[1, 3]], refused: [] })
    world.feedFixes(feed, ...feedFixes(1, 1, 4))
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await storedOf('m0'), fixesOf('m0', 4))
    for (let i = 1; i <= 9; i++) await carry(`n${i}`)
    assert.deepEqual((await world.attach(feed, channel(1, 'A1', 'm0', 5))).channels, [[1, 4]])
    assert.deepEqual(await holes(), [])
  })

  test('what follows an attach waits with it, in its order, and other feeds do not', async () => {
    await carry('m0', 3)
    for (let i = 1; i <= 9; i++) await carry(`m${i}`)
    const other = world.feed()
    await settle()
    await world.attach(other, channel(5, 'A2', 'o'))
    const read = world.journal.readStreamMarks.bind(world.journal)
    let isOpen = (): void => {}
    const gate = new Promise<void>(resolve => {
      isOpen = resolve
    })
    world.journal.readStreamMarks = async (region, streams) => {
      await gate
      return read(region, streams)
    }
    world.host.tell(feed, { type: 'attach', id: 'held', channels: [channel(1, 'A1', 'm0')] })
    world.feedFixes(feed, ...feedFixes(1, 3, 5))
    world.host.tell(feed, { type: 'mark', streamIndex: 1 })
    world.host.tell(feed, { type: 'detach', id: 'let-go', channels: [1] })
    world.feedFixes(feed, ...feedFixes(1, 6, 6))
    world.feedFixes(other, ...feedFixes(5, 1, 2))
    await world.advance(PERSISTED_MS)
    assert.deepEqual([feed.all('error'), await storedOf('o')], [[], fixesOf('o', 2, 'A2')])
    assert.deepEqual(
      feed.all('reply').filter(([id]) => id === 'held'),
      [],
    )
    isOpen()
    await world.advance(PERSISTED_MS)
    const answers = feed.all('reply').filter(([id]) => id === 'held' || id === 'let-go')
    assert.deepEqual(
      answers.map(([id, , result]) => [id, result]),
      [
        ['held', { channels: [[1, 3]], refused: [] }],
        ['let-go', {}],
      ],
    )
    assert.deepEqual(await storedOf('m0'), fixesOf('m0', 5))
    const [, code, , details] = feed.last('error')
    assert.deepEqual([feed.all('error').length, code, details], [1, 'unknown-stream', { channel: 1 }])
  })

  test('while the store is away only the units with an old stream are refused, and can be attached later', async () => {
    await carry('m0', 3)
    for (let i = 1; i <= 9; i++) await carry(`m${i}`)
    const read = world.journal.readStreamMarks.bind(world.journal)
    world.journal.readStreamMarks = () => Promise.reject(new StoreUnavailable('away'))
    assert.deepEqual(await world.attach(feed, channel(1, 'A1', 'm0'), channel(2, 'A2', 'x')), {
      channels: [[2, 0]],
      refused: [[1, 'unavailable']],
    })
    world.journal.readStreamMarks = read
    assert.deepEqual((await world.attach(feed, channel(1, 'A1', 'm0'))).channels, [[1, 3]])
  })

  test('a feed that ends while its attach is held leaves nothing behind', async () => {
    await carry('m0', 3)
    for (let i = 1; i <= 9; i++) await carry(`m${i}`)
    world.journal.stall()
    world.host.tell(feed, { type: 'attach', id: 'held', channels: [channel(1, 'A1', 'm0')] })
    world.feedFixes(feed, ...feedFixes(1, 4, 4))
    await settle()
    world.host.closed(feed)
    world.journal.resume()
    await world.advance(PERSISTED_MS)
    assert.deepEqual([feed.all('error'), await storedOf('m0')], [[], fixesOf('m0', 3)])
    feed = world.feed()
    await settle()
    assert.deepEqual((await world.attach(feed, channel(1, 'A1', 'm0'))).channels, [[1, 3]])
  })

  for (const how of ['crash', 'drain'] as const) {
    test(`an old stream of a feed is known after a ${how}`, async () => {
      await carry('m0', 3)
      for (let i = 1; i <= 9; i++) await carry(`m${i}`)
      await world.restart(how)
      feed = world.feed()
      await settle()
      assert.deepEqual((await world.attach(feed, channel(1, 'A1', 'm0'))).channels, [[1, 3]])
    })
  }
})
