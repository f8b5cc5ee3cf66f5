import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { arcsInArea } from '../../src/roads/times/arcs-in-area.ts'
import { RoadZones } from '../../src/roads/times/road-zones.ts'
import { times } from '../support/long.ts'
import { given, graphWith, networks, pointsOf } from './networks.ts'

interface Grain {
  readonly x: bigint
  readonly y: bigint
}

/** In thousandths of a grain of the test networks, whole, so that nothing is rounded. */
const grainOf = ({ lonDeg, latDeg }: { lonDeg: number; latDeg: number }): Grain => ({
  x: BigInt(Math.round((lonDeg - 10) * 1e7)),
  y: BigInt(Math.round((latDeg - 50) * 1e7)),
})
const degreesOf = ({ x, y }: Grain) => ({ lonDeg: 10 + Number(x) / 1e7, latDeg: 50 + Number(y) / 1e7 })

const turn = (a: Grain, b: Grain, c: Grain): bigint => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
const sign = (value: bigint): number => (value > 0n ? 1 : value < 0n ? -1 : 0)

/** How often the corners go round a point: not 0 for one inside, if no side crosses another. Null on a side. */
function winding(corners: readonly Grain[], p: Grain): number | null {
  let turns = 0
  for (const [index, a] of corners.entries()) {
    const b = corners[(index + 1) % corners.length]!
    const side = sign(turn(a, b, p))
    if (a.y <= p.y && b.y > p.y) {
      if (side === 0) return null
      if (side > 0) turns += 1
    }
    if (b.y <= p.y && a.y > p.y) {
      if (side === 0) return null
      if (side < 0) turns -= 1
    }
  }
  return turns
}

/** Whether the line touches the area; null where a corner is exactly on the line, or the other way round. */
function touches(corners: readonly Grain[], line: readonly Grain[]): boolean | null {
  const inside = winding(corners, line[0]!)
  if (inside === null) return null
  let isTouched = inside !== 0
  for (const [index, to] of line.slice(1).entries()) {
    const from = line[index]!
    for (const [at, a] of corners.entries()) {
      const b = corners[(at + 1) % corners.length]!
      const [s1, s2, s3, s4] = [turn(from, to, a), turn(from, to, b), turn(a, b, from), turn(a, b, to)].map(sign)
      if ([s1, s2, s3, s4].includes(0) && (from.x !== to.x || from.y !== to.y)) return null
      if (s1! * s2! < 0 && s3! * s4! < 0) isTouched = true
    }
  }
  return isTouched
}

test('the arcs of an area are those that exact arithmetic finds to touch it, whichever way round it is drawn', () => {
  // Off the grid of the nodes, so that hardly anything touches exactly.
  const coordinate = fc.integer({ min: -10_000, max: 70_000 }).filter(value => value % 1_000 !== 0)
  const triangle = fc
    .array(fc.record({ x: coordinate.map(BigInt), y: coordinate.map(BigInt) }), { minLength: 3, maxLength: 3 })
    .filter(([a, b, c]) => turn(a!, b!, c!) !== 0n)
  let judged = 0
  fc.assert(
    fc.property(networks(16), triangle, (graph, corners) => {
      const area = corners.map(degreesOf)
      const found = new Set(arcsInArea(graph, area))
      assert.deepEqual(new Set(arcsInArea(graph, [...area, area[0]!].reverse())), found)
      for (let arc = 0; arc < graph.arcCount; arc++) {
        const right = touches(corners, pointsOf(graph, arc).map(grainOf))
        if (right === null) continue
        judged += 1
        assert.equal(found.has(arc), right, `arc ${arc}`)
      }
    }),
    { numRuns: times(200, 5_000) },
  )
  assert.ok(judged > 2_000, `${judged}`)
})

test('an area with a bay has what lies in its arms, and not what lies in the bay', () => {
  const graph = graphWith(
    [
      [0, 0],
      [1, 0],
      [10, 10],
      [11, 10],
      [20, 0],
      [21, 0],
    ],
    [0, 1, 2, 3, 4, 5].flatMap(node => [given(node, (node + 1) % 6, { lengthM: 0 })]),
  )
  // A letter U, open to the north; the pair of nodes in the middle lies in its opening.
  const corners = [
    [-2, 30],
    [-2, -5],
    [23, -5],
    [23, 30],
    [18, 30],
    [18, -2],
    [3, -2],
    [3, 30],
  ]
  const area = corners.map(([x, y]) => ({ lonDeg: 10 + x! * 1e-4, latDeg: 50 + y! * 1e-4 }))
  const found = arcsInArea(graph, area)
  const ends = (arc: number) => Math.round((graph.lonDeg[graph.arcTail[arc]!]! - 10) * 1e4)
  const outside = [...graph.arcHead.keys()].filter(arc => !found.includes(arc)).map(ends)
  assert.deepEqual(outside, [10])
})

test('an area across the antimeridian has the roads on both sides of it', () => {
  const graph = graphWith(
    [
      [0, 0],
      [10, 0],
    ],
    [given(0, 1), given(1, 0)],
  )
  // The same two nodes, west and east of it.
  const across = { ...graph, lonDeg: graph.lonDeg.map(lon => (lon < 10.0005 ? 179.9995 : -179.9995)) }
  const box = (west: number, east: number) => [
    { lonDeg: west, latDeg: 49.99 },
    { lonDeg: east, latDeg: 49.99 },
    { lonDeg: east, latDeg: 50.01 },
    { lonDeg: west, latDeg: 50.01 },
  ]
  assert.deepEqual(arcsInArea(across, box(179.9, -179.9)), [0, 1])
  assert.deepEqual(arcsInArea(across, box(-179.9999, -179.9)), [0, 1])
  assert.deepEqual(arcsInArea(across, box(-179.999, -179.9)), [])
  const zones = new RoadZones(across)
  const where = { area: box(179.9, -179.9) }
  assert.deepEqual(zones.put({ zoneId: 'ice', fromMs: 0, untilMs: 1, slowBy: 3, where }), { ok: true, arcs: 2 })
})
