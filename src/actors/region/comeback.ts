/** The time that crews have to come back after a start. Deadlines that passed meanwhile count from its end. */
import type { RegionClock } from '../clock.ts'
import type { RegionPolicy } from './region-policy.ts'

export class Comeback {
  readonly #clock: RegionClock
  readonly #policy: RegionPolicy
  #untilMs = Number.POSITIVE_INFINITY

  constructor(clock: RegionClock, policy: RegionPolicy) {
    this.#clock = clock
    this.#policy = policy
  }

  /** When it is over, region time; never while the region is not all here. */
  get untilMs(): number {
    return this.#untilMs
  }

  begin(): void {
    this.#untilMs = this.#clock.nowMs() + this.#clock.graceMs(this.#policy.standing.readyGraceMs)
  }

  /** Region time has stepped. */
  stepped(byMs: number): void {
    this.#untilMs += byMs
  }
}
