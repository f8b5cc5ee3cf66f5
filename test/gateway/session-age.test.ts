/** How old a session may get, over all its reconnects, and how it ends. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import type { TokenClaims } from '../../src/access/claims.ts'
import { signToken } from '../../src/access/tokens.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { authenticatorOf, Client, closedDoors, FakeRegion, makeKey, REGION, until } from './harness.ts'

const MAX_AGE_MS = 3_600_000
const DESK: TokenClaims = {
  sub: 'person-1',
  role: 'dispatcher',
  regions: [REGION],
  unit: null,
  units: null,
  sid: null,
  authAtMs: 0,
}

/** A gateway whose clock stands until a test moves it. */
async function startDoor(t: TestContext) {
  const clock = { nowMs: Date.now() }
  const key = makeKey()
  const region = new FakeRegion(REGION)
  const doors = closedDoors()
  const authenticator = authenticatorOf(key, () => clock.nowMs)
  const gateway = await startGateway({
    ...doors,
    authenticator,
    directory: { region: id => (id === REGION ? region : null), ready: () => true, damagedRows: () => 0 },
    door: { ...doors.door, sessionMaxAgeMs: MAX_AGE_MS },
    wallClock: () => clock.nowMs,
  })
  t.after(() => gateway.close())
  const signIn = async (token: string): Promise<Client> => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/ws`, ['goldenhour.v1'])
    t.after(() => socket.terminate())
    const client = new Client(socket, 'binary')
    await once(socket, 'open')
    client.send(['hello', 'h1', token, REGION, 'dispatcher', null, 0, []])
    assert.equal((await client.next())[0], 'reply')
    return client
  }
  const token = (authAtMs: number, sid: string | null = null) =>
    signToken(key, { ...DESK, sid, authAtMs, ttlS: 10 * MAX_AGE_MS })
  const ticket = (authAtMs: number, sid: string | null = null) => authenticator.ticket({ ...DESK, sid, authAtMs })!
  return { clock, gateway, signIn, token, ticket }
}

test('a session of a sign-in ends when the sign-in is as old as it may get, however late it was opened', async t => {
  const { clock, signIn, token, ticket } = await startDoor(t)
  const signedInAtMs = clock.nowMs - MAX_AGE_MS + 1_000
  const byToken = await signIn(await token(signedInAtMs, 'sign-in-1'))
  const byTicket = await signIn(ticket(signedInAtMs, 'sign-in-1'))
  const fresh = await signIn(await token(clock.nowMs, 'sign-in-2'))
  clock.nowMs += 1_000
  for (const client of [byToken, byTicket]) {
    assert.deepEqual(await client.closed, { code: 4401, reason: 'token-expired' })
  }
  assert.equal(fresh.socket.readyState, WebSocket.OPEN)
})

test('a session without a sign-in has its own age, and a ticket of it does not begin that anew', async t => {
  const { clock, gateway, signIn, token, ticket } = await startDoor(t)
  const madeAtMs = clock.nowMs - MAX_AGE_MS + 1_000
  const byToken = await signIn(await token(madeAtMs))
  const byOldToken = await signIn(await token(clock.nowMs - 5 * MAX_AGE_MS))
  const byTicket = await signIn(ticket(madeAtMs))
  clock.nowMs += 1_000
  assert.deepEqual(await byTicket.closed, { code: 4401, reason: 'token-expired' })
  await until(() => gateway.sessions === 2)
  clock.nowMs += MAX_AGE_MS - 1_001
  const fresh = await signIn(await token(clock.nowMs))
  assert.equal(gateway.sessions, 3)
  clock.nowMs += 1
  for (const client of [byToken, byOldToken]) assert.equal((await client.closed).code, 4401)
  assert.equal(fresh.socket.readyState, WebSocket.OPEN)
})

test('many sessions that are too old at once all end', async t => {
  const { clock, gateway, signIn, ticket } = await startDoor(t)
  const all = await Promise.all(Array.from({ length: 30 }, () => signIn(ticket(clock.nowMs))))
  clock.nowMs += MAX_AGE_MS
  for (const client of all) assert.equal((await client.closed).code, 4401)
  assert.equal(gateway.sessions, 0)
})
