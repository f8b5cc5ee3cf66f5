/** The embedded Postgres of an engine dies: it comes back, probes tell of it meanwhile, and a start waits. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../tools/shared/free-port.ts'
import { killServer, takePort } from '../../store/embedded/place.ts'
import { EngineProcess, until } from '../../support/engine.ts'
import { embedded, endsInOrder, holds, WITHIN_MS } from './place.ts'

test('a killed Postgres comes back: probes tell of it meanwhile, and commands are durable again', async t => {
  const { baseDir, site, env } = await embedded(t)
  const engine = await site.spawn(env)
  const crew = site.driver('A1')
  await crew.signOn()
  assert.equal(await site.metric('goldenhour_store_up'), 1)
  assert.deepEqual((await site.http('/healthz')).body, { status: 'up' })

  await killServer(baseDir)
  const answers: { ready: number; body: { status?: string; restarting?: boolean }; health: number }[] = []
  await until(
    'it is away and back',
    async () => {
      const [ready, health] = await Promise.all([site.http('/readyz'), site.http('/healthz')])
      answers.push({ ready: ready.status, body: ready.body, health: health.status })
      return ready.status === 200 && answers.some(answer => answer.ready === 503)
    },
    WITHIN_MS,
  )
  assert.ok(
    answers.some(({ ready, body }) => ready === 503 && body.status === 'database-away'),
    JSON.stringify(answers),
  )
  assert.ok(
    answers.every(({ health }) => health === 200),
    'the process itself is well',
  )
  const { id, position } = await crew.becomeUnavailable('refuel')
  assert.deepEqual(
    (await site.records()).filter(record => record.commandId === id).map(record => record.position),
    [position],
  )
  await until('the metric tells of it', async () => (await site.metric('goldenhour_store_up')) === 1, WITHIN_MS)
  await endsInOrder(engine)
  assert.equal(await holds(baseDir), 'none')
})

test('a database that takes connections and says nothing is told of by probes and the metric', async t => {
  const { baseDir, site, env } = await embedded(t)
  const engine = await site.spawn(env)
  // Whoever has the port in its place lets everybody wait.
  const silent = createServer(socket => void socket.on('error', () => undefined))
  const port = Number(new URL(site.databaseUrl).port)
  await takePort(baseDir, () => listens(silent, port))
  await until('it is told', async () => (await site.http('/readyz')).body.status === 'database-away', WITHIN_MS)
  assert.deepEqual((await site.http('/healthz')).body.database.status, 'database-away')
  assert.equal(await site.metric('goldenhour_store_up'), 0)
  silent.close()
  await until('it is back', async () => (await site.http('/readyz')).status === 200, WITHIN_MS)
  await endsInOrder(engine)
})

test('a Postgres that is killed while an engine starts delays the start, and does not end it', async t => {
  const { baseDir, site, env } = await embedded(t)
  const engine = site.launch(env)
  await engine.logged(/started the embedded Postgres/)
  for (let kill = 1; kill <= 3; kill += 1) {
    await until('it runs', async () => (await holds(baseDir)) === 'server', WITHIN_MS)
    await killServer(baseDir)
    await sleep(200)
  }
  await engine.ready()
  site.goTo(engine.port)
  await site.driver('A1').signOn()
  await endsInOrder(engine)
})

test('a start that waits for a Postgres that is still recovering ends in order when it is told to', async t => {
  const port = await freePort()
  const busy = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(errorResponse('57P03', 'the database system is starting up')))
  })
  t.after(() => busy.close())
  assert.ok(await listens(busy, port))
  const engine = new EngineProcess({ DATABASE_URL: `postgres://nobody:x@127.0.0.1:${port}/none`, PORT: '0' })
  t.after(() => engine.kill())
  await engine.logged(/trying again/)
  await endsInOrder(engine)
  assert.equal(engine.stderr, '')
})

function listens(server: ReturnType<typeof createServer>, port: number): Promise<boolean> {
  return new Promise(resolve => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
}

/** As Postgres puts it on the wire: a type, a length, and fields that end with a zero byte each. */
function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
