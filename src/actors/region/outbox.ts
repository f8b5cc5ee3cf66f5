/**
 * Holds replies, pushes and reads of a region until the log is durable up to what each of them tells.
 *
 * Positions only rise, so the outbox is a queue: what was put in later never leaves earlier. That keeps a client's
 * replies in the order of its commands and makes a snapshot and the events after it join without a gap. While the store
 * is *stalled*, answers that somebody waits for do not: each is refused and forgotten, and news alone stay.
 */

interface Held {
  readonly position: number
  readonly leave: () => void
  /** Runs instead when the region's memory is thrown away first. */
  readonly drop: (() => void) | null
  /** Runs instead when the store stalls first; null for news, which nobody waits for. */
  readonly refuse: (() => void) | null
}

export class Outbox {
  #waiting: Held[] = []
  #head = 0
  #isStalled = false
  #durable: number
  readonly #onError: (error: unknown) => void

  constructor(durablePosition: number, onError: (error: unknown) => void) {
    this.#durable = durablePosition
    this.#onError = onError
  }

  get depth(): number {
    return this.#waiting.length - this.#head
  }

  /**
   * Lets `leave` run once everything up to `position` is durable; at once if it is and nothing waits before it.
   * `drop` runs instead if the region's memory is thrown away first, `refuse` if the store stalls or is stalled.
   */
  hold(
    position: number,
    leave: () => void,
    instead: { readonly drop?: () => void; readonly refuse?: () => void } = {},
  ): void {
    const { drop = null, refuse = null } = instead
    if (position <= this.#durable && this.depth === 0) this.#run(leave)
    else if (this.#isStalled && refuse !== null) this.#run(refuse)
    else this.#waiting.push({ position, leave, drop, refuse })
  }

  /** While it is stalled nobody is kept waiting for an answer. */
  setStalled(isStalled: boolean): void {
    this.#isStalled = isStalled
    if (!isStalled) return
    const waiting = this.#waiting.slice(this.#head)
    this.#waiting = waiting.filter(({ refuse }) => refuse === null)
    this.#head = 0
    for (const { refuse } of waiting) if (refuse !== null) this.#run(refuse)
  }

  release(durablePosition: number): void {
    this.#durable = Math.max(this.#durable, durablePosition)
    while (this.#head < this.#waiting.length && this.#waiting[this.#head]!.position <= this.#durable) {
      this.#run(this.#waiting[this.#head++]!.leave)
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = []
      this.#head = 0
    } else if (this.#head > 1_024) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }

  /** Nothing held will ever be durable. Tells the holders that want to know, and forgets the rest. */
  dropAll(): void {
    const dropped = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    for (const { drop } of dropped) if (drop !== null) this.#run(drop)
  }

  #run(leave: () => void): void {
    // One receiver's trouble must not keep the others from hearing what is durable.
    try {
      leave()
    } catch (error) {
      this.#onError(error)
    }
  }
}
