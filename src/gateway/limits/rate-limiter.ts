/** How many messages a client may send: a token bucket for each class, of the connection and of its principal. */
import { type Limits, RATE_CLASSES, type RateClass } from '../../protocol/limits.ts'

/** What one connection or principal has used up: for each class the moment at which its bucket will be full again. */
export class Usage {
  readonly fullAtMs: number[] = RATE_CLASSES.map(() => 0)
  /** Until when refused messages count against a connection; they drain at the rate that they were over. */
  refusedUntilMs = 0
  /** True once more refused messages were outstanding than `floodBursts` allows. */
  isFlood = false

  /** Whether nothing is left of what was used, so that a new one would do as well. */
  isIdle(nowMs: number): boolean {
    return this.fullAtMs.every(fullAtMs => fullAtMs <= nowMs)
  }
}

interface ClassCost {
  /** What one message costs, in milliseconds of refilling. */
  readonly connectionMs: number
  readonly userMs: number
  /** A full bucket, in the same milliseconds. */
  readonly burstMs: number
}

const CLASS_INDEX = Object.fromEntries(RATE_CLASSES.map((name, index) => [name, index])) as Record<RateClass, number>

/**
 * A bucket is one number, the moment at which it will be full: taking moves it on, time passes it by, and it may lie at
 * most a burst ahead. So a check is a few compares of numbers, and there is no timer that refills anything.
 *
 * A frame that costs more than a whole burst is taken by a full bucket, which then owes the rest; else a fix frame of
 * legal size could be refused for ever.
 */
export class RateLimiter {
  readonly #costs: readonly ClassCost[]
  readonly #floodBursts: number
  readonly #nowMs: () => number

  constructor(limits: Pick<Limits, 'rates' | 'floodBursts'>, nowMs: () => number) {
    this.#nowMs = nowMs
    this.#floodBursts = limits.floodBursts
    this.#costs = RATE_CLASSES.map(name => {
      const { connectionPerS, userPerS, burstS } = limits.rates[name]
      return { connectionMs: 1_000 / connectionPerS, userMs: 1_000 / userPerS, burstMs: burstS * 1_000 }
    })
  }

  /**
   * Takes `count` messages from the buckets of a connection and, once it is signed in, of its principal: from both or
   * from neither. Output: 0, or the milliseconds after which as many would be taken.
   */
  take(own: Usage, principal: Usage | null, rateClass: RateClass, count: number): number {
    const index = CLASS_INDEX[rateClass]
    const cost = this.#costs[index]!
    const nowMs = this.#nowMs()
    const ownFrom = Math.max(own.fullAtMs[index]!, nowMs)
    const ownTo = ownFrom + count * cost.connectionMs
    let waitMs = waitFor(ownFrom, ownTo, nowMs, cost.burstMs)
    if (principal === null) {
      if (waitMs === 0) own.fullAtMs[index] = ownTo
    } else {
      const userFrom = Math.max(principal.fullAtMs[index]!, nowMs)
      const userTo = userFrom + count * cost.userMs
      waitMs = Math.max(waitMs, waitFor(userFrom, userTo, nowMs, cost.burstMs))
      if (waitMs === 0) {
        own.fullAtMs[index] = ownTo
        principal.fullAtMs[index] = userTo
      }
    }
    if (waitMs === 0) return 0
    this.#refused(own, cost, count, nowMs)
    return Math.ceil(waitMs)
  }

  /**
   * Refuses messages that nobody has read, of a connection with more than a burst of refused ones outstanding. Input:
   * `count`, how many they are at least. Output: 0 when they are to be read and taken as all others; else as of `take`.
   */
  refuseUnread(own: Usage, principal: Usage | null, rateClass: RateClass, count: number): number {
    const index = CLASS_INDEX[rateClass]
    const cost = this.#costs[index]!
    const nowMs = this.#nowMs()
    if (own.refusedUntilMs - nowMs <= cost.burstMs) return 0
    const waitMs = Math.max(
      waitUntil(own.fullAtMs[index]!, count * cost.connectionMs, nowMs, cost.burstMs),
      principal === null ? 0 : waitUntil(principal.fullAtMs[index]!, count * cost.userMs, nowMs, cost.burstMs),
    )
    if (waitMs > 0) this.#refused(own, cost, count, nowMs)
    return Math.ceil(waitMs)
  }

  #refused(own: Usage, cost: ClassCost, count: number, nowMs: number): void {
    own.refusedUntilMs = Math.max(own.refusedUntilMs, nowMs) + count * cost.connectionMs
    if (own.refusedUntilMs - nowMs > this.#floodBursts * cost.burstMs) own.isFlood = true
  }

  /** Takes messages of a principal that has no connection: an HTTP request. Output: as of `take`. */
  takeRequest(principal: Usage, rateClass: RateClass, count = 1): number {
    const index = CLASS_INDEX[rateClass]
    const { userMs, burstMs } = this.#costs[index]!
    const nowMs = this.#nowMs()
    const from = Math.max(principal.fullAtMs[index]!, nowMs)
    const waitMs = waitFor(from, from + count * userMs, nowMs, burstMs)
    if (waitMs === 0) {
      principal.fullAtMs[index] = from + count * userMs
    } else {
      principal.refusedUntilMs = Math.max(principal.refusedUntilMs, nowMs) + count * userMs
      // Of a principal, who may come back on a connection that has done nothing wrong, only while it lasts.
      principal.isFlood = principal.refusedUntilMs - nowMs > this.#floodBursts * burstMs
    }
    return Math.ceil(waitMs)
  }
}

function waitUntil(fullAtMs: number, costMs: number, nowMs: number, burstMs: number): number {
  const fromMs = Math.max(fullAtMs, nowMs)
  return waitFor(fromMs, fromMs + costMs, nowMs, burstMs)
}

/** Sums of milliseconds are rounded; less than this decides nothing. */
const SLACK_MS = 0.001

/** How long until a bucket that would be full at `fromMs`, and at `toMs` after the taking, can be taken from. */
export function waitFor(fromMs: number, toMs: number, nowMs: number, burstMs: number): number {
  const waitMs = Math.min(fromMs - nowMs, toMs - nowMs - burstMs)
  return waitMs <= SLACK_MS ? 0 : waitMs
}
