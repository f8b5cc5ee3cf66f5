/** What is asked of the roads of a region: who may ask, by what it is answered where roads do not help, and what is refused. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Query } from '../../../src/actors/region-handle.ts'
import type { Refusal } from '../../../src/base/refusal.ts'
import type { AskableRoads, RoadOutcome, RoadQuestion } from '../../../src/domain/dispatch/road-questions.ts'
import type { CoverageView, Destinations, TripRoute } from '../../../src/protocol/wire/road-views.ts'
import { callOf, RegionWorld, SCENE, settle } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open({ mode: 'ordered', policy: { straightLineSpeedMps: 10 } })
})
afterEach(() => world.close())

const asked: RoadQuestion[] = []
/** Roads that answer all questions so. */
function driveOn(outcome: RoadOutcome<unknown>): void {
  const questions = {
    ask: async (question: RoadQuestion) => {
      asked.push(question)
      return outcome as RoadOutcome<never>
    },
  }
  const travel = {
    to: () => 'place-off-road' as const,
    leastDelayMs: 0,
    delayOf: () => ({ turnoutMs: 0, unsureMs: 0 }),
  }
  const unasked = { stop: () => {}, there: () => ({ arcs: 0, room: 0 }), restrict: () => 0 }
  const roads: AskableRoads = { version: 4, look: () => travel, ...unasked, questions }
  world.host.driveOn(roads)
}
async function refusal(query: Query): Promise<Refusal> {
  const refusals: Refusal[] = []
  world.host.query(query, answer => {
    assert.ok(!answer.ok)
    refusals.push(answer.refusal)
  })
  await settle()
  assert.equal(refusals.length, 1)
  return refusals[0]!
}

const FIND: Query = { type: 'find-place', text: 'queen', k: 3 }
const NOWHERE = { lonDeg: null, latDeg: null }
const REACH: Query = {
  ...{ type: 'reach', unitId: null, ...SCENE, heading: 'from', priority: null, withinMs: 1, maxBytes: 500 },
}
const COVERAGE: Query = { type: 'coverage', targetMs: 60_000, priority: 1, levelOfCare: null }
const OPEN = { status: 'open', statusNote: null, statusSinceMs: null } as const
const NEAR = { hospitalId: 'NEAR', name: 'Near', ...SCENE, address: null, emergencyDepartment: true, ...OPEN }
const HOSPITALS = [
  { ...NEAR, hospitalId: 'FAR', latDeg: SCENE.latDeg + 0.02, capabilities: ['stroke'] },
  { ...NEAR, latDeg: SCENE.latDeg + 0.01, capabilities: [] },
]
const destinations = (more: Partial<Query & { readonly type: 'best-destinations' }> = {}): Query => ({
  ...{ type: 'best-destinations', tripId: null, ...SCENE, capabilities: [], k: 9, crewOf: null },
  ...more,
})
const route = (tripId: string, crewOf: string | null = null): Query => ({
  type: 'trip-route',
  tripId,
  maxBytes: 500,
  crewOf,
})

test('a hospital on divert comes after those that are open, a closed one last, and both say so', async () => {
  const [far, near] = HOSPITALS
  const note = 'the scanner is down'
  world.host.hospitalsAre([
    far!,
    { ...near!, status: 'divert', statusNote: note, statusSinceMs: 1 },
    { ...near!, hospitalId: 'SHUT', status: 'closed', statusSinceMs: 1 },
  ])
  const { destinations: found } = await world.query<Destinations>(destinations())
  assert.deepEqual(
    found.map(({ hospitalId, status, statusNote }) => [hospitalId, status, statusNote]),
    [
      ['FAR', undefined, undefined],
      ['NEAR', 'divert', note],
      ['SHUT', 'closed', null],
    ],
  )
  assert.ok(found.every(each => !('statusSinceMs' in each)))
})

test('a region without roads says so, but for what goes by the straight line', async () => {
  for (const query of [FIND, REACH, COVERAGE]) assert.equal((await refusal(query)).code, 'no-roads')
  world.host.hospitalsAre(HOSPITALS)
  const { basis, notByRoad, destinations: found } = await world.query<Destinations>(destinations())
  assert.deepEqual([basis, notByRoad], ['straight-line', undefined])
  assert.deepEqual(
    found.map(({ hospitalId, estimated }) => [hospitalId, estimated]),
    [
      ['NEAR', undefined],
      ['FAR', undefined],
    ],
  )
  for (const { distanceM, etaMs } of found) assert.ok(Math.abs(etaMs - distanceM * 100) <= 50)
  const crew = await world.onDuty('A1', 300)
  const tripId = await world.call()
  const line = await world.query<TripRoute>(route(tripId, 'A1'))
  assert.deepEqual([line.basis, line.driveMs, line.distanceM, line.line.length], ['straight-line', 30_000, 300, 2])
  assert.equal((await refusal(route(tripId, 'A2'))).code, 'not-your-trip')
  assert.equal((await refusal(destinations({ tripId, ...NOWHERE, crewOf: 'A2' }))).code, 'not-your-trip')
  assert.equal(crew.closes.length, 0)
})

test('more than the roads can answer is refused with a moment to come again, and what goes on by the straight line says why', async () => {
  world.host.hospitalsAre(HOSPITALS)
  await world.onDuty('A1', 300)
  const tripId = await world.call()
  for (const why of ['busy', 'too-slow'] as const) {
    driveOn({ ok: false, why, message: 'later' })
    for (const query of [FIND, REACH, COVERAGE]) {
      const { code, details } = await refusal(query)
      assert.equal(code, 'overloaded')
      assert.ok((details!.retryAfterMs as number) > 0)
    }
    assert.equal((await world.query<Destinations>(destinations())).notByRoad, 'busy')
    assert.equal((await world.query<TripRoute>(route(tripId))).notByRoad, 'busy')
  }
  driveOn({ ok: false, why: 'stopped', message: 'others' })
  assert.equal((await refusal(FIND)).code, 'unavailable')
  driveOn({ ok: false, why: 'failed', message: 'broken' })
  assert.equal((await refusal(FIND)).code, 'internal')
  driveOn({ ok: true, value: 'off-road' })
  assert.equal((await refusal(REACH)).code, 'off-road')
  assert.equal((await world.query<TripRoute>(route(tripId))).notByRoad, 'off-road')
})

test('the demand is the calls of the last 30 days, or a grid over the roads; the units are those that may go now', async () => {
  driveOn({ ok: true, value: { points: 8, reached: 6 } })
  await world.onDuty('A1', 300)
  await world.onDuty('A2', 400, { levelOfCare: 'bls' })
  const coverage = async (changes = {}) => {
    const told = await world.query<CoverageView>({ ...COVERAGE, ...changes } as Query)
    const question = asked.at(-1)!
    assert.ok(question.kind === 'coverage')
    return [told.units, told.demand, question.demand?.length ?? null, told.share]
  }
  assert.deepEqual(await coverage(), [2, 'roads', null, 0.75])
  assert.deepEqual(await coverage({ levelOfCare: 'als' }), [1, 'roads', null, 0.75])
  await world.accepted(world.dispatch(callOf()))
  assert.deepEqual(await coverage(), [1, 'calls', 1, 0.75])
})

test('a patient is brought on from the scene, and once on board from where the unit is', async () => {
  driveOn({ ok: true, value: new Map([['NEAR', 500]]) })
  world.host.hospitalsAre(HOSPITALS)
  const crew = await world.onDuty('A1', 300)
  const tripId = await world.call()
  const { offerId } = crew.view.trip!.offer!
  await world.accepted(world.drive(crew, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
  const fromOf = async () => {
    const { destinations: found } = await world.query<Destinations>(destinations({ tripId, ...NOWHERE, crewOf: 'A1' }))
    assert.deepEqual(
      found.map(({ hospitalId, estimated }) => [hospitalId, estimated]),
      [
        ['NEAR', undefined],
        ['FAR', 'off-road'],
      ],
    )
    const question = asked.at(-1)!
    assert.ok(question.kind === 'destinations')
    assert.equal(question.drive.priority, 1)
    return 'speedMps' in question.from
  }
  assert.equal(await fromOf(), false)
  for (const phase of ['on-scene', 'transporting'] as const)
    await world.accepted(world.drive(crew, { type: 'report-phase', tripId, phase, happenedAtMs: world.nowMs }))
  assert.equal(await fromOf(), true)
  assert.equal((await refusal(route(tripId))).code, 'wrong-phase', 'nobody has said where to')
  const stroke = await world.query<Destinations>(destinations({ capabilities: ['stroke'] }))
  assert.deepEqual(
    stroke.destinations.map(({ hospitalId }) => hospitalId),
    ['FAR'],
  )
})
