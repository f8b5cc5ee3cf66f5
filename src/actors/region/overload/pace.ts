/** How fast what waits is worked off, so that one can say how long what comes now would wait. */

/** Shorter times say little: work comes in bursts. */
const LOOK_EVERY_MS = 100
/** What the newest look counts against those before it. */
const NEWEST_SHARE = 0.3

export class Pace {
  #perMs: number | null = null
  #since: number | null = null
  #bytes = 0

  /** So much was worked off. Call it with 0, too, while something waits. */
  took(bytes: number, nowMs: number): void {
    this.#since ??= nowMs
    this.#bytes += bytes
    const ms = nowMs - this.#since
    if (ms < LOOK_EVERY_MS) return
    const newest = this.#bytes / ms
    this.#perMs = this.#perMs === null ? newest : this.#perMs + NEWEST_SHARE * (newest - this.#perMs)
    this.#since = nowMs
    this.#bytes = 0
  }

  /** Nothing waits any more: from here to the next that waits no work is measured. */
  rest(): void {
    this.#since = null
    this.#bytes = 0
  }

  /** Bytes a second; null while that is not known. */
  get perS(): number | null {
    return this.#perMs === null ? null : this.#perMs * 1_000
  }

  /** How long so much will take; 0 while that is not known. */
  msOf(bytes: number): number {
    return this.#perMs === null ? 0 : bytes / Math.max(this.#perMs, 1e-3)
  }
}
