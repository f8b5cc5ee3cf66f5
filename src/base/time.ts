/** The machine's time and its timers. */

/** Monotonic time: what waits and measures goes by it, never by region time. */
export interface Scheduler {
  monotonicMs(): number
  /** Runs once, `delayMs` from now; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void
}

export interface MachineClock extends Scheduler {
  /** Epoch milliseconds UTC. */
  wallMs(): number
}

/** setTimeout takes a 32-bit delay; longer ones would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** The only source of both outside the client library and the tools. */
export const systemClock: MachineClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_TIMEOUT_MS))
    return () => clearTimeout(timer)
  },
}
