/** Feeds through a region: whose a unit is, what becomes of its fixes, which marks leave when, and what a crash costs. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { feedTag } from '../../../src/actors/region/feeds/feed-streams.ts'
import { LIMITS } from '../../../src/protocol/limits.ts'
import type { FeedChannel, FeedFix } from '../../../src/protocol/wire/fix-tuples.ts'
import { decodeSegment } from '../../../src/store/location/segment-codec.ts'
import { type RecordingSession, RegionWorld, settle, wireFix } from '../../support/region-world.ts'

const PERSISTED_MS = 300
const MARKS_MS = 250

let world: RegionWorld
let feed: RecordingSession
beforeEach(async () => {
  world = await RegionWorld.open()
  await world.import(['A1'], ['A2'], ['A3'])
  feed = world.feed()
  await settle()
})
afterEach(() => world.close())

const channel = (number: number, unitId: string, lowestSeq = 1, streamId = `f-${unitId}`): FeedChannel => [
  number,
  unitId,
  streamId,
  'gnss',
  lowestSeq,
]
const fix = (number: number, seq: number, northM: number, ageMs = 0): FeedFix => [
  number,
  ...wireFix(seq, northM, ageMs),
]
const fixes = (number: number, from: number, to: number): FeedFix[] =>
  Array.from({ length: to - from + 1 }, (_, i) => fix(number, from + i, from + i))

const shownAtM = async (unitId: string): Promise<number | null> => {
  const unit = (await world.board()).units.find(shown => shown.unitId === unitId)
  const place = unit?.fix ?? null
  return place === null ? null : Math.round((place.latE7 / 1e7 + 36.85) * 111_195)
}
/** What stands behind the ids of this feed's streams where they are stored. */
const TAG = feedTag('modem gateway')
/** What is stored, as `unit/stream/seq`, in order; of this feed's streams with the ids that it has given them. */
const stored = async (): Promise<string[]> => {
  const rows: string[] = []
  for await (const segments of world.journal.readSegments('akl', 0)) {
    for (const { bytes } of segments) {
      for (const row of decodeSegment(bytes)) rows.push(`${row.unitId}/${row.streamId.replace(TAG, '')}/${row.fix.seq}`)
    }
  }
  return rows.sort()
}
/** The highest mark that a feed was told of each channel. */
const marks = (session = feed): Record<number, number> =>
  Object.fromEntries(session.all('feed-marks').flatMap(([told]) => told.map(mark => [...mark])))

describe('attaching', () => {
  test('the reply tells the durable mark of each channel, and of each that was refused the reason', async () => {
    const limited = world.feed(['A1', 'ghost'])
    const told = await world.attach(limited, channel(1, 'A1'), channel(2, 'A2'), channel(3, 'ghost'))
    assert.deepEqual(told, {
      channels: [[1, 0]],
      refused: [
        [2, 'wrong-unit'],
        [3, 'unknown-unit'],
      ],
    })
    world.feedFixes(limited, ...fixes(1, 1, 3), fix(2, 1, 5))
    await world.advance(PERSISTED_MS)
    assert.deepEqual((await world.attach(limited, channel(1, 'A1', 4))).channels, [[1, 3]])
  })

  test('a unit that was taken out of service for good is refused, and leaves the feed that has it', async () => {
    await world.attach(feed, channel(1, 'A1'), channel(2, 'A2'))
    world.region.ref.tell({ type: 'units', units: [], retired: ['A1'] })
    await settle()
    assert.deepEqual(feed.all('detached'), [[1, 'unit-retired']])
    assert.deepEqual(await world.attach(feed, channel(1, 'A1')), { channels: [], refused: [[1, 'unit-retired']] })
  })

  test('many channels are taken up in parts, and what others ask does not wait for all of them', async () => {
    const units = Array.from({ length: 200 }, (_, i) => `B${i}`)
    await world.import(...units.map((unit): [string] => [unit]))
    const headBefore = world.region.logHead
    let headWhenAsked = -1
    world.host.tell(feed, {
      type: 'attach',
      id: 'many',
      channels: [...units.map((unit, i) => channel(i, unit, 5)), channel(999, 'ghost')],
    })
    // Behind it in the order of the feed, and not before its channel is attached.
    world.host.tell(feed, { type: 'feed-fixes', sentAtMs: 0, fixes: [fix(199, 5, 10)] })
    world.host.query({ type: 'nearest', lonDeg: 0, latDeg: 0, k: 1, levelOfCare: null }, answer => {
      if (answer.ok) headWhenAsked = answer.position
    })
    await world.advance(PERSISTED_MS)
    assert.equal(headWhenAsked - headBefore, 1)
    assert.equal(world.region.logHead - headBefore, 4)
    const [id, , result] = feed.last('reply')
    assert.equal(id, 'many')
    const { channels, refused } = result as { channels: [number, number][]; refused: unknown[] }
    assert.deepEqual(
      channels,
      units.map((_, i) => [i, 4]),
    )
    assert.deepEqual(refused, [[999, 'unknown-unit']])
    assert.deepEqual(
      feed.all('error').map(([, code]) => code),
      ['overloaded'],
    )
  })

  test('a connection that ends while its channels are taken up leaves none of them held', async () => {
    const units = Array.from({ length: 200 }, (_, i) => `B${i}`)
    await world.import(...units.map((unit): [string] => [unit]))
    world.host.tell(feed, { type: 'attach', id: 'many', channels: units.map((unit, i) => channel(i, unit)) })
    world.host.closed(feed)
    await world.advance(PERSISTED_MS)
    const actors = [...world.region.states.driverActors()]
    assert.ok(actors.every(actor => actor.feed === null))
  })

  test('a crew hears nothing of holes in its track', async () => {
    const crew = world.connect('A1')
    await settle()
    const before = crew.messages.length
    await world.attach(feed, channel(1, 'A1', 5))
    assert.equal(crew.messages.length, before)
  })

  test('one feed holds a unit at a time: the newest attach wins and the older feed is told', async () => {
    await world.attach(feed, channel(1, 'A1'), channel(2, 'A2'))
    world.feedFixes(feed, fix(1, 1, 100))
    const newer = world.feed()
    await settle()
    assert.deepEqual((await world.attach(newer, channel(7, 'A1', 1))).refused, [])
    assert.deepEqual(feed.all('detached'), [[1, 'superseded']])
    world.feedFixes(feed, fix(1, 2, 900), fix(2, 1, 50))
    world.feedFixes(newer, fix(7, 2, 200))
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await stored(), ['A1/f-A1/1', 'A1/f-A1/2', 'A2/f-A2/1'])
    assert.equal(await shownAtM('A1'), 200)
    const [, code, , details] = feed.last('error')
    assert.deepEqual([code, details], ['unknown-stream', { channel: 1 }])
  })

  test('a channel that is named anew has left its former unit, also when it is refused', async () => {
    await world.attach(feed, channel(1, 'A1'))
    assert.deepEqual((await world.attach(feed, channel(1, 'ghost'))).refused, [[1, 'unknown-unit']])
    world.feedFixes(feed, fix(1, 1, 100))
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await stored(), [])
    assert.equal(feed.last('error')[1], 'unknown-stream')
    assert.deepEqual(feed.all('detached'), [])
  })

  test('a detached channel takes no fixes any more, and the unit is free for another feed without a word', async () => {
    await world.attach(feed, channel(1, 'A1'))
    world.host.tell(feed, { type: 'detach', id: 'd', channels: [1, 99] })
    await settle()
    assert.deepEqual(feed.last('reply').slice(0, 1), ['d'])
    await world.attach(world.feed(), channel(1, 'A1'))
    assert.deepEqual(feed.all('detached'), [])
    world.feedFixes(feed, fix(1, 1, 100))
    await settle()
    assert.equal(feed.last('error')[1], 'unknown-stream')
  })

  test('no fix is taken above a hole that is not on record yet: a crash between would leave it untold', async () => {
    const append = world.journal.appendRecords.bind(world.journal)
    world.journal.appendRecords = () => new Promise(() => {})
    world.host.tell(feed, { type: 'attach', id: 'q', channels: [channel(1, 'A1', 5), channel(2, 'A2')] })
    world.feedFixes(feed, ...fixes(1, 5, 6), fix(2, 1, 50))
    await world.advance(PERSISTED_MS)
    const [id, code, , details] = feed.last('error')
    assert.deepEqual([id, code], [null, 'overloaded'])
    assert.deepEqual(details, { channel: 1, expectedSeq: 5, retryAfterMs: 1_000 })
    assert.deepEqual([feed.all('error').length, await stored()], [1, ['A2/f-A2/1']])
    // Nor from another feed that takes the stream up meanwhile, and has no hole of its own.
    const other = world.feed()
    world.host.tell(other, { type: 'attach', id: 'q', channels: [channel(1, 'A1', 5)] })
    world.feedFixes(other, ...fixes(1, 5, 6))
    await world.advance(PERSISTED_MS)
    assert.deepEqual([other.last('error')[1], await stored()], ['overloaded', ['A2/f-A2/1']])
    await world.restart('crash')
    world.journal.appendRecords = append
    feed = world.feed()
    await settle()
    assert.deepEqual((await world.attach(feed, channel(1, 'A1', 5))).channels, [[1, 4]])
    world.feedFixes(feed, ...fixes(1, 5, 6))
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await stored(), ['A1/f-A1/5', 'A1/f-A1/6', 'A2/f-A2/1'])
    const holes = await world.events('FixHoleRecorded')
    assert.deepEqual(
      holes.map(({ fromSeq, toSeq }) => [fromSeq, toSeq]),
      [[1, 4]],
    )
  })

  test('the answer waits until the holes it found are durable, and `detached` does not overtake it', async () => {
    world.journal.stall()
    world.host.tell(feed, { type: 'attach', id: 'q', channels: [channel(1, 'A1', 5)] })
    await settle()
    const newer = world.feed()
    world.host.tell(newer, { type: 'attach', id: 'q', channels: [channel(1, 'A1', 5)] })
    await settle()
    assert.deepEqual(feed.all('reply'), [])
    world.journal.resume()
    await settle()
    assert.deepEqual(
      feed.messages.filter(([type]) => type === 'reply' || type === 'detached').map(([type]) => type),
      ['reply', 'detached'],
    )
    assert.deepEqual(
      (await world.events('FixHoleRecorded')).map(({ unitId, streamId, fromSeq, toSeq }) => [
        unitId,
        streamId,
        fromSeq,
        toSeq,
      ]),
      [['A1', `f-A1${TAG}`, 1, 4]],
    )
  })
})

describe('fixes', () => {
  beforeEach(() => world.attach(feed, channel(1, 'A1'), channel(2, 'A2'), channel(3, 'A3')))

  test('fixes of many units in one frame place each of them', async () => {
    world.feedFixes(feed, fix(1, 1, 100), fix(2, 1, 200), fix(1, 2, 150), fix(3, 1, 300))
    await world.advance(PERSISTED_MS)
    assert.deepEqual([await shownAtM('A1'), await shownAtM('A2'), await shownAtM('A3')], [150, 200, 300])
    assert.deepEqual(await stored(), ['A1/f-A1/1', 'A1/f-A1/2', 'A2/f-A2/1', 'A3/f-A3/1'])
  })

  test('a gap on one channel is refused with the seq that is expected, and does not stop the others', async () => {
    world.feedFixes(feed, fix(1, 1, 100), fix(2, 5, 900), fix(3, 1, 300), fix(2, 1, 200), fix(1, 2, 110))
    await world.advance(PERSISTED_MS)
    assert.deepEqual(
      feed.all('error').map(([id, code, , details]) => [id, code, details]),
      [[null, 'fix-gap', { channel: 2, expectedSeq: 1 }]],
    )
    assert.deepEqual(
      await stored(),
      ['A1/f-A1/1', 'A1/f-A1/2', 'A3/f-A3/1'],
      'what follows a gap in a frame is left out',
    )
    world.feedFixes(feed, fix(2, 1, 200))
    await world.advance(PERSISTED_MS)
    assert.equal(await shownAtM('A2'), 200)
  })

  test('a channel that was never attached is told once a frame', async () => {
    world.feedFixes(feed, fix(9, 1, 100), fix(9, 2, 100), fix(1, 1, 100), fix(9, 3, 100))
    await settle()
    assert.deepEqual(
      feed.all('error').map(([, code, , details]) => [code, details]),
      [['unknown-stream', { channel: 9 }]],
    )
  })

  test('a frame is answered once for each thing that is wrong with it, with where each channel is to go on', async () => {
    world.feedFixes(feed, fix(1, 1, 100))
    world.feedFixes(
      feed,
      fix(2, 5, 900),
      fix(9, 1, 100),
      fix(1, 4, 100),
      fix(3, 2, 300),
      fix(8, 1, 100),
      fix(1, 5, 100),
    )
    await settle()
    assert.deepEqual(
      feed.all('error').map(([, code, , details]) => [code, details]),
      [
        [
          'fix-gap',
          {
            ...{ channel: 2, expectedSeq: 1 },
            others: [
              [1, 2],
              [3, 1],
            ],
          },
        ],
        ['unknown-stream', { channel: 9, others: [[8, null]] }],
      ],
    )
  })

  test('a fix timed outside every calendar stops its channel alone', async () => {
    await world.attach(feed, [2, 'A2', 'f-A2', 'device', 1])
    // Of a receiver's clock the time is taken as it is, of a device's only the age.
    world.host.tell(feed, {
      type: 'feed-fixes',
      sentAtMs: -world.machine.wallMs(),
      fixes: [fix(1, 1, 100, 1_000), fix(2, 1, 200, 1_000)],
    })
    await settle()
    assert.deepEqual(
      feed.all('error').map(([, code, , details]) => [code, details]),
      [['invalid-field', { path: 'ageMs', channel: 1, expectedSeq: 1 }]],
    )
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await stored(), ['A2/f-A2/1'])
  })

  test('the newest fix places the unit, whether its crew or the feed sent it, and both are kept', async () => {
    const crew = world.connect('A1')
    await settle()
    world.feedFixes(feed, fix(1, 1, 100, 5_000))
    world.fixAt(crew, 300, 1_000)
    world.feedFixes(feed, fix(1, 2, 200, 3_000))
    await world.advance(PERSISTED_MS)
    assert.equal(await shownAtM('A1'), 300)
    world.feedFixes(feed, fix(1, 3, 400))
    await world.advance(PERSISTED_MS)
    assert.equal(await shownAtM('A1'), 400)
    assert.deepEqual(await stored(), ['A1/f-A1/1', 'A1/f-A1/2', 'A1/f-A1/3', 'A1/s-A1/1'])
    world.host.tell(crew, { type: 'mark', streamIndex: 0 })
    await settle()
    assert.deepEqual(crew.all('marks'), [[0, 1]], 'the crew hears of its own stream alone')
  })

  test('a feed does not make its unit connected, and its end does not disconnect the crew', async () => {
    world.feedFixes(feed, fix(1, 1, 100))
    await world.advance(PERSISTED_MS)
    assert.equal((await world.board()).units[0]!.connected, false)
    world.connect('A1')
    await settle()
    world.host.closed(feed)
    await settle()
    assert.equal((await world.board()).units[0]!.connected, true)
  })

  test('a duplicate is dropped, stored once, and covered by the mark', async () => {
    world.feedFixes(feed, fix(1, 1, 100), fix(1, 2, 200))
    world.feedFixes(feed, fix(1, 1, 900), fix(1, 2, 900), fix(1, 3, 300))
    await world.advance(PERSISTED_MS)
    assert.deepEqual(await stored(), ['A1/f-A1/1', 'A1/f-A1/2', 'A1/f-A1/3'])
    assert.equal(await shownAtM('A1'), 300)
  })

  test('frames that were held back do not count against the feed afterwards', async () => {
    world.fillMailbox()
    for (let i = 0; i < 600; i += 1) world.feedFixes(feed, ...fixes(1, 1, 1_000))
    const held = feed.all('error').length
    assert.ok(held > 0 && held < 600, String(held))
    while (world.region.mailboxDepth > 0) await settle()
    while (world.region.intake.waitingBytes > 0) await world.advance(2)
    world.feedFixes(feed, fix(1, 1_001, 100))
    await world.advance(PERSISTED_MS)
    assert.equal((await stored()).length, 1_001)
    assert.equal(feed.all('error').length, held)
  })

  test('what a full queue of fixes cannot take is refused for each channel, and taken when it is sent again', async () => {
    world.journal.stall()
    let seq = 0
    while (feed.all('error').length === 0) {
      assert.ok(seq < 10_000_000, 'the queue is never full')
      world.feedFixes(feed, ...fixes(1, seq + 1, seq + 1_000))
      seq += 1_000
      while (world.region.mailboxDepth > 0) await settle()
    }
    const [, code, , details] = feed.last('error')
    assert.equal(code, 'overloaded')
    const { channel: number, expectedSeq, retryAfterMs } = details as Record<string, number>
    assert.deepEqual([number, retryAfterMs], [1, 1_000])
    world.journal.resume()
    await world.advance(2_000)
    const before = feed.all('error').length
    world.feedFixes(feed, ...fixes(1, expectedSeq!, expectedSeq! + 9))
    await world.advance(PERSISTED_MS)
    assert.equal(feed.all('error').length, before)
    assert.ok((await stored()).includes(`A1/f-A1/${expectedSeq! + 9}`))
  })
})

describe('marks', () => {
  beforeEach(() => world.attach(feed, channel(1, 'A1'), channel(2, 'A2'), channel(3, 'A3')))

  test('eight fixes are worth a mark; those of all channels leave together', async () => {
    world.feedFixes(feed, ...fixes(1, 1, 8), ...fixes(2, 1, 9), ...fixes(3, 1, 7))
    await world.advance(PERSISTED_MS + MARKS_MS)
    assert.deepEqual(feed.all('feed-marks'), [
      [
        [
          [1, 8],
          [2, 9],
        ],
      ],
    ])
  })

  test('a feed is told at most four times a second, and of the newest mark', async () => {
    for (let i = 0; i < 20; i++) {
      world.feedFixes(feed, ...fixes(1, 8 * i + 1, 8 * i + 8))
      await world.advance(50)
    }
    await world.advance(PERSISTED_MS + MARKS_MS)
    assert.ok(feed.all('feed-marks').length <= 7, `${feed.all('feed-marks').length} frames in 1.55 s`)
    assert.deepEqual(marks(), { 1: 160 })
  })

  test('a single fix is marked 30 s after the last mark, and not before', async () => {
    world.feedFixes(feed, fix(1, 1, 100))
    await world.advance(29_000)
    assert.deepEqual(feed.all('feed-marks'), [])
    await world.advance(2_000)
    assert.deepEqual(marks(), { 1: 1 })
    await world.advance(60_000)
    world.feedFixes(feed, fix(1, 2, 100))
    await world.advance(PERSISTED_MS + MARKS_MS)
    assert.deepEqual(marks(), { 1: 2 }, 'after a long silence at once')
  })

  test('a mark that is asked for comes when everything received by then is stored', async () => {
    world.journal.stall()
    world.feedFixes(feed, ...fixes(1, 1, 2))
    world.host.tell(feed, { type: 'mark', streamIndex: 1 })
    world.host.tell(feed, { type: 'mark', streamIndex: 2 })
    await world.advance(1_000)
    assert.deepEqual(marks(), { 2: 0 }, 'nothing of channel 2 waits to be stored')
    world.journal.resume()
    await world.advance(1_000)
    assert.deepEqual(marks(), { 1: 2, 2: 0 })
    world.host.tell(feed, { type: 'mark', streamIndex: 9 })
    await settle()
    assert.deepEqual(feed.last('error')[3], { channel: 9 })
  })

  test('marks wait for a feed that does not read, and none is lost', async () => {
    feed.isBehind = true
    world.feedFixes(feed, ...fixes(1, 1, 8))
    await world.advance(5_000)
    world.feedFixes(feed, ...fixes(1, 9, 20), ...fixes(2, 1, 8))
    await world.advance(5_000)
    assert.deepEqual(feed.all('feed-marks'), [])
    feed.isBehind = false
    await world.advance(MARKS_MS)
    assert.deepEqual(marks(), { 1: 20, 2: 8 })
  })

  test('a feed that says nothing costs no timer', async () => {
    world.feedFixes(feed, ...fixes(1, 1, 8))
    await world.advance(60_000)
    assert.ok(!world.machine.delays.some(delay => delay <= MARKS_MS), world.machine.delays.join(' '))
  })
})

describe('loss', () => {
  test('a feed that comes back after a crash and sends on from the mark loses nothing and stores nothing twice', async () => {
    const units = ['A1', 'A2', 'A3']
    const unmarked = new Map(units.map(unitId => [unitId, 0]))
    const next = new Map(units.map(unitId => [unitId, 0]))
    let random = 7
    const chance = (of: number) => {
      random = (random * 48_271) % 2_147_483_647
      return random % of
    }
    for (let life = 0; life < 6; life++) {
      const session = world.feed()
      await settle()
      const { channels } = await world.attach(
        session,
        ...units.map((unitId, i) => channel(i, unitId, unmarked.get(unitId)! + 1)),
      )
      for (const [i, mark] of channels as [number, number][]) {
        const unitId = units[i]!
        assert.ok(mark >= unmarked.get(unitId)!, 'a mark never goes back')
        // Everything above the mark is sent again, in order.
        const backlog = fixes(i, mark + 1, next.get(unitId)!)
        if (backlog.length > 0) world.feedFixes(session, ...backlog)
      }
      for (let frame = 0; frame < 30; frame++) {
        const own = units.flatMap((unitId, i) => {
          if (chance(3) === 0) return []
          const seq = next.get(unitId)! + 1
          next.set(unitId, seq)
          return [fix(i, seq, seq)]
        })
        if (own.length > 0) world.feedFixes(session, ...own)
        await world.advance(chance(120))
      }
      for (const [i, mark] of Object.entries(marks(session))) unmarked.set(units[Number(i)]!, mark)
      if (life < 5) await world.restart(life % 2 === 0 ? 'crash' : 'drain')
    }
    await world.advance(PERSISTED_MS)
    const expected = units.flatMap(unitId =>
      Array.from({ length: next.get(unitId)! }, (_, i) => `${unitId}/f-${unitId}/${i + 1}`),
    )
    assert.deepEqual(await stored(), expected.sort())
    assert.deepEqual(await world.events('FixHoleRecorded'), [])
  })

  test("a feed's stream is kept although its crew's app has opened eight new ones", async () => {
    await world.attach(feed, channel(1, 'A1'))
    world.feedFixes(feed, ...fixes(1, 1, 3))
    const many = (round: number) => Array.from({ length: 8 }, (_, i) => [`s${round}-${i}`, 'gnss', 1] as const)
    for (let round = 0; round < 3; round++) {
      world.connect('A1', many(round))
      await settle()
    }
    world.feedFixes(feed, ...fixes(1, 4, 12))
    await world.advance(PERSISTED_MS + MARKS_MS)
    assert.deepEqual(marks(), { 1: 12 })
    assert.deepEqual(feed.all('error'), [])
  })
})

describe('a stream that another feed names', () => {
  test('[FD-10] is another one: nothing of the first is taken for sent, nor after a restart', async () => {
    await world.attach(feed, channel(1, 'A1'))
    world.feedFixes(feed, ...fixes(1, 1, 2))
    await world.advance(PERSISTED_MS)
    const other = world.feed(null, 'another gateway')
    const taken = await world.attach(other, channel(1, 'A1', 50))
    assert.deepEqual(taken, { channels: [[1, 49]], refused: [] })
    world.feedFixes(other, ...fixes(1, 50, 60))
    await world.advance(PERSISTED_MS)
    assert.deepEqual((await world.attach(feed, channel(1, 'A1', 3))).channels, [[1, 2]])
    world.feedFixes(feed, ...fixes(1, 3, 12))
    await world.advance(PERSISTED_MS)
    assert.equal((await stored()).filter(row => row.startsWith('A1/f-A1/')).length, 12)
    await world.restart('crash')
    const back = world.feed()
    await settle()
    assert.deepEqual((await world.attach(back, channel(1, 'A1', 13))).channels, [[1, 12]])
  })

  test('[FD-2] a hole that no backlog could have made is refused and changes nothing', async () => {
    const most = LIMITS.holeFixes
    const { channels, refused } = await world.attach(feed, channel(1, 'A1', most + 2), channel(2, 'A2', most + 1))
    assert.deepEqual([channels, refused], [[[2, most]], [[1, 'invalid-field']]])
    assert.equal((await world.events('FixHoleRecorded')).length, 1)
    assert.deepEqual((await world.attach(feed, channel(1, 'A1'))).channels, [[1, 0]])
  })

  test('[FX-6] a driver with such a hole is sent away for good', async () => {
    const session = world.connect('A1', [
      ['s', 'gnss', 1],
      ['t', 'gnss', LIMITS.holeFixes + 2],
    ])
    await settle()
    assert.deepEqual(session.last('error').slice(0, 2), ['hello', 'invalid-field'])
    assert.deepEqual([session.last('error')[3], session.closes], [{ path: 'streams.1.2' }, [4400]])
    assert.deepEqual(await world.events('FixHoleRecorded'), [])
  })
})
