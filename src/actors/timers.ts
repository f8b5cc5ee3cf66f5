/**
 * Deadlines of a region, in region time: a heap of moments, one machine timer for the earliest.
 *
 * A timer carries no truth: it names a moment at which somebody should look at the state again. It is never stored;
 * after a restart timers are derived from the recovered state. A heap, not a wheel: only open offers, waiting rounds
 * and disconnected units have timers, never single fixes, so there are thousands, not millions.
 */
import type { MachineClock, RegionClock } from './clock.ts'

interface Timer {
  readonly dueMs: number
  /** Breaks ties, so that timers of one moment fire in the order in which they were set. */
  readonly order: number
  readonly fire: () => void
}

const isEarlier = (a: Timer, b: Timer): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)

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

  /** Calls `fire` once region time has reached `dueMs`; at the next chance if it has already. */
  at(dueMs: number, fire: () => void): void {
    if (this.#stopped) return
    const timer = { dueMs, order: this.#order++, fire }
    this.#heap.push(timer)
    this.#siftUp(this.#heap.length - 1)
    if (this.#heap[0] === timer) this.#setWakeUp()
  }

  stop(): void {
    this.#stopped = true
    this.#heap.length = 0
    this.#cancelWakeUp?.()
  }

  #setWakeUp(): void {
    const first = this.#heap[0]
    if (first === undefined || first.dueMs >= this.#wakeUpAtMs) return
    this.#cancelWakeUp?.()
    this.#wakeUpAtMs = first.dueMs
    const waitMs = Math.ceil(this.#clock.wallSpanMs(first.dueMs - this.#clock.nowMs()))
    this.#cancelWakeUp = this.#machine.after(Math.max(0, waitMs), () => this.#fireDue())
  }

  #fireDue(): void {
    this.#wakeUpAtMs = Number.POSITIVE_INFINITY
    this.#cancelWakeUp = null
    const nowMs = this.#clock.nowMs()
    while (!this.#stopped && this.#heap.length > 0 && this.#heap[0]!.dueMs <= nowMs) this.#pop().fire()
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
