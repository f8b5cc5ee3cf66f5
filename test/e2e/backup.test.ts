/** Backups of an engine that works, and a restore that is killed: nothing is lost, doubled, or half there. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { BACKUP_TABLES } from '../../src/store/backup/backup-tables.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { runProcess } from '../support/command-line.ts'
import { SCENE, Site, until } from '../support/engine.ts'
import { times } from '../support/long.ts'
import { testDatabase } from '../support/postgres.ts'
import { GOLDENHOUR } from '../support/program.ts'

const UNITS = ['A1', 'A2', 'A3', 'A4']
const CALL = { ...SCENE, priority: 3, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

async function place(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-backup-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return path.join(dir, 'backups')
}

async function target(t: TestContext) {
  const made = await testDatabase()
  t.after(() => made.drop())
  return made
}

async function ask<Row extends object>(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = await openClient(url, { applicationName: 'goldenhour test' })
  return (await client.query<Row>(text, [...values]).finally(() => client.end())).rows
}

const RECORDS = 'SELECT position, checksum::text FROM log.records ORDER BY position'
const SEGMENTS = 'SELECT segment_no, checksum::text FROM location.segments ORDER BY segment_no'

test('a backup under load has every record and fix up to its moment once, and what follows it adds the rest', async t => {
  const dir = await place(t)
  const site = await Site.make(t, { akl: { mode: 'offered', units: UNITS } })
  await site.spawn()
  const desk = site.dispatcher()
  const crews = UNITS.map(unitId => site.driver(unitId))
  const acknowledged: { id: string; position: number }[] = []
  let isOver = false
  await Promise.all(crews.map(crew => crew.signOn()))
  const working = [
    ...crews.map(async crew => {
      for (let turn = 0; !isOver; turn += 1) {
        for (let i = 0; i < 5; i++) crew.report({ ...SCENE, speedMps: turn % 30 })
        const done = turn % 2 === 0 ? crew.becomeUnavailable('refuel') : crew.becomeAvailable()
        await done.then(
          outcome => acknowledged.push(outcome),
          () => undefined,
        )
      }
    }),
    (async () => {
      while (!isOver) {
        const { id, position, result } = await desk.enterCall(CALL)
        acknowledged.push({ id, position })
        await desk.cancelCall(result.callId, 'no-longer-needed')
      }
    })(),
  ]
  const env = { DATABASE_URL: site.databaseUrl }
  const taken: { end: number; before: number }[] = []
  for (let set = 1; set <= times(3, 20); set++) {
    await sleep(300)
    const before = Math.max(0, ...acknowledged.map(({ position }) => position))
    const { code, stderr } = await runProcess(['backup', dir], { env })
    assert.equal(code, 0, stderr)
    const manifest = JSON.parse(await readFile(path.join(dir, String(set).padStart(4, '0'), 'manifest.json'), 'utf8'))
    assert.equal(manifest.kind, set === 1 ? 'full' : 'increment')
    taken.push({ end: manifest.regions[0].position, before })
  }
  isOver = true
  await Promise.all(working)
  const log = await ask<{ position: number }>(site.databaseUrl, RECORDS)
  const fixes = await ask<{ segment_no: number }>(site.databaseUrl, SEGMENTS)
  assert.ok(taken[0]!.end < taken[1]!.end && taken.at(-1)!.end <= log.length, 'it was under load')
  for (const [index, { end, before }] of taken.entries()) {
    if (index > 0 && index < taken.length - 1) continue
    assert.ok(end >= before, 'what was acknowledged before it began is in it')
    const other = await target(t)
    const set = String(index + 1).padStart(4, '0')
    const restored = await runProcess(['restore', dir, '--set', set], { env: { DATABASE_URL: other.url } })
    assert.equal(restored.code, 0, restored.stdout + restored.stderr)
    assert.match(restored.stderr, /nothing is wrong\./)
    assert.deepEqual(await ask(other.url, RECORDS), log.slice(0, end))
    const stored = await ask(other.url, SEGMENTS)
    assert.deepEqual(stored, fixes.slice(0, stored.length))
    const commands = await ask<{ command_id: string; position: number }>(
      other.url,
      'SELECT command_id, position FROM log.records WHERE command_id IS NOT NULL',
    )
    const counts = new Map<string, number>()
    for (const { command_id } of commands) counts.set(command_id, (counts.get(command_id) ?? 0) + 1)
    for (const { id } of acknowledged.filter(({ position }) => position <= end)) assert.equal(counts.get(id), 1, id)
  }
})

test('an engine starts on what was restored up to a moment, and takes the tokens of before', async t => {
  const dir = await place(t)
  const site = await Site.make(t, { akl: { mode: 'ordered', units: UNITS } })
  const engine = await site.start()
  await site.driver('A1').signOn()
  const desk = site.dispatcher()
  const first = await desk.enterCall(CALL)
  await desk.enterCall({ ...CALL, priority: 1 })
  await engine.stop()
  const ran = await runProcess(['backup', dir], { env: { DATABASE_URL: site.databaseUrl } })
  assert.equal(ran.code, 0, ran.stderr)
  const other = await target(t)
  const env = { DATABASE_URL: other.url }
  const restored = await runProcess(['restore', dir, '--until', `akl:${first.position}`], { env })
  assert.equal(restored.code, 0, restored.stderr)
  const next = await Site.make(t, {}, other.url)
  const later = await next.start()
  const token = await site.token({ regions: ['akl'] })
  const { body } = await next.http(`/v1/calls?region=akl&status=open&after=${first.position}`, { token })
  assert.deepEqual(
    body.items.map(({ callId }: { callId: string }) => callId),
    [first.result.callId],
  )
  await later.stop()
})

test('a restore that is killed leaves nothing behind, and the next one does all of it', async t => {
  const dir = await place(t)
  const site = await Site.make(t, { akl: { mode: 'ordered', units: UNITS } })
  const engine = await site.start()
  await site.driver('A1').signOn()
  await engine.stop()
  await promisify(execFile)(process.execPath, [...GOLDENHOUR, 'backup', dir], {
    env: { PATH: process.env.PATH, DATABASE_URL: site.databaseUrl },
  })
  const other = await target(t)
  // It stands still between two tables, at a lock that the test has.
  const holder = await openClient(other.url, { applicationName: 'goldenhour test' })
  await holder.query('SELECT pg_advisory_lock(7)')
  await holder.query(`CREATE FUNCTION public.stand_still() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$;
    CREATE TRIGGER stand_still AFTER INSERT ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION public.stand_still()`)
  const env = { PATH: process.env.PATH, DATABASE_URL: other.url }
  const child = spawn(process.execPath, [...GOLDENHOUR, 'restore', dir], { env, stdio: 'ignore' })
  const gone = new Promise(resolve => child.once('exit', resolve))
  const waits = `SELECT pid FROM pg_stat_activity WHERE application_name = 'goldenhour restore' AND wait_event = 'advisory'
    AND datname = current_database()`
  await until('the restore stands still', async () => (await holder.query(waits)).rowCount === 1)
  child.kill('SIGKILL')
  await gone
  await holder.query('SELECT pg_advisory_unlock(7)')
  await until('its session is over', async () => {
    const { rowCount } = await holder.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'goldenhour restore' AND datname = current_database()`,
    )
    return rowCount === 0
  })
  for (const { name } of BACKUP_TABLES) {
    if (['reference.version', 'auth.version', 'audit.head'].includes(name)) continue
    assert.deepEqual((await holder.query(`SELECT 1 FROM ${name} LIMIT 1`)).rows, [], name)
  }
  await holder.query('DROP TRIGGER stand_still ON audit.entries')
  await holder.end()
  const again = await runProcess(['restore', dir], { env: { DATABASE_URL: other.url } })
  assert.equal(again.code, 0, again.stderr)
  assert.deepEqual(await ask(other.url, RECORDS), await ask(site.databaseUrl, RECORDS))
})

test('a backup that is interrupted leaves no set and nothing half made', async t => {
  const dir = await place(t)
  const site = await Site.make(t, { akl: { mode: 'ordered', units: UNITS } })
  const holder = await site.session()
  await holder.query('BEGIN; LOCK TABLE location.segments IN ACCESS EXCLUSIVE MODE')
  await holder.query('SET idle_in_transaction_session_timeout = 0')
  const env = { PATH: process.env.PATH, DATABASE_URL: site.databaseUrl }
  const child = spawn(process.execPath, [...GOLDENHOUR, 'backup', dir], { env, stdio: 'ignore' })
  const gone = new Promise<number | null>(resolve => child.once('exit', resolve))
  const waits = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'goldenhour backup' AND wait_event_type = 'Lock'
    AND datname = current_database()`
  await until('the backup waits', async () => (await ask(site.databaseUrl, waits)).length === 1)
  child.kill('SIGINT')
  await sleep(200)
  await holder.query('ROLLBACK')
  assert.equal(await gone, 130)
  assert.deepEqual(await readdir(dir), [])
})
