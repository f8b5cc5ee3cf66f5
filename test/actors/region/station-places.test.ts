/** Who is at a station of a region: within 100 m of one, wherever on Earth, as a look at all stations has it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { StationPlaces } from '../../../src/actors/region/station-places.ts'
import { distanceM } from '../../../src/domain/geo.ts'

const near = (around: number, grains: number) =>
  fc.integer({ min: -grains, max: grains }).map(each => around + each * 1e-4)
/** Also over the antimeridian, and over edges of cells. */
const places = fc.constantFrom([174.76, -36.85], [0, 0], [179.9995, 65], [-122.41, 37.77]).chain(([lonDeg, latDeg]) => {
  const place = fc.record({ lonDeg: near(lonDeg!, 150), latDeg: near(latDeg!, 150) })
  const onGlobe = place.map(each => ({ ...each, lonDeg: each.lonDeg > 180 ? each.lonDeg - 360 : each.lonDeg }))
  return fc.record({
    stations: fc.array(onGlobe, { maxLength: 12 }),
    unit: onGlobe,
    near: near(0, 9),
    which: fc.nat(11),
  })
})

test('a unit is at a station within 100 m of one, as a look at all of them has it', () => {
  fc.assert(
    fc.property(places, ({ stations, unit, near, which }) => {
      const index = new StationPlaces(stations)
      const station = stations[which]
      const beside = station === undefined ? unit : { ...station, latDeg: station.latDeg + near }
      for (const place of [unit, beside])
        assert.equal(
          index.isAtOne(place),
          stations.some(each => distanceM(each, place) <= 100),
        )
    }),
  )
})
