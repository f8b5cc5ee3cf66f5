/** What the finder knows of a unit, and what it answers. */
import type { UnitId } from '../domain/ids.ts'
import type { LevelOfCare } from '../domain/vocabulary.ts'

/** Units that can be sent now, units that are assigned but may be reassigned, and the others that a crew is on, are searched apart. */
export const FINDER_POOLS = ['available', 'reassignable', 'engaged'] as const
export type FinderPool = (typeof FINDER_POOLS)[number]

export interface Found {
  readonly unitId: UnitId
  readonly levelOfCare: LevelOfCare
  readonly lonDeg: number
  readonly latDeg: number
  /** Great-circle metres from the place asked for. */
  readonly distanceM: number
}

/** Where a search is to see a unit, whatever the trees have of it. */
export interface SeenUnit extends Omit<Found, 'distanceM'> {
  readonly pool: FinderPool
}
