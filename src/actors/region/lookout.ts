/**
 * What there is to see of the units from one trip: who may go, who may not and why, and how many there are of each. The desk
 * decides by it, an override is recorded with it, and whoever asks why is answered from it.
 */
import { Census, type Tally } from '../../domain/dispatch/census.ts'
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
import type { Candidate } from '../../domain/events/decision-record.ts'
import type { UnitId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
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

interface Sought {
  readonly reason: Verdict['reason']
  readonly count: number
  readonly visitsMax: number
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

  /** How many units may go and how many may not, by reason: every signed-on unit, without a look at each. */
  tally(trip: TripState, round: Round): Tally {
    const { census, driver, awayOf } = this.#units
    const others = new Census(census)
    let asked = 0
    for (const unitId of round.asked) {
      const unit = driver(unitId)
      if (unit === undefined || this.verdictOn(trip, unitId, round).reason !== 'asked-this-round') continue
      others.count(unit, -1, awayOf(unitId))
      asked += 1
    }
    const tally = others.tally(trip.need)
    countExclusion(tally.excluded, 'asked-this-round', asked)
    return tally
  }

  /**
   * The best of those who may go, best first, as many as a decision keeps. Input: how many there are, of whom no more are
   * sought; `visitsMax`, after how many units that may not go the search ends without the rest.
   */
  candidates(trip: TripState, round: Round, { eligible }: Tally, visitsMax = Number.POSITIVE_INFINITY): Candidate[] {
    return this.#search(trip, round, { reason: null, count: eligible, visitsMax })
  }

  /** Whether anybody who may go is as near as this. Input: a trip for which somebody may go. */
  isAnyWithin(trip: TripState, round: Round, withinM: number): boolean {
    if (withinM === Number.POSITIVE_INFINITY) return true
    const { lonDeg, latDeg, need } = trip
    const found = this.#units.candidates.nearest({
      ...{ lonDeg, latDeg, levels: levelsServing(need.levelOfCare), k: 1, maxDistanceM: withinM },
      accept: unitId => this.verdictOn(trip, unitId, round).reason === null,
    })
    return found.length > 0
  }

  /** The best of those of whom nobody has heard, for where nobody else is left. */
  lastResorts(trip: TripState, round: Round, { excluded }: Tally): Candidate[] {
    const count = excluded['no-contact'] ?? 0
    return count === 0
      ? []
      : this.#search(trip, round, { reason: 'no-contact', count, visitsMax: Number.POSITIVE_INFINITY })
  }

  /** Input: the verdict on those who are sought, and how many there are. */
  #search(trip: TripState, round: Round, { reason, count, visitsMax }: Sought): Candidate[] {
    const { policy, presence, onSearch, monotonicMs } = this.#ports
    const { standing } = policy
    if (this.#units.census.serversOf(trip.need) === 0) return []
    const startedMs = monotonicMs()
    const { lonDeg, latDeg, need } = trip
    const isSought = (unitId: UnitId) => this.verdictOn(trip, unitId, round).reason === reason
    let visits = 0
    const found = this.#units.candidates.nearest({
      ...{ lonDeg, latDeg, levels: levelsServing(need.levelOfCare) },
      // So it does not go on through all units behind the last one that may go. Whether there is any, the search says itself.
      k: Math.max(1, Math.min(standing.candidatesRecorded, count)),
      accept: unitId => isSought(unitId) || ++visits > visitsMax,
    })
    onSearch((monotonicMs() - startedMs) / 1_000)
    const sought = visits > visitsMax ? found.filter(({ unitId }) => isSought(unitId)) : found
    const seen = sought.map(({ unitId, distanceM, levelOfCare }) => ({
      ...{ unitId, distanceM, levelOfCare },
      fixAgeMs: fixAgeOf(presence(unitId).fix, this.#units.nowMs),
    }))
    return rank(seen, standing)
  }

  /** All that a decision keeps. Input: its counts and candidates; `most`, how many units passed over are named. */
  seen(trip: TripState, round: Round, tally: Tally, candidates: readonly Candidate[], most: number): Seen {
    const { candidatesRecorded } = this.#ports.policy.standing
    const { lonDeg, latDeg } = trip
    const chosen = new Set(candidates.map(({ unitId }) => unitId))
    const reasonOf = (unitId: UnitId) => (chosen.has(unitId) ? null : exclusionOf(this.verdictOn(trip, unitId, round)))
    const last = candidates.length < candidatesRecorded ? undefined : candidates.at(-1)
    const passed = this.#units.candidates.nearest({
      ...{ lonDeg, latDeg, levels: LEVELS_OF_CARE, pools: FINDER_POOLS, k: most },
      // Up to there all who may go are among the candidates, so no more than those are visited in vain.
      ...(last === undefined ? {} : { maxDistanceM: last.distanceM }),
      accept: unitId => reasonOf(unitId) !== null,
    })
    const passedOver = passed.map(({ unitId, distanceM }) => ({ unitId, distanceM, reason: reasonOf(unitId)! }))
    return { candidates, passedOver, ...tally }
  }
}
