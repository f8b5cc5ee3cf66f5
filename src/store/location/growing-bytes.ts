/** The bytes of a segment while it is written: numbers and strings, one after another, in room that grows. */
import { writeVarint } from './varint.ts'

const NIBBLE_MAX = 14
/** Stands for the two nibbles before a string whose counts take a byte each. */
export const NO_NIBBLES = 255

export class GrowingBytes {
  #bytes: Uint8Array
  length = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.length + more, this.#bytes.length * 2))
    larger.set(this.view())
    this.#bytes = larger
  }

  /** The room must have been reserved. */
  varint(value: number): void {
    this.length = writeVarint(this.#bytes, this.length, value)
  }

  /** Appends a string of at most 255 ASCII characters, less what it shares with the one before. */
  shortened(text: string, before: string): void {
    const most = Math.min(text.length, before.length)
    let shared = 0
    while (shared < most && text.charCodeAt(shared) === before.charCodeAt(shared)) shared++
    const left = text.length - shared
    this.reserve(3 + text.length)
    if (shared <= NIBBLE_MAX && left <= NIBBLE_MAX) {
      this.#bytes[this.length++] = shared * 16 + left
    } else {
      this.#bytes[this.length++] = NO_NIBBLES
      this.#bytes[this.length++] = shared
      this.#bytes[this.length++] = left
    }
    for (let i = shared; i < text.length; i++) this.#bytes[this.length++] = text.charCodeAt(i)
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  clear(): void {
    this.length = 0
  }
}
