/** A region that goes by roads: who is sent, what is told and kept, what it does where roads do not help, and how they change. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { Roads } from '../../../src/domain/dispatch/travel-times.ts'
import type { Candidate, DecisionRecord } from '../../../src/domain/events/decision-record.ts'
import { alike } from '../../../src/domain/policy.ts'
import type { Priority } from '../../../src/domain/vocabulary.ts'
import type { NearestResult, TripExplanation } from '../../../src/protocol/wire/answer-views.ts'
import { buildHierarchy } from '../../../src/roads/hierarchy/build.ts'
import { NetworkBuilder } from '../../../src/roads/network-builder.ts'
import { WAY_DRIVEN } from '../../../src/roads/road-times.ts'
import { prepared } from '../../../src/roads/travel/prepared-roads.ts'
import { RoadTravel } from '../../../src/roads/travel/road-travel.ts'
import { given } from '../../roads/networks.ts'
import { RegionWorld, SCENE, settle, type WorldOptions } from '../../support/region-world.ts'

let world: RegionWorld
/** Crews that roll at once: what is told is how long they drive. */
const AT_ONCE = { moving: 0, atPost: 0, stationDay: 0, stationNight: 0 }
const open = async (options: WorldOptions = {}) => {
  world = await RegionWorld.open({ ...options, policy: { turnoutMs: AT_ONCE, ...options.policy } })
  return world
}
afterEach(() => world.close())

const DEGREES_PER_M = 1 / 111_195
const [NORTH, EAST] = [DEGREES_PER_M, DEGREES_PER_M / Math.cos((SCENE.latDeg * Math.PI) / 180)]
const at = (northM: number, eastM: number) => ({
  lonDeg: SCENE.lonDeg + eastM * EAST,
  latDeg: SCENE.latDeg + northM * NORTH,
})

/**
 * The scene, a place 500 m north of it to which there is only a long way round, and one 1,500 m north with a quick road. In
 * seconds to the scene: 300 and `quickS`.
 */
function roads(version: number, quickS = 120, bounds: { stepsAPlace?: number; stepsALook?: number } = {}): Roads {
  const builder = new NetworkBuilder(['ordinary'])
  const places = [at(0, 0), at(500, 0), at(500, -300), at(0, 400), at(1_500, 400), at(1_500, 0)]
  for (const { lonDeg, latDeg } of places) builder.addNode(lonDeg, latDeg)
  const street = (one: number, other: number, seconds: number) => {
    for (const [tail, head] of [
      [one, other],
      [other, one],
    ] as const)
      builder.addArc(given(tail, head, { seconds: [seconds], lengthM: 500 }))
  }
  street(1, 2, 10)
  street(2, 0, 290)
  street(0, 3, 20)
  street(3, 4, quickS - 40)
  street(4, 5, 20)
  const outcome = builder.build()
  assert.ok(outcome.ok)
  const { graph } = outcome
  return new RoadTravel(prepared(graph, buildHierarchy(graph, graph.timesMs.get(WAY_DRIVEN)!)), version, bounds)
}

async function driveOn(next: Roads | null): Promise<void> {
  world.host.driveOn(next)
  await settle()
}

const decisions = async (): Promise<DecisionRecord[]> =>
  (await world.events('OfferMade')).map(({ decision }) => decision)
const lastDecision = async () => (await decisions()).at(-1)!
const nearest = (place = SCENE) => world.query<NearestResult>({ type: 'nearest', ...place, k: 9, levelOfCare: null })
const timesIn = ({ units }: NearestResult) =>
  units.map(({ unitId, etaMs, estimated }) => [unitId, etaMs, estimated].filter(each => each !== undefined))

test('who is there first by road is sent, though another one is nearer, and the decision says by which roads and times', async () => {
  await open()
  await driveOn(roads(7))
  await world.onDuty('NEAR', 500)
  await world.onDuty('QUICK', 1_500)
  await world.call({ priority: 3 })
  const { basis, roadsVersion, notByRoad, candidates } = await lastDecision()
  assert.deepEqual([basis, roadsVersion, notByRoad], ['roads', 7, undefined])
  assert.deepEqual(
    candidates.map(({ unitId, distanceM, etaMs, estimated }) => [unitId, distanceM, etaMs, estimated]),
    [
      ['QUICK', 1_500, 120_000, undefined],
      ['NEAR', 500, 300_000, undefined],
    ],
  )
})

test('without roads the nearest is sent, and nothing is said of times or roads', async () => {
  await open()
  await world.onDuty('NEAR', 500)
  await world.onDuty('QUICK', 1_500)
  await world.call({ priority: 3 })
  const { policyVersion: _, ...decision } = await lastDecision()
  assert.deepEqual(decision, {
    basis: 'straight-line',
    candidates: [
      { unitId: 'NEAR', distanceM: 500, fixAgeMs: 0, levelOfCare: 'als' },
      { unitId: 'QUICK', distanceM: 1_500, fixAgeMs: 0, levelOfCare: 'als' },
    ],
    ...{ excluded: {}, eligible: 2, passedOver: [] },
  })
  assert.deepEqual(Object.keys(await nearest()), ['basis', 'units'])
})

test('nearest and an explanation go by the same roads, and a unit that is on none has an estimate that says so', async () => {
  await open({ policy: { straightLineSpeedMps: 20 } })
  await driveOn(roads(7))
  await world.onDuty('NEAR', 500)
  await world.onDuty('OFF', 4_000)
  await world.onDuty('QUICK', 1_500)
  const found = await nearest()
  assert.deepEqual([found.basis, found.roadsVersion], ['roads', 7])
  assert.deepEqual(timesIn(found), [
    ['QUICK', 120_000],
    ['OFF', 200_000, 'off-road'],
    ['NEAR', 300_000],
  ])
  const tripId = await world.call({ priority: 3 })
  const why = await world.query<TripExplanation>({ type: 'explain-trip', tripId, unitId: null })
  assert.deepEqual([why.basis, why.roadsVersion], ['roads', 7])
  assert.equal(
    why.why,
    '2 units could go, the soonest of those is OFF, 200 s away by an estimate, as it is off-road. 1 unit could not: 1 busy.',
  )
  assert.deepEqual(
    why.passedOver.map(({ unitId, etaMs, reason }) => [unitId, etaMs, reason]),
    [['QUICK', 120_000, 'busy']],
  )
  assert.equal(world.region.roads.fallbacks.get('off-road'), 3)
})

test('the only unit is sent, on whatever road it is not', async () => {
  await open()
  await driveOn(roads(7))
  await world.onDuty('OFF', 9_000)
  await world.call()
  const [candidate] = (await lastDecision()).candidates
  assert.deepEqual([candidate?.unitId, candidate?.etaMs, candidate?.estimated], ['OFF', 900_001, 'off-road'])
})

test('a place that is on no road is gone to by the straight line, which the decision says', async () => {
  await open()
  await driveOn(roads(7))
  await world.onDuty('NEAR', 500)
  await world.onDuty('QUICK', 1_500)
  await world.call({ ...at(700, 3_000), priority: 3 })
  const { basis, roadsVersion, notByRoad, candidates } = await lastDecision()
  assert.deepEqual([basis, roadsVersion, notByRoad], ['straight-line', undefined, 'place-off-road'])
  assert.deepEqual([candidates[0]?.unitId, candidates[0]?.etaMs], ['NEAR', undefined])
  assert.equal((await nearest(at(700, 3_000))).notByRoad, 'place-off-road')
})

test('a search that has cost as much as it may ends in estimates, and a unit is sent', async () => {
  await open()
  await driveOn(roads(7, 120, { stepsAPlace: 1, stepsALook: 45 }))
  await world.onDuty('NEAR', 500)
  await world.onDuty('QUICK', 1_500)
  await world.call({ priority: 3 })
  const { basis, candidates } = await lastDecision()
  assert.equal(basis, 'roads')
  assert.ok(candidates.length === 2 && candidates.every(({ etaMs }) => etaMs !== undefined))
  assert.ok(candidates.some(({ estimated }) => estimated === 'not-reached'))
})

test('other roads hold from the next decision on, none go back to the straight line, and what was decided stays as it was', async () => {
  await open()
  await world.onDuty('NEAR', 500)
  await world.onDuty('QUICK', 1_500)
  const enter = async () => {
    const tripId = await world.call({ priority: 3 })
    await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'duplicate-call' }))
    const { basis, roadsVersion, candidates } = await lastDecision()
    return [basis, roadsVersion, candidates[0]?.unitId, candidates[0]?.etaMs]
  }
  await enter()
  await driveOn(roads(7))
  const byRoad = await enter()
  await driveOn(roads(8, 400))
  const byOthers = await enter()
  await driveOn(null)
  const byNone = await enter()
  assert.deepEqual(byRoad, ['roads', 7, 'QUICK', 120_000])
  assert.deepEqual(byOthers, ['roads', 8, 'NEAR', 300_000])
  assert.deepEqual(byNone, ['straight-line', undefined, 'NEAR', undefined])
  const before = await decisions()
  await world.restart()
  assert.deepEqual(await decisions(), before)
})

test('a trip is driven to with as much of a siren as its priority has by the policy, at the hour of the zone of its region', async () => {
  const times: [priority: Priority, timeZone: string, ms: number][] = [
    // By the clock of the world it is 22:13 at UTC, 17:13 in New York and 11:13 in Auckland, on a Tuesday and a Wednesday.
    [3, 'UTC', 120_000],
    [1, 'UTC', 76_800],
    [3, 'America/New_York', 129_600],
    [1, 'America/New_York', 60_000],
    [2, 'Pacific/Auckland', 90_000],
    [3, 'Pacific/Auckland', 120_000],
  ]
  await open({ policy: { sirenPercent: { ...alike(0), 1: 100, 2: 50 }, sirenTimePercent: 50 } })
  await driveOn(roads(7))
  await world.onDuty('QUICK', 1_500)
  for (const [priority, timeZone, ms] of times) {
    world.timeZone = timeZone
    const tripId = await world.call({ priority })
    assert.equal((await lastDecision()).candidates[0]?.etaMs, ms, `${priority} in ${timeZone}`)
    await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'duplicate-call' }))
  }
  assert.deepEqual(timesIn(await nearest()), [['QUICK', 120_000]], 'who only asks drives without siren')
})

test('what roads make beside is ended when others stand, and when the region is given up', async () => {
  await open()
  const stopped: number[] = []
  const heard = (version: number): Roads => {
    const made = roads(version)
    const there = () => ({ arcs: 0, room: 0 })
    const stop = () => void stopped.push(version)
    return { version, look: driving => made.look(driving), there, restrict: () => 0, stop }
  }
  const [first, second] = [heard(7), heard(8)]
  await driveOn(first)
  await driveOn(first)
  assert.deepEqual(stopped, [])
  await driveOn(second)
  assert.deepEqual(stopped, [7])
  world.crash()
  assert.deepEqual(stopped, [7, 8])
  await world.start()
})

test('a unit that a dispatcher chooses has its time, too', async () => {
  await open()
  await driveOn(roads(7))
  await world.onDuty('NEAR', 500)
  await world.onDuty('QUICK', 1_500)
  const tripId = await world.call({ priority: 3 })
  await world.accepted(world.dispatch({ type: 'assign-unit', tripId, unitId: 'NEAR', reason: 'better-suited' }))
  const { candidates } = await lastDecision()
  assert.deepEqual(
    candidates.map(({ unitId, etaMs }) => [unitId, etaMs]),
    [['NEAR', 300_000]],
  )
})

test('help goes beside the right unit only if it is sooner by road', async () => {
  for (const [next, helps] of [
    [null, 1],
    [roads(7), 0],
    [roads(8, 400), 1],
  ] as const) {
    await open({ policy: { helpSavesMs: 60_000, whenNoneFree: alike('nearest-trained') } })
    await driveOn(next)
    await world.onDuty('NEAR', 500, { levelOfCare: 'bls' })
    await world.onDuty('QUICK', 1_500)
    await world.call({ priority: 1, needs: [{ levelOfCare: 'als', capabilities: [] }] })
    assert.equal((await world.events('HelpAdded')).length, helps, next === null ? 'straight line' : `${next.version}`)
    await world.close()
  }
  await open()
})

const partsOf = ({ unitId, etaMs, turnoutMs, unsureMs }: Candidate) =>
  [unitId, etaMs, turnoutMs, unsureMs].filter(part => part !== undefined)

test('turnout counts in the order, by what a crew does, where and when, and is told apart from the drive', async () => {
  const turnoutMs = { moving: 5_000, atPost: 20_000, stationDay: 50_000, stationNight: 250_000 }
  await open({ policy: { turnoutMs } })
  await driveOn(roads(7))
  world.host.stationsAre([at(1_550, 0)])
  await world.onDuty('NEAR', 500)
  await world.onDuty('QUICK', 1_500)
  // By night a crew sleeps at its station, and the one at a post is there before it.
  await world.call({ priority: 3 })
  assert.deepEqual((await lastDecision()).candidates.map(partsOf), [
    ['NEAR', 320_000, 20_000],
    ['QUICK', 370_000, 250_000],
  ])
  // It is 11:13 there.
  world.timeZone = 'Pacific/Auckland'
  await world.call({ priority: 3 })
  assert.deepEqual((await lastDecision()).candidates.map(partsOf), [['QUICK', 170_000, 50_000]])
  const found = await nearest()
  assert.deepEqual(
    found.units.map(({ unitId, etaMs, turnoutMs }) => [unitId, etaMs, turnoutMs]),
    [],
    'both are busy',
  )
  await world.onDuty('ROLLS', 1_450)
  await world.onDuty('OFF', 4_000)
  await settle()
  const told = await nearest()
  assert.deepEqual(
    told.units.map(({ unitId, etaMs, turnoutMs, unsureMs, estimated }) => [
      unitId,
      etaMs,
      turnoutMs,
      unsureMs,
      estimated,
    ]),
    [
      ['ROLLS', 120_000 + 50_000, 50_000, undefined, undefined],
      ['OFF', 400_000 + 20_000, 20_000, undefined, 'off-road'],
    ],
  )
})

test('a unit of which nothing was heard for long is ranked by what it may have become, and the words of a decision say so', async () => {
  await open({ policy: { unsurePercent: 100 } })
  await driveOn(roads(7, 280))
  await world.onDuty('QUICK', 1_500)
  await world.advance(100_000)
  await world.onDuty('NEAR', 500)
  const tripId = await world.call({ priority: 3 })
  const { candidates } = await lastDecision()
  // 100 s old, and fresh for 45 s: it may have gone away for 55 s at 27 km/h, and comes back at 36.
  assert.deepEqual(candidates.map(partsOf), [
    ['NEAR', 300_000, 0],
    ['QUICK', 280_000 + 41_250, 0, 41_250],
  ])
  assert.equal(candidates[1]!.fixAgeMs, 100_000)
  await world.accepted(world.dispatch({ type: 'cancel-trip', tripId, reason: 'duplicate-call' }))
  world.goBy({ unsurePercent: 0 })
  await settle()
  await world.call({ priority: 3 })
  assert.deepEqual((await lastDecision()).candidates.map(partsOf), [
    ['QUICK', 280_000, 0],
    ['NEAR', 300_000, 0],
  ])
})
