/**
 * When a connection that was given up is made anew: after a failure in a jittered, growing pause, from a draining engine
 * when that said, and for region time alone at once.
 *
 * A phone that dozes needs region time at each wake. Were that a failure its pauses would grow, and they run only while
 * it is awake: it would hardly ever be connected.
 */
import type { RegionTime } from './region-time.ts'
import { type FullTimers, fullJitterMs } from './timing.ts'

const FAILURE_BASE_MS = 500
const FAILURE_CAP_MS = 30_000
/** Region time is asked for once in so long at most, by the monotonic clock. */
const ASK_INTERVAL_MS = 2_000

/** Moments are by the monotonic clock. */
export class Comeback {
  readonly #timers: FullTimers
  readonly #random: () => number
  readonly #time: RegionTime
  readonly #heartbeatMs: number
  /** Since connections last held for a whole heartbeat. */
  #failures = 0
  /** The first welcome since the last failure; what was given up for region time alone has held. */
  #heldSinceMs: number | null = null
  #advisedAtMs: number | null = null
  #askedAtMs = Number.NEGATIVE_INFINITY
  #isAsking = false

  constructor(timers: FullTimers, random: () => number, time: RegionTime, heartbeatMs: number) {
    this.#timers = timers
    this.#random = random
    this.#time = time
    this.#heartbeatMs = heartbeatMs
  }

  /** An engine that drains has said when to come back, and spread its clients itself. */
  advised(delayMs: number): void {
    this.#advisedAtMs = this.#timers.monotonicMs() + delayMs
  }

  /** A welcome has told region time. */
  welcomed(): void {
    this.#heldSinceMs ??= this.#timers.monotonicMs()
    this.#isAsking = false
  }

  /** Output: how long to wait after a failure, which this counts. */
  afterFailureMs(atLeastMs: number): number {
    const heldSinceMs = this.#heldSinceMs
    if (heldSinceMs !== null && this.#timers.monotonicMs() - heldSinceMs >= this.#heartbeatMs) this.#failures = 0
    this.#heldSinceMs = null
    const jitterMs = fullJitterMs(this.#failures, FAILURE_BASE_MS, FAILURE_CAP_MS, this.#random) / this.#time.rate
    this.#failures += 1
    return this.#takeAdviceMs() ?? atLeastMs + jitterMs
  }

  /** Output: how long to wait before another welcome is asked for region time. Asked in vain twice running is a failure. */
  afterDoubtMs(): number {
    if (this.#isAsking) return this.afterFailureMs(0)
    this.#isAsking = true
    const nowMs = this.#timers.monotonicMs()
    const delayMs = this.#takeAdviceMs() ?? Math.max(0, this.#askedAtMs + ASK_INTERVAL_MS - nowMs)
    this.#askedAtMs = nowMs + delayMs
    return delayMs
  }

  #takeAdviceMs(): number | null {
    const advisedAtMs = this.#advisedAtMs
    this.#advisedAtMs = null
    return advisedAtMs === null ? null : Math.max(0, advisedAtMs - this.#timers.monotonicMs())
  }
}
