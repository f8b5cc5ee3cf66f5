/** How many WebSockets may be open: in all, of one address, of those without a welcome; and how fast one may open them. */

import { AddressCounts } from '../../base/address-counts.ts'
import type { Refusal } from '../../base/refusal.ts'
import type { Limits } from '../../protocol/limits.ts'
import { KeyedBuckets } from './keyed-buckets.ts'

type Caps = Pick<Limits, 'connections' | 'connectionsPerAddress' | 'strangersPerAddress' | 'connectsPerAddressPerS'>
export type CapName = keyof Caps

/** Each connection that was let in is given back once, at its close. */
export class ConnectionCaps {
  readonly #caps: Caps
  readonly #connects: KeyedBuckets
  readonly #open = new AddressCounts()

  constructor(caps: Caps, nowMs: () => number) {
    this.#caps = caps
    this.#connects = new KeyedBuckets(caps.connectsPerAddressPerS, 1, nowMs)
  }

  get open(): number {
    return this.#open.total
  }

  /** How many addresses have a connection. */
  get addresses(): number {
    return this.#open.addresses
  }

  /**
   * Counts one more connection of an address, or tells which limit it would pass. Input: `strangers`, how many of the
   * address have no welcome yet: what such a connection sends is buffered before anybody knows whose it is.
   */
  enter(addressKey: string, strangers: number): { limit: CapName; refusal: Refusal } | null {
    if (this.#open.total >= this.#caps.connections) return full('connections', 'This engine has as many as it may.')
    if (this.#open.of(addressKey) >= this.#caps.connectionsPerAddress) {
      return full('connectionsPerAddress', 'Your address has as many open as it may; close some.')
    }
    if (strangers >= this.#caps.strangersPerAddress) {
      return full('strangersPerAddress', 'Your address has as many without a `welcome` as it may; come back later.')
    }
    const retryAfterMs = this.#connects.take(addressKey)
    if (retryAfterMs > 0) {
      return full('connectsPerAddressPerS', 'Your address opens them too fast; come back later.', retryAfterMs)
    }
    this.#open.enter(addressKey)
    return null
  }

  leave(addressKey: string): void {
    this.#open.leave(addressKey)
  }
}

/** When a place may be free again is anyone's guess; this keeps those who wait from asking all the time. */
const GUESS_MS = 5_000

function full(limit: CapName, why: string, retryAfterMs = GUESS_MS): { limit: CapName; refusal: Refusal } {
  const message = `No more connections: ${why}`
  return { limit, refusal: { code: 'too-many-connections', message, details: { limit, retryAfterMs } } }
}
