/**
 * The dispatch board as it arrives: a snapshot in parts, then every record after it, in order and once.
 *
 * After a reconnect it goes on from the last position seen; when the server no longer holds those records, or holds an
 * older log, a fresh snapshot comes instead.
 */
import type { DomainEvent } from '../domain/events.ts'
import type { CallNoteView } from '../protocol/wire/note-views.ts'
import type { ServerTuples } from '../protocol/wire/server-tuples.ts'
import type { AlarmView, TripView, UnitFreshness, UnitView, ZoneView } from '../protocol/wire/situation-views.ts'
import { Signal } from './signal.ts'

export interface BoardSnapshot {
  readonly position: number
  readonly trips: readonly TripView[]
  readonly units: readonly UnitView[]
  /** The alarms that have not ended. */
  readonly alarms: readonly AlarmView[]
  /** Closed or slow roads; none of an engine of before. */
  readonly zones: readonly ZoneView[]
}
export interface BoardEvents {
  readonly position: number
  readonly recordedAtMs: number
  readonly events: readonly DomainEvent[]
  /** The user or program that caused it; null for the engine itself. */
  readonly by: string | null
  /** The texts of the record's notes; absent where it has none. */
  readonly notes?: readonly CallNoteView[]
}
export interface BoardHandler {
  /** The whole board; it replaces all that was known. */
  onSnapshot(snapshot: BoardSnapshot): void
  /** What one record changed. */
  onEvents(record: BoardEvents): void
  /** Positions that have become fresh, stale or lost; of a whole one those of all others are fresh. */
  onFreshness?(isWhole: boolean, units: readonly UnitFreshness[]): void
}

interface Collecting {
  readonly position: number
  part: number
  readonly trips: TripView[]
  readonly units: UnitView[]
  readonly alarms: AlarmView[]
  readonly zones: ZoneView[]
}

export class BoardFeed {
  readonly #snapshots = new Signal<[snapshot: BoardSnapshot]>()
  readonly #records = new Signal<[record: BoardEvents]>()
  readonly #freshness = new Signal<[isWhole: boolean, units: readonly UnitFreshness[]]>()
  #position: number | null = null
  #collecting: Collecting | null = null
  #duplicates = 0

  constructor(handler: BoardHandler) {
    this.#snapshots.on(snapshot => handler.onSnapshot(snapshot))
    this.#records.on(record => handler.onEvents(record))
    this.#freshness.on((isWhole, units) => handler.onFreshness?.(isWhole, units))
  }

  /** Where to go on after a reconnect; null asks for a snapshot. */
  get position(): number | null {
    return this.#position
  }
  /** Records that came again or out of order, and were left out. */
  get duplicates(): number {
    return this.#duplicates
  }

  /** Forgets everything: the next answer must be a snapshot. */
  reset(): void {
    this.#position = null
    this.#collecting = null
  }

  /** The connection is gone, and with it the rest of a snapshot that was under way. */
  interrupted(): void {
    this.#collecting = null
  }

  /** Output: false when the parts do not fit together, so that only a new watch can help. */
  part([position, part, parts, trips, units, alarms, zones = []]: ServerTuples['board']): boolean {
    if (part === 0) this.#collecting = { position, part: -1, trips: [], units: [], alarms: [], zones: [] }
    const collecting = this.#collecting
    if (collecting === null || collecting.position !== position || collecting.part + 1 !== part || part >= parts) {
      this.#collecting = null
      return false
    }
    collecting.part = part
    collecting.trips.push(...trips)
    collecting.units.push(...units)
    collecting.alarms.push(...alarms)
    collecting.zones.push(...zones)
    if (part + 1 < parts) return true
    this.#collecting = null
    this.#position = position
    const { part: _, ...snapshot } = collecting
    this.#snapshots.emit(snapshot)
    return true
  }

  freshness([isWhole, , units]: ServerTuples['freshness']): void {
    if (this.#position !== null) this.#freshness.emit(isWhole, units)
  }

  events([position, recordedAtMs, events, by, notes]: ServerTuples['board-events']): void {
    if (this.#position === null || position <= this.#position) {
      this.#duplicates += 1
      return
    }
    this.#position = position
    this.#records.emit({ position, recordedAtMs, events, by, ...(notes === undefined ? {} : { notes }) })
  }
}
