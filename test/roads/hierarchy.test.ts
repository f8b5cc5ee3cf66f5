import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { generatedCity } from '../../src/roads/city.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { HierarchyNearest } from '../../src/roads/hierarchy/hierarchy-nearest.ts'
import { ReversedSearch } from '../../src/roads/nearest/reversed-search.ts'
import { RoadUnits } from '../../src/roads/nearest/road-units.ts'
import { timesOf } from '../../src/roads/road-times.ts'
import { seeded } from '../../tools/shared/random.ts'
import { times } from '../support/long.ts'
import { assertSame, fleetCases, fleetOf, plainRanking } from './fleets.ts'
import { networks, plainWays } from './networks.ts'

const ordinary = (graph: RoadGraph) => timesOf(graph, 'ordinary')!

test('from every node to every other one, the quickest way that climbs and then descends is the quickest of all', () => {
  fc.assert(
    fc.property(networks(), graph => {
      const { up, down } = buildHierarchy(graph, ordinary(graph).ms)
      /** By plain repetition, over edges that climb. */
      const climbs = (edges: typeof up, from: number) => {
        const ms = new Map([[from, 0]])
        for (let changed = true; changed; ) {
          changed = false
          for (const [node, atMs] of ms) {
            for (let edge = edges.first[node]!; edge < edges.first[node + 1]!; edge++) {
              const time = atMs + edges.ms[edge]!
              if (time >= (ms.get(edges.other[edge]!) ?? Infinity)) continue
              ms.set(edges.other[edge]!, time)
              changed = true
            }
          }
        }
        return ms
      }
      for (let from = 0; from < graph.nodeCount; from++) {
        const right = plainWays(graph, from)
        const upwards = climbs(up, from)
        for (let to = 0; to < graph.nodeCount; to++) {
          const downwards = climbs(down, to)
          const found = Math.min(...[...upwards].map(([node, ms]) => ms + (downwards.get(node) ?? Infinity)))
          assert.equal(found, right[to]!.ms)
        }
      }
    }),
    { numRuns: times(60, 2_000) },
  )
})

test('a hierarchy finds the first k that plain search over every unit finds, while units come, move and go', () => {
  fc.assert(
    fc.property(fleetCases(), fc.nat(20), (world, before) => {
      const { graph, reports, gone, places, k } = world
      const units = new RoadUnits(graph)
      for (const { unitId, position } of reports.slice(0, before)) units.place(unitId, position)
      // Those are there when the hierarchy is; the others come, move and go after it.
      const hierarchy = buildHierarchy(graph, ordinary(graph).ms)
      const nearest = new HierarchyNearest(units, ordinary(graph), hierarchy)
      for (const { unitId, position } of reports.slice(before)) nearest.moved(units.place(unitId, position))
      for (const unitId of gone) {
        const slot = units.slotOf(unitId)
        units.remove(unitId)
        if (slot !== undefined) nearest.removed(slot)
      }
      const fleet = fleetOf(world)
      const added = new Map(fleet.map(({ unitId, addedMs }) => [unitId, addedMs]))
      for (const to of places) {
        const found = nearest.nearest({ to, k, addedTo: unitId => added.get(unitId)! })
        assertSame(found, plainRanking(graph, fleet, to).slice(0, k))
      }
    }),
    { numRuns: times(200, 5_000) },
  )
})

test('in a city both ways to search find the same units at the same times', () => {
  const random = seeded(3)
  const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 48, rows: 40, random })
  assert.ok(outcome.ok)
  const { graph } = outcome
  const somewhere = () => ({
    arc: Math.floor(random() * graph.arcCount),
    share: Math.floor(random() * 9) / 8,
    isEitherWay: random() < 0.5,
  })
  for (const way of ['ordinary', 'siren']) {
    const wayTimes = timesOf(graph, way)!
    const units = new RoadUnits(graph)
    for (let index = 0; index < 60; index++) units.place(`M${index}`, somewhere())
    const nearest = new HierarchyNearest(units, wayTimes, buildHierarchy(graph, wayTimes.ms))
    const search = new ReversedSearch(graph)
    for (let round = 0; round < 150; round++) {
      nearest.moved(units.place(`M${round % 60}`, somewhere()))
      const query = { to: somewhere(), k: 5, addedTo: (unitId: string) => (unitId.endsWith('7') ? -1 : 0) }
      const plain = search.nearest(units, wayTimes, { ...query, maxNodes: Number.MAX_SAFE_INTEGER }).units
      const timesFound = (found: typeof plain) => found.map(({ unitId, driveMs }) => `${unitId} ${driveMs}`)
      assert.deepEqual(timesFound(nearest.nearest(query)), timesFound(plain))
    }
  }
})
