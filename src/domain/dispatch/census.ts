/**
 * How many units there are of each kind: what a decision can say of units without looking at each of them.
 *
 * A census may lie over another one and then holds only what differs, so that a turn can count its units as it has them
 * while those that are committed stay as they are.
 */

import type { Need } from '../events/call-events.ts'
import type { DriverState } from '../unit/driver.ts'
import type { LevelOfCare } from '../vocabulary.ts'
import {
  canServe,
  countExclusion,
  type Exclusions,
  type Fitness,
  fits,
  type PassedOver,
  reasonOfStanding,
  type Standing,
  unitText,
} from './eligibility.ts'

interface CountedStanding extends Standing {
  count: number
}

/** Available units that are alike, as far as needs go, and away for the same reason, or here. */
interface Kind extends Fitness {
  readonly away: PassedOver | null
  count: number
}

/** Every signed-on unit once: those that may serve a need, and the others by the reason why not. */
export interface Tally {
  eligible: number
  readonly excluded: Exclusions
}

export class Census {
  readonly #below: Census | null
  readonly #standings = new Map<string, CountedStanding>()
  readonly #kinds = new Map<string, Kind>()
  /** Of each level, those that are free and here; null while none was counted: a match asks for them every time. */
  #free: Record<LevelOfCare, number> | null = null

  constructor(below: Census | null = null) {
    this.#below = below
  }

  /** A unit is counted, or with `by` -1 no longer. Input: `away`, why nobody could be sent to an available unit. */
  count(unit: DriverState, by: 1 | -1, away: PassedOver | null): void {
    const { levelOfCare, transports, status, capabilities } = unit
    const text = `${levelOfCare}${transports ? '+' : ''} ${status}`
    addTo(this.#standings, text, { levelOfCare, transports, status }, by)
    if (status === 'available' && away === null) {
      this.#free ??= { 'first-responder': 0, bls: 0, als: 0, cct: 0 }
      this.#free[levelOfCare] += by
    }
    if (status === 'available') {
      addTo(this.#kinds, `${away ?? 'here'} ${unitText(unit)}`, { levelOfCare, transports, capabilities, away }, by)
    }
  }

  /** How many available units a need could be served by, wherever they are. */
  serversOf(need: Need): number {
    let servers = this.#below?.serversOf(need) ?? 0
    for (const kind of this.#kinds.values()) if (fits(kind, need)) servers += kind.count
    return servers
  }

  /** How many units of a level are free and here. */
  freeOf(level: LevelOfCare): number {
    return (this.#below?.freeOf(level) ?? 0) + (this.#free?.[level] ?? 0)
  }

  /** How many of those a need could be served by. */
  ableOf(level: LevelOfCare, need: Need): number {
    let able = this.#below?.ableOf(level, need) ?? 0
    for (const kind of this.#kinds.values())
      if (kind.away === null && kind.levelOfCare === level && fits(kind, need)) able += kind.count
    return able
  }

  /** What `verdictOn` says of every unit for a need for which none was asked. */
  tally(need: Need): Tally {
    const tally = this.#below?.tally(need) ?? { eligible: 0, excluded: {} }
    const { excluded } = tally
    for (const standing of this.#standings.values()) {
      countExclusion(excluded, reasonOfStanding(standing, need), standing.count)
    }
    for (const kind of this.#kinds.values()) {
      // The standings have those of too low a level, and those that cannot carry.
      if (!canServe(kind, need)) continue
      const reason = fits(kind, need) ? kind.away : 'capability'
      if (reason === null) tally.eligible += kind.count
      else countExclusion(excluded, reason, kind.count)
    }
    return tally
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
