/** The rules of what opens a session and what ends it, at a whole engine that trusts one other issuer. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { Accounts } from '../../../src/access/accounts.ts'
import { Devices } from '../../../src/access/devices.ts'
import type { OidcIssuer } from '../../../src/access/oidc.ts'
import { PasswordHasher } from '../../../src/access/passwords.ts'
import { DeviceStore } from '../../../src/access/tables/device-table.ts'
import { RevocationStore } from '../../../src/access/tables/revocation-table.ts'
import { UserStore } from '../../../src/access/tables/user-table.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { type HttpAnswer, until } from '../../support/engine.ts'
import { within } from '../../support/within.ts'
import { type Speaker, Stage } from './stage.ts'

const ADMIN_PASSWORD = 'the first of all passwords'
const PASSWORD = 'seven brown cattle graze'
const DAY_S = 86_400
const SCRYPT_LOG_N = 4
const { publicKey, privateKey: issuerKey } = await generateKeyPair('ES256')
const issuerKeys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'theirs' }] })
const issuer = createServer((_, response) => void response.end(issuerKeys))
  .listen(0, '127.0.0.1')
  .unref()
await once(issuer, 'listening')
const issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
const trusted: OidcIssuer = {
  issuer: issuerUrl,
  audience: 'goldenhour',
  jwksUri: `${issuerUrl}/keys`,
  prefix: 'partner',
  roleClaim: 'role',
  regionsClaim: 'regions',
  unitClaim: 'unit',
}

const stage = new Stage(
  { akl: { mode: 'ordered', units: ['A-7', 'A-8'] }, wlg: { mode: 'ordered', units: ['W-1'] } },
  {
    auth: {
      accessTokenS: 600,
      refreshTokenS: DAY_S,
      sessionMaxAgeS: DAY_S,
      adminPassword: ADMIN_PASSWORD,
      scryptLogN: SCRYPT_LOG_N,
      oidc: [trusted],
    },
  },
)

/** What the command line works with, beside the engine. */
let opened: Database | null = null
function database(): Database {
  opened ??= openDatabase(stage.site.databaseUrl)
  return opened
}
after(async () => {
  await opened?.destroy()
  issuer.closeAllConnections()
  issuer.close()
})

const unaudited = () => Promise.resolve()
const parts = () => ({ revocations: new RevocationStore(database()), wallClock: Date.now })

const send: Stage['ask'] = (...asked) => stage.ask(...asked)

function outcome({ status, body }: HttpAnswer): string {
  return [status, body?.code, body?.details?.path].filter(part => part !== undefined).join(' ')
}

/** Anew each time: a rule below retires the key of what was signed before. */
async function asAdmin(): Promise<string> {
  const answer = await send('POST', '/v1/auth/login', { body: { user: 'admin', password: ADMIN_PASSWORD } })
  assert.equal(outcome(answer), '200')
  return answer.body.accessToken
}

async function addDevice(
  changes: Record<string, unknown> = {},
): Promise<{ readonly id: string; readonly key: string }> {
  const units = changes.role === 'driver' ? null : 'all'
  const body = { name: 'the partner', role: 'feed', region: 'akl', units, ...changes }
  const answer = await send('POST', '/v1/devices', { token: await asAdmin(), body })
  assert.equal(outcome(answer), '201')
  return answer.body
}

let users = 0
async function addUser(): Promise<string> {
  users += 1
  const name = `desk-${users}`
  const body = { name, role: 'dispatcher', regions: ['akl'], password: PASSWORD }
  assert.equal(outcome(await send('POST', '/v1/users', { token: await asAdmin(), body })), '201')
  return name
}

async function login(user: string): Promise<string> {
  const answer = await send('POST', '/v1/auth/login', { body: { user, password: PASSWORD } })
  assert.equal(outcome(answer), '200')
  return answer.body.accessToken
}

type Who = readonly [role: string, unit?: string | null, region?: string]

async function open(credential: string, [role, unit = null, region = 'akl']: Who = ['dispatcher']): Promise<Speaker> {
  const speaker = await stage.open()
  await speaker.hello([credential, region, role, unit, Date.now(), []])
  return speaker
}

/**
 * A session opened with what is good for a moment only. To show it may take a slow machine longer than that: what had
 * expired by then is made anew, with twice the time.
 */
async function openInTime(make: (leftS: number) => Promise<string>): Promise<[Speaker, string]> {
  for (let leftS = 1; ; leftS *= 2) {
    assert.ok(leftS < 600, 'it has always expired')
    const credential = await make(leftS)
    const speaker = await stage.open()
    const refusal = await speaker.tryHello([credential, 'akl', 'dispatcher', null, Date.now(), []])
    if (refusal === null) return [speaker, credential]
    assert.equal(refusal[2], 'token-expired')
  }
}

/** The code that a hello is refused with, and the code of the close. */
async function refused(credential: string, [role, unit = null, region = 'akl']: Who = ['dispatcher']): Promise<string> {
  const speaker = await stage.open()
  speaker.send('hello', 'hello', credential, region, role, unit, Date.now(), [])
  const code = await speaker.refusal('hello')
  return `${code} ${(await speaker.closed).code}`
}

/** How a session ended that something just done must end. */
async function ended(speaker: Speaker): Promise<string> {
  const { code, reason } = await within('the session is ended', speaker.closed)
  return `${code} ${reason}`
}

const partnerToken = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  new SignJWT({ sub: 'person-1', role: 'dispatcher', regions: ['akl'], aud: 'goldenhour', iss: issuerUrl, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'theirs', ...header })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(issuerKey)

/** As the command line does it, in a process that knows nothing of the engine. */
function setDeviceDisabled(id: string, disabled: boolean): Promise<unknown> {
  return database()
    .transaction()
    .execute(async transaction => {
      const current = await new DeviceStore(transaction).hold(id)
      return new Devices(parts()).change(transaction, current!, { disabled }, unaudited)
    })
}

function setUserDisabled(name: string, disabled: boolean): Promise<unknown> {
  const accounts = new Accounts({ passwords: new PasswordHasher(SCRYPT_LOG_N), ...parts() })
  return database()
    .transaction()
    .execute(async transaction => {
      const store = new UserStore(transaction)
      await store.lockAdministration()
      return accounts.change(transaction, (await store.find(name))!, { disabled }, unaudited)
    })
}

test('[AU-20] every kind of credential opens a session, told apart by its form', async () => {
  const device = await addDevice()
  const desk = await open(await login(await addUser()))
  for (const [credential, who] of [
    [await stage.site.token(), ['dispatcher']],
    [await partnerToken(), ['dispatcher']],
    [device.key, ['feed']],
    [desk.welcome.ticket!, ['dispatcher']],
  ] as const) {
    assert.equal((await open(credential, who)).welcome.role, who[0])
  }
})

test('[AU-20] whatever is wrong with a credential is token-invalid, and the connection ends', async () => {
  const { id, key } = await addDevice()
  const { welcome } = await open(await stage.site.token())
  const token = await stage.site.token()
  for (const bad of [
    'x',
    'ght_',
    'ghd_',
    `ghd_${id}_`,
    `${key.slice(0, -2)}__`,
    welcome.ticket!.slice(0, -3),
    `ghd_${token}`,
    `${token.slice(0, -3)}AAA`,
  ]) {
    assert.equal(await refused(bad), 'token-invalid 4401', bad)
  }
})

test('[AU-20] a ticket opens sessions only', async () => {
  const { welcome } = await open(await stage.site.token())
  assert.equal(outcome(await send('GET', '/v1/regions', { token: welcome.ticket! })), '401 token-invalid')
  const { key } = await addDevice()
  assert.equal(outcome(await send('GET', '/v1/regions', { token: key })), '403 wrong-role', 'a key is good here')
})

test('[AU-21] a ticket opens the same session again, and gives another ticket', async () => {
  const token = await stage.site.token({ sub: 'crew-1', role: 'driver', unit: 'A-8' })
  const first = await open(token, ['driver', 'A-8'])
  const second = await open(first.welcome.ticket!, ['driver', 'A-8'])
  assert.equal((await first.closed).code, 4409)
  const third = await open(second.welcome.ticket!, ['driver', 'A-8'])
  assert.notEqual(third.welcome.sessionId, second.welcome.sessionId)
  assert.equal(third.welcome.driver!.unit.unitId, 'A-8')
})

test('[AU-21] a ticket opens no other session than the one that it was made for', async () => {
  const { welcome } = await open(await stage.site.token({ role: 'driver', unit: 'A-8' }), ['driver', 'A-8'])
  const ticket = welcome.ticket!
  assert.equal(await refused(ticket, ['dispatcher']), 'wrong-role 4401')
  assert.equal(await refused(ticket, ['driver', 'A-7']), 'wrong-unit 4401')
  assert.equal(await refused(ticket, ['driver', 'A-8', 'wlg']), 'wrong-region 4401')
})

test('[AU-21] a feed of very many units gets no ticket, and goes on with its key', async () => {
  const units = Array.from({ length: 1_000 }, (_, i) => `unit-${i}`)
  const { key } = await addDevice({ units })
  assert.equal((await open(key, ['feed'])).welcome.ticket, null)
  assert.equal((await open(key, ['feed'])).welcome.ticket, null)
})

test('[AU-22] a device is a feed of one region or a driver of one unit, and nothing else', async () => {
  const feed = await addDevice({ units: ['A-7'] })
  const tracker = await addDevice({ role: 'driver', unit: 'A-8' })
  const channel = async (unit: string) => {
    const { result } = await (await open(feed.key, ['feed'])).ask('attach', [[1, unit, 's1', 'gnss', 1]])
    return JSON.stringify(result)
  }
  assert.notEqual(await channel('A-7'), await channel('A-8'))
  assert.match(await channel('A-8'), /wrong-unit/)
  assert.equal(await refused(feed.key, ['feed', null, 'wlg']), 'wrong-region 4401')
  assert.equal(await refused(feed.key, ['driver', 'A-7']), 'wrong-role 4401')
  assert.equal(await refused(tracker.key, ['driver', 'A-7']), 'wrong-unit 4401')

  const driver = await open(tracker.key, ['driver', 'A-8'])
  await driver.ask('sign-on', Date.now())
  const records = await stage.site.records()
  assert.equal(records.at(-1)!.principal, `device:${tracker.id}`)
})

test('[AU-23] admins add, read and change devices, and the key is told once', async () => {
  const token = await asAdmin()
  const sent = { token, key: stage.id(), body: { name: 'modems', role: 'feed', region: 'akl', units: ['A-7'] } }
  const first = await send('POST', '/v1/devices', sent)
  const again = await send('POST', '/v1/devices', sent)
  const { key, ...device } = first.body
  assert.match(key, /^ghd_[A-Za-z0-9]{12}_[A-Za-z0-9_-]{43}$/)
  assert.deepEqual(again.body, { ...device, key: null })
  const { id, createdAtMs, changedAtMs, ...rest } = device
  assert.deepEqual(rest, {
    name: 'modems',
    role: 'feed',
    region: 'akl',
    unit: null,
    units: ['A-7'],
    disabled: false,
    version: 1,
    lastUsedAtMs: null,
  })
  assert.equal(createdAtMs, changedAtMs)

  const path = first.headers.get('location')!
  const read = await send('GET', path, { token })
  assert.deepEqual(read.body, device)
  const ifMatch = read.headers.get('etag')!
  assert.equal(outcome(await send('PATCH', path, { token, body: { name: 'radios' } })), '428 version-missing')
  const changed = await send('PATCH', path, { token, ifMatch, body: { name: 'radios', units: 'all' } })
  assert.deepEqual([changed.body.name, changed.body.units, changed.body.version], ['radios', 'all', 2])
  assert.equal(outcome(await send('PATCH', path, { token, ifMatch, body: { name: 'x' } })), '412 version-differs')
  assert.equal(
    outcome(await send('PATCH', path, { token, ifMatch, body: { role: 'driver' } })),
    '400 invalid-field role',
  )
  const { body: page } = await send('GET', '/v1/devices?limit=1', { token })
  assert.equal(page.items.length, 1)
  const ids = []
  for (let after = ''; ; ) {
    const { body } = await send('GET', `/v1/devices?limit=2${after}`, { token })
    ids.push(...body.items.map((each: { id: string }) => each.id))
    if (body.next === null) break
    after = `&after=${body.next}`
  }
  assert.deepEqual(ids, [...ids].sort())
  assert.ok(ids.includes(id))
})

test('[AU-23] a device that could not be used is refused by its field, and only admins may ask', async () => {
  const token = await asAdmin()
  const good = { name: 'modems', role: 'feed', region: 'akl', units: 'all' }
  for (const [changes, path] of [
    [{ name: '' }, 'name'],
    [{ name: 'x\u0000' }, 'name'],
    [{ name: 'two\nlines' }, 'name'],
    [{ name: 'eno \u202e modem' }, 'name'],
    [{ name: 'x'.repeat(81) }, 'name'],
    [{ role: 'dispatcher' }, 'role'],
    [{ region: 'chc' }, 'region'],
    [{ unit: 'A-7' }, 'unit'],
    [{ role: 'driver', units: null }, 'unit'],
    [{ role: 'driver', units: null, unit: 'Z-9' }, 'unit'],
    [{ role: 'driver', unit: 'A-7' }, 'units'],
    [{ units: null }, 'units'],
    [{ units: undefined }, 'units'],
    [{ units: 'any' }, 'units'],
    [{ role: 'driver', unit: 'A-7', units: ['A-7'] }, 'units'],
    [{ units: [] }, 'units'],
    [{ units: ['A 7'] }, 'units'],
    [{ units: Array.from({ length: 1_001 }, (_, i) => `M-${i}`) }, 'units'],
    [{ key: 'mine' }, 'key'],
  ] as const) {
    const answer = await send('POST', '/v1/devices', { token, body: { ...good, ...changes } })
    assert.equal(outcome(answer), `400 invalid-field ${path}`)
  }
  const supervisor = await stage.site.token({ role: 'supervisor' })
  for (const [method, path] of [
    ['GET', '/v1/devices'],
    ['POST', '/v1/devices'],
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys/rotate'],
    ['POST', '/v1/ticket-secrets/rotate'],
  ] as const) {
    assert.equal(outcome(await send(method, path, { token: supervisor })), '403 wrong-role', path)
  }
  assert.equal(outcome(await send('GET', '/v1/devices/none', { token })), '404 not-found')
})

test('[AU-24] disabling a user closes its sessions within a second and refuses all that it had', async () => {
  const name = await addUser()
  const token = await login(name)
  const [one, two] = [await open(token), await open(await login(name))]
  const other = await open(await login(await addUser()))
  await setUserDisabled(name, true)
  assert.deepEqual(await Promise.all([ended(one), ended(two)]), ['4401 signed out', '4401 signed out'])
  assert.equal(await refused(token), 'token-invalid 4401')
  assert.equal(await refused(one.welcome.ticket!), 'token-invalid 4401')
  assert.equal(outcome(await send('GET', '/v1/auth/me', { token })), '401 token-invalid')

  await setUserDisabled(name, false)
  const again = await open(await login(name))
  assert.equal(await refused(token), 'token-invalid 4401', 'what was before stays ended')
  for (const speaker of [again, other]) await speaker.ask('watch-board', null)
})

test('[AU-24] disabling a device closes its session within a second, and enabling it takes its key again', async () => {
  const { id, key } = await addDevice()
  const feed = await open(key, ['feed'])
  await setDeviceDisabled(id, true)
  assert.equal(await ended(feed), '4401 signed out')
  assert.equal(await refused(key, ['feed']), 'token-invalid 4401')
  assert.equal(await refused(feed.welcome.ticket!, ['feed']), 'token-invalid 4401')
  await setDeviceDisabled(id, false)
  await open(key, ['feed'])
  assert.equal(await refused(feed.welcome.ticket!, ['feed']), 'token-invalid 4401', 'its ticket stays refused')
})

test('[AU-24] who is told over HTTP that something has ended finds it so at once', async () => {
  const name = await addUser()
  for (let i = 0; i < 5; i++) {
    const token = await login(name)
    assert.equal(outcome(await send('POST', '/v1/auth/logout', { token })), '204')
    assert.equal(outcome(await send('GET', '/v1/auth/me', { token })), '401 token-invalid')
  }
})

test('[AU-25] a session goes on when its access token has expired', async () => {
  const [desk, token] = await openInTime(leftS => stage.site.token({ ttlS: leftS }))
  await until('the token has expired', async () => {
    return outcome(await send('GET', '/v1/auth/me', { token })) === '401 token-expired'
  })
  assert.equal(await refused(token), 'token-expired 4401')
  await desk.ask('watch-board', null)
  await open(desk.welcome.ticket!)
})

test('[AU-25] a session ends when its sign-in is as old as it may get, and its ticket with it', async () => {
  let authAtMs = 0
  const [old] = await openInTime(leftS => {
    authAtMs = Date.now() + (leftS - DAY_S) * 1_000
    return stage.site.token({ sid: 'an old sign-in', authAtMs })
  })
  const young = await open(await stage.site.token())
  const { code, reason } = await old.closed
  assert.deepEqual([code, reason], [4401, 'token-expired'])
  assert.ok(Date.now() >= authAtMs + DAY_S * 1_000, 'not before its time')
  assert.equal(await refused(old.welcome.ticket!), 'token-expired 4401')
  await young.ask('watch-board', null)
})

test('[AU-25] a token that no sign-in stands behind may be older than a session may get', async () => {
  const authAtMs = Date.now() - 2 * DAY_S * 1_000
  const desk = await open(await stage.site.token({ authAtMs }))
  await desk.ask('watch-board', null)
  assert.equal(await refused(desk.welcome.ticket!), 'token-expired 4401', 'its ticket is of no use; the token is')
})

test('[AU-26] a token of a trusted issuer opens sessions under its prefix', async () => {
  const desk = await open(await partnerToken({ sub: 'admin' }))
  const { headers, status, body } = await send('GET', '/v1/auth/me', { token: await partnerToken({ sub: 'admin' }) })
  assert.deepEqual([status, body.name, headers.get('cache-control')], [200, 'partner:admin', 'no-store'])
  await open(desk.welcome.ticket!)
  assert.equal(await refused(await partnerToken({ aud: 'elsewhere' })), 'token-invalid 4401')
  assert.equal(await refused(await partnerToken({ iss: 'https://elsewhere.example' })), 'token-invalid 4401')
  assert.equal(await refused(await partnerToken({ role: undefined })), 'token-invalid 4401')
  assert.equal(await refused(await partnerToken({}, { kid: 'ours', jku: `${issuerUrl}/keys` })), 'token-invalid 4401')
})

test('[AU-27] anyone can check our tokens with the published keys', async () => {
  const url = new URL(`http://127.0.0.1:${stage.site.port}/.well-known/jwks.json`)
  const response = await fetch(url)
  assert.deepEqual([response.status, response.headers.get('cache-control')], [200, 'public, max-age=300'])
  const { keys } = (await response.json()) as { keys: Record<string, string>[] }
  assert.ok(keys.length > 0)
  for (const { kty, crv, alg, use, d } of keys) {
    assert.deepEqual([kty, crv, alg, use, d], ['OKP', 'Ed25519', 'EdDSA', 'sig', undefined])
  }
  const options = { issuer: 'goldenhour', audience: 'goldenhour', typ: 'at+jwt' }
  const { payload } = await jwtVerify(await stage.site.token({ sub: 'person-1' }), createRemoteJWKSet(url), options)
  assert.equal(payload.sub, 'person-1')
})

test('[AU-28] a new key signs at once, and the older one verifies until it is retired', async () => {
  const name = await addUser()
  const before = await login(name)
  const [{ kid: old }] = (await send('GET', '/v1/keys', { token: await asAdmin() })).body.items
  const made = await send('POST', '/v1/keys/rotate', { token: await asAdmin() })
  assert.equal(outcome(made), '201')
  const { kid } = made.body
  const fresh = await login(name)
  assert.equal(JSON.parse(Buffer.from(fresh.split('.')[0]!, 'base64url').toString()).kid, kid)
  const session = await open(before)

  const token = await asAdmin()
  assert.equal(outcome(await send('POST', `/v1/keys/${kid}/retire`, { token })), '409 still-used')
  assert.equal(outcome(await send('POST', '/v1/keys/none/retire', { token })), '404 not-found')
  const sent = { token, key: stage.id() }
  assert.equal(outcome(await send('POST', `/v1/keys/${old}/retire`, sent)), '204')
  assert.equal(outcome(await send('POST', `/v1/keys/${old}/retire`, sent)), '204', 'a repetition')
  assert.equal(await refused(before), 'token-invalid 4401')
  await open(fresh)
  await session.ask('watch-board', null)
  const { items } = (await send('GET', '/v1/keys', { token })).body
  assert.deepEqual(
    items.map((each: { kid: string; retiredAtMs: number | null }) => [each.kid, each.retiredAtMs === null]),
    [
      [kid, true],
      [old, false],
    ],
  )
  const { keys } = (await send('GET', '/.well-known/jwks.json')).body
  assert.deepEqual(
    keys.map((each: { kid: string }) => each.kid),
    [kid],
  )
})

test('[AU-28] tickets outlive one new secret, and not two', async () => {
  const token = await login(await addUser())
  const { welcome } = await open(token)
  const rotate = async () => {
    assert.equal(outcome(await send('POST', '/v1/ticket-secrets/rotate', { token: await asAdmin() })), '204')
  }
  await rotate()
  await open(welcome.ticket!)
  await rotate()
  assert.equal(await refused(welcome.ticket!), 'token-invalid 4401')
  await open(token)
})

test('[AU-29] the audit has refused hellos and changes of devices and keys, and no credential', async () => {
  const { id, key } = await addDevice()
  await setDeviceDisabled(id, true)
  assert.equal(await refused(key, ['feed']), 'token-invalid 4401')
  const token = await login(await addUser())
  assert.equal(await refused(token, ['driver', 'A-7']), 'wrong-role 4401')
  const entries = await until('the refusals are written', async () => {
    const rows = await stage.site.query<{ entry: Record<string, unknown> }>(
      'SELECT to_jsonb(entries) AS entry FROM audit.entries AS entries',
    )
    const texts = rows.map(({ entry }) => JSON.stringify(entry))
    const has = (...words: string[]) => texts.some(text => words.every(word => text.includes(word)))
    const isThere =
      has('"refusal"', 'hello', 'token-invalid', '"feed"') && has('"refusal"', 'hello', 'wrong-role', 'A-7', 'desk-')
    return isThere ? texts : null
  })
  assert.ok(entries.some(text => text.includes('device-created') && text.includes(id)))
  assert.ok(entries.some(text => text.includes('key-rotated')))
  assert.ok(entries.some(text => text.includes('ticket-secret-rotated')))
  const secrets = [key.slice(-43), token.split('.')[2]!]
  assert.ok(!entries.some(text => secrets.some(secret => text.includes(secret))))
})
