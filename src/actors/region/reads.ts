/**
 * What a region tells of its states: the welcome, the board, and answers to queries.
 *
 * Each is captured as the states are now, and leaves through the outbox once the log is durable up to there.
 */
import type { MachineClock } from '../../base/time.ts'
import { levelsServing } from '../../domain/dispatch/eligibility.ts'
import type { CallId, RegionId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip.ts'
import { LEVELS_OF_CARE, RANKING_BASIS } from '../../domain/vocabulary.ts'
import type { Finder } from '../../finder/finder.ts'
import { CLOSE_CODES } from '../../protocol/errors.ts'
import type { ServerMessage, WelcomeView } from '../../protocol/wire.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { RegionClock } from '../clock.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import { OVERLOADED, UNAVAILABLE, unknownCall, WRITES_STALLED } from '../refusals.ts'
import type { BoardSize, HelloRequest, QueryAnswer, Session } from '../region-handle.ts'
import type { Board } from './board.ts'
import { BoardSnapshots } from './board-snapshots.ts'
import type { DamageReport } from './damage.ts'
import type { RegionMemory } from './memory.ts'
import type { Answer, NearestQuery } from './messages.ts'
import type { Outbox } from './outbox.ts'
import { heldView, quarantineNotice } from './quarantine.ts'
import { refuseRequest, refuseStalled } from './send-refusal.ts'
import type { Turn } from './turn.ts'

/** How long a query waits for the log to become durable, wall time. */
const QUERY_WAIT_MS = 1_000

interface RegionReadsParts {
  readonly regionId: RegionId
  readonly memory: RegionMemory
  readonly finder: Finder
  readonly board: Board
  readonly outbox: Outbox
  readonly clock: RegionClock
  readonly machine: MachineClock
  readonly metrics: Metrics
  /** Position of the newest record, durable or not. */
  readonly logHead: () => number
  /** True while so much waits for the store that nothing more may be put behind it. */
  readonly isOverfull: () => boolean
  /** How long a unit may be disconnected before the desk passes it over. */
  readonly disconnectGraceMs: number
  readonly damage: Pick<DamageReport, 'notice'>
  readonly clockNotice: () => ServerMessage | null
  /** The session has heard its welcome. */
  readonly onWelcomed: (session: Session) => void
  readonly onError: (error: unknown) => void
}

export class RegionReads {
  readonly #parts: RegionReadsParts

  readonly #snapshots: BoardSnapshots

  constructor(parts: RegionReadsParts) {
    this.#parts = parts
    this.#snapshots = new BoardSnapshots({ ...parts, onSlice: ms => parts.metrics.fanOut(ms) })
  }

  /** Greets a session; `driver` is the actor of the unit that it speaks for. */
  welcome(session: Session, hello: HelloRequest, driver: UnitActor | null): void {
    const { regionId, memory, outbox, clock, logHead } = this.#parts
    const position = logHead()
    const view = driver === null ? null : memory.driverView(driver, clock.nowMs())
    const leave = () => {
      const welcome: WelcomeView = {
        sessionId: session.sessionId,
        region: regionId,
        role: session.role,
        clock: clock.view(),
        position,
        streams: hello.streams.map(([id]) => [id, driver?.location.knownStream(id)?.durableSeq ?? 0]),
        driver: view,
        limits: session.limits,
        ticket: session.ticket,
      }
      session.send(['welcome', hello.helloId, welcome])
      driver?.onWelcomed(session)
      this.#parts.onWelcomed(session)
    }
    const refuse = () => {
      refuseStalled(session, hello.helloId)
      session.close(CLOSE_CODES.goingAway, WRITES_STALLED.code)
    }
    outbox.hold(position, leave, { refuse })
  }

  watchBoard(session: Session, requestId: string, from: number | null): void {
    const { board, outbox, logHead, isOverfull } = this.#parts
    const head = logHead()
    if (isOverfull()) {
      return refuseRequest(session, requestId, OVERLOADED)
    }
    if (from !== null && from > head) {
      const message = `Position ${from} lies beyond the log, which ends at ${head}; watch without a position.`
      return session.send(['error', requestId, 'position-ahead', message, { head }])
    }
    // While a snapshot is on its way to it, it gets that one or the next: nothing may overtake it.
    const missed = from === null || this.#snapshots.has(session) ? null : board.since(from)
    if (missed === null) return this.#sendBoard(session, requestId)
    // Held until the head is durable: the records after it then follow through the same outbox, without a gap.
    const leave = () => {
      session.send(['reply', requestId, head, { mode: 'events', position: head }])
      for (const frame of missed) session.sendShared(frame)
      this.#tellWatcher(session)
      board.watch(session, head)
    }
    outbox.hold(head, leave, { refuse: () => refuseStalled(session, requestId) })
  }

  #sendBoard(session: Session, requestId: string): void {
    const { board } = this.#parts
    // What it watched is replaced: a record that is younger than the snapshot must not reach it before that.
    board.pause(session)
    this.#snapshots.ask(session, {
      mayWait: false,
      begin: position => session.send(['reply', requestId, position, { mode: 'snapshot', position }]),
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

  /** What is no record, for whoever begins to watch. */
  #tellWatcher(session: Session): void {
    const { memory, damage, clockNotice } = this.#parts
    const held = [...memory.quarantine.reasons()].map(({ entity }) => entity)
    if (held.length > 0) session.send(quarantineNotice(held))
    const notice = damage.notice()
    if (notice !== null) session.send(notice)
    const clockOff = clockNotice()
    if (clockOff !== null) session.send(clockOff)
  }

  /** What a question for the board after a position is answered with. */
  boardFrom(position: number | null): BoardSize {
    const { memory, board } = this.#parts
    const events = position === null ? null : board.eventsSince(position)
    return events === null ? { items: memory.boardSize, events: 0 } : { items: 0, events }
  }

  /** The board anew, for a console that missed too much of it. */
  resendBoard(session: Session, sent: (position: number) => void): void {
    const { board } = this.#parts
    this.#snapshots.ask(session, { mayWait: true, end: sent, refuse: () => board.goOn(session) })
  }

  /** Behind what is on its way: a watch that still waits there must not begin after its end. */
  unwatchBoard(session: Session, requestId: string): void {
    const { board, outbox, logHead } = this.#parts
    const leave = (position: number) => {
      board.unwatch(session)
      session.send(['reply', requestId, position, {}])
    }
    const refuse = () => refuseStalled(session, requestId)
    if (this.#snapshots.behind(session, { mayWait: false, end: leave, refuse })) return
    this.#snapshots.left(session)
    const head = logHead()
    outbox.hold(head, () => leave(head), { refuse })
  }

  /** The session has ended; what of it still waits in the outbox goes before that. */
  left(session: Session): void {
    const { board, outbox, logHead } = this.#parts
    this.#snapshots.left(session)
    outbox.hold(logHead(), () => board.unwatch(session))
  }

  /** Whether a snapshot of the board is on its way to the session. */
  isSendingBoard(session: Session): boolean {
    return this.#snapshots.has(session)
  }

  /** A turn is about to replace the states in memory. */
  decided(turn: Turn): void {
    this.#snapshots.decided(turn)
  }

  stop(): void {
    this.#snapshots.stop()
  }

  nearest(query: NearestQuery, answer: Answer): void {
    const { memory, finder, clock, machine, metrics } = this.#parts
    const { lonDeg, latDeg, k, levelOfCare } = query
    const levels = levelOfCare === null ? LEVELS_OF_CARE : levelsServing(levelOfCare)
    const startedMs = machine.monotonicMs()
    const found = finder.nearest({ lonDeg, latDeg, k, levels })
    metrics.nearest((machine.monotonicMs() - startedMs) / 1_000)
    const nowMs = clock.nowMs()
    const units = found.map(unit => memory.nearestUnit(unit, nowMs, this.#parts.disconnectGraceMs))
    this.#answer(answer, { basis: RANKING_BASIS, units })
  }

  trip(trip: TripState, answer: Answer): void {
    this.#answer(answer, this.#parts.memory.tripView(trip))
  }

  call(callId: CallId, answer: Answer): void {
    const call = this.#parts.memory.call(callId)
    if (call === undefined) return answer({ ok: false, refusal: unknownCall(callId) })
    this.#answer(answer, this.#parts.memory.callView(call))
  }

  held(answer: Answer): void {
    this.#answer(answer, heldView(this.#parts.memory.quarantine))
  }

  unit(driver: UnitActor, answer: Answer): void {
    this.#answer(answer, this.#parts.memory.unitView(driver, this.#parts.clock.nowMs()))
  }

  /** A query waits until what it saw is durable, but not for long: after that the reader is told to come again. */
  #answer(answer: Answer, result: (QueryAnswer & { ok: true })['result']): void {
    const { outbox, machine, logHead, isOverfull } = this.#parts
    if (isOverfull()) return answer({ ok: false, refusal: OVERLOADED })
    const position = logHead()
    let answered = false
    const once = (told: QueryAnswer) => {
      if (answered) return
      answered = true
      cancel()
      answer(told)
    }
    const cancel = machine.after(QUERY_WAIT_MS, () => once({ ok: false, refusal: WRITES_STALLED }))
    outbox.hold(position, () => once({ ok: true, position, result }), {
      drop: () => once({ ok: false, refusal: UNAVAILABLE }),
      refuse: () => once({ ok: false, refusal: WRITES_STALLED }),
    })
  }
}
