/**
 * The dispatchers' board: a snapshot at a position, then every durable record after it, without a gap.
 *
 * The newest records are kept in memory, so that a console that comes back soon gets what it missed instead of the
 * whole board; one that was away longer, or met a restart, gets a snapshot. One that reads too slowly is treated alike:
 * nothing is put behind what already waits for it, and it catches up from where it was as soon as it can.
 */

import type { MachineClock } from '../../base/time.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { CallId, Principal } from '../../domain/ids.ts'
import type { Told } from '../../protocol/told.ts'
import type { CallNoteView } from '../../protocol/wire/note-views.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { Session, SharedFrame } from '../region-handle.ts'
import type { BoardSnapshots } from './board-snapshots.ts'
import { causedBy } from './cause.ts'
import type { Decided, TurnFollower } from './followers.ts'
import type { Turn } from './turn.ts'

/** Events kept for consoles that come back; a record counts as one at least. With half a kilobyte each, 10 MB. */
const EVENTS_KEPT = 20_000
/** A note's text is up to 2,000 bytes beside its event. */
const NOTE_AS_EVENTS = 4
/**
 * Events that a console is sent to catch up; one that missed more gets a snapshot. An event is up to 1.5 kB, so this
 * stays below what may wait for a slow client, which would otherwise be cut again and again while it catches up.
 */
const EVENTS_RESUMED = 2_000
/** How often consoles that read too slowly are looked at again, wall time. */
const CATCH_UP_EVERY_MS = 250

interface KeptRecord {
  readonly position: number
  /** Events that were kept since this process has the region, with its own. */
  readonly eventsUpTo: number
  readonly frame: SharedFrame
}

/**
 * A session that watches. Modes: *following*, it gets each record; *behind*, it gets none until it catches up;
 * *awaiting*, a snapshot is on its way to it.
 */
interface Watcher {
  readonly session: Session
  mode: 'following' | 'behind' | 'awaiting'
  /** The last record it was sent, or that its snapshot shows. */
  position: number
}

interface BoardPorts {
  /** Records up to here are not kept: they lie before this process's memory. */
  readonly position: number
  readonly machine: MachineClock
  readonly metrics: Metrics
  /** The whole board, for a session that missed too much of it. */
  readonly snapshots: Pick<BoardSnapshots, 'ask' | 'has'>
}

export class Board implements TurnFollower {
  readonly #ports: BoardPorts
  readonly #watchers = new Map<Session, Watcher>()
  /** The oldest first; those before `#first` are forgotten. */
  #kept: KeptRecord[] = []
  #first = 0
  #keptFrom: number
  /** As of the last record that was forgotten, and of the newest. */
  #eventsForgotten = 0
  #eventsUpTo = 0
  /** Position of the last record that was published: kept records beyond it are not durable yet. */
  #published: number
  /** The frames of records that are not durable yet, by position. */
  readonly #unpublished = new Map<number, SharedFrame>()
  /** Who caused the turn that is decided. */
  #by: Principal | null = null
  #cancelCatchUp: (() => void) | null = null
  #isStopped = false

  constructor(ports: BoardPorts) {
    this.#ports = ports
    this.#keptFrom = ports.position
    this.#published = ports.position
  }

  decided(_turn: Turn, { cause }: Decided): void {
    this.#by = causedBy(cause)
  }

  committed({ position, recordedAtMs, events, callNote }: Turn): void {
    const notes = callNote === null ? [] : [{ callId: callNote.callId, ...callNote.note }]
    this.#unpublished.set(position, this.keep(position, recordedAtMs, events, this.#by, notes))
  }

  stored({ position }: Turn): void {
    const frame = this.#unpublished.get(position)!
    this.#unpublished.delete(position)
    this.publish(position, frame)
  }

  /** A record was decided; the answer is its frame for the watchers, to be published once durable. */
  keep(
    position: number,
    recordedAtMs: number,
    events: readonly DomainEvent[],
    by: Principal | null,
    notes: readonly CallNoteView[] = [],
  ): SharedFrame {
    // A hole in fixes concerns no dispatcher, and a feed may have as many of them as it has units, again and again.
    const shown = events.filter(({ type }) => type !== 'FixHoleRecorded')
    const frame: SharedFrame = {
      told: {
        type: 'board-events',
        position,
        recordedAtMs,
        events: shown,
        by,
        ...(notes.length === 0 ? {} : { notes }),
      },
      encoded: {},
    }
    this.#eventsUpTo += Math.max(1, shown.length) + NOTE_AS_EVENTS * notes.length
    this.#kept.push({ position, eventsUpTo: this.#eventsUpTo, frame })
    while (this.#eventsUpTo - this.#eventsForgotten > EVENTS_KEPT) this.#forgetFirst()
    // Not one by one: that would move all others each time. Not later: what is forgotten would stay in memory.
    if (this.#first > this.#kept.length / 2) this.#shrink()
    return frame
  }

  #forgetFirst(): void {
    const gone = this.#kept[this.#first++]!
    this.#keptFrom = gone.position
    this.#eventsForgotten = gone.eventsUpTo
  }

  #shrink(): void {
    if (this.#first === 0) return
    this.#kept = this.#kept.slice(this.#first)
    this.#first = 0
  }

  publish(position: number, frame: SharedFrame): void {
    this.#published = position
    for (const watcher of this.#watchers.values()) {
      if (watcher.mode === 'following' && watcher.session.isBehind) this.#fallBehind(watcher)
      if (watcher.mode === 'following') {
        watcher.position = position
        watcher.session.tellShared(frame)
      } else this.#ports.metrics.thinned('board-events')
    }
  }

  /** What was kept is forgotten up to the last that has a place or a text of one of these calls: who needs it gets a snapshot. */
  forgetCalls(callIds: ReadonlySet<CallId>): void {
    const last = this.#kept.findLastIndex(
      ({ position, frame }) => position <= this.#published && tellsOf(frame, callIds),
    )
    while (this.#first <= last) this.#forgetFirst()
    this.#shrink()
  }

  /** The kept records after a position, oldest first; null when some are no longer kept, or they are too many. */
  since(position: number): readonly SharedFrame[] | null {
    return this.#since(position)?.map(record => record.frame) ?? null
  }

  /** How many events those are; null as of `since`. */
  eventsSince(position: number): number | null {
    if (position < this.#keptFrom) return null
    const before = this.#kept[this.#after(position) - 1]
    const events = this.#eventsUpTo - (before?.eventsUpTo ?? this.#eventsForgotten)
    return events > EVENTS_RESUMED ? null : events
  }

  /** The session has what stands at `position`, and gets what follows: at once, where that has been published already. */
  watch(session: Session, position: number): void {
    const isAwaiting = this.#ports.snapshots.has(session)
    const watcher: Watcher = { session, mode: isAwaiting ? 'awaiting' : 'following', position }
    this.#watchers.set(session, watcher)
    if (isAwaiting || position >= this.#published) return
    watcher.mode = 'behind'
    this.#catchUp(watcher)
  }

  /** A snapshot is on its way to the session, if it watches: it gets no records until that has left. */
  pause(session: Session): void {
    const watcher = this.#watchers.get(session)
    if (watcher !== undefined) watcher.mode = 'awaiting'
  }

  /** The snapshot does not come: the session, if it watches, goes on from where it was. */
  goOn(session: Session): void {
    const watcher = this.#watchers.get(session)
    if (watcher !== undefined) this.#fallBehind(watcher)
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0
  }
  /** Whoever watches. */
  get watchers(): Iterable<Session> {
    return this.#watchers.keys()
  }

  /** Tells everybody who watches, whatever they read; beside the records. */
  tell(told: Told): void {
    for (const { session } of this.#watchers.values()) session.tell(told)
  }

  unwatch(session: Session): void {
    this.#watchers.delete(session)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelCatchUp?.()
  }

  #since(position: number): readonly KeptRecord[] | null {
    return this.eventsSince(position) === null ? null : this.#kept.slice(this.#after(position))
  }

  /** The index, among the kept records, of the first record after a position. */
  #after(position: number): number {
    let [low, high] = [this.#first, this.#kept.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#kept[middle]!.position > position) high = middle
      else low = middle + 1
    }
    return low
  }

  #fallBehind(watcher: Watcher): void {
    watcher.mode = 'behind'
    this.#catchUpLater()
  }

  #catchUpLater(): void {
    if (this.#cancelCatchUp !== null || this.#isStopped) return
    this.#cancelCatchUp = this.#ports.machine.after(CATCH_UP_EVERY_MS, () => {
      this.#cancelCatchUp = null
      for (const watcher of this.#watchers.values()) {
        if (watcher.mode === 'behind' && this.#catchUp(watcher)) this.#ports.metrics.resynced('board-events')
      }
    })
  }

  /** Sends what a console missed, as far as it can take it. Output: whether it follows again. */
  #catchUp(watcher: Watcher): boolean {
    const { session } = watcher
    const missed = session.isBehind ? [] : this.#since(watcher.position)
    if (missed === null) {
      this.#resend(watcher)
      return false
    }
    for (const { position, frame } of missed) {
      if (position > this.#published || session.isBehind) break
      session.tellShared(frame)
      watcher.position = position
    }
    if (watcher.position < this.#published) {
      this.#catchUpLater()
      return false
    }
    watcher.mode = 'following'
    return true
  }

  #resend(watcher: Watcher): void {
    const { session } = watcher
    watcher.mode = 'awaiting'
    const end = (position: number) => {
      // It may have stopped watching meanwhile.
      if (!this.#watchers.has(session)) return
      this.watch(session, position)
      this.#ports.metrics.resynced('board')
    }
    this.#ports.snapshots.ask(session, { mayWait: true, end, refuse: () => this.goOn(session) })
  }
}

function tellsOf({ told }: SharedFrame, callIds: ReadonlySet<CallId>): boolean {
  if (told.type !== 'board-events') return false
  return (
    told.events.some(
      event => 'callId' in event && callIds.has(event.callId) && ('lonDeg' in event || 'problem' in event),
    ) || (told.notes ?? []).some(note => callIds.has(note.callId))
  )
}
