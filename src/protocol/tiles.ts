/** The grid of map tiles: Web Mercator (EPSG:3857), as all slippy maps have it. */
import { TILE_ZOOMS } from './wire/tile-tuples.ts'

/** A tile's place in the grid of its zoom: `x` from the antimeridian eastward, `y` from the north. */
export interface Tile {
  readonly zoom: number
  readonly x: number
  readonly y: number
}

/** The parallel at which the square of the grid ends; what lies beyond belongs to the last row. */
const MAX_LAT_DEG = 85.051_128_779_806_59

/** The tile of a name such as `12/4031/2515`; null when there is no such tile, or it is not at a zoom of `TILE_ZOOMS`. */
export function parseTile(name: string): Tile | null {
  const [, zoomText, xText, yText] = /^(\d{1,2})\/(0|[1-9]\d{0,3})\/(0|[1-9]\d{0,3})$/.exec(name) ?? []
  const zoom = Number(zoomText)
  const x = Number(xText)
  const y = Number(yText)
  if (String(zoom) !== zoomText || !(TILE_ZOOMS as readonly number[]).includes(zoom)) return null
  return x < 2 ** zoom && y < 2 ** zoom ? { zoom, x, y } : null
}

/** The name of the tile that a place lies in. Input: WGS 84 degrees in range. */
export function tileAt(zoom: number, lonDeg: number, latDeg: number): string {
  const size = 2 ** zoom
  return `${zoom}/${columnAt(size, lonDeg)}/${rowAt(size, latDeg)}`
}

/** The column of a longitude in a grid of `size` columns; 180 degrees east is 180 degrees west. */
export function columnAt(size: number, lonDeg: number): number {
  const x = Math.floor(((lonDeg + 180) / 360) * size)
  return x >= size ? 0 : x
}

/** The row of a latitude in a grid of `size` rows; what lies beyond the square belongs to the first and last. */
export function rowAt(size: number, latDeg: number): number {
  const lat = (Math.min(MAX_LAT_DEG, Math.max(-MAX_LAT_DEG, latDeg)) * Math.PI) / 180
  const y = Math.floor(((1 - Math.asinh(Math.tan(lat)) / Math.PI) / 2) * size)
  return Math.min(size - 1, Math.max(0, y))
}

/** The parallel at the north edge of a row. */
export function northOf(size: number, row: number): number {
  return (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / size))) * 180) / Math.PI
}
