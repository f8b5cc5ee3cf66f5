/** How the map travels: the tiles that a console watches, and the tuple of a unit on one. */
import type { LevelOfCare, UnitStatus } from '../../domain/vocabulary.ts'

/** The zooms at which tiles can be watched: about 625, 78 and 10 km wide at the equator. */
export const TILE_ZOOMS = [6, 9, 12] as const

/**
 * A map tile to watch, `z/x/y` of the Web Mercator grid at one of `TILE_ZOOMS`. `epoch` and `frameNo` are those of the last
 * frame that the client has applied; null asks for a snapshot.
 */
export type TileWatch = readonly [tile: string, epoch: string | null, frameNo: number | null]

/**
 * A unit on the map: `status` and `freshness` as in `UnitView` and `FixView`; the fix is `ageMs` older than the frame's
 * `atMs`. Speed in cm/s and heading in 0.1 degree, null where unknown.
 */
export type TileUnit = readonly [
  unitId: string,
  lonE7: number,
  latE7: number,
  ageMs: number,
  speedCmps: number | null,
  headingDd: number | null,
  status: UnitStatus,
  levelOfCare: LevelOfCare,
]
