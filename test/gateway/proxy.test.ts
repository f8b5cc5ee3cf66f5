/** Limits by address behind proxies: counted for the client, and only when the proxy is trusted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Door, holdTime } from './door.ts'
import { until } from './harness.ts'

const LIMITS = { connectionsPerAddress: 2 }

test('connections through a trusted proxy count for the client that it names', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'], limits: LIMITS })
  const via = (address: string) => ({ headers: { 'X-Forwarded-For': address } })
  const [first] = [await door.connect(via('192.0.2.7')), await door.connect(via('192.0.2.7'))]
  assert.equal((await door.refusedUpgrade(via('192.0.2.7'))).code, 'too-many-connections')
  // What the client wrote into the header itself does not give it another address.
  assert.equal((await door.refusedUpgrade(via('203.0.113.5, 192.0.2.7'))).code, 'too-many-connections')
  await door.connect(via('192.0.2.8'))
  first.socket.close()
  await first.closed
  await door.connect(via('192.0.2.7'))
})

test('an IPv6 client counts by its /64', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'], limits: LIMITS })
  const via = (address: string) => ({ headers: { Forwarded: `for="[${address}]"` } })
  await door.connect(via('2001:db8:1:2::1'))
  await door.connect(via('2001:db8:1:2:ffff:ffff:ffff:ffff'))
  assert.equal((await door.refusedUpgrade(via('2001:db8:1:2::3'))).code, 'too-many-connections')
  await door.connect(via('2001:db8:1:3::1'))
})

test('two lines of one header are one list: a client’s own line cannot stand before the proxy’s', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'], limits: { connectionsPerAddress: 1 } })
  await door.connect({ headers: { 'X-Forwarded-For': '192.0.2.7' } })
  const raw = door.raw()
  raw.socket.write(
    'GET /v1/ws HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.5\r\nX-Forwarded-For: 192.0.2.7\r\n' +
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: goldenhour.v1.json\r\n\r\n',
  )
  assert.equal((await raw.answer()).status, 429)
})

test('without trust the headers change nothing, and a malformed one of a trusted proxy is counted', async t => {
  const stranger = await Door.start(t, { limits: { connectionsPerAddress: 1 } })
  const client = await stranger.connect({ headers: { 'X-Forwarded-For': '192.0.2.7' } })
  assert.equal(
    (await stranger.refusedUpgrade({ headers: { 'X-Forwarded-For': '192.0.2.8' } })).code,
    'too-many-connections',
  )
  client.socket.close()
  await until(() => client.socket.readyState === 3)
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'] })
  await door.request('/healthz', { 'X-Forwarded-For': 'nonsense' })
  await door.request('/healthz', { 'X-Forwarded-For': '192.0.2.7', Forwarded: 'for=192.0.2.8' })
  await door.request('/healthz', { 'X-Forwarded-For': '192.0.2.7' })
  assert.equal(await door.sample('goldenhour_bad_forwarded_headers_total'), 2)
})

test('[HT-9] the metrics are shown to this machine and to listed addresses, through a trusted proxy too, and to nobody else', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'], metricsFrom: ['192.0.2.0/24', '2001:db8::9'] })
  const asked = async (headers: Record<string, string>) => {
    const { status, body } = await door.request('/metrics', headers)
    return [status, /^# TYPE goldenhour_sessions gauge$/m.test(body)]
  }
  assert.deepEqual(await asked({}), [200, true])
  for (const address of ['192.0.2.7', '127.0.0.1', '::1', '2001:db8::9']) {
    assert.deepEqual(await asked({ 'X-Forwarded-For': address }), [200, true], address)
  }
  for (const address of ['198.51.100.7', '2001:db8::a', '127.0.0.1, 198.51.100.7']) {
    assert.deepEqual(await asked({ 'X-Forwarded-For': address }), [404, false], address)
  }
})

/** Each of these a client can cause behind a proxy that passes its headers on. */
const MALFORMED: readonly Readonly<Record<string, string>>[] = [
  { 'X-Forwarded-For': 'x' },
  { 'X-Forwarded-For': '203.0.113.9, x' },
  { 'X-Forwarded-For': ',' },
  { 'X-Forwarded-For': '1.2.3.4:abc' },
  { 'X-Forwarded-For': `${'::,'.repeat(2_666)}203.0.113.9` },
  { 'X-Forwarded-For': `${'::1,'.repeat(16)}203.0.113.9` },
  { 'X-Forwarded-For': '203.0.113.9', Forwarded: 'x' },
  { 'X-Forwarded-For': '203.0.113.9', Forwarded: 'for=1.2.3.4' },
  { 'X-Forwarded-For': '203.0.113.9', Forwarded: 'for=unknown' },
  { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'x' },
  { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Host': 'a/b' },
]

test('[HT-9] whoever comes through a trusted proxy with headers that are malformed, or that do not tell it, reads no metrics', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'] })
  for (const headers of [
    ...MALFORMED,
    { 'X-Forwarded-For': 'x, 203.0.113.9' },
    { 'X-Forwarded-For': 'unknown' },
    { Forwarded: 'for=_hidden' },
    { Forwarded: 'proto=https' },
  ]) {
    assert.equal((await door.request('/metrics', headers)).status, 404, JSON.stringify(headers).slice(0, 100))
  }
  assert.equal((await door.request('/metrics', { 'X-Forwarded-For': 'x, 127.0.0.1' })).status, 404)
  assert.equal((await door.request('/metrics')).status, 200)
})

test('clients with malformed headers share a rate that is not the proxy’s, and the audit calls them so', async t => {
  holdTime(t)
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'], limits: { openRequestsPerAddressPerS: 5 } })
  const statuses: number[] = []
  for (let i = 0; i < 40; i += 1) {
    statuses.push((await door.request('/v1/trips/x', MALFORMED[i % MALFORMED.length])).status)
  }
  assert.ok(statuses.includes(429), String(statuses))
  assert.equal((await door.request('/v1/trips/x')).status, 401)
  assert.equal((await door.request('/v1/trips/x', { 'X-Forwarded-For': '203.0.113.9' })).status, 401)
  const addresses = door.notes.map(({ address }) => address)
  assert.deepEqual([...new Set(addresses)], ['malformed', '127.0.0.1', '203.0.113.9'])
})

test('probes are answered whatever their address has spent', async t => {
  holdTime(t)
  const door = await Door.start(t, { limits: { openRequestsPerAddressPerS: 1 } })
  for (let i = 0; i < 3; i += 1) await door.request('/nowhere')
  assert.equal((await door.request('/nowhere')).status, 429)
  for (let i = 0; i < 20; i += 1) {
    assert.equal((await door.request('/healthz')).status, 200)
    assert.equal((await door.request('/readyz')).status, 200)
  }
})

test('a long header of a trusted proxy costs nobody else anything', async t => {
  const door = await Door.start(t, { trustedProxies: ['127.0.0.1'] })
  const long = { 'X-Forwarded-For': `${Array(2_666).fill('::').join(',')}, 203.0.113.9` }
  const spent: number[] = []
  for (let i = 0; i < 50; i += 1) {
    const before = process.cpuUsage()
    assert.equal((await door.request('/healthz', long)).status, 200)
    const { user, system } = process.cpuUsage(before)
    spent.push((user + system) / 1_000)
  }
  // Client and engine together, in this process; one such header alone took 24 ms.
  assert.ok(spent.sort((a, b) => a - b)[25]! < 10, String(spent))
})
