/** Wall time, timers and jitter, all replaceable so that a test or a simulation can run them by hand. */
export interface Timers {
  /** Wall time in epoch milliseconds. */
  now(): number
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
}

export const systemTimers: Timers = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => globalThis.setTimeout(run, delayMs),
  clearTimeout: timer => globalThis.clearTimeout(timer as ReturnType<typeof globalThis.setTimeout>),
}

/** Exponential backoff with full jitter: anything from 0 to base × 2^failures, capped, so that a crowd never comes back at once. */
export function fullJitterMs(failures: number, baseMs: number, capMs: number, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** failures)
}
