/** Segments become tracks of units: whatever is killed on the way, every fix is read as before, once. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import type pg from 'pg'
import { packSegments } from '../../../src/store/age/pack-segments.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../../../src/store/location/segment-codec.ts'
import { readTrack, type TrackCursor, type TrackFix } from '../../../src/store/location/track.ts'
import { MomentReader } from '../../../src/store/log/moment-reader.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

const START_MS = 1_767_225_600_000
const UNITS = ['A-7', 'A-70', 'B']

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

interface SentFix {
  readonly unitId: string
  readonly streamId: string
  readonly seq: number
  readonly afterS: number
  readonly flags: number
}

let regions = 0
const newRegion = () => `p${++regions}`

/** Adds segments behind those that are there; the last of all stays open to packing only when another follows. */
async function append(region: string, segments: readonly (readonly SentFix[])[]): Promise<void> {
  const { rows } = await writer.query('SELECT greatest(location.segment_end($1), 0)::int AS last', [region])
  let no: number = rows[0].last
  for (const fixes of segments) {
    const encoder = new SegmentEncoder()
    for (const { unitId, streamId, seq, afterS, flags } of fixes)
      encoder.add(unitId, streamId, fixOf(seq, START_MS + afterS * 1_000), flags)
    const { bytes, firstFixedAtMs, lastFixedAtMs, fixCount } = encoder.finish()
    await writer.query(
      `INSERT INTO location.segments SELECT $1::text, $2::bigint, $2::bigint * 10, $3::bigint, $4::bigint, $5::int, $6::smallint,
         $7::bytea, location.segment_checksum($1, $2, $2 * 10, $3, $4, $5, $6, $7)`,
      [region, ++no, firstFixedAtMs, lastFixedAtMs, fixCount, SEGMENT_CODEC_VERSION, bytes],
    )
  }
  await writer.query(
    `INSERT INTO log.snapshots (region, entity, position, segment_no, state) VALUES ($1, 'region', 1, $2, '{}')
     ON CONFLICT (region, entity) DO UPDATE SET segment_no = excluded.segment_no`,
    [region, no],
  )
}

const fixOf = (seq: number, fixedAtMs: number) => ({
  ...{ seq, fixedAtMs, lonDeg: (1_747_600_000 + seq * 7) / 1e7, latDeg: -36.85 },
  accuracyM: seq % 3 === 0 ? null : 5.5,
  speedMps: seq % 2 === 0 ? null : 13.89,
  headingDeg: seq % 5 === 0 ? null : 270.5,
})

/** What a track of each unit has, by pages, and what it says that it lacks. */
async function tracks(region: string) {
  const all: [string, readonly TrackFix[], unknown][] = []
  for (const unitId of UNITS) {
    const fixes: TrackFix[] = []
    const damaged: unknown[] = []
    let next: TrackCursor | null = null
    do {
      const range = { fromMs: START_MS - 12_000_000, toMs: START_MS + 24_000_000 }
      const page = await readTrack(database, { region, unitId, ...range, after: next, limit: 20 })
      fixes.push(...page.fixes)
      damaged.push(...page.damaged)
      next = page.next
    } while (next !== null)
    all.push([unitId, fixes, damaged])
  }
  return all
}

async function packs(region: string) {
  const reader = await MomentReader.open(owned.url)
  try {
    return await reader.packs(region)
  } finally {
    await reader.end()
  }
}

const packedBy = async (region: string, segments: number, most = Number.POSITIVE_INFINITY) => {
  let runs = 0
  for await (const _ of packSegments(database, region, 1e15, { segments, bytes: 1e6, units: 2 }))
    if (++runs >= most) break
  return runs
}

/** Ends the session that packs once it has put its tracks and taken the segments out, before it has said so. */
async function killWithin(region: string): Promise<void> {
  await writer.query('BEGIN; LOCK TABLE location.packs IN EXCLUSIVE MODE')
  const packing = packedBy(region, 3).then(
    () => 'done',
    () => 'killed',
  )
  try {
    for (;;) {
      const ended = await Promise.race([packing, sleep(5, null)])
      if (ended !== null) break
      const { rowCount } = await writer.query(
        `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
         WHERE NOT l.granted AND l.relation = 'location.packs'::regclass`,
      )
      if ((rowCount ?? 0) > 0) assert.equal(await packing, 'killed')
    }
  } finally {
    await writer.query('ROLLBACK')
  }
}

const sent = fc.record({
  unitId: fc.constantFrom('A-7', 'A-7', 'A-70', 'B'),
  streamId: fc.constantFrom('s1', 's2', 'van7-2026-01-01-with-a-long-name'),
  seq: fc.integer({ min: 1, max: 60 }),
  // Of some minutes, so that they meet, and what comes late by hours.
  afterS: fc.oneof(fc.integer({ min: 0, max: 4_000 }), fc.integer({ min: -11_000, max: 23_000 })),
  flags: fc.constantFrom(0, 0, 1, 2, 6, 16, 64),
})
const batches = fc.array(
  fc.array(
    fc.uniqueArray(sent, {
      minLength: 1,
      maxLength: 8,
      selector: ({ unitId, streamId, seq }) => `${unitId} ${streamId} ${seq}`,
    }),
    { minLength: 2, maxLength: 6 },
  ),
  { minLength: 1, maxLength: 3 },
)

test('packed in any batches, with kills between and within, tracks are read as their segments were', async () => {
  let packedRuns = 0
  await fc.assert(
    fc.asyncProperty(
      batches,
      fc.array(
        fc.record({ segments: fc.integer({ min: 1, max: 5 }), most: fc.integer({ min: 1, max: 3 }), kill: fc.nat(3) }),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      async (groups, runs) => {
        const [region, plain] = [newRegion(), newRegion()]
        let seq = 0
        for (const group of groups) {
          // In a stream no number comes twice.
          const segments = group.map(fixes => fixes.map(fix => ({ ...fix, seq: ++seq })))
          // One of some seconds ends it, as in any region where units move.
          segments.push([{ unitId: 'B', streamId: 's1', seq: ++seq, afterS: 4_100, flags: 0 }])
          segments.push([{ unitId: 'B', streamId: 's1', seq: ++seq, afterS: 4_101, flags: 0 }])
          await append(region, segments)
          await append(plain, segments)
          for (const { segments: atOnce, most, kill } of runs) {
            if (kill === 0) await killWithin(region)
            packedRuns += await packedBy(region, atOnce, most)
            assert.deepEqual(await tracks(region), await tracks(plain))
          }
        }
        for (const { twice, fixes, soundFixes, unsoundTracks } of await packs(region))
          assert.deepEqual([twice, soundFixes, unsoundTracks], [0, fixes, 0])
      },
    ),
    { numRuns: 12 },
  )
  assert.ok(packedRuns > 12, `${packedRuns} runs were packed`)
})

const plainFixes = (count: number, from = 0): SentFix[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ unitId: 'A-7', streamId: 's1', seq: from + at + 1, afterS: (from + at) * 10, flags: 0 },
  }))

test('what an engine starts from stays, and the newest segment', async () => {
  const region = newRegion()
  await append(region, [plainFixes(3), plainFixes(3, 3), plainFixes(3, 6), plainFixes(3, 9)])
  await writer.query('UPDATE log.snapshots SET segment_no = 2 WHERE region = $1', [region])
  await packedBy(region, 100)
  const left = 'SELECT segment_no AS no FROM location.segments WHERE region = $1 ORDER BY 1'
  assert.deepEqual((await writer.query(left, [region])).rows, [{ no: 3 }, { no: 4 }])
  await writer.query('UPDATE log.snapshots SET segment_no = 4 WHERE region = $1', [region])
  await packedBy(region, 100)
  assert.deepEqual((await writer.query(left, [region])).rows, [{ no: 4 }])
})

test('a damaged segment stays where it is; a damaged track costs its own fixes, and is told', async () => {
  const region = newRegion()
  await append(region, [plainFixes(3), plainFixes(3, 3), plainFixes(3, 6), plainFixes(3, 9)])
  await writer.query(
    `UPDATE location.segments SET bytes = set_byte(bytes, 30, get_byte(bytes, 30) # 255) WHERE region = $1 AND segment_no = 2`,
    [region],
  )
  const before = await tracks(region)
  assert.equal(await packedBy(region, 100), 2)
  assert.deepEqual(await tracks(region), before)
  assert.deepEqual(
    (await packs(region)).map(({ fromNo, toNo }) => [fromNo, toNo]),
    [
      [1, 1],
      [3, 3],
    ],
  )
  await writer.query(
    'UPDATE location.tracks SET bytes = set_byte(bytes, 5, get_byte(bytes, 5) # 255) WHERE region = $1 AND track_no = 1',
    [region],
  )
  const track = (await tracks(region))[0]!
  assert.deepEqual(
    track[1].map(({ seq }) => seq),
    [7, 8, 9, 10, 11, 12],
  )
  assert.equal((await packs(region))[0]!.unsoundTracks, 1)
})

test('a unit with more fixes than a track may have gets several', async () => {
  const region = newRegion()
  const fixes = Array.from({ length: 9_000 }, (_, at) => ({
    ...{ unitId: 'A-7', streamId: 's1', seq: at + 1, afterS: Math.floor(at / 3), flags: 0 },
  }))
  await append(region, [fixes, plainFixes(1, 9_000)])
  await packedBy(region, 100)
  const { rows } = await writer.query(
    'SELECT fix_count AS fixes FROM location.tracks WHERE region = $1 ORDER BY track_no',
    [region],
  )
  assert.deepEqual(
    rows.map(({ fixes }) => fixes),
    [4_096, 4_096, 808],
  )
  const page = await readTrack(database, {
    ...{ region, unitId: 'A-7', fromMs: START_MS, toMs: START_MS + 3_600_000, after: null, limit: 10_000 },
  })
  assert.deepEqual(
    page.fixes.map(({ seq }) => seq),
    fixes.map(({ seq }) => seq),
  )
})
