/**
 * HTTP requests that mean no good, over raw sockets: nothing is let through twice, and the process goes on.
 *
 * uWebSockets.js answers some of these itself, before any of our code runs; what it does is stated here, too.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ROUTES } from '../../src/gateway/routes/index.ts'
import { isUnanswered, over, unlessSaid } from '../support/transport.ts'
import { Door, holdTime } from './door.ts'

const HOST = 'Host: a\r\n'
const get = (path: string, headers = HOST) => `GET ${path} HTTP/1.1\r\n${headers}\r\n`
const smuggled = get('/smuggled')
const post = (headers: string, body: string) => `POST /v1/calls HTTP/1.1\r\n${HOST}${headers}\r\n${body}`

/** Requests that reached one of our routes. */
const answers = (text: string): number => text.split('HTTP/1.1 ').length - 1

test('a request whose end two readers could see differently is cut, and nothing behind it is read', async t => {
  const door = await Door.start(t)
  for (const [name, request] of [
    ['two lengths', post('Content-Length: 5\r\nContent-Length: 40\r\n', `hello${smuggled}`)],
    ['the same length twice', post('Content-Length: 5\r\nContent-Length: 5\r\n', `hello${smuggled}`)],
    ['two lengths on a GET', get('/healthz', `${HOST}Content-Length: 0\r\nContent-Length: 40\r\n`) + smuggled],
    ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', `5\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['two codings', post('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['a list of codings', post('Transfer-Encoding: identity, chunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks', post('Transfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks in capitals', post('TRANSFER-ENCODING: Chunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks on a GET', `${get('/healthz', `${HOST}Transfer-Encoding: chunked\r\n`)}0\r\n\r\n${smuggled}`],
    ['no coding', post('Transfer-Encoding: identity\r\n', smuggled)],
    ['an empty coding', post('Transfer-Encoding:\r\nX-A: 1\r\n', smuggled)],
    ['two hosts', get('/healthz', 'Host: a\r\nHost: b\r\n')],
    [
      'two lengths at the upgrade',
      get('/v1/ws', `${HOST}Content-Length: 0\r\nContent-Length: 9\r\nSec-WebSocket-Key: ${'x'.repeat(24)}\r\n`),
    ],
  ] as const) {
    const { text, hasEnded } = await door.ask(request)
    assert.ok(isUnanswered(text) && hasEnded, `${name}: ${text}`)
  }
  assert.equal((await door.request('/healthz')).status, 200)
})

test('a length that is no length, and a coding beside one, are 400 and the end of the connection', async t => {
  const door = await Door.start(t)
  for (const headers of [
    'Content-Length: 5, 5\r\n',
    'Content-Length: +5\r\n',
    'Content-Length: -5\r\n',
    'Content-Length: 0x5\r\n',
    'Content-Length: 99999999999999999999999\r\n',
  ]) {
    const { status, hasEnded, text } = await door.ask(post(headers, `0\r\n\r\n${smuggled}`))
    assert.deepEqual([status, hasEnded, answers(text)], [400, true, 1], headers)
  }
  const both = await door.ask(post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`))
  assert.deepEqual([both.status, both.hasEnded], [over({ native: 400, portable: 0 }), true])
})

test('a request in a chunk whose head readers understand differently is not read', async t => {
  const door = await Door.start(t)
  // `1;a` is one byte to all others, and 0x1ba to uWebSockets.js, which then reads the next head inside of the chunk.
  const inner = get('/metrics')
  const read = 0x1ba
  const make = (size: string) => `${'P'.repeat(read - 3 - (size.length + 2))}\r\n0\r\n\r\n${inner}`
  let size = '1ff'
  for (let i = 0; i < 4; i += 1) size = make(size).length.toString(16)
  const extension = `1;a\r\nA\r\n${size}\r\n${make(size)}\r\n0\r\n\r\n`
  for (const body of [
    extension,
    `5;a\r\nhello\r\n0\r\n\r\n${smuggled}`,
    `5\nhello\r\n0\r\n\r\n${smuggled}`,
    `5\r\nhelloXX0\r\n\r\n${smuggled}`,
    'zz\r\nhello\r\n0\r\n\r\n',
    'FFFFFFFFFFFFFFFFF\r\nhello\r\n',
  ]) {
    for (const request of [
      get('/healthz', `${HOST}Transfer-Encoding: chunked\r\n`) + body,
      post('Transfer-Encoding: chunked\r\n', body),
    ]) {
      const { text, hasEnded } = await door.ask(request)
      assert.ok(isUnanswered(text) && hasEnded, `${body.slice(0, 20)}: ${text}`)
    }
  }
})

test('a preflight with an ambiguous head is cut like any other request', async t => {
  const door = await Door.start(t, { allowedOrigins: ['https://desk.example'] })
  const asks = `${HOST}Origin: https://desk.example\r\nAccess-Control-Request-Method: POST\r\n`
  const preflight = (headers: string) => `OPTIONS /v1/calls HTTP/1.1\r\n${asks}${headers}\r\n${smuggled}`
  for (const headers of [
    'Content-Length: 0\r\nContent-Length: 40\r\n',
    'Host: b\r\n',
    'Transfer-Encoding: xchunked\r\n',
    'Transfer-Encoding: chunked\r\n',
  ]) {
    const { text, hasEnded } = await door.ask(preflight(headers))
    assert.ok(isUnanswered(text) && hasEnded, `${headers}: ${text}`)
  }
  assert.match((await door.ask(preflight(''))).text, /^HTTP\/1\.1 204 /)
})

test('a query or a list of subprotocols over 4 kB is refused by name, and a head over 16 kB altogether', async t => {
  const door = await Door.start(t)
  const asked = (query: string, headers = '') =>
    door.ask(get(`/v1/units/nearest?${query}`, `${HOST}Authorization: Bearer person-1/dispatcher\r\n${headers}`))
  assert.equal((await asked(`region=akl&lon=1&lat=1&x=${'a'.repeat(4_000)}`)).status, 200)
  for (const size of [4_097, 15_000]) {
    const { status, text, hasEnded } = await asked('a=1&'.repeat(size / 4 + 1))
    assert.deepEqual([status, hasEnded], [400, true])
    assert.deepEqual(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).details, { path: 'query' })
  }
  const offered = (subprotocols: string) =>
    door.ask(
      get(
        '/v1/ws',
        `${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ${subprotocols}\r\n`,
      ),
    )
  assert.equal((await offered(`${'x, '.repeat(1_000)}goldenhour.v1`)).status, 101)
  const refused = await offered(`${'x, '.repeat(1_400)}goldenhour.v1`)
  assert.deepEqual([refused.status, refused.hasEnded], [400, true])
  assert.match(refused.text, /"path":"Sec-WebSocket-Protocol"/)
  for (const head of [
    get('/healthz', `${HOST}X-A: ${'a'.repeat(16_384)}\r\n`),
    get('/healthz', HOST + `X-A: ${'a'.repeat(400)}\r\n`.repeat(42)),
    get(`/${'a'.repeat(16_384)}`),
    get('/v1/ws', `${HOST}Sec-WebSocket-Key: ${'x'.repeat(24)}\r\nX-A: ${'a'.repeat(16_384)}\r\n`),
    `OPTIONS /v1/calls HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(16_384)}\r\n\r\n`,
  ]) {
    const { status, hasEnded } = await door.ask(head)
    assert.deepEqual([status, hasEnded], [431, true])
  }
})

test('heads that are none get no answer of ours: they are refused, or wait until they are cut', async t => {
  const door = await Door.start(t)
  for (const [name, request, status] of [
    ['an absolute target', 'GET http://a/healthz HTTP/1.1\r\nHost: a\r\n\r\n', 505],
    ['a target for proxies', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 505],
    ['a star', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 505],
    ['no target', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n', 505],
    ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n', 505],
    ['line feeds alone', 'GET /healthz HTTP/1.1\nHost: a\n\n', 505],
    ['a NUL in the target', 'GET /heal\0thz HTTP/1.1\r\nHost: a\r\n\r\n', 505],
    ['no host', get('/healthz', ''), 0],
    ['a space before the colon', post('Content-Length : 5\r\n', 'hello'), 0],
    ['a folded header', get('/healthz', `${HOST}X-A: a\r\n b\r\n`), 0],
    ['a NUL in a header', get('/healthz', `${HOST}X-A: a\0b\r\n`), 0],
    ['a CR in a header', get('/healthz', `${HOST}X-A: a\rb\r\n`), 0],
  ] as const) {
    const answer = await door.ask(request)
    assert.ok(answer.status === status || (status === 0 && isUnanswered(answer.text)), `${name}: ${answer.text}`)
    assert.ok(!answer.text.includes('"status":"up"'), name)
  }
  assert.equal((await door.request('/healthz')).status, 200)
})

test('a method that no route has is refused with those that there are, in whatever letters', async t => {
  const door = await Door.start(t)
  // `node:http` knows a list of methods, in capitals, and takes CONNECT for one that names no path.
  const unknown = over({ native: [], portable: ['FOO', 'get', 'head', 'CONNECT'] })
  for (const method of unknown) assert.notEqual((await door.ask(`${method} ${get('/healthz').slice(4)}`)).status, 200)
  for (const method of ['FOO', 'get', 'head', 'TRACE', 'PROPFIND', 'CONNECT']) {
    if (unknown.includes(method)) continue
    const { status, headers } = await door.request('/healthz', {}, method)
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method)
  }
})

test('the connection goes on behind HEAD and behind a method that is not allowed, whatever body that had', async t => {
  const door = await Door.start(t)
  const raw = door.raw()
  for (const [request, status] of [
    [get('/healthz').replace('GET', 'HEAD'), 200],
    [get('/healthz'), 200],
    [`PROPFIND /healthz HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 405],
    [`PUT /v1/calls HTTP/1.1\r\n${HOST}Content-Length: 30000\r\n\r\n${'x'.repeat(30_000)}`, 405],
    [get('/v1/auth/login'), 405],
    [get('/healthz').replace('GET', 'HEAD'), 200],
    [get('/healthz'), 200],
  ] as const) {
    raw.socket.write(request)
    assert.equal((await raw.answer(!request.startsWith('HEAD'))).status, status, request.slice(0, 40))
  }
  assert.equal(raw.socket.destroyed, false)
})

test('methods that are not allowed take from the rate of their address, and what is over it ends the connection', async t => {
  holdTime(t)
  const door = await Door.start(t, { limits: { openRequestsPerAddressPerS: 1 } })
  const asked = `DELETE /v1/calls HTTP/1.1\r\n${HOST}\r\n`
  assert.equal((await door.ask(asked)).status, 405)
  let last = await door.ask(asked)
  for (let i = 0; i < 20 && last.status !== 429; i += 1) last = await door.ask(asked)
  assert.deepEqual([last.status, last.hasEnded], [429, true])
})

test('a head has a greatest size and number of headers, past which nothing of it is kept', async t => {
  const door = await Door.start(t)
  const headers = (count: number) => HOST + Array.from({ length: count - 1 }, (_, i) => `X-${i}: 1\r\n`).join('')
  assert.equal((await door.ask(get('/healthz', headers(98)))).status, 200)
  assert.equal((await door.ask(get('/healthz', headers(99)))).status, unlessSaid(431))
  for (const size of [200_000, 2_000_000]) {
    const { status, hasEnded } = await door.ask(get('/healthz', `${HOST}X-A: ${'a'.repeat(size)}\r\n`))
    assert.deepEqual([status, hasEnded], [431, true], String(size))
  }
  const parts = door.raw()
  parts.socket.write(`GET /healthz HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(4_000)}`)
  await door.settled(parts)
  parts.socket.write('a'.repeat(40_000))
  await parts.closed
  assert.match(parts.received.toString(), /^HTTP\/1\.1 431 /)
  const longUrl = await door.ask(get(`/${'a'.repeat(2_000_000)}`))
  assert.ok(longUrl.hasEnded && longUrl.status >= 400)
  assert.equal((await door.request(`/${'a'.repeat(3_000)}`)).status, 404)
})

test('a second request that comes while the first waits for its answer ends the connection; one after it is answered', async t => {
  const door = await Door.start(t)
  const waiting = '/v1/units/nearest?region=akl&lon=1&lat=1'
  const mine = `${HOST}Authorization: Bearer person-1/dispatcher\r\n`
  door.region.query = query => void door.region.queries.push(query)
  const { text, hasEnded } = await door.ask(get(waiting, mine) + get(waiting, mine) + get('/healthz'))
  assert.deepEqual([text, hasEnded], ['', true])
  assert.ok(door.region.queries.length <= 1)
  const raw = door.raw()
  for (let i = 0; i < 3; i += 1) {
    raw.socket.write(get('/healthz'))
    assert.equal((await raw.answer()).status, 200)
  }
})

test('a body over its limit ends the connection when not even the rest of it is read', async t => {
  const door = await Door.start(t, { limits: { httpBodyBytes: 20_000 } })
  const call = (size: number, sent = size) =>
    post(
      `Authorization: Bearer person-1/dispatcher\r\nIdempotency-Key: k1\r\nContent-Length: ${size}\r\n`,
      'x'.repeat(sent),
    )
  const little = door.raw()
  little.socket.write(call(20_001))
  const { status, headers } = await little.answer()
  assert.deepEqual([status, headers.connection], [413, undefined])
  // The rest stays with the client: what lies unread in the socket when it is closed would cost it the answer.
  const lots = door.raw()
  lots.socket.write(call(1_000_000, 321_000))
  assert.equal((await lots.answer()).status, 413)
  await lots.closed
  assert.equal(await door.refusals('httpBodyBytes'), 2)
})

test('every method on every path that there is: as the table of routes has it, and else nothing', async t => {
  // As many as that in a second would be refused for their number.
  const door = await Door.start(t, { limits: { openRequestsPerAddressPerS: 100_000 } })
  const paths = [...new Set(ROUTES.map(({ pattern }) => pattern.replaceAll(/:\w+/g, 'x')))]
  const has = (method: string, path: string) =>
    ROUTES.some(
      route =>
        route.method === method.toLowerCase() &&
        new RegExp(`^${route.pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(path),
    )
  assert.ok(paths.length > 13)
  for (const path of paths) {
    // The keys are not here.
    if (path.startsWith('/.well-known')) continue
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND']) {
      // `Host: a` is no name under which this machine is shown its metrics.
      const status = path === '/metrics' ? 404 : 401
      const answer = await door.ask(`${method} ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
      if (!has(method === 'HEAD' ? 'GET' : method, path)) assert.equal(answer.status, 405, `${method} ${path}`)
      else if (answer.status !== status) assert.ok(isOpen(method, path), `${method} ${path}: ${answer.status}`)
    }
  }
})

const isOpen = (method: string, path: string): boolean =>
  ROUTES.some(
    route =>
      route.action === null &&
      route.pattern.replaceAll(/:\w+/g, 'x') === path &&
      route.method === method.toLowerCase().replace('head', 'get'),
  )

test('a path is what it is, letter by letter: no other spelling leads to a route', async t => {
  const door = await Door.start(t)
  for (const path of [
    '//healthz',
    '/healthz/',
    '/%68ealthz',
    '/HEALTHZ',
    '/v1/../healthz',
    '/./healthz',
    '/v1/%2e%2e/healthz',
    '/healthz%00',
    '/healthz;x',
    '\\healthz',
  ]) {
    const { status } = await door.ask(get(path))
    assert.ok(status === 404 || status === 505 || status === 0, `${path}: ${status}`)
  }
  assert.equal((await door.ask('GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n')).status, 505)
})

test('requests that come without an end and are not read for are bounded, and disturb nobody', async t => {
  const door = await Door.start(t)
  const before = process.memoryUsage.rss()
  const raw = door.raw()
  raw.socket.pause()
  const many = Buffer.from(get('/healthz').repeat(1_000))
  for (let i = 0; i < 20 && !raw.socket.destroyed; i += 1) {
    raw.socket.write(many)
    await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal((await door.request('/healthz')).status, 200)
  }
  assert.ok(process.memoryUsage.rss() - before < 150_000_000, String(process.memoryUsage.rss() - before))
})
