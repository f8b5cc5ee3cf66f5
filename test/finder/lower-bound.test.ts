/** The bound must never exceed a distance it stands for, and must be near enough to it to be of use. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import { type Box, lowerBoundM } from '../../src/finder/lower-bound.ts'
import { anywhere } from './places.ts'

const share = fc.oneof({ weight: 4, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) }, fc.constantFrom(0, 1))

/** Any box whose corners are two places: from a point to the whole globe. */
const box = fc.tuple(anywhere, anywhere).map(([a, b]) => boxOf(a, b))

const boundM = (from: Position, to: Box): number => lowerBoundM(from, Math.cos((from.latDeg * Math.PI) / 180), to)

function boxOf(a: Position, b: Position): Box {
  return {
    minX: Math.min(a.lonDeg, b.lonDeg),
    minY: Math.min(a.latDeg, b.latDeg),
    maxX: Math.max(a.lonDeg, b.lonDeg),
    maxY: Math.max(a.latDeg, b.latDeg),
  }
}

/** The place that lies the given shares of the way through the box; never outside it by rounding. */
function placeIn({ minX, minY, maxX, maxY }: Box, east: number, north: number): Position {
  return {
    lonDeg: Math.min(maxX, minX + east * (maxX - minX)),
    latDeg: Math.min(maxY, minY + north * (maxY - minY)),
  }
}

test('the bound is never above the distance to any place of the box', () => {
  fc.assert(
    fc.property(anywhere, box, share, share, (from, to, east, north) => {
      assert.ok(boundM(from, to) <= distanceM(from, placeIn(to, east, north)))
    }),
    { numRuns: 5_000 },
  )
})

test('the bound holds at the antipodes of the point, where rounding is worst', () => {
  fc.assert(
    fc.property(anywhere, anywhere, (from, corner) => {
      const antipode = { lonDeg: from.lonDeg > 0 ? from.lonDeg - 180 : from.lonDeg + 180, latDeg: -from.latDeg }
      assert.ok(boundM(from, boxOf(antipode, corner)) <= distanceM(from, antipode))
      assert.ok(boundM(from, boxOf(antipode, antipode)) <= distanceM(from, antipode))
    }),
    { numRuns: 2_000 },
  )
})

test('a box that holds the point is bounded by nothing', () => {
  fc.assert(
    fc.property(box, share, share, (to, east, north) => {
      assert.ok(boundM(placeIn(to, east, north), to) <= 0)
    }),
  )
})

test('the bound to a box of one place is its distance, less the metre for rounding', () => {
  fc.assert(
    fc.property(anywhere, anywhere, (from, place) => {
      assert.ok(boundM(from, boxOf(place, place)) >= distanceM(from, place) - 1.5)
    }),
    { numRuns: 2_000 },
  )
})

test('the bound goes round the globe the shorter way', () => {
  const fiji = boxOf({ lonDeg: -180, latDeg: -17 }, { lonDeg: -179.9, latDeg: -16.9 })
  assert.ok(boundM({ lonDeg: 180, latDeg: -16.95 }, fiji) <= 0)
  const nearby = boundM({ lonDeg: 179.9, latDeg: -16.95 }, fiji)
  assert.ok(nearby > 10_000 && nearby < 10_700, `${nearby} m`)
})

test('a box round a pole is bounded by latitude alone, whatever the longitude', () => {
  const cap = boxOf({ lonDeg: -180, latDeg: 89 }, { lonDeg: -120, latDeg: 90 })
  for (const lonDeg of [-150, 0, 60, 180]) {
    const bound = boundM({ lonDeg, latDeg: 88 }, cap)
    assert.ok(Math.abs(bound - 111_194) < 10, `${bound} m from ${lonDeg}`)
  }
})
