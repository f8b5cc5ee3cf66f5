/** How many WebSockets may be open: in all, of one address, and how fast an address may open them. */
import type { Refusal } from '../../protocol/errors.ts'
import type { Limits } from '../../protocol/limits.ts'
import { KeyedBuckets } from './keyed-buckets.ts'

type Caps = Pick<Limits, 'connections' | 'connectionsPerAddress' | 'connectsPerAddressPerS'>
export type CapName = keyof Caps

/** Each connection that was let in is given back once, at its close. */
export class ConnectionCaps {
  readonly #caps: Caps
  readonly #connects: KeyedBuckets
  readonly #openByAddress = new Map<string, number>()
  #open = 0

  constructor(caps: Caps, nowMs: () => number) {
    this.#caps = caps
    this.#connects = new KeyedBuckets(caps.connectsPerAddressPerS, 1, nowMs)
  }

  get open(): number {
    return this.#open
  }

  /** How many addresses have a connection. */
  get addresses(): number {
    return this.#openByAddress.size
  }

  /** Counts one more connection of an address, or tells which limit it would pass. */
  enter(addressKey: string): { limit: CapName; refusal: Refusal } | null {
    const ofAddress = this.#openByAddress.get(addressKey) ?? 0
    if (this.#open >= this.#caps.connections) return full('connections', 'This engine has as many as it may.')
    if (ofAddress >= this.#caps.connectionsPerAddress) {
      return full('connectionsPerAddress', 'Your address has as many open as it may; close some.')
    }
    const retryAfterMs = this.#connects.take(addressKey)
    if (retryAfterMs > 0) {
      return full('connectsPerAddressPerS', 'Your address opens them too fast; come back later.', retryAfterMs)
    }
    this.#open += 1
    this.#openByAddress.set(addressKey, ofAddress + 1)
    return null
  }

  leave(addressKey: string): void {
    const left = this.#openByAddress.get(addressKey)! - 1
    this.#open -= 1
    if (left === 0) this.#openByAddress.delete(addressKey)
    else this.#openByAddress.set(addressKey, left)
  }
}

/** When a place may be free again is anyone's guess; this keeps those who wait from asking all the time. */
const GUESS_MS = 5_000

function full(limit: CapName, why: string, retryAfterMs = GUESS_MS): { limit: CapName; refusal: Refusal } {
  const message = `No more connections: ${why}`
  return { limit, refusal: { code: 'too-many-connections', message, details: { limit, retryAfterMs } } }
}
