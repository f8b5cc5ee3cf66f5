/**
 * How long a user stays outside whose connection was cut for a flood. Each return costs a handshake, a look at the token
 * and a full burst of messages; so whoever floods again waits twice as long as before.
 *
 * It is the user's, not the address', which a whole station may share. Only messages far over their rate bring it about:
 * a poor network, however often it cuts a crew off, never does.
 */

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
/** From the end of a pause on. Whoever has not flooded for so long begins anew. */
const FORGOTTEN_AFTER_MS = 5 * 60_000

/** Times are of a clock that nobody sets. */
export class FloodPause {
  #lastsMs = 0
  #untilMs = Number.NEGATIVE_INFINITY

  /** A connection was cut. Those that were open beside it, and are cut during the pause, are the same flood. */
  begin(nowMs: number): void {
    if (nowMs < this.#untilMs) return
    this.#lastsMs = this.isForgotten(nowMs) ? FIRST_MS : Math.min(LONGEST_MS, 2 * this.#lastsMs)
    this.#untilMs = nowMs + this.#lastsMs
  }

  /** Whole milliseconds until its end; 0 once it is over. */
  waitMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#untilMs - nowMs))
  }

  isForgotten(nowMs: number): boolean {
    return nowMs >= this.#untilMs + FORGOTTEN_AFTER_MS
  }
}
