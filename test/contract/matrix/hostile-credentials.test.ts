/** What somebody with good credentials may try to make more of them than they are. */
import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { after, test } from 'node:test'
import { loadOrCreateSigningKey } from '../../../src/access/tables/key-table.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { type HttpAnswer, until } from '../../support/engine.ts'
import { Wire } from './wire.ts'
import { HERE, PASSWORD, THERE, World } from './world.ts'

const world = new World()
const opened: Wire[] = []
after(() => {
  for (const wire of opened) wire.end()
})

const codeOf = ({ status, body }: HttpAnswer): string => [status, body?.code].filter(Boolean).join(' ')
let users = 0

/** A user of this test's own. */
async function user(changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  await world.open()
  users += 1
  const name = `insider-${users}`
  await world.created('/v1/users', { name, role: 'dispatcher', regions: [HERE], password: PASSWORD, ...changes })
  return name
}

async function change(name: string, body: unknown): Promise<void> {
  const path = `/v1/users/${name}`
  const answer = await world.ask('PATCH', path, { body, ifMatch: await world.etag(path) })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

interface Hello {
  readonly region?: string
  readonly role?: string
  readonly unit?: string | null
}

/** A session, or the code with which it was refused. */
async function hello(token: string, { region = HERE, role = 'dispatcher', unit = null }: Hello = {}) {
  const wire = await Wire.open(world.site.port, 'json')
  opened.push(wire)
  wire.send('hello', 'h', token, region, role, unit, Date.now(), [])
  const answer = await wire.answer('h')
  if (answer[0] === 'error') return { wire, code: answer[2], ticket: null }
  assert.ok(answer[0] === 'welcome')
  return { wire, code: 'welcome', ticket: answer[2].ticket! }
}
const codeOfHello = async (...about: Parameters<typeof hello>): Promise<string> => (await hello(...about)).code

/** Holds a change of a user back until another statement waits for it, then lets it come to pass. */
async function changeMeanwhile(name: string, setting: string, run: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  const holder = await world.site.session()
  await holder.query('BEGIN')
  await holder.query(`UPDATE auth.users SET ${setting}, version = version + 1 WHERE name = $1`, [name])
  const answer = run()
  await until('somebody waits for the change', async () => {
    const waiting = await world.site.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
       AND query LIKE '%auth%users%'`,
    )
    return waiting.length > 0
  })
  await holder.query('COMMIT')
  return answer
}

test('a sign-in that began before its user lost a region does not bring the region back', async () => {
  const name = await user({ regions: [HERE, THERE] })
  const body = { user: name, password: PASSWORD, region: THERE }
  const answer = await changeMeanwhile(name, `regions = ARRAY['${HERE}']`, () =>
    world.ask('POST', '/v1/auth/login', { token: null, body }),
  )
  assert.equal(codeOf(answer), '401 credentials-wrong')
  assert.equal(codeOf(await world.ask('POST', '/v1/auth/login', { token: null, body })), '403 wrong-region')
})

test('a sign-in that began before its user lost a unit, or got another role, does not bring them back', async () => {
  const driver = { role: 'driver', units: ['A1', 'H1'] }
  const [narrowed, promoted] = [await user(driver), await user(driver)]
  const login = (name: string) => () =>
    world.ask('POST', '/v1/auth/login', { token: null, body: { user: name, password: PASSWORD, unit: 'H1' } })
  assert.equal(codeOf(await changeMeanwhile(narrowed, `units = ARRAY['A1']`, login(narrowed))), '401 credentials-wrong')
  const roles = `role = 'dispatcher', units = NULL`
  assert.equal(codeOf(await changeMeanwhile(promoted, roles, login(promoted))), '401 credentials-wrong')
  const rows = await world.site.query('SELECT 1 FROM auth.sign_ins WHERE user_name IN ($1, $2)', [narrowed, promoted])
  assert.deepEqual(rows, [])
})

test('a refresh gives what the sign-in was for, whatever its body says', async () => {
  const name = await user({ regions: [HERE, THERE] })
  const { refreshToken } = await world.login(name, { region: HERE })
  for (const more of [{ role: 'admin' }, { regions: [THERE] }, { region: THERE }, { unit: 'A1' }]) {
    const answer = await world.ask('POST', '/v1/auth/refresh', { token: null, body: { refreshToken, ...more } })
    assert.equal(codeOf(answer), '400 invalid-field')
  }
  const { body } = await world.ask('POST', '/v1/auth/refresh', { token: null, body: { refreshToken } })
  assert.deepEqual([body.user.role, body.user.regions], ['dispatcher', [HERE]])
})

test('whatever changes of a user ends all that was open: access token, refresh token, ticket and session', async () => {
  const changes = [
    { role: 'driver', units: 'all' },
    { regions: [THERE] },
    { disabled: true },
    { password: 'twelve red foxes run' },
  ]
  for (const body of changes) {
    const name = await user()
    const { accessToken, refreshToken } = await world.login(name)
    const { wire, ticket } = await hello(accessToken)
    await change(name, body)
    assert.equal((await wire.closed).code, 4401)
    assert.equal(codeOf(await world.ask('GET', '/v1/auth/me', { token: accessToken })), '401 token-invalid')
    const refreshed = await world.ask('POST', '/v1/auth/refresh', { token: null, body: { refreshToken } })
    assert.equal(codeOf(refreshed), '401 refresh-refused')
    assert.equal(await codeOfHello(accessToken), 'token-invalid')
    assert.equal(await codeOfHello(ticket!), 'token-invalid')
  }
})

test('after a logout neither its tokens nor its ticket open anything', async () => {
  const { accessToken } = await world.login(await user())
  const { wire, ticket } = await hello(accessToken)
  assert.equal((await world.ask('POST', '/v1/auth/logout', { token: accessToken })).status, 204)
  assert.equal((await wire.closed).code, 4401)
  assert.equal(await codeOfHello(ticket!), 'token-invalid')
  assert.equal(await codeOfHello(accessToken), 'token-invalid')
})

test('a ticket opens the session that it came from and no other, and is no credential for HTTP', async () => {
  await world.open()
  const driver = await hello(world.token('driver')!, { role: 'driver', unit: 'A1' })
  const ticket = driver.ticket!
  assert.equal(await codeOfHello(ticket, { role: 'driver', unit: 'B1' }), 'wrong-unit')
  assert.equal(await codeOfHello(ticket, { role: 'driver', unit: 'A1', region: THERE }), 'wrong-region')
  for (const role of ['dispatcher', 'supervisor', 'admin', 'feed']) {
    assert.equal(await codeOfHello(ticket, { role }), 'wrong-role')
  }
  assert.equal(codeOf(await world.ask('GET', '/v1/auth/me', { token: ticket })), '401 token-invalid')
  assert.equal(await codeOfHello(ticket, { role: 'driver', unit: 'A1' }), 'welcome')
})

test('a ticket that was altered anywhere is refused', async () => {
  await world.open()
  const { ticket } = await hello(world.token('dispatcher')!)
  const [text, hash] = ticket!.slice('ght_'.length).split('.') as [string, string]
  const payload = JSON.parse(Buffer.from(text, 'base64url').toString())
  const coded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const altered = payload.map((_: unknown, place: number) =>
    payload.with(place, place === 2 ? 'supervisor' : place === 3 ? [HERE, THERE] : 'A1'),
  )
  for (const each of altered) assert.equal(await codeOfHello(`ght_${coded(each)}.${hash}`), 'token-invalid')
  assert.equal(await codeOfHello(`ght_${text}.${hash.slice(0, -2)}AA`), 'token-invalid')
  assert.equal(await codeOfHello(`ght_${text}`), 'token-invalid')
})

test('a token in which a claim stands twice speaks for one and the same everywhere', async () => {
  await world.open()
  const database = openDatabase(world.site.databaseUrl)
  const { kid, privateJwk } = await loadOrCreateSigningKey(database).finally(() => database.destroy())
  const nowS = Math.floor(Date.now() / 1_000)
  const coded = (text: string) => Buffer.from(text).toString('base64url')
  const rest = `"iss":"goldenhour","aud":"goldenhour","iat":${nowS},"exp":${nowS + 60},"sub":"twice","regions":["${HERE}"]`
  for (const [first, last] of [
    ['admin', 'dispatcher'],
    ['dispatcher', 'admin'],
  ]) {
    const head = coded(JSON.stringify({ alg: 'EdDSA', kid, typ: 'at+jwt' }))
    const text = `${head}.${coded(`{"role":"${first}",${rest},"role":"${last}"}`)}`
    const signature = sign(null, Buffer.from(text), { key: privateJwk as never, format: 'jwk' }).toString('base64url')
    const token = `${text}.${signature}`
    assert.equal((await world.ask('GET', '/v1/auth/me', { token })).body.role, last)
    assert.equal((await world.ask('GET', '/v1/users', { token })).status, last === 'admin' ? 200 : 403)
    assert.equal(await codeOfHello(token, { role: first! }), 'wrong-role')
  }
})

test('a feed whose units are fewer now has lost its session, and what its ticket could open', async () => {
  await world.open()
  const { body: device } = await world.created('/v1/devices', {
    name: 'm',
    role: 'feed',
    region: HERE,
    units: ['F1', 'B1'],
  })
  const { wire, ticket } = await hello(device.key, { role: 'feed' })
  const path = `/v1/devices/${device.id}`
  const narrowed = await world.ask('PATCH', path, { body: { units: ['F1'] }, ifMatch: await world.etag(path) })
  assert.equal(narrowed.status, 200)
  assert.equal((await wire.closed).code, 4401)
  assert.equal(await codeOfHello(ticket!, { role: 'feed' }), 'token-invalid')
  const again = await hello(device.key, { role: 'feed' })
  again.wire.send('attach', 'a', [[0, 'B1', 's', 'gnss', 1]])
  const answer = await again.wire.answer('a')
  assert.ok(answer[0] === 'reply')
  assert.deepEqual(answer[3].refused, [[0, 'wrong-unit']])
  const off = await world.ask('PATCH', path, { body: { disabled: true }, ifMatch: await world.etag(path) })
  assert.equal(off.status, 200)
  assert.equal((await again.wire.closed).code, 4401)
  assert.equal(await codeOfHello(device.key, { role: 'feed' }), 'token-invalid')
})
