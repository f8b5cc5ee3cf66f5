/** When a position becomes stale or lost, and is heard of again: told then to who watches, and counted. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { FreshnessWatch } from '../../../src/actors/region/freshness-watch.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { type RecordingSession, RegionWorld, settle, wireFix } from '../../support/region-world.ts'

const { staleAfterMs, lostAfterMs } = DEFAULT_POLICY

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open({ mode: 'ordered' })
})
afterEach(() => world.close())

async function watchBoard(from: number | null = null): Promise<RecordingSession> {
  const desk = world.dispatcher()
  world.host.tell(desk, { type: 'watch-board', id: 'w', fromPosition: from })
  await settle()
  await world.advance(300)
  return desk
}
/** The unit has a trip, and is on its way to it. */
async function accept(crew: RecordingSession): Promise<void> {
  await world.call()
  const { offerId } = crew.view.trip!.offer!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
}
/** What was told beside the first, which is all that was not fresh when the watch began. */
const told = (desk: RecordingSession) =>
  desk.all('freshness').map(([isWhole, , units]) => [isWhole, ...units.map(([unitId, is]) => `${unitId} ${is}`)])

describe('a position', () => {
  test('of a unit on duty becomes stale, and lost, and the board is told then; the next fix makes it fresh', async () => {
    const crew = await world.onDuty('A1', 100)
    const desk = await watchBoard()
    assert.deepEqual(told(desk), [[true]])
    await world.advance(staleAfterMs.moving - 2_000)
    assert.equal(told(desk).length, 1)
    await world.advance(3_000)
    assert.deepEqual(told(desk).at(-1), [false, 'A1 stale'])
    await world.advance(lostAfterMs - staleAfterMs.moving)
    assert.deepEqual(told(desk).at(-1), [false, 'A1 lost'])
    assert.deepEqual(world.region.positions, { fresh: 0, stale: 0, lost: 1, none: 0 })
    world.fixAt(crew, 200)
    await world.advance(300)
    assert.deepEqual(told(desk).at(-1), [false, 'A1 fresh'])
    assert.deepEqual([told(desk).length, world.region.positions.fresh], [4, 1])
  })

  test('is stale by what the unit does: a unit that is sent is to be heard of sooner than one that stands by', async () => {
    const crew = await world.onDuty('A1', 100)
    const desk = await watchBoard()
    await world.advance(15_000)
    await accept(crew)
    await world.advance(staleAfterMs.responding - 15_000)
    assert.deepEqual(told(desk).at(-1), [false, 'A1 stale'])
  })

  test('that is told again and again costs no word while it is fresh', async () => {
    const crew = await world.onDuty('A1', 100)
    const desk = await watchBoard()
    for (let i = 0; i < 30; i++) {
      await world.advance(15_000)
      world.fixAt(crew, 100 + i)
    }
    await world.advance(300)
    assert.deepEqual(told(desk), [[true]])
  })

  test('of a unit that goes off duty is of no interest', async () => {
    const crew = await world.onDuty('A1', 100)
    const desk = await watchBoard()
    await world.accepted(world.drive(crew, { type: 'sign-off', happenedAtMs: world.nowMs }))
    await world.advance(lostAfterMs)
    assert.deepEqual(told(desk), [[true]])
    assert.deepEqual(world.region.positions, { fresh: 0, stale: 0, lost: 0, none: 0 })
  })

  test('that nobody knows is counted apart, and told when there is one', async () => {
    await world.import(['A1'])
    const crew = world.connect('A1')
    await settle()
    await world.accepted(world.drive(crew, { type: 'sign-on', happenedAtMs: world.nowMs }))
    const desk = await watchBoard()
    assert.equal(world.region.positions.none, 1)
    world.fixes(crew, [wireFix(1, 100)])
    await world.advance(300)
    assert.deepEqual([told(desk).at(-1), world.region.positions.none], [[false, 'A1 fresh'], 0])
  })
})

describe('who watches', () => {
  test('hears first of all that are not fresh, also one that comes back from where it was', async () => {
    await world.onDuty('A1', 100)
    const second = await world.onDuty('A2', 200)
    const { position } = await world.board()
    await world.advance(staleAfterMs.moving)
    world.fixAt(second, 200)
    await settle()
    const desk = await watchBoard(position)
    assert.deepEqual(desk.all('board'), [])
    assert.deepEqual(told(desk), [[true, 'A1 stale']])
  })

  test('and reads too slowly, hears all that are not fresh once it has caught up', async () => {
    await world.onDuty('A1', 100)
    await world.onDuty('A2', 200)
    const desk = await watchBoard()
    desk.isBehind = true
    await world.advance(staleAfterMs.moving)
    assert.deepEqual(told(desk), [[true]])
    desk.isBehind = false
    await world.advance(300)
    assert.deepEqual(told(desk), [[true], [true, 'A1 stale', 'A2 stale']])
  })

  test('a single unit is told of it, too', async () => {
    await world.onDuty('A1', 100)
    const desk = world.dispatcher()
    world.host.tell(desk, { type: 'watch-unit', id: 'q', unitId: 'A1' })
    await world.advance(300)
    await world.advance(staleAfterMs.moving)
    assert.equal(desk.last('unit')[1].fix?.freshness, 'stale')
  })

  test('after a start is told what is old by then', async () => {
    await world.onDuty('A1', 100)
    await world.advance(staleAfterMs.moving)
    await world.restart()
    const desk = await watchBoard()
    assert.deepEqual(told(desk), [[true, 'A1 stale']])
  })

  test('is told by the policy that stands', async () => {
    await world.onDuty('A1', 100)
    const desk = await watchBoard()
    await world.advance(20_000)
    world.goBy({ staleAfterMs: { responding: 11_000, moving: 16_000, parked: 31_000 } })
    await world.advance(300)
    assert.deepEqual(told(desk).at(-1), [false, 'A1 stale'])
  })
})

describe('a modem', () => {
  test('that reports keeps the unit alive when its app is gone: the app is lost, the position is not', async () => {
    const crew = await world.onDuty('A1', 100)
    await accept(crew)
    const feed = world.feed()
    await settle()
    await world.attach(feed, [7, 'A1', 'modem', 'gnss', 1])
    const desk = await watchBoard()
    world.host.closed(crew)
    for (let seq = 1; seq <= 40; seq++) {
      world.feedFixes(feed, [7, ...wireFix(seq, 100 + seq)])
      await world.advance(10_000)
    }
    const alarms = (await world.events('TripAlarmRaised')).map(({ alarm }) => alarm)
    assert.ok(alarms.includes('app-lost') && !alarms.includes('position-lost'), alarms.join())
    assert.deepEqual(told(desk), [[true]])
    const [unit] = (await world.board()).units
    assert.deepEqual([unit!.reach, unit!.connected, unit!.fix?.freshness], ['modem', false, 'fresh'])
  })

  test('that falls silent leaves the app: the position is lost, the app is not', async () => {
    const crew = await world.onDuty('A1', 100)
    await accept(crew)
    await world.advance(lostAfterMs + 1_000)
    const alarms = (await world.events('TripAlarmRaised')).map(({ alarm }) => alarm)
    assert.ok(alarms.includes('position-lost') && !alarms.includes('app-lost'), alarms.join())
    assert.equal((await world.board()).units[0]!.reach, 'app')
  })
})

test('a fleet that reported in one second is looked at in several goes, and all of it is found', () => {
  const timers: { dueMs: number; fire: () => void }[] = []
  let nowMs = 1_000_000
  const units = Array.from({ length: 12_000 }, (_, i) => ({
    ...{ unitId: `A${i}`, followed: null, location: { current: { fixedAtMs: nowMs } }, state: { status: 'available' } },
  })) as unknown as Parameters<FreshnessWatch['recover']>[0][]
  const found: string[] = []
  const watch = new FreshnessWatch({
    memory: { driverActor: () => undefined, driverActors: () => [] },
    clock: { nowMs: () => nowMs },
    policy: { standing: { ...DEFAULT_POLICY, version: 1 } },
    timers: { at: (dueMs, fire) => void timers.push({ dueMs, fire }) },
    changed: ({ unitId, followed }) => {
      if (followed?.freshness === 'stale') found.push(unitId)
    },
  })
  for (const unit of units) watch.recover(unit)
  const goes: number[] = []
  nowMs += staleAfterMs.moving + 1_000
  for (;;) {
    const due = timers.findIndex(({ dueMs }) => dueMs <= nowMs)
    if (due < 0) break
    const before = found.length
    timers.splice(due, 1)[0]!.fire()
    if (found.length > before) goes.push(found.length - before)
  }
  assert.deepEqual([new Set(found).size, goes], [12_000, [5_000, 5_000, 2_000]])
})
