/**
 * The form of every event as `board-events` shows it, in full: the source of `docs/protocol/events.schema.json`.
 *
 * The check at the end makes it the form of `DomainEvent`, field by field. What a damaged row of the log is held to is less,
 * and stands in `store/event-forms.ts`.
 */
import { z } from 'zod'
import { REGION_ALARMS, TRIP_ALARMS, UNIT_ALARMS } from '../domain/events/alarm-events.ts'
import { HELP_REASONS, REVOKE_REASONS } from '../domain/events/trip-events.ts'
import type { DomainEvent } from '../domain/events.ts'
import { ALARM_ID, REGION_ID, STORED_STREAM_ID } from '../domain/ids.ts'
import {
  ALARM_SEVERITIES,
  CANCEL_REASONS,
  CAPABILITY,
  CAUSES,
  CORRECTION_REASONS,
  DECLINE_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  HOLD_REASONS,
  OVERRIDE_REASONS,
  RECEIVED_SOURCES,
  RELEASED_TRIPS,
  REPORTABLE_PHASES,
  RESPONSE_TIMES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  ZONE_KINDS,
  ZONE_REASONS,
} from '../domain/vocabulary.ts'
import { RANGES } from './limits.ts'
import type { IsSame } from './same-type.ts'
import {
  candidate,
  choiceBasis,
  count,
  exclusionReason,
  hospitalId,
  incidentNo,
  levelSchema,
  loss,
  moment,
  need,
  noteNo,
  passedOverUnit,
  phases,
  principal,
  priority,
  ranged,
  responseNo,
  routedId,
  unitId,
} from './schema-parts.ts'

const place = { lonDeg: z.number().min(-180).max(180), latDeg: z.number().min(-90).max(90) }
const site = { ...place, priority }
const unit = { unitId }
const trip = { tripId: routedId }
const region = { regionId: z.string().regex(REGION_ID) }
const alarm = {
  ...{ alarmId: z.string().regex(ALARM_ID), tripId: routedId.optional(), unitId: unitId.optional() },
  regionId: region.regionId.optional(),
}
const severity = z.literal([...ALARM_SEVERITIES])
const call = { callId: routedId }
const offer = { ...trip, offerId: routedId, ...unit }
const problem = z.string().nullable()
const tripIds = z.array(routedId)
const cause = z.literal('dispatcher').optional()
const receivedSource = z.enum(RECEIVED_SOURCES).optional()
const implausible = z.literal(true).optional()
const lateEvidence = implausible
const leaves = { standsDown: z.literal(true).optional(), tellsCrew: z.literal(true).optional() }
const happened = { happenedAtMs: moment, sentAtMs: z.int().optional() }
const notesRead = { ...trip, ...unit, by: principal, noteNo }
const reference = {
  ...unit,
  callSign: z.string(),
  levelOfCare: levelSchema,
  transports: z.boolean().optional(),
  capabilities: z.array(z.string().regex(CAPABILITY)),
  homeStation: z.string().nullable(),
}
export const decisionSchema = z
  .object({
    policyVersion: z.int().min(1).optional(),
    ...choiceBasis,
    candidates: z.array(candidate),
    excluded: z.partialRecord(exclusionReason, z.int().min(1)),
    eligible: count.optional(),
    passedOver: z.array(passedOverUnit).optional(),
    despite: exclusionReason.optional(),
    loss: loss.optional(),
  })
  .meta({ id: 'Decision', description: 'What the desk saw when it made an offer, or found nobody.' })

const event = <T extends string, K extends string, S extends z.ZodRawShape>(type: T, entity: K, shape: S) =>
  z
    .object({
      type: z.literal(type),
      v: z.literal(1),
      entity: z.templateLiteral([`${entity}/`, z.string().min(1)]),
      atMs: moment.optional(),
      ...shape,
    })
    .meta({ id: type })
const ofUnit = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) => event(type, 'driver', shape)
const ofTrip = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) => event(type, 'trip', shape)
const ofRegion = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) => event(type, 'region', shape)
/** Of a trip's alarm, a unit's or the region's. */
const ofEither = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z
    .object({
      type: z.literal(type),
      v: z.literal(1),
      entity: z.union([
        z.templateLiteral(['trip/', z.string().min(1)]),
        z.templateLiteral(['driver/', z.string().min(1)]),
        z.templateLiteral(['region/', z.string().min(1)]),
      ]),
      atMs: moment.optional(),
      ...shape,
    })
    .meta({ id: type })
const ofCall = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) => event(type, 'call', shape)

/** In the order of PROTOCOL.md's table; the fields of each, too. */
export const EVENT_SCHEMAS = [
  ofUnit('UnitRegistered', reference),
  ofUnit('UnitRetired', unit),
  ofUnit('UnitReleased', { ...reference, cause }),
  ofTrip('TripReleased', {
    ...{ ...trip, ...call, ...site, need, receivedAtMs: moment },
    responseNo: responseNo.optional(),
    ...{ as: z.enum(RELEASED_TRIPS), unitId: unitId.nullable(), cause, ...leaves },
    ...{ helpsTripId: routedId.optional(), helpsBecause: z.enum(HELP_REASONS).optional() },
    helpedByTripId: routedId.optional(),
  }),
  ofCall('CallReleased', {
    ...{ ...call, ...site, problem, needs: z.array(need), tripIds, receivedAtMs: moment },
    ...{ receivedSource, firstNotifiedAtMs: moment.optional(), state: z.enum(['open', 'closed', 'cancelled']), cause },
    incidentNo: incidentNo.optional(),
    noteCount: noteNo.optional(),
    notesRead: z.array(z.object({ ...notesRead, atMs: moment })).optional(),
    detailsVersions: z.int().min(1).optional(),
  }),
  ofUnit('CrewSignedOn', { ...unit, principal, ...happened, cause }),
  ofUnit('CrewSignedOff', { ...unit, principal, ...happened, cause }),
  ofUnit('UnitBecameAvailable', { ...unit, ...happened, cause }),
  ofUnit('UnitBecameUnavailable', { ...unit, reason: z.enum(UNAVAILABLE_REASONS), ...happened, cause }),
  ofUnit('UnitCleared', { ...unit, fromTripId: routedId, ...happened, cause }),
  ofUnit('StandDownAcknowledged', { ...unit, fromTripId: routedId, ...happened, cause }),
  ofUnit('UnitContacted', { ...unit, cause }),
  ofUnit('EmergencyCalled', { ...unit, ...happened, cause }),
  ofUnit('EmergencyEnded', unit),
  ofUnit('FixHoleRecorded', {
    ...unit,
    streamId: z.string().regex(STORED_STREAM_ID),
    fromSeq: z.int().min(1),
    toSeq: z.int().min(1),
  }),
  ofCall('CallEntered', {
    ...{ ...call, ...site, problem, needs: z.array(need), tripIds, receivedAtMs: moment, receivedSource },
    incidentNo: incidentNo.optional(),
    sentAtMs: z.int().optional(),
  }),
  ofCall('CallAmended', {
    ...call,
    ...site,
    problem,
    tripIds,
    detailsReplaced: z.boolean(),
    triaged: z.literal(true).optional(),
  }),
  ofCall('CallNoteAdded', {
    ...{ ...call, noteNo, by: principal, unitId: unitId.optional() },
    corrects: noteNo.optional(),
  }),
  ofCall('CallNotesRead', { ...call, ...notesRead }),
  ofCall('CallCancelled', call),
  ofCall('CallClosed', call),
  ofCall('NeedAdded', { ...call, need, addedTripId: routedId, problem }),
  ofTrip('TripCreated', {
    ...{ ...trip, ...call, ...site, need, receivedAtMs: moment },
    responseNo: responseNo.optional(),
  }),
  ofTrip('HelpAdded', {
    ...{ ...trip, ...call, ...site, need, receivedAtMs: moment, responseNo: responseNo.optional() },
    ...{ helpsTripId: routedId, asked: z.array(unitId), because: z.enum(HELP_REASONS) },
  }),
  ofTrip('AssignmentOverridden', {
    ...{ ...trip, ...unit, fromUnitId: unitId.nullable() },
    ...{ inPhase: z.enum(TRIP_PHASES), reason: z.enum(OVERRIDE_REASONS), by: principal.optional(), ...leaves },
  }),
  ofTrip('UnitWithdrawn', {
    ...{ ...trip, ...unit, inPhase: z.enum(TRIP_PHASES), reason: z.enum(OVERRIDE_REASONS), ...leaves },
  }),
  ofTrip('TripPutOnHold', { ...trip, why: z.enum(HOLD_REASONS), by: principal.nullable(), cause }),
  ofTrip('TripTakenOffHold', { ...trip, cause }),
  ofTrip('OfferMade', {
    ...{ ...offer, mode: z.enum(DISPATCH_MODES), round: z.int().min(1), offeredAtMs: moment },
    ...{ warnAtMs: moment.nullable(), deadlineAtMs: moment, decision: decisionSchema },
    byVoice: z.literal(true).optional(),
  }),
  ofTrip('UnitNotified', { ...offer, ...call, notifiedAtMs: moment.nullable(), cause }),
  ofTrip('OfferAccepted', { ...offer, ...happened, cause, implied: z.literal(true).optional(), implausible }),
  ofTrip('OfferDeclined', { ...offer, reason: z.enum(DECLINE_REASONS) }),
  ofTrip('OfferTimedOut', { ...offer, noContact: z.literal(true).optional() }),
  ofTrip('OfferRevoked', { ...offer, reason: z.enum(REVOKE_REASONS) }),
  ofTrip('TripAlarmRaised', {
    ...{ ...trip, alarm: z.enum(TRIP_ALARMS), unitId: unitId.nullable(), severity: severity.optional() },
    decision: decisionSchema.optional(),
    lastHeardAtMs: moment.optional(),
  }),
  ofTrip('TripAlarmCleared', { ...trip, alarm: z.enum(TRIP_ALARMS), unitId: unitId.nullable() }),
  ofUnit('UnitAlarmRaised', { ...unit, alarm: z.enum(UNIT_ALARMS), severity, fromTripId: routedId.nullable() }),
  ofRegion('RegionAlarmRaised', {
    ...{ ...region, alarm: z.enum(REGION_ALARMS), severity, silentFromMs: moment, silentToMs: moment },
    ...{ silentUnits: count, ofUnits: count },
  }),
  ofRegion('RegionAlarmCleared', { ...region, alarm: z.enum(REGION_ALARMS), silentUnits: count, ofUnits: count }),
  ofEither('AlarmAcknowledged', { ...alarm, by: principal }),
  ofEither('AlarmShelved', { ...alarm, by: principal, forMs: z.int().min(0) }),
  ofEither('AlarmEscalated', { ...alarm, to: z.literal('supervisor') }),
  ofEither('AlarmLapsed', alarm),
  ofTrip('TripPhaseReached', {
    ...{ ...trip, ...unit, phase: z.enum(REPORTABLE_PHASES), ...happened },
    ...{ cause: z.enum(CAUSES), missed: phases, implausible, lateEvidence },
  }),
  ofTrip('TripTimeNoted', {
    ...{ ...trip, ...unit, time: z.enum(RESPONSE_TIMES), ...happened, cause: z.enum(CAUSES), implausible },
    lateEvidence,
  }),
  ofTrip('TripTimeCorrected', {
    ...{ ...trip, ...unit, time: z.enum(RESPONSE_TIMES), formerAtMs: moment.nullable(), newAtMs: moment.nullable() },
    reason: z.enum(CORRECTION_REASONS),
  }),
  ofRegion('RoadsRestricted', {
    ...{ ...region, zoneId: routedId, kind: z.enum(ZONE_KINDS), points: z.array(z.object(place)) },
    slowPercent: ranged(RANGES.slowPercent).nullable(),
    ...{ fromAtMs: moment, untilAtMs: moment.nullable(), reason: z.enum(ZONE_REASONS) },
  }),
  ofRegion('RoadsReopened', { ...region, zoneId: routedId, cause: z.enum(['dispatcher', 'system']) }),
  ofTrip('ReceiverNamed', { ...trip, ...call, toTripId: routedId.nullable(), cause: z.enum(CAUSES) }),
  ofTrip('DestinationNamed', {
    ...{ ...trip, ...call, unitId: unitId.nullable(), hospitalId: hospitalId.nullable(), cause: z.enum(CAUSES) },
    place: z.object({ name: z.string(), ...place }).nullable(),
  }),
  ofTrip('TripCancelled', {
    ...{ ...trip, ...call, reason: z.enum(CANCEL_REASONS), inPhase: z.enum(TRIP_PHASES) },
    ...{ unitId: unitId.nullable(), cause: z.enum(CAUSES), ...leaves },
  }),
  ofTrip('TripClosed', {
    ...{ ...trip, ...call, ...unit, disposition: z.enum(DISPOSITIONS), ...happened, missed: phases },
    ...{ cause, implausible },
  }),
] as const

export const eventSchema = z.discriminatedUnion('type', EVENT_SCHEMAS).meta({ id: 'Event' })

type Read = z.output<(typeof EVENT_SCHEMAS)[number]>
type Same = {
  [T in DomainEvent['type'] | Read['type']]: IsSame<Extract<Read, { type: T }>, Extract<DomainEvent, { type: T }>>
}
// Each event of the schemas is the event of its name, no field more or less.
void (null as unknown as Same satisfies Record<DomainEvent['type'], true>)
