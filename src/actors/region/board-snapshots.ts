/**
 * Snapshots of the board, made in slices. Each is for all who asked before it began.
 *
 * There is one at a time. It shows the position at which it began, is *held* until that is durable, and then *told* to all who wait
 * for it, each part as soon as it is made: the views of a hundred thousand units are never in memory together, where each
 * collection of garbage would move them. Whoever asks meanwhile waits for the next, so that nobody is shown positions of before the
 * question, and a session has one under way at most: what it asks for in the meantime is answered together.
 */

import type { Refusal } from '../../base/refusal.ts'
import type { MachineClock } from '../../base/time.ts'
import { CLOSE_CODES } from '../../protocol/errors.ts'
import type { Told } from '../../protocol/told.ts'
import type { AlarmView } from '../../protocol/wire/situation-views.ts'
import type { RegionClock } from '../clock.ts'
import { INTERNAL, WRITES_STALLED } from '../refusals.ts'
import type { Session, SharedFrame } from '../region-handle.ts'
import { BoardPicture, type PicturedMemory } from './board-picture.ts'
import type { TurnFollower } from './followers.ts'
import { type Job, Slices } from './live/slices.ts'
import type { Outbox } from './outbox.ts'
import type { Turn } from './turn.ts'

/** Trips, units and alarms in one part of a snapshot, so that one frame stays well below a slow client's buffer. */
const PART_ITEMS = 200
/** After a snapshot the loop is free for this many times the snapshot's own time, up to the maximum below. */
const REST_SHARE = 3
const REST_MAX_MS = 1_000
/** How often a session that has not read its last snapshot is looked at again, wall time. */
const LOOK_AGAIN_MS = 250

/** What somebody asked for that a snapshot answers; each is told its end or its refusal. */
export interface BoardAsked {
  /** Whether it waits for a store that stalls, as news do. */
  readonly mayWait: boolean
  /** The parts follow. */
  readonly begin?: (position: number) => void
  /** The parts have left. */
  readonly end: (position: number) => void
  readonly refuse: (refusal: Refusal) => void
}

/** One session and its requests, in their order. */
interface Receiver {
  readonly session: Session
  readonly asked: BoardAsked[]
  hasLeft: boolean
}

interface BoardSnapshotsPorts {
  readonly memory: PicturedMemory
  readonly outbox: Outbox
  readonly clock: RegionClock
  readonly machine: MachineClock
  /** `head`: position of the newest record, durable or not. */
  readonly log: { readonly head: number }
  /** Own time of one slice, milliseconds. */
  readonly onSlice: (durationMs: number) => void
  readonly onError: (error: unknown) => void
}

export class BoardSnapshots implements TurnFollower {
  readonly #ports: BoardSnapshotsPorts
  readonly #slices: Slices
  /** The sessions for which the next snapshot is made. */
  readonly #waiting = new Map<Session, Receiver>()
  /** The sessions that wait for the snapshot that is held or told. */
  readonly #served = new Map<Session, Receiver>()
  #isBusy = false
  #picture: BoardPicture | null = null
  /** What this one has taken of the loop so far. */
  #spentMs = 0
  #cancelNext: (() => void) | null = null
  #isStopped = false

  constructor(ports: BoardSnapshotsPorts) {
    const { machine, onSlice, onError } = ports
    this.#ports = ports
    this.#slices = new Slices({
      machine,
      onSlice: ms => {
        this.#spentMs += ms
        onSlice(ms)
      },
      onError,
    })
  }

  /** Whether a snapshot is on its way to the session. */
  has(session: Session): boolean {
    return this.#waiting.has(session) || this.#served.has(session)
  }

  /** The session gets a snapshot, as soon as it can be made. */
  ask(session: Session, asked: BoardAsked): void {
    const receiver = this.#waiting.get(session)
    if (receiver !== undefined) receiver.asked.push(asked)
    else this.#waiting.set(session, { session, asked: [asked], hasLeft: false })
    if (!this.#isBusy && this.#cancelNext === null) this.#next()
  }

  /** Has it told behind the snapshot that the session has asked for. Output: false when it has asked for none. */
  behind(session: Session, asked: BoardAsked): boolean {
    const receiver = this.#waiting.get(session) ?? this.#served.get(session)
    if (receiver === undefined || isPatient(receiver)) return false
    receiver.asked.push(asked)
    return true
  }

  /** The session has ended, or wants no snapshot any more. */
  left(session: Session): void {
    this.#waiting.delete(session)
    const receiver = this.#served.get(session)
    if (receiver !== undefined) receiver.hasLeft = true
  }

  /** A turn is about to replace the states in memory. */
  decided(turn: Turn): void {
    this.#picture?.decided(turn)
  }

  stop(): void {
    this.#isStopped = true
    this.#slices.stop()
    this.#cancelNext?.()
    this.#waiting.clear()
    this.#served.clear()
    this.#picture = null
  }

  #next(): void {
    if (this.#isStopped || this.#waiting.size === 0) return
    for (const [session, receiver] of this.#waiting) {
      // The session's last snapshot still waits in memory, so the session gets no second one on top.
      if (session.isBehind) continue
      this.#waiting.delete(session)
      this.#served.set(session, receiver)
    }
    if (this.#served.size === 0) return this.#nextAfter(LOOK_AGAIN_MS)
    this.#isBusy = true
    this.#spentMs = 0
    this.#hold()
  }

  #nextAfter(delayMs: number): void {
    this.#cancelNext = this.#ports.machine.after(delayMs, () => {
      this.#cancelNext = null
      this.#next()
    })
  }

  /** Until what it shows is durable. */
  #hold(): void {
    const { memory, outbox, log } = this.#ports
    const picture = new BoardPicture(memory, log.head)
    this.#picture = picture
    const { position } = picture
    const others = [...this.#served.values()].filter(receiver => !isPatient(receiver))
    outbox.hold(position, () => undefined, { refuse: () => this.#refuse(others, WRITES_STALLED) })
    outbox.hold(position, () => {
      // Nobody waits for it any more.
      if (this.#picture === picture) this.#slices.add(this.#tell(picture))
    })
  }

  *#tell(picture: BoardPicture): Job {
    const receivers = [...this.#served.values()]
    const { position } = picture
    let hasBegun = false
    try {
      for (const frame of this.#parts(picture)) {
        if (frame === null) yield
        else {
          const present = receivers.filter(({ hasLeft }) => !hasLeft)
          if (present.length === 0) break
          if (!hasBegun) for (const { asked } of present) for (const { begin } of asked) begin?.(position)
          hasBegun = true
          for (const { session } of present) session.tellShared(frame)
          yield
        }
      }
    } catch (error) {
      // Nothing tells a client that the rest of its snapshot does not come.
      if (hasBegun) for (const { session } of receivers) session.close(CLOSE_CODES.goingAway, 'the board ended early')
      this.#refuse(receivers, INTERNAL)
      throw error
    }
    for (const receiver of receivers) this.#over(receiver, ({ end }) => end(position))
  }

  /** The frames, at least one; null wherever it may be interrupted. */
  *#parts(picture: BoardPicture): Generator<SharedFrame | null, void> {
    const { clock } = this.#ports
    const { position } = picture
    const counts = picture.counts()
    let counted = counts.next()
    for (; counted.done !== true; counted = counts.next()) yield null
    const alarms: AlarmView[] = []
    for (const ofOne of picture.alarms()) {
      if (ofOne !== null) alarms.push(...ofOne)
      yield null
    }
    const most = Math.max(counted.value.trips, counted.value.units, alarms.length)
    const parts = Math.max(1, Math.ceil(most / PART_ITEMS))
    const [trips, units] = [picture.trips(), picture.units(() => clock.nowMs())]
    const zones = picture.zones()
    for (let part = 0; part < parts; part++) {
      const told: Told = {
        type: 'board',
        position,
        part,
        parts,
        trips: yield* upTo(PART_ITEMS, trips),
        units: yield* upTo(PART_ITEMS, units),
        alarms: alarms.slice(part * PART_ITEMS, (part + 1) * PART_ITEMS),
        ...(part === 0 && zones.length > 0 && { zones }),
      }
      yield { told, encoded: {} }
    }
  }

  #refuse(receivers: readonly Receiver[], refusal: Refusal): void {
    for (const receiver of receivers) this.#over(receiver, ({ refuse }) => refuse(refusal))
  }

  /** The receiver waits no more for this one; the next is made when nobody does. */
  #over(receiver: Receiver, tell: (asked: BoardAsked) => void): void {
    this.#served.delete(receiver.session)
    if (!receiver.hasLeft) receiver.asked.forEach(tell)
    if (this.#served.size > 0 || !this.#isBusy) return
    this.#isBusy = false
    this.#picture = null
    if (this.#waiting.size === 0) return
    if (this.#spentMs > 0) this.#nextAfter(Math.min(REST_MAX_MS, REST_SHARE * this.#spentMs))
    else this.#next()
  }
}

const isPatient = ({ asked }: Receiver): boolean => asked.every(({ mayWait }) => mayWait)

/** The next of what there is, so many at most; yields null wherever it may be interrupted. */
function* upTo<Item>(most: number, from: Generator<Item | null, void>): Generator<null, Item[]> {
  const items: Item[] = []
  while (items.length < most) {
    const { done, value } = from.next()
    if (done === true) break
    if (value !== null) items.push(value as Item)
    yield null
  }
  return items
}
