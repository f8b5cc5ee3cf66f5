/**
 * Where a unit is: its streams of fixes, the marks of each, and the one fix that places it.
 *
 * Fixes are a stream, not turns: they go to memory and the index at once and to Postgres in segments. The order for
 * map, ranking and history is `(at, seq)`, never arrival, so a late fix never moves the unit back. But a fix that was
 * taken while a clock was wrong may lie ahead of now: it must not keep out those of now, so the next one replaces it.
 */
import { type Fix, isNewer, type PlacedFix } from '../../domain/fix.ts'
import { FIXES_THAT_AGREE, type FixPolicy, isInaccurate, mayBeOfOne } from '../../domain/fix-judge.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import { LIMITS } from '../../protocol/limits.ts'
import { FIX_FLAGS, isDoubted, isOfNow } from '../../store/location/segment-codec.ts'
import type { LeavingMark } from '../../store/log/journal.ts'
import { ForgottenStreams } from './forgotten-streams.ts'

/** Streams remembered a unit: as many as its session and a feed can have open. The mark of an older one is in the store. */
const STREAMS_KEPT = LIMITS.streamsPerHello + 1
/** Streams that leave memory at a time. While so many wait for the store to take their marks, no other one is taken up. */
const STREAMS_LEAVING = 16

const NONE: readonly Stream[] = []

/** One client buffer's run of fixes, as far as it has come. */
export interface Stream {
  readonly streamId: StreamId
  /** The highest seq taken into memory and on its way to a segment. */
  receivedSeq: number
  /** Every fix up to here is stored. */
  durableSeq: number
  /** The mark last told to the client, and when (monotonic). */
  toldSeq: number
  toldAtMs: number
  /** The client asked for its mark when this seq was the last received; 0 when it did not ask. */
  askedSeq: number
  /** The last fix that was believed, beside which the next is judged; null while none is known, as after a start. */
  believed: Fix | null
  /** The last one that was not, and how many in a row agree with it, itself among them. */
  doubted: Fix | null
  doubts: number
}

type Uses = [isInUse: (stream: Stream) => boolean, left: (stream: Stream) => void]

/** Fixes that a client no longer holds and the engine never got. */
export interface Hole {
  readonly streamId: StreamId
  readonly fromSeq: number
  readonly toSeq: number
}

/** What is gone for good when a client's lowest fix is beyond the next one; null when nothing is. */
export function holeBefore({ streamId, receivedSeq }: Stream, lowestSeq: number): Hole | null {
  return lowestSeq <= receivedSeq + 1 ? null : { streamId, fromSeq: receivedSeq + 1, toSeq: lowestSeq - 1 }
}

/** Whether a client says that it has lost more fixes than it can have taken in the time for which any are held. */
export const isTooLarge = (receivedSeq: number, lowestSeq: number): boolean =>
  lowestSeq - 1 - receivedSeq > LIMITS.holeFixes

/** What no fix can be, and from where it is of a clock that is, or was, wrong; region time. */
export interface FixLimits {
  readonly policy: FixPolicy
  /** A fix from beyond is kept in the track and places nothing: no clock of the engine says that it may be of now. */
  readonly futureMs: number
  /** A unit that stands at one from beyond was placed while a clock was wrong; any fix of now is newer. */
  readonly outdatedMs: number
}

/**
 * A stream is *remembered*; then *leaving*, when others were used since: still known, until the store has its mark; then
 * *forgotten*, and to be restored from there before it is taken up again.
 */
export class DriverLocation {
  readonly #streams = new Map<StreamId, Stream>()
  /** Null while there are none, as nearly always: there may be a million units. */
  #leaving: Map<StreamId, Stream> | null = null
  #forgotten: ForgottenStreams | null = null
  /** Counts the marks that were to be written, since this memory was made. */
  #leaveNo = 0
  /** The newest fix that is stored or on its way there. */
  #placed: PlacedFix | null = null
  /** A newer fix sent ahead of a backlog: it places the unit but is not stored. */
  #hint: PlacedFix | null = null

  /** The fix that places the unit now. */
  get current(): PlacedFix | null {
    return this.#hint ?? this.#placed
  }

  /** The newest fix that will be found again after a restart. */
  get placed(): PlacedFix | null {
    return this.#placed
  }

  /**
   * The stream of this id, from now on the most recently used; a forgotten one must have been restored. One that is in
   * use never leaves for another. Input: `left` hears of one that leaves, and lets `forget` follow when its mark is stored.
   */
  stream(
    streamId: StreamId,
    isInUse: (stream: Stream) => boolean = () => false,
    left: (stream: Stream) => void = () => {},
  ): Stream {
    let stream = this.knownStream(streamId)
    stream ??= newStream(streamId)
    this.#streams.delete(streamId)
    this.#stay(streamId)
    this.#streams.set(streamId, stream)
    if (this.#streams.size > STREAMS_KEPT) {
      for (const old of this.#streams.values()) {
        if (old === stream || isInUse(old)) continue
        this.#leave(old, left)
        break
      }
    }
    return stream
  }

  knownStream(streamId: StreamId): Stream | undefined {
    return this.#streams.get(streamId) ?? this.#leaving?.get(streamId)
  }

  /** All that are known, the least recently used first. */
  *streams(): Iterable<Stream> {
    if (this.#leaving !== null) yield* this.#leaving.values()
    yield* this.#streams.values()
  }

  /** Whether all that was taken is stored. */
  get isAtRest(): boolean {
    for (const { receivedSeq, durableSeq } of this.streams()) if (receivedSeq !== durableSeq) return false
    return true
  }

  /** Whether the store has to be asked for this stream's mark. */
  mayBeForgotten(streamId: StreamId): boolean {
    return this.#forgotten !== null && this.knownStream(streamId) === undefined && this.#forgotten.has(streamId)
  }

  /** Streams that wait to be forgotten. */
  get leaving(): readonly Stream[] {
    return this.#leaving === null ? NONE : [...this.#leaving.values()]
  }

  /** Whether there are so many of them that no other stream may be taken up. */
  get isCrowded(): boolean {
    return this.#leaving !== null && this.#leaving.size >= STREAMS_LEAVING
  }

  /** Whether a stream waits to be forgotten. */
  get hasLeaving(): boolean {
    return this.#leaving !== null
  }

  /** The number of the last stream whose mark was written: what the store told of any before may be out of date. */
  get leaveNo(): number {
    return this.#leaveNo
  }

  /** The mark of a stream that is leaving, as it is to be written. Input: all of it is durable. */
  leavingMark(unitId: UnitId, { streamId, receivedSeq }: Stream): LeavingMark {
    this.#leaveNo += 1
    return { unitId, streamId, durableSeq: receivedSeq, leaveNo: this.#leaveNo }
  }

  isLeaving(stream: Stream): boolean {
    return this.#leaving?.get(stream.streamId) === stream
  }

  /** The store has the mark of a stream that is leaving. */
  forget({ streamId }: Stream): void {
    this.#stay(streamId)
    this.#forgotten ??= new ForgottenStreams()
    this.#forgotten.add(streamId)
  }

  /** A forgotten stream is known again, with its mark from the store. Input: as of `stream`. */
  restore(streamId: StreamId, durableSeq: number, ...uses: Uses): void {
    const stream = this.stream(streamId, ...uses)
    stream.receivedSeq = durableSeq
    stream.durableSeq = durableSeq
  }

  /** The fingerprints of the forgotten streams, for a snapshot; none, mostly. */
  forgottenPrints(): readonly number[] {
    return this.#forgotten?.prints() ?? []
  }

  takeForgottenPrints(prints: readonly number[]): void {
    this.#forgotten = prints.length === 0 ? null : ForgottenStreams.of(prints)
  }

  #leave(stream: Stream, left: (stream: Stream) => void): void {
    this.#streams.delete(stream.streamId)
    // Nothing was ever taken of the stream: a client that comes back with it begins at 1, as with a new one.
    if (stream.receivedSeq === 0) return
    this.#leaving ??= new Map()
    this.#leaving.set(stream.streamId, stream)
    left(stream)
  }

  #stay(streamId: StreamId): void {
    if (this.#leaving?.delete(streamId) && this.#leaving.size === 0) this.#leaving = null
  }

  /**
   * The flags under which a fix is stored: what recovery must know of the moment at which it came. A fix is judged beside the one
   * before it of its own stream, so a backlog is judged by itself; the first of a stream beside the place that it would take.
   */
  flagsOf(stream: Stream, fix: Fix, { futureMs, outdatedMs, policy }: FixLimits): number {
    if (fix.fixedAtMs > futureMs) return FIX_FLAGS.future
    const placed = this.#placed
    const isOutdated = placed !== null && placed.fixedAtMs > outdatedMs
    const replaces = isOutdated && !isNewer(fix, placed) ? FIX_FLAGS.replaces : 0
    const doubt = this.#doubtOf(stream, fix, isOutdated, policy)
    if (doubt === 0) return replaces
    const anchors = this.#doubtsWith(stream, fix, policy) >= FIXES_THAT_AGREE
    return doubt | (anchors ? FIX_FLAGS.anchors | replaces : 0)
  }

  #doubtOf({ believed }: Stream, fix: Fix, isOutdated: boolean, policy: FixPolicy): number {
    if (isInaccurate(fix, policy)) return FIX_FLAGS.inaccurate
    // When the unit was at a place of a wrong clock nobody knows.
    const before = isOutdated ? null : (believed ?? (isNewer(fix, this.#placed) ? this.#placed : null))
    return before === null || mayBeOfOne(before, fix, policy) ? 0 : FIX_FLAGS.impossible
  }

  /** How many in a row agree with each other if this one, which is not believed, is the last of them. */
  #doubtsWith({ doubted, doubts }: Stream, fix: Fix, policy: FixPolicy): number {
    return doubted !== null && mayBeOfOne(doubted, fix, policy) ? doubts + 1 : 1
  }

  /**
   * Takes a fix as the unit's place if it is newer, or replaces one of a wrong clock; true when it moved the current position.
   * Input: as it came, its flags; the limits by which it has them, null where it is met again.
   */
  place(stream: Stream, fix: Fix, flags = 0, limits: FixLimits | null = null): boolean {
    if (!isOfNow(flags)) return false
    if (isDoubted(flags)) {
      // What was counted before a start counts once: it takes longer then until the unit is placed anew, by two fixes at most.
      stream.doubts = limits === null ? 1 : this.#doubtsWith(stream, fix, limits.policy)
      stream.doubted = fix
      return false
    }
    stream.doubted = null
    const isPlaced = (flags & FIX_FLAGS.replaces) !== 0 || isNewer(fix, this.#placed)
    if (isPlaced) this.#placed = placedFix(stream.streamId, fix)
    // The placed one, so that no further object stays; of a phone that sends in any order the last by its number.
    if (stream.believed === null || fix.seq > stream.believed.seq) stream.believed = isPlaced ? this.#placed : fix
    if (!isPlaced) return false
    const hint = this.#hint
    const outdatedMs = limits?.outdatedMs ?? Number.POSITIVE_INFINITY
    if (hint !== null && hint.fixedAtMs <= outdatedMs && !isNewer(fix, hint)) return false
    this.#hint = null
    return true
  }

  /** Takes a hint; true when it moved the current position. */
  placeHint(stream: Stream, fix: Fix, limits: FixLimits): boolean {
    const { current } = this
    const { futureMs, outdatedMs, policy } = limits
    if (fix.fixedAtMs > futureMs) return false
    const isOutdated = (current?.fixedAtMs ?? 0) > outdatedMs
    if (!isOutdated && !isNewer(fix, current)) return false
    if (this.#doubtOf(stream, fix, isOutdated, policy) !== 0) return false
    this.#hint = placedFix(stream.streamId, fix)
    return true
  }

  /** The fix that a snapshot has placed the unit by. */
  takePlaced(placed: PlacedFix): void {
    this.#placed = placedFix(placed.streamId, placed)
  }

  /** A stored fix, met again at recovery. */
  replay(streamId: StreamId, fix: Fix, flags: number): void {
    const stream = this.stream(streamId)
    stream.receivedSeq = Math.max(stream.receivedSeq, fix.seq)
    stream.durableSeq = stream.receivedSeq
    this.place(stream, fix, flags)
  }

  /** Marks below a recorded hole count as received. */
  skipHole(streamId: StreamId, toSeq: number): void {
    const stream = this.stream(streamId)
    const seq = Math.max(stream.receivedSeq, toSeq)
    // With nothing on its way to the store, the mark need not wait for a fix that may never come.
    if (stream.durableSeq === stream.receivedSeq) stream.durableSeq = seq
    stream.receivedSeq = seq
  }
}

function newStream(streamId: StreamId): Stream {
  // Field by field, as `placedFix`.
  return {
    streamId,
    receivedSeq: 0,
    durableSeq: 0,
    toldSeq: 0,
    toldAtMs: 0,
    askedSeq: 0,
    believed: null,
    doubted: null,
    doubts: 0,
  }
}

/** Field by field: a spread followed by a new key gives every object a hidden class of its own (Node 20), 25 times the cost. */
function placedFix(streamId: StreamId, fix: Fix): PlacedFix {
  const { seq, fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg } = fix
  return { seq, fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg, streamId }
}
