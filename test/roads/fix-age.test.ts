import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { buildHierarchy } from '../../src/roads/hierarchy/build.ts'
import { HierarchyNearest } from '../../src/roads/hierarchy/hierarchy-nearest.ts'
import { RoadRanking } from '../../src/roads/nearest/road-ranking.ts'
import { RoadUnits } from '../../src/roads/nearest/road-units.ts'
import { timesOf } from '../../src/roads/road-times.ts'
import { USUAL_FIX_AGE, unsureMs } from '../../src/roads/times/fix-age.ts'
import { times } from '../support/long.ts'
import { fleetCases, fleetOf } from './fleets.ts'
import { given, graphWith, plainWay } from './networks.ts'

test('a fresh fix adds nothing: up to 20 s of a unit that moves, up to 90 s of one that stands', () => {
  for (const ageMs of [-5_000, 0, 20_000]) assert.equal(unsureMs({ ageMs, speedMps: 15 }), 0)
  for (const ageMs of [-5_000, 0, 90_000]) assert.equal(unsureMs({ ageMs, speedMps: 0 }), 0)
  assert.equal(unsureMs({ ageMs: Number.NaN, speedMps: 0 }), 0)
})

test('beyond that a unit may have driven away as fast as it did, and comes back at 36 km/h', () => {
  assert.equal(unsureMs({ ageMs: 30_000, speedMps: 15 }), 15_000)
  assert.equal(unsureMs({ ageMs: 100_000, speedMps: 0 }), 7_500)
  assert.equal(unsureMs({ ageMs: 100_000, speedMps: null }), 7_500)
})

test('nobody is believed to have driven faster than 130 km/h, and a lost unit adds no more than when it was lost', () => {
  assert.equal(unsureMs({ ageMs: 30_000, speedMps: 300 }), unsureMs({ ageMs: 30_000, speedMps: 130 / 3.6 }))
  assert.equal(unsureMs({ ageMs: 3_600_000, speedMps: 15 }), unsureMs({ ageMs: 300_000, speedMps: 15 }))
})

test('an older fix never adds less, and the addition is whole milliseconds', () => {
  const speed = fc.option(fc.double({ min: 0, max: 100, noNaN: true }))
  const age = fc.integer({ min: -100_000, max: 1_000_000 })
  fc.assert(
    fc.property(speed, age, fc.nat(200_000), (speedMps, ageMs, moreMs) => {
      const [young, old] = [unsureMs({ ageMs, speedMps }), unsureMs({ ageMs: ageMs + moreMs, speedMps })]
      assert.ok(Number.isInteger(young) && young >= 0 && old >= young)
    }),
  )
})

test('the rules are parameters', () => {
  const rules = { ...USUAL_FIX_AGE, freshStandingMs: 0, awayMps: 20, backMps: 5 }
  assert.equal(unsureMs({ ageMs: 1_000, speedMps: null }, rules), 4_000)
})

test('a ranking counts what is unsure, tells it apart, and is what looking at each unit finds, by both ways to search', () => {
  const cases = fleetCases(14).chain(world =>
    fc.record({
      world: fc.constant(world),
      ages: fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 15, maxLength: 15 }),
    }),
  )
  fc.assert(
    fc.property(cases, ({ world, ages }) => {
      const { graph, places, k } = world
      const ordinary = timesOf(graph, 'ordinary')!
      const fleet = fleetOf(world)
      const ranking = new RoadRanking(graph, ordinary)
      const units = new RoadUnits(graph)
      for (const { unitId, position } of fleet) {
        ranking.place(unitId, position)
        units.place(unitId, position)
      }
      const nearest = new HierarchyNearest(units, ordinary, buildHierarchy(graph, ordinary.throughMs))
      const added = new Map(fleet.map(({ unitId, addedMs }) => [unitId, addedMs]))
      const unsureOf = (unitId: string) =>
        unsureMs({ ageMs: ages[Number(unitId.slice(1))]!, speedMps: unitId.endsWith('1') ? 9 : null })
      for (const to of places) {
        const addedTo = (unitId: string) => added.get(unitId)!
        const query = { to, k, addedTo, unsureOf, maxNodes: Number.MAX_SAFE_INTEGER }
        const right = fleet
          .filter(({ addedMs }) => addedMs >= 0)
          .map(({ unitId, position, addedMs }) => ({
            unitId,
            driveMs: plainWay(graph, position, to).ms,
            addedMs,
            unsureMs: unsureOf(unitId),
          }))
          .sort(
            (a, b) =>
              a.driveMs + a.addedMs + a.unsureMs - b.driveMs - b.addedMs - b.unsureMs || (a.unitId < b.unitId ? -1 : 1),
          )
          .slice(0, k)
        for (const found of [ranking.nearest(query).units, nearest.nearest(query)])
          assert.deepEqual(
            found.map(({ roadM: _, ...unit }) => unit),
            right,
          )
      }
    }),
    { numRuns: times(150, 4_000) },
  )
})

test('a unit that is known to be there goes before a stale one that was a little nearer', () => {
  const graph = graphWith(
    [
      [0, 0],
      [10, 0],
      [20, 0],
    ],
    [0, 1].flatMap(node => [given(node, node + 1), given(node + 1, node)]),
  )
  const ranking = new RoadRanking(graph, timesOf(graph, 'ordinary')!)
  const arc = [...graph.arcHead.keys()].find(each => graph.lonDeg[graph.arcTail[each]!]! < 10.0005)!
  ranking.place('near', { arc, share: 0.75, isEitherWay: true })
  ranking.place('far', { arc, share: 0.25, isEitherWay: true })
  const ages = new Map([
    ['near', 120_000],
    ['far', 5_000],
  ])
  const query = { to: { arc, share: 1, isEitherWay: true }, k: 2, addedTo: () => 0, maxNodes: 1_000 }
  const order = (more: object) => ranking.nearest({ ...query, ...more }).units.map(({ unitId }) => unitId)
  assert.deepEqual(order({}), ['near', 'far'])
  const unsureOf = (unitId: string) => unsureMs({ ageMs: ages.get(unitId)!, speedMps: 0 })
  assert.deepEqual(order({ unsureOf }), ['far', 'near'])
})
