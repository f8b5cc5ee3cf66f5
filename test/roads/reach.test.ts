import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { RoadGraph, RoadPosition } from '../../src/roads/graph.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { HierarchyNearest } from '../../src/roads/hierarchy/hierarchy-nearest.ts'
import { ReversedSearch } from '../../src/roads/nearest/reversed-search.ts'
import { RoadUnits } from '../../src/roads/nearest/road-units.ts'
import { bestDestinations } from '../../src/roads/reach/best-destinations.ts'
import { coverageOf } from '../../src/roads/reach/coverage.ts'
import { reachedRoads } from '../../src/roads/reach/reached-roads.ts'
import { NO_WAY_MS, travelTable } from '../../src/roads/reach/travel-table.ts'
import { TreeSearch } from '../../src/roads/reach/tree-search.ts'
import { CLOSED_MS, roadTimes } from '../../src/roads/road-times.ts'
import { times } from '../support/long.ts'
import { assertSame, fleetCases, fleetOf, plainRanking } from './fleets.ts'
import { networks, type PlainTimes, plainWay, positionsOn } from './networks.ts'

interface World {
  readonly graph: RoadGraph
  readonly places: readonly RoadPosition[]
  readonly others: readonly RoadPosition[]
  readonly closed: readonly number[]
}

const worlds = (maxNodes = 14): fc.Arbitrary<World> =>
  networks(maxNodes).chain(graph =>
    fc.record({
      graph: fc.constant(graph),
      places: fc.array(positionsOn(graph), { minLength: 1, maxLength: 5 }),
      others: fc.array(positionsOn(graph), { minLength: 1, maxLength: 5 }),
      closed: fc.oneof(fc.constant([]), fc.array(fc.nat(graph.arcCount - 1), { maxLength: 4 })),
    }),
  )

/** The times for the code and for the judge. */
function timesWith(graph: RoadGraph, closed: readonly number[]) {
  const ms = graph.timesMs.get('ordinary')!
  const now = roadTimes(
    graph,
    ms,
    ms.map((each, arc) => (closed.includes(arc) ? CLOSED_MS : each)),
  )
  const right: PlainTimes = { ms: [...ms], throughMs: [...ms].map((each, arc) => (closed.includes(arc) ? null : each)) }
  return { now, right }
}

test('a table holds what plain search finds between each two places, by searches from either side and by a hierarchy', () => {
  fc.assert(
    fc.property(worlds(), ({ graph, places, others, closed }) => {
      const { now, right } = timesWith(graph, closed)
      const search = new TreeSearch(graph)
      const expected = places.flatMap(from =>
        others.map(to => Math.min(NO_WAY_MS, plainWay(graph, from, to, right).ms)),
      )
      for (const hierarchy of [null, buildHierarchy(graph, now.throughMs)]) {
        const table = travelTable(search, { from: places, to: others, times: now, hierarchy })
        assert.deepEqual([...table], expected)
      }
    }),
    { numRuns: times(150, 4_000) },
  )
})

test('a table of nothing is empty', () => {
  fc.assert(
    fc.property(worlds(6), ({ graph, places }) => {
      const { now } = timesWith(graph, [])
      const ask = { times: now, hierarchy: null }
      assert.equal(travelTable(new TreeSearch(graph), { ...ask, from: places, to: [] }).length, 0)
      assert.equal(travelTable(new TreeSearch(graph), { ...ask, from: [], to: places }).length, 0)
    }),
    { numRuns: 5 },
  )
})

test('the best destinations are those of plain search, with what waits there, equal ones by id', () => {
  const cases = worlds().chain(world =>
    fc.record({
      world: fc.constant(world),
      addedMs: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9_000 })), { minLength: 5, maxLength: 5 }),
      k: fc.integer({ min: 0, max: 6 }),
    }),
  )
  fc.assert(
    fc.property(cases, ({ world: { graph, places, others, closed }, addedMs, k }) => {
      const { now, right } = timesWith(graph, closed)
      const search = new TreeSearch(graph)
      const destinations = others.map((position, index) => ({ id: `H${index}`, position, addedMs: addedMs[index]! }))
      for (const from of places) {
        const expected = destinations
          .map(({ id, position, addedMs: added }) => ({
            id,
            driveMs: plainWay(graph, from, position, right).ms,
            addedMs: added,
          }))
          .filter(({ driveMs }) => driveMs < Infinity)
          .sort((a, b) => a.driveMs + a.addedMs - b.driveMs - b.addedMs || (a.id < b.id ? -1 : 1))
        for (const hierarchy of [null, buildHierarchy(graph, now.throughMs)]) {
          const found = bestDestinations(search, { from, destinations, times: now, hierarchy, k })
          assert.deepEqual(found, expected.slice(0, k))
        }
      }
    }),
    { numRuns: times(200, 5_000) },
  )
})

test('roads are reached in a time, outwards and inwards, as far as plain search comes on each', () => {
  const cases = worlds(10).chain(world =>
    fc.record({
      world: fc.constant(world),
      withinMs: fc.integer({ min: 0, max: 12_000 }),
      heading: fc.constantFrom('from' as const, 'to' as const),
    }),
  )
  fc.assert(
    fc.property(cases, ({ world: { graph, places, closed }, withinMs, heading }) => {
      const { now, right } = timesWith(graph, closed)
      const place = places[0]!
      const { arcs, from, to } = reachedRoads(new TreeSearch(graph), { heading, place, times: now, withinMs })
      const own = place.isEitherWay ? [place.arc, graph.arcTwin[place.arc]!] : [place.arc]
      for (let arc = 0; arc < graph.arcCount; arc++) {
        const parts = [...arcs.keys()].filter(index => arcs[index] === arc)
        for (const index of parts) assert.ok(0 <= from[index]! && from[index]! <= to[index]! && to[index]! <= 1)
        if (closed.includes(arc)) {
          assert.equal(parts.length, own.includes(arc) ? 1 : 0)
          continue
        }
        for (let step = 0; step <= 8; step++) {
          const share = step / 8
          const point = { arc, share, isEitherWay: false }
          const { ms } =
            heading === 'from' ? plainWay(graph, place, point, right) : plainWay(graph, point, place, right)
          const isIn = parts.some(index => from[index]! <= share && share <= to[index]!)
          // A point at the very end is in or out by a fraction of a millisecond.
          if (Math.abs(ms - withinMs) > 1) assert.equal(isIn, ms < withinMs, `arc ${arc} at ${share}: ${ms} ms`)
        }
      }
    }),
    { numRuns: times(150, 4_000) },
  )
})

test('who reaches a place in a time is who plain search finds to, by both ways to search', () => {
  const cases = fleetCases(14).chain(world =>
    fc.record({ world: fc.constant(world), withinMs: fc.integer({ min: 0, max: 15_000 }) }),
  )
  fc.assert(
    fc.property(cases, ({ world, withinMs }) => {
      const { graph, places } = world
      const { now, right } = timesWith(graph, [])
      const fleet = fleetOf(world)
      const units = new RoadUnits(graph)
      for (const { unitId, position } of fleet) units.place(unitId, position)
      const added = new Map(fleet.map(({ unitId, addedMs }) => [unitId, addedMs]))
      const search = new ReversedSearch(graph)
      const nearest = new HierarchyNearest(units, now, buildHierarchy(graph, now.throughMs))
      for (const to of places) {
        const addedTo = (unitId: string) => added.get(unitId)!
        const query = { to, k: Infinity, withinMs, addedTo, maxNodes: Number.MAX_SAFE_INTEGER }
        const inTime = plainRanking(graph, fleet, to, right).filter(({ way, addedMs }) => way.ms + addedMs <= withinMs)
        const { units: found, certain } = search.nearest(units, now, query)
        assertSame(found, inTime)
        assert.equal(certain, found.length)
        assertSame(nearest.nearest(query), inTime)
      }
    }),
    { numRuns: times(150, 4_000) },
  )
})

test('the coverage of a demand counts the weight that some unit reaches in the target, and says when', () => {
  const cases = worlds().chain(world =>
    fc.record({
      world: fc.constant(world),
      addedMs: fc.array(fc.integer({ min: 0, max: 6_000 }), { minLength: 5, maxLength: 5 }),
      weights: fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 6, maxLength: 6 }),
      targetMs: fc.integer({ min: 0, max: 15_000 }),
      isFar: fc.boolean(),
    }),
  )
  fc.assert(
    fc.property(cases, ({ world: { graph, places, others, closed }, addedMs, weights, targetMs, isFar }) => {
      const { now, right } = timesWith(graph, closed)
      const units = places.map((position, index) => ({ position, addedMs: addedMs[index]! }))
      const positions: (RoadPosition | null)[] = isFar ? [...others, null] : [...others]
      const demand = positions.map((position, index) => ({ position, weight: weights[index]! }))
      const found = coverageOf(new TreeSearch(graph), { units, demand, times: now, targetMs })
      const soonest = positions.map(to => {
        const all = units.map(({ position: from, addedMs: added }) =>
          to === null ? Infinity : plainWay(graph, from, to, right).ms + added,
        )
        const ms = Math.min(...all)
        return ms <= targetMs ? ms : NO_WAY_MS
      })
      assert.deepEqual([...found.soonestMs], soonest)
      const totalWeight = demand.reduce((sum, { weight }) => sum + weight, 0)
      let coveredWeight = 0
      for (const [index, { weight }] of demand.entries()) if (soonest[index] !== NO_WAY_MS) coveredWeight += weight
      assert.deepEqual([found.totalWeight, found.coveredWeight], [totalWeight, coveredWeight])
      assert.equal(found.share, totalWeight === 0 ? 0 : coveredWeight / totalWeight)
    }),
    { numRuns: times(200, 5_000) },
  )
})

test('a region without units is not covered, and one without demand has no share', () => {
  fc.assert(
    fc.property(worlds(6), ({ graph, places }) => {
      const { now } = timesWith(graph, [])
      const demand = places.map(position => ({ position, weight: 2 }))
      const search = new TreeSearch(graph)
      const none = coverageOf(search, { units: [], demand, times: now, targetMs: 480_000 })
      assert.deepEqual([none.share, none.totalWeight], [0, 2 * places.length])
      assert.equal(coverageOf(search, { units: [], demand: [], times: now, targetMs: 480_000 }).share, 0)
    }),
    { numRuns: 5 },
  )
})
