/**
 * An open-loop schedule: when each driver's each fix is due, decided before the first is sent and never moved by what
 * the engine does.
 *
 * Drivers are spread evenly over the cadence, each at a seeded place within its own slot. Fix number `n` of the whole
 * run belongs to driver `n % drivers`, and is its fix `seq` = floor(n / drivers) + 1; numbers are in order of time.
 */
import { seeded } from '../tools/shared/random.ts'

export class OpenLoopSchedule {
  readonly #drivers: number
  readonly #cadenceMs: number
  readonly #phaseMs: Float64Array

  constructor(drivers: number, cadenceMs: number, seed: number) {
    const random = seeded(seed)
    this.#drivers = drivers
    this.#cadenceMs = cadenceMs
    this.#phaseMs = Float64Array.from({ length: drivers }, (_, driver) => ((driver + random()) / drivers) * cadenceMs)
  }

  /** Milliseconds from the start of the run. */
  dueMs(n: number): number {
    const driver = n % this.#drivers
    return ((n - driver) / this.#drivers) * this.#cadenceMs + this.#phaseMs[driver]!
  }

  /** How many fixes are due before a moment: the number of the first one that is not. */
  dueBefore(momentMs: number): number {
    if (momentMs <= 0) return 0
    let n = Math.floor(momentMs / this.#cadenceMs) * this.#drivers
    while (this.dueMs(n) < momentMs) n++
    return n
  }
}
