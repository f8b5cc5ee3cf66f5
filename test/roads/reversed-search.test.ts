import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { RoadGraph, RoadPosition } from '../../src/roads/graph.ts'
import { ReversedSearch } from '../../src/roads/nearest/reversed-search.ts'
import { RoadUnits } from '../../src/roads/nearest/road-units.ts'
import { timesOf } from '../../src/roads/road-times.ts'
import { times } from '../support/long.ts'
import { assertSame, type FleetCase, type FleetUnit, fleetCases, fleetOf, plainRanking } from './fleets.ts'
import { given, graphWith } from './networks.ts'

const WHOLE = Number.MAX_SAFE_INTEGER

function unitsOf({ graph, reports, gone }: FleetCase): RoadUnits {
  const units = new RoadUnits(graph)
  for (const { unitId, position } of reports) units.place(unitId, position)
  for (const unitId of gone) units.remove(unitId)
  return units
}

const adding = (fleet: readonly FleetUnit[]) => {
  const added = new Map(fleet.map(({ unitId, addedMs }) => [unitId, addedMs]))
  return (unitId: string) => added.get(unitId)!
}

test('the first k by road are those that plain search over every unit finds, to the millisecond, ties by id', () => {
  fc.assert(
    fc.property(fleetCases(), world => {
      const { graph, places, k } = world
      const units = unitsOf(world)
      const fleet = fleetOf(world)
      const search = new ReversedSearch(graph)
      for (const to of places) {
        const query = { to, k, addedTo: adding(fleet), maxNodes: WHOLE }
        const found = search.nearest(units, timesOf(graph, 'ordinary')!, query)
        assertSame(found.units, plainRanking(graph, fleet, to).slice(0, k))
        assert.equal(found.certain, found.units.length)
      }
    }),
    { numRuns: times(200, 5_000) },
  )
})

test('a search that its cap ended tells how many of its units are right, and they are', () => {
  fc.assert(
    fc.property(fleetCases(), fc.integer({ min: 0, max: 12 }), (world, maxNodes) => {
      const { graph, places, k } = world
      const fleet = fleetOf(world)
      const search = new ReversedSearch(graph)
      for (const to of places) {
        const query = { to, k, addedTo: adding(fleet), maxNodes }
        const found = search.nearest(unitsOf(world), timesOf(graph, 'ordinary')!, query)
        const ranked = plainRanking(graph, fleet, to).slice(0, k)
        assert.ok(found.settled <= maxNodes)
        assertSame(found.units.slice(0, found.certain), ranked.slice(0, found.certain))
        for (const { unitId, driveMs } of found.units) {
          const { way } = plainRanking(graph, fleet, to).find(unit => unit.unitId === unitId)!
          assert.ok(driveMs >= way.ms)
        }
      }
    }),
    { numRuns: times(200, 5_000) },
  )
})

/** A street of four nodes, two-way, and a one-way lane from its end back to its beginning. */
const STREET = graphWith(
  [
    [0, 0],
    [10, 0],
    [20, 0],
    [30, 0],
  ],
  [
    ...[0, 1, 2].flatMap(node => [given(node, node + 1), given(node + 1, node)]),
    given(3, 0, { seconds: [5], name: 'lane' }),
  ],
)
const arcBetween = (graph: RoadGraph, from: number, to: number): number => {
  const x = (node: number) => Math.round((graph.lonDeg[node]! - 10) * 1_000)
  const arc = [...graph.arcHead.keys()].find(each => x(graph.arcTail[each]!) === from && x(graph.arcHead[each]!) === to)
  assert.ok(arc !== undefined)
  return arc
}
const on = (from: number, to: number, share: number, isEitherWay = true): RoadPosition => ({
  arc: arcBetween(STREET, from, to),
  share,
  isEitherWay,
})

function firstOn(placed: Readonly<Record<string, RoadPosition>>, to: RoadPosition, k = 5): [string, number, number][] {
  const units = new RoadUnits(STREET)
  for (const [unitId, position] of Object.entries(placed)) units.place(unitId, position)
  const query = { to, k, addedTo: () => 0, maxNodes: WHOLE }
  const found = new ReversedSearch(STREET).nearest(units, timesOf(STREET, 'ordinary')!, query)
  return found.units.map(({ unitId, driveMs, roadM }) => [unitId, driveMs, roadM])
}

test('on the same road a unit drives straight to the place, and one that may not turn goes round', () => {
  const to = on(1, 2, 0.5)
  assert.deepEqual(firstOn({ before: on(1, 2, 0.2), behind: on(1, 2, 0.875), there: to }, to), [
    ['there', 0, 0],
    ['before', 3_000, 30],
    ['behind', 3_750, 38],
  ])
  // 1.25 s to the end, then back over the twin.
  assert.deepEqual(firstOn({ behind: on(1, 2, 0.875, false) }, to), [['behind', 6_250, 63]])
})

test('nobody drives against a one-way street', () => {
  const to = on(3, 0, 0.5, false)
  assert.deepEqual(firstOn({ past: on(3, 0, 0.6), before: on(3, 0, 0.4) }, to), [
    ['before', 500, 10],
    ['past', 2_000 + 30_000 + 2_500, 40 + 300 + 50],
  ])
})

test('a unit that arrives as soon as another one is before it by its id, however late the search meets it', () => {
  const to = on(1, 2, 0)
  assert.deepEqual(firstOn({ M2: on(0, 1, 0.5), M10: on(1, 2, 0.5), M1: on(0, 1, 0.5) }, to, 2), [
    ['M1', 5_000, 50],
    ['M10', 5_000, 50],
  ])
})

test('no units, none that may go, and none asked for make no answer', () => {
  const query = { to: on(0, 1, 0.5), k: 3, addedTo: () => -1, maxNodes: WHOLE }
  const search = new ReversedSearch(STREET)
  const units = new RoadUnits(STREET)
  const ways = timesOf(STREET, 'ordinary')!
  assert.deepEqual(search.nearest(units, ways, query), { units: [], certain: 0, settled: 0 })
  units.place('M1', on(1, 2, 0.5))
  assert.deepEqual(search.nearest(units, ways, query).units, [])
  assert.deepEqual(search.nearest(units, ways, { ...query, addedTo: () => 0, k: 0 }).units, [])
})

test('a network does not know a way to drive that it has no times of', () => {
  assert.equal(timesOf(STREET, 'siren'), null)
})

test('units that come, move and go are where they are, and their slots are used again', () => {
  const units = new RoadUnits(STREET)
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 200; index++) units.place(`M${index}`, on(1, 2, index / 200, index % 2 === 0))
    assert.deepEqual([units.size, units.entryCount, units.slotCount], [200, 300, 200])
    for (let index = 0; index < 200; index++) assert.ok(units.remove(`M${index}`))
    assert.deepEqual([units.size, units.entryCount], [0, 0])
  }
  assert.equal(units.remove('M1'), false)
  assert.equal(units.slotOf('M1'), undefined)
})
