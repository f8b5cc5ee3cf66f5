/** An assignment by hand: a dispatcher gives a trip to a unit of their own choice, whatever the desk would have chosen. */
import { accepted, type Decision } from '../decision.ts'
import { type DriverState, revokedOffer, unitRetired, whyNotFit } from '../driver.ts'
import type { DomainEvent } from '../events.ts'
import type { OfferId } from '../ids.ts'
import type { Policy, StandingPolicy } from '../policy.ts'
import { overrideAssignment, type TripState } from '../trip.ts'
import type { OverrideReason } from '../vocabulary.ts'
import type { Presence } from './eligibility.ts'
import { offerMade } from './offers.ts'
import { decisionOf, seenAt } from './ranking.ts'

/**
 * The trip leaves whoever has it, and the unit whatever it is asked for; the order follows (`orderedByHand`) in the same
 * record. Nothing happens where the unit has the trip already.
 *
 * Input: `isRetiring`, the service has given the unit up, and it is retired as soon as it is free.
 */
export function givenByHand(
  trip: TripState,
  driver: DriverState,
  reason: OverrideReason,
  isRetiring: boolean,
): Decision {
  const decision = overrideAssignment(trip, driver.unitId, reason)
  if (!decision.ok) return decision
  const hasIt = driver.work?.tripId === trip.tripId
  // What it has it may finish; it gets nothing new.
  if (isRetiring && !hasIt) return unitRetired(driver)
  const refusal = whyNotFit(driver, trip.tripId)
  if (refusal !== null) return { ok: false, refusal }
  if (decision.events.length === 0 || hasIt) return decision
  return accepted(...revokedOffer(driver, 'overridden'), ...decision.events)
}

/** The order to the unit, which binds it in every mode: the dispatcher has decided, the crew is not asked. */
export function orderedByHand(
  trip: TripState,
  driver: DriverState,
  { fix }: Presence,
  offerId: OfferId,
  policy: StandingPolicy,
  nowMs: number,
): DomainEvent {
  const seen = fix === null ? [] : [seenAt(driver, fix, trip, nowMs)]
  const ordered: Policy = { ...policy, mode: 'ordered' }
  return offerMade(trip, driver.unitId, offerId, trip.round, decisionOf(seen, {}, policy), ordered, nowMs)
}
