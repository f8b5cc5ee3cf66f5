/** Which map tiles cover an area: at the finest zoom at which few enough of them do. */
import { LIMITS } from '../protocol/limits.ts'
import { parseTile, tileAt } from '../protocol/tiles.ts'
import { TILE_ZOOMS } from '../protocol/wire/tile-tuples.ts'

/**
 * A rectangle on the map, WGS 84 degrees. West may be greater than east: the area then crosses the antimeridian. Longitudes
 * beyond 180 degrees, as maps that turn round the globe have them, are taken as they come.
 */
export interface Bounds {
  readonly westDeg: number
  readonly southDeg: number
  readonly eastDeg: number
  readonly northDeg: number
}

export interface Cover {
  readonly zoom: (typeof TILE_ZOOMS)[number]
  readonly tiles: readonly string[]
}

/**
 * Input: `zoom` is the map's own; tiles finer than that are not taken. Default: as fine as may be. Errors: throws
 * RangeError for bounds that are none, and for an area that needs more than `LIMITS.tilesPerWatch` of the widest tiles.
 */
export function coverOf(bounds: Bounds, zoom: number = Number.POSITIVE_INFINITY): Cover {
  const { westDeg, southDeg, eastDeg, northDeg } = bounds
  if (![westDeg, eastDeg].every(Number.isFinite) || !(southDeg >= -90 && southDeg <= northDeg && northDeg <= 90)) {
    throw new RangeError(
      `Bounds need finite longitudes and -90 <= south <= north <= 90; got ${JSON.stringify(bounds)}.`,
    )
  }
  if (Number.isNaN(zoom)) throw new RangeError('The zoom is not a number.')
  let fewest = 0
  for (const level of [...TILE_ZOOMS].reverse()) {
    if (level > zoom && level !== TILE_ZOOMS[0]) continue
    const { columns, rows } = extent(bounds, level)
    fewest = columns.length * rows.length
    if (fewest > LIMITS.tilesPerWatch) continue
    return { zoom: level, tiles: columns.flatMap(x => rows.map(y => `${level}/${x}/${y}`)) }
  }
  throw new RangeError(
    `The area needs ${fewest} tiles of zoom ${TILE_ZOOMS[0]}; at most ${LIMITS.tilesPerWatch} can be watched: look at less of it.`,
  )
}

function extent(bounds: Bounds, zoom: number): { columns: number[]; rows: number[] } {
  const size = 2 ** zoom
  const { westDeg, eastDeg } = bounds
  const widthDeg = eastDeg >= westDeg ? eastDeg - westDeg : eastDeg - westDeg + 360
  const west = Math.floor(((westDeg + 180) / 360) * size)
  const east = Math.floor(((westDeg + widthDeg + 180) / 360) * size)
  const count = Math.min(size, east - west + 1)
  const columns = Array.from({ length: count }, (_, i) => modulo(west + i, size))
  const north = rowOf(zoom, bounds.northDeg)
  const rows = Array.from({ length: rowOf(zoom, bounds.southDeg) - north + 1 }, (_, i) => north + i)
  return { columns, rows }
}

const rowOf = (zoom: number, latDeg: number): number => parseTile(tileAt(zoom, 0, latDeg))!.y
const modulo = (value: number, by: number): number => ((value % by) + by) % by
