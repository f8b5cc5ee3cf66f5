/**
 * The dispatchers' board: a snapshot at a position, then every durable record after it, without a gap.
 *
 * The newest records are kept in memory, so that a console that comes back soon gets what it missed instead of the
 * whole board; one that was away longer, or met a restart, gets a snapshot.
 */
import type { DomainEvent } from '../../domain/events.ts'
import type { ServerMessage, TripView, UnitView } from '../../protocol/wire.ts'
import type { Session, SharedFrame } from '../region-handle.ts'

/** Records kept for consoles that come back. */
const RECORDS_KEPT = 4_096
/**
 * Events that a console is sent to catch up; one that missed more gets a snapshot. An event is up to 1.5 kB, so this
 * stays below what may wait for a slow client, which would otherwise be cut again and again while it catches up.
 */
const EVENTS_RESUMED = 2_000
/** Trips and units in one part of a snapshot, so that one frame stays well below a slow client's buffer. */
const PART_ITEMS = 200

interface KeptRecord {
  readonly position: number
  readonly events: number
  readonly frame: SharedFrame
}

export class Board {
  readonly #watchers = new Set<Session>()
  readonly #kept: KeptRecord[] = []
  #keptFrom: number

  /** Records up to `position` are not kept: they lie before this process's memory. */
  constructor(position: number) {
    this.#keptFrom = position
  }

  /** A record was decided; the answer is its frame for the watchers, to be published once durable. */
  keep(position: number, recordedAtMs: number, events: readonly DomainEvent[]): SharedFrame {
    const frame: SharedFrame = { message: ['board-events', position, recordedAtMs, events], encoded: {} }
    this.#kept.push({ position, events: events.length, frame })
    if (this.#kept.length > 2 * RECORDS_KEPT) {
      const gone = this.#kept.splice(0, this.#kept.length - RECORDS_KEPT)
      this.#keptFrom = gone.at(-1)!.position
    }
    return frame
  }

  publish(frame: SharedFrame): void {
    for (const watcher of this.#watchers) watcher.sendShared(frame)
  }

  /** The kept records after a position, oldest first; null when some are no longer kept, or they are too many. */
  since(position: number): readonly SharedFrame[] | null {
    if (position < this.#keptFrom) return null
    const missed = this.#kept.filter(record => record.position > position)
    const events = missed.reduce((sum, record) => sum + record.events, 0)
    return events > EVENTS_RESUMED ? null : missed.map(record => record.frame)
  }

  watch(session: Session): void {
    this.#watchers.add(session)
  }

  unwatch(session: Session): void {
    this.#watchers.delete(session)
  }
}

/** A snapshot cut into frames; there is always at least one. */
export function snapshotFrames(
  position: number,
  trips: readonly TripView[],
  units: readonly UnitView[],
): ServerMessage[] {
  const parts = Math.max(1, Math.ceil(trips.length / PART_ITEMS), Math.ceil(units.length / PART_ITEMS))
  return Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part * PART_ITEMS, (part + 1) * PART_ITEMS]
    return ['board', position, part, parts, trips.slice(from, to), units.slice(from, to)]
  })
}
