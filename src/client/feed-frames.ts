/** Sends the fixes of a feed's attached units, gathered for a moment, in frames that the units with some share in turn. */
import type { FeedFix } from '../protocol/wire/fix-tuples.ts'
import type { WelcomeView } from '../protocol/wire/welcome-view.ts'
import type { EngineConnection } from './connection.ts'
import type { Greeting } from './connection-news.ts'
import type { FeedAttacher } from './feed-attacher.ts'
import type { CarriedChannel } from './feed-channel.ts'
import { PAUSE_BASE_MS, PAUSE_CAP_MS } from './fix-refusals.ts'
import { fixesPerFrame } from './frame-room.ts'
import type { Hello } from './region-time.ts'
import { SendPace } from './send-pace.ts'
import { fullJitterMs } from './timing.ts'

interface Opened {
  readonly hello: Hello
  readonly fixesPerFrame: number
}

/** The most bytes that a fix takes in a frame, by format, and the rest of the frame. */
const FIX_BYTES_MAX = { binary: 46, json: 100 }
const FRAME_HEAD_BYTES = 128
/** Frames sent in one go; more would only wait at the server, and so would everything behind them. */
const FRAMES_PER_FLUSH = 16
/** When to look again while there is no room at the pace that the server told. */
const NO_ROOM_MS = 20
/** An error that names no channel is about a frame sent within this time. */
const ANSWER_MS = 5_000

export class FeedFrames {
  readonly #connection: EngineConnection
  readonly #attacher: FeedAttacher
  readonly #gatherMs: number
  /** Those that have fixes to send, the longest waiting first. */
  readonly #ready = new Set<CarriedChannel>()
  readonly #pace = new SendPace()
  #opened: Opened | null = null
  /** By the monotonic clock, as all times here. */
  #pausedUntilMs = 0
  /** Pauses since a mark rose. */
  #pauses = 0
  #timer: unknown = null

  constructor(connection: EngineConnection, attacher: FeedAttacher, gatherMs: number) {
    this.#connection = connection
    this.#attacher = attacher
    this.#gatherMs = gatherMs
  }

  opened({ limits }: WelcomeView, hello: Greeting): void {
    const fixBytesMax = FIX_BYTES_MAX[this.#connection.format]
    this.#opened = { hello, fixesPerFrame: fixesPerFrame(limits, FRAME_HEAD_BYTES, fixBytesMax) }
  }

  lost(): void {
    this.#opened = null
    this.#pausedUntilMs = 0
    this.#pace.reset()
    this.#ready.clear()
    this.#connection.device.timers.clearTimeout(this.#timer)
    this.#timer = null
  }

  /** The unit may have some to send now. */
  look(channel: CarriedChannel): void {
    if (!channel.isAttached || !channel.hasSomeToSend) return
    this.#ready.add(channel)
    this.#flushIn(this.#gatherMs)
  }

  /** What is sent is stored again. */
  markRose(): void {
    this.#pauses = 0
  }

  /** The server tells how fast fixes get on: what is sent faster it only holds back. */
  paceTo(fixesPerS: number): void {
    this.#pace.told(fixesPerS, this.#connection.device.timers.monotonicMs())
  }

  /** A frame was not taken, and the error does not say whose fixes were in it. Input: all units, and the pause asked for. */
  pause(channels: Iterable<CarriedChannel>, pauseMs: number): void {
    const { timers, random } = this.#connection.device
    const nowMs = timers.monotonicMs()
    const wasPaused = nowMs < this.#pausedUntilMs
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + pauseMs)
    if (wasPaused) return
    this.#pausedUntilMs += fullJitterMs(this.#pauses, PAUSE_BASE_MS, PAUSE_CAP_MS, random)
    this.#pauses += 1
    for (const channel of channels) {
      if (channel.isAttached && channel.rewindSince(nowMs - ANSWER_MS)) this.#ready.add(channel)
    }
    this.#flushIn(this.#pausedUntilMs - nowMs)
  }

  #flushIn(delayMs: number): void {
    if (this.#timer !== null || this.#opened === null) return
    this.#timer = this.#connection.device.timers.setTimeout(() => {
      this.#timer = null
      this.#flush()
    }, delayMs)
  }

  #flush(): void {
    const opened = this.#opened
    if (opened === null) return
    const { timers, time } = this.#connection.device
    const nowMs = timers.monotonicMs()
    let frames = nowMs < this.#pausedUntilMs ? 0 : FRAMES_PER_FLUSH
    let laterMs = Math.max(this.#pausedUntilMs, nowMs + this.#gatherMs)
    while (frames > 0) {
      const { sentAtMs, sentAtRegionMs } = time.frame(opened.hello)
      const room = Math.min(opened.fixesPerFrame, this.#pace.room(nowMs))
      if (room === 0) {
        laterMs = Math.max(laterMs, nowMs + NO_ROOM_MS)
        break
      }
      const { fixes, resumeMs } = this.#nextFixes(room, sentAtRegionMs, nowMs)
      if (fixes.length === 0) {
        laterMs = Math.max(laterMs, resumeMs)
        break
      }
      this.#connection.send(['feed-fixes', sentAtMs, ...fixes])
      this.#pace.sent(fixes.length)
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
      if (channel.isAttached && channel.notBeforeMs > nowMs) {
        resumeMs = Math.min(resumeMs, channel.notBeforeMs)
        continue
      }
      this.#ready.delete(channel)
      if (channel.isAttached) this.#moveInto(fixes, channel, room, sentAtRegionMs, nowMs)
    }
    return { fixes, resumeMs }
  }

  #moveInto(fixes: FeedFix[], channel: CarriedChannel, room: number, sentAtRegionMs: number, nowMs: number): void {
    channel.resume()
    if (channel.stream.hasHole) return this.#attacher.attachAgain(channel)
    if (channel.sendable === 0) return
    channel.moveInto(fixes, Math.min(channel.sendable, room - fixes.length), sentAtRegionMs, nowMs)
    // A full window is opened by a mark, which makes the unit ready again.
    if (channel.sendable > 0) this.#ready.add(channel)
    else if (channel.stream.unsent > 0) this.#connection.send(['mark', channel.channel])
  }
}
