/** Events of a small region, for scenarios: units A1, A2 …, trips T-1, T-2 …, each trip's call C-1, C-2 … */
import { offerMade } from '../../src/domain/dispatch/offers.ts'
import { callKey, driverKey, tripKey } from '../../src/domain/entity.ts'
import type { Need } from '../../src/domain/events/call-events.ts'
import type { DecisionRecord } from '../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import type { TripId, UnitId } from '../../src/domain/ids.ts'
import { alike, DEFAULT_POLICY, type Policy, type StandingPolicy } from '../../src/domain/policy.ts'
import type { DispatchMode, Priority, ReportablePhase } from '../../src/domain/vocabulary.ts'
import { START_MS, World } from './given-when-then.ts'

export const HAPPENED_MS = START_MS + 500
export const BLS: Need = { levelOfCare: 'bls', capabilities: [] }
export const PLACE = { lonDeg: 174.76, latDeg: -36.85 }
const DECISION: DecisionRecord = {
  policyVersion: 1,
  basis: 'straight-line',
  candidates: [{ unitId: 'A1', distanceM: 900, fixAgeMs: 2_000, levelOfCare: 'als' }],
  excluded: {},
}

/** A policy by which nobody is sent to help, but where a test says so. */
export const policyOf = (mode: DispatchMode, changes: Partial<Policy> = {}): StandingPolicy => ({
  ...DEFAULT_POLICY,
  version: 1,
  mode,
  whenNoneFree: alike('wait'),
  ...changes,
})

const driverBase = (unitId: UnitId) => ({ v: 1, entity: driverKey(unitId), unitId, happenedAtMs: HAPPENED_MS }) as const
const tripBase = (tripId: TripId) => ({ v: 1, entity: tripKey(tripId), tripId }) as const
export const callOf = (tripId: TripId): string => tripId.replace('T-', 'C-')

export function registered(unitId: UnitId): DomainEvent {
  const reference = { unitId, callSign: `Medic ${unitId}`, levelOfCare: 'als', capabilities: [] } as const
  return { type: 'UnitRegistered', v: 1, entity: driverKey(unitId), ...reference, homeStation: null }
}
export const signedOn = (unitId: UnitId, principal = `crew of ${unitId}`): DomainEvent => ({
  type: 'CrewSignedOn',
  ...driverBase(unitId),
  principal,
})
export const signedOff = (unitId: UnitId, principal = `crew of ${unitId}`): DomainEvent => ({
  type: 'CrewSignedOff',
  ...driverBase(unitId),
  principal,
})
export const unavailable = (unitId: UnitId): DomainEvent => ({
  type: 'UnitBecameUnavailable',
  ...driverBase(unitId),
  reason: 'break',
})
export const available = (unitId: UnitId): DomainEvent => ({ type: 'UnitBecameAvailable', ...driverBase(unitId) })

/** A unit with a crew, ready to be sent. */
export const onDuty = (unitId: UnitId): DomainEvent[] => [registered(unitId), signedOn(unitId)]

export function called(
  tripIds: readonly TripId[],
  callId = callOf(tripIds[0]!),
  priority: Priority = 1,
): DomainEvent[] {
  const call = { callId, ...PLACE, priority, receivedAtMs: START_MS } as const
  return [
    {
      type: 'CallEntered',
      v: 1,
      entity: callKey(callId),
      ...call,
      problem: '9-E-1',
      needs: tripIds.map(() => BLS),
      tripIds,
    },
    ...tripIds.map((tripId): DomainEvent => ({ type: 'TripCreated', ...tripBase(tripId), ...call, need: BLS })),
  ]
}

/** The offer as the desk would make it for this trip of a world, or of a fresh call. */
export function offered(
  tripId: TripId,
  unitId: UnitId,
  offerId: string,
  mode: DispatchMode = 'offered',
  round = 1,
  priority: Priority = 1,
  isByVoice = false,
): DomainEvent {
  const trip = new World().record(called([tripId], callOf(tripId), priority)).trip(tripId)
  return offerMade(trip, { unitId, offerId, round, isByVoice }, DECISION, policyOf(mode), START_MS + 2_000)[0]!
}

export const accepted = (tripId: TripId, unitId: UnitId, offerId: string): DomainEvent => ({
  type: 'OfferAccepted',
  ...tripBase(tripId),
  unitId,
  offerId,
  happenedAtMs: HAPPENED_MS,
})
export const declined = (tripId: TripId, unitId: UnitId, offerId: string): DomainEvent => ({
  type: 'OfferDeclined',
  ...tripBase(tripId),
  unitId,
  offerId,
  reason: 'too-far',
})
export const withdrawn = (tripId: TripId, unitId: UnitId): DomainEvent => ({
  type: 'UnitWithdrawn',
  ...tripBase(tripId),
  unitId,
  inPhase: 'assigned',
  reason: 'other',
})
export const timedOut = (tripId: TripId, unitId: UnitId, offerId: string): DomainEvent => ({
  type: 'OfferTimedOut',
  ...tripBase(tripId),
  unitId,
  offerId,
  noContact: true,
})
export const reached = (tripId: TripId, unitId: UnitId, phase: ReportablePhase): DomainEvent => ({
  type: 'TripPhaseReached',
  ...tripBase(tripId),
  unitId,
  phase,
  happenedAtMs: HAPPENED_MS,
  cause: 'driver',
  missed: [],
})
export const cancelled = (tripId: TripId, unitId: UnitId | null): DomainEvent => ({
  type: 'TripCancelled',
  ...tripBase(tripId),
  callId: callOf(tripId),
  reason: 'other',
  inPhase: 'pending',
  unitId,
  cause: 'dispatcher',
})
export const closed = (tripId: TripId, unitId: UnitId): DomainEvent => ({
  type: 'TripClosed',
  ...tripBase(tripId),
  callId: callOf(tripId),
  unitId,
  disposition: 'transported',
  happenedAtMs: HAPPENED_MS,
  missed: [],
})

/** Records up to an offer of T-1 to A1 (offer O-1), in either mode. */
export const untilOffered = (mode: DispatchMode = 'offered'): DomainEvent[][] => [
  onDuty('A1'),
  called(['T-1']),
  [offered('T-1', 'A1', 'O-1', mode)],
]
/** Records up to A1 being bound to T-1 by its acceptance. */
export const untilAssigned = (mode: DispatchMode = 'offered'): DomainEvent[][] => [
  ...untilOffered(mode),
  [accepted('T-1', 'A1', 'O-1')],
]
