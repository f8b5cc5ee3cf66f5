/** What a hostile insider may try over HTTP: other spellings of what is not theirs, and more than a route asks for. */
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { HttpAnswer } from '../../support/engine.ts'
import type { Caller } from './rules.ts'
import { changedBetween, HERE, PASSWORD, THERE, World } from './world.ts'

const world = new World()

const codeOf = ({ status, body }: HttpAnswer): string =>
  [status, body?.code, body?.details?.path].filter(part => part !== undefined && part !== null).join(' ')
let numbers = 0
const fresh = (prefix: string): string => {
  numbers += 1
  return `${prefix}${numbers}`
}
const UNIT = { callSign: 'Medic 9', levelOfCare: 'bls' }

async function unit(region = HERE): Promise<{ readonly unitId: string; readonly tag: string }> {
  await world.open()
  const unitId = fresh('U')
  const { headers } = await world.created(`/v1/units?region=${region}`, { unitId, ...UNIT })
  return { unitId, tag: headers.get('etag')! }
}

const as = (caller: Caller, method: string, path: string, rest: Readonly<Record<string, unknown>> = {}) =>
  world.ask(method, path, { token: world.token(caller), ...rest })

/** Sends a request byte by byte as it is written; the status and body of the answer. */
async function raw(lines: readonly string[], between?: () => Promise<void>): Promise<string> {
  const socket = connect(world.site.port, '127.0.0.1')
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  const ended = once(socket, 'close')
  await once(socket, 'connect')
  const [first, ...others] = lines
  socket.write(first!)
  await between?.()
  for (const line of others) socket.write(line)
  await ended
  return answer
}

const head = (method: string, path: string, token: string, more: readonly string[] = []): string =>
  [
    `${method} ${path} HTTP/1.1`,
    'host: engine',
    'connection: close',
    `authorization: Bearer ${token}`,
    ...more,
    '',
    '',
  ].join('\r\n')

test('another spelling of a name reaches no further than the name', async () => {
  await world.open()
  const { callId, tripId } = await world.pendingTrip(THERE)
  const tries: readonly (readonly [path: string, outcome: string])[] = [
    [`/v1/trips/${tripId.replace('.', '%2E')}`, '403 wrong-region'],
    [`/v1/trips/${tripId.replace('t', '%74')}`, '403 wrong-region'],
    [`/v1/trips/${HERE}.${tripId}`, '404 unknown-trip'],
    [`/v1/trips/${tripId.replace(THERE, HERE)}`, '404 unknown-trip'],
    [`/v1/trips/${tripId}%00`, '404 unknown-trip'],
    [`/v1/trips/${tripId}%2F..%2Fx`, '404 unknown-trip'],
    [`/v1/trips/${callId}`, '403 wrong-region'],
    [`/v1/calls/${callId.replaceAll(/./g, each => `%${each.charCodeAt(0).toString(16)}`)}`, '403 wrong-region'],
    [`/v1/regions/th%65re`, '403 wrong-region'],
    [`/v1/regions/there%20`, '403 wrong-region'],
    [`/v1/regions/${HERE}%2F..%2F${THERE}`, '403 wrong-region'],
    [`/v1/units?region=th%65re`, '403 wrong-region'],
    [`/v1/units?region=${THERE}&region=${HERE}`, '403 wrong-region'],
    [`/v1/units?region=${HERE},${THERE}`, '403 wrong-region'],
    [`/v1/units?region=`, '403 wrong-region'],
    [`/v1/units?region=${HERE}%00`, '403 wrong-region'],
    [`/v1/units?region=${HERE.toUpperCase()}`, '403 wrong-region'],
    [`/v1/units/T1?region=${HERE}`, '404 not-found'],
    [`/v1/units/T1/state`, '404 unknown-unit'],
    [`/v1/units/T1/state?region=${THERE}`, '403 wrong-region'],
    [`/v1/units/T1%3Fregion=${THERE}/state`, '404 unknown-unit'],
    [`/v1/units/nearest?region=${THERE}&region=${HERE}&lon=1&lat=1`, '403 wrong-region'],
    [`/v1/users/`, '404 not-found'],
    [`//v1/users`, '404 not-found'],
    [`/v1//users`, '404 not-found'],
    [`/V1/users`, '404 not-found'],
    [`/v1/users%2Fadmin`, '404 not-found'],
    [`/v1/%75sers`, '404 not-found'],
  ]
  const wrong: string[] = []
  for (const [path, outcome] of tries) {
    const told = await raw([head('GET', path, world.token('supervisor')!)])
    const status = /^HTTP\/1\.1 (\d+)/.exec(told)?.[1]
    const code = /"code":"([^"]*)"/.exec(told)?.[1]
    if (`${status} ${code}` !== outcome) wrong.push(`${path}: ${status} ${code} and not ${outcome}`)
  }
  assert.deepEqual(wrong, [])
  const first = await as('supervisor', 'GET', `/v1/units?region=${HERE}&region=${THERE}`)
  assert.ok(first.body.items.every((item: { region: string }) => item.region === HERE))
})

test('lists hold what the token names and nothing else', async () => {
  await world.open()
  for (const caller of ['dispatcher', 'supervisor'] as const) {
    for (const path of [
      '/v1/regions',
      `/v1/regions?region=${THERE}`,
      '/v1/regions?after=a',
      '/v1/units',
      '/v1/stations',
    ]) {
      const { body, status } = await as(caller, 'GET', path)
      assert.equal(status, 200)
      assert.ok(
        body.items.every(({ region }: { region: string }) => region === HERE),
        path,
      )
    }
  }
})

test('a thing stays in its region and keeps its id, whatever a body says', async () => {
  const { unitId, tag } = await unit()
  const path = `/v1/units/${unitId}?region=${HERE}`
  const put = (more: object) => as('supervisor', 'PUT', path, { body: { ...UNIT, ...more }, ifMatch: tag })
  const patch = (more: object) =>
    as('supervisor', 'PATCH', path, { body: { callSign: 'Other', ...more }, ifMatch: tag })
  assert.equal(codeOf(await put({ region: THERE })), '400 invalid-field region')
  assert.equal(codeOf(await put({ unitId: 'T1' })), '400 invalid-field unitId')
  assert.equal(codeOf(await put({ version: 1 })), '400 invalid-field version')
  assert.equal(codeOf(await patch({ region: THERE })), '400 invalid-field region')
  assert.equal(codeOf(await patch({ unitId: 'T1' })), '400 invalid-field unitId')
  const post = await as('supervisor', 'POST', `/v1/units?region=${HERE}`, {
    body: { unitId: fresh('U'), ...UNIT, region: THERE },
  })
  assert.equal(codeOf(post), '400 invalid-field region')
  await world.created(`/v1/stations?region=${HERE}`, { stationId: 'near', name: 'Near', lonDeg: 1, latDeg: 1 })
  await world.created(`/v1/stations?region=${THERE}`, { stationId: 'far', name: 'Far', lonDeg: 1, latDeg: 1 })
  assert.equal(codeOf(await patch({ homeStation: 'far' })), '400 invalid-field homeStation')
  const { body } = await as('supervisor', 'GET', path)
  assert.deepEqual([body.region, body.unitId, body.callSign], [HERE, unitId, UNIT.callSign])
})

test('no route takes a field that it does not name', async () => {
  const { unitId, tag } = await unit()
  const name = fresh('user-')
  const user = { name, role: 'dispatcher', regions: [HERE], password: PASSWORD }
  const { headers } = await world.created('/v1/users', user)
  const device = await world.created('/v1/devices', { name: 'm', role: 'feed', region: HERE, units: 'all' })
  const change = { callSign: 'Other' }
  const requests = [
    ['POST', '/v1/users', { ...user, name: fresh('user-') }, undefined],
    ['PATCH', `/v1/users/${name}`, { disabled: false }, headers.get('etag')],
    ['POST', '/v1/devices', { name: 'm', role: 'feed', region: HERE, units: 'all' }, undefined],
    ['PATCH', `/v1/devices/${device.body.id}`, { name: 'n' }, device.headers.get('etag')],
    ['POST', '/v1/regions', { region: fresh('r'), name: 'New' }, undefined],
    ['POST', `/v1/units?region=${HERE}`, { unitId: fresh('U'), ...UNIT }, undefined],
    ['PATCH', `/v1/units/${unitId}?region=${HERE}`, change, tag],
    ['POST', '/v1/auth/login', { user: name, password: PASSWORD }, undefined],
  ] as const
  // What some table has as a column, and what JavaScript has on every object.
  const fields = [
    'passwordHash',
    'password_hash',
    'secretHash',
    'key',
    'sid',
    'createdAtMs',
    '__proto__',
    'constructor',
  ]
  const before = await world.contents()
  for (const [method, path, body, ifMatch] of requests) {
    for (const field of fields) {
      const text = `${JSON.stringify(body).slice(0, -1)},${JSON.stringify(field)}:{"role":"admin"}}`
      const answer = await world.ask(method, path, { body: text, ...(ifMatch == null ? {} : { ifMatch }) })
      assert.equal(codeOf(answer), `400 invalid-field ${field}`, `${method} ${path}`)
    }
  }
  // Units that were just made are taken by the engine meanwhile.
  assert.deepEqual(
    changedBetween(before, await world.contents()).filter(table => table !== 'log.records'),
    [],
  )
})

test('a change at a version that has passed, or at that of another thing, is refused', async () => {
  const [one, other] = [await unit(), await unit()]
  const path = `/v1/units/${one.unitId}?region=${HERE}`
  const patch = (ifMatch?: string) =>
    as('supervisor', 'PATCH', path, {
      body: { callSign: fresh('Medic ') },
      ...(ifMatch === undefined ? {} : { ifMatch }),
    })
  assert.equal(codeOf(await patch()), '428 version-missing')
  assert.equal(codeOf(await patch(other.tag)), '412 version-differs')
  assert.equal((await patch(one.tag)).status, 200)
  assert.equal(codeOf(await patch(one.tag)), '412 version-differs')
  assert.equal(codeOf(await as('supervisor', 'DELETE', path, { ifMatch: one.tag })), '412 version-differs')
})

test("an Idempotency-Key is its principal's own, and good for one request", async () => {
  await world.open()
  const key = fresh('key-')
  const body = { unitId: fresh('U'), ...UNIT }
  const first = await as('supervisor', 'POST', `/v1/units?region=${HERE}`, { body, key })
  assert.equal(first.status, 201)
  // The same request of another principal is a request of its own, which finds the unit.
  assert.equal(codeOf(await as('admin', 'POST', `/v1/units?region=${HERE}`, { body, key })), '409 already-exists')
  const others = [
    [`/v1/stations?region=${HERE}`, { stationId: 'S', name: 'S', lonDeg: 1, latDeg: 1 }],
    [`/v1/units?region=${HERE}`, { ...body, callSign: 'Other' }],
    ['/v1/units', body],
  ] as const
  for (const [path, sent] of others) {
    assert.equal(codeOf(await as('supervisor', 'POST', path, { body: sent, key })), '409 conflict', path)
  }
  assert.deepEqual((await as('supervisor', 'POST', `/v1/units?region=${HERE}`, { body, key })).body, first.body)
  // A right that is gone does not come back with an answer that was kept.
  for (const caller of ['dispatcher', 'driver', 'feed'] as const) {
    assert.equal(codeOf(await as(caller, 'POST', `/v1/units?region=${HERE}`, { body, key })), '403 wrong-role')
  }
})

test('an answer that was kept is given to nobody whose region it is no longer', async () => {
  await world.open()
  const name = fresh('mover-')
  const user = { name, role: 'supervisor', regions: [HERE], password: PASSWORD }
  await world.created('/v1/users', user)
  const key = fresh('key-')
  const body = { unitId: fresh('U'), ...UNIT }
  const post = async () => {
    const { accessToken: token } = await world.login(name)
    return world.ask('POST', `/v1/units?region=${HERE}`, { token, body, key })
  }
  assert.equal((await post()).status, 201)
  const path = `/v1/users/${name}`
  await world.ask('PATCH', path, { body: { regions: [THERE] }, ifMatch: await world.etag(path) })
  assert.equal(codeOf(await post()), '403 wrong-region')
})

test('a secret is told once, and a repetition does not tell it again', async () => {
  await world.open()
  for (const [path, body, secret] of [
    ['/v1/devices', { name: 'm', role: 'feed', region: HERE, units: 'all' }, 'key'],
    ['/v1/users', { name: fresh('user-'), role: 'dispatcher', regions: [HERE] }, 'password'],
  ] as const) {
    const key = fresh('key-')
    const first = await world.ask('POST', path, { body, key })
    assert.equal(typeof first.body[secret], 'string')
    const again = await world.ask('POST', path, { body, key })
    assert.deepEqual(again.body, { ...first.body, [secret]: null })
    const kept = await world.site.query<{ text: string }>('SELECT h::text AS text FROM gateway.http_outcomes h')
    assert.ok(!kept.some(({ text }) => text.includes(first.body[secret])))
  }
})

test('a password that was set can be guessed from what is kept of the request no faster than from its hash', async () => {
  await world.open()
  const [name, key] = [fresh('guessed-'), fresh('add-')]
  const rest = { name, role: 'dispatcher', regions: [HERE] }
  const body = JSON.stringify({ ...rest, password: PASSWORD })
  const made = await world.ask('POST', '/v1/users', { body, key })
  assert.equal(made.status, 201)
  const keyHash = createHash('sha256').update(key).digest()
  const [row] = await world.site.query<{ request_hash: Buffer; body: string; headers: unknown }>(
    'SELECT request_hash, body, headers FROM gateway.http_outcomes WHERE key_hash = $1',
    [keyHash],
  )
  assert.ok(!JSON.stringify([row!.body, row!.headers]).includes(PASSWORD))
  // Whoever has the key and the password's place in the request has no cheap test of a guess.
  for (const guess of [
    body,
    PASSWORD,
    JSON.stringify([rest, null, PASSWORD]),
    JSON.stringify([rest, PASSWORD]),
    JSON.stringify({ ...rest, units: null, password: PASSWORD }),
  ]) {
    const hash = createHmac('sha256', key).update('POST /v1/users\n').update(guess).digest()
    assert.ok(!hash.equals(row!.request_hash), guess)
  }
  // It is known again all the same, and with another password it is another request.
  assert.deepEqual((await world.ask('POST', '/v1/users', { body, key })).body, made.body)
  const other = await world.ask('POST', '/v1/users', { body: { ...rest, password: `${PASSWORD}s` }, key })
  assert.equal(codeOf(other), '409 conflict')
})

test('nothing that is sent becomes a header of the answer', async () => {
  await world.open()
  const token = world.token('admin')!
  const evil = '%0d%0aX-Evil:%201%0d%0a%0d%0a'
  const id = fresh('U')
  await world.created(`/v1/units?region=${HERE}`, { unitId: id, ...UNIT })
  for (const path of [
    `/v1/units?region=${HERE}&limit=1&x=${evil}`,
    `/v1/units?region=${HERE}&limit=1&${evil}=1`,
    `/v1/units?region=${HERE}&limit=1&after=A${evil}`,
    `/v1/units/${evil}?region=${HERE}`,
    `/v1/users/${evil}`,
    `/v1/${evil}`,
  ]) {
    const answer = await raw([head('GET', path, token)])
    assert.match(answer, /^HTTP\/1\.1 (200|404)/)
    assert.doesNotMatch(answer, /^x-evil/im, path)
  }
  for (const unitId of ['U\r\nX-Evil: 1', 'U>; rel=x', '../x', 'Ü']) {
    const answer = await world.ask('POST', `/v1/units?region=${HERE}`, { body: { unitId, ...UNIT } })
    assert.equal(codeOf(answer), '400 invalid-field unitId')
  }
})

test('a request whose body comes after its caller was disabled changes nothing', async () => {
  await world.open()
  const name = fresh('leaver-')
  await world.created('/v1/users', { name, role: 'admin', regions: [], password: PASSWORD })
  const { accessToken } = await world.login(name)
  const body = JSON.stringify({ name: fresh('sleeper-'), role: 'admin', regions: [], password: PASSWORD })
  const more = [`idempotency-key: ${fresh('key-')}`, `content-length: ${body.length}`]
  const path = `/v1/users/${name}`
  const answer = await raw(
    [head('POST', '/v1/users', accessToken, more) + body.slice(0, 10), body.slice(10)],
    async () => {
      // An answer to another request of the same caller tells that the first has long been looked at.
      assert.equal((await world.ask('GET', '/v1/auth/me', { token: accessToken })).status, 200)
      const disabled = await world.ask('PATCH', path, { body: { disabled: true }, ifMatch: await world.etag(path) })
      assert.equal(disabled.status, 200)
    },
  )
  assert.match(answer, /^HTTP\/1\.1 401 .*"code":"token-invalid"/s)
  assert.equal((await world.ask('GET', `/v1/users/${JSON.parse(body).name}`)).status, 404)
})

test('another method in a header or a query is no other method', async () => {
  const { unitId, tag } = await unit()
  const more = ['x-http-method-override: DELETE', 'x-method-override: DELETE', `if-match: ${tag}`]
  const path = `/v1/units/${unitId}?region=${HERE}&_method=DELETE`
  assert.match(await raw([head('GET', path, world.token('supervisor')!, more)]), /^HTTP\/1\.1 200/)
  assert.equal((await as('supervisor', 'GET', `/v1/units/${unitId}?region=${HERE}`)).status, 200)
})
