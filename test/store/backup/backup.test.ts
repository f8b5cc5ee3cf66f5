/** Backup and restore: every row comes back, at the moment of the backup or as of an earlier one, or nothing does. */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import type pg from 'pg'
import { verifyRegion } from '../../../src/actors/verify-region.ts'
import { auditedByCommandLine } from '../../../src/cli/audited.ts'
import type { CallDetails, Command } from '../../../src/domain/commands.ts'
import { archiveSegments, restoreSegments } from '../../../src/store/age/archive-segments.ts'
import { packSegments } from '../../../src/store/age/pack-segments.ts'
import { MANIFEST_FILE, SUMS_FILE, sumOf } from '../../../src/store/backup/backup-set.ts'
import { BACKUP_TABLES, LEFT_OUT } from '../../../src/store/backup/backup-tables.ts'
import { StoredMoment } from '../../../src/store/backup/stored-moment.ts'
import type { SegmentArchive } from '../../../src/store/location/archives.ts'
import type { Pack } from '../../../src/store/location/packs.ts'
import { MomentReader } from '../../../src/store/log/moment-reader.ts'
import { PostgresJournal } from '../../../src/store/log/postgres-journal.ts'
import { openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { runHere } from '../../support/command-line.ts'
import { emptyDatabase, testDatabase } from '../../support/postgres.ts'
import { callOf, REGION, type RecordingSession, RegionWorld } from '../../support/region-world.ts'
import { within } from '../../support/within.ts'

const KEPT_MS = 1_000
const DESK = { principal: 'desk-1', unitId: null }
const AROHA = { callerName: 'Aroha', phone: '021', address: null, notes: null }

let dir: string
let database: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let world: RegionWorld
let journal: PostgresJournal
let crew: RecordingSession
/** A call that is over and has left memory. */
let overCall: string

const until = (what: string, isThere: () => boolean) =>
  within(
    what,
    (async () => {
      while (!isThere()) await sleep(2)
    })(),
  )

async function done(by: { principal: string; unitId: string | null }, command: Command) {
  const answer = world.send(by, command)
  await until(command.type, () => answer.outcome !== null)
  return answer.outcome!.ok ? answer.outcome!.result : assert.fail(answer.outcome!.refusal.code)
}

const command = (name: 'backup' | 'restore', url: string, ...args: string[]) =>
  runHere([name, ...args], { env: { DATABASE_URL: url } })
const backup = (...args: string[]) => command('backup', database.engineUrl, at('backups'), ...args)
const at = (...names: string[]) => path.join(dir, ...names)

/** A call that is taken by the crew, whose trip is open then. */
async function takenCall(priority: 1 | 3): Promise<{ callId: string; tripId: string }> {
  const { callId, tripIds } = await done(DESK, callOf({ priority, details: AROHA }))
  const offered = () => crew.view.trip?.tripId === (tripIds as string[])[0] && crew.view.unit.offerId !== null
  await until('an order', offered)
  await done(crew, { type: 'accept-offer', offerId: crew.view.unit.offerId!, happenedAtMs: world.nowMs })
  return { callId: callId as string, tripId: (tripIds as string[])[0]! }
}

const closed = (tripId: string) =>
  done(crew, { type: 'close-trip', tripId, disposition: 'treated-on-scene', happenedAtMs: world.nowMs })

interface Mark {
  readonly position: number
  readonly recordedAtMs: number
  readonly stateHash: string
  readonly texts: string
}

const TEXTS = `SELECT json_agg(t ORDER BY t::text)::text AS texts FROM (
  SELECT call_id, caller_name, phone, address, notes, position FROM log.call_details
  UNION ALL SELECT call_id, author, text, NULL, NULL, note_no FROM log.call_notes
  UNION ALL SELECT call_id, caller_name, phone, address, notes, position FROM log.former_call_details
  UNION ALL SELECT region, NULL, NULL, NULL, NULL, last FROM log.incident_numbers
  UNION ALL SELECT unit_id, trip_id, NULL, NULL, NULL, 0 FROM log.open_trip
  UNION ALL SELECT command_id, NULL, NULL, NULL, NULL, position FROM log.commands) t`

/** What there is now, with what a fold of the whole log makes of it. */
async function mark(client: pg.Client, url: string): Promise<Mark> {
  const reader = await MomentReader.open(url)
  const verified = await verifyRegion(reader, REGION).finally(() => reader.end())
  assert.deepEqual(verified.findings, [])
  const { rows } = await client.query(
    'SELECT position, recorded_at_ms AS at FROM log.records ORDER BY position DESC LIMIT 1',
  )
  const { texts } = (await client.query(TEXTS)).rows[0]
  return { position: rows[0].position, recordedAtMs: rows[0].at, stateHash: verified.stateHash, texts }
}

/** Every row of every table, but for the leases, which are left out, what a restore notes in the audit, and webhooks, which it stops. */
async function contents(url: string): Promise<Record<string, string>> {
  const client = await openClient(url, { applicationName: 'goldenhour test' })
  const found: Record<string, string> = {}
  for (const { name } of BACKUP_TABLES) {
    if (name === 'audit.head' || name === 'webhooks.cursors') continue
    const where = name === 'audit.entries' ? `WHERE action <> 'database-restored'` : ''
    const { rows } = await client.query(`SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS hash,
      count(*) FROM ${name} t ${where}`)
    found[name] = `${rows[0].count} ${rows[0].hash}`
  }
  await client.end()
  return found
}

const webhooks = async (session: pg.Client) =>
  (
    await session.query(
      `SELECT hook, position, stopped, log_id = 'the first' AS "isOfThen" FROM webhooks.cursors ORDER BY hook`,
    )
  ).rows

/** A database to restore into. */
async function other(t: { after(end: () => Promise<void>): void }, how: 'migrated' | 'empty' = 'migrated') {
  const made = how === 'migrated' ? await testDatabase() : await emptyDatabase()
  t.after(() => made.drop())
  return made
}

const marks: Mark[] = []

/** Resolves when so many are stored. */
const segments = (count: number) =>
  within(
    'fixes are stored',
    (async () => {
      while ((await owner.query('SELECT 1 FROM location.segments')).rowCount! < count) await sleep(5)
    })(),
  )

before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-backup-'))
  database = await testDatabase()
  owner = await openClient(database.url, { applicationName: 'goldenhour test' })
  const reference = openDatabase(database.url)
  const region = { region: REGION, name: 'Auckland', timeZone: 'UTC', dispatchMode: 'ordered' } as const
  await new ReferenceStore(reference).addRegion(region)
  await reference.destroy()
  await owner.query(`INSERT INTO auth.ticket_secrets (secret) VALUES ('\\x00ff'), ('\\x01')`)
  await owner.query(`INSERT INTO reference.units (region, unit_id, call_sign, level_of_care, transports, capabilities)
    VALUES ('${REGION}', 'F1', 'Wāhi "7"\\', 'first-responder', false, '{"a b","c"}')`)
  journal = new PostgresJournal(database.engineUrl)
  world = await RegionWorld.open({ mode: 'ordered', journal, closedKeptMs: KEPT_MS })
  await world.import(['A1'])
  await until('A1', () => world.region.states.driver('A1') !== undefined)
  crew = world.connect('A1')
  await until('a welcome', () => crew.all('welcome').length > 0)
  world.fixAt(crew, 100)
  await done(crew, { type: 'sign-on', happenedAtMs: world.nowMs })
  const first = await takenCall(1)
  overCall = first.callId
  await done(DESK, amended(first.callId, AROHA))
  await closed(first.tripId)
  const leave = async () => {
    for (; world.region.states.trip(first.tripId) !== undefined; await sleep(2)) await world.advance(KEPT_MS)
  }
  await within('the call leaves memory', leave())
  // A call that is under way at the first mark, and whose details, notes and trip go on from there.
  const second = await takenCall(3)
  await done(DESK, { type: 'add-note', callId: second.callId, text: 'two patients', corrects: null })
  marks.push(await mark(owner, database.engineUrl))
  await world.advance(60_000)
  await done(DESK, { type: 'add-note', callId: second.callId, text: 'three patients', corrects: null })
  await done(DESK, amended(second.callId, { ...AROHA, address: '12 Quay Street' }))
  world.fixAt(crew, 300)
  await segments(2)
  marks.push(await mark(owner, database.engineUrl))
  await world.advance(60_000)
  await done(DESK, amended(second.callId, { ...AROHA, address: '14 Quay Street' }))
  await closed(second.tripId)
  await takenCall(1)
  await owner.query(`INSERT INTO webhooks.cursors (region, hook, position, log_id)
    SELECT '${REGION}', 'cad', log.log_end('${REGION}') - 1, 'the first'`)
})
after(async () => {
  await world.close()
  await journal.close()
  await owner.end()
  await database.drop()
  await rm(dir, { recursive: true, force: true })
})

const amended = (callId: string, details: CallDetails): Command => ({ type: 'amend-call', callId, details })

test('every table of the schema is in a backup, or is left out for a reason', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema|public)' ORDER BY 1`,
  )
  const stated = [...BACKUP_TABLES.map(({ name }) => name), ...LEFT_OUT].sort()
  assert.deepEqual(rows.map(({ name }) => name).sort(), stated)
})

describe('a backup', () => {
  test('has every row, and its files are private to their user', async t => {
    const taken = await backup()
    assert.equal(taken.code, 0, taken.stderr)
    assert.match(
      taken.stdout,
      /backups\/0001: a full set\. \d+ records, \d+ segments of fixes, [\d.]+ kB\.\nRegion akl up to position \d+\.\n/,
    )
    const modes = await Promise.all(
      [
        at('backups'),
        at('backups', '0001'),
        at('backups', '0001', MANIFEST_FILE),
        at('backups', '0001', 'log.records.jsonl.gz'),
      ].map(async file => ((await stat(file)).mode & 0o777).toString(8)),
    )
    assert.deepEqual(modes, ['700', '700', '600', '600'])
    const { rows } = await owner.query(`SELECT actor, action FROM audit.entries ORDER BY seq DESC LIMIT 1`)
    assert.deepEqual(rows, [{ actor: 'command-line', action: 'backup-begun' }])

    for (const how of ['migrated', 'empty'] as const) {
      const target = await other(t, how)
      const restored = await command('restore', target.url, at('backups'))
      assert.equal(restored.code, 0, restored.stderr)
      assert.match(
        restored.stdout,
        /^Restored \d+ rows of set 0001 of \S+Z\. Engines may be started\.\nRegion akl up to position \d+, recorded 20\S+Z; segments/,
      )
      assert.match(restored.stderr, /trips: nothing is wrong\. State [0-9a-f]{64}\.\nThe audit is whole up to \d+:/)
      assert.deepEqual(await contents(target.url), await contents(database.url))
    }
  })

  test('that follows another has what was added since, and both together are restored', async t => {
    const former = JSON.parse(await readFile(at('backups', '0001', MANIFEST_FILE), 'utf8'))
    await done(DESK, callOf({ priority: 3 }))
    world.fixAt(crew, 500)
    await segments(3)
    const taken = await backup()
    assert.match(taken.stdout, /backups\/0002: what came after set 0001\. /)
    const manifest = JSON.parse(await readFile(at('backups', '0002', MANIFEST_FILE), 'utf8'))
    const rows = (name: string) => manifest.tables.find((table: { name: string }) => table.name === name).rows
    assert.equal(rows('log.records'), manifest.regions[0].position - former.regions[0].position)
    assert.ok(rows('log.records') > 0 && rows('log.records') < former.regions[0].position)
    assert.equal(rows('audit.entries'), 1)
    const target = await other(t)
    const restored = await command('restore', target.url, at('backups'))
    assert.equal(restored.code, 0, restored.stderr)
    assert.match(restored.stdout, /rows of set 0001, 0002 of /)
    assert.deepEqual(await contents(target.url), await contents(database.url))
    // Its numbers go on behind those that came with it.
    const session = await openClient(target.url, { applicationName: 'goldenhour test' })
    const { rows: made } = await session.query(`INSERT INTO auth.ticket_secrets (secret) VALUES ('x') RETURNING id`)
    await session.end()
    assert.deepEqual(made, [{ id: 3 }])
  })

  for (const [how, moment] of [
    ['position', (at: Mark) => String(at.position)],
    ['position of a region', (at: Mark) => `${REGION}:${at.position}`],
    ['time', (at: Mark) => new Date(at.recordedAtMs).toISOString()],
  ] as const) {
    test(`is restored up to a ${how}: state, texts, numbers, outcomes and open trips are those of then`, async t => {
      for (const then of marks) {
        const target = await other(t)
        const restored = await command('restore', target.url, at('backups'), '--until', moment(then))
        assert.equal(restored.code, 0, restored.stderr)
        assert.match(restored.stdout, /^Restored \d+ rows of set 0001, up to the moment asked for\./)
        const session = await openClient(target.url, { applicationName: 'goldenhour test' })
        assert.deepEqual(await mark(session, target.engineUrl), then)
        assert.deepEqual(await webhooks(session), [
          { hook: '*', position: 0, stopped: 'restored', isOfThen: false },
          { hook: 'cad', position: then.position, stopped: 'restored', isOfThen: false },
        ])
        await session.end()
      }
      assert.notEqual(marks[0]!.stateHash, marks[1]!.stateHash)
    })
  }

  test('goes on from there: an engine works on what was restored up to a moment, and what it does is proven', async t => {
    const target = await other(t)
    await command('restore', target.url, at('backups'), '--until', String(marks[1]!.position))
    const own = new PostgresJournal(target.engineUrl)
    const next = await RegionWorld.open({ mode: 'ordered', journal: own, closedKeptMs: KEPT_MS })
    await until('the unit', () => next.region.states.driver('A1') !== undefined)
    const answer = next.send(DESK, callOf())
    await until('an outcome', () => answer.outcome !== null)
    const { incidentNo } = [...next.region.states.callStates()].at(-1)!
    assert.match(incidentNo!, /-000003$/)
    await next.close()
    await own.close()
    const verified = await runHere(['verify'], { env: { DATABASE_URL: target.engineUrl } })
    assert.deepEqual([verified.code, verified.stdout], [0, ''])
  })

  test('of a database that was brought back, or is another, is a full set', async t => {
    const target = await other(t)
    await command('restore', target.url, at('backups'), '--until', String(marks[0]!.position))
    const copy = at('of-another')
    await cp(at('backups'), copy, { recursive: true })
    const taken = await command('backup', target.engineUrl, copy)
    assert.match(
      taken.stdout,
      /0003: a full set, since the (?:log of region akl|database) is another, or was restored since\. /,
    )
    const asked = await command('backup', target.engineUrl, copy, '--full')
    assert.match(asked.stdout, /0004: a full set, since it was asked for\. /)
    const again = await other(t)
    assert.equal((await command('restore', again.url, copy)).code, 0)
    assert.deepEqual(await contents(again.url), await contents(target.url))
  })
})

test('nothing of an engine waits for a backup that is under way; steps of the schema do', async () => {
  const moment = await StoredMoment.open(database.engineUrl)
  const steps = 'SELECT pg_try_advisory_lock(470911001) AS free'
  assert.deepEqual((await owner.query(steps)).rows, [{ free: false }])
  const [end] = (await moment.ends()).regions
  await done(DESK, callOf({ priority: 3 }))
  assert.deepEqual((await moment.ends()).regions, [end])
  await moment.end()
  assert.deepEqual((await owner.query(steps)).rows, [{ free: true }])
  await owner.query('SELECT pg_advisory_unlock_all()')
})

describe('nothing is restored', () => {
  const refused = async (url: string, where: string, ...args: string[]) => {
    const { code, stdout, stderr } = await command('restore', url, where, ...args)
    assert.deepEqual([code, stdout], [1, ''])
    return stderr.trimEnd().split('\n').at(-1)!
  }
  async function spoiled(name: string, spoil: (copy: string) => Promise<unknown>) {
    const copy = at(name)
    await cp(at('backups'), copy, { recursive: true })
    await spoil(copy)
    return copy
  }

  test('from files that are not what was written, and the sets before them are whole', async t => {
    const target = await other(t)
    const flip =
      (...names: string[]) =>
      async (copy: string) => {
        const file = path.join(copy, ...names)
        const bytes = await readFile(file)
        bytes[bytes.length >> 1]! ^= 1
        await writeFile(file, bytes)
      }
    const records = await spoiled('bit', flip('0002', 'log.records.jsonl.gz'))
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        records,
        /Set 0002 of the backup is damaged: log\.records\.jsonl\.gz is not what was written\. Nothing was written\./,
      ],
      [
        await spoiled('gone', copy => rm(path.join(copy, '0001', 'auth.users.jsonl.gz'))),
        /Set 0001 .*auth\.users\.jsonl\.gz cannot be read \(ENOENT\)/,
      ],
      [await spoiled('manifest', flip('0002', MANIFEST_FILE)), /Set 0002 .*manifest\.json is not what was written/],
      [await spoiled('sums', flip('0001', SUMS_FILE)), /Set 0001 of the backup is damaged/],
      [at('none'), /There is no backup in .*none; its sets are directories/],
    ]
    for (const [where, why] of cases) assert.match(await refused(target.url, where), why)
    assert.match(
      await refused(target.url, records, '--set', '0007'),
      /There is no set 0007 in .*; there are 0001, 0002\./,
    )
    assert.match(
      (await command('restore', target.url, at('backups'), '--check')).stdout,
      /^The sets are whole: 0001, 0002\.$/m,
    )
    const before = await contents(target.url)
    assert.equal(before['log.records']!.split(' ')[0], '0')
    assert.equal((await command('restore', target.url, records, '--set', '0001')).code, 0)
  })

  test('that has not the rows that it had, although its sums fit', async t => {
    const copy = await spoiled('short', async where => {
      const file = path.join(where, '0001', 'log.records.jsonl.gz')
      const lines = gunzipSync(await readFile(file))
        .toString('utf8')
        .split('\n')
      await writeFile(file, gzipSync(lines.toSpliced(3, 1).join('\n')))
      await resum(path.join(where, '0001'), 'log.records.jsonl.gz')
      await rm(path.join(where, '0002'), { recursive: true })
    })
    const target = await other(t)
    assert.match(await refused(target.url, copy), /log\.records\.jsonl\.gz has \d+ rows, and had \d+/)
    assert.equal((await contents(target.url))['reference.regions']!.split(' ')[0], '0')
  })

  test('up to a moment that the backup does not have', async t => {
    const target = await other(t)
    assert.match(
      await refused(target.url, at('backups'), '--until', '99999'),
      /The backup ends before that: its last set, 0002, is of \S+, region akl is at position \d+ there\./,
    )
    assert.match(await refused(target.url, at('backups'), '--until', '2999-01-01'), /The backup ends before that/)
    assert.match(await refused(target.url, at('backups'), '--until', 'wlg:3'), /The backup ends before that/)
  })

  test('into a database that something was stored in', async t => {
    const target = await other(t)
    const session = await openClient(target.url, { applicationName: 'goldenhour test' })
    await session.query(`INSERT INTO reference.regions (region, name, time_zone) VALUES ('wlg', 'Wellington', 'UTC')`)
    await session.end()
    assert.match(
      await refused(target.url, at('backups')),
      /This database is in use, or was: it has rows in reference\.regions, reference\.policies\. A backup is restored into/,
    )
  })

  test('into a database that an engine is connected to', async t => {
    const target = await other(t)
    const session = await openClient(target.url, { applicationName: 'goldenhour health' })
    assert.match(
      await refused(target.url, at('backups')),
      /An engine, or another command, is connected to this database; end it first/,
    )
    await session.end()
  })

  test('that a later version took', async t => {
    const copy = await spoiled('later', async where => {
      const file = path.join(where, '0001', MANIFEST_FILE)
      const manifest = JSON.parse(await readFile(file, 'utf8'))
      await writeFile(file, JSON.stringify({ ...manifest, migrations: [...manifest.migrations, '9999-later'] }))
      await resum(path.join(where, '0001'), MANIFEST_FILE)
      await rm(path.join(where, '0002'), { recursive: true })
    })
    const target = await other(t)
    assert.match(
      await refused(target.url, copy),
      /The backup was taken by a newer Goldenhour \(\S+, its database has 9999-later\); restore it with that version/,
    )
  })
})

/** Puts the sum of a changed file right. */
async function resum(set: string, name: string): Promise<void> {
  const sums = await readFile(path.join(set, SUMS_FILE), 'utf8')
  const sum = sumOf(await readFile(path.join(set, name)))
  await writeFile(
    path.join(set, SUMS_FILE),
    sums.replace(new RegExp(`^\\S+(?=  ${name.replaceAll('.', '\\.')}$)`, 'm'), sum),
  )
}

test('a backup of an earlier version is restored, and its rows go through the steps that came since', async t => {
  const copy = at('earlier')
  await cp(at('backups', '0001'), path.join(copy, '0001'), { recursive: true })
  const set = path.join(copy, '0001')
  const manifest = JSON.parse(await readFile(path.join(set, MANIFEST_FILE), 'utf8'))
  const isLater = ({ name }: { name: string }) =>
    /^(?:views|roads|webhooks)\.|^log\.(?:closed|snapshots|erasures|holds)|^location\.(?:archives|packs|tracks)$/.test(
      name,
    )
  const units = manifest.tables.find(({ name }: { name: string }) => name === 'reference.units')
  units.columns = units.columns.filter((column: string) => column !== 'transports')
  await writeFile(
    path.join(set, MANIFEST_FILE),
    JSON.stringify({
      ...manifest,
      migrations: manifest.migrations.filter((step: string) => step < '0015'),
      tables: manifest.tables.filter((table: { name: string }) => !isLater(table)),
    }),
  )
  await resum(set, MANIFEST_FILE)
  const migrated = await other(t)
  const refused = await command('restore', migrated.url, copy)
  assert.match(
    refused.stderr,
    /This database is in use, or was: its schema has steps that the backup's had not: 0015-transport/,
  )
  const target = await other(t, 'empty')
  const restored = await command('restore', target.url, copy)
  assert.equal(restored.code, 0, restored.stderr)
  const session = await openClient(target.url, { applicationName: 'goldenhour test' })
  const { rows } = await session.query('SELECT call_sign, transports, capabilities FROM reference.units')
  await session.end()
  assert.deepEqual(rows, [{ call_sign: 'Wāhi "7"\\', transports: false, capabilities: ['a b', 'c'] }])
})

test('what was erased stays erased: the next set has the records as they are now, and whoever goes back is told', async t => {
  const copy = at('erased')
  await cp(at('backups'), copy, { recursive: true })
  const env = { env: { DATABASE_URL: database.url } }
  const erased = await runHere(['erase', overCall, '--reason', 'a request'], env)
  assert.equal(erased.code, 0, erased.stderr)
  const taken = await command('backup', database.engineUrl, copy)
  assert.match(taken.stdout, /0003: what came after set 0002\. /)
  const target = await other(t)
  const restored = await command('restore', target.url, copy)
  assert.equal(restored.code, 0, restored.stdout + restored.stderr)
  assert.doesNotMatch(restored.stdout, /erase it again/)
  assert.match(restored.stderr, /\(\d+ written anew when 1 calls were erased\)/)
  assert.deepEqual(await contents(target.url), await contents(database.url))
  const former = await other(t)
  const back = await command('restore', former.url, copy, '--until', String(marks[1]!.position))
  assert.equal(back.code, 0, back.stderr)
  assert.ok(back.stdout.includes(`Erased since, so erase it again: goldenhour erase ${overCall} --reason`), back.stdout)
  // Of the set that has the erasure, but before the records that it wrote anew.
  const cut = await other(t)
  const early = await command('restore', cut.url, copy, '--set', '0003', '--until', '4')
  assert.equal(early.code, 0, early.stdout + early.stderr)
  assert.ok(early.stdout.includes(`goldenhour erase ${overCall}`), early.stdout)
})

test('fixes that were moved into files are not restored, and those that were put back come with the next set', async t => {
  const copy = at('archived')
  await cp(at('backups'), copy, { recursive: true })
  // Snapshots are written behind which a start reads no fix any more.
  await world.restart('drain')
  const ports = openDatabase(database.url)
  const audited = auditedByCommandLine(ports)
  const archives: SegmentArchive[] = []
  for await (const archive of archiveSegments({ database: ports, audited, directory: at('files') }, REGION, 1e15))
    archives.push(archive)
  assert.equal(archives.length, 1)
  const restored = async (set: string) => {
    const taken = await command('backup', database.engineUrl, copy)
    assert.match(taken.stdout, new RegExp(`${set}: what came after set`))
    const target = await other(t)
    const ran = await command('restore', target.url, copy)
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.deepEqual(await contents(target.url), await contents(database.url))
    return ran.stderr
  }
  assert.match(await restored('0003'), /segments of fixes \(\d+ in files\)/)
  // Also for whoever begins with a set that has not got them.
  const later = at('archived-later')
  assert.equal((await command('backup', database.engineUrl, later)).code, 0)
  await restoreSegments({ database: ports, audited }, path.join(at('files'), archives[0]!.file))
  await ports.destroy()
  assert.doesNotMatch(await restored('0004'), /in files/)
  const more = await command('backup', database.engineUrl, later)
  assert.match(more.stdout, /0002: what came after set 0001\. \d+ records, [1-9]\d* segments of fixes/)
  const target = await other(t)
  assert.equal((await command('restore', target.url, later)).code, 0)
  assert.deepEqual(await contents(target.url), await contents(database.url))
})

test('tracks are restored in the place of their segments, and a moment within them needs a set of before', async t => {
  const copy = at('packed')
  await cp(at('backups'), copy, { recursive: true })
  await world.restart('drain')
  const ports = openDatabase(database.url)
  const packs: Pack[] = []
  for await (const pack of packSegments(ports, REGION, 1e15)) packs.push(pack)
  await ports.destroy()
  assert.ok(packs.length > 0)
  const restoredFrom = async (from: string, ...args: string[]) => {
    const target = await other(t)
    return { target, ran: await command('restore', target.url, from, ...args) }
  }
  for (const set of ['0003', '0004']) {
    const taken = await command('backup', database.engineUrl, copy)
    assert.match(taken.stdout, new RegExp(`${set}: what came after set`))
    const { target, ran } = await restoredFrom(copy)
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.deepEqual(await contents(target.url), await contents(database.url))
  }
  // The sets of before have the segments.
  const until = String(marks[1]!.position)
  const back = await restoredFrom(copy, '--until', until)
  assert.equal(back.ran.code, 0, back.ran.stdout + back.ran.stderr)
  const session = await openClient(back.target.url, { applicationName: 'goldenhour test' })
  const { rows } = await session.query(
    'SELECT (SELECT count(*) FROM location.packs) AS packs, (SELECT count(*) FROM location.tracks) AS tracks',
  )
  await session.end()
  assert.deepEqual(rows, [{ packs: 0, tracks: 0 }])
  const later = at('packed-later')
  assert.equal((await command('backup', database.engineUrl, later)).code, 0)
  const { ran } = await restoredFrom(later, '--until', until)
  assert.match(ran.stderr, /were packed into tracks \(segments \d+ to \d+\) when the set was taken; go out from a set/)
})

test('a directory with other things in it is not taken for one of backups', async () => {
  await writeFile(at('a file'), '')
  const { code, stderr } = await command('backup', database.engineUrl, dir)
  assert.equal(code, 1)
  assert.match(stderr, /The directory .* has other things in it \(/)
  assert.deepEqual(
    (await readdir(dir)).filter(name => name.includes('unfinished')),
    [],
  )
})
