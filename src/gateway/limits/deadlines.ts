/** One timer for many things that each have the same time to happen. */
import type { Scheduler } from '../../base/time.ts'

/** They come due in the order in which they were added, so only the first needs to be looked at. */
export class Deadlines<T> {
  readonly #dueAtMs = new Map<T, number>()
  readonly #afterMs: number
  readonly #scheduler: Scheduler
  readonly #onDue: (item: T) => void
  #cancelTimer: (() => void) | null = null

  constructor(afterMs: number, scheduler: Scheduler, onDue: (item: T) => void) {
    this.#afterMs = afterMs
    this.#scheduler = scheduler
    this.#onDue = onDue
  }

  get size(): number {
    return this.#dueAtMs.size
  }

  add(item: T): void {
    const dueAtMs = this.#scheduler.monotonicMs() + this.#afterMs
    this.#dueAtMs.set(item, dueAtMs)
    if (this.#cancelTimer === null) this.#arm(dueAtMs, this.#afterMs)
  }

  /** It has happened; nothing is said of it. */
  remove(item: T): void {
    if (!this.#dueAtMs.delete(item) || this.#dueAtMs.size > 0) return
    // A timer that watches nothing would keep the process from ending.
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }

  #arm(dueAtMs: number, delayMs: number): void {
    this.#cancelTimer = this.#scheduler.after(Math.max(1, delayMs), () => this.#lookAtFirst(dueAtMs))
  }

  /** Timers may fire a little early, so what this one was for is due now, whatever the clock says. */
  #lookAtFirst(firstDueAtMs: number): void {
    this.#cancelTimer = null
    const nowMs = Math.max(firstDueAtMs, this.#scheduler.monotonicMs())
    for (const [item, dueAtMs] of this.#dueAtMs) {
      if (dueAtMs > nowMs) {
        if (this.#cancelTimer === null) this.#arm(dueAtMs, dueAtMs - nowMs)
        return
      }
      this.#dueAtMs.delete(item)
      this.#onDue(item)
    }
  }
}
