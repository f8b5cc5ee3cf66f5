/**
 * What may happen by itself: deadlines derived from states, and what follows when one has come.
 *
 * A deadline carries no truth of its own. When it comes the states are looked at again, so one that is outdated does
 * nothing, and after a restart all of them are derived anew.
 */

import { zoneOver } from '../drawn-zones.ts'
import type { DomainEvent } from '../events.ts'
import type { AlarmId, OfferId, RegionId, TripId, UnitId, ZoneId } from '../ids.ts'
import { isLost, overAtMs, type Policy } from '../policy.ts'
import type { RegionState } from '../region-state.ts'
import { noMovementAtMs, pastEtaAtMs, wheelsCame } from '../trip/by-wheels.ts'
import { isEnded, isWaiting, type TripState, type UnitWheels } from '../trip/trip.ts'
import { CREW_BY_VOICE, type DriverState } from '../unit/driver.ts'
import { revokedOffer } from '../unit/offer-answers.ts'
import { alarmCleared, alarmRaised, silenceRaised } from './alarms.ts'
import type { Presence } from './eligibility.ts'
import { massLooked, massOf, type Silence, type SilenceSeen } from './mass-silence.ts'
import { offerTimedOut } from './offers.ts'
import { nextRoundAtMs } from './rounds.ts'
import { escalationsOf, type UnitDeadline, unanswered, unitDeadlineCame } from './unit-deadlines.ts'

interface OfferDeadline {
  readonly kind: 'offer-warning' | 'offer-timeout' | 'position-lost'
  readonly tripId: TripId
  readonly offerId: OfferId
}
export type Deadline =
  | OfferDeadline
  | { readonly kind: 'no-movement' | 'past-eta'; readonly tripId: TripId }
  /** The wheels of the unit that has a trip say something. */
  | { readonly kind: 'wheels'; readonly tripId: TripId }
  | { readonly kind: 'waiting-long'; readonly tripId: TripId }
  | { readonly kind: 'next-round'; readonly tripId: TripId }
  /** A unit that has a trip has not been heard of where it is, or has. */
  | { readonly kind: 'position-old' | 'position-back'; readonly tripId: TripId }
  | { readonly kind: 'alarm-unanswered'; readonly tripId: TripId; readonly alarmId: AlarmId }
  | RegionDeadline
  | UnitDeadline

/** What may happen to the region as a whole. */
export type RegionDeadline =
  | { readonly kind: 'mass-silence'; readonly regionId: RegionId; readonly silence: Silence }
  | { readonly kind: 'road-zone-over'; readonly regionId: RegionId; readonly zoneId: ZoneId }
  | { readonly kind: 'region-alarm-unanswered'; readonly regionId: RegionId; readonly alarmId: AlarmId }

export interface Due {
  readonly dueMs: number
  readonly deadline: Deadline
}

/** The id under which a deadline's record stands in the log, derived from its cause. */
export function deadlineId(deadline: Deadline): string {
  if ('offerId' in deadline) return `${deadline.kind}:${deadline.offerId}`
  if ('alarmId' in deadline) return `${deadline.kind}:${deadline.alarmId}`
  if ('zoneId' in deadline) return `${deadline.kind}:${deadline.zoneId}`
  if ('silence' in deadline) return `${deadline.kind}:${deadline.silence}`
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
  const dues: Due[] = escalationsOf(trip.openAlarms, policy, nowMs).map(({ dueMs, alarmId }) => ({
    dueMs,
    deadline: { kind: 'alarm-unanswered', tripId, alarmId },
  }))
  if (trip.phase === 'offered' && offer !== null) {
    const { offerId } = offer
    const timeoutMs = offer.deadlineAtMs + offerPutOffMs
    dues.push({ dueMs: timeoutMs, deadline: { kind: 'offer-timeout', tripId, offerId } })
    if (offer.warnAtMs !== null && !trip.alarms.includes('unacknowledged')) {
      dues.push({ dueMs: offer.warnAtMs + offerPutOffMs, deadline: { kind: 'offer-warning', tripId, offerId } })
    }
    // Whoever chose this unit knew of it, or a person has to reach the crew anyway.
    if (trip.insistedUnitId === offer.unitId || offer.byVoice === true || offer.despite === 'position-lost') return dues
    const lostAtMs = overAtMs(presence(offer.unitId).fix?.fixedAtMs ?? 0, policy.lostAfterMs, nowMs)
    if (lostAtMs < timeoutMs) {
      dues.push({ dueMs: lostAtMs, deadline: { kind: 'position-lost', tripId, offerId } })
    }
    return dues
  }
  const oldMs = positionOldAtMs(trip, policy, presence, nowMs)
  if (oldMs !== null) dues.push({ dueMs: oldMs, deadline: { kind: 'position-old', tripId } })
  const noMovementMs = noMovementAtMs(trip, policy, nowMs)
  if (noMovementMs !== null) dues.push({ dueMs: noMovementMs, deadline: { kind: 'no-movement', tripId } })
  const pastEtaMs = pastEtaAtMs(trip, policy, nowMs)
  if (pastEtaMs !== null) dues.push({ dueMs: pastEtaMs, deadline: { kind: 'past-eta', tripId } })
  const nextRoundMs = isWaiting(trip) ? nextRoundAtMs(trip, policy, nowMs) : null
  if (nextRoundMs !== null) dues.push({ dueMs: nextRoundMs, deadline: { kind: 'next-round', tripId } })
  const waitingLongMs = waitingLongAtMs(trip, policy, nowMs)
  if (waitingLongMs !== null) dues.push({ dueMs: waitingLongMs, deadline: { kind: 'waiting-long', tripId } })
  return dues
}

/**
 * When a trip that waits has waited so long that somebody has to triage it anew, by the response clock or since somebody last did; null while it does not
 * wait, and while the alarm stands.
 */
export function waitingLongAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  // Who helps another trip is waited for by that one's alarms.
  if (trip.phase !== 'pending' || trip.helps !== undefined || trip.alarms.includes('waiting-long')) return null
  return overAtMs(trip.triagedAtMs ?? trip.receivedAtMs, policy.waitAlarmMs[trip.priority], nowMs)
}

/**
 * When nobody knows any more where the unit is that has the trip; null for one whose place nobody ever knew, and while the
 * alarm stands.
 */
function positionOldAtMs(
  trip: TripState,
  { lostAfterMs }: Policy,
  presence: (unitId: UnitId) => Presence,
  nowMs: number,
): number | null {
  const { phase, unitId, alarms } = trip
  if (unitId === null || phase === 'offered' || isEnded(trip)) return null
  const { fix } = presence(unitId)
  return fix === null || alarms.includes('position-lost') ? null : overAtMs(fix.fixedAtMs, lostAfterMs, nowMs)
}

/** The states that a deadline is about, as they are when it comes. */
interface DeadlineStates {
  driver(unitId: UnitId): DriverState | undefined
  /** Whether the unit is in quarantine: nothing is recorded of its own. */
  isHeld(unitId: UnitId): boolean
  trip(tripId: TripId): TripState | undefined
  region(regionId: RegionId): RegionState | undefined
  presence(unitId: UnitId): Presence
  /** What the wheels of a unit that has a trip say; null while nobody watches them. */
  wheels(unitId: UnitId): UnitWheels | null
  /** How silent the fleet is. */
  silence(silence: Silence): SilenceSeen
}

/** What a deadline that has come leads to: events, or a look at the queue by the desk. */
export type DeadlineOutcome = readonly DomainEvent[] | 'match'

/** A deadline has come: what follows from it, if the states still say so. */
export function deadlineCame(
  deadline: Deadline,
  states: DeadlineStates,
  policy: Policy,
  disconnectGraceMs: number,
  nowMs: number,
): DeadlineOutcome {
  if ('unitId' in deadline) {
    if (deadline.kind === 'disconnect-grace') {
      return graceIsOver(deadline.unitId, states, policy, disconnectGraceMs, nowMs)
    }
    return unitDeadlineCame(deadline, states.driver(deadline.unitId), policy, nowMs)
  }
  if ('regionId' in deadline) return regionDeadlineCame(deadline, states, policy, disconnectGraceMs, nowMs)
  const trip = states.trip(deadline.tripId)
  if (trip === undefined) return []
  if (deadline.kind === 'next-round') return isWaiting(trip) ? 'match' : []
  if (deadline.kind === 'alarm-unanswered') return unanswered(trip.openAlarms, deadline.alarmId, policy, nowMs)
  if (deadline.kind === 'position-old') {
    const dueMs = positionOldAtMs(trip, policy, unitId => states.presence(unitId), nowMs)
    if (dueMs === null || nowMs < dueMs) return []
    const { fixedAtMs } = states.presence(trip.unitId!).fix!
    return (
      ofMass('position', fixedAtMs, states, policy, nowMs) ??
      silenceRaised(trip, 'position-lost', trip.unitId, fixedAtMs)
    )
  }
  if (deadline.kind === 'position-back') {
    const fix = trip.unitId === null ? null : states.presence(trip.unitId).fix
    const isBack = fix !== null && !isLost(nowMs - fix.fixedAtMs, policy)
    return isBack ? alarmCleared(trip, 'position-lost', trip.unitId) : []
  }
  if (deadline.kind === 'no-movement' || deadline.kind === 'past-eta' || deadline.kind === 'wheels') {
    return wayDeadlineCame(trip, deadline.kind, states, policy, nowMs)
  }
  if (deadline.kind === 'waiting-long') {
    const dueMs = waitingLongAtMs(trip, policy, nowMs)
    return dueMs !== null && nowMs >= dueMs ? alarmRaised(trip, 'waiting-long', null) : []
  }
  if (!('offerId' in deadline)) return []
  const offer = trip.offer
  if (offer === null || offer.offerId !== deadline.offerId) return []
  if (deadline.kind === 'offer-timeout') {
    return offerTimedOut(trip, states.isHeld(offer.unitId) ? undefined : states.driver(offer.unitId))
  }
  if (deadline.kind === 'offer-warning') return alarmRaised(trip, 'unacknowledged', offer.unitId)
  const driver = states.driver(offer.unitId)
  const fixedAtMs = states.presence(offer.unitId).fix?.fixedAtMs ?? 0
  return driver !== undefined && isLost(nowMs - fixedAtMs, policy) ? revokedOffer(driver, 'position-lost') : []
}

/** Of the way to the scene, and the places at its ends: by the wheels where somebody sees them, else by buttons and the clock. */
function wayDeadlineCame(
  trip: TripState,
  kind: 'no-movement' | 'past-eta' | 'wheels',
  states: DeadlineStates,
  policy: Policy,
  nowMs: number,
): readonly DomainEvent[] {
  const { unitId } = trip
  const wheels = unitId === null ? null : states.wheels(unitId)
  if (kind === 'wheels') {
    // Nothing is recorded of a unit in quarantine.
    return wheels === null || states.isHeld(unitId!) ? [] : wheelsCame(trip, wheels, policy, nowMs)
  }
  const dueMs = kind === 'no-movement' ? noMovementAtMs(trip, policy, nowMs) : pastEtaAtMs(trip, policy, nowMs)
  if (dueMs === null || nowMs < dueMs) return []
  const seen = kind === 'no-movement' ? wheels?.now.setOut?.seen : wheels?.now.atScene.seen
  return seen == null ? alarmRaised(trip, kind, unitId) : []
}

/** The unit has been away for as long as it may: an offer goes on to the next unit, of a trip on its way the desk is told. */
function graceIsOver(
  unitId: UnitId,
  states: DeadlineStates,
  policy: Policy,
  graceMs: number,
  nowMs: number,
): readonly DomainEvent[] {
  const since = states.presence(unitId).disconnectedSinceMs
  const driver = states.driver(unitId)
  if (driver === undefined || since === null || nowMs - since < graceMs) return []
  // A crew that has no app has not lost it.
  if (driver.crew === CREW_BY_VOICE) return []
  const mass = driver.crew === null ? null : ofMass('app', since, states, policy, nowMs)
  const trip = driver.work === null ? undefined : states.trip(driver.work.tripId)
  // A trip on its way is not taken from a crew that lost its connection, but the desk must know.
  if (trip !== undefined && driver.work?.offerId === null) return mass ?? silenceRaised(trip, 'app-lost', unitId, since)
  // A dispatcher who gave the trip to this unit, or has to tell its crew of it, knows how to reach it.
  if (trip?.insistedUnitId === unitId || trip?.offer?.byVoice === true) return mass ?? []
  return [...(mass ?? []), ...revokedOffer(driver, 'unit-disconnected')]
}

/** What the region records of a unit that is silent for so long that it is told of; null when it is on its own. */
function ofMass(
  silence: Silence,
  lastMs: number,
  states: DeadlineStates,
  policy: Policy,
  nowMs: number,
): readonly DomainEvent[] | null {
  return massOf(lastMs, states.silence(silence), policy, nowMs)
}

/** Somebody looks at the fleet as a whole: units that are silent and have no trip make no deadline of their own. */
function regionDeadlineCame(
  deadline: RegionDeadline,
  states: DeadlineStates,
  policy: Policy,
  graceMs: number,
  nowMs: number,
): readonly DomainEvent[] {
  if (deadline.kind === 'region-alarm-unanswered') {
    return unanswered(states.region(deadline.regionId)?.openAlarms ?? [], deadline.alarmId, policy, nowMs)
  }
  if (deadline.kind === 'road-zone-over') {
    const region = states.region(deadline.regionId)
    return region === undefined ? [] : zoneOver(region, deadline.zoneId, nowMs)
  }
  const { silence } = deadline
  const lastMs = nowMs - (silence === 'app' ? graceMs : policy.lostAfterMs)
  return massLooked(lastMs, states.silence(silence), policy, nowMs)
}
