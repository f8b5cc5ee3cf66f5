/** Many things that each have the same time to happen, watched by one timer. */

/** They come due in the order in which they were added, so only the first needs to be looked at. */
export class Deadlines<T> {
  readonly #dueAtMs = new Map<T, number>()
  readonly #afterMs: number
  readonly #onDue: (item: T) => void
  #timer: NodeJS.Timeout | null = null

  constructor(afterMs: number, onDue: (item: T) => void) {
    this.#afterMs = afterMs
    this.#onDue = onDue
  }

  get size(): number {
    return this.#dueAtMs.size
  }

  add(item: T): void {
    const dueAtMs = performance.now() + this.#afterMs
    this.#dueAtMs.set(item, dueAtMs)
    if (this.#timer === null) this.#arm(dueAtMs, this.#afterMs)
  }

  /** It has happened; nothing is said of it. */
  remove(item: T): void {
    this.#dueAtMs.delete(item)
  }

  #arm(dueAtMs: number, delayMs: number): void {
    this.#timer = setTimeout(() => this.#lookAtFirst(dueAtMs), Math.max(1, delayMs)).unref()
  }

  /** Timers may fire a little early, so what this one was for is due now, whatever the clock says. */
  #lookAtFirst(firstDueAtMs: number): void {
    this.#timer = null
    const nowMs = Math.max(firstDueAtMs, performance.now())
    for (const [item, dueAtMs] of this.#dueAtMs) {
      if (dueAtMs > nowMs) {
        if (this.#timer === null) this.#arm(dueAtMs, dueAtMs - nowMs)
        return
      }
      this.#dueAtMs.delete(item)
      this.#onDue(item)
    }
  }
}
