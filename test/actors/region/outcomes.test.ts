/** What is kept of a command's outcome beyond its own record: for how long, and when it changed nothing. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { Command } from '../../../src/domain/commands.ts'
import { StoreUnavailable } from '../../../src/store/log/journal.ts'
import { callOf, type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
})
afterEach(() => world.close())

const HOUR = 3_600_000
/** Time leaps, as if nobody had been there to sweep; then come the two looks at which something has to be too old. */
async function pass(days: number): Promise<void> {
  world.machine.setWall(world.machine.wallMs() + days * 24 * HOUR)
  await world.advance(2 * HOUR + 5_000)
}

describe('an outcome is forgotten', () => {
  const failing = () => Promise.reject(new StoreUnavailable('asked for'))

  test('after 7 days, by table and memory alike', async () => {
    const first = world.dispatch(callOf(), 'call-1')
    await world.accepted(first)
    await pass(6.9)
    const again = world.dispatch(callOf(), 'call-1')
    await world.accepted(again)
    assert.deepEqual(again.outcome, first.outcome)
    await pass(0.2)
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    assert.equal((await world.events('CallEntered')).length, 2)
  })

  test('not for a clock that is days ahead for less than an hour', async () => {
    const first = world.dispatch(callOf(), 'call-1')
    await world.accepted(first)
    await world.advance(HOUR - 60_000)
    world.machine.setWall(world.machine.wallMs() + 30 * 24 * HOUR)
    await world.advance(30 * 60_000)
    world.machine.setWall(world.machine.wallMs() - 30 * 24 * HOUR)
    await world.advance(2 * HOUR)
    const again = world.dispatch(callOf(), 'call-1')
    await world.accepted(again)
    assert.deepEqual(again.outcome, first.outcome)
  })

  test('in memory only after the table has forgotten it', async () => {
    const forget = world.journal.forgetCommands
    world.journal.forgetCommands = failing
    const first = world.dispatch(callOf(), 'call-1')
    await world.accepted(first)
    await pass(8)
    const again = world.dispatch(callOf(), 'call-1')
    await world.accepted(again)
    assert.deepEqual(again.outcome, first.outcome)
    world.journal.forgetCommands = forget
    await pass(0.1)
    await world.accepted(world.dispatch(callOf(), 'call-1'))
    assert.equal((await world.events('CallEntered')).length, 2)
  })

  test('by a restart no sooner: what the table still has is found, however old', async () => {
    world.journal.forgetCommands = failing
    const first = world.dispatch(callOf(), 'call-1')
    await world.accepted(first)
    await pass(8)
    await world.restart()
    const again = world.dispatch(callOf(), 'call-1')
    await world.accepted(again)
    assert.deepEqual(again.outcome, first.outcome)
    assert.equal(await world.refused(world.dispatch(callOf({ priority: 3 }), 'call-1')), 'conflict')
    assert.deepEqual([(await world.events('CallEntered')).length, world.host.region === null], [1, false])
  })
})

describe('an id that was used before is looked at first', () => {
  const nothing = 'akl.nobodynobodynobodynob'
  const desk: Command[] = [
    { type: 'cancel-trip', tripId: nothing, reason: 'other' },
    { type: 'assign-unit', tripId: nothing, unitId: 'Z9', reason: 'other' },
    { type: 'withdraw-unit', tripId: nothing, reason: 'other' },
    { type: 'report-phase', tripId: nothing, phase: 'on-scene', happenedAtMs: 0 },
    { type: 'close-trip', tripId: nothing, disposition: 'refused', happenedAtMs: 0 },
    { type: 'set-unit-status', unitId: 'Z9', status: 'available', reason: null, happenedAtMs: 0 },
    { type: 'amend-call', callId: nothing, priority: 1 },
    { type: 'cancel-call', callId: nothing, reason: 'other' },
    { type: 'release-held', entity: `trip/${nothing}`, as: 'pending' },
  ]
  for (const how of ['', 'crash', 'drain'] as const) {
    test(`whatever the new body names${how && `, also after a ${how}`}: conflict`, async () => {
      await world.accepted(world.dispatch(callOf(), 'used'))
      if (how !== '') await world.restart(how)
      for (const command of desk) {
        assert.equal(await world.refused(world.dispatch(command, 'used')), 'conflict', command.type)
      }
      const ofCrew = { type: 'sign-on', happenedAtMs: 0 } as const
      const unknownUnit = world.send({ principal: 'desk-1', unitId: 'Z9' }, ofCrew, 'used')
      assert.equal(await world.refused(unknownUnit), 'conflict')
    })
  }
})

describe('an accepted command that changed nothing', () => {
  const signOn = (happenedAtMs: number) => ({ type: 'sign-on', happenedAtMs }) as const
  const other = { principal: 'another crew', role: 'driver', unitId: 'A1' } as const
  const crewNow = async () => (await world.board()).units[0]!.crew
  let crew: RecordingSession
  let atMs: number
  let first: ReturnType<RegionWorld['drive']>
  beforeEach(async () => {
    crew = await world.onDuty('A1', 100)
    atMs = world.nowMs
    first = world.drive(crew, signOn(atMs), 'again')
    await world.accepted(first)
    await world.accepted(world.send(other, signOn(atMs)))
  })

  for (const how of ['', 'crash', 'drain'] as const) {
    test(`keeps its outcome${how && ` over a ${how}`}: repeated after a relief it relieves nobody`, async () => {
      if (how !== '') await world.restart(how)
      const log = await world.log()
      const repeated = world.drive(crew, signOn(atMs), 'again')
      await world.accepted(repeated)
      assert.deepEqual(repeated.outcome, first.outcome)
      assert.equal(await world.refused(world.drive(crew, signOn(atMs + 1), 'again')), 'conflict')
      assert.equal(await crewNow(), 'another crew')
      assert.deepEqual(await world.log(), log)
    })
  }

  test('has a record without events, and the board goes on without a gap', async () => {
    const console = world.dispatcher()
    const from = world.region.logHead
    world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: from })
    await settle()
    const position = (answer: typeof first) => answer.outcome!.ok && answer.outcome!.position
    const [nothing, something] = [world.send(other, signOn(atMs)), world.dispatch(callOf())]
    await settle()
    assert.deepEqual([position(nothing), position(something)], [from + 1, from + 2])
    const record = (await world.log()).find(record => record.position === from + 1)!
    assert.deepEqual([record.events, record.principal], [[], 'another crew'])
    assert.deepEqual(
      console.all('board-events').map(([at, , events]) => [at, events.length > 0]),
      [
        [from + 1, false],
        [from + 2, true],
      ],
    )
  })
})

test('[OF-13] beyond so many open trips no call is taken; one that ends makes room, and a repeated id has its outcome', async () => {
  const full = await RegionWorld.open({ openTripsMax: 3 })
  try {
    const two = callOf({ needs: Array(2).fill({ levelOfCare: 'bls', capabilities: [] }) })
    const { tripIds } = await full.accepted(full.dispatch(two, 'c-1'))
    assert.equal(await full.refused(full.dispatch(two, 'c-2')), 'overloaded')
    assert.deepEqual((await full.accepted(full.dispatch(two, 'c-1'))).tripIds, tripIds)
    await full.call()
    assert.equal(await full.refused(full.dispatch(callOf())), 'overloaded')
    const tripId = (tripIds as string[])[0]!
    await full.accepted(full.dispatch({ type: 'cancel-trip', tripId, reason: 'other' }))
    await full.call()
  } finally {
    await full.close()
  }
})
