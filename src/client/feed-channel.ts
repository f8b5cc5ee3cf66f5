/** One of a feed's units: its stream of fixes, and where it stands with the server. */
import type { FeedFix } from '../protocol/wire/fix-tuples.ts'
import { PAUSE_BASE_MS, PAUSE_CAP_MS } from './fix-refusals.ts'
import { FixStream, type StreamOptions } from './fix-stream.ts'
import type { RegionTime } from './region-time.ts'
import { fullJitterMs } from './timing.ts'

/** Fixes of one unit under way at most: a unit's backlog must not crowd out the others. */
const WINDOW = 256
/** The server tells a mark 30 s after the last at the latest; after three times as long it has lost what it was sent. */
const UNMARKED_MS = 90_000

export class CarriedChannel {
  readonly channel: number
  readonly unitId: string
  readonly stream: FixStream
  /** *waiting* for its turn or an answer to `attach`, *attached*, or *detached* by the server. */
  state: 'waiting' | 'attached' | 'detached' = 'waiting'
  /** Before then, by the monotonic clock, nothing is sent; then from `#rewindSeq`, if it is set. */
  #notBeforeMs = 0
  #rewindSeq: number | null = null
  #rewinds = 0
  /** When the last frame went out, and the first of the fixes that it took. */
  #sentAtMs = Number.NEGATIVE_INFINITY
  #sentFromSeq = 0
  /** Since when a mark is waited for. */
  #unmarkedSinceMs = 0

  constructor(channel: number, unitId: string, time: RegionTime, options: StreamOptions) {
    this.channel = channel
    this.unitId = unitId
    this.stream = new FixStream(time, options)
  }

  get isAttached(): boolean {
    return this.state === 'attached'
  }
  get notBeforeMs(): number {
    return this.#notBeforeMs
  }
  get hasSomeToSend(): boolean {
    return this.#rewindSeq !== null || this.sendable > 0
  }
  /** How many fixes may go out, the window being what it is. */
  get sendable(): number {
    return Math.min(this.stream.unsent, WINDOW - this.stream.underWay)
  }

  attached(): void {
    this.state = 'attached'
    this.#rewindSeq = null
    this.#notBeforeMs = 0
  }

  /** Moves the next fixes into a frame. */
  moveInto(frame: FeedFix[], count: number, sentAtRegionMs: number, nowMs: number): void {
    if (this.stream.underWay === 0) this.#unmarkedSinceMs = nowMs
    this.#sentAtMs = nowMs
    this.#sentFromSeq = this.stream.cursor
    for (const fix of this.stream.take(count, sentAtRegionMs)) frame.push([this.channel, ...fix])
  }

  /** Output: as of `FixStream.marked`. */
  marked(durableSeq: number, nowMs: number): boolean | null {
    const rose = this.stream.marked(durableSeq)
    if (rose === true) {
      this.#rewinds = 0
      this.#unmarkedSinceMs = nowMs
    }
    return rose
  }

  /** How long to wait before what failed is tried again; longer each time, until a mark rises. */
  backoffMs(random: () => number): number {
    this.#rewinds += 1
    return fullJitterMs(this.#rewinds - 1, PAUSE_BASE_MS, PAUSE_CAP_MS, random)
  }

  /** Fixes were not taken: sends again from `seq` after a pause. Output: false when that is not possible. */
  rewind(seq: number, pauseMs: number, nowMs: number, random: () => number): boolean {
    const fromSeq = Math.max(seq, this.stream.durableSeq + 1)
    if (!this.stream.canGoBackTo(fromSeq)) return false
    // Each frame behind the gap is refused too; one rewind answers all of them.
    if (this.#rewindSeq === null) this.#notBeforeMs = nowMs + pauseMs + this.backoffMs(random)
    // Of several answers the lowest counts: a frame behind one that was held back names a later fix.
    this.#rewindSeq = Math.min(fromSeq, this.#rewindSeq ?? fromSeq)
    return true
  }

  /** Input: frames sent since then may not have been taken. Output: whether there was one. */
  rewindSince(sinceMs: number): boolean {
    if (this.#sentAtMs < sinceMs || this.stream.underWay === 0) return false
    this.#rewindSeq ??= Math.max(this.#sentFromSeq, this.stream.durableSeq + 1, this.stream.lowestSeq)
    return true
  }

  /** Sends everything again whose mark is overdue. Output: whether there was any. */
  rewindOverdue(nowMs: number): boolean {
    if (this.stream.underWay === 0 || nowMs - this.#unmarkedSinceMs < UNMARKED_MS) return false
    this.#unmarkedSinceMs = nowMs
    this.#rewindSeq = Math.max(this.stream.durableSeq + 1, this.stream.lowestSeq)
    return true
  }

  /** The pause is over: goes back to where sending is to go on. */
  resume(): void {
    if (this.#rewindSeq !== null) this.stream.goBackTo(this.#rewindSeq)
    this.#rewindSeq = null
  }
}
