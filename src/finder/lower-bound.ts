/**
 * How near a box of longitudes and latitudes can be at the least: what lets the search leave whole subtrees unread.
 *
 * The haversine of a distance is hav(Δlat) + cos lat₁ · cos lat₂ · hav(Δlon). Each term is made as small as the box
 * allows by itself, so the sum can only be too small, never too large; on the sphere this holds for every box, also one
 * that touches a pole, spans all longitudes, or lies across the antimeridian from the point.
 */
import { EARTH_RADIUS_M, type Position } from '../domain/geo.ts'

/** Degrees: X is longitude within -180 to 180, Y latitude within -90 to 90. The names are rbush's. */
export interface Box {
  minX: number
  minY: number
  maxX: number
  maxY: number
}

const RAD_PER_DEG = Math.PI / 180

/**
 * Taken off every bound, so that rounding cannot lift it above the distance it bounds. The worst rounding is at
 * antipodes, where an error of 1e-16 in the haversine is 0.2 m of distance; a metre too few costs no visits.
 */
const ROUNDING_M = 1

/**
 * A lower bound of `distanceM` from a point to all points of a box.
 *
 * Input: the point, the cosine of its latitude (the same for all boxes of a search), the box. Output: metres, at most
 * the distance as `distanceM` computes it; may be as low as -1.
 */
export function lowerBoundM(from: Position, fromCosLat: number, box: Box): number {
  const latGapDeg = Math.max(0, box.minY - from.latDeg, from.latDeg - box.maxY)
  const lonGapDeg = lonGap(from.lonDeg, box)
  const sinLat = Math.sin((latGapDeg * RAD_PER_DEG) / 2)
  let h = sinLat * sinLat
  if (lonGapDeg > 0) {
    const sinLon = Math.sin((lonGapDeg * RAD_PER_DEG) / 2)
    h += fromCosLat * Math.cos(Math.max(-box.minY, box.maxY) * RAD_PER_DEG) * sinLon * sinLon
  }
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, h))) - ROUNDING_M
}

/** Degrees from a meridian to the nearest meridian of the box, going round the globe the shorter way. */
function lonGap(lonDeg: number, box: Box): number {
  if (lonDeg < box.minX) return Math.min(box.minX - lonDeg, lonDeg + 360 - box.maxX)
  if (lonDeg > box.maxX) return Math.min(lonDeg - box.maxX, box.minX + 360 - lonDeg)
  return 0
}
