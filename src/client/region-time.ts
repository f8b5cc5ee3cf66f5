/** Region time as a client knows it: from the anchor that `welcome` brings. */
import type { ClockView } from '../protocol/wire.ts'

/** A local clock that is further off than this, in wall milliseconds, is not believed. */
const SKEW_MAX_MS = 2_000

export class RegionTime {
  #clock: ClockView | null = null
  #heardAtWallMs = 0

  /** False until the first `welcome`: until then the rate is not known and wall time stands in. */
  get known(): boolean {
    return this.#clock !== null
  }

  get rate(): number {
    return this.#clock?.rate ?? 1
  }

  heard(clock: ClockView, wallMs: number): void {
    this.#clock = clock
    this.#heardAtWallMs = wallMs
  }

  /** The region time that the server derives from a client's wall time, right or wrong; fractions are kept. */
  fromAnchor(wallMs: number): number {
    const clock = this.#clock
    return clock === null ? wallMs : clock.anchorRegionMs + (wallMs - clock.anchorWallMs) * clock.rate
  }

  /**
   * The region time of a local moment, whole milliseconds. Counted from the anchor (at rate 1 that is the local wall
   * clock); but a local clock that disagrees with the server's own `nowMs` by more than 2 s is set aside, as the server
   * refuses a crew's button that lies in its future.
   */
  at(wallMs: number): number {
    const clock = this.#clock
    if (clock === null) return Math.round(wallMs)
    const local = clock.rate === 1 ? wallMs : this.fromAnchor(wallMs)
    const byServer = clock.nowMs + (wallMs - this.#heardAtWallMs) * clock.rate
    return Math.round(Math.abs(local - byServer) > SKEW_MAX_MS * clock.rate ? byServer : local)
  }
}
