/** The former and the next version on one database in turn: what an engine meets whose database goes ahead of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { functions } from '../../src/store/functions/index.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'
import { SCENE, Site } from '../support/engine.ts'

const REGION = { akl: { mode: 'ordered', units: ['A1'] } } as const
const CALL = { ...SCENE, priority: 3, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

/** What a start of the next version does first, beside an engine that runs. */
const nextVersion = (site: Site, sql: string) =>
  migrate(site.databaseUrl, { schema: { steps: [...migrations, { name: '9999-next', sql }], functions } })

test('an engine goes on over a step of the next version that only adds, and once it has stopped no other of its version starts', async t => {
  const site = await Site.make(t, REGION)
  const engine = await site.start()
  const desk = site.dispatcher()
  const { position } = await desk.enterCall(CALL)
  assert.deepEqual(await nextVersion(site, 'CREATE TABLE log.of_next (n bigint)'), ['9999-next'])
  assert.equal((await desk.enterCall(CALL)).position, position + 1)
  // A standby of its version would be one of before, too.
  const standby = await site.start().then(
    () => null,
    error => error,
  )
  assert.equal(standby.code, 'database-newer-than-code')
  assert.match(standby.message, /made by a newer Goldenhour \(it has 9999-next\); start that version or a later one/)
  assert.equal((await desk.enterCall(CALL)).position, position + 2)
  await engine.stop()
  await assert.rejects(site.start(), { code: 'database-newer-than-code' })
})

test('an engine whose way to append is gone takes nothing more, says so, and loses nothing that it had acknowledged', async t => {
  const site = await Site.make(t, REGION)
  const engine = await site.start()
  const enter = async (key: string) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    const { status, body } = await site.http('/v1/calls', { method: 'POST', headers, body: JSON.stringify(CALL) })
    return { status, code: body.code ?? null, position: body.position ?? null }
  }
  const first = await enter('first')
  assert.equal(first.status, 201)
  await site.query('ALTER FUNCTION log.append_records RENAME TO append_records_of_next')
  for (const key of ['second', 'third'])
    assert.deepEqual(await enter(key), { status: 503, code: 'unavailable', position: null })
  await engine.stop()
  // The next version takes the region; here it is this one, with its own way to append.
  await site.query('ALTER FUNCTION log.append_records_of_next RENAME TO append_records')
  const next = await site.start()
  assert.equal((await enter('first')).position, first.position)
  const ids = (await site.records()).map(({ commandId }) => commandId).filter(id => id !== null)
  assert.deepEqual(ids, ['first'])
  await next.stop()
})
