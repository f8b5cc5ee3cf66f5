/** Timers in region time, for one run: they fire by the region's clock, as the clients know it. */

/** setTimeout takes 32 bits; a longer wait is cut into parts. */
const LONGEST_MS = 2 ** 31 - 1

export class RegionTimers {
  readonly #nowMs: () => number
  readonly #rate: number
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #firedAtMs = Number.NEGATIVE_INFINITY

  /** Input: region time now, and region milliseconds in one wall millisecond. */
  constructor(nowMs: () => number, rate: number) {
    this.#nowMs = nowMs
    this.#rate = rate
  }

  get rate(): number {
    return this.#rate
  }
  /** Timers that have not fired. */
  get waiting(): number {
    return this.#timers.size
  }

  /** When the last one fired, by `performance.now()`. */
  get firedAtMs(): number {
    return this.#firedAtMs
  }

  nowMs(): number {
    return this.#nowMs()
  }

  /** Runs once when the region's clock shows `atMs`, at once if it has. Output: call it to cancel. */
  at(atMs: number, run: () => void): () => void {
    let timer: ReturnType<typeof setTimeout>
    const arm = () => {
      const delayMs = Math.ceil((atMs - this.#nowMs()) / this.#rate)
      timer = setTimeout(
        () => {
          this.#timers.delete(timer)
          if (this.#nowMs() < atMs) return arm()
          this.#firedAtMs = performance.now()
          run()
        },
        Math.min(LONGEST_MS, Math.max(0, delayMs)),
      )
      this.#timers.add(timer)
    }
    arm()
    return () => {
      clearTimeout(timer)
      this.#timers.delete(timer)
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }
}
