/**
 * Deadlines of a region, in region time: a heap of moments, one machine timer for the earliest.
 *
 * How long it takes to a moment is settled when its timer is set, and runs by the monotonic clock: a wall that is set
 * meanwhile neither ends an offer before its time nor keeps it open. A timer carries no truth: it names a moment at which
 * somebody should look at the state again. It is never stored; after a restart timers are derived from the recovered
 * state. A heap, not a wheel: only open offers, waiting rounds and disconnected units have timers, never single fixes,
 * so there are thousands, not millions.
 */
import { Heap } from '../base/heap.ts'
import type { MachineClock } from '../base/time.ts'
import type { RegionClock } from './clock.ts'

interface Timer {
  /** Region time. */
  readonly dueMs: number
  /** The same by the monotonic clock. */
  readonly dueMonotonicMs: number
  /** Breaks ties, so that timers of one moment fire in the order in which they were set. */
  readonly order: number
  readonly fire: () => void
}

/** The clocks tick at different moments: by so much, wall milliseconds, the line may be behind when a timer is due. */
const TICK_MS = 1_000

const isEarlier = (a: Timer, b: Timer): boolean =>
  a.dueMonotonicMs < b.dueMonotonicMs || (a.dueMonotonicMs === b.dueMonotonicMs && a.order < b.order)

export class RegionTimers {
  readonly #machine: MachineClock
  readonly #clock: RegionClock
  readonly #heap = new Heap<Timer>(isEarlier)
  #order = 0
  #cancelWakeUp: (() => void) | null = null
  #wakeUpAtMs = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(machine: MachineClock, clock: RegionClock) {
    this.#machine = machine
    this.#clock = clock
  }

  /** Calls `fire` once so much time has passed as is left until `dueMs`; at the next chance if it is over already. */
  at(dueMs: number, fire: () => void): void {
    if (this.#stopped) return
    this.#heap.push({ dueMs, dueMonotonicMs: this.#monotonicMsOf(dueMs), order: this.#order++, fire })
    this.#setWakeUp()
  }

  stop(): void {
    this.#stopped = true
    this.#heap.clear()
    this.#cancelWakeUp?.()
  }

  #monotonicMsOf(dueMs: number): number {
    return this.#machine.monotonicMs() + Math.max(0, this.#clock.wallSpanMs(dueMs - this.#clock.nowMs()))
  }

  #setWakeUp(): void {
    const { first } = this.#heap
    if (first === undefined || first.dueMonotonicMs >= this.#wakeUpAtMs) return
    this.#cancelWakeUp?.()
    this.#wakeUpAtMs = first.dueMonotonicMs
    const waitMs = Math.ceil(first.dueMonotonicMs - this.#machine.monotonicMs())
    this.#cancelWakeUp = this.#machine.after(Math.max(0, waitMs), () => this.#fireDue())
  }

  #fireDue(): void {
    this.#wakeUpAtMs = Number.POSITIVE_INFINITY
    this.#cancelWakeUp = null
    const monotonicMs = this.#machine.monotonicMs()
    const nowMs = this.#clock.nowMs()
    const tickMs = TICK_MS * this.#clock.rate
    while (!this.#stopped && (this.#heap.first?.dueMonotonicMs ?? Number.POSITIVE_INFINITY) <= monotonicMs) {
      const timer = this.#heap.pop()!
      const leftMs = timer.dueMs - nowMs
      // Who looks at the state compares region times. Further off than a tick the line was set back, which delays nothing.
      if (leftMs > 0 && leftMs <= tickMs)
        this.#heap.push({ ...timer, dueMonotonicMs: this.#monotonicMsOf(timer.dueMs) })
      else timer.fire()
    }
    this.#setWakeUp()
  }
}
