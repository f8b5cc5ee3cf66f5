/** Snapshots of the board: made in slices at one position, and once for all who ask. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { SharedFrame } from '../../../src/actors/region-handle.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import { callOf, RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

/** A console that keeps which frames it was sent, to tell shared ones from equal ones. */
class Console extends RecordingSession {
  readonly frames: SharedFrame[] = []

  override tellShared(shared: SharedFrame): void {
    this.frames.push(shared)
    super.tellShared(shared)
  }
  get parts(): SharedFrame[] {
    return this.frames.filter(({ told }) => told.type === 'board')
  }
}

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

let consoles = 0
const signIn = async (): Promise<Console> => {
  const console = new Console(`console-${++consoles}`, 'dispatcher', 'desk-1', null)
  world.host.open(console, { helloId: 'hello', clientNowMs: world.machine.wallMs(), streams: [] })
  await settle()
  return console
}
const importUnits = (count: number) => world.import(...Array.from({ length: count }, (_, i) => [`U${i}`] as const))
/** From now on work in slices takes time, so that what is asked for next is not there at once. */
const slowDown = () => {
  world.machine.lookMs = 0.01
}
const replies = (console: Console) => console.all('reply').map(([id, position, result]) => [id, position, result])
const positions = (messages: readonly ServerMessage[]) =>
  messages.flatMap(message => (message[0] === 'board-events' ? [message[1]] : []))

test('a large board is made in slices: a command that comes meanwhile does not wait for it, and is not in it', async () => {
  await importUnits(2_000)
  const open = await world.call()
  const console = await signIn()
  const { logHead } = world.region
  slowDown()
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  assert.deepEqual(console.parts, [], 'it was made in one go')

  // Some of what changes was looked at already, some was not.
  await world.accepted(world.dispatch({ type: 'cancel-trip', tripId: open, reason: 'other' }))
  await world.accepted(world.dispatch(callOf()))
  world.region.ref.tell({ type: 'units', units: [], retired: ['U0', 'U1999'] })
  await importUnits(2_001)
  assert.deepEqual(console.parts, [])
  await world.advance(1_000)

  const board = console.all('board')
  assert.deepEqual(replies(console), [['w', logHead, { mode: 'snapshot', position: logHead }]])
  assert.deepEqual(
    board.map(([position, part, parts]) => [position, part, parts]),
    Array.from({ length: 10 }, (_, part) => [logHead, part, 10]),
  )
  assert.deepEqual(
    board.flatMap(part => part[3].map(({ tripId, phase }) => [tripId, phase])),
    [[open, 'pending']],
  )
  assert.deepEqual(
    board.flatMap(part => part[4].map(({ unitId }) => unitId)).sort(),
    Array.from({ length: 2_000 }, (_, i) => `U${i}`).sort(),
  )
  assert.deepEqual(
    positions(console.messages),
    Array.from({ length: world.region.logHead - logHead }, (_, i) => logHead + 1 + i),
  )
})

test('a part of a board leaves before the next is made, so that a large board is never in memory as a whole', async () => {
  await importUnits(2_000)
  const console = await signIn()
  slowDown()
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  const seen = new Set<number>()
  for (let i = 0; i < 200 && console.parts.length < 10; i++) {
    await world.advance(1)
    seen.add(console.parts.length)
  }
  assert.deepEqual([...seen].sort((a, b) => a - b).slice(-3), [8, 9, 10])
  assert.ok(seen.size > 5, `parts came in ${seen.size} steps`)
})

test('a board that cannot be made to its end ends the sessions that have begun to read it', async () => {
  await importUnits(500)
  const console = await signIn()
  const memory = world.region.states as unknown as { unitView: (actor: { readonly unitId: string }) => unknown }
  const { unitView } = memory
  memory.unitView = function (actor, ...more: unknown[]) {
    if (actor.unitId === 'U450') throw new Error('a view that a test broke')
    return unitView.call(this, actor, ...(more as []))
  }
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  await world.advance(1_000)
  assert.deepEqual([console.parts.length, console.closes], [2, [4503]])
})

test('all who ask before a board begins get the very same frames, and who asks later gets the next', async () => {
  await importUnits(500)
  const consoles = [await signIn(), await signIn(), await signIn(), await signIn()] as const
  const [first, second, third, late] = consoles
  slowDown()
  for (const console of [first, second, third])
    world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  await world.advance(500)
  world.host.tell(late, { type: 'watch-board', id: 'w', fromPosition: null })
  await world.advance(2_000)

  assert.equal(first.parts.length, 3)
  assert.equal(second.parts.length, 3)
  // The first was alone when its own began; those that came meanwhile share one.
  assert.ok(second.parts.every((frame, i) => frame === third.parts[i]))
  assert.ok(late.parts.every((frame, i) => frame !== third.parts[i]))
})

test('one that asks again and again has one board under way: what it asked for meanwhile is answered together', async () => {
  await importUnits(500)
  const console = await signIn()
  slowDown()
  for (let i = 0; i < 50; i++)
    world.host.tell(console, { type: 'watch-board', id: `w${i}`, fromPosition: i % 2 === 0 ? null : 1 })
  await world.advance(2_000)
  assert.equal(console.all('reply').length, 50)
  assert.equal(console.parts.length, 2 * 3, 'the one that it asked for first, and one for all others')
  await world.call()
  assert.deepEqual(positions(console.messages), [world.region.logHead])
})

test('between two boards the loop is left to others for longer than one of them takes', async () => {
  await importUnits(500)
  const [first, second] = [await signIn(), await signIn()]
  slowDown()
  world.host.tell(first, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  world.host.tell(second, { type: 'watch-board', id: 'w', fromPosition: null })
  let toldAtMs = -1
  let madeAtMs = -1
  for (let atMs = 0; atMs < 2_000 && madeAtMs < 0; atMs += 1) {
    if (toldAtMs < 0 && first.all('reply').length > 0) toldAtMs = atMs
    if (second.all('reply').length > 0) madeAtMs = atMs
    await world.advance(1)
  }
  // Each of 500 units takes 0.01 ms of the loop at least.
  assert.ok(toldAtMs >= 0 && madeAtMs - toldAtMs >= 3 * 5, `${toldAtMs} ${madeAtMs}`)
})

test('one that does not read what it was sent gets no second board on top of it', async () => {
  const console = await signIn()
  const other = await signIn()
  world.host.tell(console, { type: 'watch-board', id: 'w1', fromPosition: null })
  await settle()
  console.isBehind = true
  world.host.tell(console, { type: 'watch-board', id: 'w2', fromPosition: null })
  world.host.tell(other, { type: 'watch-board', id: 'w', fromPosition: null })
  await world.advance(1_000)
  assert.deepEqual([console.parts.length, other.parts.length], [1, 1])
  console.isBehind = false
  await world.advance(1_000)
  assert.deepEqual([console.parts.length, replies(console).map(([id]) => id)], [2, ['w1', 'w2']])
})

test('a console that watches already hears no record ahead of the board that it asked for anew', async () => {
  await importUnits(500)
  const console = await signIn()
  world.host.tell(console, { type: 'watch-board', id: 'w1', fromPosition: null })
  await settle()
  slowDown()
  world.host.tell(console, { type: 'watch-board', id: 'w2', fromPosition: null })
  const before = console.messages.length
  await world.call()
  await world.call()
  await world.advance(1_000)
  const types = console.messages.slice(before).map(([type]) => type)
  assert.deepEqual(types, ['reply', 'board', 'board', 'board', 'freshness', 'board-events', 'board-events'])
})

test('while the store stalls the question is refused, and an older watch goes on afterwards', async () => {
  const console = await signIn()
  world.host.tell(console, { type: 'watch-board', id: 'w1', fromPosition: null })
  await settle()
  world.journal.stall()
  world.dispatch(callOf())
  await settle()
  world.host.tell(console, { type: 'watch-board', id: 'w2', fromPosition: null })
  await world.advance(3_000)
  assert.deepEqual(console.last('error').slice(0, 2), ['w2', 'unavailable'])
  world.journal.resume()
  await world.advance(1_000)
  assert.equal(console.parts.length, 1)
  assert.deepEqual(positions(console.messages), [1])
})

test('a console that leaves while its board is made or told costs the others nothing', async () => {
  await importUnits(500)
  const [leaving, staying] = [await signIn(), await signIn()]
  slowDown()
  world.host.tell(leaving, { type: 'watch-board', id: 'w', fromPosition: null })
  world.host.tell(staying, { type: 'watch-board', id: 'w', fromPosition: null })
  world.host.closed(leaving)
  await world.advance(2_000)
  assert.equal(leaving.parts.length, 0)
  assert.equal(staying.parts.length, 3)
  await world.call()
  assert.deepEqual(positions(leaving.messages), [])
  assert.deepEqual(positions(staying.messages), [world.region.logHead])
})
