/**
 * How soon a region is recovered again whose memory was dropped. One whose records the store refuses each time is dropped as
 * often as it comes, and its recovery takes reads and turns of the loop from the other regions; so it waits twice as long from
 * time to time, until it has stayed for a while.
 */

const REOPEN_FIRST_MS = 50
/** While the store does not answer, that is asked again soon. */
const NOT_ANSWERED_MAX_MS = 2_000
const DROPPED_MAX_MS = 10_000
/** A region that was here for so long begins anew. */
const STAYED_MS = 60_000

export class ReopenDelay {
  #drops = 0
  #tries = 0
  #hereAtMs = Number.NEGATIVE_INFINITY

  /** It was dropped. Input: of a clock that nobody sets. Output: how long it waits. */
  dropped(nowMs: number): number {
    if (nowMs - this.#hereAtMs >= STAYED_MS) this.#drops = 0
    this.#drops += 1
    this.#tries = 0
    return Math.min(DROPPED_MAX_MS, REOPEN_FIRST_MS * 2 ** (this.#drops - 1))
  }

  /** It could not be recovered, as the store did not answer. Output: as above. */
  failed(): number {
    this.#tries += 1
    return Math.min(NOT_ANSWERED_MAX_MS, REOPEN_FIRST_MS * 2 ** this.#tries)
  }

  /** It is here again. */
  opened(nowMs: number): void {
    this.#hereAtMs = nowMs
  }
}
