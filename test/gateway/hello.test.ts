import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Authenticator } from '../../src/access/claims.ts'
import type { SigningKey } from '../../src/access/tables/key-table.ts'
import { signToken } from '../../src/access/tokens.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import { authenticatorOf, makeKey, REGION, startHarness, until } from './harness.ts'

type Hello = Extract<ClientMessage, ['hello', ...unknown[]]>

for (const format of ['binary', 'json'] as const) {
  test(`hello with a good token opens one session, and its end is told once (${format})`, async t => {
    const harness = await startHarness(t)
    const { region } = harness
    const client = await harness.connect(format)
    client.send(['hello', 'h1', await harness.driverToken(), REGION, 'driver', 'A1', 123, [['s1', 'gnss', 5]]])
    assert.deepEqual(await client.next(), ['reply', 'h1', 0, {}])
    const [session] = region.sessions
    assert.deepEqual(
      { region: session?.region, role: session?.role, principal: session?.principal, unitId: session?.unitId },
      { region: REGION, role: 'driver', principal: 'person-1', unitId: 'A1' },
    )
    assert.deepEqual(region.hellos[0], { helloId: 'h1', clientNowMs: 123, streams: [['s1', 'gnss', 5]] })
    assert.equal(harness.gateway.sessions, 1)
    assert.equal(await harness.sample('goldenhour_sessions{role="driver"}'), 1)

    client.socket.close()
    await until(() => region.heard.length === 2)
    await turn()
    assert.deepEqual(region.heard, ['open', 'closed 0'])
    assert.equal(harness.gateway.sessions, 0)
    assert.equal(await harness.sample('goldenhour_sessions{role="driver"}'), 0)
    session?.tell({ type: 'marks', streamIndex: 0, durableSeq: 1 })
    session?.close(4409, 'superseded')
  })
}

const good: Hello = ['hello', 'h1', '', REGION, 'driver', 'A1', 0, []]
const misuses: [what: string, hello: Hello, token: 'driver' | 'desk' | 'expired' | 'forged', code: string][] = [
  ['an expired token', good, 'expired', 'token-expired'],
  ['a forged token', good, 'forged', 'token-invalid'],
  ['a role that is not the token’s', good.with(4, 'dispatcher').with(5, null) as Hello, 'driver', 'wrong-role'],
  ['a driver’s role on a desk’s token', good, 'desk', 'wrong-role'],
  ['a region that the token does not name', good.with(3, 'wlg') as Hello, 'driver', 'wrong-region'],
  ['another unit than the token’s', good.with(5, 'B2') as Hello, 'driver', 'wrong-unit'],
]
for (const [what, hello, kind, code] of misuses) {
  test(`[HS-6] hello with ${what} is answered ${code}, then closed with 4401`, async t => {
    const harness = await startHarness(t)
    const driver = { sub: 'person-1', role: 'driver', regions: [REGION], unit: 'A1' } as const
    const token = {
      driver: await harness.driverToken(),
      desk: await harness.token(),
      expired: await harness.token({ ...driver, ttlS: -1 }),
      forged: await signToken(makeKey(), { ...driver, ttlS: 60 }),
    }[kind]
    const client = await harness.connect()
    client.send(hello.with(2, token) as Hello)
    const error = await client.nextError()
    assert.deepEqual({ id: error.id, code: error.code }, { id: 'h1', code })
    assert.equal((await client.closed).code, 4401)
    assert.deepEqual(harness.region.heard, [])
    assert.equal(await harness.sample(`goldenhour_refusals_total{code="${code}"}`), 1)
  })
}

test('[HS-6] hello without a token is a bad field, and a good hello may follow on the same connection', async t => {
  const harness = await startHarness(t)
  const client = await harness.connect()
  client.send(['hello', 'h1', '', REGION, 'dispatcher', null, 0, []])
  assert.deepEqual((await client.nextError()).code, 'invalid-field')
  client.send(['hello', 'h2', await harness.token(), REGION, 'dispatcher', null, 0, []])
  assert.deepEqual(await client.next(), ['reply', 'h2', 0, {}])
})

test('a region that this engine does not own is unknown even to a token that names it', async t => {
  const harness = await startHarness(t)
  const client = await harness.connect()
  client.send(['hello', 'h1', await harness.token({ regions: ['wlg'] }), 'wlg', 'dispatcher', null, 0, []])
  assert.equal((await client.nextError()).code, 'unknown-region')
  assert.equal((await client.closed).code, 4401)
})

test('[HS-6] hello to an engine that is not ready is answered unavailable, then closed with 4503', async t => {
  const harness = await startHarness(t)
  harness.directory.isReady = false
  const client = await harness.connect()
  client.send(['hello', 'h1', await harness.token(), REGION, 'dispatcher', null, 0, []])
  assert.equal((await client.nextError()).code, 'unavailable')
  assert.equal((await client.closed).code, 4503)
})

test('[HS-1] a message before hello, or while its token is looked at, is answered hello-first', async t => {
  const harness = await startHarness(t)
  const client = await harness.connect()
  client.send(['sign-on', 'c1', 0])
  assert.deepEqual(await client.nextError(), { id: 'c1', code: 'hello-first', details: null })
  client.send(['hello', 'h1', await harness.driverToken(), REGION, 'driver', 'A1', 0, []])
  client.send(['sign-on', 'c2', 0])
  assert.deepEqual(await client.nextError(), { id: 'c2', code: 'hello-first', details: null })
  assert.deepEqual(await client.next(), ['reply', 'h1', 0, {}])
  assert.deepEqual(harness.region.heard, ['open'])
})

test('[HS-1] a second hello is answered hello-first and leaves the session as it is', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver')
  client.send(['hello', 'h2', await harness.driverToken(), REGION, 'driver', 'A1', 0, []])
  assert.deepEqual(await client.nextError(), { id: 'h2', code: 'hello-first', details: null })
  client.send(['sign-on', 'c1', 0])
  assert.deepEqual(await client.next(), ['reply', 'c1', 7, { done: 'sign-on' }])
})

test('a client that leaves while its token is looked at opens no session', async t => {
  let isVerified = false
  let letGo = () => {}
  const left = new Promise<void>(resolve => {
    letGo = resolve
  })
  const slow = (key: SigningKey): Authenticator => {
    const ordinary = authenticatorOf(key)
    return {
      ticket: claims => ordinary.ticket(claims),
      async verify(token) {
        const verified = await ordinary.verify(token)
        isVerified = true
        await left
        return verified
      },
    }
  }
  const harness = await startHarness(t, slow)
  const leaver = await harness.connect()
  leaver.send(['hello', 'h1', await harness.driverToken(), REGION, 'driver', 'A1', 0, []])
  await until(() => isVerified)
  leaver.socket.close()
  await leaver.closed
  letGo()
  // The other client's hello is looked at after the leaver's, so the leaver's fate is decided by then.
  await harness.signIn('dispatcher')
  assert.deepEqual(
    harness.region.sessions.map(session => session.role),
    ['dispatcher'],
  )
  assert.equal(harness.gateway.sessions, 1)
})

test('[HS-1] a connection without a valid hello in time is closed with 4401', async t => {
  const harness = await startHarness(t, authenticatorOf, { helloTimeoutMs: 2_000 })
  const dialledMs = performance.now()
  const silent = await harness.connect()
  const signedIn = await harness.signIn('driver')
  assert.equal((await silent.closed).code, 4401)
  // A timer may fire a little early.
  assert.ok(performance.now() - dialledMs > 1_900)
  signedIn.send(['sign-on', 'c1', 0])
  assert.equal((await signedIn.next())[0], 'reply')
})

test('a region that throws at open is answered internal, and hears of the end of that session', async t => {
  const harness = await startHarness(t)
  const { region } = harness
  region.onOpen = () => {
    throw new Error('open failed')
  }
  const client = await harness.connect()
  client.send(['hello', 'h1', await harness.token(), REGION, 'dispatcher', null, 0, []])
  assert.deepEqual(await client.nextError(), { id: 'h1', code: 'internal', details: null })
  assert.equal((await client.closed).code, 1011)
  await until(() => region.heard.length === 2)
  assert.deepEqual(region.heard, ['open', 'closed 0'])
})
