/** `docs/protocol/core.md` and `http.md`: errors, closing, HTTP. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode } from '../../../src/base/refusal.ts'
import { CLOSE_CODES, ERRORS } from '../../../src/protocol/errors.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import { type HttpAnswer, SCENE } from '../../support/engine.ts'
import { CALL, FORMATS, fixAt, nobody, PLACE, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ akl: ordered, other: ordered })
const region = 'akl'
/** Nobody is free for it, and of its priority nobody is sent to help. */
const BODY = { ...SCENE, priority: 3, needs: [{ levelOfCare: 'cct' }] }

interface Post {
  readonly key?: string
  readonly body?: unknown
  readonly token?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}
function post({ key, body = BODY, token, path = '/v1/calls', headers = {} }: Post): Promise<HttpAnswer> {
  const sent: Record<string, string> = { ...headers }
  if (key !== undefined) sent['idempotency-key'] = key
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return stage.site.http(path, { method: 'POST', body: text, headers: sent, ...(token === undefined ? {} : { token }) })
}

test('[ER-1] an error has a code of the table, a sentence that says something, and details or null', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const driver = await stage.driver('A1', { region, format })
    desk.send('cancel-trip', 'e1', nobody(region), 'other')
    desk.send('watch-board', 'e1', 1_000_000)
    desk.send('sign-on', 'e1', 0)
    desk.send('enter-call', 'e1', null)
    driver.send('sign-off', 'e1', Date.now())
    driver.send('mark', 7)
    const errors = []
    for (let i = 0; i < 4; i += 1) errors.push(await desk.hear('error'))
    for (let i = 0; i < 2; i += 1) errors.push(await driver.hear('error'))
    for (const [, , code, message, details] of errors) {
      assert.ok(Object.hasOwn(ERRORS, code), code)
      assert.match(message, /\w+ \w+ .*\.$/)
      assert.ok(details === null || typeof details === 'object')
    }
    assert.equal(new Set(errors.map(([, , code]) => code)).size, 6)
  }
})

test('[ER-2] invalid-field names the field with dots into nested ones; frame-too-large tells the limit', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    const needs = [{ levelOfCare: 'vet' }]
    assert.equal(await desk.refused('enter-call', { ...CALL, needs }), 'invalid-field call.needs.0.levelOfCare')
    desk.send('enter-call', 'c1', { ...CALL, problem: 'x'.repeat(DEFAULT_LIMITS.frameBytes.desk) })
    const [, , code, , details] = await desk.hear('error')
    assert.deepEqual([code, details], ['frame-too-large', { maxBytes: DEFAULT_LIMITS.frameBytes.desk }])
    const driver = await stage.driver('A1', { region, format })
    driver.send('fix', 0, 0, fixAt(1), fixAt(2), fixAt(0))
    assert.equal(await driver.refusal(null), 'invalid-field fixes.2.seq')
  }
})

test('[ER-3] an error has the id of its command, also of a frame that was refused, and null where there was none', async () => {
  for (const format of FORMATS) {
    const desk = await stage.desk({ region, format })
    for (const [id, ...tuple] of [
      ['e1', 'cancel-trip', 'e1', nobody(region), 'other'],
      ['e2', 'cancel-trip', 'e2', 'no id', 'other'],
      ['e3', 'nearest', 'e3'],
      ['e4', format === 'json' ? 'no-such-type' : 99, 'e4'],
      [null, 'nearest', 'not an id', 0, 0, 1, null],
      [null, 'mark', 0],
      [null, format === 'json' ? 'no-such-type' : 99],
    ]) {
      desk.send(...tuple)
      assert.equal((await desk.hear('error'))[1], id, JSON.stringify(tuple))
    }
  }
})

test('[ER-4] each bad frame is answered and the connection goes on, until there were too many', async () => {
  for (const format of FORMATS) {
    const driver = await stage.driver('A1', { region, format })
    for (let i = 1; i < DEFAULT_LIMITS.badFrames; i += 1)
      assert.equal(await driver.refused('set-status'), 'invalid-field status')
    await driver.ask('sign-on', Date.now())
    // A refusal of the state of things is no bad frame.
    assert.equal(await driver.refused('close-trip', nobody(region), 'transported', Date.now()), 'unknown-trip')
    assert.equal(await driver.refused('set-status'), 'invalid-field status')
    assert.equal((await driver.closed).code, CLOSE_CODES.protocolAbuse)
  }
})

test('[HT-1] bodies are JSON in UTF-8, and every route under /v1 asks for a bearer token', async () => {
  for (const [method, path] of [
    ['GET', `/v1/units/nearest?region=${region}&lon=174.76&lat=-36.85`],
    ['GET', `/v1/trips/${nobody(region)}`],
    ['POST', '/v1/calls'],
  ] as const) {
    const headers = { connection: 'close' }
    for (const authorization of [undefined, 'Basic a2ltOmtpbQ==', 'Bearer ']) {
      const response = await fetch(`http://127.0.0.1:${stage.site.port}${path}`, {
        method,
        headers: authorization === undefined ? headers : { ...headers, authorization },
      })
      assert.equal(response.status, 401)
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/)
      assert.equal(((await response.json()) as { code: string }).code, 'token-missing')
    }
  }
  assert.equal((await post({ key: 'latin1', body: '{"problem":"' })).body.code, 'malformed-frame')
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  for (const [key, header, kept] of [
    ['traced', traceparent, traceparent],
    ['untraced', traceparent.slice(1), null],
  ] as const) {
    const { status } = await post({ key, headers: { traceparent: header } })
    assert.equal(status, 201)
    const rows = await stage.site.query('SELECT trace FROM log.records WHERE command_id = $1', [key])
    assert.deepEqual(rows, [{ trace: kept }])
  }
})

test('[HT-2] an error is a problem document with type, title, status, detail, code and details', async () => {
  const token = await stage.site.token({ role: 'driver', unit: 'A1' })
  const answers: [code: ErrorCode, answer: HttpAnswer][] = [
    ['invalid-field', await post({ key: 'p1', body: { ...BODY, priority: 9 } })],
    ['wrong-role', await post({ key: 'p1', token })],
    ['token-invalid', await post({ key: 'p1', token: 'x.y.z' })],
    ['unknown-trip', await stage.site.http(`/v1/trips/${nobody(region)}`)],
  ]
  for (const [code, { status, body, headers }] of answers) {
    assert.equal(headers.get('content-type'), 'application/problem+json')
    assert.deepEqual(
      [status, body.status, body.code, body.type, body.title],
      [ERRORS[code].status, ERRORS[code].status, code, `urn:goldenhour:error:${code}`, ERRORS[code].meaning],
    )
    assert.equal(typeof body.detail, 'string')
    assert.equal(headers.has('www-authenticate'), status === 401)
  }
  assert.equal(answers[0]![1].body.details.path, 'priority')
})

test('[HT-3] nearest takes decimal degrees; k is 5 and any level will do where they are absent', async () => {
  await stage.crew('A2', { region })
  const { status, body } = await stage.site.http(`/v1/units/nearest?region=${region}&lon=174.76&lat=-36.85`)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body), ['position', 'basis', 'units'])
  assert.deepEqual(
    body.units.map(({ unitId }: { unitId: string }) => unitId),
    ['A2'],
  )
  for (const [path, query] of [
    ['k', 'lon=1&lat=1&k=101'],
    ['lat', 'lon=1&lat=91'],
    ['lon', 'lat=1'],
    ['levelOfCare', 'lon=1&lat=1&levelOfCare=vet'],
  ]) {
    const refused = await stage.site.http(`/v1/units/nearest?region=${region}&${query}`)
    assert.deepEqual([refused.body.code, refused.body.details.path], ['invalid-field', path])
  }
})

test('[HT-1] a number of a query is written as in JSON, with an exponent too', async () => {
  const near = await stage.site.http(`/v1/units/nearest?region=${region}&lon=1.7476e2&lat=-3685E-2&k=1e0`)
  assert.deepEqual([near.status, near.body.units?.length], [200, 1])
  for (const [path, query] of [
    ['lon', 'lon=0x10&lat=1'],
    ['lat', 'lon=1&lat=1e309'],
    ['k', 'lon=1&lat=1&k=1.5'],
  ]) {
    const refused = await stage.site.http(`/v1/units/nearest?region=${region}&${query}`)
    assert.deepEqual([refused.body.code, refused.body.details.path], ['invalid-field', path])
  }
  const list = await stage.site.http(`/v1/units?region=${region}&limit=1e1`)
  assert.equal(list.status, 200)
})

test('[HT-4] a call is posted in degrees under its Idempotency-Key, is durable when answered, and is the socket’s command', async () => {
  const { status, body } = await post({ key: 'http-1', body: { ...BODY, lonDeg: 174.760_000_04 } })
  assert.equal(status, 201)
  const { callId, position, ...rest } = body
  assert.deepEqual(Object.keys(body).sort(), ['callId', 'incidentNo', 'position', 'responseNos', 'tripIds'])
  const record = (await stage.site.records(region)).find(each => each.position === position)
  assert.equal(record?.commandId, 'http-1')
  const desk = await stage.desk({ region })
  desk.send('enter-call', 'http-1', { ...CALL, priority: 3, needs: BODY.needs })
  assert.deepEqual(await desk.reply('http-1'), { position, result: { callId, ...rest } })
  assert.deepEqual((await post({})).body.details, { path: 'Idempotency-Key' })
  const token = await stage.site.token({ regions: [region, 'other'] })
  assert.deepEqual((await post({ key: 'http-2', token })).body.details, { path: 'region' })
  const chosen = await post({ key: 'http-2', token, path: '/v1/calls?region=other' })
  assert.match(chosen.body.callId, /^other\./)
  const again = await post({ key: 'http-2', token, path: '/v1/calls?region=other' })
  assert.deepEqual([again.status, again.body], [201, chosen.body])
})

test('[HT-5] any other path is not-found, and any other method method-not-allowed', async () => {
  for (const [method, path, status, code] of [
    ['GET', '/index.html', 404, 'not-found'],
    ['POST', '/', 405, 'method-not-allowed'],
    ['GET', '/v1/nothing', 404, 'not-found'],
    ['DELETE', '/v1/nothing', 404, 'not-found'],
    ['GET', '/v1/auth/login', 405, 'method-not-allowed'],
    ['DELETE', '/v1/calls', 405, 'method-not-allowed'],
    ['POST', `/v1/trips/${nobody(region)}`, 405, 'method-not-allowed'],
    ['PUT', '/v1/units', 405, 'method-not-allowed'],
    ['POST', '/healthz', 405, 'method-not-allowed'],
  ] as const) {
    const answer = await stage.site.http(path, { method })
    assert.deepEqual([answer.status, answer.body.code], [status, code], `${method} ${path}`)
  }
  const { status } = await stage.site.http(
    `/v1/units/nearest?region=${region}&lon=${PLACE.lonE7 / 1e7}&lat=${PLACE.latE7 / 1e7}`,
  )
  assert.equal(status, 200)
})
