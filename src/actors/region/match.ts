/**
 * One match: makes offers for the waiting trips, first in the queue first, and records the offers into the turn.
 *
 * It looks at the units as the turn has them, through an overlay: a turn that throws has changed neither finder nor census.
 */
import type { Census } from '../../domain/dispatch/census.ts'
import { countExclusion, levelsServing, needText, type Presence, verdictOn } from '../../domain/dispatch/eligibility.ts'
import type { FreedUnits } from '../../domain/dispatch/freed-units.ts'
import { offerMade } from '../../domain/dispatch/offers.ts'
import { inTurn, ranksOf, type Waiting } from '../../domain/dispatch/queue.ts'
import { decisionOf, fixAgeOf, rank } from '../../domain/dispatch/ranking.ts'
import { nobodyFound, openRounds, type Round } from '../../domain/dispatch/rounds.ts'
import type { DriverState } from '../../domain/driver.ts'
import type { DecisionRecord } from '../../domain/events.ts'
import type { OfferId, TripId, UnitId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip.ts'
import type { CandidateView } from '../../finder/candidate-view.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Turn } from './turn.ts'

export interface MatchPorts {
  readonly policy: RegionPolicy
  readonly presence: (unitId: UnitId) => Presence
  readonly newOfferId: () => OfferId
  /** Told how long each search took, in seconds. */
  readonly onSearch: (seconds: number) => void
  readonly monotonicMs: () => number
}

/** The units as the turn has them. */
export interface MatchedUnits {
  readonly census: Census
  readonly candidates: CandidateView
}

export class Match {
  readonly #ports: MatchPorts
  readonly #turn: Turn
  readonly #units: MatchedUnits
  /** The needs for which no unit was found at all: wherever the next trip of such a need is, nobody will be found either. */
  readonly #hopeless = new Set<string>()

  constructor(ports: MatchPorts, turn: Turn, units: MatchedUnits) {
    this.#ports = ports
    this.#turn = turn
    this.#units = units
  }

  /**
   * Input: `mustLook`, the trips for which a search is made in any case, or `all`; for the others one is made when a unit
   * of `freed` may be asked.
   */
  run(queue: readonly Waiting[], mustLook: ReadonlySet<TripId> | 'all', freed: FreedUnits): void {
    const isSought = (tripId: TripId) => mustLook === 'all' || mustLook.has(tripId)
    let left = mustLook === 'all' ? Number.POSITIVE_INFINITY : mustLook.size
    for (const tied of ranksOf(queue)) {
      if (left === 0 && !freed.isAny) return
      const looked = tied.filter(
        ({ tripId, need, needText }) => isSought(tripId) || freed.of(need, needText).length > 0,
      )
      for (const trip of this.#inTurn(looked)) {
        if (!isSought(trip.tripId) && !this.#mayAsk(trip, freed)) continue
        const driver = this.#serve(trip)
        if (driver !== null) freed.drop(driver.unitId)
      }
      left -= tied.filter(({ tripId }) => isSought(tripId)).length
    }
  }

  #inTurn(tied: readonly Waiting[]): readonly TripState[] {
    const turn = this.#turn
    const trips = tied.flatMap(({ tripId }) => turn.trip(tripId) ?? []).filter(trip => trip.phase === 'pending')
    return inTurn(
      trips,
      callId => turn.call(callId),
      need => this.#units.census.serversOf(need),
    )
  }

  /** Whether one of these units may be asked for the trip now. */
  #mayAsk(trip: TripState, freed: FreedUnits): boolean {
    const last = openRounds(trip, this.#ports.policy.standing, this.#turn.nowMs).at(-1)!
    const units = freed.of(trip.need, needText(trip.need))
    return units.some(({ unitId }) => this.#verdictOn(trip, unitId, last).reason === null)
  }

  /** Offers the trip to the best unit, or says on the board that nobody gets it; answers the unit as it was before. */
  #serve(trip: TripState): DriverState | null {
    const need = needText(trip.need)
    for (const round of openRounds(trip, this.#ports.policy.standing, this.#turn.nowMs)) {
      if (this.#hopeless.has(need)) break
      const decision = this.#choose(trip, round)
      if (decision !== null) return this.#offer(trip, round, decision)
      if (round.asked.length === 0) this.#hopeless.add(need)
    }
    this.#turn.record(nobodyFound(trip))
    return null
  }

  #offer(trip: TripState, round: Round, decision: DecisionRecord): DriverState {
    const { newOfferId, policy } = this.#ports
    const { unitId } = decision.candidates[0]!
    const driver = this.#turn.driver(unitId)!
    const { number } = round
    this.#turn.record([offerMade(trip, unitId, newOfferId(), number, decision, policy.standing, this.#turn.nowMs)])
    // A search still comes upon the unit, and counts it as busy.
    this.#units.census.countAvailable(driver, -1)
    return driver
  }

  #choose(trip: TripState, round: Round): DecisionRecord | null {
    const { policy, presence, onSearch, monotonicMs } = this.#ports
    const { standing } = policy
    const { census, candidates } = this.#units
    if (census.serversOf(trip.need) === 0) return null
    const excluded = census.exclusionsOf(trip.need)
    const accept = (unitId: UnitId): boolean => {
      const { reason } = this.#verdictOn(trip, unitId, round)
      countExclusion(excluded, reason)
      return reason === null
    }
    const startedMs = monotonicMs()
    const { lonDeg, latDeg, need } = trip
    const levels = levelsServing(need.levelOfCare)
    const found = candidates.nearest({ lonDeg, latDeg, k: standing.candidatesRecorded, levels, accept })
    onSearch((monotonicMs() - startedMs) / 1_000)
    if (found.length === 0) return null
    const seen = found.map(({ unitId, distanceM, levelOfCare }) => ({
      unitId,
      distanceM,
      fixAgeMs: fixAgeOf(presence(unitId).fix, this.#turn.nowMs),
      levelOfCare,
    }))
    return decisionOf(rank(seen, standing), excluded, standing)
  }

  #verdictOn(trip: TripState, unitId: UnitId, round: Round) {
    const { policy, presence } = this.#ports
    const { nowMs } = this.#turn
    const driver = this.#turn.driver(unitId)!
    return verdictOn(driver, presence(unitId), trip.need, round, policy.standing, policy.disconnectGraceMs, nowMs)
  }
}
