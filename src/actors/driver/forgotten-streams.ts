/**
 * Fingerprints of the streams of a unit that are no longer in memory. Only a stream that may be one of these is looked up in
 * the store; a new stream, at the start of an app say, waits for nothing.
 *
 * Four bytes a stream, of about the last thousand of a unit: never of one whose mark the store has given up. Two streams of one fingerprint cost a look that finds
 * nothing; one that is not here is new.
 */
import type { StreamId } from '../../domain/ids.ts'
import { STREAM_MARKS_KEPT } from '../../store/log/journal.ts'

const FIRST_CAPACITY = 8
/** Fewer than the store keeps of a unit, by more than can be there of streams that are in memory again. */
const CAPACITY_MAX = STREAM_MARKS_KEPT - 40

export class ForgottenStreams {
  #prints = new Uint32Array(FIRST_CAPACITY)
  #count = 0

  has(streamId: StreamId): boolean {
    return this.#prints.subarray(0, this.#count).includes(fingerprint(streamId))
  }

  /** The stream is the one forgotten last; the one forgotten longest ago gives way. */
  add(streamId: StreamId): void {
    this.#append(fingerprint(streamId))
  }

  /** For a snapshot, the one forgotten longest ago first. */
  prints(): readonly number[] {
    return [...this.#prints.subarray(0, this.#count)]
  }

  static of(prints: readonly number[]): ForgottenStreams {
    const forgotten = new ForgottenStreams()
    for (const print of prints) forgotten.#append(print)
    return forgotten
  }

  #append(print: number): void {
    const at = this.#prints.subarray(0, this.#count).indexOf(print)
    if (at >= 0) this.#remove(at)
    else if (this.#count === CAPACITY_MAX) this.#remove(0)
    else if (this.#count === this.#prints.length) this.#grow()
    this.#prints[this.#count++] = print
  }

  #remove(at: number): void {
    this.#prints.copyWithin(at, at + 1, this.#count)
    this.#count -= 1
  }

  #grow(): void {
    const prints = new Uint32Array(Math.min(this.#prints.length * 2, CAPACITY_MAX))
    prints.set(this.#prints)
    this.#prints = prints
  }
}

/** FNV-1a over the id's code units. */
export function fingerprint(streamId: StreamId): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < streamId.length; i++) hash = Math.imul(hash ^ streamId.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
