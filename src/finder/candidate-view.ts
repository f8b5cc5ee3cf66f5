/**
 * The finder's units as a turn has them: some elsewhere than they are placed, or not to be found at all.
 *
 * Looking through a view touches no tree, and leaves nothing behind that would have to be taken back.
 */
import type { UnitId } from '../domain/ids.ts'
import type { LevelOfCare } from '../domain/vocabulary.ts'
import type { Finder, NearestSearch } from './finder.ts'
import type { FinderPool, Found, SeenUnit } from './types.ts'

export class CandidateView {
  readonly #finder: Finder
  readonly #units = new Map<UnitId, SeenUnit | null>()

  constructor(finder: Finder) {
    this.#finder = finder
  }

  /** As the finder's `place`, for those who look through this view. */
  place(unitId: UnitId, levelOfCare: LevelOfCare, pool: FinderPool, lonDeg: number, latDeg: number): void {
    this.#units.set(unitId, { unitId, levelOfCare, pool, lonDeg, latDeg })
  }

  /** As the finder's `remove`, for those who look through this view. */
  remove(unitId: UnitId): void {
    this.#units.set(unitId, null)
  }

  /** As the finder's `nearest`. */
  nearest(query: NearestSearch): Found[] {
    return this.#finder.nearest(query, this.#units)
  }
}
