/** What the board told is in the log: nobody heard of anything that was not, or not yet, durable. */
import type { Find } from './findings.ts'
import type { StoredRecord } from './stored.ts'

interface Heard {
  readonly position: number
  readonly eventTypes: readonly string[]
}

/** A record is heard after it was written, so at most those of one round are heard in the next. */
const RECORDS_KEPT = 20_000

export class BoardCheck {
  readonly #types = new Map<number, string>()
  #last = 0
  #until = 0

  judge(heard: readonly Heard[], records: readonly StoredRecord[], find: Find): void {
    for (const { position, events } of records) {
      this.#types.set(position, events.map(({ type }) => type).join())
      this.#until = position
    }
    for (const { position, eventTypes } of heard) {
      const about = `position ${position}`
      const stored = this.#types.get(position)
      if (position <= this.#last) find('board-broken', about, `it was told after position ${this.#last}`)
      this.#last = Math.max(this.#last, position)
      if (position > this.#until) find('board-broken', about, `it was told, and the log ends at ${this.#until}`)
      else if (stored !== undefined && stored !== eventTypes.join()) {
        find('board-broken', about, `the board told ${eventTypes}, and the log has ${stored}`)
      }
    }
    for (const position of this.#types.keys()) {
      if (this.#types.size <= RECORDS_KEPT) break
      this.#types.delete(position)
    }
  }
}
