import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '../../src/base/time.ts'
import { generatedCity } from '../../src/roads/city.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { prepareHierarchy } from '../../src/roads/hierarchy/prepare.ts'
import { answerJob, problemOfJob, type ReachJob, searchesOn } from '../../src/roads/reach/reach-jobs.ts'
import { ReachWorker } from '../../src/roads/reach/reach-worker.ts'
import { CLOSED_MS, roadTimes, sharedNumbers, timesOf } from '../../src/roads/road-times.ts'
import { sharedBytes } from '../../src/roads/thread.ts'
import { seeded } from '../../tools/shared/random.ts'

const random = seeded(12)
const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 26, rows: 26, random })
assert.ok(outcome.ok)
const { graph } = outcome
const times = timesOf(graph, 'ordinary')!
const graphBytes = sharedBytes(encodeGraph(graph))
const somewhere = () => ({ arc: Math.floor(random() * graph.arcCount), share: random(), isEitherWay: true })
const places = (count: number) => Array.from({ length: count }, somewhere)
const TABLE = { kind: 'table', ask: { from: places(7), to: places(9), times, hierarchy: null } } as const
const REACH = {
  kind: 'reach',
  ask: { heading: 'from', place: somewhere(), times, withinMs: 120_000 },
  maxBytes: 5_000,
} as const
const COVERAGE = {
  kind: 'coverage',
  ask: {
    units: places(4).map(position => ({ position, addedMs: 60_000 })),
    demand: places(50).map(position => ({ position, weight: 1 })),
    times,
    targetMs: 200_000,
  },
} as const
const ROUTE = { kind: 'route', ask: { from: somewhere(), to: somewhere(), times }, maxBytes: 700 } as const
const here = () => searchesOn(graph)

suite('a thread for questions that go through much of a network', () => {
  let worker: ReachWorker
  before(() => {
    worker = new ReachWorker({ graphBytes, timeoutMs: 60_000, maxWaiting: 8 }, systemClock)
  })
  after(() => worker.stop())

  test('it answers what would be answered here, question after question', async () => {
    const jobs: ReachJob[] = [TABLE, REACH, COVERAGE, ROUTE, TABLE]
    const answers = await Promise.all(jobs.map(job => worker.ask(job)))
    for (const [index, job] of jobs.entries())
      assert.deepEqual(answers[index], { ok: true, value: answerJob(here(), job) })
  })

  test('a route is told with its line in the bytes that were asked for, and that there is none where roads are closed', async () => {
    const answer = await worker.ask(ROUTE)
    assert.ok(answer.ok && answer.value !== null)
    const whole = here().routes.route(ROUTE.ask.from, ROUTE.ask.to, times)!
    assert.deepEqual([answer.value.driveMs, answer.value.roadM], [whole.driveMs, whole.roadM])
    assert.ok(JSON.stringify(answer.value.line.points).length <= 700)
    const closed = roadTimes(graph, times.ms, sharedNumbers(graph.arcCount).fill(CLOSED_MS))
    assert.deepEqual(await worker.ask({ ...ROUTE, ask: { ...ROUTE.ask, times: closed } }), { ok: true, value: null })
  })

  test('a table by a hierarchy in shared memory is the same', async () => {
    const hierarchy = await prepareHierarchy({ graphBytes, way: 'ordinary' })
    const answer = await worker.ask({ ...TABLE, ask: { ...TABLE.ask, hierarchy } })
    assert.deepEqual(answer, await worker.ask(TABLE))
  })

  test('what fails fails by itself, and the next question has a new thread', async () => {
    // Without times the thread fails in the middle of it.
    const broken = {
      ...TABLE,
      ask: { ...TABLE.ask, times: { ...times, inMs: null as never, throughMs: null as never } },
    }
    const [failed, right] = await Promise.all([worker.ask(broken), worker.ask(TABLE)])
    assert.ok(!failed.ok)
    assert.equal(failed.why, 'failed')
    assert.ok(right.ok)
  })

  test('what cannot be handed to a thread is told, too', async () => {
    const answer = await worker.ask({ ...REACH, ask: { ...REACH.ask, place: (() => undefined) as never } })
    assert.ok(!answer.ok)
    assert.equal(answer.why, 'failed')
    assert.ok((await worker.ask(REACH)).ok)
  })
})

test('a question that takes too long is given up, and the next one is answered', async () => {
  let due: (() => void) | null = null
  const clock = {
    monotonicMs: () => 0,
    after: (_: number, run: () => void) => {
      due = run
      return () => {
        due = null
      }
    },
  }
  const worker = new ReachWorker({ graphBytes, timeoutMs: 1_000, maxWaiting: 2 }, clock)
  try {
    const slow = worker.ask(TABLE)
    assert.ok(due !== null)
    ;(due as () => void)()
    const answer = await slow
    assert.ok(!answer.ok)
    assert.equal(answer.why, 'too-slow')
    assert.match(answer.message, /more than 1000 ms/)
    assert.ok((await worker.ask(TABLE)).ok)
    assert.equal(due, null)
  } finally {
    await worker.stop()
  }
})

test('more than may wait is refused, and what waits at the end is told so', async () => {
  const worker = new ReachWorker({ graphBytes, timeoutMs: 60_000, maxWaiting: 2 }, systemClock)
  const asked = [TABLE, TABLE, TABLE, TABLE].map(job => worker.ask(job))
  const refused = await asked[3]!
  assert.deepEqual(refused, { ok: false, why: 'busy', message: '2 questions wait already: ask again later.' })
  await worker.stop()
  for (const each of asked.slice(0, 3)) {
    const answer = await each
    assert.ok(!answer.ok)
    assert.equal(answer.why, 'stopped')
  }
  const late = await worker.ask(TABLE)
  assert.ok(!late.ok)
  assert.equal(late.why, 'stopped')
})

test('a question that is too large is refused before anything is done', async () => {
  const many = (count: number) => new Array<typeof REACH.ask.place>(count).fill(REACH.ask.place)
  const wrong: [ReachJob, RegExp][] = [
    [{ ...TABLE, ask: { ...TABLE.ask, from: many(10_001), to: [] } }, /10001 × 0 places/],
    [{ ...TABLE, ask: { ...TABLE.ask, from: many(1_001), to: many(1_000) } }, /1000000 cells fit/],
    [{ ...REACH, maxBytes: 499 }, /maxBytes goes from 500/],
    [{ ...ROUTE, maxBytes: 0 }, /maxBytes goes from 500/],
    [{ ...REACH, maxBytes: 4_000_001 }, /to 4000000/],
    [{ ...REACH, ask: { ...REACH.ask, withinMs: -1 } }, /withinMs/],
    [{ ...COVERAGE, ask: { ...COVERAGE.ask, targetMs: Number.NaN } }, /targetMs/],
    [
      { ...COVERAGE, ask: { ...COVERAGE.ask, units: many(10_001).map(position => ({ position, addedMs: 0 })) } },
      /10001/,
    ],
  ]
  const worker = new ReachWorker({ graphBytes, timeoutMs: 1, maxWaiting: 0 }, systemClock)
  for (const [job, problem] of wrong) {
    assert.match(problemOfJob(job)!, problem)
  }
  const answer = await worker.ask({ ...REACH, maxBytes: 1 })
  assert.ok(!answer.ok)
  assert.equal(answer.why, 'too-large')
  for (const job of [TABLE, REACH, COVERAGE, ROUTE]) assert.equal(problemOfJob(job), null)
  await worker.stop()
})
