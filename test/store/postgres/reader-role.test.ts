import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test, { after, before } from 'node:test'
import type pg from 'pg'
import { functions } from '../../../src/store/functions/index.ts'
import { migrations } from '../../../src/store/migrations/index.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { READ_VIEWS } from '../../../src/store/postgres/engine-role.ts'
import { makeReader, migrate } from '../../../src/store/postgres/migrate.ts'
import { emptyDatabase } from '../../support/postgres.ts'

const suffix = randomBytes(6).toString('hex')
const [READER, ENGINE, SUPER] = [`reader_${suffix}`, `engine_${suffix}`, `super_${suffix}`]
const PASSWORD = 'only for this test'

let owned: Awaited<ReturnType<typeof emptyDatabase>>
let owner: pg.Client
let reader: pg.Client

before(async () => {
  owned = await emptyDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  for (const role of [READER, ENGINE, SUPER]) await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`)
  await owner.query(`ALTER ROLE ${SUPER} SUPERUSER`)
  await migrate(owned.url, { grantTo: ENGINE })
  // What somebody gave it before.
  await owner.query(`GRANT USAGE ON SCHEMA log TO ${READER}; GRANT SELECT ON log.call_details TO ${READER}`)
  await makeReader(owned.url, READER)
  const url = new URL(owned.url)
  url.username = READER
  url.password = PASSWORD
  reader = await openClient(url.href, { applicationName: 'goldenhour test' })
})
after(async () => {
  await reader.end()
  for (const role of [READER, ENGINE, SUPER]) {
    await owner.query(`DROP OWNED BY ${role}`)
    await owner.query(`DROP ROLE ${role}`)
  }
  await owner.end()
  await owned.drop()
})

/** SQLSTATE `insufficient_privilege`. */
const denied = (statement: string): Promise<void> =>
  assert.rejects(reader.query(statement), { code: '42501' }, statement)

test('a reader can read every view, and ask what the schema answers', async () => {
  const { rows } = await owner.query<{ name: string }>(
    "SELECT schemaname || '.' || viewname AS name FROM pg_views WHERE schemaname = 'views' ORDER BY 1",
  )
  assert.deepEqual(
    rows.map(({ name }) => name),
    [...READ_VIEWS].sort(),
  )
  for (const view of READ_VIEWS) await reader.query(`SELECT * FROM ${view}`)
  await reader.query("SELECT * FROM views.response_samples('metro', 0, 1)")
  await reader.query("SELECT * FROM views.response_fractiles('metro', 0, 1, 480000)")
})

test('a reader can read no other table of ours, so nothing that was said of a caller, and no secret', async () => {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname NOT LIKE 'pg_temp%'`,
  )
  assert.ok(rows.length > 40)
  for (const { name } of rows) await denied(`SELECT FROM ${name}`)
})

test('no view has what was said of a caller or patient, nor takes it from where it can be erased', async () => {
  const { rows } = await owner.query<{ view: string; source: string }>(
    `SELECT DISTINCT v.relname AS view, n.nspname || '.' || t.relname AS source
     FROM pg_class v JOIN pg_rewrite w ON w.ev_class = v.oid JOIN pg_depend d ON d.objid = w.oid
     JOIN pg_class t ON t.oid = d.refobjid AND t.oid <> v.oid JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE v.relnamespace = 'views'::regnamespace AND v.relkind = 'v'`,
  )
  assert.ok(rows.length >= READ_VIEWS.length)
  for (const { view, source } of rows) assert.match(source, /^views\.(\w+_rows|cursors)$/, view)
  const columns = await owner.query<{ name: string }>(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'views' AND table_name !~ '_rows$'",
  )
  for (const { name } of columns.rows) assert.doesNotMatch(name, /caller|phone|address|notes|text|folded/)
})

test('a reader can change nothing', async () => {
  for (const view of READ_VIEWS) {
    for (const change of [`INSERT INTO ${view} DEFAULT VALUES`, `DELETE FROM ${view}`]) {
      // 55000: nobody can, since it is no table.
      await assert.rejects(reader.query(change), ({ code }: { code?: string }) => code === '42501' || code === '55000')
    }
  }
  await denied('UPDATE views.progress SET as_of_position = 0')
  await denied('TRUNCATE views.trip_rows')
  await denied('UPDATE views.cursors SET position = 0')
  await denied('CREATE TABLE views.its_own ()')
  await denied('CREATE SCHEMA its_own')
  await denied("SELECT audit.append('[]')")
  await denied(`SET ROLE ${ENGINE}`)
})

test('a migration gives a reader again what is read, and takes nothing from it that an operator gave it since', async () => {
  await owner.query(`REVOKE SELECT ON views.trips FROM ${READER}; CREATE TABLE IF NOT EXISTS public.own_${suffix} ()`)
  await owner.query(`GRANT SELECT ON public.own_${suffix} TO ${READER}`)
  await denied('SELECT FROM views.trips')
  const next = { name: '9999-next', sql: 'SELECT 1' }
  await migrate(owned.url, { schema: { steps: [...migrations, next], functions } })
  await reader.query('SELECT FROM views.trips')
  await reader.query(`SELECT FROM public.own_${suffix}`)
  await denied('SELECT FROM log.records')
})

test('a role that can do more, or is not there, is refused with what to do', async () => {
  const refused = (role: string, told: RegExp) =>
    assert.rejects(makeReader(owned.url, role), { code: 'reader-role-unfit', message: told })
  await refused('nobody_at_all', /does not exist; make it first: CREATE ROLE nobody_at_all/)
  await refused(SUPER, /it is a superuser. Take another/)
  await refused(ENGINE, /it is an engine's/)
})
