/**
 * Plays a trace: each vehicle is told its recorded fixes when their time comes, and holds its last place afterwards, so that it
 * is not taken for lost.
 */
import type { Crew } from './crew.ts'
import type { RegionTimers } from './region-timers.ts'
import type { Trace } from './trace.ts'

/** Often enough that fixes leave on time at any speed. */
const TICK_MS = 10

export class FixPlayer {
  readonly #trace: Trace
  readonly #crews: readonly Crew[]
  readonly #timers: RegionTimers
  readonly #baseMs: number
  /** Index of each vehicle's last fix in the trace. */
  readonly #lastOf: number[]
  readonly #holding: Crew[] = []
  #next = 0
  #timer: ReturnType<typeof setInterval> | null = null

  /** Input: the crew of each vehicle, in their order, and the region time at which the trace starts. */
  constructor(trace: Trace, crews: readonly Crew[], timers: RegionTimers, baseMs: number) {
    this.#trace = trace
    this.#crews = crews
    this.#timers = timers
    this.#baseMs = baseMs
    this.#lastOf = crews.map(() => -1)
    trace.fixes.forEach(({ vehicle }, index) => {
      this.#lastOf[vehicle] = index
    })
  }

  get isOver(): boolean {
    return this.#next === this.#trace.fixes.length
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #tick(): void {
    const nowMs = this.#timers.nowMs()
    for (; this.#next < this.#trace.fixes.length; this.#next += 1) {
      const { vehicle, offsetMs, lonDeg, latDeg } = this.#trace.fixes[this.#next]!
      const fixedAtMs = Math.round(this.#baseMs + offsetMs)
      if (fixedAtMs > nowMs) break
      const crew = this.#crews[vehicle]!
      crew.follow(lonDeg, latDeg, fixedAtMs)
      if (this.#lastOf[vehicle] === this.#next) this.#holding.push(crew)
    }
    for (const crew of this.#crews) crew.drive(nowMs)
    for (const crew of this.#holding) crew.hold(nowMs)
  }
}
