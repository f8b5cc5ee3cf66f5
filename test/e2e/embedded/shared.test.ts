/** Engines and commands on one data directory: their Postgres is shared, and goes with the last of them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { postmasterOf } from '../../store/embedded/place.ts'
import { EngineProcess } from '../../support/engine.ts'
import { forms, times } from '../../support/long.ts'
import { baseDirWithPrograms, stopServerIn } from '../../support/postgres.ts'
import { GOLDENHOUR } from '../../support/program.ts'
import { embedded, endsInOrder, holds } from './place.ts'

test('after a kill the next engine uses the Postgres that was left, and ends it when it stops in order', async t => {
  const { baseDir, site, env } = await embedded(t)
  const first = await site.spawn(env)
  const pid = await postmasterOf(baseDir)
  await first.kill()
  assert.equal(await holds(baseDir), 'server')
  const second = await site.spawn(env)
  assert.equal(await postmasterOf(baseDir), pid)
  await endsInOrder(second)
  assert.equal(await holds(baseDir), 'none')
})

for (const [by, ofUrl] of forms([
  ['data directory', false],
  ['URL', true],
] as const)) {
  test(`an engine that lost its region leaves the Postgres to the one that took over by its ${by}`, async t => {
    const { baseDir, site, env } = await embedded(t)
    const loser = await site.spawn(env)
    const pid = await postmasterOf(baseDir)
    loser.signal('SIGSTOP')
    const winner = await site.spawn(ofUrl ? {} : env)
    const crew = site.driver('A1')
    await crew.signOn()
    loser.signal('SIGCONT')
    assert.equal((await loser.exited).code, 1)
    await crew.becomeUnavailable('refuel')
    assert.equal((await site.http('/readyz')).status, 200)
    assert.equal(await postmasterOf(baseDir), pid)
    await endsInOrder(winner)
    assert.equal(await holds(baseDir), ofUrl ? 'server' : 'none')
  })
}

test('one engine after another on one data directory: neither dies of what the other does to Postgres', async t => {
  const { baseDir, site, env } = await embedded(t)
  let engine = await site.spawn(env)
  for (let round = 1; round <= times(2, 8); round += 1) {
    const next = site.launch(env)
    // The next one comes at any moment of the drain: before it has loaded, and when it has just joined.
    if (round % 2 === 0) await next.logged(/(joined|started) the embedded Postgres/)
    await endsInOrder(engine)
    await next.ready()
    site.goTo(next.port)
    assert.equal((await site.http('/readyz')).status, 200)
    engine = next
  }
  await endsInOrder(engine)
  assert.equal(await holds(baseDir), 'none')
})

test('an engine and commands that start together on a new directory get one Postgres, which goes with the last', async t => {
  const baseDir = await baseDirWithPrograms()
  const env = { DATABASE_URL: '', GOLDENHOUR_DATA_DIR: baseDir }
  const engine = new EngineProcess({ ...env, GOLDENHOUR_HOST: '127.0.0.1', PORT: '0' })
  t.after(async () => {
    await engine.kill()
    await stopServerIn(baseDir)
    await rm(baseDir, { recursive: true, force: true })
  })
  const { PATH, HOME, TMPDIR } = process.env
  const command = () =>
    promisify(execFile)(process.execPath, [...GOLDENHOUR, 'region', 'list'], { env: { PATH, HOME, TMPDIR, ...env } })
  await Promise.all([engine.ready(), command(), command()])
  assert.equal(await holds(baseDir), 'server')
  await endsInOrder(engine)
  assert.equal(await holds(baseDir), 'none')
})
