/** `docs/protocol/feeds.md`: feeds, in both formats. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../support/engine.ts'
import { bareStreamId } from '../../support/feed-streams.ts'
import { FORMATS, fixAt, holdWrites, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2', 'A3'] } as const
const RULES = ['once', 'told', 'newest', 'late', 'anew', 'frames', 'bad', 'marks', 'crew', 'loss', 'old']
// One region a rule serves both formats, one after the other: the streams tell their fixes apart.
const stage = new Stage(Object.fromEntries(RULES.map(rule => [rule, ordered])))

const fix = (number: number, seq: number, distanceKm = 1) => [number, ...fixAt(seq, distanceKm)] as const

/** Takes units up; answers what the reply says of them. */
async function attach(feed: Speaker, ...channels: readonly unknown[]) {
  const { result } = await feed.ask('attach', channels)
  return result as { channels: [number, number][]; refused: [number, string][] }
}

/** Asks for the mark of a channel, which must come to this. */
async function durable(feed: Speaker, number: number, seq: number): Promise<void> {
  feed.send('mark', number)
  await feed.hear('feed-marks', ([, marks]) => marks.some(([told, mark]) => told === number && mark === seq))
}

for (const format of FORMATS) {
  const channel = (number: number, unitId: string, lowestSeq = 1) =>
    [number, unitId, `${format}-${unitId}`, 'gnss', lowestSeq] as const
  /** What is stored of this format's streams, as `unit/seq`. */
  const stored = async (region: string): Promise<string[]> =>
    (await stage.site.storedFixes(region))
      .filter(row => row.streamId.startsWith(format))
      .map(row => `${row.unitId}/${row.fix.seq}`)
      .sort()

  test(`[FD-1] [FD-2] attach tells each unit's mark or why it was refused (${format})`, async () => {
    const region = 'told'
    const feed = await stage.feed({ region, format, units: ['A1', 'ghost'] })
    assert.equal(feed.welcome.driver, null)
    const told = await attach(feed, channel(999_999, 'A1', 4), channel(2, 'A2'), channel(3, 'ghost'))
    assert.deepEqual(told, {
      channels: [[999_999, 3]],
      refused: [
        [2, 'wrong-unit'],
        [3, 'unknown-unit'],
      ],
    })
    const events = (await stage.site.records(region)).flatMap(record => record.events)
    const hole = events.findLast(event => event.type === 'FixHoleRecorded')
    assert.ok(hole?.type === 'FixHoleRecorded')
    assert.deepEqual([hole.unitId, bareStreamId(hole.streamId), hole.fromSeq, hole.toSeq], ['A1', `${format}-A1`, 1, 3])
    assert.equal(await feed.refused('attach', [channel(1, 'A1'), channel(1, 'A2')]), 'invalid-field channels')
    // Fixes may follow at once.
    feed.send('attach', 'q', [channel(5, 'A1', 4)])
    feed.send('feed-fixes', 0, fix(5, 4))
    await feed.reply('q')
    await durable(feed, 5, 4)
  })

  test(`[FD-2] the answer to an attach leaves when the holes that it tells are stored (${format})`, async () => {
    const region = 'once'
    const feed = await stage.feed({ region, format })
    const held = await holdWrites(stage.site, region)
    feed.send('attach', 'q', [channel(1, 'A1', 9)])
    assert.deepEqual(await feed.heardSoFar(), [])
    await held.release()
    assert.deepEqual((await feed.reply('q')).result.channels, [[1, 8]])
  })

  test(`[FD-3] the newest attach wins, and the feed that had the unit is told (${format})`, async () => {
    const region = 'newest'
    const feed = await stage.feed({ region, format })
    await attach(feed, channel(1, 'A1'), channel(2, 'A2'))
    const newer = await stage.feed({ region, format })
    await attach(newer, channel(7, 'A1'))
    assert.deepEqual(await feed.hear('detached'), ['detached', 1, 'superseded'])
    feed.send('feed-fixes', 0, fix(1, 1), fix(2, 1))
    assert.equal(await feed.refusal(null), 'unknown-stream')
    await durable(feed, 2, 1)
    newer.send('feed-fixes', 0, fix(7, 1))
    await durable(newer, 7, 1)
    await attach(newer, channel(8, 'A1'))
    assert.deepEqual(await newer.hear('detached'), ['detached', 7, 'superseded'])
    assert.deepEqual(await stored(region), ['A1/1', 'A2/1'])
  })

  test(`[FD-3] what a feed sent before its newest hello, and comes late, takes nothing from it (${format})`, async () => {
    const region = 'late'
    const nowMs = Date.now()
    const given = await stage.feed({ region, format, clientNowMs: nowMs })
    const newer = await stage.feed({ region, format, clientNowMs: nowMs + 1 })
    await attach(newer, channel(1, 'A1'))
    const told = await attach(given, channel(1, 'A1'), channel(2, 'A2'))
    assert.deepEqual(told, { channels: [[2, 0]], refused: [[1, 'unavailable']] })
    newer.send('feed-fixes', 0, fix(1, 1))
    await durable(newer, 1, 1)
    assert.equal(
      (await newer.heardSoFar()).some(([type]) => type === 'detached'),
      false,
    )
    // Another feed does, whatever its clock says.
    const other = await stage.feed({ region, format, sub: 'others', clientNowMs: nowMs - 60_000 })
    await attach(other, channel(1, 'A1'))
    assert.deepEqual(await newer.hear('detached'), ['detached', 1, 'superseded'])
  })

  test(`[FD-4] a channel is left by naming it anew, by detach, and with the connection (${format})`, async () => {
    const region = 'anew'
    const feed = await stage.feed({ region, format })
    await attach(feed, channel(1, 'A1'), channel(2, 'A2'), channel(3, 'A3'))
    assert.deepEqual((await attach(feed, channel(1, 'ghost'))).refused, [[1, 'unknown-unit']])
    assert.deepEqual((await feed.ask('detach', [2, 99])).result, {})
    feed.send('feed-fixes', 0, fix(1, 1), fix(2, 1), fix(3, 1))
    const [, , code, , details] = await feed.hear('error')
    assert.deepEqual([code, details], ['unknown-stream', { channel: 1, others: [[2, null]] }])
    await durable(feed, 3, 1)
    feed.socket.close()
    await feed.closed
    const other = await stage.feed({ region, format })
    await attach(other, channel(1, 'A3', 2), channel(2, 'A1'), channel(3, 'A2'))
    other.send('feed-fixes', 0, fix(1, 2))
    await durable(other, 1, 2)
    assert.deepEqual(await stored(region), ['A3/1', 'A3/2'])
  })

  test(`[FD-5] a frame has the fixes of many units, each channel in the order of its seq (${format})`, async () => {
    const region = 'frames'
    const feed = await stage.feed({ region, format })
    await attach(feed, channel(1, 'A1'), channel(2, 'A2'), channel(3, 'A3'))
    feed.send('feed-fixes', 0, fix(2, 1), fix(1, 1), fix(2, 2), fix(3, 1), fix(1, 2), fix(1, 3))
    feed.send('feed-fixes', 0, fix(1, 3), fix(1, 4))
    await durable(feed, 1, 4)
    await durable(feed, 2, 2)
    await durable(feed, 3, 1)
    const seqs = (unit: string, last: number) => Array.from({ length: last }, (_, i) => `${unit}/${i + 1}`)
    assert.deepEqual(await stored(region), [...seqs('A1', 4), ...seqs('A2', 2), ...seqs('A3', 1)])
    feed.send('feed-fixes', 0)
    assert.equal(await feed.refusal(null), 'invalid-field fixes')
  })

  test(`[FD-6] a channel that cannot go on is told where to, and does not hold up the others (${format})`, async () => {
    const region = 'bad'
    const feed = await stage.feed({ region, format })
    await attach(feed, channel(1, 'A1'), channel(2, 'A2'), channel(3, 'A3'))
    feed.send('feed-fixes', 0, fix(1, 3), fix(9, 1), fix(2, 1), fix(1, 1), fix(9, 2), fix(3, 4), fix(2, 2))
    const errors = [await feed.hear('error'), await feed.hear('error')]
    assert.deepEqual(
      errors.map(([, id, code, , details]) => [id, code, details]),
      [
        [null, 'fix-gap', { channel: 1, expectedSeq: 1, others: [[3, 1]] }],
        [null, 'unknown-stream', { channel: 9 }],
      ],
    )
    await durable(feed, 2, 2)
    assert.deepEqual(await stored(region), ['A2/1', 'A2/2'])
    feed.send('mark', 9)
    assert.equal(await feed.refusal(null), 'unknown-stream')
  })

  test(`[FD-7] marks of many channels come together when eight fixes are stored or they are asked for (${format})`, async () => {
    const region = 'marks'
    const feed = await stage.feed({ region, format })
    await attach(feed, channel(1, 'A1'), channel(2, 'A2'), channel(3, 'A3'))
    const run = (number: number, count: number) => Array.from({ length: count }, (_, i) => fix(number, i + 1))
    feed.send('feed-fixes', 0, ...run(1, 8), ...run(2, 9), ...run(3, 3))
    const [, marks] = await feed.hear('feed-marks')
    assert.deepEqual(marks, [
      [1, 8],
      [2, 9],
    ])
    feed.send('mark', 3)
    assert.deepEqual((await feed.hear('feed-marks'))[1], [[3, 3]])
    // Of all channels at once, in one frame.
    feed.send('feed-fixes', 0, fix(1, 9), fix(3, 4))
    feed.send('mark', null)
    const told = new Map<number, number>()
    while (told.get(1) !== 9 || told.get(2) !== 9 || told.get(3) !== 4) {
      for (const [number, seq] of (await feed.hear('feed-marks'))[1]) told.set(number, seq)
    }
    feed.send('mark', null)
    assert.equal((await feed.hear('feed-marks'))[1].length, 3)
  })

  test(`[FD-8] a crew and a feed place the same unit, and the feed never speaks for it (${format})`, async () => {
    const region = 'crew'
    const crew = await stage.driver('A1', { region, format, streams: [[format, 'gnss', 1]] })
    const feed = await stage.feed({ region, format })
    await attach(feed, channel(1, 'A1'), channel(2, 'A2'))
    const desk = await stage.desk({ region, format })
    const unit = async (unitId: string) => {
      await desk.ask('watch-board', null)
      const [, , , , , units] = await desk.hear('board')
      return units.find(shown => shown.unitId === unitId)!
    }
    feed.send('feed-fixes', 0, fix(1, 1, 2), fix(2, 1, 2))
    await durable(feed, 1, 1)
    crew.send('fix', 0, 3_000, fixAt(1, 2.1))
    crew.send('mark', 0)
    await crew.hear('marks')
    assert.equal((await unit('A1')).fix?.lonE7, fixAt(1, 2.1)[2])
    assert.deepEqual([(await unit('A1')).connected, (await unit('A2')).connected], [true, false])
    for (const [type, ...fields] of [
      ['sign-on', Date.now()],
      ['set-status', 'available', null, Date.now()],
      ['accept-offer', `${region}.${'n'.repeat(21)}`, Date.now()],
      ['nearest', 0, 0, 1, null],
      ['watch-board', null],
    ] as [string, ...unknown[]][]) {
      assert.equal(await feed.refused(type, ...fields), 'wrong-role', type)
    }
    feed.send('fix', 0, 0, fixAt(1))
    assert.equal(await feed.refusal(null), 'wrong-role')
    for (const other of [crew, desk]) {
      assert.equal(await other.refused('attach', [channel(1, 'A1')]), 'wrong-role')
      other.send('feed-fixes', 0, fix(1, 2))
      assert.equal(await other.refusal(null), 'wrong-role')
    }
  })

  test(`[FD-9] a stream of many attaches ago is known with its mark, and fixes may follow at once (${format})`, async () => {
    const region = 'old'
    const feed = await stage.feed({ region, format })
    const carry = async (streamId: string, count: number) => {
      await attach(feed, [1, 'A1', `${format}-${streamId}`, 'device', 1])
      feed.send('feed-fixes', 0, ...Array.from({ length: count }, (_, i) => fix(1, i + 1)))
      await durable(feed, 1, count)
    }
    await carry('m0', 3)
    for (let i = 1; i <= 10; i += 1) await carry(`m${i}`, 1)
    feed.send('attach', 'back', [[1, 'A1', `${format}-m0`, 'device', 1]])
    feed.send('feed-fixes', 0, ...[1, 2, 3, 4].map(seq => fix(1, seq)))
    const { result } = await feed.reply('back')
    assert.deepEqual(result, { channels: [[1, 3]], refused: [] })
    await durable(feed, 1, 4)
    const rows = (await stage.site.storedFixes(region)).filter(row => bareStreamId(row.streamId) === `${format}-m0`)
    assert.deepEqual(
      rows.map(row => row.fix.seq),
      [1, 2, 3, 4],
    )
  })

  test(`[FD-9] a feed that comes back goes on from the marks: nothing is lost and nothing stored twice (${format})`, async () => {
    const region = 'loss'
    const first = await stage.feed({ region, format })
    await attach(first, channel(1, 'A1'), channel(2, 'A2'))
    first.send('feed-fixes', 0, fix(1, 1), fix(2, 1), fix(1, 2))
    await durable(first, 1, 2)
    // Under way when the connection breaks: some of it may have been taken.
    first.send('feed-fixes', 0, fix(1, 3), fix(2, 2), fix(2, 3))
    first.socket.terminate()
    const again = await stage.feed({ region, format })
    const { channels } = await attach(again, channel(1, 'A1', 3), channel(2, 'A2'))
    const marks = new Map(channels)
    assert.ok(marks.get(1)! >= 2)
    const rest = (number: number, last: number) =>
      Array.from({ length: last - marks.get(number)! }, (_, i) => fix(number, marks.get(number)! + i + 1))
    again.send('feed-fixes', 0, ...rest(1, 4), ...rest(2, 4))
    await durable(again, 1, 4)
    await durable(again, 2, 4)
    const expected = ['A1', 'A2'].flatMap(unit => [1, 2, 3, 4].map(seq => `${unit}/${seq}`))
    await until('the fixes to be stored', async () => (await stored(region)).length >= expected.length)
    assert.deepEqual(await stored(region), expected)
  })
}
