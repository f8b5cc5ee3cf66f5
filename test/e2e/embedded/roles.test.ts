/** The engine's own role in the embedded server, also where an older version made the directory. */
import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { SCENE, until } from '../../support/engine.ts'
import { embedded } from './place.ts'

test('an engine works with a role that cannot rewrite what it wrote, also in a directory of before there was one', async t => {
  const { baseDir, site, env } = await embedded(t)
  const server = await startEmbeddedPostgres({ baseDir, log: () => undefined })
  const before = await openClient(server.url, { applicationName: 'goldenhour test' })
  await before.query('DROP OWNED BY goldenhour_engine')
  await before.query('DROP ROLE goldenhour_engine')
  await before.end()
  await server.stop()
  await rm(path.join(baseDir, 'engine-password'))

  const engine = await site.spawn(env)
  const entered = await until('the store takes writes', async () => {
    const answer = await site.http('/v1/calls', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'roles' },
      body: JSON.stringify({ ...SCENE, priority: 1, problem: '09E01', needs: [{ levelOfCare: 'als' }] }),
    })
    return answer.status !== 503 && answer
  })
  assert.equal(entered.status, 201, JSON.stringify(entered.body))

  const url = new URL(site.databaseUrl)
  url.port = (await readFile(path.join(baseDir, 'port'), 'utf8')).trim()
  const owner = await openClient(url.href, { applicationName: 'goldenhour test' })
  const { rows } = await owner.query<{ role: string }>(
    `SELECT DISTINCT usename AS role FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  )
  await owner.end()
  assert.deepEqual(rows, [{ role: 'goldenhour_engine' }])
  assert.deepEqual(
    // How many files may be open is the machine's.
    engine.logs.filter(({ level, msg }) => level >= 40 && !/open files/.test(msg)).map(({ msg }) => msg),
    [],
  )

  url.username = 'goldenhour_engine'
  url.password = await readFile(path.join(baseDir, 'engine-password'), 'utf8')
  const own = await openClient(url.href, { applicationName: 'goldenhour test' })
  for (const statement of [
    'DELETE FROM audit.entries',
    'UPDATE audit.head SET seq = 0',
    'DELETE FROM log.records',
    "UPDATE log.records SET principal = 'nobody'",
    "SET session_replication_role = 'replica'",
  ]) {
    await assert.rejects(own.query(statement), { code: '42501' }, statement)
  }
  await own.end()
  const log = await readFile(path.join(baseDir, 'postgres.log'), 'utf8')
  assert.ok(!log.includes(url.password), 'the password is not in the log of the server')
  await engine.kill()
})
