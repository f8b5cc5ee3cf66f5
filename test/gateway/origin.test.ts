/** Which web pages may connect and call. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { corsHeaders, isAllowedOrigin, preflightHeaders } from '../../src/gateway/cors.ts'
import { Door } from './door.ts'

const LISTED = 'https://desk.example'

test('programs, our own pages and listed origins may come in, and nobody else', () => {
  const own = { scheme: 'https', host: 'ems.example:8443' } as const
  const allowed = [LISTED, 'http://localhost:5173']
  for (const [origin, expected] of [
    ['', true],
    ['https://ems.example:8443', true],
    ['https://EMS.example:8443', true],
    ['http://ems.example:8443', false],
    ['https://ems.example', false],
    ['https://ems.example:8444', false],
    [LISTED, true],
    ['https://desk.example:443', true],
    ['http://desk.example', false],
    ['https://sub.desk.example', false],
    ['https://desk.example.evil.example', false],
    ['https://evil.example/https://desk.example', false],
    ['https://desk.example@evil.example', false],
    ['http://localhost:5173', true],
    ['http://localhost', false],
    ['null', false],
    ['file://', false],
    ['*', false],
    ['https://desk.example ', false],
    ['https://desk.example, https://evil.example', false],
  ] as const) {
    assert.equal(isAllowedOrigin(origin, own, allowed), expected, origin)
    assert.equal(isAllowedOrigin(origin, own, ['*']), true)
  }
  for (const app of ['capacitor://localhost', 'ionic://localhost', 'file://']) {
    assert.equal(isAllowedOrigin(app, own, allowed), false, app)
    assert.equal(isAllowedOrigin(app, own, [...allowed, app]), true, app)
    assert.equal(isAllowedOrigin(app.replace('://', '://x'), own, [app]), false, app)
    assert.equal(isAllowedOrigin(app.replace(/^\w+/, 'https'), own, [app]), false, app)
  }
  // The scheme's own port may be named or not.
  assert.ok(isAllowedOrigin('https://ems.example', { scheme: 'https', host: 'ems.example:443' }, []))
  assert.ok(isAllowedOrigin('http://[::1]:9001', { scheme: 'http', host: '[::1]:9001' }, []))
  assert.equal(isAllowedOrigin('http://evil.example', { scheme: 'http', host: '' }, []), false)
})

test('what browsers are told never allows credentials, and echoes one origin', () => {
  for (const headers of [corsHeaders(LISTED), preflightHeaders(LISTED)]) {
    assert.equal(headers['Access-Control-Allow-Origin'], LISTED)
    assert.equal('Access-Control-Allow-Credentials' in headers, false)
    assert.match(headers.Vary!, /^Origin/)
    for (const value of Object.values(headers)) assert.ok(!value.includes('*'))
  }
})

test('a page of a foreign origin is refused the upgrade, and one of an allowed origin is let in', async t => {
  const door = await Door.start(t, { allowedOrigins: [LISTED] })
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
    const refused = await door.refusedUpgrade({ origin })
    assert.deepEqual([refused.status, refused.code], [403, 'wrong-origin'], origin)
  }
  for (const origin of [LISTED, `http://127.0.0.1:${door.gateway.port}`]) {
    const client = await door.connect({ origin })
    client.socket.close()
    assert.equal((await client.closed).code, 1005)
  }
  await door.signIn()
  assert.equal(await door.sample('goldenhour_refusals_total{code="wrong-origin"}'), 3)
})

test('an HTTP request of a foreign page is refused before its token is looked at', async t => {
  const door = await Door.start(t, { allowedOrigins: [LISTED] })
  for (const path of ['/v1/units/nearest', '/healthz', '/nowhere']) {
    const { status, headers, body } = await door.request(path, { Origin: 'https://evil.example' })
    assert.deepEqual([status, JSON.parse(body).code], [403, 'wrong-origin'])
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
  const { status, headers } = await door.request('/healthz', { Origin: LISTED })
  assert.deepEqual([status, headers['access-control-allow-origin']], [200, LISTED])
  assert.equal(headers['access-control-expose-headers'], 'ETag, Link, Retry-After')
  const unlisted = await door.request('/v1/units/nearest', { Origin: LISTED })
  // The page must be able to read why it was refused.
  assert.deepEqual([unlisted.status, unlisted.headers['access-control-allow-origin']], [401, LISTED])
})

test('a preflight is answered for allowed origins only, with the methods and headers that are listed', async t => {
  const door = await Door.start(t, { allowedOrigins: [LISTED] })
  const ask = (origin: string) =>
    door.request('/v1/calls', { Origin: origin, 'Access-Control-Request-Method': 'POST' }, 'OPTIONS')
  const { status, headers, body } = await ask(LISTED)
  assert.deepEqual([status, body], [204, ''])
  assert.equal(headers['access-control-allow-origin'], LISTED)
  assert.equal(headers['access-control-allow-methods'], 'GET, POST, PUT, PATCH, DELETE')
  assert.match(headers['access-control-allow-headers']!, /^Authorization, .*Idempotency-Key/)
  assert.equal(headers['access-control-max-age'], '600')
  assert.match(headers.vary!, /^Origin, /)
  const foreign = await ask('https://evil.example')
  assert.deepEqual([foreign.status, foreign.headers['access-control-allow-methods']], [403, undefined])
  assert.equal((await door.request('/v1/calls', { Origin: LISTED }, 'OPTIONS')).status, 405)
  assert.equal((await door.request('/v1/calls', { 'Access-Control-Request-Method': 'PUT' }, 'OPTIONS')).status, 405)
  const counted = (status: string) =>
    door.sample(`goldenhour_http_request_seconds_count{route="preflight",method="OPTIONS",status="${status}"}`)
  assert.deepEqual([await counted('2xx'), await counted('4xx')], [1, 1])
})

test('behind a trusted proxy our own origin is the one that the browser sees', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.0/8'] })
  const headers = { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'ems.example' }
  const client = await door.connect({ origin: 'https://ems.example', headers })
  assert.equal(client.socket.readyState, 1)
  for (const wrong of [
    {},
    { ...headers, 'X-Forwarded-Proto': 'http' },
    { ...headers, 'X-Forwarded-Host': 'b.example' },
  ]) {
    assert.equal((await door.refusedUpgrade({ origin: 'https://ems.example', headers: wrong })).code, 'wrong-origin')
  }
})

test('[HT-9] no page is shown the metrics, nor whoever calls this machine by a name that a stranger may have given it', async t => {
  const asked = async (door: Door, host: string, headers: Record<string, string> = {}) =>
    (await door.request('/metrics', { Host: host, ...headers })).status
  const open = await Door.start(t)
  for (const host of ['127.0.0.1', '127.0.0.1:9001', 'localhost', 'LOCALHOST:9001', '[::1]:9001']) {
    assert.equal(await asked(open, host), 200, host)
    assert.equal(await asked(open, host, { Origin: `http://${host.toLowerCase()}` }), 404, host)
  }
  for (const host of ['evil.example', 'evil.example:9001', 'localhost.evil.example', '127.0.0.1.evil.example', '']) {
    assert.equal(await asked(open, host), 404, host)
  }
  const named = await Door.start(t, { ownNames: ['engine.example'] })
  assert.equal(await asked(named, 'Engine.Example:9001'), 200)
  assert.equal(await asked(named, 'localhost'), 200)
  assert.equal(await asked(named, 'evil.example'), 404)
})

test('[LM-8] with names of its own the engine takes no page of another name for its own', async t => {
  const status = async (door: Door, name: string) =>
    (await door.request('/healthz', { Host: name, Origin: `http://${name}` })).status
  const any = await Door.start(t)
  assert.equal(await status(any, 'evil.example'), 200)
  const named = await Door.start(t, { ownNames: ['engine.example'], allowedOrigins: ['http://desk.example'] })
  for (const name of ['engine.example', 'ENGINE.example:9001', '127.0.0.1', 'desk.example'])
    assert.equal(await status(named, name), 200, name)
  for (const name of ['evil.example', 'engine.example.evil', 'x.engine.example'])
    assert.equal(await status(named, name), 403, name)
})
