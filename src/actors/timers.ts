/**
 * Deadlines of a region, in region time: a heap of moments, one machine timer for the earliest.
 *
 * How long it takes to a moment is settled when its timer is set, and runs by the monotonic clock: a wall that is set
 * meanwhile neither ends an offer before its time nor keeps it open. A timer carries no truth: it names a moment at which somebody should look at the state again. It is never stored;
 * after a restart timers are derived from the recovered state. A heap, not a wheel: only open offers, waiting rounds
 * and disconnected units have timers, never single fixes, so there are thousands, not millions.
 */
import type { MachineClock, RegionClock } from './clock.ts'

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

export class Timers {
  readonly #machine: MachineClock
  readonly #clock: RegionClock
  readonly #heap: Timer[] = []
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
    this.#add({ dueMs, dueMonotonicMs: this.#monotonicMsOf(dueMs), order: this.#order++, fire })
    this.#setWakeUp()
  }

  stop(): void {
    this.#stopped = true
    this.#heap.length = 0
    this.#cancelWakeUp?.()
  }

  #monotonicMsOf(dueMs: number): number {
    return this.#machine.monotonicMs() + Math.max(0, this.#clock.wallSpanMs(dueMs - this.#clock.nowMs()))
  }

  #add(timer: Timer): void {
    this.#heap.push(timer)
    this.#siftUp(this.#heap.length - 1)
  }

  #setWakeUp(): void {
    const first = this.#heap[0]
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
    while (!this.#stopped && this.#heap.length > 0 && this.#heap[0]!.dueMonotonicMs <= monotonicMs) {
      const timer = this.#pop()
      const leftMs = timer.dueMs - nowMs
      // Who looks at the state compares region times. Further off than a tick the line was set back, which delays nothing.
      if (leftMs > 0 && leftMs <= tickMs) this.#add({ ...timer, dueMonotonicMs: this.#monotonicMsOf(timer.dueMs) })
      else timer.fire()
    }
    this.#setWakeUp()
  }

  #pop(): Timer {
    const first = this.#heap[0]!
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      this.#siftDown()
    }
    return first
  }

  #siftUp(start: number): void {
    const heap = this.#heap
    let i = start
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isEarlier(heap[i]!, heap[parent]!)) return
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  #siftDown(): void {
    const heap = this.#heap
    let i = 0
    for (;;) {
      const left = 2 * i + 1
      if (left >= heap.length) return
      const right = left + 1
      const child = right < heap.length && isEarlier(heap[right]!, heap[left]!) ? right : left
      if (!isEarlier(heap[child]!, heap[i]!)) return
      ;[heap[i], heap[child]] = [heap[child]!, heap[i]!]
      i = child
    }
  }
}
