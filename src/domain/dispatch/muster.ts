/**
 * The census of a region's units as it is now, although much of it changes with nothing but time: a unit is away once it
 * has been disconnected for longer than the grace, or once its position is too old.
 *
 * So for each available unit a moment is noted at which it may have changed, never later than when it does. A unit that
 * reports or comes back only puts that off: at the noted moment it is looked at again. A unit that reports all the time is
 * thus looked at once in `lostAfterMs`, not once a fix.
 */
import { Heap } from '../../base/heap.ts'
import type { UnitId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import type { DriverState } from '../unit/driver.ts'
import { Census } from './census.ts'
import { keptUntilMs, type PassedOver, type Presence, verdictOnReach } from './eligibility.ts'

/** Looks that are out of date may be as many as units and so many more; then they are noted anew. */
const OUTDATED_MAX = 1_000

/** What makes a unit away. */
export interface AwaySpans {
  readonly policy: Policy
  readonly graceMs: number
}

/** An available unit as it is counted. */
interface Counted {
  readonly unit: DriverState
  away: PassedOver | null
  /** When to look at it again; infinite while time alone changes nothing. */
  lookAtMs: number
}

interface Look {
  readonly dueMs: number
  readonly counted: Counted
}

export class Muster {
  readonly census = new Census()
  readonly #presence: (unitId: UnitId) => Presence
  readonly #spans: () => AwaySpans
  readonly #available = new Map<UnitId, Counted>()
  readonly #looks = new Heap<Look>((a, b) => a.dueMs < b.dueMs)
  /** By which all were looked at. */
  #lostAfterMs = 0
  #graceMs = 0
  #withdrawPauseMs = 0

  constructor(presence: (unitId: UnitId) => Presence, spans: () => AwaySpans) {
    this.#presence = presence
    this.#spans = spans
    this.#takeSpans()
  }

  /** Why an available unit is away, as it is counted; null for one that is here, and for one that is not available. */
  awayOf(unitId: UnitId): PassedOver | null {
    return this.#available.get(unitId)?.away ?? null
  }

  /** Counts a unit as it is from now on. */
  add(unit: DriverState, nowMs: number): void {
    if (unit.status !== 'available') return this.census.count(unit, 1, null)
    const away = this.#awayNow(unit, nowMs)
    const counted = { unit, away, lookAtMs: Number.POSITIVE_INFINITY }
    this.#available.set(unit.unitId, counted)
    this.census.count(unit, 1, away)
    this.#note(counted, nowMs)
  }

  /** Counts a unit no longer. Input: the unit as it was counted. */
  remove(unit: DriverState): void {
    this.census.count(unit, -1, this.awayOf(unit.unitId))
    this.#available.delete(unit.unitId)
  }

  /** The unit has come, gone, or has another place. */
  look(unitId: UnitId, nowMs: number): void {
    const counted = this.#available.get(unitId)
    if (counted !== undefined) this.#look(counted, nowMs)
  }

  /**
   * Brings the census up to now. Input: `most`, how many looks that are due are taken; who decides takes all, and whoever
   * takes a few in between keeps that short.
   */
  advance(nowMs: number, most = Number.POSITIVE_INFINITY): void {
    const { policy, graceMs } = this.#spans()
    const { lostAfterMs, withdrawPauseMs } = policy
    const isSame =
      lostAfterMs === this.#lostAfterMs && graceMs === this.#graceMs && withdrawPauseMs === this.#withdrawPauseMs
    if (!isSame) return this.recount(nowMs)
    for (let taken = 0; taken < most && (this.#looks.first?.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs; taken += 1) {
      const { dueMs, counted } = this.#looks.pop()!
      if (counted.lookAtMs !== dueMs || this.#available.get(counted.unit.unitId) !== counted) continue
      counted.lookAtMs = Number.POSITIVE_INFINITY
      this.#look(counted, nowMs)
    }
  }

  /** Looks at all of them anew: region time has stepped, or other spans count. */
  recount(nowMs: number): void {
    this.#takeSpans()
    this.#looks.clear()
    for (const counted of this.#available.values()) {
      counted.lookAtMs = Number.POSITIVE_INFINITY
      this.#look(counted, nowMs)
    }
  }

  #takeSpans(): void {
    const { policy, graceMs } = this.#spans()
    this.#lostAfterMs = policy.lostAfterMs
    this.#graceMs = graceMs
    this.#withdrawPauseMs = policy.withdrawPauseMs
  }

  #look(counted: Counted, nowMs: number): void {
    const { unit } = counted
    const away = this.#awayNow(unit, nowMs)
    if (away !== counted.away) {
      this.census.count(unit, -1, counted.away)
      this.census.count(unit, 1, away)
      counted.away = away
    }
    this.#note(counted, nowMs)
  }

  #awayNow(unit: DriverState, nowMs: number): PassedOver | null {
    const { policy, graceMs } = this.#spans()
    return verdictOnReach(unit, this.#presence(unit.unitId), policy, graceMs, nowMs).reason
  }

  #note(counted: Counted, nowMs: number): void {
    const { policy, graceMs } = this.#spans()
    // Later than now, or rounding could make the same look due for ever.
    const { unit } = counted
    const dueMs = Math.max(changesAtMs(unit, this.#presence(unit.unitId), policy, graceMs, nowMs), nowMs + 1)
    // One that is noted for an earlier moment notes the next one itself.
    if (dueMs >= counted.lookAtMs) return
    counted.lookAtMs = dueMs
    this.#looks.push({ dueMs, counted })
    if (this.#looks.size > 2 * this.#available.size + OUTDATED_MAX) this.recount(nowMs)
  }
}

/** When the verdict on a unit's presence is another if nothing happens but time; infinite where it stays. */
function changesAtMs(
  unit: DriverState,
  { disconnectedSinceMs, fix }: Presence,
  policy: Policy,
  graceMs: number,
  nowMs: number,
): number {
  const { lostAfterMs } = policy
  const moments = [Number.POSITIVE_INFINITY, keptUntilMs(unit, policy, nowMs)]
  if (disconnectedSinceMs !== null) moments.push(disconnectedSinceMs + graceMs)
  // A fix of a clock that was ahead is lost until now has come near it, too.
  if (fix !== null) moments.push(fix.fixedAtMs - lostAfterMs + 1, fix.fixedAtMs + lostAfterMs)
  return Math.min(...moments.filter(atMs => atMs > nowMs))
}
