/** Tiles over a whole region: who is on which, what a console is sent, how often, and what it may see before it is durable. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { TileWatch } from '../../../../src/protocol/wire/tile-tuples.ts'
import { callOf, type RecordingSession, RegionWorld, SCENE, settle } from '../../../support/region-world.ts'
import { HERE, look, MIDDLE, NORTH, NORTH_M, pictureOf, ROUND_MS, shown, WIDE } from './stage.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

async function consoleOn(...tiles: string[]): Promise<RecordingSession> {
  const session = world.dispatcher()
  await look(world, session, ...tiles)
  return session
}
const frames = (session: RecordingSession) => session.all('tile-moves')

test('a console gets a snapshot of each tile that it looks at, at every zoom', async () => {
  await world.onDuty('A1', 100)
  await world.onDuty('A2', NORTH_M)
  const session = await consoleOn(HERE, MIDDLE, WIDE, '12/0/0')
  assert.deepEqual(session.last('reply').slice(2), [{ tiles: 4 }])
  assert.deepEqual(shown(session, HERE), ['A1 available'])
  assert.deepEqual(shown(session, MIDDLE), ['A1 available', 'A2 available'])
  assert.deepEqual(shown(session, WIDE), ['A1 available', 'A2 available'])
  assert.deepEqual(shown(session, '12/0/0'), [])
})

test('a unit on the map has its place, the age of its fix, its speed, heading, status and level', async () => {
  await world.onDuty('A1', 0, { levelOfCare: 'cct' })
  const session = world.connect('A1')
  await world.advance(5_000)
  const [lonE7, latE7] = [Math.round(SCENE.lonDeg * 1e7), Math.round(SCENE.latDeg * 1e7)]
  world.fixes(session, [[2, 1_500, lonE7, latE7, null, 1_234, 905]])
  await settle()
  const console = await consoleOn(HERE)
  const [, , , atMs, units] = console.last('tile')
  assert.equal(atMs, world.nowMs)
  assert.deepEqual(units, [['A1', lonE7, latE7, 1_500, 1_234, 905, 'available', 'cct']])
})

test('units without a position, and those that no crew is signed on to, are on no tile', async () => {
  await world.import(['A1'], ['A2'])
  const [parked, unplaced] = [world.connect('A1'), world.connect('A2')]
  await settle()
  world.fixAt(parked, 0)
  await world.accepted(world.drive(unplaced, { type: 'sign-on', happenedAtMs: world.nowMs }))
  const console = await consoleOn(HERE)
  assert.deepEqual(shown(console, HERE), [])
  await world.accepted(world.drive(parked, { type: 'sign-on', happenedAtMs: world.nowMs }))
  world.fixAt(unplaced, 100)
  await world.advance(ROUND_MS)
  assert.deepEqual(shown(console, HERE), ['A1 available', 'A2 available'])
  await world.accepted(world.drive(parked, { type: 'sign-off', happenedAtMs: world.nowMs }))
  await world.advance(ROUND_MS)
  assert.deepEqual(frames(console).at(-1)!.slice(3), [[], ['A1']])
  assert.deepEqual(shown(console, HERE), ['A2 available'])
})

test('a unit that went silent stays where it was, with the age of its fix', async () => {
  await world.onDuty('A1', 0)
  await world.advance(600_000)
  const console = await consoleOn(HERE)
  assert.equal(console.last('tile')[4][0]![3], 600_000)
})

test('a unit that crosses an edge is gone from one tile and comes to the other', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE, NORTH, WIDE)
  world.fixAt(crew, NORTH_M)
  await world.advance(ROUND_MS)
  const told = frames(console).map(([tile, , , units, gone]) => [tile, units.map(unit => unit[0]), gone])
  assert.deepEqual(
    told.sort(),
    [
      [NORTH, ['A1'], []],
      [HERE, [], ['A1']],
      [WIDE, ['A1'], []],
    ].sort(),
  )
  assert.deepEqual([shown(console, HERE), shown(console, NORTH)], [[], ['A1 available']])
})

test('a tile changes at most four times a second, and a frame has the newest of each unit once', async () => {
  const crews = [await world.onDuty('A1', 0), await world.onDuty('A2', 50)]
  const console = await consoleOn(HERE)
  for (let i = 1; i <= 100; i++) {
    for (const crew of crews) world.fixAt(crew, i)
    await world.advance(10)
  }
  assert.equal(frames(console).length, 4)
  for (const [, , atMs, units] of frames(console)) {
    assert.deepEqual(units.map(unit => unit[0]).sort(), ['A1', 'A2'])
    assert.ok(
      units.every(unit => unit[3] <= 10),
      `a frame of ${atMs} has old fixes`,
    )
  }
})

test('the first change after a quiet time is told at once', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  await world.advance(5_000)
  world.fixAt(crew, 10)
  await world.advance(20)
  assert.equal(frames(console).length, 1)
})

test('nothing runs and nothing is sent while nothing moves', async () => {
  await world.onDuty('A1', 0)
  const before = world.machine.delays.length
  const console = await consoleOn(HERE)
  await world.advance(ROUND_MS)
  const sent = console.messages.length
  await world.advance(10_000)
  assert.equal(console.messages.length, sent)
  assert.equal(world.machine.delays.length, before)
})

test('a frame is made once and shared by all who watch the tile', async () => {
  const crew = await world.onDuty('A1', 0)
  const got: object[][] = []
  for (let i = 0; i < 3; i++) {
    const session = world.dispatcher()
    const shared: object[] = []
    session.tellShared = frame => void shared.push(frame)
    got.push(shared)
    await look(world, session, HERE)
  }
  world.fixAt(crew, 10)
  await world.advance(ROUND_MS)
  assert.equal(got[0]!.length, 2)
  for (const shared of got) assert.ok(shared.every((frame, i) => frame === got[0]![i]))
})

test('looking at another set of tiles ends the frames of those left out, and keeps those that stay', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE, WIDE)
  const { streamId, seq } = pictureOf(console).get(WIDE)!
  await look(world, console, [WIDE, streamId, seq])
  assert.equal(console.all('tile').length, 2)
  world.fixAt(crew, 10)
  await world.advance(ROUND_MS)
  assert.deepEqual(
    frames(console).map(([tile]) => tile),
    [WIDE],
  )
  await look(world, console)
  world.fixAt(crew, 20)
  await world.advance(ROUND_MS)
  assert.equal(frames(console).length, 1)
})

test('a tile asked for again with null is answered by a snapshot', async () => {
  await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  await look(world, console, HERE)
  assert.equal(console.all('tile').length, 2)
})

test('[TL-3] nothing comes of a tile between the reply to a watch with null and its snapshot, however long that waits', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  const sent = console.messages.length
  console.isBehind = true
  await look(world, console, HERE)
  for (let i = 1; i <= 3; i++) {
    world.fixAt(crew, i)
    await world.advance(ROUND_MS)
  }
  console.isBehind = false
  await world.advance(ROUND_MS)
  world.fixAt(crew, 4)
  await world.advance(ROUND_MS)
  assert.deepEqual(
    console.messages.slice(sent).map(([type]) => type),
    ['reply', 'tile', 'tile-moves'],
  )
})

test('a console that comes back in time gets the frames it missed; a later one, or one of another stream, a snapshot', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  const { streamId, seq } = pictureOf(console).get(HERE)!
  world.host.closed(console)
  await settle()
  for (let i = 1; i <= 3; i++) {
    world.fixAt(crew, i)
    await world.advance(ROUND_MS)
  }
  const back = world.dispatcher()
  await look(world, back, [HERE, streamId, seq])
  assert.equal(back.all('tile').length, 0)
  assert.deepEqual(
    frames(back).map(([, number]) => number),
    [seq + 1, seq + 2, seq + 3],
  )
  const other = world.dispatcher()
  await look(world, other, [HERE, 'another-stream', seq])
  const ahead = world.dispatcher()
  await look(world, ahead, [HERE, streamId, seq + 4])
  for (const session of [other, ahead]) assert.deepEqual(shown(session, HERE), ['A1 available'])

  for (const session of [back, other, ahead]) world.host.closed(session)
  await world.advance(16_000)
  const late = world.dispatcher()
  await look(world, late, [HERE, streamId, seq + 3])
  assert.notEqual(pictureOf(late).get(HERE)!.streamId, streamId)
})

test('a tile that was forgotten while it had news is whole again when somebody looks anew', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  await look(world, console)
  await world.advance(14_995)
  world.fixAt(crew, 10)
  await world.advance(8)
  await look(world, console, HERE)
  assert.equal(console.all('tile').length, 2)
  world.fixAt(crew, 20)
  await world.advance(ROUND_MS)
  assert.equal(console.last('tile-moves')[3].length, 1)
  assert.equal(console.all('tile')[1]![4].length, 1)
})

test('a request for many tiles is done in slices, and what others ask does not wait for the end of it', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = world.dispatcher()
  await settle()
  world.machine.lookMs = 0.7
  const tiles = [HERE, ...Array.from({ length: 63 }, (_, x) => `12/${x}/0`)]
  world.host.tell(console, {
    type: 'watch-tiles',
    id: 'many',
    tiles: tiles.map((tile): TileWatch => [tile, null, null]),
  })
  await settle()
  world.host.tell(console, { type: 'watch-tiles', id: 'few', tiles: [[NORTH, null, null]] })
  const signedOff = world.drive(crew, { type: 'sign-off', happenedAtMs: world.nowMs })
  await settle()
  assert.equal(signedOff.outcome?.ok, true)
  assert.deepEqual(
    console.all('reply').map(([id]) => id),
    ['many'],
  )
  await world.advance(ROUND_MS)
  assert.deepEqual(
    console.all('reply').map(([id]) => id),
    ['many', 'few'],
  )
  assert.deepEqual([...pictureOf(console).keys()], [NORTH])
})

test('a tile that is being forgotten in slices lets go of all its units, and keeps none from the tile that comes anew', async () => {
  const units = Array.from({ length: 300 }, (_, i) => `A${i}`)
  const crews = new Map<string, RecordingSession>()
  for (const unit of units) crews.set(unit, await world.onDuty(unit, 0))
  const console = await consoleOn(HERE)
  await look(world, console)
  world.machine.lookMs = 0.7
  await world.advance(15_010)
  // The sweep is cut into slices; meanwhile somebody looks again, and a unit of the old tile moves.
  await look(world, console, HERE)
  world.fixAt(crews.get('A299')!, 20)
  world.fixAt(crews.get('A0')!, 30)
  await world.advance(2 * ROUND_MS)
  assert.deepEqual([...pictureOf(console).get(HERE)!.units.keys()].sort(), [...units].sort())
  world.fixAt(crews.get('A299')!, NORTH_M)
  await world.advance(ROUND_MS)
  assert.deepEqual(console.last('tile-moves')[4], ['A299'])
})

test('a position is shown before it is durable; a status is not, and a crash takes back nothing that was shown', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  world.journal.stall()
  world.drive(crew, { type: 'set-status', status: 'unavailable', reason: 'break', happenedAtMs: world.nowMs })
  await settle()
  world.fixAt(crew, 250)
  await world.advance(ROUND_MS)
  const [, , , [unit]] = frames(console).at(-1)!
  assert.ok(unit![2] > SCENE.latDeg * 1e7, 'the new place is shown')
  assert.equal(unit![6], 'available')
  const fresh = world.dispatcher()
  world.journal.resume()
  await world.advance(ROUND_MS)
  assert.deepEqual(shown(console, HERE), ['A1 unavailable'])
  await look(world, fresh, HERE)
  assert.deepEqual(shown(fresh, HERE), ['A1 unavailable'])
})

test('a crew whose sign-on is not durable is on no map, also not in a snapshot taken meanwhile', async () => {
  await world.import(['A1'])
  const crew = world.connect('A1')
  await settle()
  const console = await consoleOn(HERE)
  world.fixAt(crew, 0)
  await world.advance(1_000)
  world.journal.stall()
  world.journal.failNext('unknown-lost')
  world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs })
  await settle()
  world.fixAt(crew, 10)
  await look(world, console, HERE)
  await world.advance(ROUND_MS)
  assert.deepEqual(shown(console, HERE), [])
  world.crash()
  world.journal.resume()
  await world.start()
  assert.deepEqual(await world.events('CrewSignedOn'), [])
  assert.deepEqual(shown(await consoleOn(HERE), HERE), [])
})

test('of several records on their way a map shows the last that is durable', async () => {
  const crew = await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  const set = (status: 'available' | 'unavailable') =>
    world.drive(crew, {
      type: 'set-status',
      status,
      reason: status === 'available' ? null : 'break',
      happenedAtMs: world.nowMs,
    })
  world.journal.stall()
  for (const status of ['unavailable', 'available', 'unavailable'] as const) set(status)
  await settle()
  await look(world, console, HERE)
  assert.deepEqual(shown(console, HERE), ['A1 available'])
  world.journal.resume()
  await world.advance(ROUND_MS)
  assert.deepEqual(shown(console, HERE), ['A1 unavailable'])
})

test('the map can be moved while the store stalls, but nobody sees it before the welcome', async () => {
  await world.onDuty('A1', 0)
  const known = await consoleOn(HERE)
  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  await look(world, known, HERE, WIDE)
  assert.equal(known.all('tile').length, 3)
  const fresh = world.dispatcher()
  await look(world, fresh, HERE)
  await look(world, fresh, WIDE)
  assert.deepEqual(fresh.messages, [])
  world.journal.resume()
  await settle()
  assert.equal(fresh.messages[0]![0], 'welcome')
  assert.deepEqual(
    fresh.all('tile').map(([tile]) => tile),
    [HERE, WIDE],
    'in the order of the requests',
  )
})

test('a session that ends before its welcome leaves nothing behind', async () => {
  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  const gone = world.dispatcher()
  await look(world, gone, HERE)
  world.host.closed(gone)
  await settle()
  world.journal.resume()
  await settle()
  assert.equal(gone.all('tile').length, 0)
})

test('after a restart the map is there again, under new stream names', async () => {
  await world.onDuty('A1', 0)
  const console = await consoleOn(HERE)
  const { streamId, seq } = pictureOf(console).get(HERE)!
  await world.restart('drain')
  const back = world.dispatcher()
  await look(world, back, [HERE, streamId, seq])
  assert.deepEqual(shown(back, HERE), ['A1 available'])
  assert.notEqual(pictureOf(back).get(HERE)!.streamId, streamId)
})
