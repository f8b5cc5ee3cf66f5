/**
 * The form of stored events, for records that no checksum vouches for, and the actors that a damaged record names.
 *
 * What an engine wrote and nobody touched has its form, so this is not on the way of proven records. A form asks for
 * what `evolve` and the desk rely on; other fields may be there.
 */
import { z } from 'zod'
import { callKey, driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import { REGION_ALARMS, TRIP_ALARMS, UNIT_ALARMS } from '../../domain/events/alarm-events.ts'
import { EXCLUSION_REASONS } from '../../domain/events/decision-record.ts'
import { HELP_REASONS, REVOKE_REASONS } from '../../domain/events/trip-events.ts'
import type { DomainEvent } from '../../domain/events.ts'
import { INCIDENT_NO, RESPONSE_NO } from '../../domain/incident-no.ts'
import {
  ALARM_SEVERITIES,
  CANCEL_REASONS,
  CAUSES,
  CORRECTION_REASONS,
  DECLINE_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  HOLD_REASONS,
  LEVELS_OF_CARE,
  OVERRIDE_REASONS,
  PRIORITIES,
  RECEIVED_SOURCES,
  RELEASED_TRIPS,
  REPORTABLE_PHASES,
  RESPONSE_TIMES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  ZONE_KINDS,
  ZONE_REASONS,
} from '../../domain/vocabulary.ts'

const id = z.string().min(1)
const ms = z.number()
const whole = z.number().int().min(1)
const unit = { unitId: id }
const trip = { tripId: id }
const call = { callId: id }
const offer = { ...trip, ...unit, offerId: id }
const alarm = { tripId: id.optional(), unitId: id.optional(), regionId: id.optional(), alarmId: id }
const silent = { silentUnits: z.number().int().min(0), ofUnits: z.number().int().min(0) }
const happened = { happenedAtMs: ms }
const incident = { incidentNo: z.string().regex(INCIDENT_NO).optional() }
const response = { responseNo: z.string().regex(RESPONSE_NO).optional() }
const leaves = { standsDown: z.literal(true).optional(), tellsCrew: z.literal(true).optional() }
export const PLACE_FORM = { lonDeg: z.number().min(-180).max(180), latDeg: z.number().min(-90).max(90) }
export const NEED_FORM = z.object({
  levelOfCare: z.enum(LEVELS_OF_CARE),
  transport: z.boolean().optional(),
  capabilities: z.array(z.string()),
  preferred: z.array(z.string()).optional(),
})
export const LOSS_FORM = z.object({
  care: z.object({ needed: z.enum(LEVELS_OF_CARE), sent: z.enum(LEVELS_OF_CARE) }).nullable(),
  transport: z.boolean(),
  capabilities: z.array(z.string()),
})
export const SEVERITY_FORM = z.literal([...ALARM_SEVERITIES])
export const PRIORITY_FORM = z.literal([...PRIORITIES])
export const REFERENCE_FORM = {
  ...unit,
  callSign: z.string(),
  levelOfCare: z.enum(LEVELS_OF_CARE),
  transports: z.boolean().optional(),
  capabilities: z.array(z.string()),
  homeStation: z.string().nullable(),
}
/** Of a call, beside its facts. */
export const GATHERED_FORM = {
  ...incident,
  noteCount: whole.optional(),
  notesRead: z.array(z.object({ ...trip, ...unit, by: id, noteNo: whole, atMs: ms })).optional(),
  detailsVersions: whole.optional(),
}
const ZONE_SHAPE = {
  zoneId: id,
  kind: z.enum(ZONE_KINDS),
  points: z.array(z.object(PLACE_FORM)),
  ...{ slowPercent: z.number().nullable(), fromAtMs: ms, untilAtMs: ms.nullable(), reason: z.enum(ZONE_REASONS) },
}
export const ZONE_FORM = z.object(ZONE_SHAPE)
const phases = z.array(z.enum(TRIP_PHASES))
const site = { ...PLACE_FORM, priority: PRIORITY_FORM }
const decision = z.object({
  candidates: z.array(z.object(unit)),
  excluded: z.partialRecord(z.enum(EXCLUSION_REASONS), z.number()),
  eligible: z.number().optional(),
  passedOver: z.array(z.object(unit)).optional(),
  despite: z.enum(EXCLUSION_REASONS).optional(),
  loss: LOSS_FORM.optional(),
})

const FORMS: Readonly<Record<DomainEvent['type'], z.ZodRawShape>> = {
  UnitRegistered: REFERENCE_FORM,
  UnitRetired: unit,
  CrewSignedOn: { ...unit, ...happened, principal: id },
  CrewSignedOff: { ...unit, ...happened, principal: id },
  UnitBecameAvailable: { ...unit, ...happened },
  UnitBecameUnavailable: { ...unit, ...happened, reason: z.enum(UNAVAILABLE_REASONS) },
  UnitCleared: { ...unit, ...happened, fromTripId: id },
  StandDownAcknowledged: { ...unit, ...happened, fromTripId: id },
  UnitContacted: unit,
  FixHoleRecorded: { ...unit, streamId: id, fromSeq: z.number(), toSeq: z.number() },
  CallEntered: {
    ...call,
    ...site,
    problem: z.string().nullable(),
    needs: z.array(NEED_FORM),
    tripIds: z.array(id),
    receivedAtMs: ms,
    ...incident,
    receivedSource: z.enum(RECEIVED_SOURCES).optional(),
  },
  CallAmended: {
    ...{ ...call, ...site, problem: z.string().nullable(), tripIds: z.array(id), detailsReplaced: z.boolean() },
    triaged: z.literal(true).optional(),
  },
  UnitReleased: REFERENCE_FORM,
  TripReleased: {
    ...trip,
    ...call,
    ...site,
    need: NEED_FORM,
    receivedAtMs: ms,
    ...response,
    as: z.enum(RELEASED_TRIPS),
    unitId: id.nullable(),
    helpsTripId: id.optional(),
    helpsBecause: z.enum(HELP_REASONS).optional(),
    helpedByTripId: id.optional(),
    ...leaves,
  },
  CallReleased: {
    ...call,
    ...site,
    problem: z.string().nullable(),
    needs: z.array(NEED_FORM),
    tripIds: z.array(id),
    receivedAtMs: ms,
    receivedSource: z.enum(RECEIVED_SOURCES).optional(),
    firstNotifiedAtMs: ms.optional(),
    state: z.enum(['open', 'closed', 'cancelled']),
    ...GATHERED_FORM,
  },
  CallNoteAdded: {
    ...{ ...call, noteNo: whole, by: id },
    ...{ unitId: id.optional(), corrects: whole.optional() },
  },
  CallNotesRead: { ...call, ...trip, ...unit, noteNo: whole, by: id },
  CallCancelled: call,
  CallClosed: call,
  HelpAdded: {
    ...{ ...trip, ...call, ...site, need: NEED_FORM, receivedAtMs: ms, ...response },
    ...{ helpsTripId: id, asked: z.array(id), because: z.enum(HELP_REASONS) },
  },
  TripCreated: { ...trip, ...call, ...site, need: NEED_FORM, receivedAtMs: ms, ...response },
  AssignmentOverridden: {
    ...trip,
    ...unit,
    fromUnitId: id.nullable(),
    inPhase: z.enum(TRIP_PHASES),
    reason: z.enum(OVERRIDE_REASONS),
    by: id.optional(),
    ...leaves,
  },
  UnitWithdrawn: { ...trip, ...unit, inPhase: z.enum(TRIP_PHASES), reason: z.enum(OVERRIDE_REASONS), ...leaves },
  TripPutOnHold: { ...trip, why: z.enum(HOLD_REASONS), by: id.nullable() },
  TripTakenOffHold: trip,
  NeedAdded: { ...call, addedTripId: id, need: NEED_FORM, problem: z.string().nullable() },
  OfferMade: {
    ...offer,
    mode: z.enum(DISPATCH_MODES),
    round: z.number(),
    offeredAtMs: ms,
    warnAtMs: ms.nullable(),
    deadlineAtMs: ms,
    decision,
    byVoice: z.literal(true).optional(),
  },
  UnitNotified: { ...offer, ...call, notifiedAtMs: ms.nullable() },
  OfferAccepted: { ...offer, ...happened, implied: z.literal(true).optional() },
  OfferDeclined: { ...offer, reason: z.enum(DECLINE_REASONS) },
  OfferTimedOut: { ...offer, noContact: z.literal(true).optional() },
  OfferRevoked: { ...offer, reason: z.enum(REVOKE_REASONS) },
  TripAlarmRaised: {
    ...{ ...trip, alarm: z.enum(TRIP_ALARMS), unitId: id.nullable() },
    ...{ severity: SEVERITY_FORM.optional(), decision: decision.optional() },
    lastHeardAtMs: ms.optional(),
  },
  UnitAlarmRaised: { ...unit, alarm: z.enum(UNIT_ALARMS), severity: SEVERITY_FORM, fromTripId: id.nullable() },
  EmergencyCalled: { ...unit, ...happened },
  EmergencyEnded: unit,
  RegionAlarmRaised: {
    ...{ regionId: id, alarm: z.enum(REGION_ALARMS), severity: SEVERITY_FORM, silentFromMs: ms, silentToMs: ms },
    ...silent,
  },
  RegionAlarmCleared: { regionId: id, alarm: z.enum(REGION_ALARMS), ...silent },
  TripAlarmCleared: { ...trip, alarm: z.enum(TRIP_ALARMS), unitId: id.nullable() },
  AlarmAcknowledged: { ...alarm, by: id },
  AlarmShelved: { ...alarm, by: id, forMs: ms },
  AlarmEscalated: { ...alarm, to: z.literal('supervisor') },
  AlarmLapsed: alarm,
  TripPhaseReached: {
    ...trip,
    ...unit,
    ...happened,
    phase: z.enum(REPORTABLE_PHASES),
    cause: z.enum(CAUSES),
    missed: phases,
  },
  TripTimeNoted: { ...trip, ...unit, ...happened, time: z.enum(RESPONSE_TIMES), cause: z.enum(CAUSES) },
  TripTimeCorrected: {
    ...{ ...trip, ...unit, time: z.enum(RESPONSE_TIMES), formerAtMs: ms.nullable(), newAtMs: ms.nullable() },
    reason: z.enum(CORRECTION_REASONS),
  },
  RoadsRestricted: { regionId: id, ...ZONE_SHAPE },
  RoadsReopened: { regionId: id, zoneId: id, cause: z.enum(['dispatcher', 'system']) },
  DestinationNamed: {
    ...{ ...trip, ...call, unitId: id.nullable(), hospitalId: id.nullable(), cause: z.enum(CAUSES) },
    place: z.object({ name: z.string(), ...PLACE_FORM }).nullable(),
  },
  ReceiverNamed: { ...trip, ...call, toTripId: id.nullable(), cause: z.enum(CAUSES) },
  TripCancelled: {
    ...trip,
    ...call,
    reason: z.enum(CANCEL_REASONS),
    inPhase: z.enum(TRIP_PHASES),
    unitId: id.nullable(),
    cause: z.enum(CAUSES),
    ...leaves,
  },
  TripClosed: { ...trip, ...call, ...unit, ...happened, disposition: z.enum(DISPOSITIONS), missed: phases },
}

export const EVENT_TYPES = Object.keys(FORMS) as readonly DomainEvent['type'][]

const ENTITY = /^(?:driver|trip|call|region)\/(.+)$/
const forms = new Map<string, z.ZodType>(
  Object.entries(FORMS).map(([type, shape]) => [type, z.object({ ...shape, v: z.literal(1) })]),
)

/** Whether these are events that an engine may have written, each in the form of its type. */
export function areEvents(events: unknown): events is readonly DomainEvent[] {
  return Array.isArray(events) && events.every(isEvent)
}

function isEvent(event: { type?: unknown; entity?: unknown } | null): boolean {
  const form = typeof event?.type === 'string' ? forms.get(event.type) : undefined
  if (event === null || form === undefined || !form.safeParse(event).success) return false
  const { entity } = event as DomainEvent
  // What it belongs to is what it is about, or it would be folded into another actor.
  return typeof entity === 'string' && namedBy(event).has(entity) && ENTITY.test(entity)
}

/** The actors that stored events name, whatever has become of them; a row that is no list names nobody. */
export function entitiesNamed(events: unknown): EntityKey[] {
  if (!Array.isArray(events)) return []
  const named = new Set<EntityKey>()
  for (const event of events) {
    if (typeof event !== 'object' || event === null) continue
    for (const entity of namedBy(event)) named.add(entity)
    const { entity } = event as { entity?: unknown }
    if (typeof entity === 'string' && ENTITY.test(entity)) named.add(entity as EntityKey)
  }
  return [...named]
}

function namedBy(event: object): Set<string & EntityKey> {
  const { unitId, fromUnitId, tripId, fromTripId, helpsTripId, callId, regionId, tripIds } = event as Readonly<
    Record<string, unknown>
  >
  const named = new Set<EntityKey>()
  const take = (value: unknown, key: (id: string) => EntityKey) => {
    if (typeof value === 'string' && value !== '') named.add(key(value))
  }
  take(unitId, driverKey)
  take(fromUnitId, driverKey)
  take(tripId, tripKey)
  take(fromTripId, tripKey)
  take(helpsTripId, tripKey)
  take(callId, callKey)
  take(regionId, regionKey)
  if (Array.isArray(tripIds)) for (const each of tripIds) take(each, tripKey)
  return named
}
