/** Consoles that read too slowly: frames are left out, nothing queues for them, and they get the picture again. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { callOf, type RecordingSession, RegionWorld, settle } from '../../../support/region-world.ts'
import { HERE, look, MIDDLE, pictureOf, ROUND_MS } from './stage.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

async function counted(name: string, type: string): Promise<number> {
  const line = new RegExp(`^${name}\\{type="${type}"\\} (\\d+)$`, 'm')
  return Number(line.exec(await world.metricsText())?.[1] ?? 0)
}

const positions = (session: RecordingSession) => session.all('board-events').map(([position]) => position)

async function boardWatcher(): Promise<RecordingSession> {
  const session = world.dispatcher()
  world.host.tell(session, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  return session
}

test('a console that is behind is sent no frames of tiles; when it has caught up it gets snapshots, then goes on', async () => {
  const crew = await world.onDuty('A1', 0)
  const [slow, quick] = [world.dispatcher(), world.dispatcher()]
  for (const session of [slow, quick]) await look(world, session, HERE, MIDDLE)
  const [thinned, resynced] = [
    await counted('goldenhour_frames_thinned_total', 'tile-moves'),
    await counted('goldenhour_resyncs_total', 'tile'),
  ]
  slow.isBehind = true
  const sent = slow.messages.length
  for (let i = 1; i <= 5; i++) {
    world.fixAt(crew, i)
    await world.advance(ROUND_MS)
  }
  assert.equal(slow.messages.length, sent)
  assert.equal(quick.all('tile-moves').length, 10, 'the others notice nothing')
  assert.equal(await counted('goldenhour_frames_thinned_total', 'tile-moves'), thinned + 10)

  slow.isBehind = false
  await world.advance(ROUND_MS)
  assert.equal(slow.all('tile').length, 4)
  assert.equal(await counted('goldenhour_resyncs_total', 'tile'), resynced + 2)
  world.fixAt(crew, 6)
  await world.advance(ROUND_MS)
  // `pictureOf` fails on a gap in what was sent.
  for (const tile of [HERE, MIDDLE]) {
    assert.deepEqual(pictureOf(slow).get(tile)!.units, pictureOf(quick).get(tile)!.units)
    assert.equal(pictureOf(slow).get(tile)!.seq, pictureOf(quick).get(tile)!.seq)
  }
})

test('a console that falls behind again while it is brought up gets the rest later', async () => {
  await world.onDuty('A1', 0)
  const session = world.dispatcher()
  const send = session.tellShared.bind(session)
  session.tellShared = frame => {
    send(frame)
    session.isBehind = true
  }
  await look(world, session, HERE, MIDDLE)
  assert.equal(session.all('tile').length, 1)
  await world.advance(ROUND_MS)
  assert.equal(session.all('tile').length, 1)
  session.isBehind = false
  await world.advance(ROUND_MS)
  assert.equal(session.all('tile').length, 2)
})

test('a console that never reads is looked at and sent nothing, until it ends', async () => {
  const crew = await world.onDuty('A1', 0)
  const session = world.dispatcher()
  await look(world, session, HERE)
  const idle = world.machine.delays.length
  session.isBehind = true
  for (let i = 1; i <= 200; i++) {
    world.fixAt(crew, i)
    await world.advance(ROUND_MS)
  }
  assert.equal(session.all('tile-moves').length, 0)
  world.host.closed(session)
  // Past the time that an unwatched tile is kept.
  await world.advance(20_000)
  assert.ok(world.machine.delays.length <= idle)
})

test('a board watcher that is behind gets no records; when it can read it gets them all, in order and without a gap', async () => {
  const session = await boardWatcher()
  await world.call()
  session.isBehind = true
  for (let i = 0; i < 5; i++) await world.call()
  assert.deepEqual(positions(session), [1])
  await world.advance(1_000)
  assert.deepEqual(positions(session), [1])
  session.isBehind = false
  await world.call()
  assert.deepEqual(positions(session), [1], 'the sixth waits behind the five')
  await world.advance(ROUND_MS)
  await world.call()
  assert.deepEqual(positions(session), [1, 2, 3, 4, 5, 6, 7, 8])
  assert.equal(session.all('board').length, 1)
})

test('a board watcher catches up as far as it can read, and no record is told that is not durable', async () => {
  const session = await boardWatcher()
  session.isBehind = true
  for (let i = 0; i < 4; i++) await world.call()
  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  let reads = 2
  Object.defineProperty(session, 'isBehind', { get: () => reads-- <= 0, set: () => undefined })
  await world.advance(ROUND_MS)
  assert.deepEqual(positions(session), [1])
  reads = 100
  await world.advance(ROUND_MS)
  assert.deepEqual(positions(session), [1, 2, 3, 4])
  world.journal.resume()
  await settle()
  assert.deepEqual(positions(session), [1, 2, 3, 4, 5])
})

test('a board watcher that missed more than is kept gets the board anew, then the records after it', async () => {
  const session = await boardWatcher()
  session.isBehind = true
  await world.import(...Array.from({ length: 2_100 }, (_, i) => [`U${i}`] as const))
  await world.call()
  session.isBehind = false
  await world.advance(ROUND_MS)
  const parts = session.all('board').slice(1)
  assert.equal(parts.length, 11)
  assert.equal(parts[0]![0], world.region.logHead)
  await world.call()
  assert.deepEqual(positions(session), [world.region.logHead])
})

test('a board that was unwatched or watched anew while its snapshot waits for the store gets no older one after it', async () => {
  const sessions = [await boardWatcher(), await boardWatcher()]
  for (const session of sessions) session.isBehind = true
  await world.import(...Array.from({ length: 2_100 }, (_, i) => [`U${i}`] as const))
  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  for (const session of sessions) session.isBehind = false
  await world.advance(ROUND_MS)
  const [left, again] = sessions as [RecordingSession, RecordingSession]
  world.host.tell(left, { type: 'unwatch-board', id: 'u' })
  world.host.tell(again, { type: 'watch-board', id: 'w2', fromPosition: null })
  await settle()
  world.journal.resume()
  await settle()
  const { logHead } = world.region
  const snapshots = again.all('board').filter(([, part]) => part === 0)
  assert.deepEqual(
    snapshots.map(([position]) => position),
    [0, logHead],
  )
  await world.call()
  assert.deepEqual(positions(again), [logHead + 1])
  assert.deepEqual(positions(left), [])
})

test('what a slow console is shown of units is the newest only', async () => {
  const crew = await world.onDuty('A1', 0)
  const session = world.dispatcher()
  world.host.tell(session, { type: 'watch-unit', id: 'u', unitId: 'A1' })
  await settle()
  session.isBehind = true
  let lastFixAtMs = 0
  for (let i = 1; i <= 5; i++) {
    world.fixAt(crew, i)
    lastFixAtMs = world.nowMs
    await world.advance(ROUND_MS)
  }
  assert.equal(session.all('unit').length, 1)
  session.isBehind = false
  await world.advance(ROUND_MS)
  assert.equal(session.all('unit').length, 2)
  assert.equal(session.last('unit')[1].fix?.fixedAtMs, lastFixAtMs)
})
