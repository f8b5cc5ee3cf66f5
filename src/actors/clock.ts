/**
 * The two clocks. Region time rules everything a dispatcher can see; wall and monotonic time rule the machinery.
 *
 * Region time = anchorRegion + (wall − anchorWall) × rate, with an anchor that is stored beside the log and used again
 * at every start, so that a day can be replayed in minutes with every rule intact. That *line* is all that fixes, ages,
 * offers and buttons go by, and what clients compute. *Recorded time* is apart from it: it never runs backwards, so after
 * a clock that was ahead it lies ahead of the line, and runs slower until the line has caught up.
 */
import type { MachineClock } from '../base/time.ts'
import type { ClockView } from '../protocol/wire/welcome-view.ts'
import type { ClockAnchor } from '../store/log/clock-anchor.ts'
import type { WallClock } from './wall-clock.ts'

/** How fast recorded time runs while the line lies behind it: an hour is made good in four, and no two records part by more. */
const HEALING_PACE = 0.75
/** Recorded time that lies ahead of the line by less, in wall milliseconds, is only what a slewed clock leaves behind. */
const AHEAD_MIN_MS = 1_000

export class RegionClock {
  readonly #machine: Pick<MachineClock, 'monotonicMs'>
  readonly #wall: WallClock
  readonly #anchor: ClockAnchor
  /** Recorded time at a moment of the monotonic clock, from where it goes on slowly while the line lies behind. */
  #recorded: { readonly regionMs: number; readonly monotonicMs: number }
  /** The furthest that region time has been, run on: it may have been right, and counts until recorded time has healed. */
  #reached: { readonly regionMs: number; readonly monotonicMs: number }

  /** Input: the time of the last record, 0 without one. */
  constructor(machine: Pick<MachineClock, 'monotonicMs'>, wall: WallClock, anchor: ClockAnchor, lastRecordedAtMs = 0) {
    this.#machine = machine
    this.#wall = wall
    this.#anchor = anchor
    this.#recorded = { regionMs: lastRecordedAtMs, monotonicMs: machine.monotonicMs() }
    this.#reached = this.#recorded
  }

  get rate(): number {
    return this.#anchor.rate
  }

  /** Region time now, whole milliseconds, by the line. Backwards only when the wall was wrong and has been set right. */
  nowMs(): number {
    return Math.floor(this.regionMs(this.#wall.nowMs()))
  }

  /** The region time that belongs to a wall time: exactly what a client computes from the anchor [TM-3]. */
  regionMs(wallMs: number): number {
    return this.#anchor.anchorRegionMs + (wallMs - this.#anchor.anchorWallMs) * this.#anchor.rate
  }

  /** The time of a record that is made now, in whole milliseconds. It is never less than an earlier answer or the line. */
  recordedMs(): number {
    const lineMs = this.nowMs()
    const monotonicMs = this.#machine.monotonicMs()
    const healingMs = this.#runOn(this.#recorded, monotonicMs, HEALING_PACE)
    const regionMs = Math.max(lineMs, healingMs)
    this.#recorded = { regionMs, monotonicMs }
    if (lineMs >= healingMs) this.#reached = this.#recorded
    return Math.floor(regionMs)
  }

  /**
   * The two times of a record that is made now: its recorded time and the region time of what is in it. They part only
   * while recorded time heals; what a slewed clock leaves, or a clock that ticks between two looks, is no reason to.
   */
  moment(): { readonly nowMs: number; readonly recordedAtMs: number } {
    const recordedAtMs = this.recordedMs()
    const aheadMs = this.#aheadMs(recordedAtMs)
    return { nowMs: recordedAtMs - aheadMs, recordedAtMs }
  }

  /** By how much recorded time lies ahead of the line; 0 once it has healed. */
  recordedAheadMs(): number {
    return this.#aheadMs(this.recordedMs())
  }

  #aheadMs(recordedAtMs: number): number {
    const aheadMs = recordedAtMs - this.nowMs()
    return aheadMs < AHEAD_MIN_MS * this.#anchor.rate ? 0 : aheadMs
  }

  /**
   * The latest and the earliest that now may be. While the wall is in doubt, and as long as recorded time has not healed,
   * nobody here can say which clock was right: what any of them takes for now is not from the future.
   */
  latestMs(): number {
    const byWallMs = Math.floor(this.regionMs(this.#wall.latestMs()))
    if (this.recordedAheadMs() === 0) return byWallMs
    return Math.max(byWallMs, Math.floor(this.#runOn(this.#reached, this.#machine.monotonicMs())))
  }
  earliestMs(): number {
    return Math.floor(this.regionMs(this.#wall.earliestMs()))
  }

  /** The latest of what the wall shows and what is believed of it. A position from beyond is no news of now. */
  shownLatestMs(): number {
    return Math.floor(this.regionMs(this.#wall.latestMs()))
  }

  #runOn({ regionMs, monotonicMs }: { regionMs: number; monotonicMs: number }, nowMs: number, pace = 1): number {
    return regionMs + (nowMs - monotonicMs) * this.#anchor.rate * pace
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
