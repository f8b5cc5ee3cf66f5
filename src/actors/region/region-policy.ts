/** The policy that a region goes by: one that is taken holds from the next decision on, never for a part of one. */
import type { StandingPolicy } from '../../domain/policy.ts'
import type { RegionClock } from '../clock.ts'

export class RegionPolicy {
  readonly #clock: Pick<RegionClock, 'graceMs'>
  #standing: StandingPolicy

  constructor(policy: StandingPolicy, clock: Pick<RegionClock, 'graceMs'>) {
    this.#standing = policy
    this.#clock = clock
  }

  get standing(): StandingPolicy {
    return this.#standing
  }

  /** How long a unit may be disconnected before the desk passes it over. */
  get disconnectGraceMs(): number {
    return this.#clock.graceMs(this.#standing.disconnectGraceMs)
  }

  /** Between two turns only. False for one that stands already, or is older. */
  take(policy: StandingPolicy): boolean {
    if (policy.version <= this.#standing.version) return false
    this.#standing = policy
    return true
  }
}
