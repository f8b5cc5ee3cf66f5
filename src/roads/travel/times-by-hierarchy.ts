/**
 * Times from anywhere to one place by a hierarchy: some tens of microseconds for each unit, however far away it is.
 *
 * One search climbs from the place and leaves its times at some hundreds of nodes; one climbs from each unit and looks where
 * they meet.
 */
import { ClimbingSearch, type ClimbStart } from '../hierarchy/climbing-search.ts'
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import { nextRound } from '../search-queue.ts'

export class TimesByHierarchy {
  readonly #fromUnits: ClimbingSearch
  readonly #fromPlace: ClimbingSearch
  /** By node: milliseconds to the place, where `#round` is the round of this place. */
  readonly #ms: Uint32Array
  readonly #round: Uint32Array
  #rounds = 0

  constructor({ up, down }: Hierarchy) {
    this.#fromUnits = new ClimbingSearch(up, down)
    this.#fromPlace = new ClimbingSearch(down, up)
    this.#ms = new Uint32Array(up.first.length - 1)
    this.#round = new Uint32Array(up.first.length - 1)
  }

  begin(starts: readonly ClimbStart[]): void {
    this.#rounds = nextRound(this.#round, this.#rounds)
    this.#fromPlace.run(starts, (node, ms) => {
      this.#ms[node] = ms
      this.#round[node] = this.#rounds
      return true
    })
  }

  /** `Infinity` where it is more than the limit. */
  msFrom(starts: readonly ClimbStart[], limitMs: number): number {
    let bestMs = Infinity
    this.#fromUnits.run(starts, (node, ms) => {
      if (ms > limitMs || ms >= bestMs) return false
      if (this.#round[node] === this.#rounds) bestMs = Math.min(bestMs, ms + this.#ms[node]!)
      return true
    })
    return bestMs > limitMs ? Infinity : bestMs
  }
}
