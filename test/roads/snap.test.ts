import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { NetworkBuilder } from '../../src/roads/network-builder.ts'
import { RoadSnapper, type Snapped } from '../../src/roads/snap.ts'
import { between, given, graphWith, networks, placeOn, pointsOf } from './networks.ts'

const at = (x: number, y: number, more: Partial<Snapped> = {}): Snapped => ({
  lonDeg: 10 + x * 1e-4,
  latDeg: 50 + y * 1e-4,
  isAddress: false,
  headingDeg: null,
  former: null,
  ...more,
})

/** Metres by great circle from a position to a straight piece, by halving towards its nearest place. */
function plainDistanceM(from: Position, to: Position, of: Position): number {
  let [low, high] = [0, 1]
  for (let step = 0; step < 80; step++) {
    const third = (high - low) / 3
    const [a, b] = [low + third, high - third].map(share => distanceM(of, between(from, to, share)))
    if (a! < b!) high -= third
    else low += third
  }
  return Math.min(...[0, (low + high) / 2, 1].map(share => distanceM(of, between(from, to, share))))
}

const plainNearestM = (graph: RoadGraph, of: Position, isWithin: (arc: number) => boolean = () => true): number =>
  Math.min(
    ...Array.from({ length: graph.arcCount }, (_, arc) => arc)
      .filter(isWithin)
      .map(arc => {
        const points = pointsOf(graph, arc)
        return Math.min(...points.slice(1).map((point, index) => plainDistanceM(points[index]!, point, of)))
      }),
  )

const places = fc.tuple(fc.double({ min: -40, max: 100, noNaN: true }), fc.double({ min: -40, max: 100, noNaN: true }))

test('a position is put on the nearest road, as measuring every piece of every arc finds it, or on none beyond 200 m', () => {
  fc.assert(
    fc.property(networks(12), fc.array(places, { minLength: 1, maxLength: 6 }), (graph, all) => {
      const snapper = new RoadSnapper(graph)
      for (const [x, y] of all) {
        const what = at(x, y)
        const nearestM = plainNearestM(graph, what)
        const found = snapper.snap(what)
        if (found === null) assert.ok(nearestM > 199.999, `${nearestM} m`)
        else {
          assert.ok(nearestM < 200.001)
          assert.ok(Math.abs(found.offRoadM - nearestM) < 0.002, `${found.offRoadM} and ${nearestM}`)
          assert.ok(distanceM(found, placeOn(graph, found.arc, found.share)) < 0.01)
          assert.ok(Math.abs(distanceM(found, what) - found.offRoadM) < 0.002)
        }
      }
    }),
    { numRuns: 60 },
  )
})

/** A two-way street along the equator of the small world, and a one-way street 30 m north of it, westwards. */
const SIDE_BY_SIDE = graphWith(
  [
    [0, 0],
    [40, 0],
    [0, 3],
    [40, 3],
  ],
  [
    given(0, 1, { name: 'two-way' }),
    given(1, 0, { name: 'two-way' }),
    given(3, 2, { name: 'westwards' }),
    given(2, 0),
    given(1, 3),
  ],
)
const nameOf = (graph: RoadGraph, arc: number): string => graph.names[graph.arcName[arc]!]!
const snapTo = (what: Snapped, graph = SIDE_BY_SIDE) => {
  const found = new RoadSnapper(graph).snap(what)
  return found === null ? null : { name: nameOf(graph, found.arc), ...found }
}
const leadsEast = (graph: RoadGraph, arc: number): boolean =>
  graph.lonDeg[graph.arcHead[arc]!]! > graph.lonDeg[graph.arcTail[arc]!]!

test('who stands on a two-way street may leave either way, and who drives is on the side that leads there', () => {
  assert.equal(snapTo(at(10, 0.2))!.isEitherWay, true)
  const east = snapTo(at(10, 0.2, { headingDeg: 80 }))!
  const west = snapTo(at(10, 0.2, { headingDeg: 290 }))!
  assert.deepEqual([leadsEast(SIDE_BY_SIDE, east.arc), leadsEast(SIDE_BY_SIDE, west.arc)], [true, false])
  assert.deepEqual([east.isEitherWay, west.isEitherWay], [false, false])
  assert.ok(Math.abs(east.share - 0.25) < 0.001 && Math.abs(west.share - 0.75) < 0.001)
})

test('who drives against a one-way street is on the street beside it', () => {
  assert.equal(snapTo(at(20, 2.5))!.name, 'westwards')
  assert.equal(snapTo(at(20, 2.5, { headingDeg: 270 }))!.name, 'westwards')
  assert.equal(snapTo(at(20, 2.5, { headingDeg: 90 }))!.name, 'two-way')
})

test('the only road there is taken, whatever the heading says', () => {
  const found = snapTo(at(20, 19, { headingDeg: 90 }))!
  assert.deepEqual([found.name, found.isEitherWay], ['westwards', false])
})

test('between two roads it is rather the former one, or one that it leads to', () => {
  const middle = at(20, 1.6)
  assert.equal(snapTo(middle)!.name, 'westwards')
  const former = snapTo(at(20, 0))!
  assert.equal(snapTo({ ...middle, former })!.name, 'two-way')
  assert.equal(snapTo({ ...at(20, 2.8), former })!.name, 'westwards')
})

test('an address is on no motorway while another road is near, and a vehicle may be', () => {
  const graph = graphWith(
    [
      [0, 0],
      [40, 0],
      [0, 10],
      [40, 10],
    ],
    [given(0, 1, { name: 'motorway', isThrough: true }), given(1, 3), given(3, 2, { name: 'street' }), given(2, 0)],
  )
  assert.equal(snapTo(at(20, 1), graph)!.name, 'motorway')
  assert.equal(snapTo(at(20, 1, { isAddress: true }), graph)!.name, 'street')
  assert.equal(snapTo(at(20, -15, { isAddress: true }), graph)!.name, 'motorway')
})

test('50 km from any road, at the poles and on the other side of the globe there is no road', () => {
  const snapper = new RoadSnapper(SIDE_BY_SIDE)
  for (const [lonDeg, latDeg] of [
    [10, 50.45],
    [10.7, 50],
    [-170, 50],
    [0, 90],
    [0, -90],
    [180, 0],
  ] as const) {
    assert.equal(snapper.snap({ ...at(0, 0), lonDeg, latDeg }), null)
  }
})

test('roads across the antimeridian are found from both sides', () => {
  const builder = new NetworkBuilder(['ordinary'])
  builder.addNode(179.999, -17)
  builder.addNode(-179.999, -17)
  builder.addArc(given(0, 1, { lengthM: 0 }))
  builder.addArc(given(1, 0, { lengthM: 0 }))
  const outcome = builder.build()
  assert.ok(outcome.ok)
  const snapper = new RoadSnapper(outcome.graph)
  for (const lonDeg of [179.9995, -179.9995, 180, -180]) {
    const found = snapper.snap({ ...at(0, 0), lonDeg, latDeg: -17.0002 })
    assert.ok(found !== null && found.offRoadM > 22 && found.offRoadM < 22.5)
    assert.ok(Math.abs(found.lonDeg) <= 180 && distanceM(found, { lonDeg, latDeg: -17 }) < 0.01)
  }
})

test('of roads at the same distance it is always the same one', () => {
  const one = snapTo(at(20, 1.5))!
  for (let round = 0; round < 3; round++) assert.deepEqual(snapTo(at(20, 1.5)), one)
})
