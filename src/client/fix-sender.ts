/**
 * Sends a driver's stream of fixes in order until each is durable.
 *
 * A fix goes out at once while the connection is open and nothing is held back. *Held back* means: more fixes are under
 * way than the window allows (marks open it again), or the server asked to start over from an earlier seq (a short,
 * growing pause lets the frames behind the gap run out first). While held back, and after a reconnect with a backlog,
 * the newest fix goes ahead as a hint, so that the map is right before the track is complete.
 */
import { type Deferred, deferred } from '../base/deferred.ts'
import { DEFAULT_LIMITS } from '../protocol/limits.ts'
import type { WelcomeView } from '../protocol/wire/welcome-view.ts'
import { retryAfterMs } from './command-queue.ts'
import type { EngineConnection } from './connection.ts'
import type { Greeting } from './connection-news.ts'
import { type ClientClosed, ClientFault, channelsLeftOut, type ServerRefusal } from './errors.ts'
import { FIX_REFUSALS, PAUSE_BASE_MS, PAUSE_CAP_MS } from './fix-refusals.ts'
import { type FixStream, newStreamId, type ReportedFix } from './fix-stream.ts'
import { fixesPerFrame } from './frame-room.ts'
import type { Hello } from './region-time.ts'
import { fullJitterMs } from './timing.ts'

interface Opened {
  readonly hello: Hello
  readonly fixesPerFrame: number
}

/** The pause before sending goes on from `seq`. */
interface Rewind {
  readonly timer: unknown
  seq: number
}

/** Fixes under way at most; a crowd that comes back with long backlogs must not flood the engine's queues. */
const WINDOW = 16 * DEFAULT_LIMITS.fixesPerFrame
/** The most bytes that a fix takes in a frame, by format, and the rest of the frame. */
const FIX_BYTES_MAX = { binary: 40, json: 90 }
const FRAME_HEAD_BYTES = 64
const ASK_AGAIN_MS = 100

export class FixSender {
  readonly #connection: EngineConnection
  readonly #stream: FixStream
  #opened: Opened | null = null
  #end: ClientClosed | null = null
  #hintedSeq = 0
  #rewind: Rewind | null = null
  /** Since a mark rose. */
  #rewinds = 0
  #askTimer: unknown = null
  #waiters: (Deferred<void> & { seq: number })[] = []

  /** Input: the stream that the connection's hello declares, alone. */
  constructor(connection: EngineConnection, stream: FixStream) {
    this.#connection = connection
    this.#stream = stream
    connection.on('opened', (welcome, greeting) => this.#welcomed(welcome, greeting))
    connection.on('marks', (streamIndex, durableSeq) => {
      if (streamIndex === 0) this.#marked(durableSeq)
    })
    connection.on('error', (id, code, message, details) => {
      if (id === null) this.#refused({ code, message, details })
    })
    connection.on('beat', () => {
      // Should the server have forgotten what somebody waits for.
      if (this.#waiters.length > 0) this.#ask()
    })
    connection.on('lost', () => this.#lost())
    connection.on('ended', end => this.#close(end))
  }

  /** Output: the fix's seq. Errors: throws RangeError for a fix that no server would take; it gets no seq. */
  report(fix: ReportedFix): number {
    if (fix.fixedAtMs === undefined) this.#connection.settleTime()
    const seq = this.#stream.report(fix)
    this.#pump()
    return seq
  }

  /** Resolves when every fix reported so far is durable. Errors: rejects with ClientClosed. */
  mark(): Promise<void> {
    const seq = this.#stream.lastSeq
    if (seq <= this.#stream.durableSeq) return Promise.resolve()
    if (this.#end !== null) return Promise.reject(this.#end)
    const waiter = { seq, ...deferred<void>() }
    this.#waiters.push(waiter)
    this.#ask()
    return waiter.promise
  }

  /** Errors: throws ClientFault when the welcome does not fit the hello. */
  #welcomed(welcome: WelcomeView, greeting: Greeting): void {
    const stream = this.#stream
    stream.retime()
    const mark = welcome.streams.find(([streamId]) => streamId === stream.streamId)?.[1]
    if (mark === undefined) throw new ClientFault('bad-server-data', 'The welcome names no mark of our stream.')
    const rose = stream.declared(mark, greeting.streams[0]![2])
    if (rose === null) return this.#startOver(mark)

    const perFrame = fixesPerFrame(welcome.limits, FRAME_HEAD_BYTES, FIX_BYTES_MAX[this.#connection.format])
    this.#hintedSeq = 0
    if (rose) this.#markRose()
    this.#opened = { hello: greeting, fixesPerFrame: perFrame }
    if (stream.unsent > 1) this.#hint()
    this.#pump()
    if (this.#waiters.length > 0) this.#ask()
  }

  #marked(durableSeq: number): void {
    const rose = this.#stream.marked(durableSeq)
    if (rose === null) {
      const message = `The server marks fix ${durableSeq} as durable, which was not sent.`
      this.#connection.fault(new ClientFault('bad-server-data', message))
      return
    }
    if (rose) this.#markRose()
    this.#pump()
    if (this.#waiters.length > 0) this.#askLater()
  }

  /**
   * An error that answers no command. If it means that a frame of fixes was not taken, they are sent again after the
   * pause that it asks for: from the seq that it names, or from the mark on. What is left out for good is not sent again.
   */
  #refused(refusal: ServerRefusal): void {
    this.#stream.leftOut(channelsLeftOut(refusal).length)
    if (!FIX_REFUSALS.has(refusal.code)) return
    const expected = refusal.details?.expectedSeq
    const pauseMs = retryAfterMs(refusal)
    const firstSeq = this.#stream.durableSeq + 1
    if (!Number.isSafeInteger(expected)) return this.#rewindTo(firstSeq, pauseMs)
    this.#rewindTo(Math.max(expected as number, firstSeq), pauseMs)
  }

  #lost(): void {
    this.#opened = null
    this.#stopTimers()
  }

  #close(end: ClientClosed): void {
    this.#end = end
    for (const waiter of this.#waiters) {
      waiter.promise.catch(() => {})
      waiter.reject(end)
    }
    this.#waiters = []
  }

  #pump(): void {
    const opened = this.#opened
    const stream = this.#stream
    if (opened === null) return
    while (stream.unsent > 0) {
      const free = WINDOW - stream.underWay
      if (this.#rewind !== null || free <= 0) {
        if (this.#rewind === null && this.#hintedSeq < stream.cursor) this.#ask()
        return this.#hint()
      }
      if (stream.hasHole) {
        this.#connection.reconnect(new ClientFault('connection', 'Fixes were lost because the buffer was full.'))
        return
      }
      const { sentAtMs, sentAtRegionMs } = this.#connection.device.time.frame(opened.hello)
      const fixes = stream.take(Math.min(opened.fixesPerFrame, free), sentAtRegionMs)
      this.#connection.send(['fix', 0, sentAtMs, ...fixes])
    }
  }

  /** Tells where the unit is now, ahead of the fixes before it; once a fix. */
  #hint(): void {
    const opened = this.#opened
    if (opened === null || this.#hintedSeq === this.#stream.lastSeq) return
    this.#hintedSeq = this.#stream.lastSeq
    const { sentAtMs, sentAtRegionMs } = this.#connection.device.time.frame(opened.hello)
    const newest = this.#stream.newest(sentAtRegionMs)
    if (newest !== null) this.#connection.send(['hint', 0, sentAtMs, newest])
  }

  #markRose(): void {
    this.#rewinds = 0
    const waiting = this.#waiters
    const { durableSeq } = this.#stream
    this.#waiters = waiting.filter(waiter => waiter.seq > durableSeq)
    for (const waiter of waiting) if (waiter.seq <= durableSeq) waiter.resolve()
  }

  #rewindTo(seq: number, pauseMs: number): void {
    if (this.#opened === null) return
    const stream = this.#stream
    if (!stream.canGoBackTo(seq)) {
      const message = `The server expects fix ${seq}; we hold ${stream.lowestSeq} to ${stream.lastSeq}.`
      this.#connection.reconnect(new ClientFault('connection', message))
      return
    }
    if (this.#rewind !== null) {
      // Each frame behind the gap is refused too; one rewind answers all of them, to the lowest that any of them names.
      this.#rewind.seq = Math.min(seq, this.#rewind.seq)
      return
    }
    const { timers, random } = this.#connection.device
    const delayMs = pauseMs + fullJitterMs(this.#rewinds, PAUSE_BASE_MS, PAUSE_CAP_MS, random)
    this.#rewinds += 1
    const rewind = { seq, timer: timers.setTimeout(() => this.#goOn(rewind), delayMs) }
    this.#rewind = rewind
  }

  #goOn({ seq }: Rewind): void {
    this.#rewind = null
    this.#stream.goBackTo(seq)
    this.#pump()
    if (this.#waiters.length > 0) this.#ask()
  }

  /**
   * The server holds more of this stream than we ever numbered: another client used its id. Fixes under taken numbers
   * would pass for duplicates and be lost, so what we hold starts a stream of its own.
   */
  #startOver(mark: number): never {
    const stream = this.#stream
    const message = `Stream ${stream.streamId} is durable up to ${mark}, but we only numbered up to ${stream.lastSeq}.`
    stream.startOver(newStreamId(this.#connection.device.newId))
    for (const waiter of this.#waiters) waiter.seq = stream.lastSeq
    throw new ClientFault('bad-server-data', message)
  }

  #ask(): void {
    if (this.#opened !== null) this.#connection.send(['mark', 0])
  }

  #askLater(): void {
    if (this.#askTimer !== null) return
    this.#askTimer = this.#connection.device.timers.setTimeout(() => {
      this.#askTimer = null
      if (this.#waiters.length > 0) this.#ask()
    }, ASK_AGAIN_MS)
  }

  #stopTimers(): void {
    const { timers } = this.#connection.device
    timers.clearTimeout(this.#rewind?.timer ?? null)
    timers.clearTimeout(this.#askTimer)
    this.#rewind = null
    this.#askTimer = null
  }
}
