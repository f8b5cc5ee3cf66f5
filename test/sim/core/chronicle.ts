/** All that happened in a run, in order: as a hash that two runs of one seed must share, and as a story when one is wanted. */

export interface Happening {
  /** Milliseconds since the world began. */
  readonly atMs: number
  /** Who did it or whom it befell: `crew-3`, `engine-1`, `database`, `network`, `judge`. */
  readonly who: string
  readonly what: string
}

export class Chronicle {
  readonly #hash = new RunningHash()
  readonly #sinceStartMs: () => number
  /** Null when nobody wants the story: it is far longer than the hash. */
  readonly story: Happening[] | null

  constructor(sinceStartMs: () => number, keepStory: boolean) {
    this.#sinceStartMs = sinceStartMs
    this.story = keepStory ? [] : null
  }

  get nowMs(): number {
    return this.#sinceStartMs()
  }

  /** Something that belongs into the story. */
  tell(who: string, what: string): void {
    const atMs = this.#sinceStartMs()
    this.#hash.number(atMs)
    this.#hash.text(who)
    this.#hash.text(what)
    this.story?.push({ atMs, who, what })
  }

  /** Something that only makes the hash finer, as the bytes of a frame. Input: what kind of thing, and which one of it. */
  mark(kind: number, no: number, content: Uint8Array | string): void {
    this.#hash.number(this.#sinceStartMs())
    this.#hash.number(kind)
    this.#hash.number(no)
    if (typeof content === 'string') this.#hash.text(content)
    else this.#hash.bytes(content)
  }

  digest(): string {
    return this.#hash.digest()
  }
}

/** 64 bits, as two lanes of FNV-1a with different factors: to tell runs apart, at a small part of a real digest's price. */
class RunningHash {
  #a = 0x811c9dc5
  #b = 0x9747b28c

  bytes(bytes: Uint8Array): void {
    let a = this.#a
    let b = this.#b
    for (let i = 0; i < bytes.length; i += 1) {
      a = Math.imul(a ^ bytes[i]!, 0x01000193)
      b = Math.imul(b ^ bytes[i]!, 0x85ebca6b)
    }
    this.#a = a
    this.#b = b
  }

  text(text: string): void {
    let a = this.#a
    let b = this.#b
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b ^ code, 0x85ebca6b)
    }
    this.#a = Math.imul(a ^ text.length, 0x01000193)
    this.#b = Math.imul(b ^ text.length, 0x85ebca6b)
  }

  /** To a thousandth. */
  number(value: number): void {
    const thousandths = Math.round(value * 1_000)
    const low = thousandths | 0
    const high = (thousandths / 0x1_0000_0000) | 0
    this.#a = Math.imul(Math.imul(this.#a ^ low, 0x01000193) ^ high, 0x01000193)
    this.#b = Math.imul(Math.imul(this.#b ^ low, 0x85ebca6b) ^ high, 0x85ebca6b)
    // Multiplication carries upwards only: what came in above must come down again.
    this.#a ^= this.#a >>> 15
    this.#b ^= this.#b >>> 13
  }

  digest(): string {
    return [this.#a, this.#b].map(lane => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
