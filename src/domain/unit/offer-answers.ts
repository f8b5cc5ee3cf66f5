/** What becomes of the offer that a unit holds: it is taken, or taken back. */

import { refused } from '../../base/result.ts'
import { accepted, type Decision } from '../decision.ts'
import { tripKey } from '../entity.ts'
import { BY_DESK, type Caused, type momentOf } from '../events/event.ts'
import type { OfferRevoked, RevokeReason } from '../events/trip-events.ts'
import type { DomainEvent } from '../events.ts'
import type { OfferId } from '../ids.ts'
import { doubtful } from '../trip/plausible.ts'
import { responseOf } from '../trip/response.ts'
import { isEnded, type Offer, type TripState } from '../trip/trip.ts'
import { notToBeTaken } from '../trip/trip-refusals.ts'
import type { DriverState } from './driver.ts'

/** The crew takes the trip: binds driver and trip, or neither. */
export function acceptOffer(
  driver: DriverState,
  trip: TripState | undefined,
  offerId: OfferId,
  moment: ReturnType<typeof momentOf>,
): Decision {
  if (driver.work?.offerId !== offerId || trip?.offer?.offerId !== offerId) return unknownOffer(offerId)
  return accepted(...taken(trip, trip.offer, moment))
}

/**
 * The crew takes its order or offer by voice, and the dispatcher who heard it says so. Nothing where the unit has the trip
 * already.
 */
export function confirmOrder(trip: TripState, moment: ReturnType<typeof momentOf>): Decision {
  if (trip.phase === 'pending' || isEnded(trip)) return notToBeTaken(trip)
  return accepted(...(trip.offer === null ? [] : taken(trip, trip.offer, moment, BY_DESK)))
}

function taken(
  trip: TripState,
  { offerId, unitId, offeredAtMs, byVoice }: Offer,
  moment: ReturnType<typeof momentOf>,
  by: Caused = {},
): DomainEvent[] {
  const { tripId, callId } = trip
  const base = { v: 1, entity: tripKey(tripId), tripId, offerId, unitId } as const
  // Only a person could tell its crew, at that moment at the latest.
  const notifiedAtMs = Math.max(offeredAtMs, moment.happenedAtMs)
  const doubt = doubtful(responseOf(trip, unitId), 'acknowledged', moment.happenedAtMs)
  return [
    ...(byVoice === true ? [{ type: 'UnitNotified', ...base, callId, notifiedAtMs, ...BY_DESK } as const] : []),
    { type: 'OfferAccepted', ...base, ...moment, ...doubt, ...by },
  ]
}

/** The event that takes an unanswered offer back from a unit; none when it holds none. */
export function revokedOffer(driver: DriverState, reason: RevokeReason): OfferRevoked[] {
  const work = driver.work
  if (work === null || work.offerId === null) return []
  const entity = tripKey(work.tripId)
  const { tripId, offerId } = { tripId: work.tripId, offerId: work.offerId }
  return [{ type: 'OfferRevoked', v: 1, entity, tripId, offerId, unitId: driver.unitId, reason }]
}

/** Refuses what was said of an offer that the unit does not hold. */
export function unknownOffer(offerId: OfferId): Decision {
  return refused(
    'unknown-offer',
    'This offer is no longer open to the unit; the latest unit-state shows the offer that is.',
    {
      offerId,
    },
  )
}
