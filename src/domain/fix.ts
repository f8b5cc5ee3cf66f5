/** One GPS position as the vehicle's receiver measured it, and the one rule of order for fixes. */
import type { Position } from './geo.ts'

export interface Fix extends Position {
  /** Number of this fix in its stream: 1, 2, 3 … without holes. */
  readonly seq: number
  /** Region time at which the receiver measured it. */
  readonly fixedAtMs: number
  /** Radius of the receiver's own 68 % circle in metres; null where unknown. */
  readonly accuracyM: number | null
  /** Ground speed in metres per second; null while the receiver has no lock. */
  readonly speedMps: number | null
  /** Course over ground, degrees clockwise from north, 0 to 360; null while standing or unknown. */
  readonly headingDeg: number | null
}

/** The placed fix: where the map, the ranking and the history say the unit is now. */
export interface PlacedFix extends Fix {
  readonly streamId: string
}

/** True when `next` moves the unit's current position: order is `(at, seq)`, never arrival. */
export function isNewer(
  next: { fixedAtMs: number; seq: number },
  current: { fixedAtMs: number; seq: number } | null,
): boolean {
  if (current === null) return true
  return next.fixedAtMs > current.fixedAtMs || (next.fixedAtMs === current.fixedAtMs && next.seq > current.seq)
}
