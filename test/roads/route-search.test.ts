import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { distanceM } from '../../src/domain/geo.ts'
import { RouteSearch } from '../../src/roads/nearest/route-search.ts'
import { timesOf } from '../../src/roads/road-times.ts'
import { times } from '../support/long.ts'
import { networks, placeOn, plainWay, positionsOn } from './networks.ts'

test('a way takes as long as that of plain search, and its line is as long as the way, from place to place', () => {
  const worlds = networks().chain(graph =>
    fc.record({
      graph: fc.constant(graph),
      pairs: fc.array(fc.tuple(positionsOn(graph), positionsOn(graph)), { minLength: 1, maxLength: 8 }),
    }),
  )
  fc.assert(
    fc.property(worlds, ({ graph, pairs }) => {
      const search = new RouteSearch(graph)
      const ordinary = timesOf(graph, 'ordinary')!
      for (const [from, to] of pairs) {
        const right = plainWay(graph, from, to)
        const route = search.route(from, to, ordinary)!
        assert.equal(route.driveMs, right.ms)
        assert.ok(route.roadM >= right.leastCm / 100 - 0.51 && route.roadM <= right.mostCm / 100 + 0.51)
        const { line } = route
        const drawnM = line.slice(1).reduce((sum, point, index) => sum + distanceM(line[index]!, point), 0)
        assert.ok(Math.abs(drawnM - route.roadM) < 0.51 + 0.01 * line.length, `${drawnM} m drawn of ${route.roadM}`)
        assert.ok(distanceM(line[0]!, placeOn(graph, from.arc, from.share)) < 0.01)
        assert.ok(distanceM(line.at(-1)!, placeOn(graph, to.arc, to.share)) < 0.01)
      }
    }),
    { numRuns: times(200, 5_000) },
  )
})
