import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test, { after } from 'node:test'
import { functions } from '../../../src/store/functions/index.ts'
import { migrations } from '../../../src/store/migrations/index.ts'
import type { Migration } from '../../../src/store/migrations/migration.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { emptyDatabase } from '../../support/postgres.ts'

const one: Migration = { name: '0001-one', sql: 'CREATE TABLE one (n int8); INSERT INTO one VALUES (1)' }
const two: Migration = { name: '0002-two', sql: 'CREATE TABLE two (n int8); INSERT INTO two VALUES (2)' }
const broken: Migration = { name: '0002-two', sql: 'CREATE TABLE two (n int8); SELECT 1 / 0' }

const only = (...steps: readonly Migration[]) => ({ steps, functions: [] })
const names = migrations.map(step => step.name)
/** The step that keeps which functions were applied. */
const ofFunctions = migrations.find(step => step.name === '0011-functions')!
const files = functions.map(({ file }) => file)

/** The last step that was made for a change of functions, and the hash of all of them. */
const ANNOUNCED = {
  step: '0025-packs',
  sha256: '27f0e3905385c672f1d415e2e2fcde285c8684958e123362c592360fa16c348f',
}

const drops: (() => Promise<void>)[] = []
after(() => Promise.all(drops.map(drop => drop())))

async function fresh(): Promise<string> {
  const { url, drop } = await emptyDatabase()
  drops.push(drop)
  return url
}

async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const session = await openClient(url, { applicationName: 'migrate.test' })
  try {
    return (await session.query<Row>(sql)).rows
  } finally {
    await session.end()
  }
}

test('the shipped migrations apply in order, and a second run finds nothing to do', async () => {
  const url = await fresh()
  assert.deepEqual(await migrate(url), [...names, ...files])
  assert.deepEqual(await migrate(url), [])
  assert.deepEqual(names, [...names].sort(), 'names sort as they are applied')
})

test('a later version applies only what is missing', async () => {
  const url = await fresh()
  assert.deepEqual(await migrate(url, { schema: only(one) }), ['0001-one'])
  assert.deepEqual(await migrate(url, { schema: only(one, two) }), ['0002-two'])
  assert.deepEqual(await ask(url, 'SELECT n FROM one'), [{ n: 1 }])
})

test('processes that start at once apply each step once', async () => {
  const url = await fresh()
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(url, { schema: only(one, two) })))
  assert.deepEqual(applied.flat().sort(), ['0001-one', '0002-two'])
  assert.deepEqual(await ask(url, 'SELECT n FROM two'), [{ n: 2 }])
})

test('a step that fails is undone as a whole, and the steps before it stay', async () => {
  const url = await fresh()
  await assert.rejects(migrate(url, { schema: only(one, broken) }), /division by zero/)
  assert.deepEqual(await ask(url, "SELECT to_regclass('one') IS NOT NULL AS one, to_regclass('two') AS two"), [
    { one: true, two: null },
  ])
  assert.deepEqual(await migrate(url, { schema: only(one, two) }), ['0002-two'])
})

test('a database that is newer than the code is refused, and left alone', async () => {
  const url = await fresh()
  await migrate(url, { schema: only(one, two) })
  await assert.rejects(migrate(url, { schema: only(one, { name: '0003-three', sql: 'CREATE TABLE three ()' }) }), {
    code: 'database-newer-than-code',
    message: /0002-two/,
  })
  assert.deepEqual(await ask(url, "SELECT to_regclass('three') AS three"), [{ three: null }])
})

test('while a step is applied one lock is held, that of its transaction', async () => {
  const url = await fresh()
  const locks = `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`
  await migrate(url, { schema: only(one, { name: '0002-locks', sql: `CREATE TABLE locks AS ${locks}` }) })
  assert.deepEqual(await ask(url, 'SELECT n FROM locks'), [{ n: 1 }])
})

test('a process that stands still with the lock keeps others waiting until the server ends its transaction', async () => {
  const url = await fresh()
  const stopped = await openClient(url, { applicationName: 'migrate.test' })
  await stopped.query('BEGIN')
  await stopped.query('SELECT pg_advisory_xact_lock(470911001)')
  assert.deepEqual(await migrate(url, { schema: only(one) }), ['0001-one'])
  await stopped.end().catch(() => undefined)
})

test('a file of functions is applied when its text has changed, and only then', async () => {
  const url = await fresh()
  const schema = (sql: string) => ({
    steps: [one, ofFunctions],
    functions: [{ file: 'f.sql', sql, sha256: createHash('sha256').update(sql).digest('hex') }],
  })
  const says = (n: number) => `CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT ${n}'`
  assert.deepEqual(await migrate(url, { schema: schema(says(1)) }), ['0001-one', '0011-functions', 'f.sql'])
  assert.deepEqual(await migrate(url, { schema: schema(says(1)) }), [])
  assert.deepEqual(await migrate(url, { schema: schema(says(2)) }), ['f.sql'])
  assert.deepEqual(await ask(url, 'SELECT f() AS f'), [{ f: 2 }])
  await assert.rejects(migrate(url, { schema: schema('SELECT 1 / 0') }), /division by zero/)
  assert.deepEqual(await migrate(url, { schema: schema(says(2)) }), [], 'what failed left nothing behind')
})

test('the last step and the functions that were made for it are applied together or not at all', async () => {
  const url = await fresh()
  const steps = [one, ofFunctions]
  const broken = { file: 'f.sql', sql: 'SELECT 1 / 0', sha256: '' }
  await assert.rejects(migrate(url, { schema: { steps, functions: [broken] } }), /division by zero/)
  assert.deepEqual(await ask(url, 'SELECT name FROM goldenhour.migrations'), [{ name: '0001-one' }])
})

test('whoever changes a function adds a step, by which programs of before know that the database is newer', () => {
  const all = createHash('sha256')
  for (const { file, sha256 } of functions) all.update(`${file} ${sha256}\n`)
  assert.equal(
    all.digest('hex'),
    ANNOUNCED.sha256,
    'add a step, were it an empty one, and say its name and this hash here',
  )
  assert.ok(names.includes(ANNOUNCED.step))
})

test('a database that was left at an earlier version becomes as one that was made now, with its rows', async () => {
  const old = await fresh()
  await ask(old, readFileSync(new URL('database-at-0007.sql', import.meta.url), 'utf8'))
  await ask(
    old,
    `INSERT INTO log.region_owner VALUES ('sf', 1, 'a'); SELECT location.append_segment('sf', 1, 'a', 1, 0, 5, 6, 1, 1::smallint, 'x')`,
  )
  const applied = await Promise.all([migrate(old), migrate(old)])
  assert.deepEqual(applied.flat().sort(), [...names.slice(7), ...files].sort(), 'each by one of two that start at once')
  const made = await fresh()
  await migrate(made)
  assert.deepEqual(await schemaOf(old), await schemaOf(made))
  const record = await ask<{ name: string; at: string }>(
    old,
    'SELECT name, timestamp AS at FROM goldenhour.migrations ORDER BY name',
  )
  assert.deepEqual(
    record.map(({ name }) => name),
    names,
  )
  assert.deepEqual(record[6], { name: '0007-call-details', at: '2026-07-01T12:00:00.000Z' })
  const segments = 'SELECT segment_no AS no, checksum IS NULL AS unproven FROM location.segments ORDER BY segment_no'
  await ask(old, `SELECT location.append_segment('sf', 1, 'a', 2, 0, 7, 8, 1, 1::smallint, 'y')`)
  assert.deepEqual(await ask(old, segments), [
    { no: 1, unproven: true },
    { no: 2, unproven: false },
  ])
})

test('the record that the program before this one kept is carried over, and refused by it from then on', async () => {
  const url = await fresh()
  await migrate(url)
  await ask(
    url,
    `DROP SCHEMA webhooks CASCADE; DROP TABLE location.archives; DROP TABLE location.packs; DROP TABLE location.tracks; DROP TABLE log.erasures; DROP TABLE log.holds; DROP TABLE log.closed_trips; DROP TABLE log.closed_calls; DROP SCHEMA views CASCADE; DROP SCHEMA roads CASCADE; ALTER TABLE reference.units DROP COLUMN transports; ALTER TABLE reference.hospitals DROP COLUMN status, DROP COLUMN status_note, DROP COLUMN status_since_ms; DROP TABLE log.incident_numbers; DROP TABLE log.call_notes; DROP TABLE log.former_call_details; ALTER TABLE log.call_details DROP COLUMN position;
     DROP TABLE reference.policies; DROP TABLE goldenhour.functions; DROP TABLE goldenhour.migration_lock; DROP TABLE goldenhour.migrations;
     CREATE TABLE goldenhour.migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
     INSERT INTO goldenhour.migrations (name) SELECT unnest('{${names.slice(0, 10).join()}}'::text[])`,
  )
  assert.deepEqual(await migrate(url), [...names.slice(10), ...files])
  assert.deepEqual(await migrate(url), [])
  // What that program asks first; a name that it does not know is that of a newer one.
  assert.deepEqual((await ask<{ name: string }>(url, 'SELECT name FROM goldenhour.migrations ORDER BY name')).at(-1), {
    name: names.at(-1),
  })
})

test('int8 is a number, and one that would lose digits is an error', async () => {
  const url = await fresh()
  assert.deepEqual(await ask(url, 'SELECT 9007199254740991::int8 AS n'), [{ n: Number.MAX_SAFE_INTEGER }])
  await assert.rejects(ask(url, 'SELECT 9007199254740993::int8 AS n'), RangeError)
})

test('a session that idles inside a transaction is ended by the server within about a second', async () => {
  const session = await openClient(await fresh(), { applicationName: 'migrate.test' })
  const ended = new Promise(resolve => session.once('end', resolve))
  await session.query('BEGIN')
  await ended
  await assert.rejects(session.query('SELECT 1'))
})

/** All that our schemas consist of, in words. */
function schemaOf(url: string): Promise<{ thing: string }[]> {
  return ask(
    url,
    `WITH ours AS (SELECT oid, nspname FROM pg_namespace
       WHERE nspname IN ('goldenhour', 'log', 'location', 'reference', 'auth', 'audit', 'gateway', 'views', 'webhooks'))
     SELECT format('%s.%s %s %s %s', table_schema, table_name, column_name, data_type, is_nullable) || coalesce(column_default, '')
         AS thing FROM information_schema.columns WHERE table_schema IN (SELECT nspname FROM ours)
     UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname IN (SELECT nspname FROM ours)
     UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
       WHERE connamespace IN (SELECT oid FROM ours)
     UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       WHERE c.relnamespace IN (SELECT oid FROM ours) AND NOT t.tgisinternal
     UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours)
     UNION ALL SELECT format('%s %s', oid::regclass, reloptions) FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours)
     ORDER BY thing`,
  )
}
