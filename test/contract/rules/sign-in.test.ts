/** The rules of signing in, over HTTP and sockets, at an engine whose passwords cost little. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpAnswer, Site, until } from '../../support/engine.ts'
import { Stage } from './stage.ts'

const ADMIN_PASSWORD = 'the first of all passwords'
const PASSWORD = 'seven brown cattle graze'
const WRONG = 'not the password at all'
const AUTH = {
  accessTokenS: 600,
  refreshTokenS: 86_400,
  sessionMaxAgeS: 86_400,
  adminPassword: ADMIN_PASSWORD,
  scryptLogN: 4,
  oidc: [],
}

const stage = new Stage(
  { akl: { mode: 'ordered', units: ['A-7', 'B-1'] }, wlg: { mode: 'ordered', units: ['W-1', 'B-1'] } },
  { auth: AUTH },
)

const send: Stage['ask'] = (...asked) => stage.ask(...asked)

const login = (user: string, changes: Record<string, unknown> = {}): Promise<HttpAnswer> =>
  send('POST', '/v1/auth/login', { body: { user, password: PASSWORD, ...changes } })
const refresh = (refreshToken: string): Promise<HttpAnswer> =>
  send('POST', '/v1/auth/refresh', { body: { refreshToken } })
const me = (token: string): Promise<HttpAnswer> => send('GET', '/v1/auth/me', { token })

/** What an answer comes to: its status and code, and the field or rule that it names. */
function outcome({ status, body }: HttpAnswer): string {
  return [status, body?.code, body?.details?.path ?? body?.details?.rule].filter(part => part !== undefined).join(' ')
}

async function granted(user: string, changes: Record<string, unknown> = {}) {
  const answer = await login(user, changes)
  assert.equal(outcome(answer), '200')
  return answer.body
}

let adminToken: string | null = null
async function asAdmin(): Promise<string> {
  adminToken ??= (await granted('admin', { password: ADMIN_PASSWORD })).accessToken
  return adminToken!
}

let users = 0
/** A user of the test's own, by default a dispatcher of one region. */
async function addUser(changes: Record<string, unknown> = {}): Promise<string> {
  users += 1
  const name = `person-${users}`
  const body = { name, role: 'dispatcher', regions: ['akl'], password: PASSWORD, ...changes }
  assert.equal(outcome(await send('POST', '/v1/users', { token: await asAdmin(), body })), '201')
  return name
}

async function change(name: string, body: Record<string, unknown>): Promise<HttpAnswer> {
  const token = await asAdmin()
  const { headers } = await send('GET', `/v1/users/${name}`, { token })
  return send('PATCH', `/v1/users/${name}`, { token, body, ifMatch: headers.get('etag')! })
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

test('[AU-1] user and password become a pair of tokens, which work', async () => {
  const name = await addUser()
  const answer = await granted(name.toUpperCase())
  assert.deepEqual(answer.user, { name, role: 'dispatcher', regions: ['akl'], unit: null })
  assert.deepEqual([answer.accessExpiresInS, answer.refreshExpiresInS], [600, 86_400])
  assert.equal(claimsOf(answer.accessToken).sub, name)
  const desk = await stage.open()
  await desk.hello([answer.accessToken, 'akl', 'dispatcher', null, Date.now(), []])
  assert.equal(outcome(await refresh(answer.refreshToken)), '200')
})

test('[AU-1] a login is strict about its fields', async () => {
  assert.equal(
    outcome(await send('POST', '/v1/auth/login', { body: { user: 'person' } })),
    '400 invalid-field password',
  )
  assert.equal(outcome(await login('', {})), '400 invalid-field user')
  assert.equal(outcome(await login('person', { password: 7 })), '400 invalid-field password')
  assert.equal(outcome(await login('person', { region: 'AKL' })), '400 invalid-field region')
  assert.equal(outcome(await login('person', { role: 'admin' })), '400 invalid-field role')
  assert.equal(outcome(await send('POST', '/v1/auth/login', {})), '400 malformed-frame')
  assert.equal(outcome(await send('GET', '/v1/auth/login', {})), '405 method-not-allowed')
})

test('[AU-2] a wrong password, an unknown user and a disabled one are answered alike', async () => {
  const [name, disabled] = [await addUser(), await addUser()]
  await change(disabled, { disabled: true })
  const answers = [await login(name, { password: WRONG }), await login('nobody'), await login(disabled)]
  for (const answer of answers) {
    assert.equal(outcome(answer), '401 credentials-wrong')
    assert.deepEqual(answer.body, answers[0]!.body)
  }
})

test('[AU-3] a driver signs in for a unit, and the token is for that unit alone', async () => {
  const name = await addUser({ role: 'driver', regions: ['akl', 'wlg'], units: ['W-1', 'B-1', 'Z-9'] })
  const { accessToken, user } = await granted(name, { unit: 'W-1' })
  assert.deepEqual(user, { name, role: 'driver', regions: ['wlg'], unit: 'W-1' })
  const driver = await stage.open()
  await driver.hello([accessToken, 'wlg', 'driver', 'W-1', Date.now(), []])
  assert.equal(outcome(await login(name)), '400 invalid-field unit')
  assert.equal(outcome(await login(name, { unit: 'A-7' })), '403 wrong-unit')
  assert.equal(outcome(await login(name, { unit: 'Z-9' })), '404 unknown-unit')
  assert.equal(outcome(await login(name, { unit: 'B-1' })), '400 invalid-field region')
  assert.deepEqual((await granted(name, { unit: 'B-1', region: 'akl' })).user.regions, ['akl'])
})

test('[AU-3] all others leave the unit out, and may choose one of their regions', async () => {
  const name = await addUser({ regions: ['akl', 'wlg'] })
  assert.deepEqual((await granted(name, { region: 'wlg' })).user.regions, ['wlg'])
  assert.equal(outcome(await login(name, { unit: 'A-7' })), '400 invalid-field unit')
  const foreign = await login(name, { region: 'chc' })
  assert.equal(outcome(foreign), '403 wrong-region')
  assert.match(foreign.body.detail, /^The user may not act for region chc;/)
})

test('[AU-4] an access token ends with its time, and all tokens of a sign-in tell the same moment of it', async () => {
  const fromS = Math.floor(Date.now() / 1_000)
  const first = await granted(await addUser())
  const second = (await refresh(first.refreshToken)).body
  const [one, two] = [claimsOf(first.accessToken), claimsOf(second.accessToken)]
  assert.deepEqual([one.exp - one.iat, two.exp - two.iat], [600, 600])
  assert.ok(one.auth_time >= fromS && one.auth_time <= Date.now() / 1_000)
  assert.deepEqual([two.auth_time, two.sid], [one.auth_time, one.sid])
})

test('[AU-5] a refresh token becomes the next pair, for the same unit and region', async () => {
  const name = await addUser({ role: 'driver', regions: ['akl', 'wlg'], units: 'all' })
  const first = await granted(name, { unit: 'B-1', region: 'akl' })
  const answer = await refresh(first.refreshToken)
  assert.equal(outcome(answer), '200')
  assert.deepEqual(answer.body.user, first.user)
  assert.notEqual(answer.body.refreshToken, first.refreshToken)
  assert.equal(outcome(await me(answer.body.accessToken)), '200')
  assert.equal(outcome(await refresh('ghr_nothing-of-ours')), '401 refresh-refused')
  assert.equal(outcome(await send('POST', '/v1/auth/refresh', { body: {} })), '400 invalid-field refreshToken')
})

test('[AU-6] of refreshes at the same time one spends the token, and all get its one successor', async () => {
  const { refreshToken } = await granted(await addUser())
  const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(refreshToken)))
  assert.deepEqual(answers.map(outcome), Array(5).fill('200'))
  const successors = new Set(answers.map(({ body }) => body.refreshToken))
  assert.equal(successors.size, 1)
  assert.equal(outcome(await refresh([...successors][0])), '200')
})

test('[AU-6] a spent token that comes after its successor was used ends the sign-in and its sessions', async () => {
  const first = await granted(await addUser())
  const second = (await refresh(first.refreshToken)).body
  const desk = await stage.open()
  await desk.hello([second.accessToken, 'akl', 'dispatcher', null, Date.now(), []])
  const third = (await refresh(second.refreshToken)).body
  assert.equal(outcome(await refresh(first.refreshToken)), '401 refresh-refused')
  assert.equal(outcome(await refresh(third.refreshToken)), '401 refresh-refused')
  assert.equal((await desk.closed).code, 4401)
  await until('the access token is refused', async () => outcome(await me(third.accessToken)) === '401 token-invalid')
})

test('[AU-7] a logout ends its sign-in, with its tokens and connections, and no other', async () => {
  const name = await addUser()
  const [here, there] = [await granted(name), await granted(name)]
  const desk = await stage.open()
  await desk.hello([here.accessToken, 'akl', 'dispatcher', null, Date.now(), []])
  assert.equal(outcome(await send('POST', '/v1/auth/logout', { token: here.accessToken })), '204')
  assert.equal((await desk.closed).code, 4401)
  assert.equal(outcome(await refresh(here.refreshToken)), '401 refresh-refused')
  await until('the access token is refused', async () => outcome(await me(here.accessToken)) === '401 token-invalid')
  assert.equal(outcome(await refresh(there.refreshToken)), '200')
})

test('[AU-7] a token that came from no login has none to end', async () => {
  const token = await stage.site.token({ sub: 'made-elsewhere' })
  assert.equal(outcome(await send('POST', '/v1/auth/logout', { token })), '404 not-found')
})

test('[AU-8] a password that breaks a rule is refused by the name of the rule', async () => {
  const token = await asAdmin()
  const name = 'person-of-rules'
  const refused = async (password: string) =>
    outcome(await send('POST', '/v1/users', { token, body: { name, role: 'admin', password } }))
  assert.equal(await refused('elevenchars'), '400 password-unfit too-short')
  assert.equal(await refused('so many words '.repeat(10)), '400 password-unfit too-long')
  assert.equal(await refused(`I am ${name.toUpperCase()}!`), '400 password-unfit contains-user-name')
  assert.equal(await refused('Password2026'), '400 password-unfit common')
  assert.equal(await refused('abcabcabcabc'), '400 password-unfit common')
  assert.equal(outcome(await send('GET', `/v1/users/${name}`, { token })), '404 not-found')
})

test('[AU-9] a changed password ends all other sign-ins of the user', async () => {
  const name = await addUser()
  const [here, there] = [await granted(name), await granted(name)]
  const next = 'a quite different sentence'
  const set = (body: unknown) => send('POST', '/v1/auth/password', { token: here.accessToken, body })
  assert.equal(outcome(await set({ current: WRONG, next })), '401 credentials-wrong')
  assert.equal(outcome(await set({ current: PASSWORD, next: PASSWORD })), '400 password-unfit unchanged')
  assert.equal(outcome(await set({ current: PASSWORD, next })), '204')
  assert.equal(outcome(await refresh(there.refreshToken)), '401 refresh-refused')
  assert.equal(outcome(await refresh(here.refreshToken)), '200')
  assert.equal(outcome(await login(name)), '401 credentials-wrong')
  assert.equal(outcome(await login(name, { password: next })), '200')
})

test('[AU-10] the sixth guess has to wait, and is told how long; a device that signed in before has not', async () => {
  const name = await addUser()
  const { deviceMark } = (await login(name)).body
  for (let guess = 0; guess < 5; guess++) {
    assert.equal(outcome(await login(name, { password: WRONG })), '401 credentials-wrong')
  }
  const slowed = await login(name, { password: WRONG })
  assert.equal(outcome(slowed), '429 rate-limited')
  const { retryAfterMs } = slowed.body.details
  assert.ok(retryAfterMs > 0 && retryAfterMs <= 1_000)
  assert.equal(slowed.headers.get('retry-after'), '1')
  assert.equal((await login(name, { deviceMark })).status, 200)
  await until('the right password is taken after the wait', async () => (await login(name)).status === 200)
})

test('[AU-11] whoever asks who they are is told what the token says', async () => {
  const name = await addUser({ role: 'driver', units: ['A-7'] })
  const { accessToken } = await granted(name, { unit: 'A-7' })
  const { body } = await me(accessToken)
  const { signedInAtMs, ...rest } = body
  assert.deepEqual(rest, { name, role: 'driver', regions: ['akl'], unit: 'A-7' })
  assert.equal(signedInAtMs, Math.round(claimsOf(accessToken).auth_time * 1_000))
  assert.equal(outcome(await me('none')), '401 token-invalid')
})

test('[AU-12] users are for admins, and nobody is shown a hash', async () => {
  const name = await addUser({ role: 'driver', units: ['A-7'] })
  const token = await asAdmin()
  const one = await send('GET', `/v1/users/${name.toUpperCase()}`, { token })
  const { createdAtMs, changedAtMs, ...rest } = one.body
  const fields = { role: 'driver', regions: ['akl'], units: ['A-7'], disabled: false, version: 1 }
  assert.deepEqual(rest, { name, ...fields })
  assert.equal(createdAtMs, changedAtMs)
  const list = await send('GET', '/v1/users?limit=500', { token })
  assert.ok(list.body.items.some((user: { name: string }) => user.name === name))
  assert.doesNotMatch(JSON.stringify([one.body, list.body]), /scrypt|password/i)
  for (const role of ['dispatcher', 'supervisor']) {
    const { accessToken } = await granted(await addUser({ role }))
    assert.equal(outcome(await send('GET', '/v1/users', { token: accessToken })), '403 wrong-role')
    const body = { name: 'person-by-force', role: 'admin', password: PASSWORD }
    assert.equal(outcome(await send('POST', '/v1/users', { token: accessToken, body })), '403 wrong-role')
  }
})

test('[AU-12] a user that cannot be is refused by the field', async () => {
  const token = await asAdmin()
  const refused = async (changes: Record<string, unknown>) => {
    const body = { name: 'person-x', role: 'driver', regions: ['akl'], units: 'all', password: PASSWORD, ...changes }
    return outcome(await send('POST', '/v1/users', { token, body }))
  }
  assert.equal(await refused({ name: 'System' }), '400 invalid-field name')
  assert.equal(await refused({ name: 'has blank' }), '400 invalid-field name')
  assert.equal(await refused({ role: 'feed' }), '400 invalid-field role')
  assert.equal(await refused({ regions: [] }), '400 invalid-field regions')
  assert.equal(await refused({ regions: ['chc'] }), '400 invalid-field regions')
  assert.equal(await refused({ role: 'dispatcher', units: ['A-7'] }), '400 invalid-field units')
  for (const units of [undefined, null, 'any', []]) assert.equal(await refused({ units }), '400 invalid-field units')
  assert.equal(await refused({ disabled: true }), '400 invalid-field disabled')
  const name = await addUser()
  assert.equal(await refused({ name: name.toUpperCase() }), '409 already-exists')
})

test('[AU-13] a made-up password is told once, and works', async () => {
  const token = await asAdmin()
  const request = { token, key: stage.id(), body: { name: 'made-up', role: 'dispatcher', regions: ['akl'] } }
  const first = await send('POST', '/v1/users', request)
  assert.equal(outcome(first), '201')
  assert.equal(first.headers.get('location'), '/v1/users/made-up')
  const again = await send('POST', '/v1/users', request)
  assert.deepEqual([again.status, again.body], [201, { ...first.body, password: null }])
  assert.equal(outcome(await login('made-up', { password: first.body.password })), '200')
  const kept = await stage.site.query<{ body: string }>('SELECT body FROM gateway.http_outcomes')
  assert.ok(kept.every(({ body }) => !body.includes(first.body.password)))
})

test('[AU-13] users come in pages, in the order of their names', async () => {
  const token = await asAdmin()
  for (const name of ['zz-3', 'ZZ-1', 'zz-2']) {
    const body = { name, role: 'dispatcher', regions: ['akl'], password: PASSWORD }
    await send('POST', '/v1/users', { token, body })
  }
  const page = await send('GET', '/v1/users?limit=2&after=zz-0', { token })
  assert.deepEqual(
    page.body.items.map((user: { name: string }) => user.name),
    ['ZZ-1', 'zz-2'],
  )
  const rest = await send('GET', `/v1/users?limit=2&after=${page.body.next}`, { token })
  assert.deepEqual([rest.body.items.map((user: { name: string }) => user.name), rest.body.next], [['zz-3'], null])
})

test('[AU-13] a user is changed as it was read, or not at all', async () => {
  const name = await addUser()
  const token = await asAdmin()
  const tag = (await send('GET', `/v1/users/${name}`, { token })).headers.get('etag')!
  const patch = (body: unknown, ifMatch?: string) =>
    send('PATCH', `/v1/users/${name}`, { token, body, ...(ifMatch === undefined ? {} : { ifMatch }) })
  assert.equal(outcome(await patch({ role: 'supervisor' })), '428 version-missing')
  const changed = await patch({ role: 'supervisor', regions: ['akl', 'wlg'] }, tag)
  assert.deepEqual([outcome(changed), changed.body.role, changed.body.version], ['200', 'supervisor', 2])
  assert.equal(outcome(await patch({ disabled: true }, tag)), '412 version-differs')
  const reset = await patch({ password: 'a quite different sentence' }, changed.headers.get('etag')!)
  assert.equal(outcome(reset), '200')
  assert.equal(outcome(await login(name, { password: 'a quite different sentence' })), '200')
  assert.equal(outcome(await send('PATCH', '/v1/users/nobody', { token, body: {}, ifMatch: '*' })), '404 not-found')
})

test('[AU-14] a change of a user ends its sessions, and enabled again it signs in anew', async () => {
  const name = await addUser()
  const { accessToken, refreshToken } = await granted(name)
  const desk = await stage.open()
  await desk.hello([accessToken, 'akl', 'dispatcher', null, Date.now(), []])
  assert.equal(outcome(await change(name, { disabled: true })), '200')
  assert.equal((await desk.closed).code, 4401)
  assert.equal(outcome(await refresh(refreshToken)), '401 refresh-refused')
  assert.equal(outcome(await me(accessToken)), '401 token-invalid')
  assert.equal(outcome(await change(name, { disabled: false })), '200')
  assert.equal(outcome(await me(accessToken)), '401 token-invalid')
  assert.equal(outcome(await me((await granted(name)).accessToken)), '200')
})

test('[AU-14] no user is deleted, and the last admin stays', async () => {
  const name = await addUser()
  const token = await asAdmin()
  assert.equal(outcome(await send('DELETE', `/v1/users/${name}`, { token, ifMatch: '*' })), '405 method-not-allowed')
  assert.equal(outcome(await change('admin', { disabled: true })), '409 still-used')
  assert.equal(outcome(await change('admin', { role: 'dispatcher', regions: ['akl'] })), '409 still-used')
})

test('[AU-15] the first start makes an admin and writes its password to standard output, once', async t => {
  const site = await Site.make(t, {})
  const unset = { GOLDENHOUR_ADMIN_PASSWORD: '' }
  const first = await site.spawn(unset)
  const [line, ...others] = first.said
  const password = /^The user admin was made\. Its password, shown this once: (\S+)$/.exec(line!)?.[1]
  assert.ok(password !== undefined && others.length === 0, first.said.join('\n'))
  const body = JSON.stringify({ user: 'admin', password })
  const signIn = await site.http('/v1/auth/login', { method: 'POST', body })
  assert.deepEqual(signIn.body.user, { name: 'admin', role: 'admin', regions: [], unit: null })
  assert.doesNotMatch(JSON.stringify(first.logs), new RegExp(password))
  first.signal('SIGTERM')
  await first.exited
  const second = await site.spawn(unset)
  assert.deepEqual(second.said, [])
})

test('[AU-16] the audit has what happened at the door, and no secret', async () => {
  const name = await addUser()
  const wrong = await login(name, { password: WRONG })
  assert.equal(outcome(wrong), '401 credentials-wrong')
  const first = await granted(name)
  const second = (await refresh(first.refreshToken)).body
  const third = (await refresh(second.refreshToken)).body
  await refresh(first.refreshToken)
  const here = await granted(name)
  const next = 'a quite different sentence'
  await send('POST', '/v1/auth/password', { token: here.accessToken, body: { current: PASSWORD, next } })
  await send('POST', '/v1/auth/logout', { token: here.accessToken })
  await change(name, { role: 'supervisor', password: PASSWORD })

  const rows = await until('all is written', async () => {
    const found = await stage.site.query<{ line: string; all: string; address: string | null }>(
      `SELECT concat_ws(' ', actor, action, outcome, details ->> 'code') AS line, address, entries::text AS all
       FROM audit.entries AS entries WHERE actor = $1 OR subject = $1 ORDER BY at, seq`,
      [name],
    )
    return found.some(({ line }) => line.includes('credentials-wrong')) && found
  })
  assert.deepEqual(rows.map(({ line }) => line).sort(), [
    'admin user-changed done',
    'admin user-created done',
    `${name} password-changed done`,
    `${name} refresh-reused refused refresh-refused`,
    `${name} sign-in done`,
    `${name} sign-in done`,
    `${name} sign-in refused credentials-wrong`,
    `${name} sign-out done`,
  ])
  const text = rows.map(({ all }) => all).join('\n')
  for (const secret of [PASSWORD, WRONG, next, third.refreshToken, here.accessToken, 'scrypt']) {
    assert.ok(!text.includes(secret), secret)
  }
  assert.deepEqual([...new Set(rows.map(({ address }) => address))], ['127.0.0.1'])
})
