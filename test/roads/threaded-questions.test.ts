/** What is asked of a region's roads: the answers are those of a search here, by places as people and receivers tell them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { systemClock } from '../../src/base/time.ts'
import type { RoadQuestion, Spot } from '../../src/domain/dispatch/road-questions.ts'
import type { Drive, Driving } from '../../src/domain/dispatch/travel-times.ts'
import type { Position } from '../../src/domain/geo.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { generatedCity } from '../../src/roads/city.ts'
import type { RoadPosition } from '../../src/roads/graph.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { coverageOf } from '../../src/roads/reach/coverage.ts'
import { problemOfJob, searchesOn } from '../../src/roads/reach/reach-jobs.ts'
import { roadPoints } from '../../src/roads/reach/road-points.ts'
import { ThreadedQuestions } from '../../src/roads/reach/threaded-questions.ts'
import { roadTimes, sharedNumbers, timesOf } from '../../src/roads/road-times.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { sharedBytes } from '../../src/roads/thread.ts'
import { seeded } from '../../tools/shared/random.ts'

const random = seeded(21)
const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 26, rows: 26, random })
assert.ok(outcome.ok)
const graph = { ...outcome.graph, names: ['', 'Long Road'], arcName: outcome.graph.arcName.map((_, arc) => +(arc < 9)) }
const usual = timesOf(graph, 'ordinary')!
const slowMs = sharedNumbers(graph.arcCount)
slowMs.set(usual.ms.map((ms, arc) => (arc % 3 === 0 ? ms * 4 : ms)))
const slow = roadTimes(graph, slowMs, slowMs)
const asked: Drive[] = []
const DRIVING: Driving = { policy: DEFAULT_POLICY, timeZone: 'UTC' }
const questions = new ThreadedQuestions({
  graphBytes: sharedBytes(encodeGraph(graph)),
  timesFor: (driving, drive) => {
    assert.equal(driving, DRIVING)
    asked.push(drive)
    return drive.priority === 1 ? slow : usual
  },
  scheduler: systemClock,
})
after(() => questions.stop())

const { tree, routes } = searchesOn(graph)
const snapper = new RoadSnapper(graph)
const DRIVE = { priority: 3, atMs: 0 } as const
const URGENT = { priority: 1, atMs: 0 } as const
/** Beside a node, but for its name. */
const somewhere = (): Position => {
  const node = Math.floor(random() * graph.nodeCount)
  return { lonDeg: graph.lonDeg[node]! + 1e-5, latDeg: graph.latDeg[node]! + 2e-5 }
}
const vehicle = (place: Position) => ({ ...place, speedMps: 9, headingDeg: 80 })
const OFF: Position = { lonDeg: 8, latDeg: 52 }
const onRoad = (spot: Spot): RoadPosition => {
  const isAddress = !('speedMps' in spot)
  const headingDeg = isAddress ? null : spot.headingDeg
  return snapper.snap({ lonDeg: spot.lonDeg, latDeg: spot.latDeg, isAddress, headingDeg, former: null })!
}
async function answer<Question extends RoadQuestion>(question: Question) {
  const told = await questions.ask(question, DRIVING)
  assert.ok(told.ok, JSON.stringify(told))
  return told.value
}

test('what is left of ways is that of a search from each fix, by the times of each drive, and says where no way is', async () => {
  const to = somewhere()
  const fixes = Array.from({ length: 6 }, () => vehicle(somewhere()))
  for (const from of fixes) {
    const ways = [
      { key: 'T1', from, to, drive: DRIVE },
      { key: 'T2', from, to, drive: URGENT },
      { key: 'T3', from: vehicle(OFF), to, drive: DRIVE },
      { key: 'T4', from, to: OFF, drive: DRIVE },
    ]
    const told = await answer({ kind: 'left', ways })
    const expected = [usual, slow].map(times => {
      const { driveMs, roadM } = routes.route(onRoad(from), onRoad(to), times)!
      return { driveMs, roadM }
    })
    assert.deepEqual(told, [...expected, 'off-road', 'place-off-road'])
  }
  assert.ok(asked.some(({ priority }) => priority === 1))
})

test('a key whose place has moved goes to the new place', async () => {
  const from = vehicle(somewhere())
  for (const to of [somewhere(), somewhere()]) {
    const [told] = await answer({ kind: 'left', ways: [{ key: 'T1', from, to, drive: DRIVE }] })
    assert.equal((told as { driveMs: number }).driveMs, routes.route(onRoad(from), onRoad(to), usual)!.driveMs)
  }
})

test('a street is found by its name', async () => {
  const [found] = await answer({ kind: 'find-place', text: 'long rd', limit: 3 })
  assert.deepEqual([found?.kind, found?.names], ['street', ['Long Road']])
})

test('destinations have their times, by those of the drive; those off the road are left out', async () => {
  const from = vehicle(somewhere())
  const destinations = Array.from({ length: 5 }, (_, index) => ({ id: `H${index}`, ...somewhere() }))
  for (const [drive, times] of [[DRIVE, usual] as const, [URGENT, slow] as const]) {
    const question = {
      kind: 'destinations',
      from,
      drive,
      destinations: [...destinations, { id: 'OFF', ...OFF }],
    } as const
    const told = await answer(question)
    assert.ok(told instanceof Map)
    const expected = destinations.map(
      each => [each.id, routes.route(onRoad(from), onRoad(each), times)!.driveMs] as const,
    )
    assert.deepEqual(new Map([...told].sort()), new Map(expected))
  }
  assert.equal(await answer({ kind: 'destinations', from: OFF, drive: DRIVE, destinations: [] }), 'off-road')
})

test('reach is drawn within its bytes, as lines or as cells', async () => {
  const reach = { kind: 'reach', heading: 'from', spot: somewhere(), drive: DRIVE, withinMs: 40_000 } as const
  const lines = await answer({ ...reach, maxBytes: 100_000 })
  assert.ok(lines !== 'off-road' && lines.form === 'lines' && lines.lines.length > 3)
  const cells = await answer({ ...reach, withinMs: 400_000, maxBytes: 3_000 })
  assert.ok(cells !== 'off-road' && cells.form === 'cells')
  assert.ok(JSON.stringify(cells).length <= 3_000)
  assert.equal(await answer({ ...reach, spot: OFF, maxBytes: 3_000 }), 'off-road')
})

test('coverage counts the points that the units reach in time, of calls or of a grid over the roads', async () => {
  const units = [vehicle(somewhere()), vehicle(somewhere()), vehicle(OFF)]
  const demand = Array.from({ length: 40 }, somewhere)
  const targetMs = 60_000
  const covering = units.slice(0, 2).map(unit => ({ position: onRoad(unit), addedMs: 0 }))
  const reachedOf = (points: readonly RoadPosition[]) =>
    coverageOf(tree, {
      ...{ units: covering, times: usual, targetMs },
      demand: points.map(position => ({ position, weight: 1 })),
    }).coveredWeight
  const ask = { kind: 'coverage', units, drive: DRIVE, targetMs } as const
  const byCalls = await answer({ ...ask, demand: [...demand, OFF] })
  assert.deepEqual(byCalls, { points: 41, reached: reachedOf(demand.map(onRoad)) })
  const points = roadPoints(graph)
  assert.deepEqual(await answer({ ...ask, demand: null }), { points: points.length, reached: reachedOf(points) })
})

test('a grid over the roads has a point where roads are, and no more than may be', () => {
  const points = roadPoints(graph)
  assert.ok(points.length > 20 && points.length <= graph.nodeCount)
  assert.ok(roadPoints(graph, 10).length <= 10)
})

test('a route has its line within its bytes', async () => {
  const [from, to] = [vehicle(somewhere()), somewhere()]
  const expected = routes.route(onRoad(from), onRoad(to), usual)!
  const told = await answer({ kind: 'route', from, to, drive: DRIVE, maxBytes: 500 })
  assert.ok(typeof told !== 'string')
  assert.deepEqual([told.driveMs, told.roadM], [expected.driveMs, expected.roadM])
  assert.ok(told.line.length >= 2 && JSON.stringify(told.line).length <= 500)
  assert.equal(await answer({ kind: 'route', from: vehicle(OFF), to, drive: DRIVE, maxBytes: 500 }), 'off-road')
})

test('a question that asks too much is refused, and none is answered once the roads are no longer in use', async () => {
  const way = { key: '', from: OFF, to: OFF, drive: DRIVE }
  const tooLarge: RoadQuestion[] = [
    { kind: 'left', ways: Array.from({ length: 1_001 }, () => way) },
    {
      kind: 'destinations',
      from: OFF,
      drive: DRIVE,
      destinations: Array.from({ length: 1_001 }, () => ({ id: '', ...OFF })),
    },
    { kind: 'route', from: OFF, to: OFF, drive: DRIVE, maxBytes: 499 },
    { kind: 'reach', heading: 'to', spot: OFF, drive: DRIVE, withinMs: 20_000_000, maxBytes: 5_000 },
    { kind: 'coverage', units: [], demand: null, drive: DRIVE, targetMs: -1 },
  ]
  for (const question of tooLarge) {
    assert.notEqual(
      problemOfJob({ kind: 'question', asked: { question, timesOf: [], times: [] } }),
      null,
      question.kind,
    )
    const told = await questions.ask(question, DRIVING)
    assert.equal(told.ok ? null : told.why, 'too-large')
  }
  await questions.stop()
  const told = await questions.ask({ kind: 'find-place', text: 'long', limit: 1 }, DRIVING)
  assert.equal(told.ok ? null : told.why, 'stopped')
})
