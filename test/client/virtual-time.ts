/** Wall time and timers run by hand: nothing happens until a test moves time on. */
import type { Timers } from '../../src/client/index.ts'

interface Due {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class VirtualTime implements Timers {
  #nowMs = 1_800_000_000_000
  #order = 0
  readonly #running = new Set<number>()
  /** Sorted by moment, then by order of setting; cleared timers stay until their turn. */
  readonly #due: Due[] = []

  now(): number {
    return this.#nowMs
  }

  setTimeout(run: () => void, delayMs: number): number {
    this.#order += 1
    const due = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run }
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
    const endMs = this.#nowMs + ms
    await settle()
    while (this.#due.length > 0 && this.#due[0]!.atMs <= endMs) {
      const due = this.#due.shift()!
      if (!this.#running.delete(due.order)) continue
      this.#nowMs = Math.max(this.#nowMs, due.atMs)
      due.run()
      await settle()
    }
    this.#nowMs = endMs
  }
}

/** A chain of promises in the client is a few links long. */
async function settle(): Promise<void> {
  for (let i = 0; i < 8; i += 1) await Promise.resolve()
}
