/** A unit that gives a trip back, or loses it: what that says of the unit itself. */
import { refused } from '../../base/result.ts'
import type { DeclineOffer } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import { driverKey, tripKey } from '../entity.ts'
import type { Caused } from '../events/event.ts'
import type { DomainEvent } from '../events.ts'
import type { DriverState } from '../unit/driver.ts'
import { unknownOffer } from '../unit/offer-answers.ts'
import { type DeclineReason, type OverrideReason, UNFIT_REASONS, type UnfitReason } from '../vocabulary.ts'

/**
 * The event behind the one in which a unit declined or lost a trip: where the reason speaks of the unit or its crew, not of
 * the trip, nobody must be sent with it before crew or desk say otherwise. None for other reasons.
 */
export function takenOut(
  { unitId, crew }: DriverState,
  reason: DeclineReason | OverrideReason,
  happenedAtMs: number,
  by: Caused = {},
): DomainEvent[] {
  if (crew === null || !isUnfit(reason)) return []
  return [{ type: 'UnitBecameUnavailable', v: 1, entity: driverKey(unitId), unitId, reason, happenedAtMs, ...by }]
}

const isUnfit = (reason: string): reason is UnfitReason => (UNFIT_REASONS as readonly string[]).includes(reason)

/** The crew says no to an offer. An order can only be acknowledged. */
export function declineOffer(driver: DriverState, command: DeclineOffer, nowMs: number): Decision {
  const work = driver.work
  if (work === null || work.offerId !== command.offerId) return unknownOffer(command.offerId)
  if (work.mode === 'ordered') {
    return refused(
      'not-declinable',
      'An order cannot be declined; acknowledge the order, or ask a dispatcher to take it back.',
      {
        offerId: command.offerId,
      },
    )
  }
  const { offerId, reason } = command
  const { tripId } = work
  const declined = { v: 1, entity: tripKey(tripId), tripId, offerId, unitId: driver.unitId, reason } as const
  return accepted({ type: 'OfferDeclined', ...declined }, ...takenOut(driver, reason, nowMs))
}
