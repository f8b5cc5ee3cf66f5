/**
 * Counts what all clients together have not read yet, and cuts a client when that is too much.
 *
 * Each connection may have `backpressureBytes` waiting, and a board besides; a few hundred that read nothing would fill the
 * process all the same. A frame that many sessions wait for is in memory once and counts once. The one is cut first that
 * has been behind for the longest time.
 */

/** A connection that has something unread. */
export interface Reader {
  /** Ends it at once, and `settle`s with nothing. */
  cutAsUnread(): void
}

export class UnreadLedger {
  readonly #maxBytes: number
  /** The longest behind first, with what only they have. */
  readonly #ownBytes = new Map<Reader, number>()
  /** How many wait for each frame that is shared. */
  readonly #holders = new Map<object, number>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A reader waits for a shared frame, which it did not before. */
  hold(frame: object, bytes: number): void {
    const holders = this.#holders.get(frame) ?? 0
    this.#holders.set(frame, holders + 1)
    if (holders === 0) this.#bytes += bytes
  }

  release(frame: object, bytes: number): void {
    const holders = this.#holders.get(frame)! - 1
    if (holders > 0) this.#holders.set(frame, holders)
    else {
      this.#holders.delete(frame)
      this.#bytes -= bytes
    }
  }

  /** So much waits for a reader now that nobody else waits for; with 0 and nothing shared it is no longer behind. */
  settle(reader: Reader, bytes: number, isBehind: boolean): void {
    this.#bytes += bytes - (this.#ownBytes.get(reader) ?? 0)
    if (isBehind) this.#ownBytes.set(reader, bytes)
    else this.#ownBytes.delete(reader)
    while (this.#bytes > this.#maxBytes) {
      const longest = this.#ownBytes.keys().next().value
      if (longest === undefined) return
      longest.cutAsUnread()
      // Whatever a cut does: it must not be tried for ever.
      this.#bytes -= this.#ownBytes.get(longest) ?? 0
      this.#ownBytes.delete(longest)
    }
  }
}
