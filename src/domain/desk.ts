/** The desk's pure rules: who waits first, what an offer's terms are, when a round may begin anew. */
import type { CallState } from './call.ts'
import { tripKey } from './entity.ts'
import type { DecisionRecord, DomainEvent, ExclusionReason, Need, TripAlarm } from './events.ts'
import type { PlacedFix } from './fix.ts'
import type { OfferId, UnitId } from './ids.ts'
import { isLost, overAtMs, type Policy } from './policy.ts'
import type { TripState } from './trip.ts'
import { type Capability, LEVELS_OF_CARE, type LevelOfCare } from './vocabulary.ts'

/**
 * Place of a pending trip in the queue, lower first: the call's age with a handicap for each step of priority.
 *
 * Priority decides among calls of about the same age; a call that has waited `ageingStepMs` longer for each step goes
 * first, so that nothing starves. The key never changes while the trip waits, so the queue needs no re-sorting. Among equal
 * keys `compareTurns` decides, as units stand when the trips are served.
 */
export function queueKey(trip: TripState, policy: Policy): number {
  return trip.receivedAtMs + (trip.priority - 1) * policy.ageingStepMs
}

/** What decides among trips of one rank in the queue; the lower goes first, part by part. */
export interface QueueTurn {
  /** So many units could serve the trip's need now. */
  readonly servers: number
  /** Position of the record that made the trip, and its place among the trips of its call. */
  readonly createdPosition: number
  readonly needIndex: number
}

/**
 * A trip's turn among those of its rank: the need that fewer units can serve goes first, or a unit that alone could serve it
 * is gone to a need that others could have served; then the older trip, then the order of the needs. Ids are random and
 * decide nothing. Input: its call, undefined where nothing is known of it.
 */
export function turnOf(trip: TripState, call: CallState | undefined, servers: number): QueueTurn {
  return { servers, createdPosition: trip.createdPosition, needIndex: call?.tripIds.indexOf(trip.tripId) ?? 0 }
}

/** Negative when `a` is served before `b`. */
export const compareTurns = (a: QueueTurn, b: QueueTurn): number => a.servers - b.servers || compareAges(a, b)

/** Negative when `a` was made before `b`. */
export const compareAges = (a: Omit<QueueTurn, 'servers'>, b: Omit<QueueTurn, 'servers'>): number =>
  a.createdPosition - b.createdPosition || a.needIndex - b.needIndex

/** Whether a unit may serve a need, by its level and its capabilities alone. */
export function fits(
  unit: { readonly levelOfCare: LevelOfCare; readonly capabilities: readonly Capability[] },
  need: Need,
): boolean {
  return (
    LEVELS_OF_CARE.indexOf(unit.levelOfCare) >= LEVELS_OF_CARE.indexOf(need.levelOfCare) &&
    need.capabilities.every(needed => unit.capabilities.includes(needed))
  )
}

/** What must be known of a unit beside its durable state, for the desk to send it. */
export interface Presence {
  /** Null while connected. */
  readonly disconnectedSinceMs: number | null
  /** The fix that places the unit; null without one. */
  readonly fix: PlacedFix | null
}

/** Why an available unit is not sent. */
export type PassedOver = Extract<ExclusionReason, 'disconnected' | 'no-position' | 'position-lost'>

/** The one verdict on an available unit, for offers and for who asks: why the desk does not send it now; null when it does. */
export function whyPassedOver(
  { disconnectedSinceMs, fix }: Presence,
  graceMs: number,
  policy: Policy,
  nowMs: number,
): PassedOver | null {
  if (disconnectedSinceMs !== null && nowMs - disconnectedSinceMs >= graceMs) return 'disconnected'
  if (fix === null) return 'no-position'
  return isLost(nowMs - fix.fixedAtMs, policy) ? 'position-lost' : null
}

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
  const timeoutMs = ordered ? policy.orderTimeoutMs : policy.offerTimeoutMs[trip.priority]
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
    warnAtMs: ordered ? nowMs + policy.orderWarnMs : null,
    deadlineAtMs: nowMs + timeoutMs,
    decision,
  }
}

export function offerTimedOut(trip: TripState): DomainEvent[] {
  const offer = trip.offer
  if (offer === null) return []
  const { offerId, unitId } = offer
  const entity = tripKey(trip.tripId)
  return [{ type: 'OfferTimedOut', v: 1, entity, tripId: trip.tripId, offerId, unitId }]
}

/** The alarm as an event; none when it stands already. */
export function alarmRaised(trip: TripState, alarm: TripAlarm, unitId: UnitId | null): DomainEvent[] {
  if (trip.alarms.includes(alarm)) return []
  const entity = tripKey(trip.tripId)
  return [{ type: 'TripAlarmRaised', v: 1, entity, tripId: trip.tripId, alarm, unitId }]
}

/** The end of an alarm that stands; nothing when it does not. */
export function alarmCleared(trip: TripState, alarm: TripAlarm, unitId: UnitId | null): DomainEvent[] {
  if (!trip.alarms.includes(alarm)) return []
  return [{ type: 'TripAlarmCleared', v: 1, entity: tripKey(trip.tripId), tripId: trip.tripId, alarm, unitId }]
}

/** When the units that were asked in this round may be asked again; null while nobody was. */
export function nextRoundAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  if (trip.asked.length === 0 || trip.pendingSinceMs === null) return null
  return overAtMs(trip.pendingSinceMs, policy.roundPauseMs, nowMs)
}

/** When an accepted trip that has not moved raises its alarm; null when it has moved or the alarm stands. */
export function noMovementAtMs(trip: TripState, policy: Policy, nowMs: number): number | null {
  if (trip.phase !== 'assigned' || trip.alarms.includes('no-movement')) return null
  // From when we heard of it, not from the crew's own clock, which may be slow.
  return overAtMs(trip.phaseRecordedAtMs, policy.noMovementMs, nowMs)
}
