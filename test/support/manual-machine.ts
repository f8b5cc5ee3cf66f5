/** A machine whose wall and monotonic time pass when a test says so. */
import type { MachineClock } from '../../src/base/time.ts'

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

export class ManualMachine implements MachineClock {
  #monotonicMs = 1_000
  #wallMs: number
  #timers: Timer[] = []
  /** What each look at the monotonic clock takes of it: with more than nothing, work in slices is cut into them. */
  lookMs = 0

  constructor(wallMs = 1_700_000_000_000) {
    this.#wallMs = wallMs
  }

  wallMs(): number {
    return this.#wallMs
  }

  monotonicMs(): number {
    this.#monotonicMs += this.lookMs
    return this.#monotonicMs
  }

  /** What `after` was asked for, and not yet run or cancelled: delays from now, the shortest first. */
  get delays(): number[] {
    return this.#timers.map(timer => timer.atMs - this.#monotonicMs).sort((a, b) => a - b)
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + delayMs, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  /** Somebody sets the wall clock; monotonic time knows nothing of it. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs
  }

  /** Lets time pass, running what falls due in its order; `settle` runs before each, so that new timers are seen. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const untilMs = this.#monotonicMs + ms
    for (;;) {
      await settle()
      const next = this.#timers.reduce<Timer | null>((a, b) => (a === null || b.atMs < a.atMs ? b : a), null)
      if (next === null || next.atMs > untilMs) break
      this.#pass(next.atMs)
      this.#timers = this.#timers.filter(timer => timer !== next)
      next.run()
    }
    this.#pass(untilMs)
    await settle()
  }

  #pass(toMs: number): void {
    const ms = Math.max(0, toMs - this.#monotonicMs)
    this.#monotonicMs += ms
    this.#wallMs += ms
  }
}
