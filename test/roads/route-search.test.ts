import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { distanceM } from '../../src/domain/geo.ts'
import { RouteSearch } from '../../src/roads/nearest/route-search.ts'
import { roadTimes, timesOf } from '../../src/roads/road-times.ts'
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

test('ways by slow times and by quick ones, asked for in turns, are each those of plain search', () => {
  const worlds = networks(16).chain(graph => {
    const perArc = (min: number, max: number) =>
      fc.array(fc.integer({ min, max }), { minLength: graph.arcCount, maxLength: graph.arcCount })
    return fc.record({
      graph: fc.constant(graph),
      slow: perArc(50_000, 60_000),
      quick: perArc(500, 5_000),
      pairs: fc.array(fc.tuple(positionsOn(graph), positionsOn(graph)), { minLength: 1, maxLength: 4 }),
    })
  })
  fc.assert(
    fc.property(worlds, ({ graph, slow, quick, pairs }) => {
      const search = new RouteSearch(graph)
      const both = [slow, quick].map(each => {
        const ms = Uint32Array.from(each)
        return { now: roadTimes(graph, ms, ms), right: { ms: each, throughMs: each } }
      })
      for (const [from, to] of pairs) {
        for (const { now, right } of both)
          assert.equal(search.route(from, to, now)!.driveMs, plainWay(graph, from, to, right).ms)
      }
    }),
    { numRuns: times(150, 4_000) },
  )
})
