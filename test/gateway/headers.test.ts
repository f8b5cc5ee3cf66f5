/** What every HTTP answer says about itself, and what it keeps to itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Door } from './door.ts'

test('every answer tells browsers to guess nothing, frame nothing, and lead nowhere', async t => {
  const door = await Door.start(t)
  for (const [method, path, status] of [
    ['GET', '/healthz', 200],
    ['GET', '/metrics', 200],
    ['GET', '/v1/trips/x', 401],
    ['GET', '/nowhere', 404],
    ['OPTIONS', '/healthz', 405],
    ['HEAD', '/healthz', 200],
    ['GET', '/v1/ws', 400],
  ] as const) {
    const upgrade: Record<string, string> =
      path === '/v1/ws' ? { Upgrade: 'websocket', 'Sec-WebSocket-Key': 'x'.repeat(24) } : {}
    const answer = await door.request(path, upgrade, method)
    assert.equal(answer.status, status, path)
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', path)
    assert.equal(answer.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'")
    assert.equal(answer.headers['referrer-policy'], 'no-referrer')
    assert.equal(answer.headers['cross-origin-resource-policy'], 'same-origin')
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.match(answer.headers.vary!, /^Origin/)
    assert.ok(Date.parse(answer.headers.date!) > 0)
  }
})

test('no answer names the server’s library or its version', async t => {
  const door = await Door.start(t)
  for (const path of ['/healthz', '/nowhere', '/v1/trips/x']) {
    const { headers } = await door.request(path)
    assert.deepEqual(
      Object.keys(headers).filter(name => /server|uwebsockets|powered/i.test(name)),
      [],
    )
  }
})

test('transport security is asked for only where there is some: behind a trusted proxy that says https', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'] })
  const of = async (headers: Record<string, string>) =>
    (await door.request('/healthz', headers)).headers['strict-transport-security']
  assert.equal(await of({}), undefined)
  assert.equal(await of({ 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https' }), 'max-age=31536000')
  assert.equal(await of({ 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'http' }), undefined)
  const stranger = await Door.start(t)
  const { headers } = await stranger.request('/healthz', { 'X-Forwarded-For': '::1', 'X-Forwarded-Proto': 'https' })
  assert.equal(headers['strict-transport-security'], undefined)
})
