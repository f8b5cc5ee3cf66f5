/** When units will be there, as the engine pushes it, and the way of the open trip's unit along the roads. */
import type { DispatcherClient, TripEta, TripRoute } from '../client/index.ts'
import { every } from './passing-time.ts'

/** A unit drives on meanwhile; the question counts as four. */
const ROUTE_EVERY_MS = 10_000

export class ArrivalWatch {
  readonly #client: DispatcherClient
  readonly #changed: () => void
  #etas: ReadonlyMap<string, TripEta> = new Map()
  #tripId: string | null = null
  #route: TripRoute | null = null
  #stopRoute: (() => void) | null = null

  constructor(client: DispatcherClient, changed: () => void) {
    this.#client = client
    this.#changed = changed
    client.watchEtas((etas, told) => {
      this.#etas = etas
      if (this.#tripId !== null && told.includes(this.#tripId)) this.#look()
      changed()
    })
  }

  /** What was told last of a trip whose unit is on its way; without a connection it stays as it was. */
  of(tripId: string): TripEta | null {
    return this.#etas.get(tripId) ?? null
  }

  /** Of the open trip, while its unit is on a way whose end is known. */
  get route(): TripRoute | null {
    return this.#route
  }

  /** From now on the route of this trip is kept, and no other. */
  open(tripId: string | null): void {
    if (tripId === this.#tripId) return
    this.close()
    this.#tripId = tripId
    if (tripId === null) return
    this.#stopRoute = every(ROUTE_EVERY_MS, () => void this.#ask(tripId))
    this.#look()
  }

  close(): void {
    this.#stopRoute?.()
    this.#stopRoute = null
    this.#tripId = null
    this.#route = null
  }

  /** Asks at once where the way became another one. */
  #look(): void {
    if (this.#tripId === null) return
    const { unitId, toward } = this.of(this.#tripId) ?? {}
    if (this.#route !== null && this.#route.unitId === unitId && this.#route.toward === toward) return
    this.#route = null
    void this.#ask(this.#tripId)
  }

  async #ask(tripId: string): Promise<void> {
    const eta = this.of(tripId)
    const isOnItsWay = eta !== null && eta.unknown === undefined
    if (this.#client.connectionState !== 'open') return
    const asked = isOnItsWay ? await this.#client.tripRoute(tripId, { retry: false }).catch(() => null) : null
    if (tripId !== this.#tripId) return
    this.#route = asked?.result ?? null
    this.#changed()
  }
}
