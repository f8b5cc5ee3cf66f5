/** Travel times by hour, siren and closures: those of plain search, the same with and without a hierarchy of them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Drive, Driving } from '../../src/domain/dispatch/travel-times.ts'
import type { PlacedFix } from '../../src/domain/fix.ts'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { DEFAULT_POLICY } from '../../src/domain/policy.ts'
import { generatedCity } from '../../src/roads/city.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { encodeGraph } from '../../src/roads/graph-codec.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { timesOf, WAY_DRIVEN } from '../../src/roads/road-times.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { sharedBytes } from '../../src/roads/thread.ts'
import type { HierarchyMaker } from '../../src/roads/travel/driven-times.ts'
import { hierarchyOfTimes } from '../../src/roads/travel/hierarchy-of-times.ts'
import { prepared } from '../../src/roads/travel/prepared-roads.ts'
import { RoadTravel } from '../../src/roads/travel/road-travel.ts'
import { seeded } from '../../tools/shared/random.ts'
import { networks, type PlainTimes, plainWay } from './networks.ts'

const HOUR_MS = 3_600_000
const A_DAY_MS = 24 * HOUR_MS
/** A Wednesday. */
const MIDNIGHT_MS = Date.UTC(2026, 5, 10)
const [NIGHT, PEAK, NOON] = [2, 8, 12]
const DRIVING: Driving = {
  policy: { ...DEFAULT_POLICY, sirenPercent: { 1: 100, 2: 50, 3: 0, 4: 0, 5: 0 }, sirenTimePercent: 75 },
  timeZone: 'UTC',
}
const at = (hour: number, priority: Drive['priority']): Drive => ({ priority, atMs: MIDNIGHT_MS + hour * HOUR_MS })
const fixAt = ({ lonDeg, latDeg }: Position): PlacedFix => ({
  ...{ seq: 1, fixedAtMs: 0, accuracyM: null, speedMps: null, headingDeg: null, streamId: 's', lonDeg, latDeg },
})
type Settings = NonNullable<ConstructorParameters<typeof RoadTravel>[2]>
const travelOn = (graph: RoadGraph, settings?: Settings) =>
  new RoadTravel(prepared(graph, buildHierarchy(graph, timesOf(graph, WAY_DRIVEN)!.ms)), 1, settings)
const madeAtOnce =
  (graph: RoadGraph): HierarchyMaker =>
  async throughMs =>
    buildHierarchy(graph, throughMs)

interface Zone {
  readonly arcs: readonly number[]
  readonly slowBy: number | null
}

/** By the words of docs/roads.md; every arc is a street. */
function rightTimes(graph: RoadGraph, zones: readonly Zone[], hour: number, priority: Drive['priority']): PlainTimes {
  const share = priority === 1 ? 1 : priority === 2 ? 0.5 : 0
  const arcs = [...graph.timesMs.get('ordinary')!].map((usualMs, arc) => {
    const without = hour === PEAK ? usualMs * 1.08 : usualMs
    const siren = hour === NIGHT ? (usualMs / (4 / 3)) * 1.28 : usualMs / (4 / 3)
    const ms = Math.max(1, Math.round(without + share * (siren - without)))
    const on = zones.filter(zone => zone.arcs.includes(arc))
    if (on.some(({ slowBy }) => slowBy === null)) return { ms, throughMs: null }
    const slow = Math.round(ms * Math.max(1, ...on.map(({ slowBy }) => slowBy!)))
    return { ms: slow, throughMs: slow }
  })
  return { ms: arcs.map(({ ms }) => ms), throughMs: arcs.map(({ throughMs }) => throughMs) }
}

const points = fc.record({
  lonDeg: fc.integer({ min: -2, max: 62 }).map(x => 10 + x * 1e-4),
  latDeg: fc.integer({ min: -2, max: 62 }).map(y => 50 + y * 1e-4),
})
const zonesOn = (graph: RoadGraph) =>
  fc.array(
    fc.record({
      arcs: fc.array(fc.nat(graph.arcCount - 1), { minLength: 1, maxLength: 5 }),
      slowBy: fc.option(fc.integer({ min: 1, max: 20 })),
    }),
    { maxLength: 3 },
  )
function put(travel: RoadTravel, zones: readonly Zone[]): void {
  for (const [index, { arcs, slowBy }] of zones.entries())
    assert.ok(travel.zones.put({ zoneId: `z${index}`, fromMs: 0, untilMs: null, slowBy, where: { arcs } }).ok)
}

test('a time by priority, hour, closed and slow roads is that of plain search, by the search and by the hierarchy', async () => {
  const worlds = networks().chain(graph =>
    fc.record({
      graph: fc.constant(graph),
      zones: zonesOn(graph),
      from: fc.array(points, { minLength: 1, maxLength: 6 }),
      place: points,
      hour: fc.constantFrom(NIGHT, PEAK, NOON),
      priority: fc.constantFrom<Drive['priority']>(null, 1, 2, 3),
      stepsAPlace: fc.constantFrom(0, 1, 3, 1_000),
    }),
  )
  await fc.assert(
    fc.asyncProperty(worlds, async ({ graph, zones, from, place, hour, priority, stepsAPlace }) => {
      const right = rightTimes(graph, zones, hour, priority)
      const snapper = new RoadSnapper(graph)
      const to = snapper.snap({ ...place, isAddress: true, headingDeg: null, former: null })
      for (const make of [undefined, madeAtOnce(graph)]) {
        const travel = travelOn(graph, { stepsAPlace, ...(make && { make }) })
        put(travel, zones)
        const ask = () => travel.look(DRIVING).to(place, at(hour, priority))
        ask()
        await travel.settled()
        const approach = ask()
        if (typeof approach === 'string') return void assert.equal(approach, 'place-off-road')
        for (const fix of from.map(fixAt)) {
          const onRoad = snapper.snap({ ...fix, isAddress: false, headingDeg: null, former: null })
          const driveMs = approach.driveMs(fix, Infinity)
          if (onRoad === null) {
            assert.equal(driveMs, 'off-road')
            continue
          }
          const { ms } = plainWay(graph, onRoad, to!, right)
          assert.equal(driveMs, ms > A_DAY_MS ? 'cut-off' : ms)
          assert.ok(approach.leastMs(distanceM(fix, place)) <= ms, 'the bound is one')
          if (ms > A_DAY_MS) continue
          assert.equal(approach.driveMs(fix, ms), ms, 'just within')
          assert.equal(approach.driveMs(fix, ms - 1), Infinity, 'just beyond')
        }
      }
    }),
    { numRuns: 300 },
  )
})

const random = seeded(11)
const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 24, rows: 24, random })
assert.ok(outcome.ok)
const city = outcome.graph
const somewhere = () => {
  const node = Math.floor(random() * city.nodeCount)
  return { lonDeg: city.lonDeg[node]! + random() * 4e-4, latDeg: city.latDeg[node]! + random() * 4e-4 }
}
const bridges = [...city.arcName.keys()].filter(arc => city.names[city.arcName[arc]!]!.startsWith('Bridge'))

/** What a look tells of many units and places, to the last estimate. */
function story(travel: RoadTravel, places: readonly Position[], fixes: readonly PlacedFix[]): unknown[] {
  const look = travel.look(DRIVING)
  const drives = [at(PEAK, 3), at(PEAK, 1)]
  return places.flatMap((place, index): unknown[] => {
    const approach = look.to(place, drives[index % 2]!)
    if (typeof approach === 'string') return [approach]
    return fixes.flatMap(fix => [approach.driveMs(fix, Infinity), approach.reachedMs, approach.driveMs(fix, 60_000)])
  })
}

test('a look of bounded length tells the same, estimates and all, whether the hierarchy is there or not', async () => {
  for (const stepsALook of [300, 17_000, 40_000, 1_000_000]) {
    const bounds = { stepsAPlace: 60, stepsALook }
    const [slow, quick] = [travelOn(city, bounds), travelOn(city, { ...bounds, make: madeAtOnce(city) })]
    for (const travel of [slow, quick]) put(travel, [{ arcs: bridges, slowBy: null }])
    const places = Array.from({ length: 6 }, somewhere)
    const fixes = Array.from({ length: 12 }, () => fixAt(somewhere()))
    story(quick, places, fixes)
    await quick.settled()
    const told = story(slow, places, fixes)
    assert.deepEqual(story(quick, places, fixes), told)
    assert.ok(stepsALook > 300 || told.includes('not-reached'))
    // Back to a place in between costs both the same, too.
    const [a, b] = [slow, quick].map(travel => story(travel, [places[0]!, places[1]!, places[0]!], fixes))
    assert.deepEqual(a, b)
  }
})

test('while roads are closed a place that no way leads to any more is cut off, and reopened it is reached as before', () => {
  const travel = travelOn(city)
  const [place, from] = [somewhere(), fixAt(somewhere())]
  const ask = () => {
    const approach = travel.look(DRIVING).to(place, at(NOON, 3))
    assert.ok(typeof approach === 'object')
    return [approach.driveMs(from, Infinity), approach.driveMs(from, HOUR_MS)]
  }
  const before = ask()
  assert.equal(typeof before[0], 'number')
  put(travel, [{ arcs: [...city.arcHead.keys()], slowBy: null }])
  assert.deepEqual(ask(), ['cut-off', Infinity])
  travel.zones.remove('z0')
  assert.deepEqual(ask(), before)
})

test('threads make one hierarchy after the other, of the times that are asked for last, and none once they are stopped', async () => {
  const graphBytes = sharedBytes(encodeGraph(city))
  const begun: AbortSignal[] = []
  const failures: unknown[] = []
  const make: HierarchyMaker = (throughMs, signal) => {
    begun.push(signal)
    return begun.length === 3
      ? Promise.reject(new Error('no memory'))
      : hierarchyOfTimes({ graphBytes, throughMs }, signal)
  }
  const travel = travelOn(city, { stepsAPlace: 0, make, failed: error => failures.push(error) })
  const [place, from] = [somewhere(), fixAt(somewhere())]
  const ask = (priority: Drive['priority']) => {
    const approach = travel.look(DRIVING).to(place, at(NOON, priority))
    assert.ok(typeof approach === 'object')
    return approach.driveMs(from, Infinity)
  }
  const slow = [ask(null), ask(1), ask(2), ask(1)]
  assert.equal(begun.length, 1, 'the ordinary times have theirs, and one thread runs at a time')
  await travel.settled()
  assert.equal(begun.length, 2)
  assert.deepEqual([ask(null), ask(1), ask(2), ask(1)], slow)
  put(travel, [{ arcs: [0], slowBy: 2 }])
  ask(1)
  await travel.settled()
  assert.deepEqual([begun.length, String(failures)], [3, 'Error: no memory'])
  ask(1)
  ask(2)
  assert.equal(begun.length, 4, 'what failed is not tried again')
  put(travel, [{ arcs: [0], slowBy: 3 }])
  ask(2)
  assert.equal(begun[3]!.aborted, true, 'nobody asks for those times any more')
  travel.stop()
  await travel.settled()
  assert.equal(typeof ask(1), 'number')
  assert.equal(begun.length, 4)
})
