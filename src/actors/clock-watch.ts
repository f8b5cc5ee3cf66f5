/**
 * Tells of a clock that is off, by the log, the board, the readiness and a metric, for as long as it is off.
 *
 * Three things may be off: the wall, which has stepped and is not believed yet; recorded time, which lies ahead of region
 * time after a clock that was ahead; and the database's clock. None of them stops anything. The engine goes on by what
 * `wall-clock.ts` believes, but moments of that time are to be read with care, and somebody should look at the machine.
 */
import type { Told } from '../protocol/told.ts'
import type { Logger } from '../telemetry/log.ts'
import type { RegionClock } from './clock.ts'
import type { WallClock } from './wall-clock.ts'

/** What is off; `wall` and `recorded` against what is believed, `database` by how much the engine is ahead of it. */
type ClockKind = 'wall' | 'recorded' | 'database'

/** By how many wall milliseconds each is ahead, 0 while it is not off; negative: behind. */
export type ClockOffsets = Readonly<Record<ClockKind, number>>

/** The worst that is off now. */
export interface ClockOff {
  readonly of: ClockKind
  readonly offsetMs: number
  /** Since when anything was off, as was believed then: epoch milliseconds. */
  readonly sinceMs: number
}

/** Clocks of two machines may differ by this much. */
const DATABASE_SKEW_MS = 2_000
/** An answer that took longer says too little of the moment at which it was given. */
const ANSWER_MAX_MS = 500

interface ClockWatchParts {
  readonly wall: WallClock
  /** The clocks of the regions that are served. */
  readonly regions: () => Iterable<RegionClock>
  readonly log: Pick<Logger, 'warn'>
  /** Tells all who watch a board. */
  readonly tell: (notice: Told) => void
}

export class ClockWatch {
  readonly #parts: ClockWatchParts
  #databaseMs = 0
  #off: ClockOff | null = null

  constructor(parts: ClockWatchParts) {
    this.#parts = parts
  }

  /** The database told its time. Input: epoch milliseconds, and how long it took to hear of it. */
  databaseTold(epochMs: number, tookMs: number): void {
    if (tookMs > ANSWER_MAX_MS) return
    const aheadMs = Math.round(this.#parts.wall.nowMs() - tookMs / 2 - epochMs)
    this.#databaseMs = Math.abs(aheadMs) > DATABASE_SKEW_MS ? aheadMs : 0
    this.look()
  }

  offsets(): ClockOffsets {
    const { wall, regions } = this.#parts
    let recordedMs = 0
    for (const clock of regions()) recordedMs = Math.max(recordedMs, clock.wallSpanMs(clock.recordedAheadMs()))
    return { wall: Math.round(wall.doubtMs()), recorded: Math.round(recordedMs), database: this.#databaseMs }
  }

  /** What is off now; null when nothing is. Says so where it begins and where it ends; to be asked at least every second. */
  look(): ClockOff | null {
    const offsets = this.offsets()
    const worst = KINDS.reduce((a, b) => (Math.abs(offsets[b]) > Math.abs(offsets[a]) ? b : a))
    const before = this.#off
    const sinceMs = before?.sinceMs ?? Math.round(this.#parts.wall.nowMs())
    this.#off = offsets[worst] === 0 ? null : { of: worst, offsetMs: offsets[worst], sinceMs }
    if ((before === null) !== (this.#off === null)) this.#changed(offsets)
    return this.#off
  }

  /** The notice for watchers of the board while a clock is off; null while none is. */
  notice(): Told | null {
    return this.look() === null ? null : noticeOf(this.#off)
  }

  #changed(offsets: ClockOffsets): void {
    const { log, tell } = this.#parts
    const what = this.#off === null ? 'the clocks agree again' : 'a clock is off: look at the time of this machine'
    log.warn({ offsetsMs: offsets }, what)
    tell(noticeOf(this.#off))
  }
}

const KINDS = ['wall', 'recorded', 'database'] as const

function noticeOf(off: ClockOff | null): Told {
  const message =
    off === null
      ? "The engine's clocks agree again."
      : "A clock of the engine is off; its operator should look at the machine's time. Read moments of this time with care."
  return {
    type: 'refused',
    id: null,
    refusal: { code: 'clock-off', message, details: off === null ? { offsetMs: 0 } : { ...off } },
  }
}
