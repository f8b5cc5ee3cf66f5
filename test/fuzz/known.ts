/** What is known of the region that is fuzzed, so that messages can be about what is there. */
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { Dice } from './dice.ts'

const KEPT = 64

/** The newest ids of one kind. */
class Recent {
  readonly #ids: string[] = []
  readonly #region: string
  #next = 0

  constructor(region: string) {
    this.#region = region
  }

  add(id: string): void {
    if (this.#ids.includes(id)) return
    this.#ids[this.#next % KEPT] = id
    this.#next += 1
  }

  /** Mostly one of the very last, now and then one that is nobody's. */
  any(dice: Dice): string {
    if (this.#ids.length === 0 || dice.oneIn(20)) return `${dice.oneIn(4) ? 'wlg' : this.#region}.${'n'.repeat(21)}`
    if (dice.oneIn(3)) return dice.pick(this.#ids)
    return this.#ids[(this.#next - 1 - dice.below(Math.min(6, this.#ids.length))) % KEPT]!
  }
}

export class Known {
  readonly region: string
  readonly units: readonly string[]
  readonly feedUnits: readonly string[]
  readonly trips: Recent
  readonly calls: Recent
  readonly offers: Recent
  wallMs = 0
  position = 0
  readonly #ids: string
  #commands = 0

  /** Input: `ids` stands in front of every command id, so that those of two runs differ. */
  constructor(region: string, units: readonly string[], feedUnits: readonly string[], ids = 'c') {
    this.region = region
    this.units = units
    this.feedUnits = feedUnits
    this.#ids = ids
    this.trips = new Recent(region)
    this.calls = new Recent(region)
    this.offers = new Recent(region)
  }

  unit(dice: Dice): string {
    if (dice.oneIn(20)) return 'nobody'
    return dice.pick(dice.oneIn(4) ? this.feedUnits : this.units)
  }

  /** A fresh id; now and then one that was used before. */
  commandId(dice: Dice): string {
    if (dice.oneIn(40)) return `${this.#ids}${dice.below(this.#commands + 1)}`
    this.#commands += 1
    return `${this.#ids}${this.#commands}`
  }

  /** Learns the ids that a message of the server tells. */
  hear(message: ServerMessage): void {
    if (message[0] === 'reply') {
      this.position = Math.max(this.position, message[2])
      const { callId, tripIds } = message[3]
      if (typeof callId === 'string') this.calls.add(callId)
      if (Array.isArray(tripIds)) for (const tripId of tripIds) this.trips.add(String(tripId))
    } else if (message[0] === 'unit-state') {
      const { trip } = message[2]
      if (trip === null) return
      this.trips.add(trip.tripId)
      if (trip.offer !== null) this.offers.add(trip.offer.offerId)
    }
  }
}
