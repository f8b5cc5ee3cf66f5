/** What a hostile insider may try on a socket: ids and units of others, fields that are not asked for, and listening in. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { WireFormat } from '../../../src/protocol/codec.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import { until } from '../../support/engine.ts'
import { CALL, fixAt } from '../rules/stage.ts'
import type { Caller } from './rules.ts'
import { Wire } from './wire.ts'
import { HERE, SECRET, THERE, World } from './world.ts'

const world = new World()
const opened: Wire[] = []
after(() => {
  for (const wire of opened) wire.end()
})

interface Speaking {
  readonly region?: string
  readonly unit?: string | null
  readonly token?: string
  readonly format?: WireFormat
}

async function speak(role: Caller, { region = HERE, unit = null, token, format = 'json' }: Speaking = {}) {
  await world.open()
  const wire = await Wire.open(world.site.port, format)
  opened.push(wire)
  const shown = token ?? world.token(role)
  wire.send('hello', 'h', shown, region, role, unit, Date.now(), role === 'driver' ? [['s1', 'gnss', 1]] : [])
  const answer = await wire.answer('h')
  assert.ok(answer[0] === 'welcome', JSON.stringify(answer))
  return { wire, welcome: answer[2] }
}

/** A driver of the world's own, so that the scenes can be set. */
async function driver(): Promise<Wire> {
  const { wire } = await speak('driver', { unit: 'A1' })
  world.driver = wire
  return wire
}

async function ask(wire: Wire, type: string, ...fields: readonly unknown[]): Promise<ServerMessage> {
  const id = world.stage.id()
  wire.send(type, id, ...fields)
  return wire.answer(id)
}

async function codeOf(wire: Wire, type: string, ...fields: readonly unknown[]): Promise<string> {
  const answer = await ask(wire, type, ...fields)
  return answer[0] === 'error' ? answer[2] : 'done'
}

async function resultOf(wire: Wire, type: string, ...fields: readonly unknown[]) {
  const answer = await ask(wire, type, ...fields)
  assert.ok(answer[0] === 'reply', JSON.stringify(answer))
  return answer[3]
}

test('what a message says beyond its fields gives nobody another name, unit or region', async () => {
  const crew = await driver()
  const { own, 'other-unit': others } = await world.set('orders')
  const id = world.stage.id()
  const more = { traceparent: null, principal: 'admin-1', unitId: 'B1', region: THERE, role: 'dispatcher' }
  crew.send('accept-offer', id, own.offerId, Date.now(), 'B1', 'dispatcher', more)
  assert.equal((await crew.answer(id))[0], 'reply')
  const record = (await world.site.records(HERE)).find(({ commandId }) => commandId === id)
  assert.equal(record?.principal, 'driver-1')
  assert.ok(record.events.every(event => !('unitId' in event) || event.unitId === 'A1'))
  assert.equal(await codeOf(crew, 'accept-offer', others.offerId, Date.now(), 'B1', more), 'unknown-offer')

  const { wire: desk } = await speak('dispatcher')
  const made = {
    callId: others.callId,
    tripId: others.tripId,
    state: 'closed',
    unitId: 'B1',
    region: THERE,
    version: 9,
  }
  const call = {
    ...CALL,
    priority: 3,
    needs: [{ levelOfCare: 'cct', capabilities: [], tripId: others.tripId, unitId: 'B1' }],
    ...made,
  }
  const { callId, tripIds } = (await resultOf(desk, 'enter-call', call)) as { callId: string; tripIds: string[] }
  assert.ok(callId !== others.callId && !tripIds.includes(others.tripId))
  assert.match(callId, /^here\./)
  const { body } = await world.ask('GET', `/v1/calls/${callId}`, { token: world.token('dispatcher') })
  assert.deepEqual([body.state, body.trips[0].phase, body.trips[0].unitId], ['open', 'pending', null])
})

test('a unit of the same id in another region is another unit', async () => {
  const crew = await driver()
  await world.set('idle')
  await world.stage.crew('A1', { region: THERE })
  const desk = await world.stage.desk({ region: THERE, sub: 'dispatch-there' })
  const needs = [{ levelOfCare: 'cct', capabilities: [] }]
  const { tripIds } = (await desk.ask('enter-call', { ...CALL, priority: 3, needs })).result as { tripIds: string[] }
  const tripId = tripIds[0]!
  const { offerId } = (await desk.ask('assign-unit', tripId, 'A1', 'other')).result as { offerId: string }
  for (const [type, ...fields] of [
    ['accept-offer', offerId, Date.now()],
    ['decline-offer', offerId, 'unsafe'],
    ['report-phase', tripId, 'on-scene', Date.now()],
    ['close-trip', tripId, 'refused', Date.now()],
  ] as const) {
    assert.equal(await codeOf(crew, type, ...fields), type.endsWith('offer') ? 'unknown-offer' : 'unknown-trip')
  }
  const { wire: here } = await speak('dispatcher')
  assert.equal(await codeOf(here, 'withdraw-unit', tripId, 'other'), 'unknown-trip')
  assert.equal(await codeOf(here, 'assign-unit', tripId, 'A1', 'other'), 'unknown-trip')
  await desk.ask('cancel-trip', tripId, 'other')
})

test('a command id answers the principal whose it was, and nobody else', async () => {
  await driver()
  const [{ wire: one }, { wire: two }] = [await speak('dispatcher'), await speak('supervisor')]
  const id = world.stage.id()
  const call = { ...CALL, priority: 3, needs: [{ levelOfCare: 'cct', capabilities: [] }] }
  const entered = []
  for (const wire of [one, two, one]) {
    wire.send('enter-call', id, call)
    const answer = await wire.answer(id)
    assert.ok(answer[0] === 'reply')
    entered.push(answer[3].callId)
  }
  assert.notEqual(entered[0], entered[1])
  assert.equal(entered[0], entered[2])
  // Over HTTP the key is the same id: it gets the answer that its principal got, and takes no other body.
  const body = { lonDeg: CALL.lonE7 / 1e7, latDeg: CALL.latE7 / 1e7, priority: 3, needs: call.needs }
  const [again, other] = [body, { ...body, priority: 5 }].map(sent =>
    world.ask('POST', '/v1/calls', { token: world.token('dispatcher'), body: sent, key: id }),
  )
  assert.equal((await again!).body.callId, entered[0])
  assert.equal((await other!).body.code, 'conflict')
})

test('who has a token for the unit but is not its crew can do nothing with its trip, and is not told whose it is', async () => {
  const crew = await driver()
  const { own } = await world.set('under-way')
  const token = await world.site.token({ sub: 'passer-by', role: 'driver', regions: [HERE], unit: 'A1' })
  const { wire, welcome } = await speak('driver', { unit: 'A1', token })
  assert.equal((await crew.closed).code, 4409)
  assert.equal(welcome.driver?.trip?.tripId, own.tripId)
  assert.equal(welcome.driver?.trip?.details, null)
  for (const [type, ...fields] of [
    ['report-phase', own.tripId, 'on-scene', Date.now()],
    ['close-trip', own.tripId, 'refused', Date.now()],
    ['set-status', 'unavailable', 'break', Date.now()],
    ['sign-off', Date.now()],
  ] as const) {
    assert.equal(await codeOf(wire, type, ...fields), 'not-signed-on')
  }
})

test('a feed sends for the channels that it holds, and holds none that another has taken or that is not on its list', async () => {
  await driver()
  const { wire: feed } = await speak('feed')
  const told = await resultOf(feed, 'attach', [
    [1, 'F1', 'w1', 'gnss', 1],
    [2, 'A1', 'w2', 'gnss', 1],
    [3, 'T1', 'w3', 'gnss', 1],
    [4, 'H1', 'w4', 'gnss', 1],
  ])
  assert.deepEqual(told, {
    channels: [[1, 0]],
    refused: [
      [2, 'wrong-unit'],
      [3, 'unknown-unit'],
      [4, 'wrong-unit'],
    ],
  })
  const { body: other } = await world.created('/v1/devices', { name: 'o', role: 'feed', region: HERE, units: ['F1'] })
  const { wire: newer } = await speak('feed', { token: other.key })
  await resultOf(newer, 'attach', [[9, 'F1', 'w9', 'gnss', 1]])
  await feed.hear('detached', ([type]) => type === 'detached')
  const before = await world.site.storedFixes(HERE)
  for (const channel of [1, 2, 3, 4, 9, 999_999]) {
    feed.send('feed-fixes', 0, [channel, ...fixAt(1)])
    const answer = await feed.answer(null)
    assert.deepEqual([answer[0], answer[2]], ['error', 'unknown-stream'])
  }
  assert.deepEqual(await world.site.storedFixes(HERE), before)
  // A channel that is named anew for a unit that is refused has left its former one.
  await resultOf(newer, 'attach', [[9, 'A1', 'w9', 'gnss', 1]])
  newer.send('feed-fixes', 0, [9, ...fixAt(1)])
  assert.equal((await newer.answer(null))[2], 'unknown-stream')
})

test('what is told of a patient reaches the desk and the crew that is bound, and stands in one table', async () => {
  const crew = await driver()
  const { own, 'other-unit': others } = await world.set('under-way')
  const texts = new Map<string, string>()
  const listen = async (name: string, wire: Wire) => {
    texts.set(name, '')
    void wire
      .hear('nothing', message => {
        texts.set(name, texts.get(name) + JSON.stringify(message))
        return false
      })
      .catch(() => undefined)
  }
  const [{ wire: feed }, { wire: admin }, { wire: idle }] = [
    await speak('feed'),
    await speak('admin'),
    await speak('driver', { unit: 'H1', token: (await world.login('driver-1', { unit: 'H1' })).accessToken }),
  ]
  for (const [name, wire] of Object.entries({ feed, admin, idle, crew })) await listen(name, wire)
  for (const wire of [feed, admin, idle]) {
    wire.send('watch-board', world.stage.id(), null)
    wire.send('watch-unit', world.stage.id(), 'A1')
    wire.send('watch-tiles', world.stage.id(), [['12/4036/2499', null, null]])
    wire.send('report-phase', world.stage.id(), own.tripId, 'on-scene', Date.now())
  }
  for (const caller of ['driver', 'admin', 'feed', 'nobody', 'stranger'] as const) {
    for (const path of [`/v1/trips/${own.tripId}`, `/v1/calls/${own.callId}`, '/v1/units/A1/state']) {
      const { body, status } = await world.ask('GET', path, { token: world.token(caller) })
      assert.ok(status === 401 || status === 403)
      assert.ok(!JSON.stringify(body).includes(SECRET))
    }
  }
  const { wire: desk } = await speak('dispatcher')
  desk.send('watch-board', 'b', null)
  const board = await desk.hear('the board', ([type]) => type === 'board')
  assert.ok(JSON.stringify(board).includes(SECRET))
  desk.send('watch-tiles', 't', [['12/4036/2499', null, null]])
  const tile = await desk.hear('the tile', ([type]) => type === 'tile')
  assert.ok(!JSON.stringify(tile).includes(SECRET))
  const read = await world.ask('GET', `/v1/trips/${own.tripId}`, { token: world.token('supervisor') })
  assert.equal(read.body.details.notes, SECRET)

  await until('the crew has heard of its own trip', () => texts.get('crew')!.includes(SECRET))
  // Of the trip of B1 with the same notes nothing reached A1.
  assert.ok(!texts.get('crew')!.includes(others.tripId))
  for (const name of ['feed', 'admin', 'idle']) {
    assert.match(texts.get(name)!, /wrong-role/)
    assert.ok(!texts.get(name)!.includes(SECRET), name)
  }
  const tables = await world.site.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  const holding = []
  for (const { name } of tables) {
    const rows = await world.site.query(`SELECT 1 FROM ${name} t WHERE strpos(t::text, $1) > 0 LIMIT 1`, [SECRET])
    if (rows.length > 0) holding.push(name)
  }
  assert.deepEqual(holding.sort(), ['log.call_details', 'log.call_notes'])
})

test('a crew that a trip was taken from is told nothing more of the patient', async () => {
  const crew = await driver()
  const { own } = await world.set('under-way')
  const { wire: desk } = await speak('dispatcher')
  crew.forget()
  assert.equal(await codeOf(desk, 'withdraw-unit', own.tripId, 'other'), 'done')
  const state = await crew.hear('the state without the trip', m => m[0] === 'unit-state' && m[2].trip === null)
  assert.ok(!JSON.stringify(state).includes(SECRET))
  const changed = { details: { notes: `${SECRET}, and worse now` } }
  assert.equal(await codeOf(desk, 'amend-call', own.callId, changed), 'done')
  const { welcome } = await speak('driver', { unit: 'A1' })
  assert.ok(!JSON.stringify(welcome).includes(SECRET))
})

test('an offer that may be declined tells nothing of the patient', async () => {
  const crew = await driver()
  // Nobody is offered anything without a place.
  crew.send('fix', 0, 0, fixAt(1))
  crew.send('mark', 0)
  await crew.hear('the mark', ([type]) => type === 'marks')
  const { own } = await world.set('offer')
  const { welcome } = await speak('driver', { unit: 'A1' })
  assert.equal(welcome.driver?.trip?.tripId, own.tripId)
  assert.equal(welcome.driver?.trip?.details, null)
})
