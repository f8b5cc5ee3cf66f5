/** Time that passes when a test says so. */
import type { Scheduler } from '../../src/base/time.ts'

export class ManualScheduler implements Scheduler {
  #nowMs = 0
  #timers: { atMs: number; run: () => void }[] = []

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Lets time pass, running what falls due in its order, and lets all promises settle before and after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await settled()
      const next = this.#timers.reduce<{ atMs: number; run: () => void } | null>(
        (first, timer) => (first === null || timer.atMs < first.atMs ? timer : first),
        null,
      )
      if (next === null || next.atMs > untilMs) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers = this.#timers.filter(timer => timer !== next)
      next.run()
    }
    this.#nowMs = untilMs
    await settled()
  }
}

/** All microtasks done, those included that they started. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
