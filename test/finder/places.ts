/** Places for the finder's properties: everywhere, and often where spheres, boxes and ties are hard. */
import fc from 'fast-check'
import type { Position } from '../../src/domain/geo.ts'

const degrees = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const near = (lonDeg: number, latDeg: number, spreadDeg: number) =>
  fc.record<Position>({
    lonDeg: degrees(Math.max(-180, lonDeg - spreadDeg), Math.min(180, lonDeg + spreadDeg)),
    latDeg: degrees(Math.max(-90, latDeg - spreadDeg), Math.min(90, latDeg + spreadDeg)),
  })

/** A few square kilometres, so that slack boxes overlap and moves stay inside them as often as not. */
export const inTown: fc.Arbitrary<Position> = near(174.76, -36.85, 0.02)

/** One car park: all slack boxes overlap, so a search has all its units in hand at once. */
export const atOneStation: fc.Arbitrary<Position> = near(174.76, -36.85, 0.001)

export const anywhere: fc.Arbitrary<Position> = fc.oneof(
  inTown,
  fc.record({ lonDeg: degrees(-180, 180), latDeg: degrees(-90, 90) }),
  near(180, -17, 0.01),
  near(-180, -17, 0.01),
  fc.record({ lonDeg: degrees(-180, 180), latDeg: degrees(89.99, 90) }),
  fc.record({ lonDeg: degrees(-180, 180), latDeg: degrees(-90, -89.9) }),
  // A coarse grid, so that places coincide, and lie equally far from others.
  fc.record({
    lonDeg: fc.constantFrom(-180, -179.99, -0.01, 0, 0.01, 180),
    latDeg: fc.constantFrom(-90, -0.01, 0, 0.01, 90),
  }),
)
