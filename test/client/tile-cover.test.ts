/** Which tiles cover an area. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { coverOf } from '../../src/client/tile-cover.ts'
import { LIMITS } from '../../src/protocol/limits.ts'
import { parseTile, tileAt } from '../../src/protocol/tiles.ts'

test('a city is covered by the finest tiles, half a country by wider ones', () => {
  const city = coverOf({ westDeg: 174.6, southDeg: -37, eastDeg: 175, northDeg: -36.7 })
  const country = coverOf({ westDeg: 172, southDeg: -41, eastDeg: 179, northDeg: -34 })
  assert.deepEqual([city.zoom, country.zoom], [12, 9])
  assert.ok(country.tiles.length > 100 && country.tiles.length <= LIMITS.tilesPerWatch)
})

test('the zoom of the map bounds that of the tiles, and the widest tiles are there for every map', () => {
  const bounds = { westDeg: 174.6, southDeg: -37, eastDeg: 175, northDeg: -36.7 }
  const zooms = [0, 6, 8.9, 9, 11.5, 12, 22].map(zoom => coverOf(bounds, zoom).zoom)
  assert.deepEqual(zooms, [6, 6, 6, 9, 9, 12, 12])
})

test('an area across the antimeridian is covered on both sides, however it is written', () => {
  const around = { southDeg: -18, northDeg: -17 }
  const crossing = coverOf({ ...around, westDeg: 179.5, eastDeg: -179.5 }, 9)
  for (const lonDeg of [179.5, 179.99, 180, -180, -179.99, -179.5]) {
    assert.ok(crossing.tiles.includes(tileAt(9, lonDeg, -17.5)), `${lonDeg}`)
  }
  assert.ok(crossing.tiles.length <= 12)
  assert.deepEqual(coverOf({ ...around, westDeg: 179.5, eastDeg: 180.5 }, 9), crossing)
  assert.deepEqual(coverOf({ ...around, westDeg: -180.5, eastDeg: -179.5 }, 9), crossing)
})

test('an area too large to be watched, and bounds that are none, are refused', () => {
  const whole = { westDeg: -180, southDeg: -85, eastDeg: 180, northDeg: 85 }
  assert.throws(() => coverOf(whole), /needs 4096 tiles of zoom 6; at most 256/)
  const fine = { westDeg: 1, southDeg: 1, eastDeg: 2, northDeg: 2 }
  for (const wrong of [
    { ...fine, southDeg: 3 },
    { ...fine, northDeg: 91 },
    { ...fine, southDeg: Number.NaN },
    { ...fine, westDeg: Number.POSITIVE_INFINITY },
  ]) {
    assert.throws(() => coverOf(wrong), RangeError)
  }
  assert.throws(() => coverOf(fine, Number.NaN), RangeError)
})

test('every place of an area lies in a tile of its cover, and each tile is named once and is one', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  const area = fc.record({
    westDeg: fc.double({ min: -180, max: 180, noNaN: true }),
    southDeg: fc.double({ min: -90, max: 90, noNaN: true }),
    width: fc.double({ min: 0, max: 40, noNaN: true }),
    height: fc.double({ min: 0, max: 10, noNaN: true }),
    zoom: fc.constantFrom(6, 9, 12),
    east: share,
    north: share,
  })
  fc.assert(
    fc.property(area, ({ westDeg, southDeg, width, height, zoom, east, north }) => {
      const northDeg = Math.min(90, southDeg + height)
      const eastDeg = westDeg + width > 180 ? westDeg + width - 360 : westDeg + width
      const cover = coverOf({ westDeg, southDeg, eastDeg, northDeg }, zoom)
      assert.ok(cover.tiles.length <= LIMITS.tilesPerWatch && cover.zoom <= zoom)
      assert.equal(new Set(cover.tiles).size, cover.tiles.length)
      for (const tile of cover.tiles) assert.equal(parseTile(tile)?.zoom, cover.zoom)
      const lonDeg = westDeg + width * east
      const latDeg = southDeg + (northDeg - southDeg) * north
      // On the very edge the last bit of the sum may lie outside.
      const inside = (value: number, low: number, high: number) => Math.min(high - 1e-9, Math.max(low + 1e-9, value))
      if (width < 1e-6 || northDeg - southDeg < 1e-6) return
      const lon = inside(lonDeg, westDeg, westDeg + width)
      const tile = tileAt(cover.zoom, lon > 180 ? lon - 360 : lon, inside(latDeg, southDeg, northDeg))
      assert.ok(cover.tiles.includes(tile), `${tile} is missing`)
    }),
    { numRuns: 1_000 },
  )
})
