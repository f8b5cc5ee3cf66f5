/**
 * The two clocks. Region time rules everything a dispatcher can see; wall and monotonic time rule the machinery.
 *
 * Region time = anchorRegion + (wall − anchorWall) × rate, with an anchor that is stored beside the log and used again
 * at every start, so that a day can be replayed in minutes with every rule intact. It never runs backwards: should it
 * lie behind the last record (a clock was set back), it goes on from that record by the monotonic clock.
 */
import type { ClockView } from '../protocol/wire.ts'
import type { ClockAnchor } from '../store/clock-anchor.ts'

/** The machine's time and its timers; the only source of both. */
export interface MachineClock {
  /** Epoch milliseconds UTC. */
  wallMs(): number
  monotonicMs(): number
  /** Runs once, `delayMs` from now by the monotonic clock; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void
}

/** setTimeout takes a 32-bit delay; longer ones would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

export const systemClock: MachineClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), LONGEST_TIMEOUT_MS))
    return () => clearTimeout(timer)
  },
}

/** Below this the wall only ticks more coarsely than the monotonic clock, or is being slewed. */
const SET_BACK_MS = 1_000

export class RegionClock {
  readonly #machine: MachineClock
  readonly #anchor: ClockAnchor
  /** From where region time goes on by the monotonic clock, when the wall's answer lies behind. */
  #floor: { readonly regionMs: number; readonly monotonicMs: number }

  constructor(machine: MachineClock, anchor: ClockAnchor, lastRecordedAtMs = 0) {
    this.#machine = machine
    this.#anchor = anchor
    this.#floor = { regionMs: lastRecordedAtMs, monotonicMs: machine.monotonicMs() }
  }

  get rate(): number {
    return this.#anchor.rate
  }

  /** Region time now, whole milliseconds; never less than an earlier answer. */
  nowMs(): number {
    const byWall = this.#byAnchorMs(this.#machine.wallMs())
    const sinceFloorMs = (this.#machine.monotonicMs() - this.#floor.monotonicMs) * this.#anchor.rate
    const byMonotonic = this.#floor.regionMs + sinceFloorMs
    if (byWall >= byMonotonic) {
      this.#floor = { regionMs: byWall, monotonicMs: this.#machine.monotonicMs() }
      return Math.floor(byWall)
    }
    return Math.floor(byMonotonic)
  }

  /**
   * The region time that belongs to a wall time: exactly what a client computes from the anchor. Only after the wall was
   * set back, when region time lies ahead of the anchor's line, it is shifted by as much: a fix of now is a fix of now.
   */
  regionMs(wallMs: number): number {
    const aheadMs = this.nowMs() - this.#byAnchorMs(this.#machine.wallMs())
    return this.#byAnchorMs(wallMs) + (aheadMs > SET_BACK_MS * this.#anchor.rate ? aheadMs : 0)
  }

  #byAnchorMs(wallMs: number): number {
    return this.#anchor.anchorRegionMs + (wallMs - this.#anchor.anchorWallMs) * this.#anchor.rate
  }

  /** How long a span of region time takes on the wall. */
  wallSpanMs(regionSpanMs: number): number {
    return regionSpanMs / this.#anchor.rate
  }

  /** The larger of a span of region time and 2 s of wall time: the least that a reconnect takes. */
  graceMs(regionSpanMs: number): number {
    return Math.max(regionSpanMs, 2_000 * this.#anchor.rate)
  }

  view(): ClockView {
    return { nowMs: this.nowMs(), ...this.#anchor }
  }
}
