/**
 * How many units there are of each kind: what a decision can say of units without looking at each of them.
 *
 * A census may lie over another one and then holds only what differs, so that a turn can count its units as it has them
 * while those that are committed stay as they are.
 */
import type { DriverState } from '../driver.ts'
import type { Need } from '../events.ts'
import type { LevelOfCare, UnitStatus } from '../vocabulary.ts'
import { countExclusion, type Exclusions, fits, needText, reasonOfStanding } from './eligibility.ts'

/** Units of one level in one status. */
interface Standing {
  readonly levelOfCare: LevelOfCare
  readonly status: UnitStatus
  count: number
}

/** Available units that are alike, as far as needs go. */
interface Kind extends Need {
  count: number
}

export class Census {
  readonly #below: Census | null
  readonly #standings = new Map<string, Standing>()
  readonly #kinds = new Map<string, Kind>()

  constructor(below: Census | null = null) {
    this.#below = below
  }

  /** A unit is counted, or with `by` -1 no longer. */
  count(unit: DriverState, by: 1 | -1): void {
    const { levelOfCare, status } = unit
    addTo(this.#standings, `${levelOfCare} ${status}`, { levelOfCare, status }, by)
    if (status === 'available') this.countAvailable(unit, by)
  }

  /** As `count`, among those who could serve a need alone. */
  countAvailable(unit: DriverState, by: 1 | -1): void {
    const { levelOfCare, capabilities } = unit
    addTo(this.#kinds, needText(unit), { levelOfCare, capabilities }, by)
  }

  /** How many available units a need could be served by. */
  serversOf(need: Need): number {
    let servers = this.#below?.serversOf(need) ?? 0
    for (const kind of this.#kinds.values()) if (fits(kind, need)) servers += kind.count
    return servers
  }

  /** The units that a need passes over whatever their place: those that work, rest, or are of too low a level. */
  exclusionsOf(need: Need): Exclusions {
    const counts = this.#below?.exclusionsOf(need) ?? {}
    for (const { levelOfCare, status, count } of this.#standings.values()) {
      countExclusion(counts, reasonOfStanding(levelOfCare, status, need), count)
    }
    return counts
  }
}

function addTo<T extends object>(counts: Map<string, T & { count: number }>, key: string, what: T, by: 1 | -1): void {
  const known = counts.get(key)
  if (known === undefined) counts.set(key, { ...what, count: by })
  else {
    known.count += by
    // What comes to nothing is not kept.
    if (known.count === 0) counts.delete(key)
  }
}
