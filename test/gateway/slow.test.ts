/** Clients that are slow, in sending and in reading. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOSE_CODES } from '../../src/protocol/errors.ts'
import type { Told } from '../../src/protocol/told.ts'
import { Door } from './door.ts'
import { until } from './harness.ts'

const HEAD = 'POST /v1/calls HTTP/1.1\r\nHost: a\r\n'
const GOOD = `${HEAD}Authorization: Bearer person-1/dispatcher\r\nIdempotency-Key: k1\r\nContent-Length: 100\r\n\r\n`

test('a body that takes too long is answered 408, and its connection ends', async t => {
  const door = await Door.start(t, { limits: { httpRequestMs: 200 } })
  const raw = door.raw()
  raw.socket.write(GOOD)
  const trickle = setInterval(() => raw.socket.write('x'), 20)
  t.after(() => clearInterval(trickle))
  const { status, body, headers } = await raw.answer()
  assert.deepEqual([status, JSON.parse(body).code, headers.connection], [408, 'request-too-slow', 'close'])
  await raw.closed
  assert.equal(await door.refusals('httpRequestMs'), 1)
  // One that is refused for another reason is not waited for longer either.
  const stranger = door.raw()
  stranger.socket.write(`${HEAD}Content-Length: 100\r\n\r\nx`)
  assert.equal((await stranger.answer()).status, 401)
  await stranger.closed
})

test('a body that comes in time is read, in however many pieces', async t => {
  const door = await Door.start(t, { limits: { httpRequestMs: 5_000 } })
  const raw = door.raw()
  const body = JSON.stringify({ lonDeg: 174.76, latDeg: -36.85, priority: 1, needs: [{ levelOfCare: 'als' }] })
  raw.socket.write(GOOD.replace('100', String(body.length)))
  for (const character of body) {
    raw.socket.write(character)
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.equal((await raw.answer()).status, 201)
  assert.equal(await door.refusals('httpRequestMs'), 0)
})

test('a head that does not come or comes in drips, and a silent WebSocket past its time, are cut by uWebSockets.js', {
  timeout: 120_000,
}, async t => {
  const door = await Door.start(t, { limits: { idleTimeoutS: 8 } })
  const client = await door.signIn()
  // It does not read, so it answers no ping.
  client.socket.pause()
  const startedMs = Date.now()
  const [silent, dripping] = [door.raw(), door.raw()]
  dripping.socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX: ')
  const drip = setInterval(() => dripping.socket.write('x'), 500)
  t.after(() => clearInterval(drip))
  await Promise.all([silent.closed, dripping.closed])
  const lastedMs = Date.now() - startedMs
  assert.ok(lastedMs > 5_000, String(lastedMs))
  assert.equal(dripping.received.length, 0)
  await until(() => door.region.heard.includes('closed 0'))
  assert.equal(door.gateway.sessions, 0)
})

test('a connection without a hello is closed in its time, and counted', async t => {
  const door = await Door.start(t, { limits: { helloTimeoutMs: 200 } })
  const client = await door.connect()
  assert.equal((await client.closed).code, CLOSE_CODES.unauthenticated)
  assert.equal(await door.refusals('helloTimeoutMs'), 1)
})

const KB = 1_024
const filler = (bytes: number): Told => ({
  type: 'board-events',
  ...{ position: 1, recordedAtMs: 1, events: [{ note: 'x'.repeat(bytes) } as never], by: null },
})

test('a client that stops reading is behind past thinBytes, is cut past backpressureBytes, and holds no more than that', async t => {
  const limits = { thinBytes: 64 * KB, backpressureBytes: 1_024 * KB }
  const door = await Door.start(t, { limits })
  const client = await door.signIn()
  const session = door.region.sessions[0]!
  assert.equal(session.isBehind, false)
  client.socket.pause()
  let sentBytes = 0
  let behindAfterBytes = 0
  while (!door.region.heard.includes('closed 0')) {
    session.tell(filler(16 * KB))
    sentBytes += 16 * KB
    if (behindAfterBytes === 0 && session.isBehind) behindAfterBytes = sentBytes
    await new Promise(resolve => setImmediate(resolve))
    // What the kernel's buffers on both sides of loopback may take up besides.
    assert.ok(sentBytes < 64 * 1_024 * KB, 'it was never cut')
  }
  assert.ok(behindAfterBytes > limits.thinBytes && behindAfterBytes < sentBytes, String(behindAfterBytes))
  assert.equal(session.isBehind, false)
  assert.equal(await door.refusals('backpressureBytes'), 1)
  // A client that is gone takes nothing any more.
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 1_000; i += 1) session.tell(filler(16 * KB))
  assert.ok(process.memoryUsage().heapUsed - before < 64 * 1_024 * KB)
})

test('a client that reads again is no longer behind, and has lost nothing', async t => {
  const door = await Door.start(t, { limits: { thinBytes: 64 * KB } })
  const client = await door.signIn()
  const session = door.region.sessions[0]!
  client.socket.pause()
  let sent = 0
  while (!session.isBehind) {
    session.tell(filler(16 * KB))
    sent += 1
    await new Promise(resolve => setImmediate(resolve))
  }
  client.socket.resume()
  await until(() => !session.isBehind)
  for (let i = 0; i < sent; i += 1) assert.equal((await client.next())[0], 'board-events')
})

test('the door is the same to others while one client does not read', async t => {
  const door = await Door.start(t, { limits: { backpressureBytes: 256 * KB } })
  const slow = await door.signIn('person-1')
  const quick = await door.signIn('person-2')
  const [first, second] = door.region.sessions
  slow.socket.pause()
  let heard = 0
  const shared = { told: filler(8 * KB), encoded: {} }
  while (!door.region.heard.includes('closed 0')) {
    first!.tellShared(shared)
    second!.tellShared(shared)
    assert.equal((await quick.next())[0], 'board-events')
    heard += 1
  }
  assert.ok(heard > 0)
  assert.equal(quick.socket.readyState, 1)
})
