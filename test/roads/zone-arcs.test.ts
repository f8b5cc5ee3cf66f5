/** Which roads a drawn zone has, found by the grid as by a look at every arc; a line means the street that it follows. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Position } from '../../src/domain/geo.ts'
import type { DrawnZone } from '../../src/domain/zone.ts'
import { gridOf } from '../../src/roads/grid-data.ts'
import { NetworkBuilder } from '../../src/roads/network-builder.ts'
import { arcsInArea } from '../../src/roads/times/arcs-in-area.ts'
import { arcsOnLine } from '../../src/roads/times/arcs-on-line.ts'
import { RoadZones } from '../../src/roads/times/road-zones.ts'
import { ZoneArcs } from '../../src/roads/travel/zone-arcs.ts'
import { given, networks } from './networks.ts'

const point = fc.record({
  lonDeg: fc.integer({ min: -20, max: 80 }).map(x => 10 + x * 1e-4),
  latDeg: fc.integer({ min: -20, max: 80 }).map(y => 50 + y * 1e-4),
})

test('the roads of an area, or along a line, are those that a look at every arc finds', () => {
  fc.assert(
    fc.property(networks(), fc.array(point, { minLength: 3, maxLength: 6 }), (graph, points) => {
      const zones = new ZoneArcs({ graph, grid: gridOf(graph) }, new RoadZones(graph))
      assert.deepEqual(zones.arcsOf({ kind: 'area', points }), arcsInArea(graph, points))
      const line = points.map(each => ({ ...each }))
      assert.deepEqual(zones.arcsOf({ kind: 'line', points: line }), arcsOnLine(graph, line, graph.arcHead.keys()))
    }),
  )
})

const M = 1 / 111_195
/** A street of three blocks of 100 m to the east at the equator, each way, and one that crosses it to the north after a block. */
function crossing(aroundLon = 20) {
  const builder = new NetworkBuilder(['ordinary'])
  const turned = (lonDeg: number) => (lonDeg > 180 ? lonDeg - 360 : lonDeg)
  const at = (eastM: number, northM: number): Position => ({
    lonDeg: turned(aroundLon + eastM * M),
    latDeg: northM * M,
  })
  const places = [at(0, 0), at(100, 0), at(200, 0), at(300, 0), at(100, -100), at(100, 100)]
  for (const { lonDeg, latDeg } of places) builder.addNode(lonDeg, latDeg)
  const both = (one: number, other: number, name: string) => {
    builder.addArc(given(one, other, { name }))
    builder.addArc(given(other, one, { name }))
  }
  both(0, 1, 'first')
  both(1, 2, 'second')
  both(2, 3, 'third')
  both(4, 1, 'south')
  both(1, 5, 'north')
  const outcome = builder.build()
  assert.ok(outcome.ok)
  const { graph } = outcome
  const zones = new ZoneArcs({ graph, grid: gridOf(graph) }, new RoadZones(graph))
  const named = (points: readonly Position[]) => {
    const names = zones.arcsOf({ kind: 'line', points }).map(arc => graph.names[graph.arcName[arc]!]!)
    return [...new Set(names)].sort().map(name => `${name} ${names.filter(each => each === name).length}`)
  }
  return { at, named }
}

test('a line means both directions of the street that it follows, not what crosses it, nor what goes on behind its end', () => {
  // Over the antimeridian as anywhere.
  for (const around of [20, 179.999]) {
    const { at, named } = crossing(around)
    assert.deepEqual(named([at(0, 0), at(200, 0)]), ['first 2', 'second 2'])
    assert.deepEqual(named([at(0, 9), at(100, -9)]), ['first 2'], 'drawn by hand beside it')
    assert.deepEqual(named([at(0, 20), at(300, 20)]), [], 'too far beside it')
    assert.deepEqual(named([at(120, 0), at(160, 0)]), ['second 2'], 'a part of a block')
    assert.deepEqual(named([at(0, 0), at(100, 0), at(100, 100)]), ['first 2', 'north 2'], 'around the corner')
  }
})

test('what is in force follows the list: new zones are put in, gone ones taken out, and the same list costs nothing', () => {
  const [graph] = fc.sample(networks(), { numRuns: 1, seed: 3 })
  const zones = new RoadZones(graph!)
  const arcs = new ZoneArcs({ graph: graph!, grid: gridOf(graph!) }, zones)
  const points = [
    { lonDeg: 9, latDeg: 49 },
    { lonDeg: 11, latDeg: 49 },
    { lonDeg: 10, latDeg: 51 },
  ]
  const zone = (zoneId: string, slowPercent: number | null): DrawnZone => ({
    ...{ zoneId, kind: 'area', points, slowPercent, fromAtMs: 0, untilAtMs: null, reason: 'snow' },
  })
  const list = [zone('z1', 200), zone('z2', null)]
  assert.equal(arcs.put(list), 0)
  const before = zones.activeAt(1)
  assert.deepEqual([zones.size, before.arcs.length, before.slowBy[0]], [2, graph!.arcCount, 0])
  assert.equal(arcs.put(list), 0)
  assert.equal(zones.activeAt(1), before)
  arcs.put(list.slice(0, 1))
  assert.deepEqual([zones.size, zones.activeAt(1).slowBy[0]], [1, 2])
  arcs.put([])
  assert.deepEqual([zones.size, zones.activeAt(1).arcs.length], [0, 0])
})
