/** The board: a snapshot, then every record, without a gap or a double. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Board } from '../../../src/actors/region/board.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { ManualMachine } from '../../support/manual-machine.ts'
import { callOf, type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

const watch = async (from: number | null): Promise<RecordingSession> => {
  const console = world.dispatcher()
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: from })
  await settle()
  return console
}
const positions = (console: RecordingSession) => console.all('board-events').map(([position]) => position)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const reply = (console: RecordingSession) => console.last('reply')[2]

test('a fresh console gets the open trips and all units, then each record', async () => {
  await world.onDuty('A1', 100)
  const ended = await world.call()
  await world.accepted(world.dispatch({ type: 'cancel-trip', tripId: ended, reason: 'other' }))
  const open = await world.call()
  const console = await watch(null)
  const { logHead } = world.region
  assert.deepEqual(reply(console), { mode: 'snapshot', position: logHead })
  const [position, part, parts, trips, units] = console.last('board')
  assert.deepEqual([position, part, parts], [logHead, 0, 1])
  assert.deepEqual(
    trips.map(trip => trip.tripId),
    [open],
  )
  assert.deepEqual(
    units.map(({ unitId, status, connected, tripId }) => [unitId, status, connected, tripId]),
    [['A1', 'offered', true, open]],
  )
  await world.call()
  await world.call()
  assert.deepEqual(positions(console), [logHead + 1, logHead + 2])
  assert.equal(console.last('board-events')[2][0]!.type, 'CallEntered')
})

test('a snapshot comes in parts of 200, all at one position', async () => {
  await world.import(...Array.from({ length: 401 }, (_, i) => [`U${i}`] as const))
  const parts = (await watch(null)).all('board')
  assert.deepEqual(
    parts.map(([position, part, count, , units]) => [position, part, count, units.length]),
    [200, 200, 1].map((units, part) => [world.region.logHead, part, 3, units]),
  )
})

test('watching while records are on their way leaves no gap and no double', async () => {
  await world.call()
  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  const fresh = world.dispatcher()
  const returning = world.dispatcher()
  world.host.tell(fresh, { type: 'watch-board', id: 'w', fromPosition: null })
  world.dispatch(callOf())
  await settle()
  world.host.tell(returning, { type: 'watch-board', id: 'w', fromPosition: 1 })
  world.dispatch(callOf())
  await settle()
  assert.deepEqual([fresh.messages, returning.messages], [[], []])
  world.journal.resume()
  await settle()
  const { logHead } = world.region
  const snapshotAt = fresh.last('board')[0]
  assert.deepEqual(positions(fresh), range(snapshotAt + 1, logHead))
  assert.equal(fresh.last('board')[3].length, snapshotAt)
  assert.deepEqual(positions(returning), range(2, logHead))
})

test('a console that comes back gets the records after its position, and those that follow', async () => {
  const console = await watch(null)
  for (let i = 0; i < 3; i++) await world.call()
  world.host.closed(console)
  await settle()
  for (let i = 0; i < 3; i++) await world.call()
  assert.deepEqual(positions(console), [1, 2, 3])
  const back = await watch(3)
  assert.deepEqual(reply(back), { mode: 'events', position: 6 })
  await world.call()
  assert.deepEqual([positions(back), back.all('board')], [[4, 5, 6, 7], []])
  const nothingMissed = await watch(7)
  assert.deepEqual([positions(nothingMissed), reply(nothingMissed)], [[], { mode: 'events', position: 7 }])
})

test('a position that the engine no longer holds, as after a restart, gets a snapshot', async () => {
  for (let i = 0; i < 3; i++) await world.call()
  await world.restart()
  assert.deepEqual(reply(await watch(2)), { mode: 'snapshot', position: 3 })
  assert.deepEqual(reply(await watch(3)), { mode: 'events', position: 3 })
})

test('a position beyond the log is refused', async () => {
  const console = await watch(1)
  assert.deepEqual(console.last('error').slice(0, 2), ['w', 'position-ahead'])
  await world.call()
  assert.deepEqual(positions(console), [])
})

test('unwatching ends the subscription, also one that was still waiting to begin', async () => {
  const console = await watch(null)
  world.host.tell(console, { type: 'unwatch-board', id: 'u' })
  await settle()
  assert.deepEqual(console.last('reply'), ['u', 0, {}])
  await world.call()
  assert.deepEqual(positions(console), [])

  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  world.host.tell(console, { type: 'watch-board', id: 'w2', fromPosition: null })
  world.host.tell(console, { type: 'unwatch-board', id: 'u2' })
  const closing = world.dispatcher()
  world.host.tell(closing, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  world.host.closed(closing)
  await settle()
  world.journal.resume()
  await settle()
  assert.deepEqual(console.last('reply'), ['u2', 2, {}])
  const sent = closing.messages.length
  await world.call()
  assert.deepEqual(positions(console), [])
  assert.equal(closing.messages.length, sent)
})

test('events carry no personal data; the trips of a snapshot do', async () => {
  const console = await watch(null)
  await world.call({ details: { callerName: 'the caller', phone: null, address: null, notes: null } })
  assert.ok(!JSON.stringify(console.all('board-events')).includes('the caller'))
  assert.equal((await world.board()).trips[0]!.details?.callerName, 'the caller')
})

test('what is kept for consoles that come back is bounded by events, and each question costs by what it gets', () => {
  const machine = new ManualMachine()
  const board = new Board({
    position: 0,
    machine,
    metrics: new Metrics(),
    snapshots: { ask: () => {}, has: () => false },
  })
  const closed = (callId: string) => ({ type: 'CallClosed', v: 1, entity: `call/${callId}`, callId }) as const
  const events = Array.from({ length: 900 }, (_, i) => closed(`c${i}`))
  for (let position = 1; position <= 100; position++) board.keep(position, 0, events, null)
  // 20,000 events are 22 records of these.
  assert.equal(board.since(77), null, 'a record of long ago is still kept')
  assert.equal(board.since(98)?.length, 2)
  assert.deepEqual([board.eventsSince(98), board.eventsSince(100), board.eventsSince(90)], [1_800, 0, null])
  for (let position = 101; position <= 30_000; position++) board.keep(position, 0, [], null)
  assert.deepEqual([board.eventsSince(9_999), board.eventsSince(28_000)], [null, 2_000])
  assert.deepEqual(board.since(28_000)?.[0]?.told, {
    type: 'board-events',
    position: 28_001,
    recordedAtMs: 0,
    events: [],
    by: null,
  })
})

test('holes in fixes are no news for the board', async () => {
  await world.import(['A1'])
  const console = await watch(null)
  const feed = world.feed()
  await settle()
  await world.attach(feed, [1, 'A1', 'modem', 'gnss', 11])
  const { logHead } = world.region
  assert.equal((await world.events('FixHoleRecorded')).length, 1)
  assert.deepEqual(console.last('board-events').slice(0, 3), [logHead, console.last('board-events')[1], []])
})
