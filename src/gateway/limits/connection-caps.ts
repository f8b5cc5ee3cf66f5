/** Caps on open WebSockets: in all, of one address, of those without a welcome; and on how fast one address opens them. */

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
    if (this.#open.total >= this.#caps.connections)
      return full('connections', 'this engine has its largest number open; come back later.')
    if (this.#open.of(addressKey) >= this.#caps.connectionsPerAddress) {
      return full('connectionsPerAddress', 'your address has its largest number open; close some.')
    }
    if (strangers >= this.#caps.strangersPerAddress) {
      return full('strangersPerAddress', 'your address has its largest number without a `welcome`; come back later.')
    }
    const retryAfterMs = this.#connects.take(addressKey)
    if (retryAfterMs > 0) {
      return full('connectsPerAddressPerS', 'your address opens connections too fast; come back later.', retryAfterMs)
    }
    this.#open.enter(addressKey)
    return null
  }

  leave(addressKey: string): void {
    this.#open.leave(addressKey)
  }
}

/** Nobody knows when a place is free again; this pause keeps waiting clients from asking all the time. */
const GUESS_MS = 5_000

function full(limit: CapName, why: string, retryAfterMs = GUESS_MS): { limit: CapName; refusal: Refusal } {
  const message = `Too many connections: ${why}`
  return { limit, refusal: { code: 'too-many-connections', message, details: { limit, retryAfterMs } } }
}
