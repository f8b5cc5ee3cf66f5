/** Time and timers run by hand: nothing happens until a test moves time on. */
import type { Timers } from '../../src/client/index.ts'

interface Due {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

const START_MS = 1_800_000_000_000

/** True time, and the timers of everybody; as a device's clocks it is one that is always right. */
export class VirtualTime implements Timers {
  /** Time that timers and monotonic clocks have seen. */
  #awakeMs = 0
  #asleepMs = 0
  #order = 0
  readonly #running = new Set<number>()
  /** Sorted by moment, then by order of setting; cleared timers stay until their turn. */
  readonly #due: Due[] = []

  now(): number {
    return START_MS + this.#awakeMs + this.#asleepMs
  }

  monotonicMs(): number {
    return this.#awakeMs
  }

  setTimeout(run: () => void, delayMs: number): number {
    this.#order += 1
    const due = { atMs: this.#awakeMs + Math.max(0, delayMs), order: this.#order, run }
    let low = 0
    let high = this.#due.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#due[middle]!.atMs <= due.atMs) low = middle + 1
      else high = middle
    }
    this.#due.splice(low, 0, due)
    this.#running.add(due.order)
    return due.order
  }

  clearTimeout(timer: unknown): void {
    this.#running.delete(timer as number)
  }

  get timersRunning(): number {
    return this.#running.size
  }

  /** Runs everything that falls due within `ms`, in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#awakeMs + ms
    await settle()
    while (this.#due.length > 0 && this.#due[0]!.atMs <= endMs) {
      const due = this.#due.shift()!
      if (!this.#running.delete(due.order)) continue
      this.#awakeMs = Math.max(this.#awakeMs, due.atMs)
      due.run()
      await settle()
    }
    this.#awakeMs = endMs
  }

  /** The world goes on while the device sleeps: its timers and its monotonic clock stand still, as on most platforms. */
  sleep(ms: number): void {
    this.#asleepMs += ms
  }
}

/** The clocks of a device on which somebody may set the time; only its wall clock shows it. */
export class DeviceClocks implements Timers {
  readonly #time: VirtualTime
  /** How far the wall clock is ahead of true time; negative: behind. */
  aheadMs = 0

  constructor(time: VirtualTime) {
    this.#time = time
  }

  now(): number {
    return this.#time.now() + this.aheadMs
  }
  monotonicMs(): number {
    return this.#time.monotonicMs()
  }
  setTimeout(run: () => void, delayMs: number): unknown {
    return this.#time.setTimeout(run, delayMs)
  }
  clearTimeout(timer: unknown): void {
    this.#time.clearTimeout(timer)
  }
}

/** A chain of promises in the client is a few links long. */
async function settle(): Promise<void> {
  for (let i = 0; i < 8; i += 1) await Promise.resolve()
}
