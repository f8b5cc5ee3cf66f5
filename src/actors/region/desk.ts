/**
 * The region's dispatch desk: the queue of pending trips and the choice of units.
 *
 * It has no log of its own: the queue is a fold over trips, and choosing is a pure look at the turn's states, the
 * finder and the clock. Search runs over all units at once, nearest first, so there is no radius to widen.
 */

import {
  alarmRaised,
  compareTurns,
  fits,
  nextRoundAtMs,
  offerMade,
  type Presence,
  queueKey,
  turnOf,
  whyPassedOver,
} from '../../domain/desk.ts'
import { type DriverState, dispatchabilityOf } from '../../domain/driver.ts'
import { byKind, driverKey, type EntityKey, tripKey } from '../../domain/entity.ts'
import type { DecisionRecord, ExclusionReason, Need } from '../../domain/events.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import { distanceM, type Position } from '../../domain/geo.ts'
import type { OfferId, TripId, UnitId } from '../../domain/ids.ts'
import type { Policy } from '../../domain/policy.ts'
import type { TripState } from '../../domain/trip.ts'
import {
  LEVELS_OF_CARE,
  type LevelOfCare,
  PRIORITIES,
  type Priority,
  type UnitStatus,
} from '../../domain/vocabulary.ts'
import type { Finder } from '../../finder/finder.ts'
import type { ChangedUnit, TurnFollower, TurnStep } from './followers.ts'
import type { EventRejected, Quarantine } from './quarantine.ts'
import type { Turn } from './turn.ts'

export interface DeskParts {
  readonly finder: Finder
  readonly policy: Policy
  readonly disconnectGraceMs: number
  readonly quarantine: Quarantine
  readonly presence: (unitId: UnitId) => Presence
  readonly newOfferId: () => OfferId
  /** Told how long each search took, in seconds. */
  readonly onSearch: (seconds: number) => void
  readonly monotonicMs: () => number
}

/** The levels that may serve a need: the level asked for and all above. */
export function levelsServing(level: LevelOfCare): readonly LevelOfCare[] {
  return LEVELS_OF_CARE.slice(LEVELS_OF_CARE.indexOf(level))
}

interface MovedUnit {
  readonly state: DriverState
  readonly location: { readonly current: Position | null }
}

interface Waiting {
  readonly key: number
  readonly createdPosition: number
  readonly tripId: TripId
  readonly priority: Priority
  readonly need: Need
  /** The same need has the same text. */
  readonly needText: string
}

/** Where a trip is kept. Of those that were made together the id tells them apart; who of them goes first it does not. */
function isBefore(a: Waiting, b: Waiting): boolean {
  if (a.key !== b.key) return a.key < b.key
  return a.createdPosition === b.createdPosition ? a.tripId < b.tripId : a.createdPosition < b.createdPosition
}

/** Units alike, as far as needs go, and how many of them are available. */
interface Kind extends Need {
  count: number
}

export class Desk implements TurnStep, TurnFollower {
  readonly #parts: DeskParts
  /** Sorted by key: the trips that go first are at the front. */
  readonly #queue: Waiting[] = []
  readonly #waiting = new Map<TripId, Waiting>()
  /** What those in the queue need, by its text, and how many of them need it. */
  readonly #needs = new Map<string, { readonly need: Need; trips: number }>()
  #allMustLook = false
  /** Signed-on units by level and status, for the counts in decision records. */
  readonly #census = new Map<string, number>()
  /** The available units by kind: a need that none of them could serve costs no search. */
  readonly #available = new Map<string, Kind>()

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  get pendingCount(): number {
    return this.#queue.length
  }

  isQueued(tripId: TripId): boolean {
    return this.#waiting.has(tripId)
  }

  pendingByPriority(): [Priority, number][] {
    return PRIORITIES.map(priority => [priority, this.#queue.filter(waiting => waiting.priority === priority).length])
  }

  // In turns, and behind them.

  extend(turn: Turn): void {
    if (turn.wantsMatching) this.match(turn)
  }

  over(turn: Turn): void {
    this.matched(turn)
  }

  committed(turn: Turn, changed: readonly ChangedUnit[]): void {
    for (const { before, after } of changed) this.onDriver(before, after, this.#parts.presence(after.unitId).fix)
    for (const trip of turn.trips.values()) this.onTrip(trip)
  }

  held({ entity }: EventRejected): void {
    this.hold(entity)
  }

  moved({ state, location }: MovedUnit): void {
    this.placeUnit(state, location.current)
  }

  /** Folds a trip's new state into the queue. */
  onTrip(trip: TripState): void {
    const known = this.#waiting.get(trip.tripId)
    const isServed = trip.phase === 'pending' && !this.#parts.quarantine.has(tripKey(trip.tripId))
    const waiting = isServed ? this.#waitingOf(trip) : null
    // Its place is another once a dispatcher has changed its priority.
    if (known?.key === waiting?.key && known?.priority === waiting?.priority) {
      if (known?.createdPosition === waiting?.createdPosition) return
    }
    if (known !== undefined) this.#leaveQueue(known)
    if (waiting !== null) {
      this.#queue.splice(placeOf(this.#queue, waiting), 0, waiting)
      this.#waiting.set(trip.tripId, waiting)
      const known = this.#needs.get(waiting.needText)
      if (known === undefined) this.#needs.set(waiting.needText, { need: waiting.need, trips: 1 })
      else known.trips += 1
    }
  }

  /** An actor came into quarantine: a trip is served no more, a unit no longer found. */
  hold(entity: EntityKey): void {
    byKind(entity, {
      driver: unitId => void this.#parts.finder.remove(unitId),
      trip: tripId => {
        const waiting = this.#waiting.get(tripId)
        if (waiting !== undefined) this.#leaveQueue(waiting)
      },
      call: () => undefined,
    })
  }

  #leaveQueue(waiting: Waiting): void {
    this.#queue.splice(placeOf(this.#queue, waiting), 1)
    this.#waiting.delete(waiting.tripId)
    const known = this.#needs.get(waiting.needText)!
    known.trips -= 1
    if (known.trips === 0) this.#needs.delete(waiting.needText)
  }

  #waitingOf(trip: TripState): Waiting {
    const { tripId, priority, need, createdPosition } = trip
    return { key: queueKey(trip, this.#parts.policy), createdPosition, tripId, priority, need, needText: nameOf(need) }
  }

  /** Folds a unit's change into the census and the finder's trees. */
  onDriver(before: DriverState | undefined, after: DriverState, place: Position | null): void {
    if (before !== undefined) this.#count(before, -1)
    this.#count(after, 1)
    this.placeUnit(after, place)
  }

  /** Puts a unit where the finder must look for it, or takes it out. */
  placeUnit(driver: DriverState, place: Position | null): void {
    const { finder, quarantine } = this.#parts
    const dispatchability = dispatchabilityOf(driver)
    const isHeld = quarantine.size > 0 && quarantine.has(driverKey(driver.unitId))
    if (place === null || dispatchability === 'not-available' || isHeld) return finder.remove(driver.unitId)
    const pool = dispatchability === 'available' ? 'available' : 'reassignable'
    finder.place(driver.unitId, driver.levelOfCare, pool, place.lonDeg, place.latDeg)
  }

  /** A unit may have become eligible outside a turn (it came back, its position did): all who wait must be looked at. */
  unitsChanged(): void {
    this.#allMustLook = true
  }

  /** Orders a pending trip to the unit that a dispatcher has chosen. Records into the turn. */
  order(turn: Turn, tripId: TripId, unitId: UnitId): void {
    const { policy, presence, newOfferId } = this.#parts
    const trip = turn.trip(tripId)!
    const { levelOfCare } = turn.driver(unitId)!
    const { fix } = presence(unitId)
    const candidates =
      fix === null
        ? []
        : [{ unitId, distanceM: Math.round(distanceM(trip, fix)), fixAgeMs: ageOf(fix, turn.nowMs), levelOfCare }]
    const decision: DecisionRecord = { basis: 'straight-line', candidates, excluded: {} }
    const ordered: Policy = { ...policy, mode: 'ordered' }
    turn.record([offerMade(trip, unitId, newOfferId(), trip.round, decision, ordered, turn.nowMs)])
  }

  /** A turn in which the desk matched was committed, or had nothing to commit. */
  matched(turn: Turn): void {
    if (turn.deskAsked) this.#allMustLook = false
  }

  /** Gives every waiting trip that can be served its offer, first in the queue first. Records into the turn. */
  match(turn: Turn): void {
    const staged = [...turn.trips.values()].filter(trip => trip.phase === 'pending' && !this.#waiting.has(trip.tripId))
    const allMustLook = this.#allMustLook || turn.deskAsked
    // Those that waited before can be served by units alone that came free since: a long queue costs nothing without one.
    const freed = allMustLook ? [] : turn.freed().filter(unit => this.#isNeeded(unit))
    const queue = allMustLook || freed.length > 0 ? [...this.#queue] : []
    for (const trip of staged) {
      const waiting = this.#waitingOf(trip)
      queue.splice(placeOf(queue, waiting), 0, waiting)
    }
    if (queue.length === 0) return
    const takeBack = this.#stageUnits(turn)
    const taken: DriverState[] = []
    const hopeless = new Set<string>()
    const stagedIds = new Set(staged.map(({ tripId }) => tripId))
    const choice = new FreedUnits(freed)
    try {
      for (const tied of runsOfOneKey(queue)) {
        if (!allMustLook && !choice.isAny && stagedIds.size === 0) break
        const looked = tied.filter(
          ({ tripId, need, needText }) => allMustLook || stagedIds.has(tripId) || choice.of(need, needText).length > 0,
        )
        for (const trip of this.#inTurn(turn, looked)) {
          const mustLook = allMustLook || stagedIds.has(trip.tripId)
          if (!mustLook && !this.#suits(turn, trip, choice.of(trip.need, nameOf(trip.need)))) continue
          const driver = this.#serve(turn, trip, hopeless)
          if (driver === null) continue
          taken.push(driver)
          this.#countAvailable(driver, -1)
          choice.drop(driver.unitId)
        }
        for (const { tripId } of tied) stagedIds.delete(tripId)
      }
    } finally {
      for (const driver of taken) this.#countAvailable(driver, 1)
      takeBack()
    }
  }

  /** The trips of one rank that wait, in the order in which they are served. */
  #inTurn(turn: Turn, tied: readonly Waiting[]): TripState[] {
    const trips = tied.flatMap(({ tripId }) => turn.trip(tripId) ?? []).filter(trip => trip.phase === 'pending')
    if (trips.length < 2) return trips
    const servers = new Map<string, number>()
    const turns = trips.map(trip => {
      const need = nameOf(trip.need)
      if (!servers.has(need)) servers.set(need, this.#serversOf(trip.need))
      return { trip, ...turnOf(trip, turn.call(trip.callId), servers.get(need)!) }
    })
    return turns.sort(compareTurns).map(({ trip }) => trip)
  }

  /** How many available units a need could be served by. */
  #serversOf(need: Need): number {
    let servers = 0
    for (const kind of this.#available.values()) if (fits(kind, need)) servers += kind.count
    return servers
  }

  /** Whether the unit could serve anything that the queue needs, asked before or not. */
  #isNeeded(unit: DriverState): boolean {
    for (const { need } of this.#needs.values()) if (fits(unit, need)) return true
    return false
  }

  /** Whether one of these units may be asked for the trip now. */
  #suits(turn: Turn, trip: TripState, units: readonly DriverState[]): boolean {
    const nextRound = nextRoundAtMs(trip, this.#parts.policy, turn.nowMs)
    const asked = nextRound !== null && turn.nowMs >= nextRound ? [] : trip.asked
    return units.some(({ unitId }) => this.#whyNot(turn, trip, unitId, asked) === null)
  }

  /**
   * Shows the search the units as the turn has them so far: one that it set free is there to be found.
   * The answer takes that back, for a turn that throws changes nothing; one that commits folds them in anew.
   */
  #stageUnits(turn: Turn): () => void {
    const staged = [...turn.drivers.values()].flatMap(after => {
      const before = turn.driverBefore(after.unitId)
      // A unit that is new in this turn has no crew yet.
      return before === undefined ? [] : [{ before, after, fix: this.#parts.presence(after.unitId).fix }]
    })
    for (const { before, after, fix } of staged) this.onDriver(before, after, fix)
    return () => {
      for (const { before, after, fix } of staged) this.onDriver(after, before, fix)
    }
  }

  /**
   * Offers the trip to the best unit, or says on the board why nobody gets it; answers the unit as it was before. `hopeless` names the needs for which this
   * match found no unit at all: wherever the next trip of that need is, nobody will be found for it either.
   */
  #serve(turn: Turn, trip: TripState, hopeless: Set<string>): DriverState | null {
    const { policy } = this.#parts
    const need = nameOf(trip.need)
    const inRound = hopeless.has(need) ? null : this.#choose(turn, trip, trip.asked)
    if (inRound === null && trip.asked.length === 0) hopeless.add(need)
    if (inRound !== null) return this.#offer(turn, trip, trip.round, inRound)

    const nextRound = nextRoundAtMs(trip, policy, turn.nowMs)
    if (nextRound === null) {
      turn.record(alarmRaised(trip, 'no-eligible-unit', null))
      return null
    }
    if (turn.nowMs >= nextRound && !hopeless.has(need)) {
      const anew = this.#choose(turn, trip, [])
      if (anew !== null) return this.#offer(turn, trip, trip.round + 1, anew)
      hopeless.add(need)
    }
    turn.record(alarmRaised(trip, 'round-exhausted', null))
    return null
  }

  #offer(turn: Turn, trip: TripState, round: number, decision: DecisionRecord): DriverState {
    const unitId = decision.candidates[0]!.unitId
    const driver = turn.driver(unitId)!
    const offerId = this.#parts.newOfferId()
    turn.record([offerMade(trip, unitId, offerId, round, decision, this.#parts.policy, turn.nowMs)])
    return driver
  }

  #choose(turn: Turn, trip: TripState, asked: readonly UnitId[]): DecisionRecord | null {
    const { finder, policy, presence } = this.#parts
    if (this.#serversOf(trip.need) === 0) return null
    const excluded = this.#excludedByCensus(trip)
    const levels = levelsServing(trip.need.levelOfCare)
    const accept = (unitId: UnitId): boolean => {
      const reason = this.#whyNot(turn, trip, unitId, asked)
      if (reason === null) return true
      excluded[reason] = (excluded[reason] ?? 0) + 1
      return false
    }
    const startedMs = this.#parts.monotonicMs()
    const { lonDeg, latDeg } = trip
    const found = finder.nearest({ lonDeg, latDeg, k: policy.candidatesRecorded, levels, accept })
    this.#parts.onSearch((this.#parts.monotonicMs() - startedMs) / 1_000)
    if (found.length === 0) return null
    const candidates = found.map(({ unitId, distanceM, levelOfCare }) => ({
      unitId,
      distanceM: Math.round(distanceM),
      fixAgeMs: ageOf(presence(unitId).fix, turn.nowMs),
      levelOfCare,
    }))
    return { basis: 'straight-line', candidates, excluded }
  }

  #whyNot(turn: Turn, trip: TripState, unitId: UnitId, asked: readonly UnitId[]): ExclusionReason | null {
    const { policy, disconnectGraceMs, presence } = this.#parts
    const driver = turn.driver(unitId)
    if (driver?.status !== 'available') return 'busy'
    if (asked.includes(unitId)) return 'asked-this-round'
    if (!trip.need.capabilities.every(needed => driver.capabilities.includes(needed))) return 'capability'
    return whyPassedOver(presence(unitId), disconnectGraceMs, policy, turn.nowMs)
  }

  /** The exclusions that need no search: units that work, rest, or are of too low a level. */
  #excludedByCensus(trip: TripState): Partial<Record<ExclusionReason, number>> {
    const excluded: Partial<Record<ExclusionReason, number>> = {}
    const add = (reason: ExclusionReason, count: number) => {
      excluded[reason] = (excluded[reason] ?? 0) + count
    }
    const serving = levelsServing(trip.need.levelOfCare)
    for (const [key, count] of this.#census) {
      const [level, status] = key.split(' ') as [LevelOfCare, UnitStatus]
      if (status === 'off-duty') continue
      if (!serving.includes(level)) add('level-of-care', count)
      else if (status === 'unavailable') add('unavailable', count)
      else if (status !== 'available') add('busy', count)
    }
    return excluded
  }

  #count(driver: DriverState, by: number): void {
    const key = `${driver.levelOfCare} ${driver.status}`
    const count = (this.#census.get(key) ?? 0) + by
    // What comes to nothing is not kept.
    if (count === 0) this.#census.delete(key)
    else this.#census.set(key, count)
    if (driver.status === 'available') this.#countAvailable(driver, by)
  }

  #countAvailable({ levelOfCare, capabilities }: DriverState, by: number): void {
    const name = nameOf({ levelOfCare, capabilities })
    const kind = this.#available.get(name) ?? { levelOfCare, capabilities, count: 0 }
    kind.count += by
    if (kind.count === 0) this.#available.delete(name)
    else this.#available.set(name, kind)
  }
}

const nameOf = ({ levelOfCare, capabilities }: Need): string => `${levelOfCare} ${capabilities.join(' ')}`

/** The queue in pieces of one rank. */
function* runsOfOneKey(queue: readonly Waiting[]): Iterable<readonly Waiting[]> {
  for (let from = 0; from < queue.length; ) {
    let to = from + 1
    while (to < queue.length && queue[to]!.key === queue[from]!.key) to += 1
    yield queue.slice(from, to)
    from = to
  }
}

/** Units that came free in a turn, by the needs that they serve; each need is looked at once. */
class FreedUnits {
  #units: readonly DriverState[]
  #byNeed = new Map<string, readonly DriverState[]>()

  constructor(units: readonly DriverState[]) {
    this.#units = units
  }

  get isAny(): boolean {
    return this.#units.length > 0
  }

  of(need: Need, needText: string): readonly DriverState[] {
    let units = this.#byNeed.get(needText)
    if (units === undefined) {
      units = this.#units.filter(unit => fits(unit, need))
      this.#byNeed.set(needText, units)
    }
    return units
  }

  /** It has an offer now. */
  drop(taken: UnitId): void {
    const units = this.#units.filter(({ unitId }) => unitId !== taken)
    if (units.length === this.#units.length) return
    this.#units = units
    this.#byNeed = new Map()
  }
}

/** A fix of a clock that is a little ahead is of now. */
const ageOf = (fix: PlacedFix | null, nowMs: number): number => Math.max(0, nowMs - (fix?.fixedAtMs ?? nowMs))

/** Where a trip stands in the sorted queue, or would stand. */
function placeOf(queue: readonly Waiting[], waiting: Waiting): number {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(queue[middle]!, waiting)) low = middle + 1
    else high = middle
  }
  return low
}
