import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { signToken } from '../../src/access/tokens.ts'
import type { ErrorCode } from '../../src/base/refusal.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import type { StoreView } from '../../src/gateway/store-view.ts'
import { ERRORS } from '../../src/protocol/errors.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { closedDoors, type Harness, makeKey, REGION, startHarness, TRIP_ID, until } from './harness.ts'

const CALL = { lonDeg: 174.76, latDeg: -36.85, priority: 1, needs: [{ levelOfCare: 'als', capabilities: [] }] }
const NEAREST = `/v1/units/nearest?region=${REGION}&lon=174.76&lat=-36.85&k=3`

async function get(harness: Harness, path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  return fetch(harness.url(path), { ...init, headers })
}

async function postCall(
  harness: Harness,
  body: BodyInit,
  { token = '', key = 'key-1', path = '/v1/calls', headers = {} as Record<string, string> },
): Promise<Response> {
  const sent = new Headers(headers)
  if (token !== '') sent.set('Authorization', `Bearer ${token}`)
  if (key !== '') sent.set('Idempotency-Key', key)
  return fetch(harness.url(path), { method: 'POST', body, headers: sent })
}

async function assertProblem(response: Response, code: ErrorCode): Promise<Record<string, unknown>> {
  const document = (await response.json()) as Record<string, unknown>
  assert.equal(document.code, code, JSON.stringify(document))
  assert.equal(response.status, ERRORS[code].status)
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  assert.equal(document.status, response.status)
  assert.equal(document.title, ERRORS[code].meaning)
  assert.equal(document.type, `urn:goldenhour:error:${code}`)
  assert.equal(typeof document.detail, 'string')
  return document
}

test('the probes tell a running process from one that is ready', async t => {
  const harness = await startHarness(t)
  assert.equal((await get(harness, '/healthz')).status, 200)
  assert.equal((await get(harness, '/readyz')).status, 200)
  harness.directory.isReady = false
  assert.equal((await get(harness, '/healthz')).status, 200)
  await assertProblem(await get(harness, '/readyz'), 'unavailable')
})

test('a database that is away is told by readyz with 503, and by healthz with 200: the process itself is well', async t => {
  let state: StoreView = { status: 'up', isRestarting: false }
  const gateway = await startGateway({ ...closedDoors(), store: () => state })
  t.after(() => gateway.close())
  const probe = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers: { connection: 'close' } })
    return [response.status, await response.json()]
  }
  assert.deepEqual(await probe('/readyz'), [200, { status: 'ready' }])
  assert.deepEqual(await probe('/healthz'), [200, { status: 'up' }])
  state = { status: 'away', awayMs: 1_234, isRestarting: true }
  const database = { status: 'database-away', awayMs: 1_234, restarting: true }
  assert.deepEqual(await probe('/readyz'), [503, database])
  assert.deepEqual(await probe('/healthz'), [200, { status: 'up', database }])
})

test('the metrics are served as Prometheus reads them', async t => {
  const harness = await startHarness(t)
  const response = await get(harness, '/metrics')
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  assert.match(await response.text(), /^# TYPE goldenhour_sessions gauge$/m)
})

test('requests that no route takes are counted under a few labels, whatever is sent', async t => {
  const harness = await startHarness(t)
  await get(harness, '/v1/nothing')
  await get(harness, '/elsewhere', undefined, { method: 'DELETE' })
  await get(harness, '/healthz', undefined, { method: 'DELETE' })
  await get(harness, '/healthz', undefined, { method: 'HEAD' })
  await get(harness, '/v1/ws')
  await get(harness, '/v1/units/A1', undefined, { method: 'OPTIONS' })
  await get(harness, `/v1/trips/${TRIP_ID}`)
  await harness.connect()
  const line = /^goldenhour_http_request_seconds_count\{route="(.+)",method="(.+)",status="(.+)"\} (\d+)$/gm
  const counted = [...(await harness.metrics.text()).matchAll(line)].map(match => match.slice(1).join(' '))
  assert.deepEqual(counted.sort(), [
    '/healthz GET 2xx 1',
    '/healthz other 4xx 1',
    '/v1/trips/:id GET 4xx 1',
    '/v1/units/:id other 4xx 1',
    '/v1/ws GET 1xx 1',
    '/v1/ws GET 4xx 1',
    'none other 4xx 2',
  ])
})

test('[HT-5] another path is not-found, for every method', async t => {
  const harness = await startHarness(t)
  const nothing = await get(harness, '/v1/nothing')
  assert.match((await nothing.clone().json()).detail, /\/v1\/openapi\.json/)
  await assertProblem(nothing, 'not-found')
  await assertProblem(await get(harness, '/elsewhere'), 'not-found')
  await assertProblem(await get(harness, '/elsewhere', undefined, { method: 'POST', body: 'x' }), 'not-found')
  assert.equal((await get(harness, '/elsewhere', undefined, { method: 'HEAD' })).status, 404)
  assert.equal(await harness.sample('goldenhour_refusals_total{code="not-found"}'), 4)
})

test('[HT-5] another method is method-not-allowed, and Allow lists those of the path', async t => {
  const harness = await startHarness(t)
  for (const [method, path, allowed] of [
    ['POST', '/healthz', 'GET, HEAD'],
    ['OPTIONS', '/healthz', 'GET, HEAD'],
    ['GET', '/v1/auth/login', 'POST'],
    ['HEAD', '/v1/auth/login', 'POST'],
    ['PUT', '/v1/calls', 'GET, HEAD, POST'],
    ['POST', '/v1/units/x', 'GET, HEAD, PUT, PATCH, DELETE'],
    // A unit may have that name.
    ['POST', '/v1/units/nearest', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['PUT', '/v1/units', 'GET, HEAD, POST'],
    ['DELETE', '/v1/ws', 'GET, HEAD'],
  ] as const) {
    const answer = await get(harness, path, undefined, {
      method,
      ...(method === 'POST' && { body: 'x'.repeat(9_000) }),
    })
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allowed], `${method} ${path}`)
    if (method !== 'HEAD')
      assert.match(String((await assertProblem(answer, 'method-not-allowed')).detail), /takes (GET|POST)/)
  }
  assert.equal(await harness.sample('goldenhour_refusals_total{code="method-not-allowed"}'), 9)
})

test('[HT-10] HEAD is answered as GET is, without the body', async t => {
  const harness = await startHarness(t)
  const token = await harness.token()
  for (const [path, of] of [
    ['/healthz', undefined],
    ['/readyz', undefined],
    ['/metrics', undefined],
    [NEAREST, token],
    [`/v1/trips/${TRIP_ID}`, token],
    ['/v1/units/nearest', token],
  ] as const) {
    const answers = [await get(harness, path, of), await get(harness, path, of, { method: 'HEAD' })] as const
    const [full, head] = answers
    assert.equal(head.status, full.status, path)
    assert.equal(head.headers.get('content-type'), full.headers.get('content-type'), path)
    // What is counted grows by being asked for.
    if (path !== '/metrics') assert.equal(head.headers.get('content-length'), full.headers.get('content-length'), path)
    assert.notEqual(await full.text(), '', path)
    assert.equal(await head.text(), '', path)
  }
})

test('[TR-6] a request for /v1/ws without an upgrade is told to ask for one', async t => {
  const harness = await startHarness(t)
  const answer = await get(harness, '/v1/ws')
  assert.equal(answer.headers.get('upgrade'), 'websocket')
  assert.match(String((await assertProblem(answer, 'upgrade-required')).detail), /WebSocket/)
  const head = await get(harness, '/v1/ws', undefined, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('upgrade')], [426, 'websocket'])
})

test('[TR-1] a WebSocket that offers no subprotocol of ours is refused with 400', async t => {
  const harness = await startHarness(t)
  for (const offered of [[], ['goldenhour.v2', 'graphql-ws']]) {
    const socket = new WebSocket(harness.url('/v1/ws').replace('http', 'ws'), offered)
    const [, response] = await once(socket, 'unexpected-response')
    assert.equal(response.statusCode, 400)
    assert.equal(response.headers['content-type'], 'application/problem+json')
    response.destroy()
  }
})

test('[TR-1] of several subprotocols the client’s first that we speak is taken', async t => {
  const harness = await startHarness(t)
  const socket = new WebSocket(harness.url('/v1/ws').replace('http', 'ws'), [
    'goldenhour.v2',
    'goldenhour.v1.json',
    'goldenhour.v1',
  ])
  await once(socket, 'open')
  assert.equal(socket.protocol, 'goldenhour.v1.json')
  socket.terminate()
})

for (const [route, call] of [
  ['GET /v1/units/nearest', (h: Harness, token?: string) => get(h, NEAREST, token)],
  ['GET /v1/trips/:id', (h: Harness, token?: string) => get(h, `/v1/trips/${TRIP_ID}`, token)],
  ['POST /v1/calls', (h: Harness, token?: string) => postCall(h, JSON.stringify(CALL), { token })],
] as const) {
  test(`[HT-1] ${route} asks for a good token of a desk that names the region`, async t => {
    const harness = await startHarness(t)
    const desk = { sub: 'person-1', role: 'dispatcher', regions: [REGION], unit: null } as const
    const missing = await call(harness)
    assert.match(missing.headers.get('www-authenticate') ?? '', /^Bearer/)
    await assertProblem(missing, 'token-missing')
    await assertProblem(await call(harness, await harness.token({ ttlS: -1 })), 'token-expired')
    await assertProblem(await call(harness, await signToken(makeKey(), { ...desk, ttlS: 60 })), 'token-invalid')
    await assertProblem(await call(harness, 'not.a.token'), 'token-invalid')
    await assertProblem(await call(harness, await harness.driverToken()), 'wrong-role')
    await assertProblem(await call(harness, await harness.token({ role: 'admin' })), 'wrong-role')
    if (!route.startsWith('POST')) {
      await assertProblem(await call(harness, await harness.token({ regions: ['wlg'] })), 'wrong-region')
    }
    harness.directory.isReady = false
    await assertProblem(await call(harness, await harness.token()), 'unavailable')
    assert.deepEqual(harness.region.heard, [])
  })
}

test('the nearest units are asked of the region and come back with its position', async t => {
  const harness = await startHarness(t)
  const response = await get(harness, `${NEAREST}&levelOfCare=als`, await harness.token())
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), { position: 7, basis: 'straight-line', units: [] })
  assert.deepEqual(harness.region.queries, [
    { type: 'nearest', lonDeg: 174.76, latDeg: -36.85, k: 3, levelOfCare: 'als' },
  ])
})

test('a nearest query with a wrong field names the field', async t => {
  const harness = await startHarness(t)
  const response = await get(harness, `/v1/units/nearest?region=${REGION}&lon=174.76&lat=91`, await harness.token())
  const { details } = await assertProblem(response, 'invalid-field')
  assert.deepEqual((details as { path: string }).path, 'lat')
})

test('a region of the token that this engine does not own is unknown-region', async t => {
  const harness = await startHarness(t)
  const token = await harness.token({ regions: [REGION, 'wlg'] })
  await assertProblem(await get(harness, NEAREST.replace(REGION, 'wlg'), token), 'unknown-region')
})

test('a trip is read from the region that its id names; an unknown one is unknown-trip', async t => {
  const harness = await startHarness(t)
  const token = await harness.token()
  harness.region.onQuery = () => ({ ok: false, refusal: { code: 'unknown-trip', message: 'No such trip.' } })
  await assertProblem(await get(harness, `/v1/trips/${TRIP_ID}`, token), 'unknown-trip')
  assert.deepEqual(harness.region.queries, [{ type: 'read-trip', tripId: TRIP_ID }])
  await assertProblem(await get(harness, '/v1/trips/no-trip-id', token), 'unknown-trip')
  await assertProblem(await get(harness, `/v1/trips/wlg.${'t'.repeat(21)}`, token), 'wrong-region')
  assert.equal(harness.region.queries.length, 1)
})

test('a call is entered under its Idempotency-Key, with its trace', async t => {
  const harness = await startHarness(t)
  harness.region.onCommand = request =>
    request.answer({ ok: true, position: 12, result: { callId: `${REGION}.c`, tripIds: [TRIP_ID] } })
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const options = { token: await harness.token(), key: 'call-42', headers: { traceparent } }
  const response = await postCall(harness, JSON.stringify(CALL), options)
  assert.equal(response.status, 201)
  assert.deepEqual(await response.json(), { callId: `${REGION}.c`, tripIds: [TRIP_ID], position: 12 })
  const { answer: _, bodyHash, command, ...request } = harness.region.commands[0]!
  assert.deepEqual(request, {
    commandId: 'call-42',
    principal: 'person-1',
    unitId: null,
    traceparent,
  })
  assert.equal(command.type, 'enter-call')
  assert.match(bodyHash, /^[0-9a-f]{64}$/)
})

test('[HT-1] a malformed traceparent is left aside, as W3C asks', async t => {
  const harness = await startHarness(t)
  const options = { token: await harness.token(), headers: { traceparent: 'x' } }
  assert.equal((await postCall(harness, JSON.stringify(CALL), options)).status, 201)
  assert.equal(harness.region.commands[0]?.traceparent, null)
})

test('[HT-4] a call without an Idempotency-Key, or with one outside the grammar, is refused', async t => {
  const harness = await startHarness(t)
  const token = await harness.token()
  for (const key of ['', 'a b', 'x'.repeat(65), 'ä']) {
    const response = await postCall(harness, JSON.stringify(CALL), { token, key: encodeURI(key) })
    const { details } = await assertProblem(response, 'invalid-field')
    assert.deepEqual(details, { path: 'Idempotency-Key' })
  }
  assert.deepEqual(harness.region.heard, [])
})

test('[HT-4] a token of several regions must choose one for its call', async t => {
  const harness = await startHarness(t)
  const token = await harness.token({ regions: [REGION, 'wlg'] })
  const body = JSON.stringify(CALL)
  const { details } = await assertProblem(await postCall(harness, body, { token }), 'invalid-field')
  assert.deepEqual(details, { path: 'region' })
  assert.equal((await postCall(harness, body, { token, path: `/v1/calls?region=${REGION}` })).status, 201)
  await assertProblem(await postCall(harness, body, { token, path: '/v1/calls?region=wlg' }), 'unknown-region')
  await assertProblem(await postCall(harness, body, { token, path: '/v1/calls?region=chc' }), 'wrong-region')
})

test('a body that is not UTF-8, not JSON or not a call is refused', async t => {
  const harness = await startHarness(t)
  const token = await harness.token()
  await assertProblem(await postCall(harness, Uint8Array.of(0x22, 0xff, 0x22), { token }), 'malformed-frame')
  await assertProblem(await postCall(harness, '{"lonDeg":', { token }), 'malformed-frame')
  await assertProblem(await postCall(harness, '', { token }), 'malformed-frame')
  await assertProblem(await postCall(harness, '[]', { token }), 'invalid-field')
  await assertProblem(await postCall(harness, JSON.stringify({ ...CALL, priority: 9 }), { token }), 'invalid-field')
  assert.deepEqual(harness.region.heard, [])
})

test('a body in another coding, with values that JSON has not, or deeper than anybody means is refused', async t => {
  const harness = await startHarness(t)
  const token = await harness.token()
  const good = JSON.stringify(CALL)
  assert.equal((await postCall(harness, good, { token })).status, 201)
  const utf16 = Buffer.from(good, 'utf16le')
  for (const body of [
    Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]),
    utf16,
    Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]),
    good.replace('"priority":1', '"priority":NaN'),
    good.replace('"priority":1', '"priority":Infinity'),
    good.replace('"priority":1', '"priority":1e400'),
    good.replace('"priority":1', '"priority":01'),
    good.replace('"priority":1', '"priority":9007199254740993'),
    good.replace('"priority":1', '"priority":1,"priority":5'),
    good.replace('"priority":1', '"priority":1,"__proto__":{"priority":5}'),
    good.replace('"priority":1', '"priority":1,"constructor":{}'),
    good.replace('"priority":1', `"priority":${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    '['.repeat(15_000),
    `${good}${good}`,
    `${good}\0`,
    `'${good}'`,
  ]) {
    const { status } = await postCall(harness, body, { token })
    assert.equal(status, 400, body.toString().slice(0, 80))
  }
  assert.deepEqual(harness.region.heard, ['enter-call'])
})

test('a header with two tokens, or one in another form, shows none', async t => {
  const harness = await startHarness(t)
  const token = await harness.token()
  const asked = async (authorization: string) => {
    const path = `/v1/units/nearest?region=${REGION}&lon=1&lat=1`
    const response = await fetch(`http://127.0.0.1:${harness.gateway.port}${path}`, { headers: { authorization } })
    return response.status
  }
  for (const good of [`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token}`]) assert.equal(await asked(good), 200)
  for (const bad of [
    `Bearer ${token} ${token}`,
    `Bearer ${token},${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer x, Bearer ${token}`,
    `Bearer "${token}"`,
    `Bearer${token}`,
    `Basic ${token}`,
    `Token ${token}`,
    `DPoP Bearer ${token}`,
    token,
  ]) {
    assert.equal(await asked(bad), 401, bad.slice(0, 20))
  }
})

test('a body at the limit is read, and a larger one is frame-too-large', async t => {
  const harness = await startHarness(t)
  const token = await harness.token()
  const atLimit = JSON.stringify(CALL).padEnd(DEFAULT_LIMITS.httpBodyBytes)
  assert.equal((await postCall(harness, atLimit, { token })).status, 201)
  await assertProblem(await postCall(harness, `${atLimit} `, { token }), 'frame-too-large')
  await assertProblem(await postCall(harness, atLimit.repeat(4), { token }), 'frame-too-large')
  assert.deepEqual(harness.region.heard, ['enter-call'])
})

test('a body without end is answered and cut, not read for ever', async t => {
  const harness = await startHarness(t)
  const socket = connect(harness.gateway.port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  const closed = new Promise(resolve => socket.on('close', resolve))
  socket.write(
    `POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\nIdempotency-Key: k\r\n` +
      `Authorization: Bearer ${await harness.token()}\r\n\r\n`,
  )
  const chunk = Buffer.alloc(DEFAULT_LIMITS.httpBodyBytes, 0x20)
  const writer = setInterval(() => socket.write(chunk), 1)
  await closed
  clearInterval(writer)
  assert.equal(await harness.sample('goldenhour_refusals_total{code="frame-too-large"}'), 1)
})

test('a client that leaves before its answer harms nobody, and the call stands', async t => {
  const harness = await startHarness(t)
  harness.region.onCommand = () => {}
  const token = await harness.token()
  const leaving = new AbortController()
  const left = fetch(harness.url('/v1/calls'), {
    method: 'POST',
    body: JSON.stringify(CALL),
    headers: { Authorization: `Bearer ${token}`, 'Idempotency-Key': 'k' },
    signal: leaving.signal,
  })
  await until(() => harness.region.commands.length === 1)
  leaving.abort()
  await assert.rejects(left)
  await new Promise(resolve => setTimeout(resolve, 20))
  harness.region.commands[0]?.answer({ ok: true, position: 1, result: {} })
  assert.equal((await get(harness, '/healthz')).status, 200)
})

test('a region that throws is answered internal and counted', async t => {
  const harness = await startHarness(t)
  harness.region.onCommand = () => {
    throw new Error('broken on purpose')
  }
  harness.region.onQuery = () => {
    throw new Error('broken on purpose')
  }
  const token = await harness.token()
  await assertProblem(await postCall(harness, JSON.stringify(CALL), { token }), 'internal')
  await assertProblem(await get(harness, NEAREST, token), 'internal')
  assert.equal(await harness.sample('goldenhour_refusals_total{code="internal"}'), 2)
  assert.equal((await get(harness, '/healthz')).status, 200)
})

test('[HT-2] a refusal that says when to try again says it in the header too', async t => {
  const harness = await startHarness(t)
  const refusal = { code: 'overloaded', message: 'Full.', details: { retryAfterMs: 1_200 } } as const
  harness.region.onCommand = request => request.answer({ ok: false, refusal })
  const response = await postCall(harness, JSON.stringify(CALL), { token: await harness.token() })
  assert.equal(response.headers.get('retry-after'), '2')
  await assertProblem(response, 'overloaded')
})
