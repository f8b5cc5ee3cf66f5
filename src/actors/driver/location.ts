/**
 * Where a unit is: its streams of fixes, the marks of each, and the one fix that places it.
 *
 * Fixes are a stream, not turns: they go to memory and the index at once and to Postgres in segments. The order for
 * map, ranking and history is `(at, seq)`, never arrival, so a late fix never moves the unit back.
 */
import { type Fix, isNewer, type PlacedFix } from '../../domain/fix.ts'
import type { StreamId } from '../../domain/ids.ts'
import { LIMITS } from '../../protocol/limits.ts'

/** Streams remembered a unit: as many as its session and a feed can have open. An older one has ended with its client. */
const STREAMS_KEPT = LIMITS.streamsPerHello + 1

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
}

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

export class DriverLocation {
  readonly #streams = new Map<StreamId, Stream>()
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

  /** The stream of this id, from now on the most recently used. One that is in use is never forgotten for another. */
  stream(streamId: StreamId, isInUse: (stream: Stream) => boolean = () => false): Stream {
    let stream = this.#streams.get(streamId)
    if (stream === undefined) {
      stream = { streamId, receivedSeq: 0, durableSeq: 0, toldSeq: 0, toldAtMs: 0, askedSeq: 0 }
    } else {
      this.#streams.delete(streamId)
    }
    this.#streams.set(streamId, stream)
    if (this.#streams.size > STREAMS_KEPT) {
      for (const old of this.#streams.values()) {
        if (old === stream || isInUse(old)) continue
        this.#streams.delete(old.streamId)
        break
      }
    }
    return stream
  }

  knownStream(streamId: StreamId): Stream | undefined {
    return this.#streams.get(streamId)
  }

  streams(): Iterable<Stream> {
    return this.#streams.values()
  }

  /** Takes a fix as the unit's place if it is newer; true when it moved the current position. */
  place(streamId: StreamId, fix: Fix): boolean {
    if (!isNewer(fix, this.#placed)) return false
    this.#placed = placedFix(streamId, fix)
    if (this.#hint === null) return true
    if (!isNewer(fix, this.#hint)) return false
    this.#hint = null
    return true
  }

  /** Takes a hint; true when it moved the current position. */
  placeHint(streamId: StreamId, fix: Fix): boolean {
    if (!isNewer(fix, this.current)) return false
    this.#hint = placedFix(streamId, fix)
    return true
  }

  /** A stored fix, met again at recovery. */
  replay(streamId: StreamId, fix: Fix, places: boolean): void {
    const stream = this.stream(streamId)
    stream.receivedSeq = Math.max(stream.receivedSeq, fix.seq)
    stream.durableSeq = stream.receivedSeq
    if (places) this.place(streamId, fix)
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

/** Field by field: a spread followed by a new key gives every object a hidden class of its own (Node 20), 25 times the cost. */
function placedFix(streamId: StreamId, fix: Fix): PlacedFix {
  const { seq, fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg } = fix
  return { seq, fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg, streamId }
}
