/**
 * Sends the streams of many units over one connection, each in order until it is durable.
 *
 * Fixes are gathered for a moment and go out in frames, in turn over the units that have some. A unit is *attached* by
 * the server's answer; a new connection attaches all of them anew and goes on from the marks that come back. What the
 * server does not take is sent again from where it says, unit by unit; a unit that it gives away is told and waits.
 */
import { STREAM_ID, UNIT_ID } from '../domain/ids.ts'
import { LIMITS, RANGES } from '../protocol/limits.ts'
import type { ClientMessage, FeedChannel, FeedFix, WelcomeView } from '../protocol/wire.ts'
import { type CommandOutcome, isRetryable, RequestLost, retryAfterMs } from './command-queue.ts'
import type { Greeting } from './connection.ts'
import {
  ClientClosed,
  ClientFault,
  CommandRefused,
  channelsLeftOut,
  type ServerRefusal,
  UnitDetached,
} from './errors.ts'
import { CarriedChannel } from './feed-channel.ts'
import { FeedMarks } from './feed-marks.ts'
import { FIX_REFUSALS, PAUSE_BASE_MS, PAUSE_CAP_MS } from './fix-refusals.ts'
import type { FixSenderPorts } from './fix-sender.ts'
import { newStreamId, type ReportedFix } from './fix-stream.ts'
import type { Hello } from './region-time.ts'
import { fullJitterMs } from './timing.ts'

export interface FeedDoor extends FixSenderPorts {
  /** A request that ends with its connection. Errors: rejects with CommandRefused, RequestLost or ClientClosed. */
  ask(build: (id: string) => ClientMessage): Promise<CommandOutcome>
  detached(news: UnitDetached): void
}

/** A unit to carry. */
export interface FeedUnit {
  readonly unitId: string
  /** With a buffer that outlives the process, as for drivers. Default: a new random stream from 1. */
  readonly streamId?: string
  readonly firstSeq?: number
}

interface Opened {
  readonly hello: Hello
  readonly fixesPerFrame: number
  readonly frameBytes: number
}

/** The most bytes that a fix takes in a frame, by format, and the rest of the frame. */
const FIX_BYTES_MAX = { binary: 46, json: 100 }
const FRAME_HEAD_BYTES = 128
/** The most bytes of a channel in `attach`, besides its two names. */
const CHANNEL_BYTES_MAX = 40
/** Frames sent in one go; more would only wait at the server, and so would everything behind them. */
const FRAMES_PER_FLUSH = 16
/** An error that names no channel is about a frame sent within this time. */
const ANSWER_MS = 5_000
/** How long a unit waits that was refused for now. */
const REFUSED_PAUSE_MS = 1_000

export class FeedSender {
  readonly #door: FeedDoor
  readonly #bufferedFixesMax: number
  readonly #gatherMs: number
  readonly #units = new Map<string, CarriedChannel>()
  readonly #channels = new Map<number, CarriedChannel>()
  readonly #marks: FeedMarks
  readonly #freeChannels: number[] = []
  #nextChannel: number = RANGES.channel[0]
  readonly #toAttach = new Set<CarriedChannel>()
  /** Those that have fixes to send, the longest waiting first. */
  readonly #ready = new Set<CarriedChannel>()
  #opened: Opened | null = null
  #attaching = false
  /** By the monotonic clock, as all times here. */
  #pausedUntilMs = 0
  /** Pauses since a mark rose. */
  #pauses = 0
  #flushTimer: unknown = null
  readonly #attachTimers = new Set<unknown>()

  constructor(door: FeedDoor, options: { bufferedFixesMax: number; gatherMs: number }) {
    this.#door = door
    this.#marks = new FeedMarks(door)
    this.#bufferedFixesMax = options.bufferedFixesMax
    this.#gatherMs = options.gatherMs
  }

  get units(): ReadonlyMap<string, CarriedChannel> {
    return this.#units
  }

  /** Errors: throws RangeError for names that no server takes, and when there are more units than channels. */
  attach(units: Iterable<string | FeedUnit>): void {
    for (const given of units) {
      const unit = typeof given === 'string' ? { unitId: given } : given
      const known = this.#units.get(unit.unitId)
      if (known !== undefined && known.state !== 'detached') continue
      const channel = known ?? this.#add(unit)
      channel.state = 'waiting'
      this.#toAttach.add(channel)
    }
    this.#attachNext()
  }

  detach(unitIds: Iterable<string>): void {
    const numbers: number[] = []
    for (const unitId of unitIds) {
      const channel = this.#units.get(unitId)
      if (channel === undefined) continue
      if (channel.state !== 'detached') numbers.push(channel.channel)
      this.#units.delete(unitId)
      this.#channels.delete(channel.channel)
      this.#freeChannels.push(channel.channel)
      this.#letGo(channel, 'released')
    }
    if (this.#opened === null) return
    for (let from = 0; from < numbers.length; from += LIMITS.channelsPerAttach) {
      const some = numbers.slice(from, from + LIMITS.channelsPerAttach)
      this.#door.ask(id => ['detach', id, some]).catch(error => this.#requestFailed(error))
    }
  }

  /** Output: the fix's seq. Errors: throws UnitDetached, and RangeError for a fix that no server would take. */
  send(unitId: string, fix: ReportedFix): number {
    const channel = this.#units.get(unitId)
    if (channel === undefined) throw new UnitDetached(unitId, 'released', 0)
    if (channel.state === 'detached') throw new UnitDetached(unitId, 'superseded', channel.stream.notDurable)
    if (fix.fixedAtMs === undefined) this.#door.settleTime()
    const seq = channel.stream.report(fix)
    this.#hasSomeToSend(channel)
    return seq
  }

  /** Resolves when every fix sent so far is durable. Errors: rejects with ClientClosed, and UnitDetached if one cannot be. */
  mark(): Promise<void> {
    return this.#marks.wait(this.#units.values())
  }

  welcomed(welcome: WelcomeView, greeting: Greeting): void {
    const { frameBytes, fixesPerFrame } = welcome.limits
    const roomForFixes = Math.floor((frameBytes - FRAME_HEAD_BYTES) / FIX_BYTES_MAX[this.#door.format])
    this.#opened = {
      hello: greeting,
      fixesPerFrame: Math.max(1, Math.min(fixesPerFrame, roomForFixes)),
      frameBytes,
    }
    for (const channel of this.#units.values()) {
      channel.stream.retime()
      if (channel.state !== 'detached') this.#toAttach.add(channel)
    }
    this.#attachNext()
    this.#marks.connectionOpened()
  }

  marked(marks: readonly (readonly [channel: number, durableSeq: number])[]): void {
    const nowMs = this.#door.timers.monotonicMs()
    for (const [number, durableSeq] of marks) {
      const channel = this.#channels.get(number)
      if (channel?.state !== 'attached') continue
      const rose = channel.marked(durableSeq, nowMs)
      if (rose === null) {
        const message = `The server marks fix ${durableSeq} of unit ${channel.unitId} as durable, which was not sent.`
        this.#door.fault(new ClientFault('bad-server-data', message))
      } else if (rose) {
        this.#markRose(channel)
        this.#hasSomeToSend(channel)
      }
    }
  }

  /** The server has given the unit away. */
  lost(number: number, code: string): void {
    const channel = this.#channels.get(number)
    if (channel?.state === 'attached') this.#lose(channel, code)
  }

  /** An error that answers no request: if it is about fixes, they are sent again when it says, unless never. */
  refused(refusal: ServerRefusal): void {
    const { details } = refusal
    for (const number of channelsLeftOut(refusal)) this.#channels.get(number as number)?.stream.leftOut(1)
    const channel = this.#channels.get(details?.channel as number)
    if (refusal.code === 'unknown-stream' && channel?.state === 'attached') return this.#attachAgain(channel)
    if (!FIX_REFUSALS.has(refusal.code)) return
    const nowMs = this.#door.timers.monotonicMs()
    const pauseMs = retryAfterMs(refusal)
    if (channel === undefined) return this.#pauseAll(pauseMs, nowMs)
    if (channel.state !== 'attached') return
    const expected = details?.expectedSeq
    const seq = Number.isSafeInteger(expected) ? (expected as number) : channel.stream.durableSeq + 1
    if (!channel.rewind(seq, pauseMs, nowMs, this.#door.random)) return this.#attachAgain(channel)
    this.#hasSomeToSend(channel)
  }

  ticked(): void {
    const nowMs = this.#door.timers.monotonicMs()
    for (const channel of this.#units.values()) {
      if (channel.isAttached && channel.rewindOverdue(nowMs)) this.#hasSomeToSend(channel)
    }
  }

  connectionLost(): void {
    this.#opened = null
    this.#marks.connectionLost()
    this.#attaching = false
    this.#pausedUntilMs = 0
    this.#ready.clear()
    this.#toAttach.clear()
    for (const channel of this.#units.values()) if (channel.isAttached) channel.state = 'waiting'
    this.#stopTimers()
  }

  close(end: ClientClosed): void {
    this.connectionLost()
    this.#marks.close(end)
  }

  // Channels.

  #add({ unitId, streamId = newStreamId(this.#door.newId), firstSeq = 1 }: FeedUnit): CarriedChannel {
    if (!UNIT_ID.test(unitId) || !STREAM_ID.test(streamId)) {
      throw new RangeError(`No server takes unit ${unitId} with stream ${streamId}; see [EN-8] in PROTOCOL.md.`)
    }
    const number = this.#nextChannel <= RANGES.channel[1] ? this.#nextChannel : this.#freeChannels.shift()
    if (number === undefined) throw new RangeError(`A feed carries at most ${RANGES.channel[1] + 1} units.`)
    if (number === this.#nextChannel) this.#nextChannel += 1
    const channel = new CarriedChannel(number, unitId, this.#door.time, {
      streamId,
      firstSeq,
      bufferedFixesMax: this.#bufferedFixesMax,
    })
    this.#units.set(unitId, channel)
    this.#channels.set(number, channel)
    return channel
  }

  #attachNext(): void {
    const opened = this.#opened
    if (opened === null || this.#attaching || this.#toAttach.size === 0) return
    const batch: CarriedChannel[] = []
    let bytes = FRAME_HEAD_BYTES
    for (const channel of this.#toAttach) {
      bytes += channel.unitId.length + channel.stream.streamId.length + CHANNEL_BYTES_MAX
      if (batch.length === LIMITS.channelsPerAttach || (bytes > opened.frameBytes && batch.length > 0)) break
      batch.push(channel)
    }
    for (const channel of batch) this.#toAttach.delete(channel)
    this.#attaching = true
    // The message is made once and sent again as it is, so what it declared is what the answer is about.
    const declared = new Map<number, FeedChannel>()
    const build = (id: string): ClientMessage => {
      for (const { channel, unitId, stream } of batch) declared.set(channel, [channel, unitId, ...stream.declaration])
      return ['attach', id, [...declared.values()]]
    }
    this.#door.ask(build).then(
      ({ result }) => this.#attached(result, declared),
      (error: unknown) => {
        this.#requestFailed(error)
        // A refusal of the whole request is no answer about any unit; another connection may fare better.
        if (error instanceof CommandRefused) {
          this.#door.reconnect(new ClientFault('refused', `Units could not be attached: ${error.message}`))
        }
      },
    )
  }

  #attached(result: Readonly<Record<string, unknown>>, declared: ReadonlyMap<number, FeedChannel>): void {
    if (this.#opened === null) return
    this.#attaching = false
    const { channels, refused } = result as { channels?: unknown; refused?: unknown }
    if (!areAnswers(channels, 'number') || !areAnswers(refused, 'string')) {
      this.#door.reconnect(new ClientFault('bad-server-data', 'The answer to `attach` has the wrong shape.'))
      return
    }
    for (const [number, mark] of channels) {
      const channel = this.#channels.get(number)
      const declaration = declared.get(number)
      if (channel === undefined || channel.unitId !== declaration?.[1]) continue
      const rose = channel.stream.declared(mark as number, declaration[4])
      if (rose === null) {
        this.#startOver(channel, mark as number)
        continue
      }
      channel.attached()
      if (rose) this.#markRose(channel)
      this.#hasSomeToSend(channel)
    }
    for (const [number, code] of refused) {
      const channel = this.#channels.get(number)
      if (channel === undefined || channel.unitId !== declared.get(number)?.[1]) continue
      // The server cannot tell yet where the stream stands; the unit is still the feed's.
      if (isRetryable(code as string)) this.#attachAgain(channel, REFUSED_PAUSE_MS)
      else this.#lose(channel, code as string)
    }
    this.#attachNext()
  }

  /** The server and we do not agree on the stream: declares it anew on the same channel, after a while. */
  #attachAgain(channel: CarriedChannel, pauseMs = 0): void {
    channel.state = 'waiting'
    this.#ready.delete(channel)
    const timer = this.#door.timers.setTimeout(() => {
      this.#attachTimers.delete(timer)
      if (this.#units.get(channel.unitId) !== channel || channel.state !== 'waiting') return
      this.#toAttach.add(channel)
      this.#attachNext()
    }, pauseMs + channel.backoffMs(this.#door.random))
    this.#attachTimers.add(timer)
  }

  /** Another client used the stream's id and numbered on: what we hold starts a stream of its own. */
  #startOver(channel: CarriedChannel, mark: number): void {
    const { stream, unitId } = channel
    const message = `Stream ${stream.streamId} of unit ${unitId} is durable up to ${mark}, but we only numbered up to ${stream.lastSeq}.`
    stream.startOver(newStreamId(this.#door.newId))
    this.#marks.renumbered(channel)
    this.#door.fault(new ClientFault('bad-server-data', message))
    this.#toAttach.add(channel)
  }

  #lose(channel: CarriedChannel, code: string): void {
    this.#letGo(channel, code)
    this.#door.detached(new UnitDetached(channel.unitId, code, channel.stream.notDurable))
  }

  #letGo(channel: CarriedChannel, code: string): void {
    channel.state = 'detached'
    this.#ready.delete(channel)
    this.#toAttach.delete(channel)
    this.#marks.lost(channel, new UnitDetached(channel.unitId, code, channel.stream.notDurable))
  }

  #requestFailed(error: unknown): void {
    if (error instanceof RequestLost || error instanceof ClientClosed) return
    if (!(error instanceof CommandRefused)) throw error
    const { code, message, details } = error
    this.#door.fault(new ClientFault('refused', message, { refusal: { code, message, details } }))
  }

  // Fixes.

  #hasSomeToSend(channel: CarriedChannel): void {
    if (!channel.isAttached || !channel.hasSomeToSend) return
    this.#ready.add(channel)
    this.#flushIn(this.#gatherMs)
  }

  #flushIn(delayMs: number): void {
    if (this.#flushTimer !== null || this.#opened === null) return
    this.#flushTimer = this.#door.timers.setTimeout(() => {
      this.#flushTimer = null
      this.#flush()
    }, delayMs)
  }

  #flush(): void {
    const opened = this.#opened
    if (opened === null) return
    const nowMs = this.#door.timers.monotonicMs()
    let frames = nowMs < this.#pausedUntilMs ? 0 : FRAMES_PER_FLUSH
    let laterMs = Math.max(this.#pausedUntilMs, nowMs + this.#gatherMs)
    while (frames > 0) {
      const { sentAtMs, sentAtRegionMs } = this.#door.time.frame(opened.hello)
      const { fixes, resumeMs } = this.#nextFixes(opened.fixesPerFrame, sentAtRegionMs, nowMs)
      if (fixes.length === 0) {
        laterMs = Math.max(laterMs, resumeMs)
        break
      }
      this.#door.send(['feed-fixes', sentAtMs, ...fixes])
      frames -= 1
    }
    if (this.#ready.size > 0) this.#flushIn(laterMs - nowMs)
  }

  /** Output: the fixes of one frame, and when the first of the units that must wait may go on. */
  #nextFixes(room: number, sentAtRegionMs: number, nowMs: number): { fixes: FeedFix[]; resumeMs: number } {
    const fixes: FeedFix[] = []
    let resumeMs = Number.POSITIVE_INFINITY
    for (const channel of this.#ready) {
      if (fixes.length === room) break
      if (channel.notBeforeMs > nowMs) {
        resumeMs = Math.min(resumeMs, channel.notBeforeMs)
        continue
      }
      channel.resume()
      this.#ready.delete(channel)
      if (channel.stream.hasHole) this.#attachAgain(channel)
      else if (channel.sendable > 0) {
        channel.moveInto(fixes, Math.min(channel.sendable, room - fixes.length), sentAtRegionMs, nowMs)
        // A full window is opened by a mark, which makes the unit ready again.
        if (channel.sendable > 0) this.#ready.add(channel)
        else if (channel.stream.unsent > 0) this.#door.send(['mark', channel.channel])
      }
    }
    return { fixes, resumeMs }
  }

  /** A frame was not taken, and the error does not say whose fixes were in it. */
  #pauseAll(pauseMs: number, nowMs: number): void {
    const wasPaused = nowMs < this.#pausedUntilMs
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + pauseMs)
    if (wasPaused) return
    this.#pausedUntilMs += fullJitterMs(this.#pauses, PAUSE_BASE_MS, PAUSE_CAP_MS, this.#door.random)
    this.#pauses += 1
    for (const channel of this.#channels.values()) {
      if (channel.isAttached && channel.rewindSince(nowMs - ANSWER_MS)) this.#ready.add(channel)
    }
    this.#flushIn(this.#pausedUntilMs - nowMs)
  }

  #markRose(channel: CarriedChannel): void {
    this.#pauses = 0
    this.#marks.rose(channel)
  }

  #stopTimers(): void {
    for (const timer of [this.#flushTimer, ...this.#attachTimers]) {
      this.#door.timers.clearTimeout(timer)
    }
    this.#flushTimer = null
    this.#attachTimers.clear()
  }
}

function areAnswers(
  value: unknown,
  answer: 'number' | 'string',
): value is [channel: number, answer: number | string][] {
  return (
    Array.isArray(value) &&
    value.every(item => Array.isArray(item) && typeof item[0] === 'number' && typeof item[1] === answer)
  )
}
