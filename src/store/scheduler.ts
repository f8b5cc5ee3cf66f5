/** The time by which the store waits and measures: monotonic, never region time. `MachineClock` of the actors is one. */
export interface Scheduler {
  monotonicMs(): number
  /** Runs once, `delayMs` from now; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void
}
