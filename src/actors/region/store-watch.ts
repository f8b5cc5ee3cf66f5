/**
 * Refuses commands while the store takes no writes, instead of keeping them waiting, and tells every signed-in session.
 *
 * It is a circuit breaker. *Closed*: commands are decided, and their answers wait for the store. *Open*, once the oldest
 * record has waited for a second: whoever waits is answered `unavailable`, and so is each command that comes, undecided,
 * so that the queue does not grow. What was decided stays and is written when the store returns; that closes it. Fixes
 * are taken on and on, into their own bounded queue; of them only the telling is done here.
 */

import type { Scheduler } from '../../base/time.ts'
import type { Told } from '../../protocol/told.ts'
import type { Session, SharedFrame } from '../region-handle.ts'
import type { TurnFollower } from './followers.ts'
import { LaneWatch } from './lane-watch.ts'
import type { Turn } from './turn.ts'

/** Sessions told in one go, so that thousands of them do not hold up everybody else. */
const TOLD_AT_ONCE = 1_000

interface StoreWatchPorts {
  readonly scheduler: Scheduler
  /** What waits for the store: while it stalls nothing that somebody waits for stays or comes in there. */
  readonly outbox: { setStalled(stalled: boolean): void }
  /** It has begun or ended; for the log. */
  readonly onChange: (lane: 'records' | 'segments', isStalled: boolean) => void
}

export class StoreWatch implements TurnFollower {
  readonly #ports: StoreWatchPorts
  readonly #records: LaneWatch
  readonly #segments: LaneWatch
  #segmentsBegun = 0
  /** Sessions that have heard their welcome, each with the state that it was told. */
  readonly #known = new Map<Session, SharedFrame>()
  #news: SharedFrame = frameOf(false, false)
  #cancelTelling: (() => void) | null = null

  constructor(ports: StoreWatchPorts) {
    this.#ports = ports
    const { scheduler, outbox, onChange } = ports
    this.#records = new LaneWatch(scheduler, () => {
      const { isStalled } = this.#records
      outbox.setStalled(isStalled)
      onChange('records', isStalled)
      this.#changed()
    })
    this.#segments = new LaneWatch(scheduler, () => {
      onChange('segments', this.#segments.isStalled)
      this.#changed()
    })
  }

  /** True while commands are refused, because nobody could say when their records would be durable. */
  get refusesCommands(): boolean {
    return this.#records.isStalled
  }
  get keepsFixesWaiting(): boolean {
    return this.#segments.isStalled
  }

  decided({ position }: Turn): void {
    this.#records.taken(position)
  }
  /** Call it when everything that waited for this position has left. */
  recordsDurable(position: number): void {
    this.#records.durable(position)
  }
  /** One is under way at a time. */
  segmentBegun(): void {
    this.#segments.taken(++this.#segmentsBegun)
  }
  segmentDurable(): void {
    this.#segments.durable(this.#segmentsBegun)
  }

  /** The session has heard its welcome, which says that all is well unless it is told otherwise. */
  welcomed(session: Session): void {
    this.#known.set(session, this.#news)
    if (this.#records.isStalled || this.#segments.isStalled) session.tellShared(this.#news)
  }
  left(session: Session): void {
    this.#known.delete(session)
  }

  stop(): void {
    this.#records.stop()
    this.#segments.stop()
    this.#cancelTelling?.()
    this.#known.clear()
  }

  #changed(): void {
    this.#news = frameOf(this.#records.isStalled, this.#segments.isStalled)
    this.#cancelTelling?.()
    this.#cancelTelling = null
    this.#tellSome()
  }

  #tellSome(): void {
    let toTell = TOLD_AT_ONCE
    for (const [session, known] of this.#known) {
      if (known === this.#news) continue
      if (toTell-- === 0) {
        this.#cancelTelling = this.#ports.scheduler.after(1, () => {
          this.#cancelTelling = null
          this.#tellSome()
        })
        return
      }
      this.#known.set(session, this.#news)
      session.tellShared(this.#news)
    }
  }
}

function frameOf(recordsStalled: boolean, segmentsStalled: boolean): SharedFrame {
  const word = (isStalled: boolean) => (isStalled ? 'stalled' : 'flowing')
  const told: Told = { type: 'writes', commands: word(recordsStalled), fixes: word(segmentsStalled) }
  return { told, encoded: {} }
}
