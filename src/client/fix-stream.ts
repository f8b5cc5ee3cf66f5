/**
 * One stream of fixes and how far it has come: numbered, kept until durable, sent in order from a cursor that can go back.
 *
 * It says what to send and takes in what the server said of it; when to send is its owner's to decide.
 */
import { toE7 } from '../protocol/fix-frame.ts'
import { RANGES } from '../protocol/limits.ts'
import type { StreamDeclaration, WireFix } from '../protocol/wire/fix-tuples.ts'
import { FixBuffer } from './fix-buffer.ts'
import type { Moment, RegionTime } from './region-time.ts'

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

export interface StreamOptions {
  readonly streamId: string
  readonly firstSeq: number
  readonly bufferedFixesMax: number
}

/** How far a stream has come, for its owner to see. */
export type StreamProgress = Pick<
  FixStream,
  'streamId' | 'lastSeq' | 'durableSeq' | 'notDurable' | 'durableCount' | 'dropped'
>

/** A stream is only ever looked up together with its unit, and every stored segment repeats its id: so it is short. */
const STREAM_ID_CHARS = 8

export const newStreamId = (newId: () => string): string => newId().slice(0, STREAM_ID_CHARS)

export class FixStream {
  readonly #time: RegionTime
  readonly #buffer: FixBuffer
  #streamId: string
  /** The next seq to send on this connection. */
  #cursor = 0
  /** The highest seq sent on any connection. */
  #sentSeq: number
  #durableSeq: number
  /** Fixes that marks have freed, those among them that the server left out included. */
  #freedCount = 0
  #leftOutCount = 0
  /** By seq, of the fixes held, those reported while region time was not known, or in doubt; null while there are none. */
  #untimed: Map<number, Moment> | null = null

  constructor(time: RegionTime, options: StreamOptions) {
    this.#time = time
    this.#streamId = options.streamId
    this.#buffer = new FixBuffer(options.bufferedFixesMax, options.firstSeq)
    this.#sentSeq = options.firstSeq - 1
    this.#durableSeq = options.firstSeq - 1
  }

  get streamId(): string {
    return this.#streamId
  }
  get lowestSeq(): number {
    return this.#buffer.lowestSeq
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
    return Math.max(0, this.#freedCount - this.#leftOutCount)
  }
  /** Fixes lost because the buffer was full, or left out by the server. */
  get dropped(): number {
    return this.#buffer.dropped + this.#leftOutCount
  }
  get cursor(): number {
    return this.#cursor
  }
  get declaration(): StreamDeclaration {
    return [this.#streamId, 'gnss', this.#buffer.lowestSeq]
  }
  /** Fixes that were not sent yet on this connection. */
  get unsent(): number {
    return this.lastSeq - this.#cursor + 1
  }
  /** Fixes sent on this connection that no mark covers. */
  get underWay(): number {
    return this.#cursor - Math.max(this.#durableSeq + 1, this.#buffer.lowestSeq)
  }
  /** The buffer ran over while fixes were held back; only a new declaration can tell the server of the hole. */
  get hasHole(): boolean {
    return this.#cursor < this.#buffer.lowestSeq
  }

  /** Output: the fix's seq. Errors: throws RangeError for a fix that no server would take; it gets no seq. */
  report(fix: ReportedFix): number {
    const time = this.#time
    const moment = time.moment()
    const nowMs = time.at(moment)
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
    if (fix.fixedAtMs === undefined && (!time.known || time.isInDoubt)) {
      this.#untimed ??= new Map()
      this.#untimed.set(seq, moment)
    }
    // A full buffer has dropped this one, its oldest; marks drop others, but come when none waits for its time.
    this.#untimed?.delete(this.lowestSeq - 1)
    return seq
  }

  /** Region time was told: fixes that wait for it get it. */
  retime(): void {
    for (const [seq, moment] of this.#untimed ?? []) this.#buffer.retime(seq, this.#time.at(moment))
    this.#untimed = null
  }

  /**
   * The server knows the stream by the declaration that it was sent, and has stored it up to `mark`. Output: as of
   * `marked`, but null when the server holds more of the stream than was ever numbered here.
   */
  declared(mark: number, lowestDeclared: number): boolean | null {
    if (mark > this.lastSeq) return null
    this.#sentSeq = Math.max(this.#sentSeq, mark)
    this.#cursor = Math.max(mark + 1, lowestDeclared)
    return this.marked(mark)
  }

  /** Every fix up to this seq is stored. Output: whether that is news; null when it covers what was never sent. */
  marked(durableSeq: number): boolean | null {
    if (durableSeq > this.#sentSeq) return null
    if (durableSeq <= this.#durableSeq) return false
    this.#durableSeq = durableSeq
    this.#freedCount += this.#buffer.dropThrough(durableSeq)
    this.#cursor = Math.max(this.#cursor, durableSeq + 1)
    return true
  }

  /** So many fixes of the stream can never be taken [FX-13]; marks cover them as if they were stored. */
  leftOut(count: number): void {
    this.#leftOutCount += count
  }

  /** The next fixes to send, `count` at most; they count as sent. Input: the region time that the server derives for now. */
  take(count: number, sentAtRegionMs: number): WireFix[] {
    const end = this.#cursor + Math.min(count, this.unsent)
    const fixes: WireFix[] = []
    for (let seq = this.#cursor; seq < end; seq += 1) fixes.push(this.#buffer.wireFix(seq, sentAtRegionMs))
    this.#cursor = end
    this.#sentSeq = Math.max(this.#sentSeq, end - 1)
    return fixes
  }

  /** The newest fix, which still is to be sent in its order; null when its time is one that no server takes. */
  newest(sentAtRegionMs: number): WireFix | null {
    const fix = this.#buffer.wireFix(this.lastSeq, sentAtRegionMs)
    return Math.abs(fix[1]) > RANGES.ageMs[1] ? null : fix
  }

  /** True when sending can go on from `seq`: it is held, and nothing before it was left out. */
  canGoBackTo(seq: number): boolean {
    return seq >= this.#buffer.lowestSeq && seq <= this.#sentSeq + 1
  }

  goBackTo(seq: number): void {
    this.#cursor = Math.max(seq, this.#durableSeq + 1)
  }

  /** What is held starts a stream of its own, numbered from 1. */
  startOver(streamId: string): void {
    this.#buffer.renumber()
    this.#streamId = streamId
    this.#cursor = 1
    this.#sentSeq = 0
    this.#durableSeq = 0
  }
}

const inDegrees = (deg: number, max: number): boolean => Number.isFinite(deg) && Math.abs(deg) <= max

/** In wire units; null for what is unknown, which receivers also tell by a negative number. */
function scaled(value: number | null | undefined, factor: number, max: number, modulo?: number): number | null {
  if (value == null || !Number.isFinite(value) || value < 0) return null
  const units = Math.round(value * factor)
  return modulo === undefined ? Math.min(max, units) : units % modulo
}
