import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test, { after, before } from 'node:test'
import type pg from 'pg'
import { functions } from '../../../src/store/functions/index.ts'
import { migrations } from '../../../src/store/migrations/index.ts'
import { openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { APPENDING, ENGINE_RIGHTS, mayChangeHistory } from '../../../src/store/postgres/engine-role.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { emptyDatabase } from '../../support/postgres.ts'

const ROLE = `engine_${randomBytes(6).toString('hex')}`
const PASSWORD = 'only for this test'

let owned: Awaited<ReturnType<typeof emptyDatabase>>
let owner: pg.Client
let engine: pg.Client
let engineUrl: string

before(async () => {
  owned = await emptyDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  await owner.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`)
  await migrate(owned.url, { grantTo: ROLE })
  engineUrl = as(ROLE, owned.url)
  engine = await openClient(engineUrl, { applicationName: 'goldenhour test' })
  await engine.query('SELECT audit.append(\'[{"actor":"a","action":"b","outcome":"done","details":{}}]\')')
})
after(async () => {
  await engine.end()
  await owner.query(`DROP OWNED BY ${ROLE}`)
  await owner.query(`DROP ROLE ${ROLE}`)
  await owner.end()
  await owned.drop()
})

function as(role: string, address: string): string {
  const url = new URL(address)
  url.username = role
  url.password = PASSWORD
  return url.href
}

/** SQLSTATE `insufficient_privilege`. */
const denied = (statement: string): Promise<void> =>
  assert.rejects(engine.query(statement), { code: '42501' }, statement)

test('the role of an engine can change nothing that is in the log, the locations or the audit', async () => {
  for (const table of ['audit.entries', 'audit.head', 'log.records', 'log.call_details', 'location.segments']) {
    const { rows } = await owner.query<{ column: string }>(
      'SELECT quote_ident(attname) AS column FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1',
      [table],
    )
    await denied(`UPDATE ${table} SET ${rows[0]!.column} = NULL`)
    await denied(`DELETE FROM ${table}`)
    await denied(`TRUNCATE ${table}`)
    await denied(`INSERT INTO ${table} DEFAULT VALUES`)
    await denied(`ALTER TABLE ${table} DISABLE TRIGGER USER`)
  }
  assert.equal((await owner.query('SELECT FROM audit.entries')).rowCount, 1)
})

test('the role of an engine can neither switch triggers off nor become another', async () => {
  await denied("SET session_replication_role = 'replica'")
  await denied(`SET ROLE ${new URL(owned.url).username}`)
  await denied(`ALTER ROLE ${ROLE} SUPERUSER`)
  await denied('CREATE SCHEMA its_own')
  await denied('CREATE TABLE audit.its_own ()')
  await denied('CREATE OR REPLACE FUNCTION audit.append(jsonb) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$')
})

test('what appends runs with the rights of its owner, on a path that nobody else can write to', async () => {
  const { rows } = await owner.query<{ name: string; definer: boolean; config: string[] | null }>(
    `SELECT n.nspname || '.' || p.proname AS name, p.prosecdef AS definer, p.proconfig AS config
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname || '.' || p.proname = ANY ($1)`,
    [APPENDING],
  )
  assert.deepEqual(rows.map(({ name }) => name).sort(), [...APPENDING].sort())
  for (const { name, definer, config } of rows) {
    assert.deepEqual([definer, config], [true, ['search_path=pg_catalog, pg_temp']], name)
  }
  // A table of the caller's own that has the name of one of ours is not the one that is written to.
  await engine.query('CREATE TEMP TABLE head (seq bigint)')
  await engine.query('SELECT audit.append(\'[{"actor":"a","action":"b","outcome":"done","details":{}}]\')')
  assert.equal((await owner.query('SELECT FROM audit.entries')).rowCount, 2)
})

test('every table of the schema has rights of the engine stated, and it has no others', async () => {
  const { rows } = await owner.query<{ name: string; rights: string }>(
    `SELECT t.name, coalesce(string_agg(r, ', ' ORDER BY n) FILTER (WHERE has_table_privilege($1, t.name, r)), '') AS rights
     FROM (SELECT schemaname || '.' || tablename AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname NOT LIKE 'pg_temp%'
       UNION ALL SELECT schemaname || '.' || viewname FROM pg_views WHERE schemaname = 'views') t
     CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
       WITH ORDINALITY AS r (r, n)
     GROUP BY t.name`,
    [ROLE],
  )
  assert.deepEqual(Object.fromEntries(rows.map(({ name, rights }) => [name, rights])), { ...ENGINE_RIGHTS })
})

test('a role that may not migrate starts on a schema that is complete, and is told what to do on one that is not', async () => {
  assert.deepEqual(await migrate(engineUrl), [])
  const next = { name: '9999-next', sql: 'CREATE TABLE log.next (n int8)' }
  await assert.rejects(migrate(engineUrl, { schema: { steps: [...migrations, next], functions } }), {
    code: 'role-may-not-migrate',
    message: new RegExp(`role ${ROLE} may not .* "npx goldenhour migrate --grant-to ${ROLE}"`),
  })
})

test('a database that was never granted, or never migrated, says so too', async () => {
  const other = await emptyDatabase()
  try {
    await assert.rejects(migrate(as(ROLE, other.url)), { code: 'role-may-not-migrate' })
    await migrate(other.url)
    await assert.rejects(migrate(as(ROLE, other.url)), { code: 'role-may-not-migrate' })
  } finally {
    await other.drop()
  }
})

test('a later migration gives the role its rights anew, without being told of it', async () => {
  await owner.query(`REVOKE INSERT ON auth.users FROM ${ROLE}`)
  const next = { name: '9999-next', sql: 'SELECT 1' }
  await migrate(owned.url, { schema: { steps: [...migrations, next], functions } })
  await owner.query('DELETE FROM goldenhour.migrations WHERE name = $1', [next.name])
  const { rows } = await owner.query('SELECT has_table_privilege($1, $2, $3) AS may', [ROLE, 'auth.users', 'INSERT'])
  assert.deepEqual(rows, [{ may: true }])
})

test('functions that are made anew keep to the rights of the role, at once for those who use them', async () => {
  const [changed] = functions.filter(({ file }) => file === 'audit.sql')
  const anew = { ...changed!, sha256: 'of another text' }
  const schema = { steps: migrations, functions: functions.map(each => (each === changed ? anew : each)) }
  assert.deepEqual(await migrate(owned.url, { schema }), ['audit.sql'])
  await engine.query('SELECT audit.append(\'[{"actor":"a","action":"b","outcome":"done","details":{}}]\')')
  assert.deepEqual(await migrate(owned.url), ['audit.sql'])
  await engine.query('SELECT audit.append(\'[{"actor":"a","action":"b","outcome":"done","details":{}}]\')')
})

test('a start that asks for rights that are there changes nothing, and one that finds others sets them right', async () => {
  const rights = async () =>
    (await owner.query("SELECT xmin, relacl::text FROM pg_class WHERE relnamespace = 'log'::regnamespace ORDER BY oid"))
      .rows
  const before = await rights()
  await migrate(owned.url, { grantTo: ROLE })
  assert.deepEqual(await rights(), before)
  await owner.query(`GRANT DELETE ON log.records TO ${ROLE}`)
  await migrate(owned.url, { grantTo: ROLE })
  await denied('DELETE FROM log.records')
})

test('a role that could not be held to its rights, or is not there, is refused', async () => {
  const { username } = new URL(owned.url)
  await assert.rejects(migrate(owned.url, { grantTo: username }), { code: 'engine-role-unfit', message: /superuser/ })
  await assert.rejects(migrate(owned.url, { grantTo: 'nobody_of_that_name' }), {
    code: 'engine-role-unfit',
    message: /The role nobody_of_that_name does not exist.*CREATE ROLE/,
  })
})

test('it can be told from outside whether an engine could change what was recorded', async () => {
  for (const [url, may] of [
    [owned.url, true],
    [engineUrl, false],
  ] as const) {
    const database = openDatabase(url)
    try {
      assert.equal(await mayChangeHistory(database), may)
    } finally {
      await database.destroy()
    }
  }
})
