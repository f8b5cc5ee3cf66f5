/** Where a unit is drawn between its fixes, and after the last one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Moving, positionAt, RECKON_MS } from '../../src/client/motion.ts'
import { distanceM } from '../../src/domain/geo.ts'

const still = { speedMps: null, headingDeg: null }
const fix = (fixedAtMs: number, lonDeg: number, latDeg: number, more: Partial<Moving> = {}): Moving => ({
  fixedAtMs,
  lonDeg,
  latDeg,
  ...still,
  ...more,
})

function near(actual: { lonDeg: number; latDeg: number }, lonDeg: number, latDeg: number): void {
  assert.ok(distanceM(actual, { lonDeg, latDeg }) < 0.5, `${JSON.stringify(actual)} is not ${lonDeg}, ${latDeg}`)
}

test('between two fixes a unit is drawn on the line between them, by their times', () => {
  const [from, to] = [fix(1_000, 174.76, -36.85), fix(11_000, 174.762, -36.849)]
  assert.equal(positionAt(to, from, 6_000).basis, 'between')
  near(positionAt(to, from, 6_000), 174.761, -36.8495)
  near(positionAt(to, from, 8_500), 174.7615, -36.84925)
  assert.deepEqual(positionAt(to, from, 11_000), { lonDeg: 174.762, latDeg: -36.849, basis: 'fix' })
  assert.deepEqual(positionAt(to, from, 500), { lonDeg: 174.76, latDeg: -36.85, basis: 'fix' })
})

test('the line between two fixes crosses the antimeridian where it is short', () => {
  const [from, to] = [fix(0, 179.999, -17), fix(10_000, -179.999, -17)]
  assert.ok(Math.abs(Math.abs(positionAt(to, from, 5_000).lonDeg) - 180) < 1e-6)
})

test('a jump is not drawn as a way: the unit stays where it was, then is where it is', () => {
  const [from, to] = [fix(0, 174.76, -36.85), fix(10_000, 174.8, -36.85)]
  assert.deepEqual(positionAt(to, from, 9_999), { lonDeg: 174.76, latDeg: -36.85, basis: 'fix' })
  assert.deepEqual(positionAt(to, from, 10_000), { lonDeg: 174.8, latDeg: -36.85, basis: 'fix' })
  // A minute says nothing of the way either.
  const later = fix(60_001, 174.761, -36.85)
  assert.equal(positionAt(later, from, 30_000).basis, 'fix')
})

test('after its last fix a unit goes on by its own speed and heading for ten seconds, and not beyond', () => {
  const last = fix(0, 174.76, -36.85, { speedMps: 20, headingDeg: 90 })
  const after = positionAt(last, null, 5_000)
  assert.equal(after.basis, 'reckoned')
  assert.ok(Math.abs(distanceM(last, after) - 100) < 0.1 && after.lonDeg > last.lonDeg)
  near(positionAt(fix(0, 10, 50, { speedMps: 20, headingDeg: 0 }), null, 5_000), 10, 50 + 100 / 111_195)
  assert.equal(RECKON_MS, 10_000)
  assert.ok(Math.abs(distanceM(last, positionAt(last, null, 10_000)) - 200) < 0.1)
  assert.deepEqual(positionAt(last, null, 300_000), positionAt(last, null, 10_000))
})

test('a unit that stands, or does not say how it moves, stays at its last fix', () => {
  for (const more of [still, { speedMps: 0, headingDeg: 90 }, { speedMps: 9, headingDeg: null }]) {
    assert.equal(positionAt(fix(0, 1, 2, more), null, 5_000).basis, 'fix')
  }
})

test('what is drawn is never further from the last fix than the unit could have come', () => {
  const arbitrary = fc.record({
    lonDeg: fc.double({ min: -180, max: 180, noNaN: true }),
    latDeg: fc.double({ min: -89.9, max: 89.9, noNaN: true }),
    speedMps: fc.double({ min: 0, max: 70, noNaN: true }),
    headingDeg: fc.double({ min: 0, max: 360, noNaN: true }),
    afterMs: fc.integer({ min: 0, max: 1_000_000 }),
  })
  fc.assert(
    fc.property(arbitrary, ({ lonDeg, latDeg, speedMps, headingDeg, afterMs }) => {
      const last = fix(0, lonDeg, latDeg, { speedMps, headingDeg })
      const drawn = positionAt(last, null, afterMs)
      const expectedM = (speedMps * Math.min(RECKON_MS, afterMs)) / 1_000
      assert.ok(Math.abs(distanceM(last, drawn) - expectedM) < 0.5)
      assert.ok(Math.abs(drawn.lonDeg) <= 180 && Math.abs(drawn.latDeg) <= 90)
    }),
    { numRuns: 500 },
  )
})
