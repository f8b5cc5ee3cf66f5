/**
 * Whether a lane of the store keeps up. The watch is told what the lane takes and what is durable, and says when it has
 * stalled.
 *
 * Modes: *flowing*; *stalled*, from the moment at which the oldest of what waits has waited for `STALLED_AFTER_MS`, until
 * nothing waits that is so old. Nothing is tried out for it: what waits is written again and again by the lane itself.
 */
import type { Scheduler } from '../../base/time.ts'

/** A commit takes a few milliseconds; a client is told within two seconds how its command stands. */
export const STALLED_AFTER_MS = 1_000
/** Records taken within so long count as taken with the first of them. While the lane is stalled a second is enough. */
const SHARED_MS = 50
/** A timer that is later than that says that the whole process stood still, not the store. */
const LATE_MS = 250
/** So long the answers that came meanwhile get to be read. */
const CATCH_UP_MS = 100

interface Waiting {
  /** The number of the last that shares this moment. */
  through: number
  readonly sinceMs: number
}

export class LaneWatch {
  readonly #scheduler: Scheduler
  readonly #onChange: () => void
  /** Oldest first. By `SHARED_MS` there are at most twenty for the first second, then one for each. */
  #waiting: Waiting[] = []
  #isStalled = false
  #cancelTimer: (() => void) | null = null
  #isStopped = false

  constructor(scheduler: Scheduler, onChange: () => void) {
    this.#scheduler = scheduler
    this.#onChange = onChange
  }

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** The lane has taken everything up to this number; numbers rise. */
  taken(through: number): void {
    const nowMs = this.#scheduler.monotonicMs()
    const last = this.#waiting.at(-1)
    if (last !== undefined && nowMs - last.sinceMs < (this.#isStalled ? STALLED_AFTER_MS : SHARED_MS)) {
      last.through = through
      return
    }
    this.#waiting.push({ through, sinceMs: nowMs })
    if (this.#cancelTimer === null && !this.#isStalled) this.#lookIn(STALLED_AFTER_MS, false)
  }

  /** Everything up to this number is durable. */
  durable(through: number): void {
    let done = 0
    while (done < this.#waiting.length && this.#waiting[done]!.through <= through) done += 1
    if (done > 0) this.#waiting.splice(0, done)
    if (this.#isStalled) this.#look()
    else if (this.#waiting.length === 0) this.#forgetTimer()
  }

  stop(): void {
    this.#isStopped = true
    this.#waiting = []
    this.#forgetTimer()
  }

  #look(): void {
    const oldest = this.#waiting[0]
    const ageMs = oldest === undefined ? 0 : this.#scheduler.monotonicMs() - oldest.sinceMs
    const isStalled = ageMs >= STALLED_AFTER_MS
    if (oldest !== undefined && !isStalled) this.#lookIn(STALLED_AFTER_MS - ageMs, false)
    if (isStalled === this.#isStalled) return
    this.#isStalled = isStalled
    this.#onChange()
  }

  #lookIn(delayMs: number, isSecond: boolean): void {
    this.#forgetTimer()
    if (this.#isStopped) return
    const dueMs = this.#scheduler.monotonicMs() + delayMs
    this.#cancelTimer = this.#scheduler.after(delayMs, () => {
      this.#cancelTimer = null
      if (this.#isStopped) return
      if (!isSecond && this.#scheduler.monotonicMs() - dueMs > LATE_MS) this.#lookIn(CATCH_UP_MS, true)
      else this.#look()
    })
  }

  #forgetTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = null
  }
}
