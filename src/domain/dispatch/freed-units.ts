/** Units that have come free, by the needs that they fit; each need is looked at once. */

import type { Need } from '../events/call-events.ts'
import type { UnitId } from '../ids.ts'
import type { DriverState } from '../unit/driver.ts'
import { fits } from './eligibility.ts'

export class FreedUnits {
  #units: readonly DriverState[]
  #byNeed = new Map<string, readonly DriverState[]>()

  constructor(units: readonly DriverState[]) {
    this.#units = units
  }

  get isAny(): boolean {
    return this.#units.length > 0
  }

  /** Those that fit the need. Input: `text`, the need's `needText`. */
  of(need: Need, text: string): readonly DriverState[] {
    let units = this.#byNeed.get(text)
    if (units === undefined) {
      units = this.#units.filter(unit => fits(unit, need))
      this.#byNeed.set(text, units)
    }
    return units
  }

  /** The unit has an offer now. */
  drop(taken: UnitId): void {
    const units = this.#units.filter(({ unitId }) => unitId !== taken)
    if (units.length === this.#units.length) return
    this.#units = units
    this.#byNeed = new Map()
  }
}
