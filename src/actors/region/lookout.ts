/**
 * What there is to see of the units from one trip: who may go, who may not and why, and how many there are of each. The desk
 * decides by it, an override is recorded with it, and whoever asks why is answered from it.
 */
import { Census } from '../../domain/dispatch/census.ts'
import {
  countExclusion,
  exclusionOf,
  levelsServing,
  type PassedOver,
  type Presence,
  type Verdict,
  verdictOn,
} from '../../domain/dispatch/eligibility.ts'
import { fixAgeOf, rank, type Seen } from '../../domain/dispatch/ranking.ts'
import type { Round } from '../../domain/dispatch/rounds.ts'
import type { DriverState } from '../../domain/driver.ts'
import type { Candidate, PassedOverUnit } from '../../domain/events.ts'
import type { UnitId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip.ts'
import { LEVELS_OF_CARE } from '../../domain/vocabulary.ts'
import type { CandidateView } from '../../finder/candidate-view.ts'
import { FINDER_POOLS } from '../../finder/types.ts'
import type { RegionPolicy } from './region-policy.ts'

export interface LookoutPorts {
  readonly policy: RegionPolicy
  readonly presence: (unitId: UnitId) => Presence
  /** Told how long each search for units that may go took, in seconds. */
  readonly onSearch: (seconds: number) => void
  readonly monotonicMs: () => number
}

/** The units as somebody has them. */
export interface SeenUnits {
  readonly census: Census
  readonly candidates: CandidateView
  driver(unitId: UnitId): DriverState | undefined
  /** Why an available unit is away, as the census counts it. */
  awayOf(unitId: UnitId): PassedOver | null
  readonly nowMs: number
}

export class Lookout {
  readonly #ports: LookoutPorts
  readonly #units: SeenUnits

  constructor(ports: LookoutPorts, units: SeenUnits) {
    this.#ports = ports
    this.#units = units
  }

  verdictOn(trip: TripState, unitId: UnitId, round: Round): Verdict {
    const { policy, presence } = this.#ports
    const { nowMs } = this.#units
    const driver = this.#units.driver(unitId)!
    return verdictOn(driver, presence(unitId), trip.need, round, policy.standing, policy.disconnectGraceMs, nowMs)
  }

  /** The best of those who may go, best first, as many as a decision keeps. */
  candidates(trip: TripState, round: Round): Candidate[] {
    const { policy, presence, onSearch, monotonicMs } = this.#ports
    const { standing } = policy
    if (this.#units.census.serversOf(trip.need) === 0) return []
    const startedMs = monotonicMs()
    const { lonDeg, latDeg, need } = trip
    const found = this.#units.candidates.nearest({
      ...{ lonDeg, latDeg, k: standing.candidatesRecorded, levels: levelsServing(need.levelOfCare) },
      accept: unitId => this.verdictOn(trip, unitId, round).reason === null,
    })
    onSearch((monotonicMs() - startedMs) / 1_000)
    const seen = found.map(({ unitId, distanceM, levelOfCare }) => ({
      ...{ unitId, distanceM, levelOfCare },
      fixAgeMs: fixAgeOf(presence(unitId).fix, this.#units.nowMs),
    }))
    return rank(seen, standing)
  }

  /** All that a decision keeps. Input: its candidates; `most`, how many units passed over are named. */
  seen(trip: TripState, round: Round, candidates: readonly Candidate[], most: number): Seen {
    const { candidatesRecorded } = this.#ports.policy.standing
    const { census, candidates: units } = this.#units
    const named: PassedOverUnit[] = []
    const last = candidates.length < candidatesRecorded ? undefined : candidates.at(-1)
    units
      .nearest({
        ...{ lonDeg: trip.lonDeg, latDeg: trip.latDeg, levels: LEVELS_OF_CARE, pools: FINDER_POOLS, k: most },
        // Up to there all who may go are among the candidates, so no more than those are visited in vain.
        ...(last === undefined ? {} : { maxDistanceM: last.distanceM }),
        accept: unitId => exclusionOf(this.verdictOn(trip, unitId, round)) !== null,
      })
      .forEach(({ unitId, distanceM }) => {
        named.push({ unitId, distanceM, reason: exclusionOf(this.verdictOn(trip, unitId, round))! })
      })
    return { candidates, passedOver: named, ...this.#tally(census, trip, round) }
  }

  #tally(census: Census, trip: TripState, round: Round) {
    const others = new Census(census)
    let asked = 0
    for (const unitId of round.asked) {
      const driver = this.#units.driver(unitId)
      if (driver === undefined || this.verdictOn(trip, unitId, round).reason !== 'asked-this-round') continue
      others.count(driver, -1, this.#units.awayOf(unitId))
      asked += 1
    }
    const tally = others.tally(trip.need)
    countExclusion(tally.excluded, 'asked-this-round', asked)
    return tally
  }
}
