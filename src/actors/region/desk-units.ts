/** The units as the desk sees them: counted by what they can do and whether they are here, and placed where the finder looks. */
import { Census } from '../../domain/dispatch/census.ts'
import { type PassedOver, type Presence, verdictOnReach } from '../../domain/dispatch/eligibility.ts'
import { Muster } from '../../domain/dispatch/muster.ts'
import { driverKey } from '../../domain/entity.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { Position } from '../../domain/geo.ts'
import type { UnitId } from '../../domain/ids.ts'
import { isLost } from '../../domain/policy.ts'
import { type DriverState, dispatchabilityOf } from '../../domain/unit/driver.ts'
import { LEVELS_OF_CARE } from '../../domain/vocabulary.ts'
import { CandidateView } from '../../finder/candidate-view.ts'
import type { Finder } from '../../finder/finder.ts'
import type { FinderPool } from '../../finder/types.ts'
import type { SeenUnits } from './lookout.ts'
import type { Quarantine } from './quarantine.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Turn } from './turn.ts'

export interface DeskUnitsPorts {
  readonly finder: Finder
  readonly quarantine: Quarantine
  readonly policy: RegionPolicy
  readonly presence: (unitId: UnitId) => Presence
  /** The committed state of a unit. */
  readonly driver: (unitId: UnitId) => DriverState | undefined
  readonly nowMs: () => number
}

/** The pools of units that could be sent, or are on their way. */
const ON_CALL: readonly FinderPool[] = ['available', 'reassignable']
/** Looks at units that are due, taken with each move: more than a move can make due, so they are done before a decision needs them. */
const LOOKS_A_MOVE = 2

export class DeskUnits {
  readonly #ports: DeskUnitsPorts
  readonly #muster: Muster
  /** Units in quarantine: their state is wrong, so nobody counts them. */
  readonly #held = new Set<UnitId>()

  constructor(ports: DeskUnitsPorts) {
    const { policy, presence } = ports
    this.#ports = ports
    this.#muster = new Muster(presence, () => ({ policy: policy.standing, graceMs: policy.disconnectGraceMs }))
  }

  /** Folds a unit's change into the census and the finder's trees. */
  changed(before: DriverState | undefined, after: DriverState, place: Position | null): void {
    const { unitId } = after
    const wasHeld = this.#held.delete(unitId)
    if (before !== undefined && !wasHeld) this.#muster.remove(before)
    if (this.#isHeld(unitId)) this.#held.add(unitId)
    else this.#muster.add(after, this.#ports.nowMs())
    this.#placeIn(this.#ports.finder, after, place)
  }

  /** A unit came into quarantine. */
  hold(unitId: UnitId): void {
    const { finder, driver } = this.#ports
    finder.remove(unitId)
    const state = driver(unitId)
    if (state === undefined || this.#held.has(unitId)) return
    this.#held.add(unitId)
    this.#muster.remove(state)
  }

  /** The unit has another place. Called for every fix that moves one. */
  moved(driver: DriverState, current: PlacedFix | null, before: PlacedFix | null): void {
    this.#placeIn(this.#ports.finder, driver, current)
    if (driver.status !== 'available') return
    const nowMs = this.#ports.nowMs()
    this.#muster.advance(nowMs, LOOKS_A_MOVE)
    // What moves as it should is looked at when its next look is due, not with each of its fixes.
    // A fix can also be too far ahead, of a clock that was set back meanwhile.
    const isAsItShould =
      before !== null &&
      current !== null &&
      current.fixedAtMs >= before.fixedAtMs &&
      this.#isOfNow(before, current, nowMs)
    if (!isAsItShould) this.#muster.look(driver.unitId, nowMs)
  }

  /** Puts a unit where the finder must look for it, or takes it out. */
  place(driver: DriverState, place: Position | null): void {
    this.#placeIn(this.#ports.finder, driver, place)
    this.look(driver.unitId)
  }

  /** The unit's client has come or gone. */
  look(unitId: UnitId): void {
    this.#muster.look(unitId, this.#ports.nowMs())
  }

  /** Region time has stepped. */
  stepped(): void {
    this.#muster.recount(this.#ports.nowMs())
  }

  /** How far a place is from the nearest unit that could be sent, or is on its way; null when there is none. */
  nearestM(place: Position): number | null {
    const query = { lonDeg: place.lonDeg, latDeg: place.latDeg, k: 1, levels: LEVELS_OF_CARE, pools: ON_CALL }
    return this.#ports.finder.nearest(query)[0]?.distanceM ?? null
  }

  /** The units as they are now. */
  now(): SeenUnits {
    const { finder, driver, nowMs } = this.#ports
    const atMs = nowMs()
    this.#muster.advance(atMs)
    const awayOf = (unitId: UnitId) => this.#muster.awayOf(unitId)
    return { census: this.#muster.census, candidates: new CandidateView(finder), driver, awayOf, nowMs: atMs }
  }

  /** The units as the turn has them so far: one that it set free is there to be found. */
  inTurn(turn: Turn): SeenUnits {
    const { finder, presence, policy } = this.#ports
    const { nowMs } = turn
    this.#muster.advance(nowMs)
    const census = new Census(this.#muster.census)
    const candidates = new CandidateView(finder)
    const aways = new Map<UnitId, PassedOver | null>()
    for (const after of turn.drivers.values()) {
      const { unitId, status } = after
      const before = turn.driverBefore(unitId)
      // A unit that is new in this turn has no crew yet.
      if (before === undefined || this.#isHeld(unitId)) continue
      const seen = presence(unitId)
      const { reason } = verdictOnReach(after, seen, policy.standing, policy.disconnectGraceMs, nowMs)
      const away = status === 'available' ? reason : null
      aways.set(unitId, away)
      if (!this.#held.has(unitId)) census.count(before, -1, this.#muster.awayOf(unitId))
      census.count(after, 1, away)
      this.#placeIn(candidates, after, seen.fix)
    }
    const awayOf = (unitId: UnitId) => {
      const away = aways.get(unitId)
      return away === undefined ? this.#muster.awayOf(unitId) : away
    }
    return { census, candidates, driver: unitId => turn.driver(unitId), awayOf, nowMs }
  }

  #isOfNow(before: PlacedFix, current: PlacedFix, nowMs: number): boolean {
    const { standing } = this.#ports.policy
    return !isLost(nowMs - before.fixedAtMs, standing) && !isLost(nowMs - current.fixedAtMs, standing)
  }

  #placeIn(candidates: Finder | CandidateView, driver: DriverState, place: Position | null): void {
    const { unitId, levelOfCare } = driver
    const pool = poolOf(driver)
    if (place === null || pool === null || this.#isHeld(unitId)) return candidates.remove(unitId)
    candidates.place(unitId, levelOfCare, pool, place.lonDeg, place.latDeg)
  }

  #isHeld(unitId: UnitId): boolean {
    const { quarantine } = this.#ports
    return quarantine.size > 0 && quarantine.has(driverKey(unitId))
  }
}

/** Where the finder has units like this one; null: nowhere, for there is no crew. */
function poolOf(driver: DriverState): FinderPool | null {
  if (driver.status === 'off-duty') return null
  // One that has yet to say that it knows of the trip taken from it can be sent like any other.
  if (driver.status === 'available') return 'available'
  return dispatchabilityOf(driver) === 'conditionally-available' ? 'reassignable' : 'engaged'
}
