import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { lineWithin } from '../../src/roads/line-within.ts'
import { RouteSearch } from '../../src/roads/nearest/route-search.ts'
import { RouteUnderWay } from '../../src/roads/nearest/route-under-way.ts'
import { CLOSED_MS, roadTimes, timesOf } from '../../src/roads/road-times.ts'
import { times } from '../support/long.ts'
import { given, graphWith, networks, plainWay, positionsOn } from './networks.ts'

test('what is left from fix to fix is what plain search finds from each fix, on the route and off it', () => {
  const worlds = networks().chain(graph =>
    fc.record({
      graph: fc.constant(graph),
      to: positionsOn(graph),
      from: positionsOn(graph),
      // How the unit goes on: along its route, or anywhere; and whether an arc is closed then.
      steps: fc.array(
        fc.record({
          jump: fc.option(positionsOn(graph), { freq: 3 }),
          part: fc.nat(30),
          share: fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })),
          isEitherWay: fc.boolean(),
          // Anywhere on the arc, also before where the route begins and behind where it ends.
          isAnywhere: fc.boolean(),
          closed: fc.option(fc.nat(graph.arcCount - 1), { freq: 4 }),
        }),
        { minLength: 1, maxLength: 8 },
      ),
    }),
  )
  let kept = 0
  fc.assert(
    fc.property(worlds, ({ graph, to, from, steps }) => {
      const under = new RouteUnderWay(graph, new RouteSearch(graph), to)
      const ms = graph.timesMs.get('ordinary')!
      let now = timesOf(graph, 'ordinary')!
      let closed = -1
      let position = from
      const compare = () => {
        const right = plainWay(graph, position, to, {
          ms: [...ms],
          throughMs: [...ms].map((each, arc) => (arc === closed ? null : each)),
        })
        const left = under.from(position, now)
        assert.equal(left?.driveMs ?? Infinity, right.ms)
        if (left === null) return
        assert.ok(left.roadM >= right.leastCm / 100 - 0.51 && left.roadM <= right.mostCm / 100 + 0.51)
        if (!left.isNewRoute) kept += 1
      }
      compare()
      for (const { jump, part, share, isEitherWay, isAnywhere, closed: closing } of steps) {
        if (closing !== null) {
          closed = closing
          now = roadTimes(
            graph,
            ms,
            ms.map((each, arc) => (arc === closed ? CLOSED_MS : each)),
          )
        }
        const parts = under.route?.parts ?? []
        if (jump !== null || parts.length === 0) position = jump ?? from
        else {
          const { arc, from: start, to: end } = parts[part % parts.length]!
          const on = isAnywhere ? share : start + share * (end - start)
          position = { arc, share: on, isEitherWay: isEitherWay && graph.arcTwin[arc]! >= 0 }
        }
        compare()
      }
    }),
    { numRuns: times(300, 8_000) },
  )
  assert.ok(kept > 50, `${kept} read off`)
})

test('a unit that keeps to its route has no new one, and one that turns off has', () => {
  const graph = graphWith(
    [
      [0, 0],
      [10, 0],
      [20, 0],
      [10, 10],
    ],
    [
      ...[0, 1].flatMap(node => [given(node, node + 1), given(node + 1, node)]),
      ...[given(1, 3), given(3, 1), given(3, 2), given(2, 3)],
    ],
  )
  const arcTo = (from: readonly [number, number], to: readonly [number, number]) => {
    const at = (node: number) => [(graph.lonDeg[node]! - 10) * 1e4, (graph.latDeg[node]! - 50) * 1e4].map(Math.round)
    const same = (a: readonly number[], b: readonly number[]) => a[0] === b[0] && a[1] === b[1]
    return [...graph.arcHead.keys()].find(
      arc => same(at(graph.arcTail[arc]!), from) && same(at(graph.arcHead[arc]!), to),
    )!
  }
  const [first, second, off] = [arcTo([0, 0], [10, 0]), arcTo([10, 0], [20, 0]), arcTo([10, 0], [10, 10])]
  const ordinary = timesOf(graph, 'ordinary')!
  const under = new RouteUnderWay(graph, new RouteSearch(graph), { arc: second, share: 1, isEitherWay: false })
  const left = (arc: number, share: number) => under.from({ arc, share, isEitherWay: false }, ordinary)
  assert.equal(under.route, null)
  assert.deepEqual(left(first, 0.5), { driveMs: 15_000, roadM: 150, isNewRoute: true })
  const { route } = under
  assert.deepEqual(left(first, 0.9), { driveMs: 11_000, roadM: 110, isNewRoute: false })
  assert.deepEqual(left(second, 0.25), { driveMs: 7_500, roadM: 75, isNewRoute: false })
  assert.equal(under.route, route)
  assert.deepEqual(left(off, 0.5), { driveMs: 25_000, roadM: 250, isNewRoute: true })
  assert.notEqual(under.route, route)
})

test('a drawn line keeps to its bytes and its ends, and says how far it is off', () => {
  const grains = fc.record({ x: fc.integer({ min: -2_000, max: 2_000 }), y: fc.integer({ min: -2_000, max: 2_000 }) })
  const lines = fc.array(grains, { minLength: 2, maxLength: 40 })
  fc.assert(
    fc.property(lines, fc.integer({ min: 0, max: 1_200 }), (points, maxBytes) => {
      const line: Position[] = points.map(({ x, y }) => ({ lonDeg: -120 + x / 1e5, latDeg: -45 + y / 1e5 }))
      const drawn = lineWithin(line, maxBytes)
      assert.ok(JSON.stringify(drawn.points).length <= Math.max(maxBytes, 48))
      const at = ([lonDeg, latDeg]: readonly [number, number]): Position => ({ lonDeg, latDeg })
      const shown = drawn.points.map(at)
      assert.ok(distanceM(shown[0]!, line[0]!) < 0.1 && distanceM(shown.at(-1)!, line.at(-1)!) < 0.1)
      if (maxBytes >= 2 + 23 * line.length) assert.deepEqual([drawn.points.length, drawn.offM], [line.length, 0])
      // Each point is near the line as it is drawn: looked at in small steps.
      for (const point of line) {
        let nearestM = Infinity
        for (const [index, to] of shown.slice(1).entries()) {
          const from = shown[index]!
          for (let step = 0; step <= 200; step++) {
            const part = step / 200
            const between = {
              lonDeg: from.lonDeg + part * (to.lonDeg - from.lonDeg),
              latDeg: from.latDeg + part * (to.latDeg - from.latDeg),
            }
            nearestM = Math.min(nearestM, distanceM(point, between))
          }
        }
        // Steps of up to 30 m, and a plane that fits to a thousandth.
        assert.ok(nearestM <= drawn.offM * 1.002 + 16, `${nearestM} m of ${drawn.offM}`)
      }
    }),
    { numRuns: times(80, 2_000) },
  )
})

test('a line across the antimeridian is drawn on both sides of it', () => {
  const line = [179.99, 179.995, 179.999, -179.999, -179.99].map((lonDeg, index) => ({ lonDeg, latDeg: index % 2 }))
  const { points, offM } = lineWithin(line, 100)
  assert.deepEqual([points.length, points[0], points.at(-1)], [4, [179.99, 0], [-179.99, 0]])
  assert.ok(offM < 120_000)
})
