/** The trips that have not ended, as the board tells; while there are many no further calls are entered. */
export class OpenTrips {
  readonly #most: number
  #trips = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  get isFull(): boolean {
    return this.#trips.size >= this.#most
  }

  replace(tripIds: readonly string[]): void {
    this.#trips = new Set(tripIds)
  }

  add(tripId: string): void {
    this.#trips.add(tripId)
  }

  delete(tripId: string): void {
    this.#trips.delete(tripId)
  }
}
