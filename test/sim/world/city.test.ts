import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distanceM } from '../../../src/domain/geo.ts'
import { toE7 } from '../../../src/protocol/fix-frame.ts'
import { Dice } from '../../fuzz/dice.ts'
import { BLOCK_M, City, crossingAt, type Point, positionOf, wayM } from './city.ts'
import { Vehicle } from './vehicle.ts'

const crossing = (): fc.Arbitrary<Point> =>
  fc.record({ xM: fc.nat(50), yM: fc.nat(50) }).map(({ xM, yM }) => ({ xM: xM * BLOCK_M, yM: yM * BLOCK_M }))
const speed = () => fc.integer({ min: 3, max: 40 })

test('a crossing is found again from its place on the wire', () => {
  fc.assert(
    fc.property(crossing(), point => {
      const { lonDeg, latDeg } = positionOf(point)
      assert.deepEqual(crossingAt({ lonE7: toE7(lonDeg), latE7: toE7(latDeg) }), point)
    }),
  )
})

test('a block is 200 m on the globe, whichever way it runs', () => {
  const corner = positionOf({ xM: 4_000, yM: 6_000 })
  const sides = [positionOf({ xM: 4_200, yM: 6_000 }), positionOf({ xM: 4_000, yM: 6_200 })]
  for (const side of sides) assert.ok(Math.abs(distanceM(corner, side) - BLOCK_M) < 1)
})

test('a vehicle is on a street at every moment, also when it was sent elsewhere on its way', () => {
  fc.assert(
    fc.property(
      crossing(),
      crossing(),
      crossing(),
      speed(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(1_000),
      (from, to, then, mps, share, ms) => {
        const vehicle = new Vehicle(from)
        const arrivalMs = vehicle.driveTo(to, 0, mps)
        vehicle.driveTo(then, arrivalMs * share, mps)
        const { xM, yM } = vehicle.pointAt(arrivalMs * share + ms * 100)
        assert.ok(isOnStreet(xM) || isOnStreet(yM), `${xM} ${yM}`)
      },
    ),
  )
})

test('a vehicle arrives when it said, and drives as fast as it says', () => {
  fc.assert(
    fc.property(crossing(), crossing(), speed(), fc.nat(60_000), (from, to, mps, beforeMs) => {
      const vehicle = new Vehicle(from)
      const arrivalMs = vehicle.driveTo(to, 1_000, mps)
      assert.deepEqual(vehicle.pointAt(arrivalMs), to)
      const leftM = wayM(vehicle.pointAt(Math.max(1_000, arrivalMs - beforeMs)), to)
      assert.ok(Math.abs(leftM - Math.min(wayM(from, to), (beforeMs / 1_000) * mps)) < 0.01)
      assert.equal(vehicle.measuredAt(arrivalMs).speedMps, 0)
    }),
  )
})

test('the hospital that is taken is the nearest by the streets', () => {
  const city = new City(new Dice(7))
  const point = { xM: 2_000, yM: 8_000 }
  const chosen = wayM(point, city.hospitalNear(point))
  for (const hospital of city.hospitals) assert.ok(wayM(point, hospital) >= chosen)
})

/** Within what the arithmetic of a way leaves. */
function isOnStreet(metres: number): boolean {
  const off = metres % BLOCK_M
  return Math.min(off, BLOCK_M - off) < 1e-6
}
