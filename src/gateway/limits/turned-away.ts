/**
 * Gives a client that is turned away, because the engine does not serve yet, a place in a row. So no more clients come in a
 * second than the engine can take.
 *
 * A client that was here before knows from `welcome` over how long to spread. One that was never welcomed knows nothing
 * yet: were it told to come in a second, as all the others, a fleet that is switched on would ask for ever more than the
 * engine can answer while it has to recover.
 */

/** Sooner nothing will have changed. */
const RETRY_MIN_MS = 1_000
/** A client that sends hellos only to make the row longer must not keep the others away. */
const RETRY_MAX_MS = 10_000

export class TurnedAway {
  readonly #everyMs: number
  readonly #nowMs: () => number
  #lastAtMs = Number.NEGATIVE_INFINITY

  /** Input: how many may come in a second; a clock that nobody sets. */
  constructor(perS: number, nowMs: () => number) {
    this.#everyMs = 1_000 / perS
    this.#nowMs = nowMs
  }

  /** Gives away one place. Output: whole milliseconds from now. */
  retryAfterMs(): number {
    const nowMs = this.#nowMs()
    const nextAtMs = Math.max(nowMs + RETRY_MIN_MS, this.#lastAtMs + this.#everyMs)
    this.#lastAtMs = Math.min(nextAtMs, nowMs + RETRY_MAX_MS)
    return Math.round(this.#lastAtMs - nowMs)
  }
}
