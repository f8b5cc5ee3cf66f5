/** Positions on the globe and the great-circle distance by which units are ranked. */

export interface Position {
  /** WGS 84 degrees, east positive, -180 to 180. */
  readonly lonDeg: number
  /** WGS 84 degrees, north positive, -90 to 90. */
  readonly latDeg: number
}

/** IUGG mean radius of the Earth. */
export const EARTH_RADIUS_M = 6_371_008.8
const RAD_PER_DEG = Math.PI / 180

/**
 * Great-circle distance between two positions: the order in which the finder ranks candidates.
 *
 * Input: WGS 84 degrees, already range-checked at the border. Output: metres, always finite and >= 0.
 * Error: within 0.6 % of the ellipsoid, worst along a meridian near the equator or the poles.
 * Source: haversine on a sphere of 6 371 008.8 m; checked in test/domain/geo.test.ts.
 */
export function distanceM(from: Position, to: Position): number {
  const fromLat = from.latDeg * RAD_PER_DEG
  const toLat = to.latDeg * RAD_PER_DEG
  const sinLat = Math.sin((toLat - fromLat) / 2)
  const sinLon = Math.sin(((to.lonDeg - from.lonDeg) * RAD_PER_DEG) / 2)
  const h = sinLat * sinLat + Math.cos(fromLat) * Math.cos(toLat) * sinLon * sinLon
  // Rounding can push h a hair above 1 for antipodes, where asin would answer NaN.
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, h)))
}
