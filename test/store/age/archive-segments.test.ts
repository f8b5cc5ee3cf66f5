/** Old segments move into files and back while an engine writes: none is lost, none is there twice, and what is held stays. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import type pg from 'pg'
import { verifyRegion } from '../../../src/actors/verify-region.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../../../src/store/location/segment-codec.ts'
import { readTrack } from '../../../src/store/location/track.ts'
import { MomentReader } from '../../../src/store/log/moment-reader.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { ServedCalls } from '../../support/call-that-is-over.ts'
import { runHere } from '../../support/command-line.ts'
import { REGION } from '../../support/region-world.ts'

const DAY_MS = 86_400_000

let calls: ServedCalls
let database: Database
let directory: string
let callId: string

const archive = (...args: string[]) => runHere(['archive', ...args], { env: { DATABASE_URL: calls.database.url } })
const run = () => archive('run', '--older-than', '30', '--to', directory)

/** Each segment, with its bytes. */
const stored = async () =>
  (
    await calls.owner.query<{ no: number; bytes: Buffer }>(
      'SELECT segment_no AS no, bytes, checksum::text FROM location.segments ORDER BY segment_no',
    )
  ).rows
const numbers = async () => (await stored()).map(({ no }) => no)

async function verified() {
  const reader = await MomentReader.open(calls.database.engineUrl)
  try {
    return await verifyRegion(reader, REGION)
  } finally {
    await reader.end()
  }
}

/** Where region time begins. */
const NOW_MS = 1_700_000_000_000
const ago = (days: number) => NOW_MS - days * DAY_MS
/** Of one segment each. */
const OLD_DAYS = [100, 90, 80, 50, 47, 40, 35, 20]

async function putOld(owner: pg.Client): Promise<void> {
  const encoder = new SegmentEncoder()
  for (const [index, days] of OLD_DAYS.entries()) {
    for (const minute of [0, 1]) encoder.add('A1', 'old', fixOf(2 * index + minute + 1, ago(days) + minute * 60_000), 0)
    const { bytes, firstFixedAtMs, lastFixedAtMs, fixCount } = encoder.finish()
    await owner.query(
      `INSERT INTO location.segments SELECT $1::text, $2::bigint, 0, $3::bigint, $4::bigint, $5::int, $6::smallint, $7::bytea,
         location.segment_checksum($1, $2, 0, $3, $4, $5, $6, $7)`,
      [REGION, index + 1, firstFixedAtMs, lastFixedAtMs, fixCount, SEGMENT_CODEC_VERSION, bytes],
    )
  }
}
const fixOf = (seq: number, fixedAtMs: number) => ({
  ...{ seq, fixedAtMs, lonDeg: 174.76, latDeg: -36.85, accuracyM: 5, speedMps: null, headingDeg: null },
})

before(async () => {
  calls = await ServedCalls.open(putOld)
  database = openDatabase(calls.database.engineUrl)
  directory = await mkdtemp(path.join(tmpdir(), 'goldenhour-archive-'))
  const { callId: id, tripId } = await calls.enter()
  callId = id
  await calls.end(tripId)
  await calls.left(tripId)
  await calls.stored()
})
after(async () => {
  await database.destroy()
  await calls.close()
  await rm(directory, { recursive: true, force: true })
})

test('nothing leaves by itself, nor what an engine would start from', async () => {
  const before = await numbers()
  assert.ok(before.length > OLD_DAYS.length)
  const off = await archive('run', '--to', directory)
  assert.match(off.stderr, /Nothing is to leave: set retention\.segmentsDays, or give --older-than\./)
  await calls.owner.query('DELETE FROM log.snapshots')
  const none = await run()
  assert.deepEqual([none.code, none.stdout], [0, ''])
  assert.deepEqual(await numbers(), before)
  await calls.saved()
})

let all: Awaited<ReturnType<typeof stored>>

test('what is older leaves for files, but for the time of a held call; every segment is in one place', async () => {
  const hold = await runHere(['hold', 'place', callId, '--reason', 'case 7'], {
    env: { DATABASE_URL: calls.database.url },
  })
  assert.equal(hold.code, 0)
  // As if the call had been then.
  await calls.owner.query('UPDATE log.holds SET from_ms = $1', [ago(50) - 1_000])
  await calls.owner.query('UPDATE views.trip_rows SET phase_since_ms = $1', [ago(47) - 3_600_000])
  all = await stored()
  const ran = await run()
  assert.deepEqual([ran.code, ran.stderr], [0, ''])
  const files = (await readdir(directory)).sort()
  assert.deepEqual(files, ['akl-segments-1-3.jsonl.gz', 'akl-segments-6-7.jsonl.gz'])
  const left = await numbers()
  assert.deepEqual(left.slice(0, 3), [4, 5, 8])
  const inFiles: number[] = []
  for (const file of files) {
    const lines = gunzipSync(await readFile(path.join(directory, file)))
      .toString()
      .trim()
      .split('\n')
    const [head, ...rest] = lines.map(line => JSON.parse(line))
    const end = rest.pop()
    assert.deepEqual([head, end.segments], [{ format: 'goldenhour segments 1', region: REGION }, rest.length])
    for (const { no, bytes } of rest) {
      assert.deepEqual(Buffer.from(bytes, 'base64'), all.find(each => each.no === no)!.bytes)
      inFiles.push(no)
    }
  }
  assert.deepEqual(
    [...inFiles, ...left].sort((a, b) => a - b),
    all.map(({ no }) => no),
  )
  const { findings, archived } = await verified()
  assert.deepEqual([findings, archived], [[], inFiles.length])
  assert.equal((await run()).stdout, '', 'a second run finds nothing')
})

test('a track of that time says that its fixes are archived, and lacks nothing else', async () => {
  const track = (fromMs: number) =>
    readTrack(database, { region: REGION, unitId: 'A1', fromMs, toMs: fromMs + DAY_MS, after: null, limit: 100 })
  const gone = await track(ago(90.5))
  assert.deepEqual([gone.fixes, gone.damaged], [[], []])
  assert.deepEqual(gone.archived, [{ fromMs: ago(90.5), toMs: ago(89.5) - 1 }])
  const kept = await track(ago(47.5))
  assert.deepEqual([kept.fixes.length, kept.damaged, kept.archived], [2, [], []])
})

test('an engine goes on, and starts anew, without what is in files', async () => {
  await calls.enter()
  await calls.stored()
  for (const how of ['drain', 'crash'] as const) {
    if (how === 'crash') await calls.owner.query('DELETE FROM log.snapshots')
    calls.world.crash()
    await calls.world.start()
    assert.equal(calls.world.region.damage.total, 0)
    assert.deepEqual((await verified()).findings, [])
  }
})

test('a file is compared with what it was, and put back only as that', async () => {
  const [file, other] = (await readdir(directory)).sort()
  const name = path.join(directory, file!)
  assert.match((await archive('list', '--check', directory)).stdout, /^(\S+\tas it was made\n){2}$/)
  const good = await readFile(name)
  const lines = gunzipSync(good).toString()
  for (const bad of [
    good.subarray(0, -20),
    gzipSync(lines.replace('"codec":1', '"codec":2')),
    gzipSync(lines, { level: 1 }),
  ]) {
    await writeFile(name, bad)
    const check = await archive('list', '--check', directory)
    assert.deepEqual([check.code, check.stdout.startsWith(`${file}\tanother than was made\n`)], [1, true])
    const refused = await archive('restore', name)
    assert.match(refused.stderr, /is not whole|is another file than/)
  }
  await writeFile(name, good)
  const restored = await archive('restore', name, path.join(directory, other!))
  assert.deepEqual([restored.code, restored.stderr], [0, ''])
  const now = await stored()
  assert.deepEqual(now.slice(0, all.length), all)
  const { findings, archived } = await verified()
  assert.deepEqual([findings, archived], [[], 0])
  assert.match((await archive('restore', name)).stderr, /has let go of no segments from 1 on/)
})

test('a segment that is there twice, and a file that nobody was told of, are found', async () => {
  await calls.saved()
  await run()
  const { rows } = await calls.owner.query(
    `INSERT INTO location.segments SELECT region, from_no, 0, 1, 1, 1, 1, 'x' FROM location.archives RETURNING segment_no`,
  )
  await calls.owner.query(`UPDATE location.archives SET sha256 = 'none'`)
  const texts = (await verified()).findings.filter(({ rule }) => rule === 'archived-once').map(({ text }) => text)
  await calls.owner.query('DELETE FROM location.segments WHERE segment_no = $1', [rows[0].segment_no])
  assert.match(texts[0]!, /^1 segments of akl-segments-\S+ are in the database or another file, too$/)
  assert.match(texts[1]!, /^the audit does not have akl-segments-/)
})
