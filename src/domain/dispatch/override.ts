/** An assignment by hand: a dispatcher gives a trip to a unit of their own choice, whatever the desk would have chosen. */
import type { Refusal } from '../../base/refusal.ts'
import { refused } from '../../base/result.ts'
import type { WithdrawUnit } from '../commands.ts'
import { accepted, type Decision } from '../decision.ts'
import type { Need } from '../events/call-events.ts'
import { BY_DESK } from '../events/event.ts'
import type { DomainEvent } from '../events.ts'
import type { OfferId, Principal, TripId } from '../ids.ts'
import type { StandingPolicy } from '../policy.ts'
import { leaving, type TripState } from '../trip/trip.ts'
import { overrideAssignment, withdrawUnit } from '../trip/trip-desk.ts'
import { unitRetired } from '../unit/crew-duty.ts'
import { type DriverState, isBound } from '../unit/driver.ts'
import { revokedOffer } from '../unit/offer-answers.ts'
import type { DivertReason, OverrideReason } from '../vocabulary.ts'
import { exclusionOf, isByVoice, type Presence, type Verdict } from './eligibility.ts'
import { takenOut } from './given-back.ts'
import { lossOf } from './help.ts'
import { offerMade } from './offers.ts'
import { decisionOf, type Seen } from './ranking.ts'

/**
 * The trip leaves whoever has it, and the unit whatever it is asked for; the order follows (`orderedByHand`) in the same
 * record. Nothing happens where the unit has the trip already.
 *
 * Input: the unit that has the trip or is asked for it, null where it is none that can be told anything; `isRetiring`, the
 * service has given the chosen unit up, and it is retired as soon as it is free.
 */
export function givenByHand(
  trip: TripState,
  former: DriverState | null,
  driver: DriverState,
  reason: OverrideReason,
  by: Principal,
  isRetiring: boolean,
  nowMs: number,
): Decision {
  const decision = overrideAssignment(trip, driver.unitId, reason, by)
  if (!decision.ok) return decision
  const hasIt = driver.work?.tripId === trip.tripId
  // What it has it may finish; it gets nothing new.
  if (isRetiring && !hasIt) return unitRetired(driver)
  const refusal = whyNotFit(driver, trip.tripId)
  if (refusal !== null) return { ok: false, refusal }
  if (decision.events.length === 0 || hasIt) return decision
  // What was taken from the chosen unit itself is ordered to it again.
  const out = former === null || former.unitId === driver.unitId ? [] : takenOut(former, reason, nowMs, BY_DESK)
  return accepted(...revokedOffer(driver, 'overridden'), ...decision.events, ...out)
}

/**
 * Why a dispatcher cannot give a trip to this unit, as it is; null when they can. Level of care, distance, connection and
 * position are theirs to judge; an unanswered offer of another trip that binds nobody yields.
 */
export function whyNotFit(driver: DriverState, tripId: TripId): Refusal | null {
  const hasOther = isBound(driver) && driver.work?.tripId !== tripId
  const { standingDown } = driver
  if (driver.crew !== null && driver.unavailableReason === null && !hasOther && standingDown === undefined) return null
  const what =
    driver.crew === null
      ? 'has no crew: let a crew sign on first'
      : hasOther
        ? `has trip ${driver.work?.tripId}: withdraw the unit from that trip first`
        : standingDown !== undefined
          ? `stands down from trip ${standingDown}: let its crew say that it is clear, or set the unit available for it`
          : `is unavailable (${driver.unavailableReason}): set the unit available first`
  return {
    code: 'unit-not-fit',
    message: `Unit ${driver.callSign} ${what}, or choose another unit.`,
    details: { unitId: driver.unitId, status: driver.status, tripId: driver.work?.tripId ?? null },
  }
}

/**
 * A dispatcher sends a unit from the trip that it has to another one, in one record: nothing slips in between. The former trip is
 * in the queue again; the order to the unit follows. Only before the scene: from there on a unit has to be clear first.
 *
 * Input: as `givenByHand`, `trip` being the one that the unit goes to; `unit`, that of the trip `from`, null when it has none.
 */
export function divertedByHand(
  from: TripState,
  trip: TripState,
  former: DriverState | null,
  unit: DriverState | null,
  reason: DivertReason,
  by: Principal,
  isRetiring: boolean,
  nowMs: number,
): Decision {
  const taken = withdrawUnit(from, { type: 'withdraw-unit', tripId: from.tripId, reason })
  if (!taken.ok) return taken
  const { tripId, phase } = from
  if (unit === null)
    return refused('unit-not-fit', `The unit of trip ${tripId} is held; let it go on first.`, { tripId })
  if (leaving(from).standsDown === true) {
    const what = `Unit ${unit.callSign} is ${phase} and may have begun with a patient; withdraw the unit, and give it the other trip once it is clear.`
    return refused('wrong-phase', what, { tripId, phase })
  }
  const given = givenByHand(trip, former, { ...unit, work: null, status: 'available' }, reason, by, isRetiring, nowMs)
  return given.ok ? accepted(...taken.events, ...given.events) : given
}

/** A dispatcher takes the trip back from the unit that has it. Input: that unit, as for `givenByHand`. */
export function withdrawnByHand(
  trip: TripState,
  former: DriverState | null,
  command: WithdrawUnit,
  nowMs: number,
): Decision {
  const decision = withdrawUnit(trip, command)
  if (!decision.ok || former === null) return decision
  return accepted(...decision.events, ...takenOut(former, command.reason, nowMs, BY_DESK))
}

/**
 * The order to the unit, which binds it in every mode: the dispatcher has decided, the crew is not asked. Its record says
 * who else could have gone, and why the desk would have passed over the chosen unit if it would.
 *
 * Input: `as`, the unit as it is seen, null where it has no position; `seen`, what the desk would have decided by; `verdict`, on the chosen unit; `needed`, what it may lose
 * something of.
 */
export function orderedByHand(
  trip: TripState,
  driver: DriverState,
  presence: Presence,
  as: Seen['candidates'][number] | null,
  seen: Seen,
  verdict: Verdict,
  needed: Need,
  offerId: OfferId,
  policy: StandingPolicy,
  graceMs: number,
  nowMs: number,
): DomainEvent[] {
  const { unitId } = driver
  const chosen = as === null ? [] : [as]
  const others = seen.candidates.filter(candidate => candidate.unitId !== unitId)
  const passedOver = seen.passedOver.filter(unit => unit.unitId !== unitId)
  const candidates = [...chosen, ...others].slice(0, policy.candidatesRecorded)
  const loss = lossOf(driver, needed)
  // It was kept for just this.
  const against = verdict.reason === 'withdrawn' ? null : exclusionOf(verdict)
  const decision = decisionOf({ ...seen, candidates, passedOver }, policy, against, loss)
  const asked = { unitId, offerId, round: trip.round, isByVoice: isByVoice(driver, presence, graceMs, nowMs) }
  return offerMade(trip, asked, decision, { ...policy, mode: 'ordered' }, nowMs)
}
