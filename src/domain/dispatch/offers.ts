/** An offer's terms, and its end when nobody answers. */
import { severityOf } from '../alarms.ts'
import { tripKey } from '../entity.ts'
import type { DecisionRecord } from '../events/decision-record.ts'
import type { DomainEvent } from '../events.ts'
import type { OfferId, UnitId } from '../ids.ts'
import type { Policy } from '../policy.ts'
import type { TripState } from '../trip/trip.ts'
import type { DriverState } from '../unit/driver.ts'
import { alarmRaised, unitAlarm } from './alarms.ts'

/** Who is asked, and how. */
interface Asked {
  readonly unitId: UnitId
  readonly offerId: OfferId
  readonly round: number
  /** The unit's app is away, so a dispatcher has to tell its crew, who decides nothing: in every mode that is an order. */
  readonly isByVoice: boolean
}

export function offerMade(
  trip: TripState,
  { unitId, offerId, round, isByVoice }: Asked,
  decision: DecisionRecord,
  policy: Policy,
  nowMs: number,
): DomainEvent[] {
  const { tripId, priority } = trip
  const isOrdered = isByVoice || policy.mode === 'ordered'
  const timeoutMs = isByVoice
    ? policy.voiceTimeoutMs
    : (isOrdered ? policy.orderTimeoutMs : policy.offerTimeoutMs)[priority]
  const offer: DomainEvent = {
    type: 'OfferMade',
    v: 1,
    entity: tripKey(tripId),
    tripId,
    offerId,
    unitId,
    mode: isOrdered ? 'ordered' : 'offered',
    round,
    offeredAtMs: nowMs,
    // Of an order by voice the desk is told at once.
    warnAtMs: isOrdered && !isByVoice ? nowMs + policy.orderWarnMs[priority] : null,
    deadlineAtMs: nowMs + timeoutMs,
    decision,
    ...(isByVoice ? { byVoice: true as const } : {}),
  }
  return isByVoice ? [offer, ...alarmRaised(trip, 'voice-order', unitId)] : [offer]
}

/**
 * Nobody has answered. The desk has to find out about the unit, by radio, a second channel or a supervisor, so its silence is
 * an alarm as urgent as the trip; one that stands is enough. Input: the unit, undefined where nothing can be recorded of it.
 */
export function offerTimedOut(trip: TripState, driver: DriverState | undefined): DomainEvent[] {
  const offer = trip.offer
  if (offer === null) return []
  const { offerId, unitId } = offer
  const entity = tripKey(trip.tripId)
  const timedOut = { v: 1, entity, tripId: trip.tripId, offerId, unitId, noContact: true } as const
  const isKnown = driver === undefined || driver.noContact !== undefined
  return [
    { type: 'OfferTimedOut', ...timedOut },
    ...(isKnown ? [] : unitAlarm(driver, 'no-contact', severityOf('no-contact', trip.priority), trip.tripId)),
    ...(trip.insistedUnitId === unitId ? backToDispatcher(trip, unitId) : []),
  ]
}

/** A dispatcher chose the unit, so who goes instead is that dispatcher's to say as well, and no choice of the desk. */
function backToDispatcher(trip: TripState, unitId: UnitId): DomainEvent[] {
  const { tripId, insistedBy: by = null } = trip
  const held = { v: 1, entity: tripKey(tripId), tripId, why: 'order-unanswered', by } as const
  return [{ type: 'TripPutOnHold', ...held }, ...alarmRaised(trip, 'order-unanswered', unitId)]
}
