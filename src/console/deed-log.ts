/** Who did what, as the board tells it while the page is open; and the trips that this user has worked on. */
import type { BoardEvents, DomainEvent } from '../client/index.ts'
import { kept } from './kept.ts'
import { WORDS_EN } from './spoken-words.ts'
import { Topic } from './topic.ts'

/** One thing that a person did, by the event that says so. */
export interface Deed {
  readonly key: string
  readonly atMs: number
  readonly by: string
  readonly what: DomainEvent['type']
  readonly tripId: string | null
  readonly unitId: string | null
}

const DEEDS_KEPT = 300
const MINE_KEPT = 500

export class DeedLog {
  readonly changes = new Topic()
  readonly #user: string
  readonly #mine: Set<string>
  #deeds: readonly Deed[] = []

  constructor(user: string) {
    this.#user = user
    this.#mine = new Set(kept.mine())
  }

  /** The newest first. */
  get deeds(): readonly Deed[] {
    return this.#deeds
  }

  isMine(tripId: string): boolean {
    return this.#mine.has(tripId)
  }

  /** What was done to the trip last, as far as this page has seen it. */
  lastOf(tripId: string): Deed | null {
    return this.#deeds.find(deed => deed.tripId === tripId) ?? null
  }

  /** Input: a record of the board. What the engine does by itself is in the trips' own state. */
  read({ position, recordedAtMs, events, by }: BoardEvents): void {
    if (by === null) return
    const named = events.filter(({ type }) => Object.hasOwn(WORDS_EN.deed, type))
    const deeds = named.map(
      (event, index): Deed => ({
        ...{ key: `${position}.${index}`, atMs: event.atMs ?? recordedAtMs, by, what: event.type },
        ...{ tripId: tripOf(event) ?? tripOf(events[0]!), unitId: unitOf(event) },
      }),
    )
    if (by === this.#user) this.#own(events)
    if (deeds.length === 0) return
    this.#deeds = [...deeds.reverse(), ...this.#deeds].slice(0, DEEDS_KEPT)
    this.changes.tell()
  }

  #own(events: readonly DomainEvent[]): void {
    const before = this.#mine.size
    for (const event of events) {
      const tripId = tripOf(event)
      if (tripId !== null) this.#mine.add(tripId)
    }
    for (const oldest of this.#mine) if (this.#mine.size > MINE_KEPT) this.#mine.delete(oldest)
    if (this.#mine.size !== before) kept.keepMine([...this.#mine])
  }
}

const tripOf = (event: DomainEvent): string | null =>
  'tripId' in event && typeof event.tripId === 'string' ? event.tripId : null
const unitOf = (event: DomainEvent): string | null =>
  'unitId' in event && typeof event.unitId === 'string' ? event.unitId : null
