/** `goldenhour track`: a unit's way out of the database into a file, read in pages, and audited. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../../src/store/location/segment-codec.ts'
import { openClient, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'

const REGION = 'akl'
const START_MS = Date.UTC(2026, 0, 31, 8)
const FIXES = 6_000

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client

const track = (...args: string[]) => runHere(['track', ...args], { env: { DATABASE_URL: owned.engineUrl } })
const span = ['--from', '2026-01-31T08:00:00Z', '--to', '2026-01-31T12:00:00Z']

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  const database = openDatabase(owned.url)
  await new ReferenceStore(database).addRegion(
    { region: REGION, name: 'Auckland', timeZone: 'UTC', dispatchMode: 'ordered' },
    async () => undefined,
  )
  await database.destroy()
  const encoder = new SegmentEncoder()
  for (let seq = 1; seq <= FIXES; seq += 1) {
    const fix = {
      ...{ seq, fixedAtMs: START_MS + seq * 2_000, lonDeg: 174.76 + seq / 1e5, latDeg: -36.85, accuracyM: 5 },
      ...{ speedMps: seq % 2 === 0 ? null : 12.5, headingDeg: null },
    }
    encoder.add('A1', 'phone-1', fix, 0)
  }
  const { bytes, firstFixedAtMs, lastFixedAtMs, fixCount } = encoder.finish()
  await owner.query(
    `INSERT INTO location.segments SELECT $1::text, 1, 0, $2::bigint, $3::bigint, $4::int, $5::smallint, $6::bytea,
       location.segment_checksum($1, 1, 0, $2, $3, $4, $5, $6)`,
    [REGION, firstFixedAtMs, lastFixedAtMs, fixCount, SEGMENT_CODEC_VERSION, bytes],
  )
})
after(async () => {
  await owner.end()
  await owned.drop()
})

test('all fixes of the time are in the file, in whichever form, and the reading is in the audit', async () => {
  const csv = await track('A1', '--region', REGION, ...span, '--as', 'csv')
  assert.deepEqual([csv.code, csv.stderr], [0, `${FIXES} fixes.\n`])
  const rows = csv.stdout.trimEnd().split('\r\n')
  assert.equal(rows.length, FIXES + 1)
  assert.deepEqual(rows[1]!.split(',').slice(0, 5), [
    '2026-01-31T08:00:02.000Z',
    `${START_MS + 2_000}`,
    '174.76001',
    '-36.85',
    '5',
  ])
  const geo = JSON.parse((await track('A1', '--region', REGION, ...span)).stdout)
  assert.deepEqual([geo.features.length, geo.features[0].geometry.coordinates.length], [FIXES + 1, FIXES])
  const gpx = (await track('A1', '--region', REGION, ...span, '--as', 'gpx')).stdout
  assert.equal(gpx.match(/<trkpt /g)!.length, FIXES)
  assert.match(gpx, /<g:speedMps>12\.5<\/g:speedMps>/)
  const { rows: entries } = await owner.query(
    `SELECT actor, subject, details->>'count' AS count FROM audit.entries WHERE action = 'track-read'`,
  )
  assert.deepEqual(entries, Array(3).fill({ actor: 'command-line', subject: 'A1', count: `${FIXES}` }))
})

test('a unit without fixes gives an empty file, and what cannot be is refused in words', async () => {
  const none = await track('A9', '--region', REGION, ...span)
  assert.deepEqual([none.code, JSON.parse(none.stdout).features], [0, []])
  for (const [args, why] of [
    [['A1', '--region', 'nowhere', ...span], /There is no region nowhere/],
    [['A 1', '--region', REGION, ...span], /no id of a unit/],
    [['A1', '--region', REGION, '--from', '2026-01-31', '--to', '2026-01-30'], /not later than --from/],
    [['A1', '--region', REGION, '--from', 'soon'], /Write a date/],
  ] as const) {
    const { code, stderr } = await track(...args)
    assert.ok(code !== 0)
    assert.match(stderr, why)
  }
})
