/** Closed or slow roads as a dispatcher draws them, and what a region's roads have of such a place. */
import type { Position } from './geo.ts'
import type { ZoneId } from './ids.ts'
import type { ZoneKind, ZoneReason } from './vocabulary.ts'

export interface ZonePlace {
  readonly kind: ZoneKind
  /** The corners of an area in order, three at least; or of a line along a street, two at least. */
  readonly points: readonly Position[]
}

export interface DrawnZone extends ZonePlace {
  readonly zoneId: ZoneId
  /** So many hundredths of the time, from 100 to 2000; null where the roads are closed. */
  readonly slowPercent: number | null
  readonly fromAtMs: number
  /** Null while nobody knows. */
  readonly untilAtMs: number | null
  readonly reason: ZoneReason
}

/** What the roads have of a place, each direction by itself, and how many more they take. */
export interface RoadsThere {
  readonly arcs: number
  readonly room: number
}
