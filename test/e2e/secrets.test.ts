/** What nobody may find in what an engine writes for others: its log at its most talkative, its metrics, audit and records. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { SUBPROTOCOL_JSON } from '../../src/protocol/wire/message-types.ts'
import { ADMIN_PASSWORD, Site, until } from '../support/engine.ts'

const RIGHT = 'nine amber lanterns hum'
const WRONG = 'nine amber lanterns hub'
const PATIENT = {
  callerName: 'Canary Caller Quillfeather',
  phone: '+64 21 555 0177 22',
  address: '77 Canary Crescent, flat 12',
  notes: 'canary notes: the door code is 4471',
}

test('no credential and nothing of a patient is in the log, the metrics, the audit or the records of an engine', async t => {
  const site = await Site.make(t, { akl: { mode: 'ordered', units: ['A1'] } })
  const engine = await site.spawn({ GOLDENHOUR_LOG_LEVEL: 'trace' })
  const secrets: string[] = [ADMIN_PASSWORD, RIGHT, WRONG, ...Object.values(PATIENT)]
  secrets.push(new URL(site.engineUrl).password, new URL(site.databaseUrl).password)
  const ask = (method: string, path: string, body?: unknown, token?: string, headers = {}) =>
    site.http(path, {
      method,
      headers: { 'idempotency-key': randomUUID(), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(token === undefined ? {} : { token }),
    })

  // Signing in, rightly and wrongly, and all that comes of it.
  const login = async (user: string, password: string) => {
    const { body } = await ask('POST', '/v1/auth/login', { user, password })
    secrets.push(...[body.accessToken, body.refreshToken, body.deviceMark].filter(Boolean))
    return body
  }
  const admin = await login('admin', ADMIN_PASSWORD)
  const made = await ask(
    'POST',
    '/v1/users',
    { name: 'desk-1', role: 'dispatcher', regions: ['akl'], password: RIGHT },
    admin.accessToken,
  )
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const unnamed = await ask(
    'POST',
    '/v1/users',
    { name: 'desk-2', role: 'dispatcher', regions: ['akl'] },
    admin.accessToken,
  )
  const device = await ask(
    'POST',
    '/v1/devices',
    { name: 'modem', role: 'feed', region: 'akl', units: 'all' },
    admin.accessToken,
  )
  secrets.push(unnamed.body.password, device.body.key)
  await login('desk-1', WRONG)
  await login('no-such-user', WRONG)
  // A password typed into the wrong field.
  await login(RIGHT, RIGHT)
  const desk = await login('desk-1', RIGHT)
  const again = await ask('POST', '/v1/auth/refresh', { refreshToken: desk.refreshToken })
  secrets.push(again.body.accessToken, again.body.refreshToken)
  await ask('POST', '/v1/auth/refresh', { refreshToken: `${desk.refreshToken}x` })
  await ask('POST', '/v1/auth/refresh', `{"refreshToken":"${desk.refreshToken}",`)
  await ask('PUT', '/v1/auth/password', { password: RIGHT, newPassword: WRONG }, again.body.accessToken)

  // Credentials that are good, bad, cut, in the wrong place, or of another kind.
  const key: string = device.body.key
  const token: string = again.body.accessToken
  for (const credential of [token, key, `${key}x`, token.slice(0, -3), `${token}.x`, 'Basic canary-basic-credential']) {
    await ask('GET', '/v1/auth/me', undefined, credential)
    await ask('GET', `/v1/units?region=akl&access_token=${credential}`, undefined, credential)
    await ask('GET', `/v1/nowhere/${credential}`, undefined, credential)
  }
  secrets.push('canary-basic-credential')
  // In a URL, where one route takes it; with a unit that there is, that there is not, and nothing that makes sense.
  const statuses = new Set<number>()
  for (const shown of [key, `${key}x`, token]) {
    for (const about of ['&id=A1&lat=1&lon=1', '&id=A2&lat=1&lon=1', '&id=A1&region=other&lat=1&lon=1', '']) {
      for (const path of ['osmand', 'owntracks']) {
        const method = path === 'osmand' ? 'GET' : 'POST'
        const url = `http://127.0.0.1:${site.port}/v1/trackers/${path}?key=${shown}${about}`
        statuses.add((await fetch(url, { method, headers: { connection: 'close' } })).status)
      }
    }
    const basic = Buffer.from(`phone:${shown}`).toString('base64')
    secrets.push(basic)
    const headers = { authorization: `Basic ${basic}`, connection: 'close' }
    await fetch(`http://127.0.0.1:${site.port}/v1/trackers/owntracks?d=A1`, { method: 'POST', headers, body: '{"' })
  }
  assert.deepEqual([...statuses].sort(), [200, 400, 401, 403, 404])
  const say = async (...frames: (string | readonly unknown[])[]): Promise<unknown[][]> => {
    const socket = new WebSocket(`ws://127.0.0.1:${site.port}/v1/ws`, SUBPROTOCOL_JSON)
    const heard: unknown[][] = []
    socket.on('error', () => {})
    socket.on('message', data => heard.push(JSON.parse(data.toString())))
    await new Promise(resolve => socket.once('open', resolve))
    for (const [sent, frame] of frames.entries()) {
      socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
      // Whoever says more before its hello is answered is not heard.
      if (sent === 0) await until('the first is answered', () => heard.length > 0)
    }
    await until('all are answered', () => heard.length >= frames.length || socket.readyState === WebSocket.CLOSED)
    socket.terminate()
    return heard
  }
  const hello = (credential: string, role: string) => ['hello', 'h', credential, 'akl', role, null, Date.now(), []]
  const desks = await site.token({ sub: 'desk-3' })
  secrets.push(desks)
  const call = { lonE7: 0, latE7: 0, priority: 1, needs: [{ levelOfCare: 'als' }], details: PATIENT }
  const [welcome, ...answers] = await say(
    hello(desks, 'dispatcher'),
    ['enter-call', 'c1', call],
    ['enter-call', 'c2', { ...call, details: { ...PATIENT, notes: PATIENT.notes.repeat(200) } }],
    `["enter-call","c3",{"details":{"notes":"${PATIENT.notes}"`,
  )
  assert.equal(welcome![0], 'welcome')
  const { ticket } = welcome![2] as { ticket: string }
  secrets.push(ticket)
  const entered = answers.find(([, id]) => id === 'c1') as [string, string, number, { callId: string }]
  assert.equal(entered[0], 'reply', JSON.stringify(entered))
  await say(hello(ticket, 'dispatcher'), ['amend-call', 'c4', entered[3].callId, { details: PATIENT }])
  await say(hello(ticket, 'supervisor'))
  await say(hello(`${ticket}x`, 'dispatcher'))
  await say(hello(key, 'feed'))
  await say(hello(`${key}x`, 'feed'))
  await say(['hello', 'h', token, 'akl', token, null, 0, []])
  await say([token, key, ticket], `["hello","h","${token}"`, token)

  const { body: metrics } = await site.http('/metrics')
  const rows = async (table: string) =>
    (await site.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${table} t`)).map(({ text }) => text)
  const audit = await until('the audit has what was done to the call', async () => {
    const entries = await rows('audit.entries')
    return entries.some(entry => entry.includes('call-amended')) && entries
  })
  const outcomes = await rows('gateway.http_outcomes')
  const records = JSON.stringify(await site.records())
  engine.signal('SIGTERM')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
  assert.ok(engine.logs.length > 0 && audit.length > 5 && metrics.length > 1_000 && records.includes('CallEntered'))
  for (const [where, text] of [
    ['the log', JSON.stringify(engine.logs)],
    ['what is said', engine.said.join('\n')],
    ['standard error', engine.stderr],
    ['the metrics', metrics as string],
    ['the audit', audit.join('\n')],
    ['the records', records],
    ['the outcomes', outcomes.join('\n')],
  ] as const) {
    for (const secret of secrets) {
      assert.ok(secret.length >= 12, 'it would be found by chance')
      assert.ok(!text.includes(secret), `${where} has ${secret.slice(0, 24)}`)
    }
  }
})
