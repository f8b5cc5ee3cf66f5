import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Position } from '../../src/domain/geo.ts'
import { generatedCity } from '../../src/roads/city.ts'
import type { RoadGraph } from '../../src/roads/graph.ts'
import { drawnReach, type ReachedCells } from '../../src/roads/reach/drawn-reach.ts'
import { type ReachedRoads, reachedRoads } from '../../src/roads/reach/reached-roads.ts'
import { TreeSearch } from '../../src/roads/reach/tree-search.ts'
import { timesOf } from '../../src/roads/road-times.ts'
import { seeded } from '../../tools/shared/random.ts'
import { times } from '../support/long.ts'
import { networks, placeOn, pointsOf, positionsOn } from './networks.ts'

const cellsOf = ({ runs }: ReachedCells) =>
  runs.flatMap(([row, column, cells]) => Array.from({ length: cells }, (_, index) => [row, column + index] as const))

/** Where on the grid a position is; cells are told from it. */
const gridOf = (drawn: ReachedCells, { lonDeg, latDeg }: Position) => ({
  x: (lonDeg - drawn.westDeg) / drawn.cellLonDeg,
  y: (latDeg - drawn.southDeg) / drawn.cellLatDeg,
})

/** Whether a straight piece comes into a square of the grid, by cutting off what is beyond each side (Liang and Barsky). */
function comesInto(a: { x: number; y: number }, b: { x: number; y: number }, column: number, row: number): boolean {
  const rim = 1e-6
  let [enter, leave] = [0, 1]
  for (const [from, by, low, high] of [
    [a.x, b.x - a.x, column - rim, column + 1 + rim],
    [a.y, b.y - a.y, row - rim, row + 1 + rim],
  ] as const) {
    if (by === 0) {
      if (from < low || from > high) return false
      continue
    }
    const [one, other] = [(low - from) / by, (high - from) / by]
    enter = Math.max(enter, Math.min(one, other))
    leave = Math.min(leave, Math.max(one, other))
  }
  return enter <= leave
}

function assertDrawn(graph: RoadGraph, reached: ReachedRoads, drawn: ReachedCells): void {
  const cells = cellsOf(drawn)
  const known = new Set(cells.map(([row, column]) => `${row} ${column}`))
  assert.equal(known.size, cells.length, 'no cell twice')
  const pieces: { a: { x: number; y: number }; b: { x: number; y: number } }[] = []
  for (const [index, arc] of reached.arcs.entries()) {
    const [from, to] = [reached.from[index]!, reached.to[index]!]
    for (let step = 0; step <= 20; step++) {
      const { x, y } = gridOf(drawn, placeOn(graph, arc, from + (step / 20) * (to - from)))
      const near = (value: number) => [Math.floor(value - 1e-6), Math.floor(value + 1e-6)]
      assert.ok(
        near(x).some(column => near(y).some(row => known.has(`${row} ${column}`))),
        `arc ${arc} at step ${step} is in no cell`,
      )
    }
    const points = pointsOf(graph, arc).map(point => gridOf(drawn, point))
    for (const [at, b] of points.slice(1).entries()) pieces.push({ a: points[at]!, b })
  }
  for (const [row, column] of cells) {
    const isTouched = pieces.some(({ a, b }) => comesInto(a, b, column, row))
    assert.ok(isTouched, `cell ${row} ${column} has no road`)
  }
}

test('cells hold every reached road, each has one of them, and they keep to their bytes', () => {
  const cases = networks(12).chain(graph =>
    fc.record({
      graph: fc.constant(graph),
      place: positionsOn(graph),
      withinMs: fc.integer({ min: 0, max: 20_000 }),
      maxBytes: fc.integer({ min: 500, max: 1_500 }),
    }),
  )
  let drawnAsCells = 0
  fc.assert(
    fc.property(cases, ({ graph, place, withinMs, maxBytes }) => {
      const ask = { heading: 'from' as const, place, times: timesOf(graph, 'ordinary')!, withinMs }
      const reached = reachedRoads(new TreeSearch(graph), ask)
      const drawn = drawnReach(graph, reached, maxBytes)
      assert.ok(JSON.stringify(drawn).length <= maxBytes)
      if (drawn.form === 'lines') return
      drawnAsCells += 1
      assertDrawn(graph, reached, drawn)
    }),
    { numRuns: times(150, 3_000) },
  )
  assert.ok(drawnAsCells > 20, `${drawnAsCells}`)
})

const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 30, rows: 30, random: seeded(8) })
assert.ok(outcome.ok)
const { graph: CITY } = outcome
const inCity = (withinMs: number) =>
  reachedRoads(new TreeSearch(CITY), {
    heading: 'to',
    place: { arc: 700, share: 0.5, isEitherWay: true },
    times: timesOf(CITY, 'ordinary')!,
    withinMs,
  })

test('with fewer bytes cells are larger, and with enough of them every road has its line, once for both ways', () => {
  const reached = inCity(240_000)
  const sizes = [500, 1_000, 3_000, 12_000].map(maxBytes => {
    const drawn = drawnReach(CITY, reached, maxBytes)
    assert.ok(JSON.stringify(drawn).length <= maxBytes)
    assert.ok(drawn.form === 'cells')
    assertDrawn(CITY, reached, drawn)
    return drawn.cellLatDeg
  })
  assert.deepEqual(
    sizes.toSorted((a, b) => b - a),
    sizes,
  )
  assert.ok(new Set(sizes).size >= 3)
  const drawn = drawnReach(CITY, reached, 1_000_000)
  assert.ok(drawn.form === 'lines')
  const whole = (arc: number) =>
    [...reached.arcs.keys()].some(
      index => reached.arcs[index] === arc && reached.from[index] === 0 && reached.to[index] === 1,
    )
  const twice = [...reached.arcs].filter(arc => {
    const twin = CITY.arcTwin[arc]!
    return twin > arc && whole(arc) && whole(twin)
  }).length
  assert.equal(drawn.lines.length, reached.arcs.length - twice)
  assert.ok(twice > 100)
})

test('a reach across the antimeridian has cells on both sides, side by side', () => {
  const across = { ...CITY, lonDeg: CITY.lonDeg.map(lon => (lon - 7 + 180 > 180 ? lon - 7 - 180 : lon - 7 + 180)) }
  const here = drawnReach(CITY, inCity(240_000), 3_000)
  const there = drawnReach(across, inCity(240_000), 3_000)
  assert.ok(here.form === 'cells' && there.form === 'cells')
  assert.equal(cellsOf(there).length, cellsOf(here).length)
  assert.ok(Math.max(...cellsOf(there).map(([, column]) => column)) < 100)
})
