/** The time that crews have to come back after a start. Deadlines that passed meanwhile count from its end. */
import type { Policy } from '../../domain/policy.ts'
import type { RegionClock } from '../clock.ts'

export class Comeback {
  readonly #clock: RegionClock
  readonly #policy: Policy
  #untilMs = Number.POSITIVE_INFINITY

  constructor(clock: RegionClock, policy: Policy) {
    this.#clock = clock
    this.#policy = policy
  }

  /** When it is over, region time; never while the region is not all here. */
  get untilMs(): number {
    return this.#untilMs
  }

  begin(): void {
    this.#untilMs = this.#clock.nowMs() + this.#clock.graceMs(this.#policy.readyGraceMs)
  }

  /** Region time has stepped. */
  stepped(byMs: number): void {
    this.#untilMs += byMs
  }
}
