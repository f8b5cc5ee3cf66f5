/**
 * Folds records of a region into the rows of its views.
 *
 * States go on as the region's own do: the same functions of the domain make them, so a view says of a unit or trip what the
 * region says. What does not fit, is damaged or of an unknown type is named and passed over: a view must not stand still
 * before a row for ever.
 */
import type { Alarm } from '../../domain/alarms.ts'
import { evolveCall } from '../../domain/call.ts'
import type { EventMeta } from '../../domain/decision.ts'
import { byKind, driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import type { DecisionRecord } from '../../domain/events/decision-record.ts'
import type { OfferMade, UnitNotified } from '../../domain/events/trip-events.ts'
import { type DomainEvent, entitiesOf } from '../../domain/events.ts'
import type { RegionId } from '../../domain/ids.ts'
import { evolveRegion, quietRegion } from '../../domain/region-state.ts'
import type { KeptTime } from '../../domain/trip/response.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import { evolveTrip } from '../../domain/trip/trip-fold.ts'
import { evolveDriver } from '../../domain/unit/driver-fold.ts'
import { EVENT_TYPES } from '../log/event-forms.ts'
import type { LogRecord } from '../log/journal.ts'
import {
  alarmRow,
  type CallEntry,
  callRow,
  decisionColumns,
  noRows,
  type OfferRow,
  type ShiftRow,
  timeRows,
  tripRow,
  unitRow,
  type ViewRows,
} from './view-rows.ts'

/** Where an event stands, when it was heard of, and who brought it about. */
interface Happened extends EventMeta {
  /** Its place in the record. */
  readonly event: number
  readonly principal: string
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES)

export class ViewFold {
  readonly #region: RegionId
  /** What the records before came to, as far as these can name it, and what they come to now. */
  readonly #known: ViewRows
  /** What these records changed. */
  readonly changed = noRows()
  /** Of each unit, the shift that goes on. */
  readonly #shifts = new Map<string, ShiftRow>()

  /** Input: the rows that the records can name (`namedBy`); it is written to. Of shifts, those that have not ended. */
  constructor(region: RegionId, known: ViewRows) {
    this.#region = region
    this.#known = known
    for (const shift of known.shifts.values()) this.#shifts.set(shift.unit_id, shift)
  }

  take({ position, recordedAtMs, principal, events, damage }: LogRecord): void {
    if (damage !== undefined || !Array.isArray(events)) {
      const why = damage === undefined ? 'it is no list of events' : `${damage.at} is ${damage.kind}`
      this.#passOver({ position, event: -1, entity: damage?.entities.join(' ') ?? '', type: null, why })
      return
    }
    for (const [event, happening] of events.entries()) {
      const atMs = happening?.atMs ?? recordedAtMs
      this.#take(happening, { position, event, recordedAtMs: atMs, principal })
    }
  }

  #take(event: DomainEvent, at: Happened): void {
    const { position } = at
    if (!KNOWN_TYPES.has(event?.type) || typeof event.entity !== 'string') {
      const [entity, type] = [`${event?.entity ?? ''}`, `${event?.type ?? ''}`]
      this.#passOver({ position, event: at.event, entity, type, why: 'this version knows no such event' })
      return
    }
    for (const entity of entitiesOf(event)) {
      try {
        byKind(entity, {
          driver: unitId => this.#driver(unitId, event, at),
          trip: tripId => this.#trip(tripId, event, at),
          call: callId => this.#call(callId, event, at),
          region: () => this.#ofRegion(event, at),
        })
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        this.#passOver({ position, event: at.event, entity, type: event.type, why })
      }
    }
  }

  #call(callId: string, event: DomainEvent, at: Happened): void {
    const before = this.#known.calls.get(callId)
    const state = evolveCall(before?.folded ?? null, event, at)
    const isOver = state.state !== 'open'
    const entry: CallEntry = before ?? {
      entered_priority: state.priority,
      entered_at_ms: at.recordedAtMs,
      // Who lets go a call that was held has not entered it.
      entered_by: event.type === 'CallEntered' ? at.principal : null,
      entered_position: at.position,
      ended_at_ms: null,
    }
    const ended_at_ms = isOver ? (entry.ended_at_ms ?? at.recordedAtMs) : null
    this.#put('calls', callId, callRow(state, { ...entry, ended_at_ms }))
  }

  #trip(tripId: string, event: DomainEvent, at: Happened): void {
    const before = this.#known.trips.get(tripId)?.folded ?? null
    const state = evolveTrip(before, event, at)
    this.#put('trips', tripId, tripRow(state))
    this.#alarms(tripKey(tripId), before?.openAlarms ?? [], state.openAlarms, event, at)
    if (event.type === 'OfferMade') this.#offer(before!, event, at)
    else if (before !== null) this.#offerEnds(before, state, event, at)
    if (event.type === 'TripAlarmRaised' && event.decision !== undefined) {
      this.#decision(state, event.decision, { unit_id: null, offer_id: null, alarm: event.alarm, chosen_by: null }, at)
    }
    this.#responses(before, state)
    if (event.type === 'UnitNotified') this.#notified(state, event)
  }

  /** Who declined, or did not answer, leaves no response; that it was told is a moment all the same. */
  #notified({ tripId, responses }: TripState, event: UnitNotified): void {
    const { offerId, unitId, notifiedAtMs, cause = 'system' } = event
    if (responses.some(response => response.offerId === offerId)) return
    const notified: KeptTime = { atMs: notifiedAtMs, cause, ...(notifiedAtMs === null ? { why: 'restarted' } : {}) }
    const told = { unitId, offerId, offeredAtMs: 0, times: { notified } }
    for (const row of timeRows(tripId, undefined, told)) this.#put('tripTimes', `${tripId} ${offerId} notified`, row)
  }

  /** The moments of units' work, and how each one's ended. */
  #responses(before: TripState | null, { tripId, responses }: TripState): void {
    if (before?.responses === responses) return
    for (const response of responses) {
      const known = before?.responses.find(({ offerId }) => offerId === response.offerId)
      if (known === response) continue
      for (const row of timeRows(tripId, known, response)) {
        this.#put('tripTimes', `${tripId} ${row.offer_id} ${row.time}`, row)
      }
      if (response.end !== known?.end) this.#change(tripId, response.offerId, { response_end: response.end ?? null })
    }
  }

  #offer(before: TripState, event: OfferMade, at: Happened): void {
    const { tripId, offerId, unitId, mode, round, offeredAtMs, deadlineAtMs, byVoice, decision } = event
    const unit = this.#known.units.get(unitId)
    const chosen = decision.candidates.find(candidate => candidate.unitId === unitId)
    const chosen_by = before.insistedUnitId === unitId ? (before.insistedBy ?? at.principal) : null
    const { callId: call_id } = before
    this.#put('offers', `${tripId} ${offerId}`, {
      ...{ trip_id: tripId, offer_id: offerId, call_id, unit_id: unitId },
      ...{ level_of_care: unit?.level_of_care ?? null, transports: unit?.transports ?? null },
      ...{ mode, round, offered_at_ms: offeredAtMs, deadline_at_ms: deadlineAtMs, by_voice: byVoice === true },
      ...{ chosen_by, eta_ms: chosen?.etaMs ?? null, distance_m: chosen?.distanceM ?? null },
      ...{ outcome: null, reason: null, outcome_at_ms: null, outcome_by: null, response_end: null },
      position: at.position,
    })
    this.#decision(before, decision, { unit_id: unitId, offer_id: offerId, alarm: null, chosen_by }, at)
  }

  /** What became of the offer that was open, if the event ended it. */
  #offerEnds(before: TripState, after: TripState, event: DomainEvent, { recordedAtMs, principal }: Happened): void {
    const { offer, tripId } = before
    if (offer === null || offer.offerId === after.offer?.offerId) return
    this.#change(tripId, offer.offerId, {
      outcome: OUTCOMES[event.type] ?? 'released',
      reason: 'reason' in event ? event.reason : null,
      outcome_at_ms: event.type === 'OfferAccepted' ? event.happenedAtMs : recordedAtMs,
      outcome_by: principal,
    })
  }

  #decision(
    { tripId: trip_id, callId: call_id }: TripState,
    decision: DecisionRecord,
    made: { unit_id: string | null; offer_id: string | null; alarm: string | null; chosen_by: string | null },
    { position, event, recordedAtMs: decided_at_ms }: Happened,
  ): void {
    const where = { position, event, trip_id, call_id, decided_at_ms }
    this.#put('decisions', `${position} ${event}`, { ...where, ...made, ...decisionColumns(decision) })
  }

  #driver(unitId: string, event: DomainEvent, at: Happened): void {
    const before = this.#known.units.get(unitId)?.folded ?? null
    const state = evolveDriver(before, event, at)
    this.#put('units', unitId, unitRow(state))
    this.#alarms(driverKey(unitId), before?.openAlarms ?? [], state.openAlarms ?? [], event, at)
    const { position } = at
    if (event.type === 'CrewSignedOn') {
      const { principal, happenedAtMs, cause } = event
      const signed = { signed_on_at_ms: happenedAtMs, signed_on_by: cause ?? 'driver' }
      this.#shift({ unit_id: unitId, position, principal, ...signed, signed_off_at_ms: null, signed_off_by: null })
    }
    const shift = this.#shifts.get(unitId)
    if (shift === undefined) return
    if (event.type === 'CrewSignedOff') {
      this.#shift({ ...shift, signed_off_at_ms: event.happenedAtMs, signed_off_by: event.cause ?? 'driver' })
    } else if (state.crew === null) {
      this.#shift({ ...shift, signed_off_at_ms: at.recordedAtMs, signed_off_by: 'released' })
    }
  }

  #shift(shift: ShiftRow): void {
    if (shift.signed_off_at_ms === null) this.#shifts.set(shift.unit_id, shift)
    else this.#shifts.delete(shift.unit_id)
    this.#put('shifts', `${shift.unit_id} ${shift.position}`, shift)
  }

  #ofRegion(event: DomainEvent, at: Happened): void {
    const before = this.#known.regions.get('')?.folded ?? quietRegion(this.#region)
    const state = evolveRegion(before, event, at)
    this.#put('regions', '', { position: at.position, folded: state })
    this.#alarms(regionKey(this.#region), before.openAlarms, state.openAlarms, event, at)
  }

  #alarms(
    entity: EntityKey,
    before: readonly Alarm[],
    after: readonly Alarm[],
    event: DomainEvent,
    { recordedAtMs }: Happened,
  ): void {
    if (before === after) return
    for (const alarm of after) {
      if (!before.includes(alarm)) this.#put('alarms', alarm.alarmId, alarmRow(entity, alarm))
    }
    const ids = new Set(after.map(({ alarmId }) => alarmId))
    for (const alarm of before) {
      if (ids.has(alarm.alarmId)) continue
      const row = { ...alarmRow(entity, alarm), ended_at_ms: recordedAtMs }
      const gone_at_ms = row.gone_at_ms ?? recordedAtMs
      if (event.type === 'AlarmAcknowledged') {
        const acknowledged = { acknowledged_by: event.by, acknowledged_at_ms: recordedAtMs }
        this.#put('alarms', alarm.alarmId, { ...row, gone_at_ms, ...acknowledged, end: 'acknowledged' })
      } else
        this.#put('alarms', alarm.alarmId, {
          ...row,
          gone_at_ms,
          end: event.type === 'AlarmLapsed' ? 'lapsed' : 'gone',
        })
    }
  }

  /** Where the record of an offer was damaged, there is none to change. */
  #change(tripId: string, offerId: string, change: Partial<OfferRow>): void {
    const key = `${tripId} ${offerId}`
    const offer = this.#known.offers.get(key)
    if (offer !== undefined) this.#put('offers', key, { ...offer, ...change })
  }

  #put<T extends keyof ViewRows>(table: T, key: string, row: RowOf<T>): void {
    for (const rows of [this.#known[table], this.changed[table]] as Map<string, RowOf<T>>[]) rows.set(key, row)
  }

  #passOver(row: RowOf<'passedOver'>): void {
    this.#put('passedOver', `${row.position} ${row.event} ${row.entity}`, row)
  }
}

type RowOf<T extends keyof ViewRows> = ViewRows[T] extends Map<string, infer Row> ? Row : never

/** What becomes of an offer by the event that ends it. */
const OUTCOMES: Readonly<Partial<Record<DomainEvent['type'], string>>> = {
  OfferAccepted: 'accepted',
  OfferDeclined: 'declined',
  OfferTimedOut: 'timed-out',
  OfferRevoked: 'revoked',
  AssignmentOverridden: 'overridden',
  UnitWithdrawn: 'withdrawn',
  TripCancelled: 'cancelled',
}

/** The ids that the records can name of each kind. */
export interface Named {
  readonly trips: ReadonlySet<string>
  readonly units: ReadonlySet<string>
  readonly calls: ReadonlySet<string>
}

export function namedBy(records: readonly LogRecord[]): Named {
  const named = { trips: new Set<string>(), units: new Set<string>(), calls: new Set<string>() }
  for (const { events } of records) {
    for (const event of Array.isArray(events) ? events : []) {
      if (!KNOWN_TYPES.has(event?.type) || typeof event.entity !== 'string') continue
      for (const entity of entitiesOf(event)) {
        byKind(entity, {
          driver: id => named.units.add(id),
          trip: id => named.trips.add(id),
          call: id => named.calls.add(id),
          region: () => named.units,
        })
      }
    }
  }
  return named
}
