/** Whether one unit may have been at two places, and what is too inaccurate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fix } from '../../src/domain/fix.ts'
import { isInaccurate, mayBeOfOne } from '../../src/domain/fix-judge.ts'
import { distanceM } from '../../src/domain/geo.ts'

const POLICY = { fixSpeedMaxMps: 70, fixAccuracyMaxM: 100 }
const KM_DEG = 1 / 111.195

const fixOf = (northKm: number, atS: number, accuracyM: number | null = 0): Fix => ({
  ...{ seq: 1, fixedAtMs: atS * 1_000, lonDeg: 10, latDeg: northKm * KM_DEG, accuracyM },
  ...{ speedMps: null, headingDeg: null },
})

test('a unit comes as far as its greatest speed takes it, whichever of the two fixes is the later', () => {
  for (const [km, is] of [
    [0.69, true],
    [0.71, false],
  ] as const) {
    assert.equal(mayBeOfOne(fixOf(0, 0), fixOf(km, 10), POLICY), is)
    assert.equal(mayBeOfOne(fixOf(km, 10), fixOf(0, 0), POLICY), is)
    assert.equal(mayBeOfOne(fixOf(0, 10), fixOf(-km, 0), POLICY), is)
  }
})

test('two fixes of one moment, or nearly, are a second apart', () => {
  assert.equal(mayBeOfOne(fixOf(0, 0), fixOf(0.069, 0), POLICY), true)
  assert.equal(mayBeOfOne(fixOf(0, 0), fixOf(0.071, 0.5), POLICY), false)
})

test('both count as far as they are accurate, and one that says nothing as far as one that is still taken', () => {
  assert.equal(mayBeOfOne(fixOf(0, 0, 300), fixOf(0.56, 1, 200), POLICY), true)
  assert.equal(mayBeOfOne(fixOf(0, 0, 300), fixOf(0.58, 1, 200), POLICY), false)
  assert.equal(mayBeOfOne(fixOf(0, 0, null), fixOf(0.269, 1, null), POLICY), true)
  assert.equal(mayBeOfOne(fixOf(0, 0, null), fixOf(0.271, 1, null), POLICY), false)
})

test('a fix is inaccurate beyond what is taken; of one that does not say nobody knows', () => {
  assert.deepEqual(
    [100, 100.1, null].map(accuracyM => isInaccurate({ accuracyM }, POLICY)),
    [false, true, false],
  )
})

test('the short way to the answer never says anything but the great circle does, anywhere on the globe', () => {
  const place = fc.record({
    lonDeg: fc.double({ min: -180, max: 180, noNaN: true }),
    latDeg: fc.double({ min: -90, max: 90, noNaN: true }),
  })
  const near = fc.record({
    lonDeg: fc.double({ min: -0.01, max: 0.01, noNaN: true }),
    latDeg: fc.double({ min: -0.01, max: 0.01, noNaN: true }),
  })
  fc.assert(
    fc.property(place, near, fc.nat(60), (from, by, spanS) => {
      const to = { lonDeg: from.lonDeg + by.lonDeg, latDeg: Math.min(90, Math.max(-90, from.latDeg + by.latDeg)) }
      const [a, b] = [
        { ...fixOf(0, 0), ...from },
        { ...fixOf(0, spanS), ...to },
      ]
      assert.equal(mayBeOfOne(a, b, POLICY), distanceM(from, to) <= Math.max(1, spanS) * 70)
    }),
    { numRuns: 2_000 },
  )
})
