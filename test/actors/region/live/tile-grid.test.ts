/** The grid that finds a place's tile, against the names that the protocol gives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TileGrid } from '../../../../src/actors/region/live/tile-grid.ts'
import { TileStream, type UnitOnTile } from '../../../../src/actors/region/live/tile-stream.ts'
import { parseTile, tileAt } from '../../../../src/protocol/tiles.ts'
import { TILE_ZOOMS } from '../../../../src/protocol/wire/tile-tuples.ts'

const degrees = (max: number) =>
  fc.oneof(fc.double({ min: -max, max, noNaN: true }), fc.constantFrom(-max, max, 0, -0, max - 1e-9, 1e-9 - max))
const place = fc.tuple(degrees(180), degrees(90))
/** Places close to each other, so that watched tiles and units often meet. */
const near = fc.tuple(fc.double({ min: 174, max: 176, noNaN: true }), fc.double({ min: -38, max: -36, noNaN: true }))
const zoom = fc.constantFrom(...TILE_ZOOMS)

const newStream = (name: string) => new TileStream<UnitOnTile>(parseTile(name)!, 's')

test('a place is on the watched tile of its name and on no other, at every zoom, also while tiles come and go', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.oneof(place, near), zoom, add: fc.boolean() }), { maxLength: 60 }),
      fc.array(fc.oneof(place, near), { minLength: 1, maxLength: 20 }),
      (watches, places) => {
        const grid = new TileGrid<ReturnType<typeof newStream>>()
        for (const { at, zoom, add } of watches) {
          const name = tileAt(zoom, ...at)
          const known = grid.named(name)
          if (add && known === undefined) grid.add(newStream(name))
          else if (!add && known !== undefined) grid.remove(known)
        }
        for (const [lonDeg, latDeg] of [...places, ...watches.map(({ at }) => at)]) {
          const found = [...TILE_ZOOMS.keys()].map(i => grid.at(i, lonDeg, latDeg))
          const named = TILE_ZOOMS.map(z => grid.named(tileAt(z, lonDeg, latDeg)) ?? null)
          assert.deepEqual(found, named)
          assert.equal(
            grid.covers(lonDeg, latDeg),
            named.some(tile => tile !== null),
          )
        }
      },
    ),
  )
})

test('a tile holds only places that bear its name', () => {
  fc.assert(
    fc.property(fc.oneof(place, near), fc.oneof(place, near), zoom, (one, other, z) => {
      const name = tileAt(z, ...one)
      if (newStream(name).holds(...other)) assert.equal(tileAt(z, ...other), name)
    }),
  )
  const tile = newStream(tileAt(12, 174.76, -36.85))
  assert.ok(tile.holds(174.76, -36.85))
})
