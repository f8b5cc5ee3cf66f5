/**
 * What there is to see of the units from one trip: who may go, who may not and why, and how many there are of each. The desk
 * decides by it, an override is recorded with it, and whoever asks why is answered from it.
 */
import { Census, type Tally } from '../../domain/dispatch/census.ts'
import {
  countExclusion,
  exclusionOf,
  type LastResort,
  levelsServing,
  type PassedOver,
  type Presence,
  type Verdict,
  verdictOn,
} from '../../domain/dispatch/eligibility.ts'
import { type ChoiceBasis, farOf } from '../../domain/dispatch/far.ts'
import { isPreferred, preferredOf, preferredWithin, prefers } from '../../domain/dispatch/preference.ts'
import { fixAgeOf, rank, type Seen } from '../../domain/dispatch/ranking.ts'
import { guardedLevels, savesWithin } from '../../domain/dispatch/reserve.ts'
import type { Round } from '../../domain/dispatch/rounds.ts'
import type { Need } from '../../domain/events/call-events.ts'
import { arrivalOf, type Candidate } from '../../domain/events/decision-record.ts'
import type { UnitId } from '../../domain/ids.ts'
import { phaseOrder, type TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import { LEVELS_OF_CARE, type LevelOfCare } from '../../domain/vocabulary.ts'
import type { CandidateView } from '../../finder/candidate-view.ts'
import { FINDER_POOLS } from '../../finder/types.ts'
import { type FoundFar, HowFar, type UnitSearch } from './how-far.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { RegionRoads } from './region-roads.ts'

export interface LookoutPorts {
  readonly policy: RegionPolicy
  readonly roads: Pick<RegionRoads, 'look' | 'version' | 'speedsVersion' | 'fellBack' | 'isAtStation'>
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

/** Who may go on a trip. */
export interface Choice {
  readonly tally: Tally
  /** The best, best first, as many as a decision keeps. */
  readonly candidates: readonly Candidate[]
  readonly guard: Guard | null
}

/** The levels of which units are held in reserve, and those of their units that are not. */
interface Guard {
  readonly levels: readonly LevelOfCare[]
  readonly taken: ReadonlySet<UnitId>
}

interface Guarding {
  readonly tally: Tally
  readonly others: Others
  readonly guarded: readonly LevelOfCare[]
  readonly visitsMax: number
}

/** The units without those that were asked, and how many those are. */
interface Others {
  readonly others: Census
  readonly asked: number
}

/** The verdict on those who are sought, and how many there are, of whom no more are. */
interface Sought {
  readonly reason: Verdict['reason']
  readonly count: number
  readonly levels: readonly LevelOfCare[]
  readonly visitsMax: number
  /** As far as that, in what the choice goes by. */
  readonly within?: number
  /** Not only as many as a decision keeps. */
  readonly isAll?: true
}

const ALL_OF_THEM = { candidatesRecorded: Number.POSITIVE_INFINITY }

export class Lookout {
  readonly #ports: LookoutPorts
  readonly #units: SeenUnits
  readonly #howFar: HowFar

  constructor(ports: LookoutPorts, units: SeenUnits) {
    const { policy, roads, presence } = ports
    this.#ports = ports
    this.#units = units
    const seen = (unitId: UnitId) => ({ fix: presence(unitId).fix, status: units.driver(unitId)!.status })
    this.#howFar = new HowFar({ policy, roads, seen }, units.candidates, units.nowMs)
  }

  /** What choices for a trip go by. */
  basisFor(trip: TripState): ChoiceBasis {
    return this.#howFar.basisTo(trip)
  }

  /** A unit as it is seen from a trip's place; null where it has no position. */
  seenFrom(trip: TripState, unitId: UnitId): Candidate | null {
    const { fix } = this.#ports.presence(unitId)
    if (fix === null) return null
    const { levelOfCare } = this.#units.driver(unitId)!
    const isUnderWay = trip.unitId === unitId && phaseOrder(trip.phase) >= phaseOrder('en-route')
    return {
      ...this.#howFar.of(trip, unitId, fix, isUnderWay),
      unitId,
      levelOfCare,
      fixAgeMs: fixAgeOf(fix, this.#units.nowMs),
    }
  }

  verdictOn(trip: TripState, unitId: UnitId, round: Round): Verdict {
    const { policy, presence } = this.#ports
    const { nowMs } = this.#units
    const driver = this.#units.driver(unitId)!
    return verdictOn(driver, presence(unitId), trip.need, round, policy.standing, policy.disconnectGraceMs, nowMs)
  }

  /** How many units may go and how many may not, by reason, each by itself: every signed-on unit, without a look at each. */
  tally(trip: TripState, round: Round): Tally {
    return tallyOf(this.#notAsked(trip, round), trip.need)
  }

  /**
   * Who may go: how many, and the best of them, best first, as many as a decision keeps; and the levels that are guarded.
   * Input: `visitsMax`, after how many units that may not go the search ends without the rest.
   */
  choice(trip: TripState, round: Round, visitsMax = Number.POSITIVE_INFINITY): Choice {
    const others = this.#notAsked(trip, round)
    const tally = tallyOf(others, trip.need)
    // Whoever only asks why need not look where nobody is.
    if (tally.eligible === 0 && visitsMax < Number.POSITIVE_INFINITY) return { tally, candidates: [], guard: null }
    const { standing } = this.#ports.policy
    const guarded = guardedLevels(trip.need, trip.priority, standing, this.#units.census)
    if (guarded.length > 0) return this.#guarded(trip, round, { tally, others, guarded, visitsMax })
    const levels = levelsServing(trip.need.levelOfCare)
    const found = this.#search(trip, round, { reason: null, count: tally.eligible, levels, visitsMax })
    const ranked = this.#preferred(trip, round, rank(found, standing), levels)
    return { tally, candidates: ranked, guard: null }
  }

  /**
   * The candidates with the one first that has most of the preferred capabilities, of all who may go and are near enough.
   * Input: the levels of which all may go who are able; of others only candidates do.
   */
  #preferred(
    trip: TripState,
    round: Round,
    candidates: Candidate[],
    levels: readonly LevelOfCare[],
  ): readonly Candidate[] {
    const [nearest] = candidates
    if (nearest === undefined || !prefers(trip.need)) return candidates
    const { standing } = this.#ports.policy
    const { need } = trip
    const within = preferredWithin(farOf(nearest), this.basisFor(trip), standing)
    const having = (candidate: Candidate): Candidate => {
      const { capabilities } = this.#units.driver(candidate.unitId)!
      return { ...candidate, preferred: preferredOf(capabilities, need) }
    }
    const all = candidates.map(having)
    let best = all.filter(each => farOf(each) <= within).reduce((a, b) => (isPreferred(b, a) ? b : a))
    // There may be more who are near enough than a decision keeps.
    for (const found of this.#able(trip, round, { levels, k: Number.POSITIVE_INFINITY, within })) {
      const other = having(found)
      if (isPreferred(other, best)) best = other
    }
    const others = all.filter(({ unitId }) => unitId !== best.unitId)
    return [best, ...others].slice(0, standing.candidatesRecorded)
  }

  /** Those who may go, of a search. */
  #able(trip: TripState, round: Round, query: Omit<UnitSearch, 'accept'>): Candidate[] {
    const accept = (unitId: UnitId) => this.verdictOn(trip, unitId, round).reason === null
    return this.#howFar.search(trip, { ...query, accept }).map(found => this.#seenAs(found))
  }

  #seenAs({ unitId, levelOfCare, lonDeg: _lonDeg, latDeg: _latDeg, ...far }: FoundFar): Candidate {
    const fixAgeMs = fixAgeOf(this.#ports.presence(unitId).fix, this.#units.nowMs)
    return { unitId, ...far, fixAgeMs, levelOfCare }
  }

  /** The choice where levels are guarded: who is not, and of each of these who saves enough over them and the levels below. */
  #guarded(trip: TripState, round: Round, { tally, others: { others }, guarded, visitsMax }: Guarding): Choice {
    const { standing } = this.#ports.policy
    const able = guarded.map(level => others.ableOf(level, trip.need))
    const open = tally.eligible - able.reduce((sum, count) => sum + count, 0)
    const levels = levelsServing(trip.need.levelOfCare).filter(level => !guarded.includes(level))
    const candidates = open === 0 ? [] : this.#search(trip, round, { reason: null, count: open, levels, visitsMax })
    let nearest = candidates[0] === undefined ? Number.POSITIVE_INFINITY : farOf(candidates[0])
    const taken = new Set<UnitId>()
    guarded.forEach((level, index) => {
      const within = savesWithin(nearest, trip.priority, this.basisFor(trip), standing)
      if (able[index] === 0 || within <= 0) return
      const sought = { reason: null, count: able[index]!, levels: [level], visitsMax, within, isAll: true } as const
      const sooner = this.#search(trip, round, sought).filter(each => farOf(each) < within)
      for (const { unitId } of sooner) taken.add(unitId)
      candidates.push(...sooner)
      if (sooner[0] !== undefined) nearest = Math.min(nearest, farOf(sooner[0]))
    })
    const held = tally.eligible - open - taken.size
    tally.eligible -= held
    countExclusion(tally.excluded, 'held-in-reserve', held)
    const ranked = this.#preferred(trip, round, rank(candidates, ALL_OF_THEM), levels)
    return { tally, candidates: ranked.slice(0, standing.candidatesRecorded), guard: { levels: guarded, taken } }
  }

  /** The verdict on a unit beside all others. Input: what was chosen for the trip, of whose units it is one. */
  verdictAmong({ guard }: Pick<Choice, 'guard'>, trip: TripState, unitId: UnitId, round: Round): Verdict {
    const verdict = this.verdictOn(trip, unitId, round)
    if (guard === null || verdict.reason !== null || guard.taken.has(unitId)) return verdict
    const { levelOfCare: has } = this.#units.driver(unitId)!
    if (!guard.levels.includes(has)) return verdict
    return { reason: 'held-in-reserve', has, savesMs: this.#ports.policy.standing.higherLevelSavesMs[trip.priority] }
  }

  /** The units without those that were asked in the round and could go. */
  #notAsked(trip: TripState, round: Round): Others {
    const { census, driver, awayOf } = this.#units
    if (round.asked.length === 0) return { others: census, asked: 0 }
    const others = new Census(census)
    let asked = 0
    for (const unitId of round.asked) {
      const unit = driver(unitId)
      if (unit === undefined || this.verdictOn(trip, unitId, round).reason !== 'asked-this-round') continue
      others.count(unit, -1, awayOf(unitId))
      asked += 1
    }
    return { others, asked }
  }

  /** Whether anybody who may go is as near as this. Input: a trip for which somebody may go. */
  isAnyWithin(trip: TripState, round: Round, within: number): boolean {
    if (within === Number.POSITIVE_INFINITY) return true
    return this.#able(trip, round, { levels: levelsServing(trip.need.levelOfCare), k: 1, within }).length > 0
  }

  /** The best of those whom this alone speaks against, for where nobody else is left. */
  lastResorts(trip: TripState, round: Round, reason: LastResort): Choice {
    const tally = this.tally(trip, round)
    const count = tally.excluded[reason] ?? 0
    if (count === 0) return { tally, candidates: [], guard: null }
    const levels = levelsServing(trip.need.levelOfCare)
    const visitsMax = Number.POSITIVE_INFINITY
    const found = this.#search(trip, round, { reason, count, levels, visitsMax })
    return { tally, candidates: rank(found, this.#ports.policy.standing), guard: null }
  }

  /** The nearest of those who are sought, nearest first. */
  #search(trip: TripState, round: Round, sought: Sought): Candidate[] {
    const { reason, count, levels, visitsMax, within, isAll } = sought
    const { policy, onSearch, monotonicMs } = this.#ports
    if (this.#units.census.serversOf(trip.need) === 0) return []
    const startedMs = monotonicMs()
    const most = isAll === true ? count : Math.min(policy.standing.candidatesRecorded, count)
    const found = this.#howFar.search(trip, {
      ...{ levels, within, visitsMax },
      // So it does not go on through all units behind the last one that may go. Whether there is any, the search says itself.
      k: Math.max(1, most),
      accept: unitId => this.verdictOn(trip, unitId, round).reason === reason,
    })
    onSearch((monotonicMs() - startedMs) / 1_000)
    return found.map(each => this.#seenAs(each))
  }

  /** All that a decision keeps. Input: what was chosen; `most`, how many units passed over are named. */
  seen(trip: TripState, round: Round, choice: Choice, most: number): Seen {
    const { tally, candidates } = choice
    const { candidatesRecorded } = this.#ports.policy.standing
    const chosen = new Set(candidates.map(({ unitId }) => unitId))
    const reasonOf = (unitId: UnitId) =>
      chosen.has(unitId) ? null : exclusionOf(this.verdictAmong(choice, trip, unitId, round))
    const last = candidates.length < candidatesRecorded ? undefined : candidates.at(-1)
    const passed = this.#howFar.search(trip, {
      ...{ levels: LEVELS_OF_CARE, pools: FINDER_POOLS, k: most },
      // Up to there all who may go are among the candidates, so no more than those are visited in vain.
      within: last === undefined ? undefined : farOf(last),
      accept: unitId => reasonOf(unitId) !== null,
    })
    const passedOver = passed.map(found => {
      const { unitId, distanceM } = found
      return { unitId, distanceM, reason: reasonOf(unitId)!, ...arrivalOf(found) }
    })
    return { basis: this.basisFor(trip), candidates, passedOver, ...tally }
  }
}

function tallyOf({ others, asked }: Others, need: Need): Tally {
  const tally = others.tally(need)
  countExclusion(tally.excluded, 'asked-this-round', asked)
  return tally
}
