/**
 * When each unit could be told of its order or offer: once the record of the offer was stored.
 *
 * No record can say when it itself was stored, and one more for each offer would double what the log takes for it. So the
 * moment is kept in memory and goes along with the next record of the trip: the answer, most often. A start has lost the
 * moments that no record had yet; then that is what is recorded.
 */
import { tripKey } from '../../domain/entity.ts'
import type { OfferId, TripId } from '../../domain/ids.ts'
import { untoldOffer } from '../../domain/trip/response.ts'
import { isEnded, type TripState } from '../../domain/trip/trip.ts'
import type { TurnFollower, TurnStep } from './followers.ts'
import type { Turn } from './turn.ts'

interface Notice {
  readonly offerId: OfferId
  /** Null: before this start. */
  readonly atMs: number | null
}

interface NoticesPorts {
  readonly trip: (tripId: TripId) => TripState | undefined
  readonly nowMs: () => number
}

export class Notices implements TurnStep, TurnFollower {
  readonly #ports: NoticesPorts
  /** One for each trip at most that has not ended. */
  readonly #untold = new Map<TripId, Notice>()

  constructor(ports: NoticesPorts) {
    this.#ports = ports
  }

  /** A trip that a start has found. */
  recover(trip: TripState): void {
    const response = untoldOffer(trip)
    if (response !== undefined) this.#untold.set(trip.tripId, { offerId: response.offerId, atMs: null })
  }

  extend(turn: Turn): void {
    if (this.#untold.size === 0) return
    for (const { tripId, callId } of [...turn.trips.values()]) {
      const notice = this.#untold.get(tripId)
      if (notice === undefined || turn.isHeld(tripKey(tripId))) continue
      const { offerId, atMs: notifiedAtMs } = notice
      const unitId = this.#ports.trip(tripId)?.responses.find(response => response.offerId === offerId)?.unitId
      if (unitId === undefined) continue
      const told = { tripId, callId, offerId, unitId, notifiedAtMs }
      turn.record([{ type: 'UnitNotified', v: 1, entity: tripKey(tripId), ...told }])
    }
  }

  committed(turn: Turn): void {
    for (const tripId of turn.trips.keys()) this.#untold.delete(tripId)
  }

  stored(turn: Turn): void {
    for (const event of turn.events) {
      if (event.type !== 'OfferMade') continue
      const { tripId, offerId, offeredAtMs } = event
      const trip = this.#ports.trip(tripId)
      // It may have been taken back already: then nobody was told of it.
      if (trip === undefined || isEnded(trip) || untoldOffer(trip)?.offerId !== offerId) continue
      this.#untold.set(tripId, { offerId, atMs: Math.max(this.#ports.nowMs(), offeredAtMs) })
    }
  }
}
