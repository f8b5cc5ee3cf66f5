/** The rows of the views, by their columns, and how each follows from the state that the events come to. */
import type { Alarm } from '../../domain/alarms.ts'
import type { CallState } from '../../domain/call.ts'
import { type EntityKey, idOf, kindOf } from '../../domain/entity.ts'
import { needsTransport } from '../../domain/events/call-events.ts'
import type { DecisionRecord } from '../../domain/events/decision-record.ts'
import type { RegionState } from '../../domain/region-state.ts'
import { E_TIMES } from '../../domain/trip/e-times.ts'
import type { UnitResponse } from '../../domain/trip/response.ts'
import { type TripState, unitOf } from '../../domain/trip/trip.ts'
import { type DriverState, dispatchabilityOf } from '../../domain/unit/driver.ts'
import type { ResponseTime } from '../../domain/vocabulary.ts'

/** What of a call no state has: how it came in, and when it was over. */
export interface CallEntry {
  readonly entered_priority: number
  readonly entered_at_ms: number
  readonly entered_by: string | null
  readonly entered_position: number
  readonly ended_at_ms: number | null
}

export type CallRow = ReturnType<typeof callRow>

export const callRow = (state: CallState, entry: CallEntry) => ({
  call_id: state.callId,
  incident_no: state.incidentNo ?? null,
  state: state.state,
  priority: state.priority,
  problem: state.problem,
  lon_deg: state.lonDeg,
  lat_deg: state.latDeg,
  units_needed: state.needs.length,
  received_at_ms: state.receivedAtMs,
  received_source: state.receivedSource ?? null,
  first_notified_at_ms: state.firstNotifiedAtMs ?? null,
  entered_priority: entry.entered_priority,
  entered_at_ms: entry.entered_at_ms,
  entered_by: entry.entered_by,
  entered_position: entry.entered_position,
  ended_at_ms: entry.ended_at_ms,
  position: state.version,
  folded: state,
})

export type TripRow = ReturnType<typeof tripRow>

export const tripRow = (state: TripState) => ({
  trip_id: state.tripId,
  call_id: state.callId,
  response_no: state.responseNo ?? null,
  phase: state.phase,
  phase_since_ms: state.phaseRecordedAtMs,
  priority: state.priority,
  lon_deg: state.lonDeg,
  lat_deg: state.latDeg,
  level_of_care: state.need.levelOfCare,
  transport: needsTransport(state.need),
  capabilities: state.need.capabilities,
  received_at_ms: state.receivedAtMs,
  created_at_ms: state.times.pending ?? state.enteredAtMs,
  created_position: state.createdPosition,
  pending_since_ms: state.pendingSinceMs,
  on_hold: state.onHold?.why ?? null,
  unit_id: unitOf(state),
  offer_id: state.offer?.offerId ?? null,
  round: state.round,
  helps_trip_id: state.helps ?? null,
  helps_because: state.helpsBecause ?? null,
  helped_by_trip_id: state.helpedBy ?? null,
  disposition: state.disposition,
  cancel_reason: state.cancelReason,
  handed_to_trip_id: state.handedTo ?? null,
  missed: state.missed,
  ended_at_ms: state.times.closed ?? state.times.cancelled ?? null,
  position: state.version,
  folded: state,
})

export type UnitRow = ReturnType<typeof unitRow>

export const unitRow = (state: DriverState) => ({
  unit_id: state.unitId,
  call_sign: state.callSign,
  level_of_care: state.levelOfCare,
  transports: state.transports,
  capabilities: state.capabilities,
  home_station: state.homeStation,
  status: state.status,
  status_since_ms: state.statusSinceMs,
  dispatchability: dispatchabilityOf(state),
  crew: state.crew,
  unavailable_reason: state.unavailableReason,
  trip_id: state.work?.tripId ?? null,
  standing_down_trip_id: state.standingDown ?? null,
  no_contact_trip_id: state.noContact ?? null,
  retired: state.retired === true,
  position: state.version,
  folded: state,
})

export interface RegionRow {
  readonly position: number
  readonly folded: RegionState
}

export interface TripTimeRow {
  readonly trip_id: string
  readonly offer_id: string
  readonly time: ResponseTime
  readonly unit_id: string
  /** Its number in NEMSIS eTimes. */
  readonly e_time: string
  readonly at_ms: number | null
  readonly cause: string
  readonly why_unknown: string | null
  readonly other_at_ms: number | null
  readonly corrected: string | null
}

/** The moments of a response that the event before it did not have, or had otherwise. */
export function timeRows(tripId: string, before: UnitResponse | undefined, after: UnitResponse): TripTimeRow[] {
  const { offerId: offer_id, unitId: unit_id, times } = after
  return (Object.entries(times) as [ResponseTime, NonNullable<(typeof times)[ResponseTime]>][])
    .filter(([time, kept]) => before?.times[time] !== kept)
    .map(([time, { atMs, cause, why, otherAtMs, corrected }]) => ({
      ...{ trip_id: tripId, offer_id, time, unit_id, e_time: E_TIMES[time], at_ms: atMs, cause },
      ...{ why_unknown: why ?? null, other_at_ms: otherAtMs ?? null, corrected: corrected ?? null },
    }))
}

export interface OfferRow {
  readonly trip_id: string
  readonly offer_id: string
  readonly call_id: string
  readonly unit_id: string
  /** Of the unit as it was then; null where the log does not say. */
  readonly level_of_care: string | null
  readonly transports: boolean | null
  readonly mode: string
  readonly round: number
  readonly offered_at_ms: number
  readonly deadline_at_ms: number
  readonly by_voice: boolean
  /** The dispatcher whose own choice it was. */
  readonly chosen_by: string | null
  readonly eta_ms: number | null
  readonly distance_m: number | null
  readonly outcome: string | null
  readonly reason: string | null
  readonly outcome_at_ms: number | null
  readonly outcome_by: string | null
  readonly response_end: string | null
  readonly position: number
}

interface DecisionRow extends ReturnType<typeof decisionColumns> {
  readonly position: number
  readonly event: number
  readonly trip_id: string
  readonly call_id: string
  readonly decided_at_ms: number
  readonly unit_id: string | null
  readonly offer_id: string | null
  readonly alarm: string | null
  readonly chosen_by: string | null
}

export const decisionColumns = (decision: DecisionRecord) => ({
  policy_version: decision.policyVersion ?? null,
  basis: decision.basis,
  roads_version: decision.roadsVersion ?? null,
  not_by_road: decision.notByRoad ?? null,
  eligible: decision.eligible ?? null,
  candidates: decision.candidates,
  excluded: decision.excluded,
  passed_over: decision.passedOver ?? null,
  despite: decision.despite ?? null,
  loss: decision.loss ?? null,
})

export interface ShiftRow {
  readonly unit_id: string
  /** Of the record by which its crew signed on. */
  readonly position: number
  readonly principal: string
  readonly signed_on_at_ms: number
  readonly signed_on_by: string
  readonly signed_off_at_ms: number | null
  readonly signed_off_by: string | null
}

type AlarmRow = ReturnType<typeof alarmRow>

export function alarmRow(entity: EntityKey, alarm: Alarm) {
  const { alarmId, kind, severity, raisedAtMs, goneAtMs, acknowledged, escalatedAtMs, shelved, mass } = alarm
  return {
    alarm_id: alarmId,
    kind,
    severity,
    entity,
    trip_id: kindOf(entity) === 'trip' ? idOf(entity) : (alarm.fromTripId ?? null),
    unit_id: kindOf(entity) === 'driver' ? idOf(entity) : alarm.unitId,
    raised_at_ms: raisedAtMs,
    gone_at_ms: goneAtMs,
    acknowledged_by: acknowledged?.by ?? null,
    acknowledged_at_ms: acknowledged?.atMs ?? null,
    escalated_at_ms: escalatedAtMs,
    shelved_by: shelved?.by ?? null,
    shelved_at_ms: shelved?.atMs ?? null,
    shelved_for_ms: shelved?.forMs ?? null,
    ended_at_ms: null as number | null,
    end: null as 'acknowledged' | 'gone' | 'lapsed' | null,
    mass: mass ?? null,
  }
}

/** What could not be folded. */
export interface PassedOverRow {
  readonly position: number
  /** Its place in the record; -1 for the whole record. */
  readonly event: number
  readonly entity: string
  readonly type: string | null
  readonly why: string
}

/** Of each table, the rows of one run by the text of their keys. */
export interface ViewRows {
  readonly calls: Map<string, CallRow>
  readonly trips: Map<string, TripRow>
  readonly tripTimes: Map<string, TripTimeRow>
  readonly units: Map<string, UnitRow>
  readonly offers: Map<string, OfferRow>
  readonly decisions: Map<string, DecisionRow>
  readonly shifts: Map<string, ShiftRow>
  readonly alarms: Map<string, AlarmRow>
  readonly regions: Map<string, RegionRow>
  readonly passedOver: Map<string, PassedOverRow>
}

export const noRows = (): ViewRows => ({
  calls: new Map(),
  trips: new Map(),
  tripTimes: new Map(),
  units: new Map(),
  offers: new Map(),
  decisions: new Map(),
  shifts: new Map(),
  alarms: new Map(),
  regions: new Map(),
  passedOver: new Map(),
})
