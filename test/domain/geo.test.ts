/** Checks `distanceM` against surveyed distances and against formulas that share nothing with the haversine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distanceM, EARTH_RADIUS_M, type Position } from '../../src/domain/geo.ts'

const RAD_PER_DEG = Math.PI / 180
const HALF_ROUND_M = Math.PI * EARTH_RADIUS_M

const at = (latDeg: number, lonDeg: number): Position => ({ lonDeg, latDeg })
const lonDeg = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -180, max: 180, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(-180, -90, 0, 90, 180) },
)
const latDeg = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -90, max: 90, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(-90, 0, 90) },
)
const position = fc.record({ lonDeg, latDeg })

function assertWithin(actual: number, expected: number, share: number): void {
  const off = Math.abs(actual - expected) / expected
  assert.ok(off <= share, `${actual} m is ${(100 * off).toFixed(3)} % off ${expected} m`)
}

test('a degree along a meridian or the equator is a 360th of the circumference', () => {
  const degreeM = (2 * HALF_ROUND_M) / 360
  assertWithin(distanceM(at(10, 20), at(11, 20)), degreeM, 1e-12)
  assertWithin(distanceM(at(0, 20), at(0, 21)), degreeM, 1e-12)
  assertWithin(distanceM(at(90, 0), at(-90, 0)), 180 * degreeM, 1e-12)
})

test('the short way across the antimeridian is taken', () => {
  assertWithin(distanceM(at(-17, 179.9), at(-17, -179.9)), distanceM(at(-17, 0), at(-17, 0.2)), 1e-9)
  assert.ok(distanceM(at(-17, 180), at(-17, -180)) < 1e-6)
})

test('all longitudes are one place at a pole', () => {
  assert.ok(distanceM(at(90, -170), at(90, 35)) < 1e-6)
})

test('surveyed distances are met within 0.6 %', () => {
  // Flinders Peak to Buninyon, the worked example of the Geocentric Datum of Australia: 54 972.271 m.
  const flindersPeak = at(-37.951033416667, 144.424867888889)
  const buninyon = at(-37.652821138889, 143.926495527778)
  assertWithin(vincentyM(flindersPeak, buninyon)!, 54_972.271, 1e-7)
  assertWithin(distanceM(flindersPeak, buninyon), 54_972.271, 0.006)
  // The meridian quadrant of WGS 84, and its first degree, where the sphere is worst.
  assertWithin(distanceM(at(0, 0), at(90, 0)), 10_001_965.729, 0.006)
  assertWithin(distanceM(at(0, 0), at(1, 0)), 110_574.389, 0.006)
})

test('any two places are within 0.6 % of the ellipsoid', () => {
  fc.assert(
    fc.property(position, position, (from, to) => {
      const ellipsoidM = vincentyM(from, to)
      // Vincenty's iteration does not converge towards antipodes, and loses digits under a metre.
      fc.pre(ellipsoidM !== null && ellipsoidM > 1)
      assertWithin(distanceM(from, to), ellipsoidM!, 0.006)
    }),
  )
})

test('the chord between the two unit vectors gives the same distance', () => {
  fc.assert(
    fc.property(position, position, (from, to) => {
      // asin is steep towards antipodes: there a rounding of 1e-16 is 0.2 m.
      assert.ok(Math.abs(distanceM(from, to) - chordArcM(from, to)) <= 0.5)
      if (distanceM(from, to) < HALF_ROUND_M / 2) {
        assert.ok(Math.abs(distanceM(from, to) - chordArcM(from, to)) <= 1e-6)
      }
    }),
  )
})

test('distance is symmetric, finite, never negative, at most half way round, and zero to itself', () => {
  fc.assert(
    fc.property(position, position, (from, to) => {
      const metres = distanceM(from, to)
      assert.equal(metres, distanceM(to, from))
      assert.ok(metres >= 0 && metres <= HALF_ROUND_M)
      assert.equal(distanceM(from, from), 0)
    }),
  )
})

test('antipodes are half way round, never NaN', () => {
  fc.assert(
    fc.property(position, from => {
      const antipode = at(-from.latDeg, from.lonDeg > 0 ? from.lonDeg - 180 : from.lonDeg + 180)
      assert.ok(Math.abs(distanceM(from, antipode) - HALF_ROUND_M) <= 1)
    }),
  )
})

/** Arc from the straight line through the globe between two points on it. */
function chordArcM(from: Position, to: Position): number {
  const [a, b] = [unitVector(from), unitVector(to)]
  const chord = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, chord / 2))
}

function unitVector(place: Position): [number, number, number] {
  const [lat, lon] = [place.latDeg * RAD_PER_DEG, place.lonDeg * RAD_PER_DEG]
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)]
}

/** Vincenty's inverse formula on WGS 84 (Survey Review XXIII, 1975); null where its iteration does not converge. */
function vincentyM(from: Position, to: Position): number | null {
  const [a, f] = [6_378_137, 1 / 298.257223563]
  const b = (1 - f) * a
  const turnsOff = Math.round((to.lonDeg - from.lonDeg) / 360)
  const lonDifference = (to.lonDeg - from.lonDeg - 360 * turnsOff) * RAD_PER_DEG
  const [u1, u2] = [from, to].map(place => Math.atan((1 - f) * Math.tan(place.latDeg * RAD_PER_DEG))) as [
    number,
    number,
  ]
  const [sinU1, cosU1, sinU2, cosU2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)]
  let lambda = lonDifference
  for (let round = 0; round < 200; round++) {
    const sinSigma = Math.hypot(cosU2 * Math.sin(lambda), cosU1 * sinU2 - sinU1 * cosU2 * Math.cos(lambda))
    if (sinSigma === 0) return 0
    const cosSigma = sinU1 * sinU2 + cosU1 * cosU2 * Math.cos(lambda)
    const sigma = Math.atan2(sinSigma, cosSigma)
    const sinAlpha = (cosU1 * cosU2 * Math.sin(lambda)) / sinSigma
    const cosSqAlpha = 1 - sinAlpha * sinAlpha
    const cos2SigmaM = cosSqAlpha === 0 ? 0 : cosSigma - (2 * sinU1 * sinU2) / cosSqAlpha
    const c = (f / 16) * cosSqAlpha * (4 + f * (4 - 3 * cosSqAlpha))
    const bend = cos2SigmaM + c * cosSigma * (2 * cos2SigmaM * cos2SigmaM - 1)
    const next = lonDifference + (1 - c) * f * sinAlpha * (sigma + c * sinSigma * bend)
    if (Math.abs(next) > Math.PI) return null
    if (Math.abs(next - lambda) < 1e-12) {
      const uSq = (cosSqAlpha * (a * a - b * b)) / (b * b)
      const bigA = 1 + (uSq / 16_384) * (4_096 + uSq * (-768 + uSq * (320 - 175 * uSq)))
      const bigB = (uSq / 1_024) * (256 + uSq * (-128 + uSq * (74 - 47 * uSq)))
      const twist = cosSigma * (2 * cos2SigmaM * cos2SigmaM - 1)
      const turn = (bigB / 6) * cos2SigmaM * (4 * sinSigma * sinSigma - 3) * (4 * cos2SigmaM * cos2SigmaM - 3)
      return b * bigA * (sigma - bigB * sinSigma * (cos2SigmaM + (bigB / 4) * (twist - turn)))
    }
    lambda = next
  }
  return null
}
