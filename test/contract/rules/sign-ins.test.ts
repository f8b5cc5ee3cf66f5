/** The rules of seeing and ending sign-ins: by their user, and by an administrator for whatever principal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLOSE_CODES } from '../../../src/protocol/errors.ts'
import { ADMIN_PASSWORD } from '../../support/engine.ts'
import { Stage } from './stage.ts'

const PASSWORD = 'seven brown cattle graze'

const stage = new Stage({ akl: { mode: 'ordered', units: ['A-7'] } })

const send = (method: string, path: string, token: string, body?: unknown) => stage.ask(method, path, { token, body })

async function signIn(user: string, changes: Record<string, unknown> = {}): Promise<string> {
  const answer = await send('POST', '/v1/auth/login', 'none', { user, password: PASSWORD, ...changes })
  assert.equal(answer.status, 200)
  return answer.body.accessToken
}

const asAdmin = (): Promise<string> => signIn('admin', { password: ADMIN_PASSWORD })

async function addUser(name: string, changes: Record<string, unknown> = {}): Promise<void> {
  const user = { name, role: 'dispatcher', regions: ['akl'], password: PASSWORD, ...changes }
  assert.equal((await send('POST', '/v1/users', await asAdmin(), user)).status, 201)
}

const statusOf = async (token: string): Promise<number> => (await send('GET', '/v1/auth/me', token)).status

test('[AU-17] a user sees its own sign-ins, the newest first, and which of them asks', async () => {
  await addUser('crew-1', { role: 'driver', units: 'all' })
  await addUser('crew-2', { role: 'driver', units: 'all' })
  const first = await signIn('crew-1', { unit: 'A-7' })
  await signIn('crew-2', { unit: 'A-7' })
  const second = await signIn('crew-1', { unit: 'A-7' })
  const { status, body } = await send('GET', '/v1/auth/sessions', first)
  assert.equal(status, 200)
  assert.deepEqual(
    body.items.map(({ region, unit, current }: Record<string, unknown>) => ({ region, unit, current })),
    [false, true].map(current => ({ region: 'akl', unit: 'A-7', current })),
  )
  const [newer, older] = body.items
  assert.ok(newer.signedInAtMs >= older.signedInAtMs && newer.endsAtMs > Date.now())
  assert.equal(body.next, null)
  assert.equal((await send('GET', '/v1/auth/sessions', second)).body.items[0].current, true)
})

test('[AU-18] a user ends one of its sign-ins with its connections, and nobody ends those of others', async () => {
  await addUser('desk-1')
  await addUser('desk-2')
  const lost = await signIn('desk-1')
  const kept = await signIn('desk-1')
  const stranger = await signIn('desk-2')
  const console = await stage.open()
  await console.hello([lost, 'akl', 'dispatcher', null, Date.now(), []])
  const { items } = (await send('GET', '/v1/auth/sessions', lost)).body
  const { id } = items.find(({ current }: { current: boolean }) => current)

  const refused = await send('DELETE', `/v1/auth/sessions/${id}`, stranger)
  assert.deepEqual([refused.status, refused.body.code], [404, 'not-found'])
  assert.equal(await statusOf(lost), 200)
  assert.equal((await send('DELETE', `/v1/auth/sessions/${id}`, kept)).status, 204)
  assert.equal((await console.closed).code, CLOSE_CODES.unauthenticated)
  assert.deepEqual([await statusOf(lost), await statusOf(kept)], [401, 200])
  assert.equal((await send('DELETE', `/v1/auth/sessions/${id}`, kept)).status, 404)
})

test('[AU-19] an admin ends all that a principal is signed in with, and it may sign in anew', async () => {
  await addUser('desk-3')
  const before = await signIn('desk-3')
  const signedOut = await send('POST', '/v1/users/DESK-3/sign-out', await asAdmin())
  assert.equal(signedOut.status, 204)
  assert.equal(await statusOf(before), 401)
  assert.equal(await statusOf(await signIn('desk-3')), 200)
  const done = await stage.site.query<{ line: string }>(
    `SELECT concat_ws(' ', actor, subject, outcome, details ->> 'ended') AS line FROM audit.entries
     WHERE action = 'user-signed-out'`,
  )
  assert.deepEqual(done, [{ line: 'admin desk-3 done 1' }])
})

test('[AU-19] the principal need be no user here: whoever shows its token is closed and refused', async () => {
  const sub = 'issuer:person 1'
  const console = await stage.desk({ region: 'akl', sub })
  const token = await stage.site.token({ sub })
  assert.equal((await send('GET', '/v1/units?region=akl', token)).status, 200)
  const signedOut = await send('POST', `/v1/users/${encodeURIComponent(sub)}/sign-out`, await asAdmin())
  assert.equal(signedOut.status, 204)
  assert.equal((await console.closed).code, CLOSE_CODES.unauthenticated)
  assert.equal((await send('GET', '/v1/units?region=akl', token)).status, 401)
  const nameless = await send('POST', '/v1/users/%01/sign-out', await asAdmin())
  assert.deepEqual([nameless.status, nameless.body.code], [404, 'not-found'])
})

test('[AU-19] many are signed out at the same time, and none of it waits for another', async () => {
  const admin = await asAdmin()
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, i) => send('POST', `/v1/users/visitor-${i}/sign-out`, admin)),
  )
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [answers[0]!.status])
  assert.ok(answers[0]!.status < 300)
})
