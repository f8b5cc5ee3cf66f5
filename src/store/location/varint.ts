/** Integers in as few bytes as they need: seven bits a byte, low ones first, the sign folded into the lowest bit. */

/** Bytes that a varint of at most 2^53 - 1 may take. */
export const VARINT_BYTES_MAX = 8

/** Writes `value`, a whole number from 0 to 2^53 - 1, at `at`; answers where the next one goes. The room must be there. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  let rest = value
  let to = at
  // Shifts work on 32 bits only; what is larger goes by division.
  while (rest > 0x7fffffff) {
    into[to++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  while (rest > 0x7f) {
    into[to++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  into[to++] = rest
  return to
}

/** Folds a whole number of either sign into one that `writeVarint` takes: 0, -1, 1, -2 … become 0, 1, 2, 3 … */
export const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

const unzigzag = (folded: number): number => (folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2)

/** Walks over bytes; reading past the end or a number beyond 2^53 - 1 calls `fail`, which throws. */
export class VarintReader {
  readonly #bytes: Buffer
  readonly #fail: (what: string) => never
  #at = 0

  constructor(bytes: Uint8Array, fail: (what: string) => never) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#fail = fail
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) return this.#fail('it ends too early')
    this.#at++
    return byte
  }

  unsigned(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (!Number.isSafeInteger(value)) return this.#fail('a number is too large')
      if (byte < 0x80) return value
      scale *= 128
      if (scale > 2 ** 49) return this.#fail('a number is too long')
    }
  }

  signed(): number {
    return unzigzag(this.unsigned())
  }

  /** Another reader that goes on from here. */
  copy(): VarintReader {
    const copy = new VarintReader(this.#bytes, this.#fail)
    copy.#at = this.#at
    return copy
  }

  /** Passes over so many bytes. */
  pass(count: number): void {
    if (count > this.left) this.#fail('it ends too early')
    this.#at += count
  }

  /** Passes over one number, whatever it is. */
  skip(): void {
    while (this.byte() >= 0x80) {}
  }

  /** ASCII text of `length` bytes. */
  text(length: number): string {
    if (length > this.left) return this.#fail('it ends too early')
    const text = this.#bytes.toString('latin1', this.#at, this.#at + length)
    this.#at += length
    return text
  }
}
