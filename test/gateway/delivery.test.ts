import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'

import type { SharedFrame } from '../../src/actors/region-handle.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { PortTaken } from '../../src/gateway/port-holder.ts'
import { loadUws } from '../../src/gateway/transport/uws.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { closedDoors, startHarness, until } from './harness.ts'

test('frames of one turn arrive in the order sent, before the close that follows them', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver')
  const [session] = harness.region.sessions
  for (let seq = 1; seq <= 100; seq += 1) session?.tell({ type: 'marks', streamIndex: 0, durableSeq: seq })
  session?.close(4409, 'superseded')
  for (let seq = 1; seq <= 100; seq += 1) assert.deepEqual(await client.next(), ['marks', 0, seq])
  assert.deepEqual(await client.closed, { code: 4409, reason: 'superseded' })
})

test('a shared frame reaches clients of both formats and is encoded once for each', async t => {
  const harness = await startHarness(t)
  const clients = [
    await harness.signIn('dispatcher'),
    await harness.signIn('dispatcher'),
    await harness.signIn('dispatcher', 'json'),
    await harness.signIn('dispatcher', 'json'),
  ]
  let encodings = 0
  const shared: SharedFrame = {
    told: { type: 'board-events', position: 3, recordedAtMs: 1_000, events: [], by: null },
    encoded: new Proxy<SharedFrame['encoded']>(
      {},
      {
        set(target, property, value) {
          encodings += 1
          return Reflect.set(target, property, value)
        },
      },
    ),
  }
  for (const session of harness.region.sessions) session.tellShared(shared)
  for (const client of clients) assert.deepEqual(await client.next(), ['board-events', 3, 1_000, [], null])
  assert.equal(encodings, 2)
})

test('[TR-4] a client that does not read is cut once its backlog passes the limit, and nobody else is', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('dispatcher')
  const other = await harness.signIn('dispatcher')
  const [session, otherSession] = harness.region.sessions
  client.socket.pause()
  const frame = { padding: 'x'.repeat(256 * 1024) }
  // The kernel's own buffers take some megabytes before anything queues here.
  for (let n = 0; n < 200 && !harness.region.heard.includes('closed 0'); n += 1) {
    session?.tell({ type: 'reply', id: `n${n}`, position: n, result: frame })
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(harness.region.heard.includes('closed 0'), 'the session was not cut')
  client.socket.resume()
  assert.equal((await client.closed).code, 1006)
  assert.equal(await harness.sample('goldenhour_slow_clients_total'), 1)
  otherSession?.tell({ type: 'marks', streamIndex: 0, durableSeq: 1 })
  assert.deepEqual(await other.next(), ['marks', 0, 1])
})

test('[TR-4] a client with a backlog below the limit gets all of it when it reads again', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('dispatcher')
  client.socket.pause()
  const padding = 'x'.repeat(64 * 1024)
  const count = Math.floor(DEFAULT_LIMITS.backpressureBytes / padding.length) - 1
  for (let n = 0; n < count; n += 1)
    harness.region.sessions[0]?.tell({ type: 'reply', id: `n${n}`, position: n, result: { padding } })
  await new Promise(resolve => setTimeout(resolve, 50))
  client.socket.resume()
  for (let n = 0; n < count; n += 1) assert.equal((await client.next())[1], `n${n}`)
})

test('[HS-10] a drain tells the sessions when to come back, serves them on, and takes no new connection', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver')
  harness.gateway.beginDrain(500)
  assert.deepEqual(await client.next(), ['going-away', 500, 1_000])
  client.send(['sign-on', 'c1', 1])
  assert.deepEqual(await client.next(), ['reply', 'c1', 7, { done: 'sign-on' }])
  await assert.rejects(harness.connect())
})

test('[HS-10] closing ends what is left with 4503, and each region hears of each end', async t => {
  const harness = await startHarness(t)
  const driver = await harness.signIn('driver')
  const dispatcher = await harness.signIn('dispatcher')
  const stranger = await harness.connect()
  await harness.gateway.close()
  for (const client of [driver, dispatcher, stranger]) assert.equal((await client.closed).code, 4503)
  await until(() => harness.region.heard.length === 4)
  assert.deepEqual(harness.region.heard.toSorted(), ['closed 0', 'closed 1', 'open', 'open'])
  assert.equal(harness.gateway.sessions, 0)
})

const gatewayOn = (port: number) => startGateway({ ...closedDoors(), port })

/** Another program that listens, on the port that `close` makes free again. */
async function stranger(): Promise<{ port: number; close(): Promise<unknown> }> {
  // Whoever asks who has the port gets no answer, and must not keep the server from closing.
  const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, close: () => once(server.close(), 'close') }
}

test('a port that another program has is refused by its number', async () => {
  const { port, close } = await stranger()
  await assert.rejects(
    gatewayOn(port),
    (error: unknown) => error instanceof PortTaken && error.message.includes(`${port}`),
  )
  await close()
})

test('a port is never shared, not even with a second gateway or one that offers to share', async t => {
  const { port, close } = await stranger()
  await close()
  const gateway = await gatewayOn(port)
  t.after(() => gateway.close())
  await assert.rejects(gatewayOn(port), PortTaken)
  // By default uWebSockets.js lets others listen on its port too.
  let shared: unknown
  const sharing = loadUws().App()
  sharing.listen('127.0.0.1', port, socket => {
    shared = socket
  })
  assert.equal(shared, false)
  sharing.close()
})
