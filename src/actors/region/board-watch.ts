/**
 * Who watches the board. Each watcher first gets a snapshot, or the records that it missed.
 *
 * Each is captured as the states are now, and leaves through the outbox once the log is durable up to there.
 */
import type { Told } from '../../protocol/told.ts'
import { OVERLOADED } from '../refusals.ts'
import type { BoardSize, Session } from '../region-handle.ts'
import type { Admission } from './admission.ts'
import type { Board } from './board.ts'
import type { BoardSnapshots } from './board-snapshots.ts'
import type { FreshnessNews } from './freshness-news.ts'
import type { RegionMemory } from './memory.ts'
import type { Outbox } from './outbox.ts'
import { quarantineNotice } from './quarantine.ts'
import { refuseRequest, refuseStalled } from './send-refusal.ts'

interface BoardWatchPorts {
  readonly memory: Pick<RegionMemory, 'boardSize' | 'quarantine'>
  readonly board: Board
  readonly snapshots: BoardSnapshots
  readonly outbox: Outbox
  readonly log: { readonly head: number }
  readonly admission: Pick<Admission, 'isOverfull'>
  /** Further notices for a session that begins to watch. */
  readonly notices: () => readonly Told[]
  readonly freshness: Pick<FreshnessNews, 'owe'>
}

export class BoardWatch {
  readonly #ports: BoardWatchPorts

  constructor(ports: BoardWatchPorts) {
    this.#ports = ports
  }

  watch(session: Session, requestId: string, from: number | null): void {
    const { board, snapshots, outbox, log, admission } = this.#ports
    const { head } = log
    if (admission.isOverfull) return refuseRequest(session, requestId, OVERLOADED)
    if (from !== null && from > head) {
      const message = `Position ${from} lies beyond the log, which ends at ${head}; watch without a position.`
      return refuseRequest(session, requestId, { code: 'position-ahead', message, details: { head } })
    }
    // While a snapshot is on its way to it, it gets that one or the next: nothing may overtake it.
    const missed = from === null || snapshots.has(session) ? null : board.since(from)
    if (missed === null) return this.#sendBoard(session, requestId)
    // Held until the head is durable: the records after it then follow through the same outbox, without a gap.
    const leave = () => {
      session.tell({ type: 'reply', id: requestId, position: head, result: { mode: 'events', position: head } })
      for (const frame of missed) session.tellShared(frame)
      this.#tellWatcher(session)
      board.watch(session, head)
    }
    outbox.hold(head, leave, { refuse: () => refuseStalled(session, requestId) })
  }

  /** Behind what is on its way: a watch that still waits there must not begin after its end. */
  unwatch(session: Session, requestId: string): void {
    const { board, snapshots, outbox, log } = this.#ports
    const leave = (position: number) => {
      board.unwatch(session)
      session.tell({ type: 'reply', id: requestId, position, result: {} })
    }
    const refuse = () => refuseStalled(session, requestId)
    if (snapshots.behind(session, { mayWait: false, end: leave, refuse })) return
    snapshots.left(session)
    const { head } = log
    outbox.hold(head, () => leave(head), { refuse })
  }

  /** The session has ended; what of it still waits in the outbox goes before that. */
  left(session: Session): void {
    const { board, snapshots, outbox, log } = this.#ports
    snapshots.left(session)
    outbox.hold(log.head, () => board.unwatch(session))
  }

  /** What a question for the board after a position is answered with. */
  sizeFrom(position: number | null): BoardSize {
    const { memory, board } = this.#ports
    const events = position === null ? null : board.eventsSince(position)
    return events === null ? { items: memory.boardSize, events: 0 } : { items: 0, events }
  }

  #sendBoard(session: Session, requestId: string): void {
    const { board, snapshots } = this.#ports
    // The former watch is replaced: a record younger than the snapshot must not reach the session before the snapshot.
    board.pause(session)
    snapshots.ask(session, {
      mayWait: false,
      begin: position =>
        session.tell({ type: 'reply', id: requestId, position, result: { mode: 'snapshot', position } }),
      end: position => {
        this.#tellWatcher(session)
        board.watch(session, position)
      },
      refuse: refusal => {
        refuseRequest(session, requestId, refusal)
        board.goOn(session)
      },
    })
  }

  /** Notices that are no records, for a session that begins to watch. */
  #tellWatcher(session: Session): void {
    const { memory, notices, freshness } = this.#ports
    freshness.owe(session)
    const held = [...memory.quarantine.reasons()].map(({ entity }) => entity)
    if (held.length > 0) session.tell(quarantineNotice(held))
    for (const notice of notices()) session.tell(notice)
  }
}
