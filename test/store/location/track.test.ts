import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import fc from 'fast-check'
import type pg from 'pg'
import {
  decodeSegment,
  SEGMENT_CODEC_VERSION,
  SegmentCorrupt,
  SegmentEncoder,
} from '../../../src/store/location/segment-codec.ts'
import { readTrack, type TrackCursor, type TrackFix } from '../../../src/store/location/track.ts'
import { DamagedSpans } from '../../../src/store/location/track-damage.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

const HOUR_MS = 3_600_000
const START_MS = 1_767_225_600_000

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
let writer: pg.Client
before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  writer = await openClient(owned.url, { applicationName: 'goldenhour test' })
})
after(async () => {
  await writer.end()
  await database.destroy()
  await owned.drop()
})

interface StoredFix {
  readonly unitId: string
  readonly streamId: string
  readonly seq: number
  readonly fixedAtMs: number
  readonly flags: number
}

let regions = 0
/** A region of its own, with these segments. */
async function stored(segments: readonly (readonly StoredFix[])[]): Promise<string> {
  const region = `r${++regions}`
  const encoder = new SegmentEncoder()
  let segmentNo = 0
  for (const fixes of segments.filter(each => each.length > 0)) {
    for (const { unitId, streamId, seq, fixedAtMs, flags } of fixes)
      encoder.add(unitId, streamId, fix(seq, fixedAtMs), flags)
    const { bytes, firstFixedAtMs, lastFixedAtMs, fixCount } = encoder.finish()
    await writer.query('INSERT INTO location.segments VALUES ($1, $2, 0, $3, $4, $5, $6, $7)', [
      region,
      ++segmentNo,
      firstFixedAtMs,
      lastFixedAtMs,
      fixCount,
      SEGMENT_CODEC_VERSION,
      bytes,
    ])
  }
  return region
}

const fix = (seq: number, fixedAtMs: number) => ({
  seq,
  fixedAtMs,
  lonDeg: (1_747_600_000 + seq) / 1e7,
  latDeg: -36.85,
  accuracyM: seq % 3 === 0 ? null : 5.5,
  speedMps: seq % 2 === 0 ? null : 13.89,
  headingDeg: seq % 5 === 0 ? null : 270.5,
})

async function readAll(region: string, limit: number, fromMs = START_MS, toMs = START_MS + 24 * HOUR_MS) {
  const pages: (readonly TrackFix[])[] = []
  let after: TrackCursor | null = null
  do {
    const page = await readTrack(database, { region, unitId: 'A-7', fromMs, toMs, after, limit })
    assert.ok(page.fixes.length <= limit)
    pages.push(page.fixes)
    after = page.next
  } while (after !== null)
  return pages.flat()
}

const names = (fixes: readonly { streamId: string; seq: number; fixedAtMs: number }[]) =>
  fixes.map(({ streamId, seq, fixedAtMs }) => `${fixedAtMs - START_MS} ${seq} ${streamId}`)

test('a track is the stored fixes of the unit in the range, by time and seq, whatever segment they lie in', async () => {
  const anyFix = fc.record({
    unitId: fc.constantFrom('A-7', 'A-7', 'A-70', 'B'),
    streamId: fc.constantFrom('s1', 's2', 'van7-2026-01-01-with-a-long-name'),
    seq: fc.integer({ min: 1, max: 50 }),
    // Mostly of some minutes, so that they meet, and of days around.
    fixedAtMs: fc
      .oneof(fc.integer({ min: -2, max: 40 }), fc.integer({ min: -100_000, max: 200_000 }))
      .map(s => START_MS + s * 1_000),
    flags: fc.constantFrom(0, 0, 1, 6),
  })
  const distinct = fc.uniqueArray(anyFix, {
    maxLength: 60,
    selector: ({ unitId, streamId, seq }) => `${unitId} ${streamId} ${seq}`,
  })
  await fc.assert(
    fc.asyncProperty(
      distinct,
      fc.array(fc.nat(7), { minLength: 1 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 30 * 3_600 }),
      async (fixes, cuts, limit, rangeS) => {
        const segments: StoredFix[][] = []
        for (let at = 0, n = 0; at < fixes.length; n++) {
          const count = 1 + cuts[n % cuts.length]!
          segments.push(fixes.slice(at, at + count))
          at += count
        }
        const region = await stored(segments)
        const toMs = START_MS + rangeS * 1_000
        const expected = fixes
          .filter(({ unitId, fixedAtMs }) => unitId === 'A-7' && fixedAtMs >= START_MS && fixedAtMs < toMs)
          .sort((a, b) => a.fixedAtMs - b.fixedAtMs || a.seq - b.seq || (a.streamId < b.streamId ? -1 : 1))
        const read = await readAll(region, limit, START_MS, toMs)
        assert.deepEqual(names(read), names(expected))
        assert.deepEqual(
          read.map(({ streamId, flags, ...rest }) => [flags, rest]),
          expected.map(({ seq, fixedAtMs, flags }) => [flags, fix(seq, fixedAtMs)]),
        )
      },
    ),
    { numRuns: 40 },
  )
})

test('a backlog of many hours in one segment is found from every part of the range', async () => {
  const at = (seq: number, hours: number): StoredFix => ({
    unitId: 'A-7',
    streamId: 's1',
    seq,
    fixedAtMs: START_MS + hours * HOUR_MS,
    flags: 0,
  })
  const region = await stored([
    [at(1, -20), at(2, 0.5), at(3, 5), at(4, 23), at(5, 40)],
    [at(6, 3), at(7, 4)],
    [at(8, 23.9), at(9, 24.5)],
  ])
  assert.deepEqual(
    (await readAll(region, 2)).map(({ seq }) => seq),
    [2, 6, 7, 3, 4, 8],
  )
  assert.deepEqual(
    (await readAll(region, 10, START_MS + 4 * HOUR_MS, START_MS + 5 * HOUR_MS)).map(({ seq }) => seq),
    [7],
  )
})

test('more segments than a page of them, all with the unit, come in order and once', async () => {
  const segments = Array.from({ length: 1_200 }, (_, n) => [
    { unitId: 'A-7', streamId: 's1', seq: n + 1, fixedAtMs: START_MS + n * 1_000, flags: 0 },
  ])
  const region = await stored(segments)
  assert.deepEqual(
    (await readAll(region, 5_000)).map(({ seq }) => seq),
    segments.map((_, n) => n + 1),
  )
})

test('the fixes of one unit are those that a whole segment has of it, and other tables are refused no less', () => {
  const encoder = new SegmentEncoder()
  const rows: string[] = []
  for (let n = 1; n <= 500; n++) {
    const unitId = n % 7 === 0 ? 'U-1'.padEnd(32, 'x') : `U-${n % 5}`
    encoder.add(unitId, `stream-${n % 3}`, fix(n, START_MS + n), n % 4)
    rows.push(unitId)
  }
  const { bytes } = encoder.finish()
  const whole = decodeSegment(bytes)
  for (const unitId of [...new Set(rows), 'U-', 'U-11', 'U-1x', '']) {
    assert.deepEqual(
      decodeSegment(bytes, unitId),
      whole.filter(row => row.unitId === unitId),
      unitId,
    )
  }
  // Cut off within its table, at any byte.
  for (let length = 0; length < 60; length++) {
    assert.throws(() => decodeSegment(bytes.subarray(0, length), 'nobody'), SegmentCorrupt, String(length))
  }
})

test('a segment that is damaged or missing costs its own fixes, and every page tells when those were measured', async () => {
  const at = (seq: number, minute: number): StoredFix => ({
    unitId: 'A-7',
    streamId: 's1',
    seq,
    fixedAtMs: START_MS + minute * 60_000,
    flags: 0,
  })
  const segments = Array.from({ length: 12 }, (_, n) => [at(2 * n + 1, 10 * n), at(2 * n + 2, 10 * n + 1)])
  const region = await stored(segments)
  await writer.query(
    `UPDATE location.segments SET checksum = location.segment_checksum(region, segment_no, log_position,
      first_fixed_at_ms, last_fixed_at_ms, fix_count, codec_version, bytes) WHERE region = $1 AND segment_no <> 5`,
    [region],
  )
  const read = (fromMin = 0, toMin = 24 * 60, limit = 100) =>
    readTrack(database, {
      region,
      unitId: 'nobody',
      fromMs: START_MS + fromMin * 60_000,
      toMs: START_MS + toMin * 60_000,
      after: null,
      limit,
    })
  const minutes = (spans: readonly { fromMs: number; toMs: number; segments: number }[]) =>
    spans.map(({ fromMs, toMs, segments }) => [(fromMs - START_MS) / 60_000, (toMs - START_MS) / 60_000, segments])
  assert.deepEqual((await read()).damaged, [])

  const harm = (change: string, no: number) =>
    writer.query(`UPDATE location.segments SET ${change} WHERE region = $1 AND segment_no = $2`, [region, no])
  // By its checksum, and where there is none by its form.
  await harm('bytes = set_byte(bytes, octet_length(bytes) - 3, get_byte(bytes, octet_length(bytes) - 3) # 2)', 3)
  await harm('bytes = set_byte(bytes, 0, 9)', 5)
  for (const no of [8, 9]) {
    await writer.query('DELETE FROM location.segments WHERE region = $1 AND segment_no = $2', [region, no])
  }
  const lost = [5, 6, 9, 10, 15, 16, 17, 18]
  const { damaged } = await read()
  // What is missing lay between its neighbours, the seventh and the tenth.
  assert.deepEqual(minutes(damaged), [
    [20, 21, 1],
    [40, 41, 1],
    [60, 91, 2],
  ])
  assert.deepEqual(
    (await readAll(region, 3)).map(({ seq }) => seq),
    Array.from({ length: 24 }, (_, n) => n + 1).filter(seq => !lost.includes(seq)),
  )
  assert.deepEqual(minutes((await read(0, 30)).damaged), [[20, 21, 1]])
  assert.deepEqual(minutes((await read(75, 80)).damaged), [[75, 80, 2]])
  assert.deepEqual((await read(100)).damaged, [])
})

test('spans that meet are one, and there are at most a hundred', () => {
  const spans = new DamagedSpans()
  for (let n = 0; n < 500; n++) spans.note(n, n * 10, n * 10 + 5)
  spans.note(7, 70, 75)
  const all = spans.within(0, 100_000)
  assert.deepEqual([all.length, all.at(-1)], [100, { fromMs: 990, toMs: 4_995, segments: 401 }])
  spans.note(1_000, 0, 95)
  assert.deepEqual(spans.within(0, 94), [{ fromMs: 0, toMs: 94, segments: 11 }])
})
