/**
 * How old the positions of the units on duty are: when one becomes stale, or lost, or is heard of again, whoever follows is told
 * then, and not when somebody looks next.
 *
 * For each unit a second is noted in which it is looked at, never later than its position changes. A unit that reports only puts
 * that off: so it costs one look a span of staleness, and a comparison a fix.
 */
import type { PlacedFix } from '../../domain/fix.ts'
import { type Freshness, freshnessChangesAtMs, freshnessOf, type StandingPolicy } from '../../domain/policy.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { FollowedFreshness, UnitActor } from '../driver/unit-actor.ts'
import type { RegionTimers } from '../timers.ts'
import type { ChangedUnit, MoveFollower, TurnFollower } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Turn } from './turn.ts'

/** Units looked at in one go, about a millisecond's: all of a fleet may have reported in one second. */
const LOOKS_AT_ONCE = 5_000

interface FreshnessPorts {
  readonly memory: Pick<RegionMemory, 'driverActor' | 'driverActors'>
  readonly clock: { nowMs(): number }
  readonly policy: Pick<RegionPolicy, 'standing'>
  readonly timers: Pick<RegionTimers, 'at'>
  /** The position of a unit on duty is as old as it was not before; or the first of it is known. */
  readonly changed: (unit: UnitActor) => void
}

/** A unit on duty, what its position counts as, null without one, and the second in which it is looked at. */
class Followed implements FollowedFreshness {
  readonly unit: UnitActor
  freshness: Freshness | null = null
  lookS = Number.POSITIVE_INFINITY

  constructor(unit: UnitActor) {
    this.unit = unit
  }
}

const isOnDuty = ({ status }: DriverState): boolean => status !== 'off-duty'
const secondOf = (atMs: number): number => Math.ceil(atMs / 1_000)

export class FreshnessWatch implements TurnFollower, MoveFollower {
  readonly #ports: FreshnessPorts
  readonly #looks = new Map<number, Followed[]>()
  readonly #counts = { fresh: 0, stale: 0, lost: 0, none: 0 }
  #policy: StandingPolicy
  /** When the timer is set that comes first. */
  #wakeS = Number.POSITIVE_INFINITY

  constructor(ports: FreshnessPorts) {
    this.#ports = ports
    this.#policy = ports.policy.standing
  }

  /** Units on duty by how old their position is; `none` have none. */
  get counts(): Readonly<Record<Freshness | 'none', number>> {
    return this.#counts
  }

  /** Follows a unit as a start has found it. */
  recover(unit: UnitActor): void {
    if (isOnDuty(unit.state)) this.#follow(unit, this.#ports.clock.nowMs())
  }

  committed({ nowMs }: Turn, changed: readonly ChangedUnit[]): void {
    for (const { after } of changed) {
      const unit = this.#ports.memory.driverActor(after.unitId)!
      if (!isOnDuty(after)) this.#leave(unit)
      else if (unit.followed === null) this.#follow(unit, nowMs)
      // What it does says how often it should be heard of.
      else this.#look(unit.followed as Followed, nowMs)
    }
  }

  moved({ followed, location: { current } }: UnitActor, before: PlacedFix | null): void {
    if (followed === null) return
    // As nearly every fix: the look that is noted finds it.
    if (followed.freshness === 'fresh' && current !== null && current.fixedAtMs >= (before?.fixedAtMs ?? 0)) return
    this.#look(followed as Followed, this.#ports.clock.nowMs())
  }

  /** Region time has stepped, or another policy stands: all are looked at anew. */
  anew(): void {
    this.#policy = this.#ports.policy.standing
    this.#looks.clear()
    this.#wakeS = Number.POSITIVE_INFINITY
    const nowMs = this.#ports.clock.nowMs()
    for (const { followed } of this.#ports.memory.driverActors()) {
      if (followed === null) continue
      const unit = followed as Followed
      unit.lookS = Number.POSITIVE_INFINITY
      this.#look(unit, nowMs)
    }
  }

  #follow(unit: UnitActor, nowMs: number): void {
    const followed = new Followed(unit)
    unit.followed = followed
    this.#counts.none += 1
    this.#look(followed, nowMs)
  }

  #leave(unit: UnitActor): void {
    if (unit.followed === null) return
    this.#counts[unit.followed.freshness ?? 'none'] -= 1
    unit.followed = null
  }

  #look(followed: Followed, nowMs: number): void {
    const { state, location } = followed.unit
    const fix = location.current
    if (fix === null) return
    const freshness = freshnessOf(state.status, nowMs - fix.fixedAtMs, this.#policy)
    this.#note(followed, secondOf(freshnessChangesAtMs(state.status, fix.fixedAtMs, this.#policy, nowMs)), nowMs)
    if (freshness === followed.freshness) return
    this.#counts[followed.freshness ?? 'none'] -= 1
    this.#counts[freshness] += 1
    followed.freshness = freshness
    this.#ports.changed(followed.unit)
  }

  /** One that is noted for an earlier second notes the next one itself. */
  #note(followed: Followed, dueS: number, nowMs: number): void {
    if (dueS >= followed.lookS || dueS === Number.POSITIVE_INFINITY) return
    followed.lookS = dueS
    const looks = this.#looks.get(dueS)
    if (looks === undefined) this.#looks.set(dueS, [followed])
    else looks.push(followed)
    this.#wake(Math.max(dueS, secondOf(nowMs)))
  }

  #wake(atS: number): void {
    if (atS >= this.#wakeS) return
    this.#wakeS = atS
    this.#ports.timers.at(atS * 1_000, () => this.#woken(atS))
  }

  #woken(atS: number): void {
    if (atS !== this.#wakeS) return
    this.#wakeS = Number.POSITIVE_INFINITY
    const nowMs = this.#ports.clock.nowMs()
    let left = LOOKS_AT_ONCE
    let nextS = Number.POSITIVE_INFINITY
    for (const [dueS, looks] of this.#looks) {
      if (dueS * 1_000 > nowMs || left === 0) {
        nextS = Math.min(nextS, dueS)
        continue
      }
      const some = looks.splice(Math.max(0, looks.length - left))
      left -= some.length
      if (looks.length === 0) this.#looks.delete(dueS)
      else nextS = Math.min(nextS, dueS)
      for (const followed of some) {
        // It was noted for another second since, or has gone off duty.
        if (followed.lookS !== dueS || followed.unit.followed !== followed) continue
        followed.lookS = Number.POSITIVE_INFINITY
        this.#look(followed, nowMs)
      }
    }
    if (nextS < Number.POSITIVE_INFINITY) this.#wake(Math.max(nextS, Math.floor(nowMs / 1_000) + (left === 0 ? 0 : 1)))
  }
}
