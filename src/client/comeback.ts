/**
 * When a connection that was given up is made anew: soon and jittered while the loss is fresh, when a server said that it
 * should, and for region time alone at once.
 *
 * Browsers do not say why a socket closed, so nothing here goes by that. Lost connections come back within seconds for
 * the first minute, spread by what the server has said it can take; only then the pauses grow. What would be met by the
 * same again, a token that is not to be had or frames that cannot be read, has pauses that grow from the first on.
 *
 * A phone that dozes needs region time at each wake. Were that a failure its pauses would grow, and they run only while
 * it is awake: it would hardly ever be connected.
 */
import type { RegionTime } from './region-time.ts'
import { type FullTimers, fullJitterMs } from './timing.ts'

/**
 * What the connection was given up for. *lost*: it broke, fell silent, or could not be made. *turned-away*: somebody is
 * there and asks for a pause. *repeats*: the same will probably come of the next attempt.
 */
export type Setback = 'lost' | 'turned-away' | 'repeats'

/** Until the server has told a spread: enough for the few clients of a small service. */
const SPREAD_MS = 1_000
/** No server can ask for more. */
const SPREAD_MAX_MS = 60_000
/** An engine is started again within seconds, or by people within minutes; after that nobody waits for us. */
const FRESH_FOR_MS = 60_000
const RECENT_FOR_MS = 300_000
const FRESH_CEILING_MS = 2_000
const RECENT_CEILING_MS = 10_000
const OLD_CEILING_MS = 30_000

const REPEAT_BASE_MS = 500
const REPEAT_CAP_MS = 30_000
/** Region time is asked for once in so long at most, by the monotonic clock. */
const ASK_INTERVAL_MS = 2_000

/** Moments are by the monotonic clock. */
export class Reconnect {
  readonly #timers: FullTimers
  readonly #random: () => number
  readonly #time: RegionTime
  readonly #heartbeatMs: number
  #spreadMs = SPREAD_MS
  /** Of those that repeat, since connections last held for a whole heartbeat. */
  #repeats = 0
  /** The first welcome since the last failure; what was given up for region time alone has held. */
  #heldSinceMs: number | null = null
  /** Since when there has been no welcome; null while there was one. */
  #awaySinceMs: number | null = null
  #advisedAtMs: number | null = null
  #askedAtMs = Number.NEGATIVE_INFINITY
  #isAsking = false

  constructor(timers: FullTimers, random: () => number, time: RegionTime, heartbeatMs: number) {
    this.#timers = timers
    this.#random = random
    this.#time = time
    this.#heartbeatMs = heartbeatMs
  }

  /** The server says over how long all of its clients should spread when they come back after a loss. */
  spreadOver(spreadMs: number): void {
    this.#spreadMs = Math.min(SPREAD_MAX_MS, Math.max(0, spreadMs))
  }

  /** An engine that drains has said when to come back, and spread its clients itself. */
  advised(delayMs: number): void {
    this.#advisedAtMs = this.#timers.monotonicMs() + delayMs
  }

  /** A welcome has told region time. */
  welcomed(): void {
    this.#heldSinceMs ??= this.#timers.monotonicMs()
    this.#awaySinceMs = null
    this.#isAsking = false
  }

  /** Output: how long to wait after a failure, which this counts; at least as long as the server asked to be left alone. */
  afterFailureMs(trouble: Setback, atLeastMs: number): number {
    const nowMs = this.#timers.monotonicMs()
    const hasHeld = this.#heldSinceMs !== null && nowMs - this.#heldSinceMs >= this.#heartbeatMs
    if (hasHeld) this.#repeats = 0
    this.#heldSinceMs = null
    const pauseMs = this.#pauseMs(trouble, atLeastMs, nowMs, hasHeld)
    this.#awaySinceMs ??= nowMs
    return this.#takeAdviceMs() ?? pauseMs
  }

  /** Output: how long to wait before another welcome is asked for region time. Asked in vain twice running is a failure. */
  afterDoubtMs(): number {
    if (this.#isAsking) return this.afterFailureMs('repeats', 0)
    this.#isAsking = true
    const nowMs = this.#timers.monotonicMs()
    const delayMs = this.#takeAdviceMs() ?? Math.max(0, this.#askedAtMs + ASK_INTERVAL_MS - nowMs)
    this.#askedAtMs = nowMs + delayMs
    return delayMs
  }

  #pauseMs(trouble: Setback, atLeastMs: number, nowMs: number, hasHeld: boolean): number {
    const { rate } = this.#time
    const random = this.#random()
    if (trouble === 'repeats') {
      return atLeastMs + fullJitterMs(this.#repeats++, REPEAT_BASE_MS, REPEAT_CAP_MS, () => random) / rate
    }
    // The first attempts of a crowd are spread by chance. From then on each keeps its place in the row: were the pauses
    // drawn anew, there would be twice as many attempts a second as the server has said it can take.
    const inTurnMs = (this.#spreadMs * (1 + random / 10)) / rate
    if (trouble === 'turned-away') return Math.max(atLeastMs * (1 + random / 2), inTurnMs)
    if (this.#awaySinceMs === null) {
      // An engine that comes and goes is asked once a second, not more often.
      return (random * Math.max(this.#spreadMs, hasHeld ? 0 : FRESH_CEILING_MS)) / rate
    }
    const ceiling = ceilingMs(nowMs - this.#awaySinceMs)
    return this.#spreadMs >= ceiling ? inTurnMs : (random * ceiling) / rate
  }

  #takeAdviceMs(): number | null {
    const advisedAtMs = this.#advisedAtMs
    this.#advisedAtMs = null
    return advisedAtMs === null ? null : Math.max(0, advisedAtMs - this.#timers.monotonicMs())
  }
}

function ceilingMs(awayMs: number): number {
  if (awayMs < FRESH_FOR_MS) return FRESH_CEILING_MS
  return awayMs < RECENT_FOR_MS ? RECENT_CEILING_MS : OLD_CEILING_MS
}
