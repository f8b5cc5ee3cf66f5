/**
 * Where to draw a unit at a moment: on the line between its last two fixes, or ahead of the last one for a short while.
 *
 * Nothing is drawn that was not measured, but for two cases, and the answer says which: *between* two fixes that a vehicle
 * can have driven, and *reckoned* from the last one by its own speed and heading, for `RECKON_MS` and not a moment longer.
 */
import { distanceM, EARTH_RADIUS_M, type Position } from '../domain/geo.ts'

/** A place with its moment, in region time. */
export interface Placed extends Position {
  readonly fixedAtMs: number
}
export interface Moving extends Placed {
  readonly speedMps: number | null
  readonly headingDeg: number | null
}

export interface DrawnPosition extends Position {
  readonly basis: 'fix' | 'between' | 'reckoned'
}

/** How far ahead of the last fix a unit is moved on, in region time: less than the time to its next fix. */
export const RECKON_MS = 10_000
/** Fixes further apart than this say nothing of the way between them. */
const BETWEEN_MAX_MS = 60_000
/** 252 km/h: what is faster was not driven, but is a receiver that found itself again. */
const JUMP_MPS = 70

export function positionAt(last: Moving, previous: Placed | null, atMs: number): DrawnPosition {
  if (atMs >= last.fixedAtMs) return reckoned(last, Math.min(RECKON_MS, atMs - last.fixedAtMs))
  if (previous === null) return at(last)
  if (atMs <= previous.fixedAtMs) return at(previous)
  const apartMs = last.fixedAtMs - previous.fixedAtMs
  const isJump = apartMs > BETWEEN_MAX_MS || distanceM(previous, last) > (JUMP_MPS * apartMs) / 1_000
  return isJump ? at(previous) : between(previous, last, (atMs - previous.fixedAtMs) / apartMs)
}

const at = ({ lonDeg, latDeg }: Position): DrawnPosition => ({ lonDeg, latDeg, basis: 'fix' })

/** Along the chord, which at such distances is the road's own line: right across the antimeridian and near the poles. */
function between(from: Position, to: Position, share: number): DrawnPosition {
  const [ax, ay, az] = unitVector(from)
  const [bx, by, bz] = unitVector(to)
  const mix = (a: number, b: number) => a + (b - a) * share
  return { ...position(mix(ax, bx), mix(ay, by), mix(az, bz)), basis: 'between' }
}

function reckoned(last: Moving, forMs: number): DrawnPosition {
  const { speedMps, headingDeg } = last
  if (!speedMps || headingDeg === null || forMs === 0) return at(last)
  const angle = (speedMps * forMs) / 1_000 / EARTH_RADIUS_M
  const lat = last.latDeg * RAD
  const lon = last.lonDeg * RAD
  const heading = headingDeg * RAD
  const east = Math.sin(heading) * Math.sin(angle)
  const north = Math.cos(heading) * Math.sin(angle)
  const up = Math.cos(angle)
  const outward = up * Math.cos(lat) - north * Math.sin(lat)
  const x = outward * Math.cos(lon) - east * Math.sin(lon)
  const y = outward * Math.sin(lon) + east * Math.cos(lon)
  return { ...position(x, y, up * Math.sin(lat) + north * Math.cos(lat)), basis: 'reckoned' }
}

const RAD = Math.PI / 180

function unitVector({ lonDeg, latDeg }: Position): [number, number, number] {
  const cos = Math.cos(latDeg * RAD)
  return [cos * Math.cos(lonDeg * RAD), cos * Math.sin(lonDeg * RAD), Math.sin(latDeg * RAD)]
}

const position = (x: number, y: number, z: number): Position => ({
  lonDeg: Math.atan2(y, x) / RAD,
  latDeg: Math.atan2(z, Math.hypot(x, y)) / RAD,
})
