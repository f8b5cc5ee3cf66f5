/**
 * Which ids may have been added: an answer "no" is sure, an answer "yes" is wrong for one id in 70,000 of each part (a Bloom filter).
 *
 * It grows by parts, each twice as large as the one before, up to a bound in bytes; beyond it the last part takes all that
 * come, and wrong answers become more. Three bytes an id. Ids are forgotten by parts, oldest first. One wrong answer in a
 * thousand was too many: who asks by the command waits for the store then, with all that come after it from the same person.
 */

interface Part {
  readonly bits: Uint32Array
  count: number
  /** The newest moment of an id that is in it. */
  newestMs: number
}

const FIRST_BITS = 1 << 16
const LARGEST_BITS = 1 << 24
const BITS_PER_ID = 24
const PROBES = 12

export class IdFilter {
  readonly #bytesMax: number
  #parts: Part[] = []

  /** Input: beyond so many bytes no part is begun. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#parts.reduce((sum, { bits }) => sum + bits.byteLength, 0)
  }

  add(id: string, atMs: number): void {
    const part = this.#open()
    const { bits } = part
    const mask = bits.length * 32 - 1
    const step = stepOf(id)
    let at = hashOf(id, FNV_OFFSET)
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = at & mask
      bits[bit >>> 5]! |= 1 << (bit & 31)
      at = (at + step) >>> 0
    }
    part.count += 1
    part.newestMs = Math.max(part.newestMs, atMs)
  }

  mayHave(id: string): boolean {
    if (this.#parts.length === 0) return false
    const [from, step] = [hashOf(id, FNV_OFFSET), stepOf(id)]
    return this.#parts.some(({ bits }) => {
      const mask = bits.length * 32 - 1
      let at = from
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = at & mask
        if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false
        at = (at + step) >>> 0
      }
      return true
    })
  }

  /** Forgets the parts in which every id is of before this moment. */
  forgetBefore(atMs: number): void {
    this.#parts = this.#parts.filter(({ newestMs }) => newestMs >= atMs)
  }

  #open(): Part {
    const last = this.#parts.at(-1)
    const lastBits = (last?.bits.length ?? 0) * 32
    if (last !== undefined && last.count < lastBits / BITS_PER_ID) return last
    const bits = last === undefined ? FIRST_BITS : Math.min(lastBits * 2, LARGEST_BITS)
    if (last !== undefined && this.bytes + bits / 8 > this.#bytesMax) return last
    const part = { bits: new Uint32Array(bits / 32), count: 0, newestMs: 0 }
    this.#parts.push(part)
    return part
  }
}

const FNV_OFFSET = 0x811c9dc5
/** Any other will do. */
const OTHER_OFFSET = 0x9747b28c

/** Odd, so that no two probes of an id are one bit. */
const stepOf = (id: string): number => (hashOf(id, OTHER_OFFSET) | 1) >>> 0

/** FNV-1a over the id's code units, with the last bits spread over all. */
function hashOf(id: string, offset: number): number {
  let hash = offset
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
