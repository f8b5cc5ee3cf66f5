/** SIGTERM ends an engine with 0 within its limit, though its database is gone or takes no writes; nothing told is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SCENE, Site, until } from '../support/engine.ts'
import { startOwnServer } from '../support/postgres.ts'

const AKL = { akl: { mode: 'offered', units: ['A1'] } } as const
const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const
/** Far more than the machine needs, so that only a stop that waits for the database reaches it. */
const LIMIT_MS = '20000'

test('with its database gone', async t => {
  const server = await startOwnServer()
  const endings: (() => Promise<void>)[] = [() => server.end()]
  t.after(async () => {
    for (const end of endings.reverse()) await end()
  })
  const site = await Site.make({ after: run => endings.push(run) }, AKL, server.url)
  const engine = await site.spawn({ GOLDENHOUR_DRAIN_LIMIT_MS: LIMIT_MS })
  const crew = site.driver('A1')
  const { position } = await crew.signOn()
  await server.takeAway()
  crew.report(SCENE)
  engine.signal('SIGTERM')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
  assert.ok(engine.logs.some(({ msg }) => msg === 'stopped'))

  await server.bringBack()
  assert.equal((await site.records()).at(-1)!.position, position)
})

test('with a database that takes no writes: what is left undone is named, and what was told is on record', async t => {
  const site = await Site.make(t, AKL)
  const engine = await site.spawn({ GOLDENHOUR_DRAIN_LIMIT_MS: LIMIT_MS })
  const crew = site.driver('A1')
  const { position } = await crew.signOn()
  const blocker = await site.session()
  await blocker.query('BEGIN')
  await blocker.query('LOCK TABLE log.records, location.segments IN SHARE MODE')
  const entering = site.dispatcher().enterCall(CALL, { id: 'undone', retry: false })
  entering.catch(() => undefined)
  crew.report(SCENE)
  await until('both have arrived', async () => {
    const head = await site.metric('goldenhour_log_head_position{region="akl"}')
    const fixes = await site.metric('goldenhour_fixes_not_durable{region="akl"}')
    return head > (await site.metric('goldenhour_log_durable_position{region="akl"}')) && fixes === 1
  })
  engine.signal('SIGTERM')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
  assert.ok(engine.logs.some(({ msg }) => msg.startsWith('stopped before everything was written')))
  await blocker.query('ROLLBACK')
  const records = await site.records()
  assert.ok(records.some(record => record.position === position))
})
