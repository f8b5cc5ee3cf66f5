/**
 * The fixes that are not durable yet, numbered without holes: a ring of plain numbers, 28 bytes a fix.
 *
 * It grows by doubling up to its bound. When it is full the oldest fix is dropped and counted; the next `hello` says so
 * by its lowest seq, and the server records the hole.
 */
import { RANGES } from '../protocol/limits.ts'
import type { WireFix } from '../protocol/wire/fix-tuples.ts'

export interface BufferedFix {
  /** Region time; a guess, while that is not known or in doubt. */
  readonly fixedAtMs: number
  readonly lonE7: number
  readonly latE7: number
  readonly accuracyDm: number | null
  readonly speedCmps: number | null
  readonly headingDd: number | null
}

const INTEGERS = 5
/** Beyond what the server takes by as little as can be, since such an age takes no more bytes. */
const AGES_SENT_MS = [RANGES.ageMs[0] - 1, RANGES.ageMs[1] + 1] as const
/** Stands for null in the integer columns that are never negative. */
const NONE = -1
const FIRST_CAPACITY = 16

export class FixBuffer {
  readonly #bound: number
  #times = new Float64Array(FIRST_CAPACITY)
  #integers = new Int32Array(FIRST_CAPACITY * INTEGERS)
  /** A power of two, so that a slot is found by a mask. */
  #capacity = FIRST_CAPACITY
  /** Slot of the lowest seq. */
  #head = 0
  #size = 0
  #lowestSeq: number
  #dropped = 0

  constructor(bound: number, firstSeq: number) {
    this.#bound = bound
    this.#lowestSeq = firstSeq
  }

  get size(): number {
    return this.#size
  }
  /** The lowest seq held; the next one, if none. */
  get lowestSeq(): number {
    return this.#lowestSeq
  }
  get lastSeq(): number {
    return this.#lowestSeq + this.#size - 1
  }
  /** Fixes lost because the buffer was full. */
  get dropped(): number {
    return this.#dropped
  }

  /** Output: the seq that the fix got. */
  push(fix: BufferedFix): number {
    if (this.#size === this.#bound) {
      this.#dropped += 1
      this.#drop(1)
    }
    if (this.#size === this.#capacity) this.#grow()
    const slot = (this.#head + this.#size) & (this.#capacity - 1)
    this.#times[slot] = fix.fixedAtMs
    const at = slot * INTEGERS
    this.#integers[at] = fix.lonE7
    this.#integers[at + 1] = fix.latE7
    this.#integers[at + 2] = fix.accuracyDm ?? NONE
    this.#integers[at + 3] = fix.speedCmps ?? NONE
    this.#integers[at + 4] = fix.headingDd ?? NONE
    this.#size += 1
    return this.lastSeq
  }

  /** Everything up to `seq` is durable. Output: how many fixes that freed. */
  dropThrough(seq: number): number {
    const freed = Math.max(0, Math.min(this.#size, seq - this.#lowestSeq + 1))
    this.#drop(freed)
    // A mark beyond what is held moves the numbering on: those seqs are taken.
    if (this.#size === 0) this.#lowestSeq = Math.max(this.#lowestSeq, seq + 1)
    return freed
  }

  /** Input: a seq that is held, and the region time that the server will derive for the moment of sending. */
  wireFix(seq: number, sentAtRegionMs: number): WireFix {
    const slot = this.#slot(seq)
    const at = slot * INTEGERS
    // Cut to an age that the server takes, the fix would be stored at a time that it never had; like this it is left out
    // and named [FX-13].
    const ageMs = clamp(Math.round(sentAtRegionMs) - this.#times[slot]!, AGES_SENT_MS)
    return [
      seq,
      ageMs,
      this.#integers[at]!,
      this.#integers[at + 1]!,
      nullable(this.#integers[at + 2]!),
      nullable(this.#integers[at + 3]!),
      nullable(this.#integers[at + 4]!),
    ]
  }

  /** Sets the time of a fix anew, if it is still held. */
  retime(seq: number, fixedAtMs: number): void {
    if (seq >= this.#lowestSeq && seq <= this.lastSeq) this.#times[this.#slot(seq)] = fixedAtMs
  }

  /** Numbers what is held from 1, for a new stream. */
  renumber(): void {
    this.#lowestSeq = 1
  }

  #slot(seq: number): number {
    return (this.#head + seq - this.#lowestSeq) & (this.#capacity - 1)
  }

  #drop(count: number): void {
    this.#head = (this.#head + count) & (this.#capacity - 1)
    this.#size -= count
    this.#lowestSeq += count
  }

  #grow(): void {
    const times = new Float64Array(this.#capacity * 2)
    const integers = new Int32Array(this.#capacity * 2 * INTEGERS)
    times.set(this.#times.subarray(this.#head))
    times.set(this.#times.subarray(0, this.#head), this.#capacity - this.#head)
    integers.set(this.#integers.subarray(this.#head * INTEGERS))
    integers.set(this.#integers.subarray(0, this.#head * INTEGERS), (this.#capacity - this.#head) * INTEGERS)
    this.#times = times
    this.#integers = integers
    this.#capacity *= 2
    this.#head = 0
  }
}

const nullable = (integer: number): number | null => (integer === NONE ? null : integer)
const clamp = (value: number, [min, max]: readonly [number, number]): number => Math.min(max, Math.max(min, value))
