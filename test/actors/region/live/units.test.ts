/** Single units that a console watches: what is told of them, when, and what is not told before it is durable. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { LIMITS } from '../../../../src/protocol/limits.ts'
import { type RecordingSession, RegionWorld, settle } from '../../../support/region-world.ts'
import { ROUND_MS } from './stage.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open({ mode: 'ordered' })
})
afterEach(() => world.close())

async function watching(...unitIds: string[]): Promise<RecordingSession> {
  const session = world.dispatcher()
  for (const unitId of unitIds) world.host.tell(session, { type: 'watch-unit', id: `watch-${unitId}`, unitId })
  await settle()
  return session
}
const statuses = (session: RecordingSession) => session.all('unit').map(([, unit]) => unit.status)

test('a watched unit is told at once, and then with each change of its state, its trip, its place or its connection', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await watching('A1')
  const [position, unit, trip] = console.last('unit')
  assert.equal(position, world.region.logHead)
  assert.deepEqual(
    [unit.unitId, unit.status, unit.connected, unit.fix?.ageMs, trip],
    ['A1', 'available', true, 0, null],
  )

  world.fixAt(crew, 100)
  await world.advance(ROUND_MS)
  assert.equal(console.all('unit').length, 2)
  const tripId = await world.call({ details: { callerName: 'the caller', phone: null, address: null, notes: null } })
  await world.advance(ROUND_MS)
  const [, offered, told] = console.last('unit')
  assert.deepEqual([offered.status, told?.tripId, told?.phase], ['offered', tripId, 'offered'])
  assert.equal(told?.details?.callerName, 'the caller')
  await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'other' }))
  await world.advance(ROUND_MS)
  assert.deepEqual([console.last('unit')[1].status, console.last('unit')[2]], ['available', null])
  world.host.closed(crew)
  await world.advance(ROUND_MS)
  assert.equal(console.last('unit')[1].connected, false)
  world.connect('A1')
  await world.advance(ROUND_MS)
  assert.equal(console.last('unit')[1].connected, true)
})

test('a watched unit is told at most four times a second, always as it is then', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await watching('A1')
  for (let i = 1; i <= 100; i++) {
    world.fixAt(crew, i)
    await world.advance(10)
  }
  assert.equal(console.all('unit').length, 5)
  assert.ok(console.all('unit').every(([, unit]) => unit.fix!.ageMs <= 10))
})

test('a state is told when it is durable, and its position says up to where', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await watching('A1')
  const durable = world.region.logHead
  world.journal.stall()
  world.drive(crew, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs })
  await settle()
  world.fixAt(crew, 100)
  const second = await watching()
  world.host.tell(console, { type: 'watch-unit', id: 'again', unitId: 'A1' })
  await world.advance(ROUND_MS)
  assert.deepEqual(statuses(console), ['available'])
  assert.equal(console.last('reply')[1], durable)
  world.journal.resume()
  await world.advance(ROUND_MS)
  assert.deepEqual(statuses(console).at(-1), 'unavailable')
  assert.equal(console.last('unit')[0], durable + 1)
  assert.deepEqual(second.all('unit'), [])
})

test('while another unit waits for the store, a watched one goes on being told', async () => {
  const crew = await world.onDuty('A1', 0)
  const other = await world.onDuty('A2', 100)
  const console = await watching('A1')
  world.journal.stall()
  world.drive(other, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs })
  await settle()
  world.fixAt(crew, 50)
  await world.advance(ROUND_MS)
  assert.equal(console.all('unit').length, 2)
})

test('unwatching ends it; a unit that the region does not have is unknown', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await watching('A1', 'nobody')
  assert.deepEqual(console.last('error').slice(0, 2), ['watch-nobody', 'unknown-unit'])
  world.host.tell(console, { type: 'unwatch-unit', id: 'end', unitId: 'A1' })
  world.host.tell(console, { type: 'unwatch-unit', id: 'end-nobody', unitId: 'nobody' })
  await settle()
  assert.deepEqual(console.last('reply').slice(0, 1), ['end-nobody'])
  world.fixAt(crew, 50)
  await world.advance(ROUND_MS)
  assert.equal(console.all('unit').length, 1)
})

test('a session watches so many units and no more; one that it watches already counts once', async () => {
  const ids = Array.from({ length: LIMITS.unitsWatched + 1 }, (_, i) => `U${i}`)
  await world.import(...ids.map(id => [id] as const))
  const console = await watching(...ids, 'U0')
  const [error] = console.all('error')
  assert.deepEqual(error?.slice(0, 2), [`watch-${ids.at(-1)}`, 'invalid-field'])
  assert.equal(console.all('error').length, 1)
  assert.equal(console.all('unit').length, LIMITS.unitsWatched + 1)
  world.host.tell(console, { type: 'unwatch-unit', id: 'end', unitId: 'U0' })
  world.host.tell(console, { type: 'watch-unit', id: 'now', unitId: ids.at(-1)! })
  await settle()
  assert.equal(console.last('unit')[1].unitId, ids.at(-1))
})
