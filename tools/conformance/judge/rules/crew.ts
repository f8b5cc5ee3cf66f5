/** A crew's buttons: only about offers and trips that it was told of, forward only, and not against what it knows. */
import type { DriverView, Message, Rules } from '../connection.ts'
import type { Protocol } from '../protocol.ts'
import type { Verdicts } from '../verdicts.ts'

/** What was told so long ago the crew has seen; what came later may have crossed its button. */
const SEEN_AFTER_MS = 2_000

export class Crew implements Rules {
  readonly #verdicts: Verdicts
  readonly #phases: readonly string[]
  readonly #aheadMs: number
  readonly #behindMs: number
  /** Mode by offer. */
  readonly #offers = new Map<string, string>()
  readonly #trips = new Set<string>()
  readonly #taken = new Set<string>()
  readonly #ids = new Set<string>()
  #view: DriverView | null = null
  #viewAtMs = 0

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#verdicts = verdicts
    this.#phases = protocol.catalogue.words.tripPhase!
    this.#aheadMs = protocol.catalogue.limits.aheadMs!
    this.#behindMs = protocol.catalogue.limits.behindMs!
  }

  onServer({ connection, type, fields, atMs }: Message): void {
    if (connection.role !== 'driver') return
    if (type === 'welcome' && connection.welcome!.driver !== null) this.#see(connection.welcome!.driver, atMs)
    if (type === 'unit-state') this.#see(fields[1] as DriverView, atMs)
  }

  onClient(message: Message): void {
    const { connection, type, fields, line } = message
    if (connection.role !== 'driver') return
    const id = String(fields[0])
    if (type === 'fix' || type === 'hint' || type === 'mark' || type === 'hello' || this.#ids.has(id)) return
    this.#ids.add(id)
    this.#lookAtMoment(message)
    const subject = fields[1] as string
    switch (type) {
      case 'accept-offer':
        if (!this.#offers.has(subject))
          return this.#verdicts.client('OF-4', line, `the offer ${subject} was never told to this unit`)
        this.#taken.add(subject)
        return this.#verdicts.kept('OF-4')
      case 'decline-offer': {
        const mode = this.#offers.get(subject)
        if (mode === undefined)
          return this.#verdicts.client('OF-4', line, `the offer ${subject} was never told to this unit`)
        if (mode === 'ordered') return this.#verdicts.client('OF-5', line, 'an order can only be acknowledged')
        return this.#verdicts.kept('OF-5')
      }
      case 'report-phase':
      case 'close-trip':
        return this.#lookAtTrip(message, subject)
      case 'sign-off':
        return this.#lookAtBound(message, 'OF-2')
      case 'set-status':
        return this.#lookAtBound(message, 'OF-3')
    }
  }

  #see(view: DriverView, atMs: number): void {
    const { trip } = view
    if (trip !== null) {
      this.#trips.add(trip.tripId)
      if (trip.offer !== null) this.#offers.set(trip.offer.offerId, trip.offer.mode)
    }
    this.#view = view
    this.#viewAtMs = atMs
  }

  #lookAtTrip({ type, fields, line, atMs }: Message, tripId: string): void {
    if (!this.#trips.has(tripId))
      return this.#verdicts.client('OF-9', line, `the trip ${tripId} was never told to this unit`)
    this.#verdicts.kept('OF-9')
    const trip = this.#view?.trip
    if (trip?.tripId !== tripId || atMs - this.#viewAtMs < SEEN_AFTER_MS) return
    if (trip.offer !== null && !this.#taken.has(trip.offer.offerId)) {
      return this.#verdicts.client(
        'OF-7',
        line,
        `${type} of a trip whose offer was not answered: accept-offer comes first`,
      )
    }
    if (type !== 'report-phase') return
    const phase = fields[2] as string
    if (this.#phases.indexOf(phase) > this.#phases.indexOf(trip.phase)) return this.#verdicts.kept('OF-7')
    this.#verdicts.client('OF-7', line, `${phase}, where the trip is ${trip.phase} already: buttons go forward only`)
  }

  #lookAtBound({ type, line, atMs }: Message, rule: string): void {
    const trip = this.#view?.trip
    const isBound = trip != null && trip.unitId === this.#view!.unit.unitId
    if (isBound && atMs - this.#viewAtMs >= SEEN_AFTER_MS) {
      this.#verdicts.client(rule, line, `${type} while the unit has the trip ${trip.tripId}`)
    } else if (!isBound) this.#verdicts.kept(rule)
  }

  /** A moment in seconds, or of a wrong clock, refuses nothing and makes wrong times. */
  #lookAtMoment({ connection, type, fields, line, atMs }: Message): void {
    const last = ['sign-on', 'sign-off'].includes(type) ? fields[1] : type === 'accept-offer' ? fields[2] : fields[3]
    if (typeof last !== 'number') return
    const offMs = last - connection.regionMs(atMs)!
    if (offMs <= this.#aheadMs * connection.clock!.rate && offMs >= -this.#behindMs) return this.#verdicts.kept('TM-2')
    this.#verdicts.client(
      'TM-2',
      line,
      `happenedAtMs of ${type} lies ${Math.round(offMs / 1_000)} s from region time, and is taken as now`,
    )
  }
}
