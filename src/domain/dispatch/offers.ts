/** An offer's terms, and its end when nobody answers. */
import { tripKey } from '../entity.ts'
import type { DecisionRecord } from '../events/decision-record.ts'
import type { DomainEvent } from '../events.ts'
import type { OfferId, UnitId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import type { TripState } from '../trip/trip.ts'

export function offerMade(
  trip: TripState,
  unitId: UnitId,
  offerId: OfferId,
  round: number,
  decision: DecisionRecord,
  policy: Policy,
  nowMs: number,
): DomainEvent {
  const ordered = policy.mode === 'ordered'
  const timeoutMs = (ordered ? policy.orderTimeoutMs : policy.offerTimeoutMs)[trip.priority]
  return {
    type: 'OfferMade',
    v: 1,
    entity: tripKey(trip.tripId),
    tripId: trip.tripId,
    offerId,
    unitId,
    mode: policy.mode,
    round,
    offeredAtMs: nowMs,
    warnAtMs: ordered ? nowMs + policy.orderWarnMs[trip.priority] : null,
    deadlineAtMs: nowMs + timeoutMs,
    decision,
  }
}

export function offerTimedOut(trip: TripState): DomainEvent[] {
  const offer = trip.offer
  if (offer === null) return []
  const { offerId, unitId } = offer
  const entity = tripKey(trip.tripId)
  return [{ type: 'OfferTimedOut', v: 1, entity, tripId: trip.tripId, offerId, unitId, noContact: true }]
}
