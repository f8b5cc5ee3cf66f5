/**
 * What may happen by itself: deadlines derived from states, and the turns that run when one has come.
 *
 * A deadline carries no truth of its own. When it fires the states are looked at again, so one that is outdated does
 * nothing, and after a restart all of them are derived anew.
 */
import { alarmRaised } from '../../domain/dispatch/alarms.ts'
import { noMovementAtMs } from '../../domain/dispatch/deadlines.ts'
import type { Presence } from '../../domain/dispatch/eligibility.ts'
import { offerTimedOut } from '../../domain/dispatch/offers.ts'
import { nextRoundAtMs } from '../../domain/dispatch/rounds.ts'
import { revokedOffer } from '../../domain/driver.ts'
import type { OfferId, TripId, UnitId } from '../../domain/ids.ts'
import { isLost, overAtMs, type Policy } from '../../domain/policy.ts'
import type { TripState } from '../../domain/trip.ts'
import type { Turn } from './turn.ts'

interface OfferDeadline {
  readonly kind: 'offer-warning' | 'offer-timeout' | 'position-lost'
  readonly tripId: TripId
  readonly offerId: OfferId
}
export type Deadline =
  | OfferDeadline
  | { readonly kind: 'no-movement'; readonly tripId: TripId }
  | { readonly kind: 'next-round'; readonly tripId: TripId }
  | { readonly kind: 'disconnect-grace'; readonly unitId: UnitId }

export interface Due {
  readonly dueMs: number
  readonly deadline: Deadline
}

/** The id under which a deadline's record stands in the log, derived from its cause. */
export function deadlineId(deadline: Deadline): string {
  if ('offerId' in deadline) return `${deadline.kind}:${deadline.offerId}`
  return `${deadline.kind}:${'tripId' in deadline ? deadline.tripId : deadline.unitId}`
}

/**
 * Every moment at which something may have to happen to this trip as it now stands. The crew's time to answer an offer
 * runs `offerPutOffMs` later than the event says.
 */
export function deadlinesOf(
  trip: TripState,
  policy: Policy,
  presence: (unitId: UnitId) => Presence,
  nowMs: number,
  offerPutOffMs = 0,
): Due[] {
  const { tripId, offer } = trip
  if (trip.phase === 'offered' && offer !== null) {
    const { offerId } = offer
    const timeoutMs = offer.deadlineAtMs + offerPutOffMs
    const dues: Due[] = [{ dueMs: timeoutMs, deadline: { kind: 'offer-timeout', tripId, offerId } }]
    if (offer.warnAtMs !== null && !trip.alarms.includes('unacknowledged')) {
      dues.push({ dueMs: offer.warnAtMs + offerPutOffMs, deadline: { kind: 'offer-warning', tripId, offerId } })
    }
    if (trip.insistedUnitId === offer.unitId) return dues
    const lostAtMs = overAtMs(presence(offer.unitId).fix?.fixedAtMs ?? 0, policy.lostAfterMs, nowMs)
    if (lostAtMs < timeoutMs) {
      dues.push({ dueMs: lostAtMs, deadline: { kind: 'position-lost', tripId, offerId } })
    }
    return dues
  }
  const noMovementMs = noMovementAtMs(trip, policy, nowMs)
  if (noMovementMs !== null) return [{ dueMs: noMovementMs, deadline: { kind: 'no-movement', tripId } }]
  const nextRoundMs = trip.phase === 'pending' ? nextRoundAtMs(trip, policy, nowMs) : null
  return nextRoundMs === null ? [] : [{ dueMs: nextRoundMs, deadline: { kind: 'next-round', tripId } }]
}

/** A deadline has come: records what follows from it, if the states still say so. */
export function runDeadline(
  turn: Turn,
  deadline: Deadline,
  policy: Policy,
  disconnectGraceMs: number,
  presence: (unitId: UnitId) => Presence,
): void {
  if (deadline.kind === 'disconnect-grace') {
    const since = presence(deadline.unitId).disconnectedSinceMs
    const driver = turn.driver(deadline.unitId)
    if (driver === undefined || since === null || turn.nowMs - since < disconnectGraceMs) return
    const trip = driver.work === null || driver.work.offerId !== null ? undefined : turn.trip(driver.work.tripId)
    // A trip on its way is not taken from a crew that lost its connection, but the desk must know.
    if (trip !== undefined) return turn.record(alarmRaised(trip, 'unit-lost', driver.unitId))
    const asked = driver.work === null ? undefined : turn.trip(driver.work.tripId)
    // A dispatcher who gave the trip to this unit knows how to reach it.
    if (asked?.insistedUnitId === driver.unitId) return
    return turn.record(revokedOffer(driver, 'unit-disconnected'))
  }
  const trip = turn.trip(deadline.tripId)
  if (trip === undefined) return
  if (deadline.kind === 'next-round') {
    turn.deskAsked = trip.phase === 'pending'
    return
  }
  if (deadline.kind === 'no-movement') {
    const dueMs = noMovementAtMs(trip, policy, turn.nowMs)
    if (dueMs !== null && turn.nowMs >= dueMs) turn.record(alarmRaised(trip, 'no-movement', trip.unitId))
    return
  }
  const offer = trip.offer
  if (offer === null || offer.offerId !== deadline.offerId) return
  if (deadline.kind === 'offer-timeout') return turn.record(offerTimedOut(trip))
  if (deadline.kind === 'offer-warning') return turn.record(alarmRaised(trip, 'unacknowledged', offer.unitId))
  const driver = turn.driver(offer.unitId)
  const fixedAtMs = presence(offer.unitId).fix?.fixedAtMs ?? 0
  if (driver !== undefined && isLost(turn.nowMs - fixedAtMs, policy)) {
    turn.record(revokedOffer(driver, 'position-lost'))
  }
}
