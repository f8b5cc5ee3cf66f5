/**
 * The feeds of a region: connections that carry the fixes of many units, each under a channel of the feed's own.
 *
 * A feed holds a unit's stream, never the unit: it does not make it connected and cannot act for it. One feed holds a
 * unit at a time, and the newest attach wins. Nothing here is durable: a feed that comes back attaches anew, and the
 * marks of its streams tell it where to go on.
 */

import type { FeedChannel } from '../../../protocol/wire/fix-tuples.ts'
import { OVERLOADED } from '../../refusals.ts'
import type { HelloRequest, Session } from '../../region-handle.ts'
import type { TurnFollower } from '../followers.ts'
import { refuseRequest, refuseStalled } from '../send-refusal.ts'
import type { MarksRead } from '../stream-marks.ts'
import type { Turn } from '../turn.ts'
import { Feed, type FeedFrame } from './feed.ts'
import type { FeedPorts, Unrecorded } from './feed-ports.ts'

/** Fixes of feeds waiting in the region's mailbox, beyond which frames are left out; the next one then shows a gap. */
const QUEUED_FIXES_MAX = 500_000

export class Feeds implements TurnFollower {
  readonly #ports: FeedPorts
  readonly #feeds = new Map<Session, Feed>()
  /**
   * Streams with a hole that is not stored yet, and what it was found with. Until then no fix is taken above it: that
   * could be stored first, and a crash between would leave a hole that no record tells.
   */
  readonly #unrecorded: Unrecorded = new Map()
  #queuedFixes = 0
  /** Of those, what no feed was handed yet. */
  #mailboxFixes = 0

  constructor(ports: FeedPorts) {
    this.#ports = ports
  }

  open(session: Session, { clientNowMs }: HelloRequest): void {
    this.#feeds.set(session, new Feed(this.#ports, session, clientNowMs, this.#unrecorded))
  }

  /** The feed's connection has ended, and with it all that it held. */
  close(session: Session): void {
    this.#feeds.get(session)?.close()
    this.#feeds.delete(session)
  }

  /** The region's memory is dropped. */
  stop(): void {
    for (const feed of this.#feeds.values()) feed.close()
    this.#feeds.clear()
  }

  /** A unit that is retired is no longer theirs. */
  committed(turn: Turn): void {
    for (const { unitId, retired } of turn.drivers.values()) {
      if (retired === true) this.#ports.memory.driverActor(unitId)?.feed?.end('unit-retired')
    }
  }

  /** Fixes of feeds that stand in the mailbox. */
  get mailboxFixes(): number {
    return this.#mailboxFixes
  }

  /** Whether so many fixes more may wait in the mailbox; counted until `take`. */
  admit(fixes: number): boolean {
    if (this.#queuedFixes + fixes > QUEUED_FIXES_MAX) return false
    this.#queuedFixes += fixes
    this.#mailboxFixes += fixes
    return true
  }

  /** The mailbox did not take them. */
  turnBack(fixes: number): void {
    this.#queuedFixes -= fixes
    this.#mailboxFixes -= fixes
  }

  take(frame: FeedFrame): void {
    const count = frame.fixes.length
    this.#mailboxFixes -= count
    const feed = this.#feeds.get(frame.session)
    const ended = () => {
      this.#queuedFixes -= count
    }
    if (feed === undefined) ended()
    else feed.inTurn({ run: () => feed.take(frame), ended })
  }

  attach(session: Session, requestId: string, channels: readonly FeedChannel[]): void {
    const feed = this.#feeds.get(session)
    feed?.inTurn({
      run: () => {
        if (!this.#ports.admission.isOverfull) return feed.attach(requestId, channels)
        refuseRequest(session, requestId, OVERLOADED)
      },
    })
  }

  /** The marks have come for which this feed's `attach` waits. */
  marksRead(session: Session, read: MarksRead): void {
    this.#feeds.get(session)?.marksRead(read)
  }

  /** The next part of the `attach` that this feed has begun. */
  attachMore(session: Session): void {
    this.#feeds.get(session)?.attachMore()
  }

  detach(session: Session, requestId: string, channels: readonly number[]): void {
    const feed = this.#feeds.get(session)
    feed?.inTurn({
      run: () => {
        for (const channel of channels) feed.release(channel)
        this.#ports.hold(
          position => session.tell({ type: 'reply', id: requestId, position, result: {} }),
          () => refuseStalled(session, requestId),
        )
      },
    })
  }

  askMark(session: Session, channel: number | null): void {
    const feed = this.#feeds.get(session)
    feed?.inTurn({ run: () => feed.askMark(channel) })
  }
}
