/** What everybody in the town shares: the world's parts, its streets, and what is said about trips. */
import type { City } from './city.ts'
import type { WorldParts } from './parts.ts'

const TOLD_MAX = 64

/** Ids that somebody has heard of, so that people can get them wrong; old ones are forgotten. */
export class HearSay {
  readonly #ids: string[] = []

  hear(id: string): void {
    if (this.#ids.includes(id)) return
    this.#ids.push(id)
    if (this.#ids.length > TOLD_MAX) this.#ids.shift()
  }

  get ids(): readonly string[] {
    return this.#ids
  }
}

export interface Town extends WorldParts {
  readonly city: City
  readonly trips: HearSay
  readonly offers: HearSay
  /** A dispatcher calls the unit by radio with this trip: whether somebody answers, and takes it. */
  takesByRadio(unitId: string, tripId: string): boolean
  /** Nobody makes trouble any more, and everything is done quickly. */
  isCalm: boolean
}
