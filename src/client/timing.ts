/** Clocks, timers and jitter, all replaceable so that a test or a simulation can run them by hand. */
export interface Timers {
  /** Wall time in epoch milliseconds; it may be wrong, and be set at any moment. */
  now(): number
  /**
   * Milliseconds since some moment, by a clock that nobody sets: pauses and ages are measured with it. It may stand still
   * while the device sleeps. Default: `now`, which then must not be set.
   */
  monotonicMs?(): number
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
}

/** Timers as the library itself uses them. */
export type FullTimers = Required<Timers>

const systemTimers: FullTimers = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (run, delayMs) => globalThis.setTimeout(run, delayMs),
  clearTimeout: timer => globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>),
}

/** Input: the owner's timers, if any; the platform's stand in for them, and wall time for a monotonic clock. */
export function fullTimers(given: Timers = systemTimers): FullTimers {
  return {
    now: () => given.now(),
    monotonicMs: () => (given.monotonicMs === undefined ? given.now() : given.monotonicMs()),
    setTimeout: (run, delayMs) => given.setTimeout(run, delayMs),
    clearTimeout: timer => given.clearTimeout(timer),
  }
}

/** Exponential backoff with full jitter: anything from 0 to base × 2^failures, capped, so that a crowd never comes back at once. */
export function fullJitterMs(failures: number, baseMs: number, capMs: number, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** failures)
}
