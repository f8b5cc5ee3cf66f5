/** What no well-behaved client does, and networks do every day: floods, cuts in the middle, everything at once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { CLOSE_CODES } from '../../src/protocol/errors.ts'
import type { StreamDeclaration } from '../../src/protocol/wire/fix-tuples.ts'
import { Client } from '../gateway/harness.ts'
import { type HttpAnswer, SCENE, Site, until } from '../support/engine.ts'

const UNITS = Array.from({ length: 3_000 }, (_, index) => `U${index}`)

let site: Site
const endings: (() => Promise<void>)[] = []
before(async () => {
  site = await Site.make({ after: run => endings.push(run) }, { akl: { mode: 'offered', units: UNITS } })
  await site.start()
  await until('all units are registered', async () => {
    const events = (await site.records()).flatMap(record => record.events)
    return events.length === UNITS.length
  })
})
after(async () => {
  for (const end of endings) await end()
})

async function open(): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${site.port}/v1/ws`, ['goldenhour.v1'])
  endings.push(async () => socket.terminate())
  const client = new Client(socket, 'binary')
  await once(socket, 'open')
  return client
}

async function hello(client: Client, unit: string | null, streams: readonly StreamDeclaration[] = []): Promise<void> {
  const role = unit === null ? 'dispatcher' : 'driver'
  const token = await site.token({ role, unit, sub: unit ?? 'dispatch' })
  client.send(['hello', 'h1', token, 'akl', role, unit, Date.now(), streams])
}

test('[HS-7] the first answer to hello is its welcome, also when hello itself makes a record', async () => {
  const client = await open()
  await hello(client, 'U1', [['left-out', 'gnss', 100]])
  const welcome = await client.next()
  assert.equal(welcome[0], 'welcome')
  const [record] = (await site.records()).filter(({ events }) => events[0]?.type === 'FixHoleRecorded')
  assert.deepEqual(record?.events[0], {
    type: 'FixHoleRecorded',
    v: 1,
    entity: 'driver/U1',
    unitId: 'U1',
    streamId: 'left-out',
    fromSeq: 1,
    toSeq: 99,
  })
})

test('[BD-4] a console that missed more than a snapshot is worth gets a snapshot, one that missed little the events', async () => {
  const client = await open()
  await hello(client, null)
  await client.next()
  client.send(['watch-board', 'w1', 0])
  const reply = await client.next()
  assert.ok(reply[0] === 'reply')
  assert.deepEqual(reply[3], { mode: 'snapshot', position: reply[2] })
  const again = await open()
  await hello(again, null)
  await again.next()
  again.send(['watch-board', 'w2', reply[2] - 1])
  const few = await again.next()
  assert.ok(few[0] === 'reply')
  assert.equal(few[3].mode, 'events')
  assert.deepEqual((await again.next()).slice(0, 2), ['board-events', reply[2]])
})

test('[HS-8] of a hundred sign-ins of one unit at once, one session is left', async () => {
  const clients = await Promise.all(Array.from({ length: 100 }, open))
  const codes: number[] = []
  for (const client of clients) void client.closed.then(({ code }) => codes.push(code))
  await Promise.all(clients.map(client => hello(client, 'U2')))
  await until('all but one are closed', () => codes.length === clients.length - 1)
  assert.deepEqual([...new Set(codes)], [CLOSE_CODES.superseded])
  // The one that is left speaks for the unit.
  const left = clients.find(({ socket }) => socket.readyState === WebSocket.OPEN)!
  left.send(['sign-on', 'c1', Date.now()])
  for (;;) {
    const message = await left.next()
    if (message[0] === 'reply') break
    assert.ok(message[0] === 'welcome' || message[0] === 'unit-state')
  }
  left.socket.terminate()
  await until('the engine knows that nobody is left', async () => {
    const { body } = await site.http('/metrics')
    return (body as string).includes('goldenhour_sessions{role="driver"} 1\n')
  })
})

test('[CM-4] a command whose socket was cut behind it stands at most once, and its repetition gets its outcome', async () => {
  const units = UNITS.slice(100, 140)
  const pressedAtMs = Date.now()
  await Promise.all(
    units.map(async (unit, index) => {
      const client = await open()
      await hello(client, unit)
      await client.next()
      client.send(['sign-on', `cut-${unit}`, pressedAtMs])
      // Some frames leave the machine whole, some do not leave it at all.
      if (index % 2 === 0) await sleep(index / 10)
      client.socket.terminate()
    }),
  )
  const stood = (await site.records()).filter(({ commandId }) => commandId?.startsWith('cut-'))
  for (const unit of units) {
    const client = await open()
    await hello(client, unit)
    await client.next()
    client.send(['sign-on', `cut-${unit}`, pressedAtMs])
    for (;;) {
      const message = await client.next()
      if (message[0] === 'unit-state') continue
      assert.ok(message[0] === 'reply', JSON.stringify(message))
      const record = stood.find(({ commandId }) => commandId === `cut-${unit}`)
      if (record !== undefined) assert.equal(message[2], record.position)
      break
    }
    client.socket.terminate()
  }
  const all = (await site.records()).map(({ commandId }) => commandId).filter(id => id?.startsWith('cut-'))
  assert.deepEqual(all.toSorted(), units.map(unit => `cut-${unit}`).toSorted())
})

test('[CM-4] [CM-5] a command sent a hundred times at once over both doors is decided once', async () => {
  const client = await open()
  await hello(client, null)
  await client.next()
  const needs = [{ levelOfCare: 'als' as const, capabilities: [] }]
  const call = { lonE7: 1_747_600_000, latE7: -368_500_000, priority: 3 as const, needs }
  for (let i = 0; i < 50; i += 1) client.send(['enter-call', 'once', call])
  const post = async (priority: number): Promise<HttpAnswer> => {
    const body = JSON.stringify({ ...SCENE, priority, needs })
    const answer = await site.http('/v1/calls', { method: 'POST', headers: { 'idempotency-key': 'once' }, body })
    // A slow machine has not stored the decision in time to tell it.
    return answer.body.code === 'unavailable' ? post(priority) : answer
  }
  // Every tenth under the same key asks for something else.
  const posted = await Promise.all(Array.from({ length: 50 }, (_, i) => post(i % 10 === 0 ? 4 : 3)))
  const answers: unknown[] = []
  while (answers.length < 50) {
    const message = await client.next()
    if (message[2] === 'unavailable') client.send(['enter-call', 'once', call])
    else answers.push(message[0] === 'reply' ? { ...message[3], position: message[2] } : message[2])
  }
  for (const { status, body } of posted) answers.push(status === 201 ? body : body.code)
  const outcomes = answers.filter(answer => answer !== 'conflict')
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0])
  // Whichever of the two came first, the other is the conflict.
  assert.ok(outcomes.length === 95 || outcomes.length === 5, `${outcomes.length} got the outcome`)
  assert.equal((await site.records()).filter(({ commandId }) => commandId === 'once').length, 1)
})
