/** Arrivals as a region tells them: who hears of which, when, by what, and what it costs. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { AskableRoads, RoadOutcome, RoadQuestion, WayAsked } from '../../../src/domain/dispatch/road-questions.ts'
import type { TripEta } from '../../../src/domain/trip/way.ts'
import { callOf, type RecordingSession, RegionWorld, settle, type WorldOptions } from '../../support/region-world.ts'

let world: RegionWorld
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open({ mode: 'ordered', ...options })
}
afterEach(() => world.close())

/** Roads on which every way takes a second for each metre north of the scene; what was asked is kept. */
class Roads implements AskableRoads {
  readonly version = 7
  readonly asked: (readonly WayAsked[])[] = []
  answer: (way: WayAsked) => unknown = ({ from, to }) => {
    const metres = Math.round((from.latDeg - to.latDeg) * 111_195)
    return { driveMs: metres * 1_000, roadM: 2 * metres }
  }
  refusal: RoadOutcome<never> | null = null
  delay = { turnoutMs: 0, unsureMs: 0 }
  isStopped = false
  look = () => ({ to: () => 'place-off-road' as const, leastDelayMs: 0, delayOf: () => this.delay })
  there = () => ({ arcs: 0, room: 0 })
  restrict = () => 0
  stop = () => {
    this.isStopped = true
  }
  questions = {
    ask: async (question: RoadQuestion) => {
      assert.ok(question.kind === 'left')
      this.asked.push(question.ways)
      return this.refusal ?? { ok: true as const, value: question.ways.map(this.answer) as never }
    },
  }
}

const watch = async (session: RecordingSession) => {
  world.host.tell(session, { type: 'watch-etas', id: 'watch' })
  await world.advance(50)
}
const short = ({ unitId, toward, etaMs, distanceM, basis, notByRoad, unknown }: TripEta) =>
  [unitId, toward, etaMs, distanceM, basis, notByRoad ?? unknown].filter(each => each !== undefined)
const lastOf = (session: RecordingSession) => session.last('etas')[1].map(short)
/** The crew takes the order that it has. */
async function accept(session: RecordingSession) {
  const { offerId } = session.view.trip!.offer!
  await world.accepted(world.drive(session, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
}
const read = new WeakMap<RecordingSession, number>()
/** What came since this was asked last. */
function newOf(session: RecordingSession) {
  const all = session.all('etas').map(([isWhole, etas, gone]) => [isWhole, etas.map(short), gone])
  const came = all.slice(read.get(session) ?? 0)
  read.set(session, all.length)
  return came
}

test('a desk hears of all trips, each crew of its own, by road, and of the end of a way', async () => {
  await open()
  const roads = new Roads()
  world.host.driveOn(roads)
  const [one, two] = [await world.onDuty('A1', 300), await world.onDuty('A2', 600)]
  const [desk, idle] = [world.dispatcher(), await world.onDuty('A3', 9_000)]
  const [first, second] = [await world.call(), await world.call()]
  for (const session of [desk, one, idle]) await watch(session)
  const own = ['A1', 'scene', 300_000, 600, 'roads']
  const other = ['A2', 'scene', 600_000, 1_200, 'roads']
  assert.deepEqual(newOf(desk).at(-1), [true, [own, other], []])
  assert.deepEqual(newOf(one).at(-1), [true, [own], []])
  assert.deepEqual(newOf(idle).at(-1), [true, [], []])
  assert.deepEqual(newOf(two), [], 'who does not ask is told nothing')
  const [{ from, to, drive }] = roads.asked[0] as [WayAsked]
  assert.deepEqual([Object.keys(from).length, Object.keys(to).length, drive.priority], [4, 2, 1])

  world.fixAt(one, 100)
  await world.advance(1_500)
  assert.deepEqual(newOf(desk), [[false, [['A1', 'scene', 100_000, 200, 'roads']], []]])
  await accept(one)
  assert.equal(newOf(one).length, 1)
  await world.accepted(
    world.drive(one, { type: 'report-phase', tripId: first, phase: 'on-scene', happenedAtMs: world.nowMs }),
  )
  await world.advance(1_500)
  assert.deepEqual(newOf(desk), [[false, [], [first]]])
  assert.deepEqual(newOf(one), [[false, [], [first]]])
  assert.notEqual(second, first)
  assert.deepEqual(newOf(idle), [])
})

test('with a patient a unit is on its way to a destination that nobody has named', async () => {
  await open()
  const crew = await world.onDuty('A1', 300)
  const tripId = await world.call()
  await accept(crew)
  for (const phase of ['on-scene', 'transporting'] as const)
    await world.accepted(world.drive(crew, { type: 'report-phase', tripId, phase, happenedAtMs: world.nowMs }))
  const desk = world.dispatcher()
  await watch(desk)
  assert.deepEqual(lastOf(desk), [['A1', 'destination', null, null, 'straight-line', 'no-destination']])
})

test('a unit that drives as was expected is no news for half a minute, and one that stands is each 10 s', async () => {
  await open()
  world.host.driveOn(new Roads())
  const crew = await world.onDuty('A1', 300)
  await world.call()
  const desk = world.dispatcher()
  await watch(desk)
  newOf(desk)
  for (let second = 1; second <= 25; second++) {
    world.fixAt(crew, 300 - second)
    await world.advance(1_000)
  }
  assert.deepEqual(newOf(desk), [])
  await world.advance(10_000)
  assert.equal(newOf(desk).length, 1)
  await world.advance(60_000)
  const standing = newOf(desk)
  assert.ok(standing.length >= 5 && standing.length <= 7, `${standing.length}`)
})

test('what is left of the turnout counts until the crew drives, and the age of the fix throughout', async () => {
  await open()
  const roads = new Roads()
  roads.delay = { turnoutMs: 30_000, unsureMs: 7_000 }
  world.host.driveOn(roads)
  const crew = await world.onDuty('A1', 300)
  await world.call()
  await accept(crew)
  await world.advance(12_000)
  const desk = world.dispatcher()
  await watch(desk)
  const partsOf = ({ etaMs, turnoutMs, unsureMs }: TripEta) => [etaMs, turnoutMs, unsureMs]
  const [[toldMs, leftMs, unsureMs]] = desk.last('etas')[1].map(partsOf) as [number[]]
  assert.ok(leftMs! > 17_000 && leftMs! <= 18_000, `${leftMs}`)
  assert.deepEqual([toldMs, unsureMs], [300_000 + leftMs! + 7_000, 7_000])
  const { tripId } = crew.view.trip!
  await world.accepted(
    world.drive(crew, { type: 'report-phase', tripId, phase: 'en-route', happenedAtMs: world.nowMs }),
  )
  await world.advance(1_500)
  assert.deepEqual(desk.last('etas')[1].map(partsOf), [[307_000, undefined, 7_000]])
})

test('fixes that come often are reckoned once a second, and nothing is reckoned while nobody watches', async () => {
  await open()
  const roads = new Roads()
  world.host.driveOn(roads)
  const crew = await world.onDuty('A1', 300)
  await world.call()
  for (let at = 0; at < 20; at++) {
    world.fixAt(crew, 300 - at)
    await world.advance(100)
  }
  assert.equal(roads.asked.length, 0)
  const desk = world.dispatcher()
  await watch(desk)
  const before = roads.asked.length
  for (let at = 0; at < 50; at++) {
    world.fixAt(crew, 250 - at)
    await world.advance(100)
  }
  const rounds = roads.asked.length - before
  assert.ok(rounds >= 3 && rounds <= 5, `${rounds}`)
  world.host.tell(desk, { type: 'unwatch-etas', id: 'no-more' })
  await settle()
  const until = roads.asked.length
  for (let at = 0; at < 20; at++) {
    world.fixAt(crew, 100 - at)
    await world.advance(1_000)
  }
  assert.equal(roads.asked.length, until)
})

test('without roads, and where they do not answer, the straight line does, and it is said why', async () => {
  await open({ policy: { straightLineSpeedMps: 10 } })
  const crew = await world.onDuty('A1', 300)
  await world.call()
  const desk = world.dispatcher()
  await watch(desk)
  assert.deepEqual(lastOf(desk), [['A1', 'scene', 30_000, 300, 'straight-line']])
  const roads = new Roads()
  world.host.driveOn(roads)
  const next = async () => {
    world.fixAt(crew, 300)
    await world.advance(1_500)
    return lastOf(desk)[0]
  }
  roads.refusal = { ok: false, why: 'busy', message: 'later' }
  assert.deepEqual(await next(), ['A1', 'scene', 30_000, 300, 'straight-line', 'busy'])
  roads.refusal = null
  for (const problem of ['off-road', 'place-off-road', 'no-way']) {
    roads.answer = () => problem
    assert.deepEqual(await next(), ['A1', 'scene', 30_000, 300, 'straight-line', problem])
  }
  const { look, there, restrict, stop } = roads
  world.host.driveOn({ version: 8, look, there, restrict, stop })
  assert.ok(roads.isStopped, 'the threads of roads that are out of use end')
  assert.deepEqual(await next(), ['A1', 'scene', 30_000, 300, 'straight-line', 'busy'])
})

test('many trips are asked for a few at a time, all in their turn', async () => {
  await open()
  const roads = new Roads()
  world.host.driveOn(roads)
  for (let unit = 0; unit < 45; unit++) await world.onDuty(`A${unit}`, 300 + unit)
  for (let unit = 0; unit < 45; unit++) await world.call()
  const desk = world.dispatcher()
  await watch(desk)
  assert.deepEqual(
    roads.asked.map(({ length }) => length),
    [20, 20, 5],
  )
  assert.equal(new Set(newOf(desk).flatMap(([, etas]) => (etas as unknown[][]).map(([unitId]) => unitId))).size, 45)
})

test('what is not stored yet is not told, and a console that reads too slowly gets all of it once it has read', async () => {
  await open()
  world.host.driveOn(new Roads())
  const crew = await world.onDuty('A1', 300)
  const desk = world.dispatcher()
  await watch(desk)
  newOf(desk)
  world.journal.stall()
  void world.dispatch(callOf())
  await world.advance(3_000)
  assert.deepEqual(newOf(desk), [])
  desk.isBehind = true
  world.journal.resume()
  await world.advance(3_000)
  assert.deepEqual(newOf(desk), [])
  desk.isBehind = false
  world.fixAt(crew, 200)
  await world.advance(1_500)
  assert.deepEqual(newOf(desk), [[true, [['A1', 'scene', 200_000, 400, 'roads']], []]])
})

test('each of several requests is answered, also while their records wait', async () => {
  await open()
  const desk = world.dispatcher()
  await settle()
  world.journal.stall()
  void world.dispatch(callOf())
  await settle()
  for (const id of ['w1', 'w2']) world.host.tell(desk, { type: 'watch-etas', id })
  world.host.tell(desk, { type: 'unwatch-etas', id: 'u' })
  await settle()
  assert.deepEqual(desk.all('reply'), [])
  world.journal.resume()
  await world.advance(100)
  assert.deepEqual(
    desk.all('reply').map(([id]) => id),
    ['w1', 'w2', 'u'],
  )
})

test('a crew whose session was taken over is told nothing more, and a region that starts anew knows the ways of before', async () => {
  await open()
  world.host.driveOn(new Roads())
  const former = await world.onDuty('A1', 300)
  await world.call()
  await watch(former)
  newOf(former)
  const next = world.connect('A1')
  await settle()
  world.fixAt(next, 100)
  await world.advance(3_000)
  assert.deepEqual([newOf(former), newOf(next)], [[], []])
  await world.restart()
  const desk = world.dispatcher()
  await watch(desk)
  assert.equal(lastOf(desk)[0]![0], 'A1')
})
