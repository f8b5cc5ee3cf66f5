/** One token bucket for each of many keys, such as addresses, in bounded memory. */
import { waitFor } from './rate-limiter.ts'

/** Keys whose buckets are remembered at most; past that the longest known are forgotten, and begin anew. */
const KEYS_MAX = 65_536

export class KeyedBuckets {
  /** By key, the moment at which its bucket will be full. */
  readonly #fullAtMs = new Map<string, number>()
  readonly #costMs: number
  readonly #burstMs: number
  readonly #nowMs: () => number
  readonly #keysMax: number
  #sweepAtSize = 64

  constructor(perS: number, burstS: number, nowMs: () => number, keysMax = KEYS_MAX) {
    this.#costMs = 1_000 / perS
    this.#burstMs = burstS * 1_000
    this.#nowMs = nowMs
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#fullAtMs.size
  }

  /** Takes one. Output: 0, or the milliseconds after which one would be taken. */
  take(key: string): number {
    const nowMs = this.#nowMs()
    const fromMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs)
    const waitMs = waitFor(fromMs, fromMs + this.#costMs, nowMs, this.#burstMs)
    if (waitMs > 0) return Math.ceil(waitMs)
    if (!this.#fullAtMs.has(key)) this.#makeRoom(nowMs)
    this.#fullAtMs.set(key, fromMs + this.#costMs)
    return 0
  }

  /** As `take`, without taking. */
  look(key: string): number {
    const nowMs = this.#nowMs()
    const fromMs = Math.max(this.#fullAtMs.get(key) ?? 0, nowMs)
    return Math.ceil(waitFor(fromMs, fromMs + this.#costMs, nowMs, this.#burstMs))
  }

  /** Full buckets are forgotten each time that the number of keys has doubled: without a timer, and seldom. */
  #makeRoom(nowMs: number): void {
    if (this.#fullAtMs.size < this.#sweepAtSize && this.#fullAtMs.size < this.#keysMax) return
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key)
    this.#sweepAtSize = Math.max(64, 2 * this.#fullAtMs.size)
    for (const key of this.#fullAtMs.keys()) {
      if (this.#fullAtMs.size < this.#keysMax) break
      this.#fullAtMs.delete(key)
    }
  }
}
