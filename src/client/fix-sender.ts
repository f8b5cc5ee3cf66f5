/**
 * Sends one stream of fixes in order until each is durable.
 *
 * A fix goes out at once while the connection is open and nothing is held back. *Held back* means: more fixes are under
 * way than the window allows (marks open it again), or the server asked to start over from an earlier seq (a short,
 * growing pause lets the frames behind the gap run out first). While held back, and after a reconnect with a backlog,
 * the newest fix goes ahead as a hint, so that the map is right before the track is complete.
 */
import { toE7 } from '../protocol/fix-frame.ts'
import { LIMITS, RANGES } from '../protocol/limits.ts'
import type { ClientMessage, StreamDeclaration, WelcomeView } from '../protocol/wire.ts'
import { retryAfterMs } from './command-queue.ts'
import type { Greeting } from './connection.ts'
import { type ClientClosed, ClientFault, type ServerRefusal } from './errors.ts'
import { FixBuffer } from './fix-buffer.ts'
import type { RegionTime } from './region-time.ts'
import { fullJitterMs, type Timers } from './timing.ts'

/** A position report as the vehicle's receiver measured it; what the receiver does not know is left out or null. */
export interface ReportedFix {
  /** Region time at which it was measured. Default: now. */
  readonly fixedAtMs?: number
  /** WGS 84 degrees, east positive, -180 to 180. */
  readonly lonDeg: number
  /** WGS 84 degrees, north positive, -90 to 90. */
  readonly latDeg: number
  /** Radius of the receiver's 68 % circle. */
  readonly accuracyM?: number | null
  readonly speedMps?: number | null
  /** Degrees clockwise from north. */
  readonly headingDeg?: number | null
}

/** What the sender needs of the connection it sends on. */
export interface FixDoor {
  readonly timers: Timers
  readonly random: () => number
  readonly time: RegionTime
  readonly format: 'binary' | 'json'
  newStreamId(): string
  send(message: ClientMessage): void
  fault(fault: ClientFault): void
  reconnect(fault: ClientFault): void
}

interface Opened {
  readonly clientNowMs: number
  readonly fixesPerFrame: number
}

/** Fixes under way at most; a crowd that comes back with long backlogs must not flood the engine's queues. */
const WINDOW = 16 * LIMITS.fixesPerFrame
/** The most bytes that a fix takes in a frame, by format, and the rest of the frame. */
const FIX_BYTES_MAX = { binary: 40, json: 90 }
const FRAME_HEAD_BYTES = 64
const REWIND_BASE_MS = 100
const REWIND_CAP_MS = 5_000
const ASK_AGAIN_MS = 100

export class FixSender {
  readonly #door: FixDoor
  readonly #buffer: FixBuffer
  #streamId: string
  #opened: Opened | null = null
  #end: ClientClosed | null = null
  /** The next seq to send on this connection. */
  #cursor = 0
  /** The highest seq sent on any connection. */
  #sentSeq: number
  #durableSeq: number
  #durableCount = 0
  #hintedSeq = 0
  #rewindTimer: unknown = null
  #rewindSeq = 0
  #rewinds = 0
  #askTimer: unknown = null
  /** Seqs reported by the wall clock, before region time was known. */
  #untimed: number[] = []
  #waiters: { seq: number; resolve: () => void; reject: (error: Error) => void; promise: Promise<void> }[] = []

  constructor(door: FixDoor, options: { streamId: string; firstSeq: number; bufferedFixesMax: number }) {
    this.#door = door
    this.#streamId = options.streamId
    this.#buffer = new FixBuffer(options.bufferedFixesMax, options.firstSeq)
    this.#sentSeq = options.firstSeq - 1
    this.#durableSeq = options.firstSeq - 1
  }

  get streamId(): string {
    return this.#streamId
  }
  get lastSeq(): number {
    return this.#buffer.lastSeq
  }
  get durableSeq(): number {
    return this.#durableSeq
  }
  get notDurable(): number {
    return this.#buffer.size
  }
  get durableCount(): number {
    return this.#durableCount
  }
  get dropped(): number {
    return this.#buffer.dropped
  }
  get declaration(): StreamDeclaration {
    return [this.#streamId, 'gnss', this.#buffer.lowestSeq]
  }

  /** Output: the fix's seq. Errors: throws RangeError for a fix that no server would take; it gets no seq. */
  report(fix: ReportedFix): number {
    const { time, timers } = this.#door
    const nowMs = time.at(timers.now())
    const fixedAtMs = Math.round(fix.fixedAtMs ?? nowMs)
    if (!inDegrees(fix.lonDeg, 180) || !inDegrees(fix.latDeg, 90)) {
      throw new RangeError(`A fix needs degrees in range; got ${fix.lonDeg}, ${fix.latDeg}.`)
    }
    if (!Number.isSafeInteger(fixedAtMs) || (time.known && Math.abs(nowMs - fixedAtMs) > RANGES.ageMs[1])) {
      throw new RangeError(
        `fixedAtMs ${fix.fixedAtMs} is more than 30 days from region time; check the receiver's date.`,
      )
    }
    const seq = this.#buffer.push({
      fixedAtMs,
      lonE7: toE7(fix.lonDeg),
      latE7: toE7(fix.latDeg),
      accuracyDm: scaled(fix.accuracyM, 10, RANGES.accuracyDm[1]),
      speedCmps: scaled(fix.speedMps, 100, RANGES.speedCmps[1]),
      headingDd: scaled(fix.headingDeg, 10, Number.MAX_SAFE_INTEGER, 3_600),
    })
    if (fix.fixedAtMs === undefined && !time.known) this.#untimed.push(seq)
    this.#pump()
    return seq
  }

  /** Resolves when every fix reported so far is durable. Errors: rejects with ClientClosed. */
  mark(): Promise<void> {
    const seq = this.lastSeq
    if (seq <= this.#durableSeq) return Promise.resolve()
    if (this.#end !== null) return Promise.reject(this.#end)
    let resolve!: () => void
    let reject!: (error: Error) => void
    const promise = new Promise<void>((onDurable, onError) => {
      resolve = onDurable
      reject = onError
    })
    this.#waiters.push({ seq, resolve, reject, promise })
    this.#ask()
    return promise
  }

  /** Errors: throws ClientFault when the welcome does not fit the hello. */
  welcomed(welcome: WelcomeView, greeting: Greeting): void {
    const { time, format } = this.#door
    const mark = welcome.streams.find(([streamId]) => streamId === this.#streamId)?.[1]
    if (mark === undefined) throw new ClientFault('bad-server-data', 'The welcome names no mark of our stream.')
    for (const seq of this.#untimed) this.#buffer.retime(seq, wallMs => time.at(wallMs))
    this.#untimed = []
    if (mark > this.lastSeq) return this.#startOver(mark)

    const roomForFixes = Math.floor((welcome.limits.frameBytes - FRAME_HEAD_BYTES) / FIX_BYTES_MAX[format])
    const fixesPerFrame = Math.max(1, Math.min(welcome.limits.fixesPerFrame, roomForFixes))
    const lowestDeclared = greeting.streams[0]![2]
    this.#sentSeq = Math.max(this.#sentSeq, mark)
    this.#cursor = Math.max(mark + 1, lowestDeclared)
    this.#hintedSeq = 0
    this.#takeMark(mark)
    this.#opened = { clientNowMs: greeting.clientNowMs, fixesPerFrame }
    if (this.lastSeq > this.#cursor) this.#hint()
    this.#pump()
    if (this.#waiters.length > 0) this.#ask()
  }

  marked(durableSeq: number): void {
    if (durableSeq > this.#sentSeq) {
      const message = `The server marks fix ${durableSeq} as durable, but only ${this.#sentSeq} was sent.`
      this.#door.fault(new ClientFault('bad-server-data', message))
      return
    }
    this.#takeMark(durableSeq)
    this.#pump()
    if (this.#waiters.length > 0) this.#askLater()
  }

  /** The server did not take a frame of fixes: it must be sent again, from the seq that it names or from the mark on. */
  refused(refusal: ServerRefusal): void {
    const expected = refusal.details?.expectedSeq
    const pauseMs = retryAfterMs(refusal)
    if (!Number.isSafeInteger(expected)) return this.#rewindTo(this.#durableSeq + 1, pauseMs)
    this.#rewindTo(Math.max(expected as number, this.#durableSeq + 1), pauseMs)
  }

  /** Asks again for what somebody waits for, should the server have forgotten. */
  ticked(): void {
    if (this.#waiters.length > 0) this.#ask()
  }

  connectionLost(): void {
    this.#opened = null
    this.#stopTimers()
  }

  close(end: ClientClosed): void {
    this.#end = end
    this.#opened = null
    this.#stopTimers()
    for (const waiter of this.#waiters) {
      waiter.promise.catch(() => {})
      waiter.reject(end)
    }
    this.#waiters = []
  }

  #pump(): void {
    const opened = this.#opened
    if (opened === null) return
    while (this.#cursor <= this.lastSeq) {
      const underWay = this.#cursor - Math.max(this.#durableSeq + 1, this.#buffer.lowestSeq)
      const free = WINDOW - underWay
      if (this.#rewindTimer !== null || free <= 0) {
        if (this.#rewindTimer === null && this.#hintedSeq < this.#cursor) this.#ask()
        return this.#hint()
      }
      if (this.#cursor < this.#buffer.lowestSeq) {
        // The buffer ran over while fixes were held back; only a hello can tell the server of the hole.
        this.#door.reconnect(new ClientFault('connection', 'Fixes were lost because the buffer was full.'))
        return
      }
      const end = this.#cursor + Math.min(opened.fixesPerFrame, free, this.lastSeq - this.#cursor + 1)
      const sentAtMs = this.#sentAtMs(opened)
      const sentAtRegionMs = this.#door.time.fromAnchor(opened.clientNowMs + sentAtMs)
      const fixes = []
      for (let seq = this.#cursor; seq < end; seq += 1) fixes.push(this.#buffer.wireFix(seq, sentAtRegionMs))
      this.#cursor = end
      this.#sentSeq = Math.max(this.#sentSeq, end - 1)
      this.#door.send(['fix', 0, sentAtMs, ...fixes])
    }
  }

  /** Tells where the unit is now, ahead of the fixes before it; once a fix. */
  #hint(): void {
    const opened = this.#opened
    if (opened === null || this.#hintedSeq === this.lastSeq) return
    this.#hintedSeq = this.lastSeq
    const sentAtMs = this.#sentAtMs(opened)
    const sentAtRegionMs = this.#door.time.fromAnchor(opened.clientNowMs + sentAtMs)
    this.#door.send(['hint', 0, sentAtMs, this.#buffer.wireFix(this.lastSeq, sentAtRegionMs)])
  }

  #sentAtMs(opened: Opened): number {
    const sinceHelloMs = Math.floor(this.#door.timers.now()) - opened.clientNowMs
    return Math.min(RANGES.sentAtMs[1], Math.max(RANGES.sentAtMs[0], sinceHelloMs))
  }

  #takeMark(durableSeq: number): void {
    if (durableSeq <= this.#durableSeq) return
    this.#durableSeq = durableSeq
    this.#durableCount += this.#buffer.dropThrough(durableSeq)
    this.#cursor = Math.max(this.#cursor, durableSeq + 1)
    this.#rewinds = 0
    const waiting = this.#waiters
    this.#waiters = waiting.filter(waiter => waiter.seq > durableSeq)
    for (const waiter of waiting) if (waiter.seq <= durableSeq) waiter.resolve()
  }

  #rewindTo(seq: number, pauseMs: number): void {
    if (this.#opened === null) return
    if (seq < this.#buffer.lowestSeq || seq > this.#sentSeq + 1) {
      const message = `The server expects fix ${seq}; we hold ${this.#buffer.lowestSeq} to ${this.lastSeq}.`
      this.#door.reconnect(new ClientFault('connection', message))
      return
    }
    this.#rewindSeq = seq
    // Each frame behind the gap is refused too; one rewind answers all of them.
    if (this.#rewindTimer !== null) return
    const delayMs = pauseMs + fullJitterMs(this.#rewinds, REWIND_BASE_MS, REWIND_CAP_MS, this.#door.random)
    this.#rewinds += 1
    this.#rewindTimer = this.#door.timers.setTimeout(() => {
      this.#rewindTimer = null
      this.#cursor = Math.max(this.#rewindSeq, this.#durableSeq + 1)
      this.#pump()
      if (this.#waiters.length > 0) this.#ask()
    }, delayMs)
  }

  /**
   * The server holds more of this stream than we ever numbered: another client used its id. Fixes under taken numbers
   * would pass for duplicates and be lost, so what we hold starts a stream of its own.
   */
  #startOver(mark: number): never {
    const message = `Stream ${this.#streamId} is durable up to ${mark}, but we only numbered up to ${this.lastSeq}.`
    this.#buffer.renumber()
    this.#streamId = this.#door.newStreamId()
    this.#cursor = 1
    this.#sentSeq = 0
    this.#durableSeq = 0
    for (const waiter of this.#waiters) waiter.seq = this.lastSeq
    throw new ClientFault('bad-server-data', message)
  }

  #ask(): void {
    if (this.#opened !== null) this.#door.send(['mark', 0])
  }

  #askLater(): void {
    if (this.#askTimer !== null) return
    this.#askTimer = this.#door.timers.setTimeout(() => {
      this.#askTimer = null
      if (this.#waiters.length > 0) this.#ask()
    }, ASK_AGAIN_MS)
  }

  #stopTimers(): void {
    this.#door.timers.clearTimeout(this.#rewindTimer)
    this.#door.timers.clearTimeout(this.#askTimer)
    this.#rewindTimer = null
    this.#askTimer = null
  }
}

const inDegrees = (deg: number, max: number): boolean => Number.isFinite(deg) && Math.abs(deg) <= max

/** In wire units; null for what is unknown, which receivers also tell by a negative number. */
function scaled(value: number | null | undefined, factor: number, max: number, modulo?: number): number | null {
  if (value == null || !Number.isFinite(value) || value < 0) return null
  const units = Math.round(value * factor)
  return modulo === undefined ? Math.min(max, units) : units % modulo
}
