/**
 * The dispatchers' board: a snapshot at a position, then every durable record after it, without a gap.
 *
 * The newest records are kept in memory, so that a console that comes back soon gets what it missed instead of the
 * whole board; one that was away longer, or met a restart, gets a snapshot. One that reads too slowly is treated alike:
 * nothing is put behind what already waits for it, and it catches up from where it was as soon as it can.
 */
import type { DomainEvent } from '../../domain/events.ts'
import type { ServerMessage, TripView, UnitView } from '../../protocol/wire.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { MachineClock } from '../clock.ts'
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
/** How often consoles that read too slowly are looked at again, wall time. */
const CATCH_UP_EVERY_MS = 250

interface KeptRecord {
  readonly position: number
  readonly events: number
  readonly frame: SharedFrame
}

/**
 * A session that watches. Modes: *following*, it gets each record; *behind*, it gets none until it catches up;
 * *awaiting*, a snapshot is on its way to it through the outbox.
 */
interface Watcher {
  readonly session: Session
  mode: 'following' | 'behind' | 'awaiting'
  /** The last record it was sent, or that its snapshot shows. */
  position: number
}

interface BoardParts {
  /** Records up to here are not kept: they lie before this process's memory. */
  readonly position: number
  readonly machine: MachineClock
  readonly metrics: Metrics
  /**
   * Has the whole board sent to a session once it is durable, if it is still `wanted` then; `sent` is told at which
   * position it is.
   */
  readonly resend: (session: Session, wanted: () => boolean, sent: (position: number) => void) => void
}

export class Board {
  readonly #parts: BoardParts
  readonly #watchers = new Map<Session, Watcher>()
  readonly #kept: KeptRecord[] = []
  #keptFrom: number
  /** Position of the last record that was published: kept records beyond it are not durable yet. */
  #published: number
  #cancelCatchUp: (() => void) | null = null
  #isStopped = false

  constructor(parts: BoardParts) {
    this.#parts = parts
    this.#keptFrom = parts.position
    this.#published = parts.position
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

  publish(position: number, frame: SharedFrame): void {
    this.#published = position
    for (const watcher of this.#watchers.values()) {
      if (watcher.mode === 'following' && watcher.session.isBehind) this.#fallBehind(watcher)
      if (watcher.mode === 'following') {
        watcher.position = position
        watcher.session.sendShared(frame)
      } else this.#parts.metrics.thinned('board-events')
    }
  }

  /** The kept records after a position, oldest first; null when some are no longer kept, or they are too many. */
  since(position: number): readonly SharedFrame[] | null {
    return this.#since(position)?.map(record => record.frame) ?? null
  }

  /** The session has what stands at `position`, and gets what follows. */
  watch(session: Session, position: number): void {
    this.#watchers.set(session, { session, mode: 'following', position })
  }

  /** Tells everybody who watches, whatever they read; beside the records. */
  tell(message: ServerMessage): void {
    for (const { session } of this.#watchers.values()) session.send(message)
  }

  unwatch(session: Session): void {
    this.#watchers.delete(session)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelCatchUp?.()
  }

  #since(position: number): readonly KeptRecord[] | null {
    if (position < this.#keptFrom) return null
    const missed = this.#kept.filter(record => record.position > position)
    const events = missed.reduce((sum, record) => sum + record.events, 0)
    return events > EVENTS_RESUMED ? null : missed
  }

  #fallBehind(watcher: Watcher): void {
    watcher.mode = 'behind'
    this.#catchUpLater()
  }

  #catchUpLater(): void {
    if (this.#cancelCatchUp !== null || this.#isStopped) return
    this.#cancelCatchUp = this.#parts.machine.after(CATCH_UP_EVERY_MS, () => {
      this.#cancelCatchUp = null
      for (const watcher of this.#watchers.values()) if (watcher.mode === 'behind') this.#catchUp(watcher)
    })
  }

  /** Sends what a slow console missed, as far as it can take it. */
  #catchUp(watcher: Watcher): void {
    const { session } = watcher
    const missed = session.isBehind ? [] : this.#since(watcher.position)
    if (missed === null) return this.#resend(watcher)
    for (const { position, frame } of missed) {
      if (position > this.#published || session.isBehind) break
      session.sendShared(frame)
      watcher.position = position
    }
    if (watcher.position < this.#published) return this.#catchUpLater()
    watcher.mode = 'following'
    this.#parts.metrics.resynced('board-events')
  }

  #resend(watcher: Watcher): void {
    const { session } = watcher
    const wanted = () => this.#watchers.get(session) === watcher
    watcher.mode = 'awaiting'
    this.#parts.resend(session, wanted, position => {
      watcher.mode = 'following'
      watcher.position = position
      this.#parts.metrics.resynced('board')
    })
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
