/** One made-up crew: signs on, drives about, answers offers, and works each trip from the order to the hospital. */
import { ClientClosed, CommandRefused, connect, type DriverClient } from '../client/index.ts'
import type { Position } from '../domain/geo.ts'
import type { DemoCity } from './demo-city.ts'
import { Vehicle } from './vehicle.ts'

interface CrewSettings {
  readonly url: string
  readonly region: string
  readonly unitId: string
  readonly token: string
  readonly city: DemoCity
  /** 0 to 1, each time another number. */
  readonly random: () => number
  /** The client has ended by itself, or does what it should not. */
  readonly onLost: (error: Error) => void
}

/** What is to be done next, and when; null as the moment: on arrival. */
interface Step {
  readonly atMs: number | null
  readonly run: () => Promise<unknown>
}

const TICK_MS = 1_000
const DECLINED_SHARE = 0.05
/** The shortest and the longest of each pause of a trip, region time. */
const PAUSES_MS = {
  answer: [2_000, 6_000],
  turnout: [4_000, 10_000],
  scene: [15_000, 30_000],
  handover: [10_000, 20_000],
} as const

export class Crew {
  readonly client: DriverClient
  readonly #settings: CrewSettings
  #vehicle: Vehicle | null = null
  #ticks: ReturnType<typeof setInterval> | undefined
  #tripId: string | null = null
  /** The trip taken from it that it has said it knows of. */
  #takenTripId: string | null = null
  #next: Step | null = null

  constructor(settings: CrewSettings) {
    const { url, region, unitId, token, onLost } = settings
    this.#settings = settings
    // Where the engine is away for a while, the client comes back by itself.
    const warn = () => undefined
    this.client = connect({ url, region, role: 'driver', unitId, token, warn })
    this.client.onOffer((offer, trip) => {
      const place = { lonDeg: trip.lonE7 / 1e7, latDeg: trip.latE7 / 1e7 }
      this.#after('answer', () => this.#answer(offer.offerId, trip.tripId, place))
    })
    this.client.onState(({ unit }) => {
      const { takenTripId } = unit
      if (takenTripId === null || takenTripId === this.#takenTripId) return
      this.#takenTripId = takenTripId
      // What it knows already, or cannot say any more, is no fault of a demonstration.
      void this.client.acknowledgeStandDown(takenTripId).catch(() => undefined)
    })
    this.client.onTripEnded(({ tripId }) => {
      if (tripId === this.#tripId) this.#leave()
    })
    this.client.onClosed(end => {
      clearInterval(this.#ticks)
      if (end.reason !== 'closed') onLost(end)
    })
  }

  /** Resolves when the crew is on duty and drives. Errors: ClientClosed, CommandRefused. */
  async start(): Promise<void> {
    await this.client.opened()
    await this.client.signOn()
    this.#vehicle = new Vehicle(this.#settings.city, this.#settings.random, this.client.regionNowMs())
    this.#tick(this.#vehicle)
    this.#ticks = setInterval(() => this.#tick(this.#vehicle!), TICK_MS)
  }

  close(): void {
    this.client.close()
  }

  #tick(vehicle: Vehicle): void {
    const nowMs = this.client.regionNowMs()
    vehicle.move(nowMs)
    this.client.report(vehicle.fix)
    if (this.#next === null && this.#tripId === null) vehicle.roam()
    // The desk has taken its trip at the scene.
    if (this.#next === null && this.client.driver?.unit.status === 'standing-down')
      this.#after('answer', () => this.client.becomeAvailable())
    const next = this.#next
    if (next === null || (next.atMs === null ? !vehicle.hasArrived : nowMs < next.atMs)) return
    this.#next = null
    next.run().catch(error => {
      if (error instanceof ClientClosed) return
      // The desk was quicker: the trip was taken back, or the offer is over.
      if (error instanceof CommandRefused) return this.#leave()
      this.#settings.onLost(error)
    })
  }

  async #answer(offerId: string, tripId: string, place: Position): Promise<void> {
    if (this.#settings.random() < DECLINED_SHARE) {
      await this.client.declineOffer(offerId, 'too-far')
      return
    }
    this.#tripId = tripId
    this.#vehicle!.stop()
    await this.client.acceptOffer(offerId)
    this.#after('turnout', () => this.#driveTo(place, 'en-route', () => this.#treat(tripId)))
  }

  async #treat(tripId: string): Promise<void> {
    await this.client.reportPhase(tripId, 'on-scene')
    this.#after('scene', async () => {
      const hospital = (await this.#nameHospital(tripId)) ?? this.#settings.city.hospitalFrom(this.#vehicle!.place)
      await this.#driveTo(hospital, 'transporting', () => this.#deliver(tripId))
    })
  }

  /** The one that is reached first, which the desk is told. Null where nobody knows any, or not just now. */
  async #nameHospital(tripId: string): Promise<Position | null> {
    try {
      const { result } = await this.client.bestDestinations({ tripId }, { k: 1 })
      const [first] = result.destinations
      if (first === undefined) return null
      await this.client.nameDestination(tripId, first.hospitalId)
      return { lonDeg: first.lonE7 / 1e7, latDeg: first.latE7 / 1e7 }
    } catch (error) {
      if (error instanceof CommandRefused) return null
      throw error
    }
  }

  async #deliver(tripId: string): Promise<void> {
    await this.client.reportPhase(tripId, 'at-destination')
    this.#after('handover', () => this.client.closeTrip(tripId, 'transported'))
  }

  async #driveTo(place: Position, phase: 'en-route' | 'transporting', run: Step['run']): Promise<void> {
    await this.client.reportPhase(this.#tripId!, phase)
    this.#vehicle!.driveTo(place)
    this.#next = { atMs: null, run }
  }

  #after(pause: keyof typeof PAUSES_MS, run: Step['run']): void {
    const [shortest, longest] = PAUSES_MS[pause]
    const atMs = this.client.regionNowMs() + shortest + (longest - shortest) * this.#settings.random()
    this.#next = { atMs, run }
  }

  #leave(): void {
    this.#tripId = null
    this.#next = null
    this.#vehicle?.stop()
  }
}
