/**
 * One match: makes offers for the waiting trips, first in the queue first, and records the offers into the turn.
 *
 * It looks at the units as the turn has them, through an overlay: a turn that throws has changed neither finder nor census.
 */
import { isByVoice, LAST_RESORTS, type LastResort, needText } from '../../domain/dispatch/eligibility.ts'
import { farOf } from '../../domain/dispatch/far.ts'
import type { FreedUnits } from '../../domain/dispatch/freed-units.ts'
import { lossOf, neededBy } from '../../domain/dispatch/help.ts'
import { offerMade } from '../../domain/dispatch/offers.ts'
import { inTurn, ranksOf, type Waiting } from '../../domain/dispatch/queue.ts'
import { decisionOf, PASSED_OVER_NAMED } from '../../domain/dispatch/ranking.ts'
import { nobodyFound, openRounds, type Round } from '../../domain/dispatch/rounds.ts'
import type { DecisionRecord } from '../../domain/events/decision-record.ts'
import type { TripId } from '../../domain/ids.ts'
import { isWaiting, type TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { Priority } from '../../domain/vocabulary.ts'
import { Helpers } from './helpers.ts'
import { type Choice, Lookout, type LookoutPorts, type SeenUnits } from './lookout.ts'
import type { Turn } from './turn.ts'

export interface MatchPorts extends LookoutPorts {
  /** Of an offer, and of a trip. */
  readonly newId: () => string
}

/** Those who could go, and then the last resorts. */
const TIERS: readonly (LastResort | null)[] = [null, ...LAST_RESORTS]
const FIT: typeof TIERS = [null]

export class Match {
  readonly #ports: MatchPorts
  readonly #turn: Turn
  readonly #units: SeenUnits
  readonly #lookout: Lookout
  readonly #helpers: Helpers
  /**
   * The needs for which no unit was found at all, of those who could go and of each last resort: wherever the next trip of such
   * a need is, nobody will be found either.
   */
  readonly #hopeless = new Map(TIERS.map(tier => [tier, new Set<string>()]))

  /** Input: the units as the turn has them. */
  constructor(ports: MatchPorts, turn: Turn, units: SeenUnits) {
    this.#ports = ports
    this.#turn = turn
    this.#units = units
    this.#lookout = new Lookout(ports, units)
    this.#helpers = new Helpers(ports, turn, this.#lookout)
  }

  /**
   * Input: `mustLook`, the trips for which a search is made in any case, or `all`; for the others one is made when a unit
   * of `freed` may be asked.
   */
  run(queue: readonly Waiting[], mustLook: ReadonlySet<TripId> | 'all', freed: FreedUnits): void {
    const isSought = (tripId: TripId) => mustLook === 'all' || mustLook.has(tripId)
    let left = mustLook === 'all' ? Number.POSITIVE_INFINITY : mustLook.size
    for (const tied of ranksOf(queue)) {
      this.#sendHelp(tied[0]!.priority, isSought, freed)
      if (left === 0 && !freed.isAny) break
      const looked = tied.filter(waiting => {
        const { tripId, need, needText } = waiting
        return (
          isSought(tripId) || freed.of(need, needText).length > 0 || (freed.isAny && this.#helpers.mayHelp(waiting))
        )
      })
      for (const trip of this.#inTurn(looked)) {
        this.#helpers.note(trip)
        if (!isSought(trip.tripId) && !this.#mayAsk(trip, freed)) continue
        const driver = this.#serve(trip)
        if (driver !== null) freed.drop(driver.unitId)
      }
      left -= tied.filter(({ tripId }) => isSought(tripId)).length
    }
    this.#sendHelp(null, isSought, freed)
  }

  /** Input: the priority that the match has come to; null at its end. */
  #sendHelp(priority: Priority | null, isSought: (tripId: TripId) => boolean, freed: FreedUnits): void {
    for (const tripId of this.#helpers.due(priority)) {
      if (!isSought(tripId) && !freed.isAny) continue
      const driver = this.#helpers.send(tripId, (trip, round, choice) =>
        this.#offer(trip, round, this.#decision(trip, round, choice)),
      )
      if (driver !== null) freed.drop(driver.unitId)
    }
  }

  #inTurn(tied: readonly Waiting[]): readonly TripState[] {
    const turn = this.#turn
    const trips = tied.flatMap(({ tripId }) => turn.trip(tripId) ?? []).filter(isWaiting)
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
    return units.some(({ unitId }) => {
      const { reason } = this.#lookout.verdictOn(trip, unitId, last)
      return TIERS.some(tier => tier === reason)
    })
  }

  /** Offers the trip to the best unit, or says on the board that nobody gets it; answers the unit as it was before. */
  #serve(trip: TripState): DriverState | null {
    const rounds = openRounds(trip, this.#ports.policy.standing, this.#turn.nowMs)
    // Of a trip that helps the right unit is on its way or sought, so nobody doubtful is sent beside it.
    for (const tier of trip.helps === undefined ? TIERS : FIT) {
      const driver = this.#served(trip, rounds, tier)
      if (driver !== null) return driver
    }
    // Of a trip that helps nobody is told: the alarms are those of the trip that it helps.
    if (trip.helps !== undefined) return null
    const last = rounds.at(-1)!
    const isFree = (unitId: string) => this.#lookout.verdictOn(trip, unitId, last).reason === 'asked-this-round'
    this.#turn.record(
      nobodyFound(trip, last.asked.some(isFree), this.#ports.policy.standing, () =>
        this.#decision(trip, last, { tally: this.#lookout.tally(trip, last), candidates: [], guard: null }),
      ),
    )
    return null
  }

  /** Offers the trip in the first round that has a unit for it: one that could go, or despite what speaks against it. */
  #served(trip: TripState, rounds: readonly Round[], despite: LastResort | null): DriverState | null {
    const need = needText(trip.need)
    const within = this.#helpers.within(trip)
    const empty = this.#hopeless.get(despite)!
    for (const round of rounds) {
      if (empty.has(need)) break
      const choice =
        despite === null ? this.#lookout.choice(trip, round) : this.#lookout.lastResorts(trip, round, despite)
      const { candidates } = choice
      if (candidates.length > 0 && farOf(candidates[0]!) > within) return null
      if (candidates.length > 0) return this.#offer(trip, round, this.#decision(trip, round, choice, despite))
      if (round.asked.length === 0) empty.add(need)
    }
    return null
  }

  #offer(trip: TripState, round: Round, decision: DecisionRecord): DriverState {
    const { newId, policy, presence } = this.#ports
    const { nowMs } = this.#turn
    const { unitId } = decision.candidates[0]!
    const driver = this.#turn.driver(unitId)!
    const byVoice = isByVoice(driver, presence(unitId), policy.disconnectGraceMs, nowMs)
    const asked = { unitId, offerId: newId(), round: round.number, isByVoice: byVoice }
    this.#turn.record(offerMade(trip, asked, decision, policy.standing, nowMs))
    // A search still comes upon the unit, and passes it over as busy.
    this.#units.census.count(driver, -1, this.#units.awayOf(unitId))
    this.#units.census.count(this.#turn.driver(unitId)!, 1, null)
    return driver
  }

  #decision(trip: TripState, round: Round, choice: Choice, despite: LastResort | null = null): DecisionRecord {
    const seen = this.#lookout.seen(trip, round, choice, PASSED_OVER_NAMED)
    const chosen = choice.candidates[0]
    const loss = chosen === undefined ? null : lossOf(this.#turn.driver(chosen.unitId)!, neededBy(this.#turn, trip))
    return decisionOf(seen, this.#ports.policy.standing, despite, loss)
  }
}
