/** `docs/protocol/limits.md`: limits, each shown at a real socket by the door that it guards. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLOSE_CODES } from '../../../src/protocol/errors.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import type { WireFix } from '../../../src/protocol/wire/fix-tuples.ts'
import { Door, holdTime, ratesWith } from '../../gateway/door.ts'
import { type Client, REGION, until } from '../../gateway/harness.ts'
import { isUnanswered, over } from '../../support/transport.ts'

/** Three, and hardly another one while a test runs, however slow the machine. */
const SLOW = { connectionPerS: 0.01, userPerS: 0.01, burstS: 300 }
const fixes = (from: number, count: number): WireFix[] =>
  Array.from({ length: count }, (_, i) => [from + i, 0, 1_747_600_000, -368_500_000, null, null, null])

let nextId = 0
/** Sends a query and tells how it was answered. */
async function query(client: Client): Promise<{ code: string; details: Record<string, unknown> | null }> {
  nextId += 1
  client.send(['nearest', `q${nextId}`, 0, 0, 1, null])
  const message = await client.next()
  assert.equal(message[1], `q${nextId}`)
  if (message[0] === 'reply') return { code: 'reply', details: null }
  assert.ok(message[0] === 'error')
  return { code: message[2], details: message[4] as Record<string, unknown> }
}

test('[LM-1] an operator’s limits are those that are counted, and a session is told the ones it needs', async t => {
  const door = await Door.start(t, { limits: { frameBytes: { ...DEFAULT_LIMITS.frameBytes, desk: 20_000 } } })
  const desk = await door.signIn()
  const { frameBytes, fixesPerFrame } = door.region.sessions[0]!.limits
  assert.deepEqual([frameBytes, fixesPerFrame], [20_000, 256])
  desk.socket.send(JSON.stringify(['watch-unit', 'q1', 'x'.repeat(20_000)]))
  const { code, details } = await desk.nextError()
  assert.deepEqual([code, details], ['frame-too-large', { maxBytes: 20_000 }])
})

test('[LM-2] each class has a rate, of the connection and of all connections of its principal', async t => {
  const rates = ratesWith({ query: { ...SLOW, userPerS: 0.02 }, control: SLOW })
  const door = await Door.start(t, { limits: { rates } })
  const [one, two, other] = [await door.signIn(), await door.signIn(), await door.signIn('person-2')]
  for (let i = 0; i < 3; i += 1) assert.equal((await query(one)).code, 'reply')
  assert.equal((await query(one)).code, 'rate-limited')
  for (let i = 0; i < 3; i += 1) assert.equal((await query(two)).code, 'reply')
  assert.equal((await query(two)).code, 'rate-limited')
  assert.equal((await query(other)).code, 'reply')
  // Another class, of which hello has taken one.
  for (const id of ['w1', 'w2']) {
    one.send(['unwatch-board', id])
    assert.equal((await one.next())[0], 'reply')
  }
  one.send(['unwatch-board', 'w3'])
  assert.equal((await one.nextError()).code, 'rate-limited')
  assert.deepEqual([await door.refusals('rates.query'), await door.refusals('rates.control')], [2, 1])
})

test('[LM-2] fixes are counted by the fix, a hint as one, and a frame beyond the burst is taken when nothing is owed', async t => {
  const rates = ratesWith({ fix: { connectionPerS: 10, userPerS: 10, burstS: 1 } })
  const door = await Door.start(t, { limits: { rates } })
  const driver = await door.signIn('crew-1', 'driver')
  driver.send(['fix', 0, 0, ...fixes(1, 9)])
  driver.send(['hint', 0, 0, fixes(10, 1)[0]!])
  driver.send(['fix', 0, 0, ...fixes(10, 1)])
  assert.equal((await driver.nextError()).code, 'rate-limited')
  assert.equal(door.region.fixFrames.length, 1)
  const late = await door.signIn('crew-2', 'driver')
  late.send(['fix', 0, 0, ...fixes(1, 256)])
  await until(() => door.region.fixFrames.length === 2)
  late.send(['hint', 0, 0, fixes(257, 1)[0]!])
  assert.ok(((await late.nextError()).details as { retryAfterMs: number }).retryAfterMs > 20_000)
})

test('[LM-3] what is over the rate is dropped and answered, and may be sent again after the time that is told', async t => {
  const rates = ratesWith({
    query: { connectionPerS: 1, userPerS: 1, burstS: 1 },
    fix: { connectionPerS: 10, userPerS: 10, burstS: 1 },
  })
  const door = await Door.start(t, { limits: { rates } })
  const desk = await door.signIn()
  let refused = await query(desk)
  while (refused.code === 'reply') refused = await query(desk)
  const { class: rateClass, retryAfterMs } = refused.details as { class: string; retryAfterMs: number }
  assert.deepEqual([refused.code, rateClass], ['rate-limited', 'query'])
  assert.ok(retryAfterMs > 0 && retryAfterMs <= 1_000)
  await new Promise(resolve => setTimeout(resolve, retryAfterMs + 1))
  assert.equal((await query(desk)).code, 'reply')
  const driver = await door.signIn('crew-1', 'driver')
  holdTime(t)
  driver.send(['fix', 2, 0, ...fixes(1, 10)])
  driver.send(['fix', 2, 0, ...fixes(11, 5)])
  const { id, details } = await driver.nextError()
  assert.deepEqual([id, (details as { streamIndex: number }).streamIndex], [null, 2])
  assert.equal('expectedSeq' in (details as object), false)
  assert.deepEqual(
    door.region.fixFrames.map(frame => frame.fixes.length),
    [10],
  )
})

test('[LM-12] what counts as many messages takes that many from the rate, and is taken when nothing is owed', async t => {
  const rates = ratesWith({
    control: { connectionPerS: 1_000, userPerS: 1_000, burstS: 0.1 },
    command: { connectionPerS: 0.001, userPerS: 0.001, burstS: 4_000 },
    crewCommand: { connectionPerS: 0.001, userPerS: 0.001, burstS: 1_000 },
  })
  const door = await Door.start(t, { limits: { rates, floodBursts: 1_000_000 } })
  const heard = (what: string) => door.region.heard.filter(each => each === what).length
  const watch = async (items: number) => {
    door.region.board = { items, events: 0 }
    const desk = await door.signIn(`desk-${items}`)
    // What hello took has come back by then.
    await new Promise(resolve => setTimeout(resolve, 20))
    const before = heard('watch-board')
    desk.send(['watch-board', 'b1', null])
    assert.equal((await desk.next())[0], 'reply')
    desk.send(['watch-board', 'b2', null])
    return { desk, isHeard: () => heard('watch-board') === before + 2 }
  }
  await until((await watch(999)).isHeard)
  // The dearest is taken all the same, and then nothing until it is paid.
  const { id: boardId, code: boardCode, details: owed } = await (await watch(1_000_000_000)).desk.nextError()
  assert.deepEqual([boardId, boardCode], ['b2', 'rate-limited'])
  assert.ok((owed as { retryAfterMs: number }).retryAfterMs > 900_000)
  const desk = await door.signIn('caller')
  const needs = Array.from({ length: 8 }, () => ({ levelOfCare: 'als', capabilities: [] }) as const)
  const call = { lonE7: 0, latE7: 0, priority: 1, needs } as never
  desk.send(['enter-call', 'c1', call])
  await until(() => heard('enter-call') === 1)
  desk.send(['enter-call', 'c2', call])
  assert.equal((await desk.next())[0], 'reply')
  const { id, code, details } = await desk.nextError()
  assert.deepEqual([id, code, (details as { class: string }).class], ['c2', 'rate-limited', 'command'])
  const crew = await door.signIn('crew-1', 'driver')
  crew.send(['sign-on', 's1', 1])
  crew.send(['sign-on', 's2', 1])
  assert.equal((await crew.next())[0], 'reply')
  const hasty = await crew.nextError()
  assert.deepEqual([hasty.id, (hasty.details as { class: string }).class], ['s2', 'crewCommand'])
})

test('[LM-4] whoever goes on far over the rate is closed with 4429, and a little over it is not', async t => {
  const door = await Door.start(t, { limits: { rates: ratesWith({ query: SLOW }), floodBursts: 2 } })
  const flood = await door.signIn()
  for (let i = 0; i < 100; i += 1) flood.send(['nearest', `f${i}`, 0, 0, 1, null])
  assert.equal((await flood.closed).code, CLOSE_CODES.tooMany)
  assert.equal(await door.refusals('floodBursts'), 1)
  const hasty = await door.signIn('person-2')
  for (let i = 0; i < 3; i += 1) assert.equal((await query(hasty)).code, 'reply')
  for (let i = 0; i < 4; i += 1) assert.equal((await query(hasty)).code, 'rate-limited')
  assert.equal(hasty.socket.readyState, 1)
})

test('[LM-3] with a burst of refusals outstanding, what is over the rate is dropped unread, and answered once a turn', async t => {
  for (const format of ['binary', 'json'] as const) {
    const door = await Door.start(t, { limits: { rates: ratesWith({ query: { ...SLOW, burstS: 10_000 } }) } })
    const desk = await door.connect({}, format)
    desk.send(['hello', 'h1', 'person-1/dispatcher', REGION, 'dispatcher', null, 1_000, []])
    assert.equal((await desk.next())[0], 'reply')
    const burst = 100
    for (let i = 0; i < burst; i += 1) assert.equal((await query(desk)).code, 'reply')
    for (let i = 0; i <= burst; i += 1) assert.equal((await query(desk)).code, 'rate-limited')
    desk.socket.pause()
    for (let i = 0; i < 500; i += 1) desk.send(['nearest', `d${i}`, 0, 0, 1, null])
    // Another class is read as ever, and comes after the rest.
    desk.send(['unwatch-board', 'w1'])
    await until(() => door.region.heard.includes('unwatch-board'))
    desk.socket.resume()
    let told = 0
    for (let message = await desk.next(); message[1] !== 'w1'; message = await desk.next()) {
      assert.ok(message[0] === 'error')
      const { class: rateClass, retryAfterMs } = message[4] as { class: string; retryAfterMs: number }
      assert.deepEqual([message[1], message[2], rateClass, retryAfterMs > 0], [null, 'rate-limited', 'query', true])
      told += 1
    }
    assert.ok(told >= 1 && told < 100, `${told} answers`)
    assert.equal(await door.refusals('rates.query'), burst + 1 + 500)
    assert.equal(door.region.queries.length % burst, 0)
  }
})

test('[LM-13] a user who was cut for a flood is let in again after a pause, and nobody else waits', async t => {
  const time = holdTime(t)
  const door = await Door.start(t, { limits: { rates: ratesWith({ query: SLOW }), floodBursts: 2 } })
  const flood = await door.signIn()
  for (let i = 0; i < 100; i += 1) flood.send(['nearest', `f${i}`, 0, 0, 1, null])
  assert.equal((await flood.closed).code, CLOSE_CODES.tooMany)
  const hello = async () => {
    const again = await door.connect()
    again.send(['hello', 'h1', 'person-1/dispatcher', REGION, 'dispatcher', null, 1_000, []])
    return again
  }
  const again = await hello()
  const { id, code, details } = await again.nextError()
  assert.deepEqual([id, code, details], ['h1', 'rate-limited', { limit: 'floodPause', retryAfterMs: 1_000 }])
  assert.equal((await again.closed).code, CLOSE_CODES.tooMany)
  await door.signIn('person-2')
  assert.equal(await door.refusals('floodPause'), 1)
  assert.deepEqual(door.notes, [])
  time.goOn()
  while ((await (await hello()).next())[0] !== 'reply') await sleep(20)
})

test('[LM-5] HTTP requests take from the rates of their principal, and those without a credential from their address’', async t => {
  holdTime(t)
  const door = await Door.start(t, { limits: { rates: ratesWith({ query: SLOW }), openRequestsPerAddressPerS: 4 } })
  const get = (who: string) =>
    door.request(`/v1/units/nearest?region=${REGION}&lon=1&lat=1`, { Authorization: `Bearer ${who}/dispatcher` })
  for (let i = 0; i < 3; i += 1) assert.equal((await get('person-1')).status, 200)
  const refused = await get('person-1')
  assert.deepEqual([refused.status, JSON.parse(refused.body).code], [429, 'rate-limited'])
  assert.ok(Number(refused.headers['retry-after']) >= 1)
  assert.equal((await query(await door.signIn())).code, 'rate-limited')
  assert.equal((await get('person-2')).status, 200)
  const statuses: number[] = []
  for (let i = 0; i < 4; i += 1) statuses.push((await door.request('/v1/trips/x')).status)
  statuses.push((await door.request('/v1/trips/x')).status)
  statuses.push((await door.request('/nowhere')).status)
  assert.deepEqual(statuses.slice(0, 4), [401, 401, 401, 401])
  assert.ok(statuses.slice(4).includes(429), String(statuses))
  assert.ok((await door.refusals('openRequestsPerAddressPerS')) >= 1)
})

test('[LM-5] a stranger who spends the rate of an address shuts out nobody at work there', async t => {
  holdTime(t)
  const door = await Door.start(t, { limits: { openRequestsPerAddressPerS: 4 } })
  const get = async (token: string | null) => {
    const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` }
    return (await door.request(`/v1/units/nearest?region=${REGION}&lon=1&lat=1`, headers)).status
  }
  const hello = async (token: string) => {
    const client = await door.connect()
    client.send(['hello', 'h1', token, REGION, 'dispatcher', null, 1_000, []])
    const answer = await client.next()
    return answer[0] === 'error' ? answer[2] : answer[0]
  }
  assert.equal(await get('person-1/dispatcher'), 200)
  assert.equal(await hello('person-2/dispatcher'), 'reply')
  const spend = async (ask: () => Promise<number>) => {
    const statuses = await Promise.all(Array.from({ length: 12 }, ask))
    assert.ok(statuses.includes(429), String(statuses))
  }
  await spend(() => get(null))
  await spend(async () => (await door.request('/nowhere')).status)
  assert.equal(await get('person-6/dispatcher'), 200, 'new here, but nobody has shown a bad token yet')
  await spend(() => get('bad'))
  // Seen before, a ticket, and a kind that nobody has spent.
  assert.equal(await get('person-1/dispatcher'), 200)
  assert.equal(await hello('person-1/dispatcher'), 'reply')
  assert.equal(await get('person-2/dispatcher'), 200)
  assert.equal(await hello('ght_person-3/dispatcher'), 'reply')
  // Of bad tickets, too, any number: each is looked at.
  for (let i = 0; i < 12; i += 1) assert.equal(await hello('ght_bad'), 'token-invalid')
  assert.equal(await hello('ght_person-4/dispatcher'), 'reply')
  assert.notEqual(await get('ghd_one'), 429)
  // New here, and no better than the next guess.
  await spend(() => get('bad'))
  assert.equal(await get('person-5/dispatcher'), 429)
})

test('[LM-6] a connection beyond a cap is refused in its upgrade, and one that closes makes room', async t => {
  for (const [limit, limits] of [
    ['connections', { connections: 2 }],
    ['connectionsPerAddress', { connectionsPerAddress: 2 }],
    ['connectsPerAddressPerS', { connectsPerAddressPerS: 2 }],
  ] as const) {
    const door = await Door.start(t, { limits })
    const time = holdTime(t)
    const first = await door.connect()
    await door.connect()
    const refused = await door.refusedUpgrade()
    assert.deepEqual([refused.status, refused.code], [429, 'too-many-connections'])
    const details = refused.details as { limit: string; retryAfterMs: number }
    assert.equal(details.limit, limit)
    assert.equal(await door.refusals(limit), 1)
    time.goOn()
    first.socket.close()
    await first.closed
    if (limit === 'connectsPerAddressPerS') await new Promise(resolve => setTimeout(resolve, details.retryAfterMs))
    assert.equal((await door.connect()).socket.readyState, 1)
  }
})

test('[LM-7] a principal has so many sessions and no more, over all its connections', async t => {
  const door = await Door.start(t, { limits: { sessionsPerUser: 2 } })
  const first = await door.signIn()
  await door.signIn()
  const third = await door.connect()
  third.send(['hello', 'h1', 'person-1/dispatcher', REGION, 'dispatcher', null, 1_000, []])
  const { id, code, details } = await third.nextError()
  assert.deepEqual([id, code, (details as { limit: string }).limit], ['h1', 'too-many-connections', 'sessionsPerUser'])
  assert.equal((await third.closed).code, CLOSE_CODES.tooMany)
  await door.signIn('person-2')
  first.socket.close()
  await first.closed
  await until(() => door.region.heard.includes('closed 0'))
  await door.signIn()
  for (let i = 0; i < 3; i += 1) await door.signIn('crew-1', 'driver')
  assert.equal(await door.refusals('sessionsPerUser'), 1)
})

test('[LM-8] pages of this origin and of listed ones may come in, programs always, and no other page', async t => {
  const door = await Door.start(t, { allowedOrigins: ['https://desk.example', 'capacitor://localhost'] })
  const own = `http://127.0.0.1:${door.gateway.port}`
  for (const origin of [undefined, own, 'https://desk.example', 'capacitor://localhost']) {
    assert.equal((await door.connect(origin === undefined ? {} : { origin })).socket.readyState, 1)
    assert.equal((await door.request('/healthz', origin === undefined ? {} : { Origin: origin })).status, 200)
  }
  const foreign = { Origin: 'https://evil.example' }
  assert.deepEqual(await door.refusedUpgrade({ origin: foreign.Origin }).then(({ status, code }) => [status, code]), [
    403,
    'wrong-origin',
  ])
  assert.equal((await door.request('/healthz', foreign)).status, 403)
  const asks = { 'Access-Control-Request-Method': 'POST' }
  assert.equal((await door.request('/v1/calls', { ...foreign, ...asks }, 'OPTIONS')).status, 403)
  const preflight = await door.request('/v1/calls', { Origin: 'https://desk.example', ...asks }, 'OPTIONS')
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-origin'], 'https://desk.example')
  assert.equal('access-control-allow-credentials' in preflight.headers, false)
})

test('[LM-9] an address is the one that trusted proxies tell, from the right, and a stranger’s header tells nothing', async t => {
  const via = (address: string) => ({ headers: { 'X-Forwarded-For': address } })
  for (const [trustedProxies, othersGetIn] of [
    [['127.0.0.1'], true],
    [[], false],
  ] as const) {
    const door = await Door.start(t, { trustedProxies, limits: { connectionsPerAddress: 1 } })
    await door.connect(via('192.0.2.7'))
    assert.equal((await door.refusedUpgrade(via('203.0.113.1, 192.0.2.7'))).code, 'too-many-connections')
    if (othersGetIn) await door.connect(via('192.0.2.8'))
    else assert.equal((await door.refusedUpgrade(via('192.0.2.8'))).code, 'too-many-connections')
  }
})

test('[LM-10] a slow body is answered 408, and a head that two readers could read differently is cut', async t => {
  const door = await Door.start(t, { limits: { httpRequestMs: 150 } })
  const raw = door.raw()
  raw.socket.write(
    'POST /v1/calls HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer person-1/dispatcher\r\nIdempotency-Key: k1\r\n' +
      'Content-Length: 9\r\n\r\n{',
  )
  const { status, body } = await raw.answer()
  assert.deepEqual([status, JSON.parse(body).code], [408, 'request-too-slow'])
  await raw.closed
  for (const headers of [
    'Content-Length: 0\r\nContent-Length: 50\r\n',
    'Host: b\r\n',
    'Transfer-Encoding: xchunked\r\n',
  ]) {
    const cut = await door.ask(
      `GET /healthz HTTP/1.1\r\nHost: a\r\n${headers}\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n`,
    )
    assert.ok(isUnanswered(cut.text) && cut.hasEnded, `${headers}: ${cut.text}`)
  }
})

test('[LM-11] a frame that breaks RFC 6455 ends its connection and reaches nobody', async t => {
  const door = await Door.start(t)
  const onlooker = await door.signIn()
  for (const bytes of [
    // A reserved bit; an unknown opcode; a continuation of nothing: test/gateway/ws-violations.test.ts has them all.
    [0xc1, 0x80, 0, 0, 0, 0],
    [0x83, 0x80, 0, 0, 0, 0],
    [0x80, 0x80, 0, 0, 0, 0],
  ]) {
    const raw = door.raw()
    raw.socket.write(
      'GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Protocol: goldenhour.v1.json\r\n\r\n',
    )
    assert.equal((await raw.answer()).status, 101)
    raw.socket.write(Buffer.from(bytes))
    await raw.closed
    // A close frame that says 1002, or none.
    assert.equal(raw.received.length, over({ native: 0, portable: 4 }))
  }
  assert.equal((await query(onlooker)).code, 'reply')
  assert.equal(await door.sample('goldenhour_frames_total{direction="in",type="bad"}'), 0)
})
