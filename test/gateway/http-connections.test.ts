/** Connections that are no WebSocket: how many there may be, who keeps one, and that each is counted once and given back. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { certificateFiles } from '../support/certificate.ts'
import { HANGS_MS } from '../support/within.ts'
import { Door, holdTime, ratesWith } from './door.ts'
import { REGION } from './harness.ts'

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`
const MINE = 'Authorization: Bearer person-1/dispatcher\r\n'
const NEAREST = `/v1/units/nearest?region=${REGION}&lon=1&lat=1`

const openAt = (door: Door) => door.sample('goldenhour_http_connections')

async function settledAt(door: Door, count: number, what = 'afterwards'): Promise<void> {
  for (const startedMs = performance.now(); (await openAt(door)) !== count; ) {
    if (performance.now() - startedMs > HANGS_MS) assert.equal(await openAt(door), count, what)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Holds a connection, as whoever asks for something now and then does. */
async function held(door: Door, localAddress?: string) {
  const raw = door.raw(localAddress)
  raw.socket.write(get('/healthz'))
  assert.equal((await raw.answer()).status, 200)
  return raw
}

test('a connection beyond a cap is closed at once, and one that closes makes room', async t => {
  for (const [limit, limits] of [
    ['httpConnections', { httpConnections: 3 }],
    ['httpConnectionsPerAddress', { httpConnectionsPerAddress: 3 }],
  ] as const) {
    const door = await Door.start(t, { limits })
    const [first] = [await held(door), await held(door), await held(door)]
    const over = door.raw()
    over.socket.write(get('/healthz'))
    await over.closed
    assert.equal(over.received.length, 0)
    assert.equal(await door.refusals(limit), 1)
    first.socket.destroy()
    await settledAt(door, 2)
    await held(door)
    const other = door.raw('127.0.0.9')
    other.socket.write(get('/healthz'))
    if (limit === 'httpConnections') await other.closed
    else assert.equal((await other.answer()).status, 200)
  }
})

test('the connections of a trusted proxy are those of many clients, and count in all only', async t => {
  const door = await Door.start(t, {
    trustedProxies: ['127.0.0.1'],
    limits: { httpConnectionsPerAddress: 1, httpConnections: 3 },
  })
  await held(door)
  await held(door)
  await held(door)
  const over = door.raw()
  await over.closed
})

test('a WebSocket is no HTTP connection any more, and does not take its place', async t => {
  const door = await Door.start(t, { limits: { httpConnectionsPerAddress: 1 } })
  const clients = [await door.connect(), await door.signIn(), await door.connect()]
  assert.equal(await openAt(door), 0)
  await held(door)
  for (const { socket } of clients) socket.close()
  assert.equal(await openAt(door), 1)
})

/** What may become of a connection: bytes that are sent, and whether it is still there when all was answered. */
const ENDINGS: readonly (readonly [what: string, bytes: string | null, isHeld: boolean])[] = [
  ['nothing is asked', null, true],
  ['an answer', get('/healthz'), true],
  ['an answer, asked to be the last', get('/healthz', 'Connection: close\r\n'), false],
  ['an answer that comes later', get(NEAREST, MINE), true],
  ['an answer that comes later, asked to be the last', get(NEAREST, `${MINE}Connection: close\r\n`), false],
  ['a route below another', get('/v1/units/nearest', MINE), true],
  ['half a head', 'GET /healthz HTTP/1.1\r\nHo', true],
  ['no route', get('/nowhere'), false],
  ['HEAD', get('/healthz').replace('GET', 'HEAD'), true],
  ['HEAD that is refused', get('/v1/trips/x').replace('GET', 'HEAD'), false],
  ['a method that is not allowed', get('/healthz').replace('GET', 'PUT'), true],
  ['no upgrade', get('/v1/ws'), false],
  ['no credential', get('/v1/trips/x'), false],
  ['a bad credential', get('/v1/trips/x', 'Authorization: Bearer nobody\r\n'), false],
  ['a foreign page', get('/healthz', 'Origin: https://evil.example\r\n'), false],
  ['two lengths', get('/healthz', 'Content-Length: 0\r\nContent-Length: 1\r\n'), false],
  ['a head too large', get('/healthz', `X-A: ${'a'.repeat(17_000)}\r\n`), false],
  ['no HTTP', 'hello\r\n\r\n', false],
  ['an upgrade that is refused', get('/v1/ws', `Sec-WebSocket-Key: ${'x'.repeat(24)}\r\n`), false],
  ['OPTIONS that is no preflight', 'OPTIONS /v1/calls HTTP/1.1\r\nHost: a\r\n\r\n', true],
  [
    'a preflight',
    'OPTIONS /v1/calls HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nAccess-Control-Request-Method: POST\r\n\r\n',
    true,
  ],
  ['two requests at once', get(NEAREST, MINE) + get(NEAREST, MINE), false],
]

for (const form of ['plain', 'tls'] as const) {
  test(`whatever is asked, each connection is counted once and given back once (${form})`, async t => {
    const door = await Door.start(t, {
      allowedOrigins: ['http://a'],
      ...(form === 'tls' && { tls: certificateFiles(t) }),
    })
    const query = door.region.query.bind(door.region)
    door.region.query = (asked, answer) => void setTimeout(() => query(asked, answer), 20)
    for (const [what, bytes, isHeld] of ENDINGS) {
      const raw = door.raw()
      await once(raw.socket, form === 'tls' ? 'secureConnect' : 'connect')
      if (bytes !== null) raw.socket.write(bytes)
      if (isHeld) await raw.quiet(60)
      else await raw.closed
      await settledAt(door, isHeld ? 1 : 0, what)
      assert.equal(!raw.socket.destroyed, isHeld, what)
      // What is held may be asked again, and be left in the middle.
      if (isHeld && bytes !== null && !what.startsWith('half')) {
        raw.socket.write(bytes)
        await raw.quiet(40)
        raw.socket.write(get(NEAREST, MINE))
        await raw.quiet(5)
      }
      raw.socket.destroy()
      await settledAt(door, 0)
    }
  })
}

test('whoever shows a good credential keeps the connection, whatever the answer', async t => {
  const door = await Door.start(t, {
    limits: { rates: ratesWith({ query: { connectionPerS: 0.001, userPerS: 0.001, burstS: 2_000 } }) },
  })
  const raw = door.raw()
  const statuses: number[] = []
  for (const path of [NEAREST, '/v1/units/nearest', NEAREST, NEAREST]) {
    raw.socket.write(get(path, MINE))
    statuses.push((await raw.answer()).status)
  }
  assert.deepEqual(statuses, [200, 400, 429, 429])
  assert.equal(raw.socket.destroyed, false)
})

test('[LM-5] an answer 401, 404 or 429 ends the connection of whoever has shown no good credential', async t => {
  holdTime(t)
  const door = await Door.start(t, { limits: { openRequestsPerAddressPerS: 3 } })
  const seen = new Set<number>()
  for (const path of ['/v1/trips/x', '/metrics', ...Array<string>(8).fill('/nowhere')]) {
    const raw = door.raw()
    // Not of this machine, by the name that it is called.
    raw.socket.write(get(path))
    const { status, headers } = await raw.answer()
    seen.add(status)
    await raw.closed
    assert.equal(headers.connection, 'close')
  }
  assert.deepEqual([...seen].sort(), [401, 404, 429])
})

test('[LM-4] an HTTP flood of one principal loses its connection in the end', async t => {
  const door = await Door.start(t, {
    limits: { rates: ratesWith({ query: { connectionPerS: 0.001, userPerS: 0.001, burstS: 2_000 } }), floodBursts: 2 },
  })
  const raw = door.raw()
  const statuses: number[] = []
  while (!raw.socket.destroyed && statuses.length < 100) {
    raw.socket.write(get(NEAREST, MINE))
    const answer = await raw.answer()
    statuses.push(answer.status)
    if (answer.headers.connection === 'close') await raw.closed
  }
  assert.deepEqual(statuses.slice(0, 3), [200, 200, 429])
  assert.ok(statuses.length < 15, String(statuses))
  assert.ok((await door.refusals('floodBursts')) >= 1)
})

for (const form of ['plain', 'tls'] as const) {
  test(`a connection that was reset before it was looked at, at whatever moment, is given back too (${form})`, async t => {
    const door = await Door.start(t, form === 'tls' ? { tls: certificateFiles(t) } : {})
    for (const bytes of [
      get('/healthz'),
      get('/nowhere'),
      get(NEAREST, MINE),
      get('/v1/ws', `Sec-WebSocket-Key: ${'x'.repeat(24)}\r\n`),
      get('/v1/ws', `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${'x'.repeat(24)}\r\n`),
      '',
    ]) {
      for (let i = 0; i < 20; i += 1) {
        const raw = door.raw()
        await once(raw.socket, form === 'tls' ? 'secureConnect' : 'connect')
        if (i % 2 === 0) await raw.quiet(5)
        raw.socket.write(bytes)
        raw.below.resetAndDestroy()
      }
    }
    await held(door)
    await settledAt(door, 1)
  })
}
