/**
 * Work in slices: a job runs for 2 ms at most, gives the loop to messages and I/O, and goes on in the next turn of the loop.
 */
import type { MachineClock } from '../../../base/time.ts'

const SLICE_MS = 2

/** Yields wherever it may be interrupted. */
export type Job = Generator<undefined, void>

interface SlicesParts {
  readonly machine: MachineClock
  /** Own time of one slice, milliseconds. */
  readonly onSlice: (durationMs: number) => void
  /** A job threw; it is given up, the others go on. */
  readonly onError: (error: unknown) => void
}

export class Slices {
  readonly #parts: SlicesParts
  readonly #jobs: Job[] = []
  #running = false
  #cancelNext: (() => void) | null = null

  constructor(parts: SlicesParts) {
    this.#parts = parts
  }

  /** Runs a job behind the jobs that are there; when there are none, its first slice runs at once. */
  add(job: Job): void {
    this.#jobs.push(job)
    if (!this.#running && this.#cancelNext === null) this.#run()
  }

  stop(): void {
    this.#jobs.length = 0
    this.#cancelNext?.()
    this.#cancelNext = null
  }

  #run(): void {
    const { machine, onSlice } = this.#parts
    const startedMs = machine.monotonicMs()
    let durationMs = 0
    this.#running = true
    while (this.#jobs.length > 0 && durationMs < SLICE_MS) {
      if (this.#step(this.#jobs[0]!)) this.#jobs.shift()
      durationMs = machine.monotonicMs() - startedMs
    }
    this.#running = false
    onSlice(durationMs)
    if (this.#jobs.length === 0) return
    this.#cancelNext = machine.after(0, () => {
      this.#cancelNext = null
      this.#run()
    })
  }

  /** Output: true when the job is over. */
  #step(job: Job): boolean {
    try {
      return job.next().done === true
    } catch (error) {
      this.#parts.onError(error)
      return true
    }
  }
}
