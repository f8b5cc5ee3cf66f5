/** What a crew's client hears of its unit: the situation, its offers once each, and which of its trips have ended. */
import type { DriverView, OfferView, TripView } from '../protocol/wire/situation-views.ts'
import type { EngineConnection } from './connection.ts'
import { Signal } from './signal.ts'

/** Offers that were told and are remembered, so that a resend of the state tells none twice. */
const OFFERS_KEPT = 256

export class OwnUnit {
  readonly views = new Signal<[driver: DriverView, position: number]>()
  readonly offers = new Signal<[offer: OfferView, trip: TripView]>()
  readonly tripEnds = new Signal<[trip: TripView]>()
  readonly unitId: string
  readonly #offersTold = new Set<string>()
  #now: DriverView | null = null
  #position = -1

  constructor(connection: EngineConnection, unitId: string) {
    this.unitId = unitId
    connection.on('opened', ({ driver, position }) => {
      // The server's state is the truth, also when an older log was restored under it.
      if (driver !== null) this.#see(driver, position)
    })
    connection.on('unit-state', (position, driver) => {
      if (position >= this.#position) this.#see(driver, position)
    })
  }

  /** As last heard; null until the first `welcome`. */
  get now(): DriverView | null {
    return this.#now
  }

  #see(driver: DriverView, position: number): void {
    const before = this.#now?.trip ?? null
    const trip = driver.trip
    this.#now = driver
    this.#position = position
    this.views.emit(driver, position)
    if (before !== null && this.#isWork(before) && !(trip?.tripId === before.tripId && this.#isWork(trip))) {
      this.tripEnds.emit(trip?.tripId === before.tripId ? trip : before)
    }
    const offer = trip?.offer ?? null
    if (trip === null || offer === null || offer.unitId !== this.unitId || this.#offersTold.has(offer.offerId)) return
    this.#offersTold.add(offer.offerId)
    if (this.#offersTold.size > OFFERS_KEPT) {
      const [oldest] = this.#offersTold
      this.#offersTold.delete(oldest!)
    }
    this.offers.emit(offer, trip)
  }

  /** True while the trip is bound to this unit and not over. */
  #isWork(trip: TripView): boolean {
    return trip.unitId === this.unitId && trip.phase !== 'closed' && trip.phase !== 'cancelled'
  }
}
