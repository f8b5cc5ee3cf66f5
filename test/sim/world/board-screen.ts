/** The board on somebody's screen: what the last snapshot and the records since then make of it. */
import type { BoardHandler } from '../../../src/client/index.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { BoardReader } from '../../support/board-reader.ts'
import type { Picture } from './parts.ts'

export class BoardScreen implements BoardHandler {
  #reader: BoardReader | null = null
  readonly #onNews: (event: DomainEvent) => void

  constructor(onNews: (event: DomainEvent) => void = () => {}) {
    this.#onNews = onNews
  }

  /** Null while nothing is shown. */
  get reader(): BoardReader | null {
    return this.#reader
  }

  readonly onSnapshot: BoardHandler['onSnapshot'] = ({ trips, units, alarms, zones }) => {
    this.#reader = new BoardReader(trips, units, alarms, zones)
  }
  readonly onEvents: BoardHandler['onEvents'] = ({ events, recordedAtMs, position }) => {
    this.#reader?.read(events, recordedAtMs, position)
    for (const event of events) this.#onNews(event)
  }

  clear(): void {
    this.#reader = null
  }

  /** Input: where a map shows units, if there is one. Output: null while nothing is shown. */
  picture(name: string, places: Picture['places']): Picture | null {
    const reader = this.#reader
    if (reader === null) return null
    return {
      name,
      trips: new Map([...reader.trips].map(([id, { phase, unitId }]) => [id, { phase, unitId }])),
      units: new Map([...reader.units].map(([id, { status }]) => [id, { status }])),
      alarms: new Map(
        [...reader.alarms].map(([id, { goneAtMs, acknowledgedBy }]) => [
          id,
          { isGone: goneAtMs !== null, by: acknowledgedBy },
        ]),
      ),
      zones: new Set(reader.zones.keys()),
      places,
    }
  }
}
