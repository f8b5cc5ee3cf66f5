/**
 * Slows those who guess passwords, and hardly ever the one whose password it is.
 *
 * Three counts, each of failures, each bounded in memory. By (name, home): five tries are free, then each failure doubles
 * the wait, up to 15 minutes; success forgets them. By network, over all names: a bucket of 30 failures that refills at
 * one in 10 s, and 8 attempts under way; twice that for an IPv6 /56, four times for a /48 and an IPv4 /24. By name, over
 * all networks: ten failures from strangers within 10 minutes mean that the name is under attack; then a stranger's first
 * try is put off by 30 s once.
 *
 * A home is a device that the name has signed in from and that shows its mark, or else the network, an IPv4 address or an
 * IPv6 /64. Whoever is known there, by its mark or because the name has signed in from the network lately, is not asked
 * for the other two counts: what strangers do, beside it or at its name, does not keep it out. An attempt counts as
 * failed from its beginning, so that many at once are counted too; `succeeded` and `abandoned` take that back.
 */

import { addressKey, type Network as Net, networksOf } from '../base/ip-address.ts'
import { RecentMap } from '../base/recent-map.ts'
import type { Result } from '../base/result.ts'
import { type Refused, refused } from '../base/result.ts'

/** As many as one person may begin at once, with pages that all sign in. */
const FREE_TRIES = 5
const WAIT_FIRST_MS = 1_000
const WAIT_MAX_MS = 15 * 60_000
/** Failures of a pair are forgotten when none has come for this long. */
const FORGET_MS = 24 * 3_600_000
const NETWORK_FAILURES = 30
const NETWORK_REFILL_MS = 10_000
const NETWORK_AT_ONCE = 8
const NAME_FAILURES = 10
const NAME_WINDOW_MS = 10 * 60_000
const STRANGER_WAIT_MS = 30_000
/** Entries of each memory; the least recently used goes first. */
const REMEMBERED_MAX = 20_000

interface Pair {
  failures: number
  lastMs: number
  /** Until then every attempt is refused. */
  closedUntilMs: number
}
interface Network {
  failures: number
  /** When `failures` was right; they drain from there on. */
  atMs: number
  underWay: number
}
interface Name {
  failures: number
  sinceMs: number
}

interface Beginning {
  readonly nameKey: string
  readonly networks: readonly Net[]
  readonly pairKey: string
  readonly isKnown: boolean
}

/** An attempt that was let in; exactly one of the three ends it. */
export interface LoginAttempt {
  /** From this device or network the name has signed in before. */
  readonly isKnown: boolean
  succeeded(): void
  failed(): void
  /** It was never decided: too busy, or the store was away. */
  abandoned(): void
}

export class LoginThrottle {
  readonly #nowMs: () => number
  readonly #pairs = new RecentMap<string, Pair>(REMEMBERED_MAX)
  readonly #networks = new RecentMap<string, Network>(REMEMBERED_MAX)
  readonly #names = new RecentMap<string, Name>(REMEMBERED_MAX)
  readonly #known = new RecentMap<string, true>(REMEMBERED_MAX)

  /** Input: milliseconds of a clock that never goes back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /**
   * Refusal: `rate-limited`. Input: the name as `nameKey` folds it; the client's address as text; the device whose mark
   * for this name was shown, if any.
   */
  admit(nameKey: string, address: string, device: string | null = null): Result<LoginAttempt> {
    const nowMs = this.#nowMs()
    const networks = networksOf(address)
    const pairKey = `${device === null ? networks[0]!.key : `device ${device}`} ${nameKey}`
    const isKnown = device !== null || this.#known.get(pairKey) === true

    const networkWaitMs = isKnown ? 0 : Math.max(...networks.map(each => this.#networkWaitMs(each, nowMs)))
    if (networkWaitMs > 0) return tooSoon(networkWaitMs)
    const pair = this.#pairOf(pairKey, nowMs)
    if (pair === undefined && !isKnown && this.#isUnderAttack(nameKey, nowMs)) {
      this.#pairs.set(pairKey, { failures: FREE_TRIES, lastMs: nowMs, closedUntilMs: nowMs + STRANGER_WAIT_MS })
      return tooSoon(STRANGER_WAIT_MS)
    }
    const pairWaitMs = (pair?.closedUntilMs ?? 0) - nowMs
    if (pairWaitMs > 0) return tooSoon(pairWaitMs)
    return { ok: true, value: this.#begin({ nameKey, networks, pairKey, isKnown }, nowMs) }
  }

  /** The name has shown from here, by something other than its password, that it is at home. */
  remember(nameKey: string, address: string): void {
    this.#known.set(`${addressKey(address)} ${nameKey}`, true)
  }

  /** How much is remembered, over all four memories. */
  get size(): number {
    return this.#pairs.size + this.#networks.size + this.#names.size + this.#known.size
  }

  #begin({ nameKey, networks, pairKey, isKnown }: Beginning, nowMs: number): LoginAttempt {
    const from = networks.map(({ key, share }) => {
      const network = this.#networkOf(key, share, nowMs)
      network.failures += 1
      network.underWay += 1
      this.#networks.set(key, network)
      return network
    })
    this.#countPair(pairKey, nowMs)
    let isOver = false
    const ends = (take: () => void) => () => {
      if (isOver) return
      isOver = true
      for (const network of from) network.underWay -= 1
      take()
    }
    const uncount = () => {
      for (const network of from) network.failures = Math.max(0, network.failures - 1)
    }
    return {
      isKnown,
      succeeded: ends(() => {
        uncount()
        this.#pairs.delete(pairKey)
        this.#known.set(pairKey, true)
      }),
      failed: ends(() => {
        if (!isKnown) this.#countName(nameKey)
      }),
      abandoned: ends(() => {
        uncount()
        this.#uncountPair(pairKey)
      }),
    }
  }

  #networkWaitMs({ key, share }: Net, nowMs: number): number {
    const { failures, underWay } = this.#networkOf(key, share, nowMs)
    // How long a password takes to check depends on the machine; half a second is of the right size.
    if (underWay >= NETWORK_AT_ONCE * share) return 500
    const over = failures - NETWORK_FAILURES * share + 1
    return over > 0 ? (over * NETWORK_REFILL_MS) / share : 0
  }

  /** As it is now; one that is not remembered is fresh, and remembered only when something is counted. */
  #networkOf(key: string, share: number, nowMs: number): Network {
    const known = this.#networks.get(key)
    if (known === undefined) return { failures: 0, atMs: nowMs, underWay: 0 }
    known.failures = Math.max(0, known.failures - ((nowMs - known.atMs) * share) / NETWORK_REFILL_MS)
    known.atMs = nowMs
    return known
  }

  #pairOf(pairKey: string, nowMs: number): Pair | undefined {
    const pair = this.#pairs.get(pairKey)
    return pair !== undefined && nowMs - pair.lastMs > FORGET_MS ? undefined : pair
  }

  #countPair(pairKey: string, nowMs: number): void {
    const failures = (this.#pairOf(pairKey, nowMs)?.failures ?? 0) + 1
    this.#pairs.set(pairKey, { failures, lastMs: nowMs, closedUntilMs: nowMs + waitMs(failures) })
  }

  #uncountPair(pairKey: string): void {
    const pair = this.#pairs.get(pairKey)
    if (pair === undefined) return
    if (pair.failures <= 1) return this.#pairs.delete(pairKey)
    pair.failures -= 1
    pair.closedUntilMs = pair.lastMs + waitMs(pair.failures)
  }

  #isUnderAttack(nameKey: string, nowMs: number): boolean {
    const name = this.#names.get(nameKey)
    return name !== undefined && nowMs - name.sinceMs <= NAME_WINDOW_MS && name.failures >= NAME_FAILURES
  }

  #countName(nameKey: string): void {
    const nowMs = this.#nowMs()
    const name = this.#names.get(nameKey)
    const inWindow = name !== undefined && nowMs - name.sinceMs <= NAME_WINDOW_MS
    // An attack that goes on keeps its window open.
    const sinceMs = inWindow && name.failures < NAME_FAILURES ? name.sinceMs : nowMs
    this.#names.set(nameKey, { failures: inWindow ? name.failures + 1 : 1, sinceMs })
  }
}

/** After the free tries 1 s, then twice as long each time. */
const waitMs = (failures: number): number =>
  failures < FREE_TRIES ? 0 : Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** (failures - FREE_TRIES))

function tooSoon(waitMs: number): Refused {
  const retryAfterMs = Math.ceil(waitMs)
  const message = 'Too many attempts to sign in from here; wait for details.retryAfterMs, then try again.'
  return refused('rate-limited', message, { retryAfterMs })
}
