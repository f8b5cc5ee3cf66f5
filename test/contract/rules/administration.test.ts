/** `docs/protocol/administration.md` over a running engine: what becomes of reference data that is changed while it runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Destinations } from '../../../src/protocol/wire/road-views.ts'
import type { HttpAnswer } from '../../support/engine.ts'
import { within } from '../../support/within.ts'
import { CALL, Stage } from './stage.ts'

const plan = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ taken: plan, retired: plan, idle: plan, again: plan, audited: plan, status: plan })
const UNIT = { callSign: 'Medic 9', levelOfCare: 'als' }

interface AuditItem {
  readonly actor: string
  readonly subject: string
  readonly details: { readonly was: string; readonly status: string }
}

interface Ask {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks as an admin. */
async function ask(path: string, { method = 'GET', body, headers = {} }: Ask = {}): Promise<HttpAnswer> {
  const token = await stage.site.token({ sub: 'admin-1', role: 'admin', regions: [] })
  const text = body === undefined ? {} : { body: JSON.stringify(body) }
  return stage.site.http(path, { method, token, headers: { 'idempotency-key': stage.id(), ...headers }, ...text })
}
async function remove(path: string): Promise<void> {
  const { headers } = await ask(path)
  const { status } = await ask(path, { method: 'DELETE', headers: { 'if-match': headers.get('etag')! } })
  assert.equal(status, 204)
}
const until = (condition: () => Promise<boolean>) => within('what was asked for comes to pass', untilSo(condition))
async function untilSo(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}
const eventsOf = async (region: string, type: string) =>
  (await stage.site.records(region)).flatMap(({ events }) => events).filter(event => event.type === type)
const isRegistered = async (region: string, unitId: string) =>
  (await eventsOf(region, 'UnitRegistered')).some(event => 'unitId' in event && event.unitId === unitId)

test('[AD-9] a running engine takes a new unit, a changed one and a new region within a moment', async () => {
  assert.equal((await ask('/v1/units?region=taken', { method: 'POST', body: { unitId: 'N1', ...UNIT } })).status, 201)
  await until(() => isRegistered('taken', 'N1'))
  await stage.crew('N1', { region: 'taken' })
  const { headers } = await ask('/v1/units/N1?region=taken')
  await ask('/v1/units/N1?region=taken', {
    method: 'PATCH',
    body: { callSign: 'Rescue 9' },
    headers: { 'if-match': headers.get('etag')! },
  })
  await until(async () => {
    const registered = await eventsOf('taken', 'UnitRegistered')
    return registered.some(event => 'callSign' in event && event.callSign === 'Rescue 9')
  })
  assert.equal((await ask('/v1/regions', { method: 'POST', body: { region: 'fresh', name: 'Fresh' } })).status, 201)
  await ask('/v1/units?region=fresh', { method: 'POST', body: { unitId: 'F1', ...UNIT } })
  await until(() => isRegistered('fresh', 'F1'))
  await stage.crew('F1', { region: 'fresh' })
})

test('[EN-9] a call sign is stored and shown as it was written, in whatever script', async () => {
  for (const [unitId, callSign] of Object.entries({ L1: '👩‍🚒 7', L2: 'נט״ן 7\u200f', L3: 'امدادگر\u200cها' })) {
    const made = await ask('/v1/units?region=taken', { method: 'POST', body: { unitId, ...UNIT, callSign } })
    assert.deepEqual([made.status, made.body.callSign], [201, callSign])
    assert.equal((await ask(`/v1/units/${unitId}?region=taken`)).body.callSign, callSign)
  }
  for (const callSign of ['7 \u202ecideM', 'a\tb', '7\u2066']) {
    const refused = await ask('/v1/units?region=taken', { method: 'POST', body: { unitId: 'L4', ...UNIT, callSign } })
    assert.deepEqual([refused.status, refused.body.details.path], [400, 'callSign'])
  }
})

test('[EN-9] every name and text of people is taken and shown as written, and refused when it hides or turns others', async () => {
  const region = 'taken'
  const place = { lonDeg: 1, latDeg: 1 }
  const made = async (path: string, body: unknown) => {
    const answer = await ask(path, { method: 'POST', body })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return answer.body
  }
  await made(`/v1/units?region=${region}`, { unitId: 'L5', ...UNIT })
  await made(`/v1/stations?region=${region}`, { stationId: 'L5', name: 'Five', ...place })
  await made(`/v1/hospitals?region=${region}`, { hospitalId: 'L5', name: 'Five', emergencyDepartment: true, ...place })
  await made('/v1/regions', { region: 'letters', name: 'Letters' })
  const device = await made('/v1/devices', { name: 'Modem', role: 'driver', region, unit: 'L5' })
  const texts = [
    [`/v1/units/L5?region=${region}`, 'callSign'],
    [`/v1/stations/L5?region=${region}`, 'name'],
    [`/v1/stations/L5?region=${region}`, 'address'],
    [`/v1/stations/L5?region=${region}`, 'note'],
    [`/v1/hospitals/L5?region=${region}`, 'name'],
    [`/v1/hospitals/L5?region=${region}`, 'address'],
    ['/v1/regions/letters', 'name'],
    [`/v1/devices/${device.id}`, 'name'],
  ] as const
  for (const [path, field] of texts) {
    const patch = async (text: string) => {
      const { headers } = await ask(path)
      const ifMatch = { 'if-match': headers.get('etag')! }
      return ask(path, { method: 'PATCH', headers: ifMatch, body: { [field]: text } })
    }
    for (const text of [
      '👩‍🚒 7',
      'امدادگر\u200cها',
      'נט״ן 7\u200f',
      'भारत श्री\u200d',
      '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
    ]) {
      const { status, body } = await patch(text)
      assert.deepEqual([status, body[field]], [200, text], `${path} ${field}`)
      assert.equal((await ask(path)).body[field], text)
    }
    const last = (await ask(path)).body[field]
    for (const text of ['7 \u202ecideM', 'a\u2066b', 'a\nb', 'a\u0000b', 'a\u2028b', ' a', '\u200d', 'a\u{E0041}']) {
      const { status, body } = await patch(text)
      assert.deepEqual([status, body.details.path], [400, field], `${path} ${field} ${JSON.stringify(text)}`)
    }
    assert.equal((await ask(path)).body[field], last)
  }
})

test('[AD-9] a change of stations and hospitals writes nothing into the logs of regions', async () => {
  const before = (await stage.site.records('idle')).length
  const station = { stationId: 'S1', name: 'One', lonDeg: 1, latDeg: 1 }
  assert.equal((await ask('/v1/stations?region=idle', { method: 'POST', body: station })).status, 201)
  // A unit of another region is taken after it, so the change of the station has been seen.
  await ask('/v1/units?region=taken', { method: 'POST', body: { unitId: 'N2', ...UNIT } })
  await until(() => isRegistered('taken', 'N2'))
  assert.equal((await stage.site.records('idle')).length, before)
})

test('[AD-18] a dispatcher says whether a hospital takes patients; nothing else changes it, and the audit has it', async () => {
  const region = 'status'
  const path = `/v1/hospitals/H1?region=${region}`
  const hospital = { name: 'One', lonDeg: 1, latDeg: 1, emergencyDepartment: true }
  const first = await ask(`/v1/hospitals?region=${region}`, { method: 'POST', body: { hospitalId: 'H1', ...hospital } })
  assert.deepEqual([first.body.status, first.body.statusNote, first.body.statusSinceMs], ['open', null, null])
  const token = await stage.site.token({ sub: 'desk-7', role: 'dispatcher', regions: [region] })
  const says = (body: object, ifMatch = '*') =>
    stage.ask('PUT', `/v1/hospitals/H1/status?region=${region}`, { token, body, ifMatch })
  const beforeMs = Date.now()
  const said = await says({ status: 'divert', note: 'no scanner' }, first.headers.get('etag')!)
  const { status, statusNote, statusSinceMs, version } = said.body
  assert.deepEqual([said.status, status, statusNote], [200, 'divert', 'no scanner'])
  assert.ok(version > first.body.version && statusSinceMs >= beforeMs && statusSinceMs <= Date.now())
  const again = await says({ status: 'divert', note: 'no scanner' })
  assert.deepEqual(again.body, said.body, 'what stands already keeps its version')
  const noted = (await says({ status: 'divert' })).body
  assert.deepEqual([noted.statusNote, noted.statusSinceMs], [null, statusSinceMs], 'since when is of the status')
  assert.equal((await says({ status: 'closed' }, `"${version}"`)).body.code, 'version-differs')
  assert.equal((await says({ status: 'shut' })).body.details.path, 'status')
  assert.equal((await says({ status: 'closed', note: 'a\nb' })).body.details.path, 'note')

  const whole = await ask(path, { method: 'PUT', body: { ...hospital, name: 'Two' }, headers: { 'if-match': '*' } })
  assert.deepEqual([whole.body.name, whole.body.status], ['Two', 'divert'])
  const { version: _, ...shown } = whole.body
  const asShown = await ask(path, { method: 'PUT', body: shown, headers: { 'if-match': '*' } })
  assert.equal(asShown.status, 200, 'what a GET showed may be sent back')
  const sneaked = await ask(path, { method: 'PUT', body: { ...shown, status: 'open' }, headers: { 'if-match': '*' } })
  assert.deepEqual([sneaked.status, sneaked.body.details.path], [400, 'status'])
  const desk = await stage.desk({ region })
  const { destinations } = (await desk.ask('best-destinations', null, 1, 1, [], 5)).result as unknown as Destinations
  assert.deepEqual(
    destinations.map(each => [each.name, each.status]),
    [['Two', 'divert']],
  )
  const { items } = (await ask(`/v1/audit?region=${region}&action=hospital-status-set`)).body
  assert.deepEqual(
    items.map(({ actor, subject, details }: AuditItem) => [actor, subject, details.was, details.status]),
    [
      ['desk-7', 'H1', 'divert', 'divert'],
      ['desk-7', 'H1', 'divert', 'divert'],
      ['desk-7', 'H1', 'open', 'divert'],
    ],
  )
})

test('[AD-10] a deleted unit that is idle is retired: its crew is signed off, and no crew signs on', async () => {
  const region = 'idle'
  const crew = await stage.crew('A1', { region })
  await remove(`/v1/units/A1?region=${region}`)
  await crew.hear('unit-state', ([, , { unit }]) => unit.status === 'off-duty')
  assert.equal(await crew.refused('sign-on', Date.now()), 'unit-retired')
  const types = (await stage.site.records(region)).at(-1)!.events.map(({ type }) => type)
  assert.deepEqual(types, ['CrewSignedOff', 'UnitRetired'])
  const desk = await stage.desk({ region })
  await desk.ask('watch-board', null)
  const [, , , , , units] = await desk.hear('board')
  assert.deepEqual(
    units.map(({ unitId }) => unitId),
    ['A2'],
  )
})

test('[AD-10] a deleted unit with a trip ends it first, and gets no other one', async () => {
  const region = 'retired'
  const crew = await stage.crew('A1', { region })
  const desk = await stage.desk({ region })
  await desk.ask('enter-call', CALL)
  const [, , { trip }] = await crew.hear('unit-state', ([, , view]) => view.trip?.offer != null)
  await crew.ask('accept-offer', trip!.offer!.offerId, Date.now())
  const { result } = await desk.ask('enter-call', CALL)
  await remove(`/v1/units/A1?region=${region}`)
  // Another unit is registered later, so the deletion has been seen by then.
  await ask(`/v1/units?region=${region}`, { method: 'POST', body: { unitId: 'N3', ...UNIT } })
  await until(() => isRegistered(region, 'N3'))
  assert.deepEqual(await eventsOf(region, 'UnitRetired'), [])
  await crew.ask('close-trip', trip!.tripId, 'refused', Date.now())
  await until(async () => (await eventsOf(region, 'UnitRetired')).length === 1)
  const [waiting] = result.tripIds as string[]
  const token = await stage.site.token({ regions: [region] })
  assert.equal((await stage.site.http(`/v1/trips/${waiting}`, { token })).body.phase, 'pending')
})

test('[AD-9] whoever has made a unit or a region may use it at once', async () => {
  for (let i = 0; i < 4; i += 1) {
    const unitId = `U${i}`
    const region = `own${i}`
    const made = [
      await ask('/v1/regions', { method: 'POST', body: { region, name: region } }),
      await ask(`/v1/units?region=${region}`, { method: 'POST', body: { unitId, ...UNIT } }),
      await ask('/v1/units?region=taken', { method: 'POST', body: { unitId, ...UNIT } }),
    ]
    for (const { status } of made) assert.equal(status, 201)
    // Nobody has to wait but who was told so, as one may be on a machine that is busy enough.
    if (made.some(({ headers }) => headers.has('retry-after'))) {
      await until(async () => (await isRegistered(region, unitId)) && (await isRegistered('taken', unitId)))
    }
    // A hello that is refused fails here.
    for (const at of [region, 'taken']) await within('the crew is welcomed', stage.driver(unitId, { region: at }))
  }
})

test('[AD-9] whoever has changed or deleted a unit may go by it at once', async () => {
  const path = '/v1/units/V1?region=taken'
  await ask('/v1/units?region=taken', { method: 'POST', body: { unitId: 'V1', ...UNIT } })
  const crew = await stage.crew('V1', { region: 'taken' })
  for (const callSign of ['Rescue 1', 'Rescue 2', 'Rescue 3']) {
    const { headers } = await ask(path)
    const ifMatch = { 'if-match': headers.get('etag')! }
    const changed = await ask(path, { method: 'PATCH', body: { callSign }, headers: ifMatch })
    assert.equal(changed.status, 200)
    if (changed.headers.has('retry-after')) {
      await until(async () =>
        (await eventsOf('taken', 'UnitRegistered')).some(event => 'callSign' in event && event.callSign === callSign),
      )
    }
    const desk = await stage.desk({ region: 'taken' })
    await desk.ask('watch-board', null)
    const [, , , , , units] = await desk.hear('board')
    assert.equal(units.find(({ unitId }) => unitId === 'V1')?.callSign, callSign)
  }
  await remove(path)
  assert.equal(await crew.refused('sign-on', Date.now()), 'unit-retired')
})

test('[AD-10] a unit that is made again under its id is live again', async () => {
  const region = 'again'
  await remove(`/v1/units/A1?region=${region}`)
  await until(async () => (await eventsOf(region, 'UnitRetired')).length === 1)
  await ask(`/v1/units?region=${region}`, { method: 'POST', body: { unitId: 'A1', ...UNIT } })
  await until(async () => (await eventsOf(region, 'UnitRegistered')).length === 3)
  await stage.crew('A1', { region })
})

test('[AD-12] each change is in the audit, once, with who made it from where', async () => {
  const region = 'audited'
  const post = { method: 'POST', body: { unitId: 'N9', ...UNIT }, headers: { 'idempotency-key': stage.id() } }
  for (let i = 0; i < 2; i += 1) assert.equal((await ask(`/v1/units?region=${region}`, post)).status, 201)
  // Refused, so nothing of it is to be found as done.
  assert.equal((await ask(`/v1/units?region=${region}`, { ...post, headers: {} })).status, 409)
  await remove(`/v1/units/N9?region=${region}`)
  const rows = await stage.site.query(
    `SELECT actor, action, outcome, subject, address FROM audit.entries WHERE region = $1 AND actor = 'admin-1' ORDER BY seq`,
    [region],
  )
  const entry = { actor: 'admin-1', outcome: 'done', subject: 'N9', address: '127.0.0.1' }
  assert.deepEqual(rows, [
    { ...entry, action: 'unit-created' },
    { ...entry, action: 'unit-deleted' },
  ])
})
