/**
 * Tells the followers of moves where units are: at once, or, while the region is overloaded, once a second each.
 *
 * The unit's own memory and the store have each fix all the same. Units that have a trip are never put off: arrivals, and
 * who follows the trip, go by them.
 */
import type { MachineClock } from '../../../base/time.ts'
import type { PlacedFix } from '../../../domain/fix.ts'
import type { UnitActor } from '../../driver/unit-actor.ts'
import type { MoveFollower } from '../followers.ts'
import type { Overload } from './overload.ts'

const PUT_OFF_MS = 1_000
/** Told in one go, about 2 ms of work. */
const TOLD_AT_ONCE = 500

interface CoalescedMovesPorts {
  readonly machine: MachineClock
  readonly overload: Overload
  readonly followers: readonly MoveFollower[]
}

export class CoalescedMoves implements MoveFollower {
  readonly #ports: CoalescedMovesPorts
  /** Where each unit was that is put off, as its followers know it; as many as there are units, 100 bytes each. */
  readonly #putOff = new Map<UnitActor, PlacedFix | null>()
  #cancelTimer: (() => void) | null = null

  constructor(ports: CoalescedMovesPorts) {
    this.#ports = ports
  }

  moved(unit: UnitActor, before: PlacedFix | null): void {
    const { overload, machine } = this.#ports
    if (this.#putOff.size === 0 && overload.step === 'none') return this.#tell(unit, before)
    const known = this.#putOff.get(unit)
    if (overload.step === 'none' || unit.state.work !== null) {
      this.#putOff.delete(unit)
      return this.#tell(unit, known === undefined ? before : known)
    }
    if (known !== undefined) return overload.counted('position')
    this.#putOff.set(unit, before)
    this.#cancelTimer ??= machine.after(PUT_OFF_MS, () => this.#tellSome(this.#putOff.size))
  }

  /** The region's memory is dropped. */
  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#putOff.clear()
  }

  /** Input: how many of those that were put off when this began are still to be told. */
  #tellSome(count: number): void {
    const { machine } = this.#ports
    let left = count
    let told = 0
    for (const [unit, before] of this.#putOff) {
      if (left === 0 || told === TOLD_AT_ONCE) break
      left -= 1
      told += 1
      this.#putOff.delete(unit)
      if (unit.state.retired !== true) this.#tell(unit, before)
    }
    this.#cancelTimer = null
    if (this.#putOff.size === 0) return
    const more = Math.min(left, this.#putOff.size)
    this.#cancelTimer =
      more > 0
        ? machine.after(0, () => this.#tellSome(more))
        : machine.after(PUT_OFF_MS, () => this.#tellSome(this.#putOff.size))
  }

  #tell(unit: UnitActor, before: PlacedFix | null): void {
    for (const follower of this.#ports.followers) follower.moved(unit, before)
  }
}
