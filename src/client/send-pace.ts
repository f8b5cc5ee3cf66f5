/** How many fixes a feed may send now, once the server has told how fast they get on; before that any number. */

/** By how much more each second it then tries: what was told in a moment of trouble must not hold it back for long. */
const GROWTH_PER_S = 0.5
/** What may leave at once after a rest. */
const BURST_MS = 250

export class SendPace {
  #perS = Number.POSITIVE_INFINITY
  #room = 0
  #sinceMs = 0

  /** Fixes get on so fast. Input: monotonic milliseconds, as all times here. */
  told(perS: number, nowMs: number): void {
    this.#perS = perS
    this.#room = 0
    this.#sinceMs = nowMs
  }

  /** Output: whole fixes. */
  room(nowMs: number): number {
    const s = (nowMs - this.#sinceMs) / 1_000
    this.#sinceMs = nowMs
    this.#perS *= 1 + GROWTH_PER_S * s
    if (!Number.isFinite(this.#perS)) return Number.POSITIVE_INFINITY
    // One at least, however slow it is: else nothing would ever leave.
    this.#room = Math.min(Math.max(1, (this.#perS * BURST_MS) / 1_000), this.#room + this.#perS * s)
    return Math.floor(this.#room)
  }

  sent(fixes: number): void {
    this.#room -= fixes
  }

  reset(): void {
    this.#perS = Number.POSITIVE_INFINITY
  }
}
