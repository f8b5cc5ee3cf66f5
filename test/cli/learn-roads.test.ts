/** `goldenhour roads learn` and `roads speeds`, as an operator runs them, over a log and segments as an engine writes them. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { storeNetwork } from '../../src/cli/store-network.ts'
import type { OfferMade } from '../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import type { RecordedDrive } from '../../src/reports/learned-speeds.ts'
import { generatedCity } from '../../src/roads/city.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../../src/store/location/segment-codec.ts'
import { type Database, openClient, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { seeded } from '../../tools/shared/random.ts'
import { DrivenCity, hiddenModel } from '../roads/driven-city.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'
import { accepted, called, offered, reached } from '../support/scenario.ts'

const outcome = generatedCity({ centre: { lonDeg: 10, latDeg: 50 }, columns: 26, rows: 26, random: seeded(8) })
assert.ok(outcome.ok)
const { graph, report } = outcome
const HOUR_MS = 3_600_000
const BEGIN_MS = Date.UTC(2026, 0, 5, 11)

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
const run = (...args: string[]) => runHere(['roads', ...args], { env: { DATABASE_URL: owned.url } })
const learn = (...args: string[]) => run('learn', '--since', '2026-01-01', ...args)

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const reference = new ReferenceStore(database)
  for (const region of ['metro', 'quiet', 'bare'])
    await reference.addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered' })
  for (const region of ['metro', 'quiet'])
    await storeNetwork(database, region, { graph, report }, null, () => undefined)
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

/** As the log and the segments keep them; nothing vouches for the rows, as for those of before checksums. */
async function store(drives: readonly RecordedDrive[]): Promise<void> {
  const client = await openClient(owned.url, { applicationName: 'goldenhour test' })
  await client.query("SET session_replication_role = 'replica'")
  let position = 0
  const encoder = new SegmentEncoder()
  for (const [index, { enRouteAtMs, onSceneAtMs, scene, track, priority }] of drives.entries()) {
    const [tripId, unitId, offerId] = [`T-${index}`, 'A1', `O-${index}`]
    const at = (phase: 'en-route' | 'on-scene', happenedAtMs: number) =>
      ({ ...reached(tripId, unitId, phase), happenedAtMs }) as DomainEvent
    const created = called([tripId]).map(event =>
      event.type === 'TripCreated' ? { ...event, ...scene, priority } : event,
    )
    const made = { ...(offered(tripId, unitId, offerId, 'ordered') as OfferMade), offeredAtMs: enRouteAtMs - 30_000 }
    const records = [
      [...created, made, accepted(tripId, unitId, offerId)],
      [at('en-route', enRouteAtMs)],
      [at('on-scene', onSceneAtMs)],
    ]
    for (const events of records) {
      await client.query(
        "INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, events) VALUES ('metro', $1, $2, 1, 'desk', $3)",
        [++position, enRouteAtMs, JSON.stringify(events)],
      )
    }
    const rest = { accuracyM: null, speedMps: null, headingDeg: null }
    for (const [seq, point] of track.entries())
      encoder.add(unitId, `s-${index}`, { ...point, ...rest, seq: seq + 1 }, 0)
    const { bytes, firstFixedAtMs, lastFixedAtMs, fixCount } = encoder.finish()
    await client.query("INSERT INTO location.segments VALUES ('metro', $1, 0, $2, $3, $4, $5, $6)", [
      index + 1,
      firstFixedAtMs,
      lastFixedAtMs,
      fixCount,
      SEGMENT_CODEC_VERSION,
      bytes,
    ])
  }
  await client.end()
}

test('with too few drives, without roads, and where there is no region, nothing is learned, and it is said why', async () => {
  for (const [region, told] of [
    ['quiet', /Region quiet has 0 drives that say something, and 60 are needed/],
    ['bare', /Region bare has no roads; import some/],
    ['nowhere', /There is no region nowhere/],
  ] as const) {
    const { code, stderr } = await learn('--region', region)
    assert.equal(code, 1)
    assert.match(stderr, told)
  }
  assert.deepEqual(await run('speeds', 'list', '--region', 'quiet'), { code: 0, stdout: '', stderr: '' })
})

test('slow streets are learned from trips and fixes, told with the error before and after, and used once somebody says so', async () => {
  const city = new DrivenCity(graph, hiddenModel({ street: 1.6, main: 1.3, ring: 1.3 }), seeded(9))
  await store(Array.from({ length: 90 }, (_, index) => city.drive(BEGIN_MS + index * 24 * HOUR_MS, 3)))

  const dry = await learn('--region', 'metro', '--dry-run')
  assert.equal(dry.code, 0, dry.stderr)
  const row = (name: string) =>
    new RegExp(`^${name}\\t30\\t(-?\\d+)\\t(\\d+)\\t(\\d+)$`, 'm').exec(dry.stdout)!.map(Number)
  assert.match(dry.stdout, /^60 drives to learn from, 30 held out\.\nmodel\tdrives\tbias s\tp50 s\tp90 s\n/)
  const [[, , was], [, , is]] = [row('usual'), row('learned')]
  assert.ok(is! < was! / 3, dry.stdout)
  assert.match(dry.stdout, /Nothing is stored: it was a dry run\.\n$/)
  assert.equal((await run('speeds', 'list', '--region', 'metro')).stdout, '')

  const learned = await learn('--region', 'metro', '--note', 'first winter')
  assert.match(
    learned.stdout,
    /Stored as version 1 of the speeds of metro\. Nobody goes by it yet: goldenhour roads speeds use 1 --region metro\.\n$/,
  )
  const list = async () => (await run('speeds', 'list', '--region', 'metro')).stdout.trimEnd().split('\t')
  const [version, when, who, drives, before, after, inUse, note] = await list()
  assert.deepEqual(
    [version, who, drives, before, after, inUse, note],
    ['1', 'command-line', '90', `${was}`, `${is}`, '', 'first winter'],
  )
  assert.ok(Math.abs(Date.parse(when!) - Date.now()) < 600_000)
  const shown = JSON.parse((await run('speeds', 'show', '1', '--region', 'metro')).stdout)
  const other = shown.model.bands.find(({ name }: { name: string }) => name === 'other hours')
  assert.ok(Math.abs(other.ordinary.byClass.street - 1.6) < 0.2, JSON.stringify(other))
  assert.deepEqual([shown.facts.learnedFrom, shown.facts.roadsVersion, shown.facts.sirenTimePercent], [60, 1, 75])

  assert.equal(
    (await run('speeds', 'use', '1', '--region', 'metro')).stdout,
    'metro goes by version 1 of its learned speeds.\n',
  )
  assert.match((await run('speeds', 'use', '1', '--region', 'metro')).stdout, /^Nothing changed/)
  assert.equal((await list())[6], 'in use')
  const again = await learn('--region', 'metro')
  assert.equal(again.code, 1)
  assert.match(again.stdout, /^version 1\t30\t/m)
  assert.match(again.stderr, /no truer than those of before/)

  assert.equal(
    (await run('speeds', 'off', '--region', 'metro', '--note', 'trial')).stdout,
    'metro goes by the usual times.\n',
  )
  assert.match(
    (await run('speeds', 'list', '--region', 'metro')).stderr,
    /^In use: the usual times, by command-line at .*: trial\.\n$/,
  )
  assert.match((await run('speeds', 'use', '7', '--region', 'metro')).stderr, /no version 7 of learned speeds/)
  assert.equal((await run('speeds', 'use', 'x', '--region', 'metro')).code, 2)
})
