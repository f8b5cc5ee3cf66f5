/** The form of units, trips and calls as clients are shown them, in messages and in HTTP answers. */
import { z } from 'zod'
import type { PassedOver } from '../domain/dispatch/eligibility.ts'
import { NOT_BY_SERVER_REASONS, ROUTING_SERVERS } from '../domain/dispatch/routing-server.ts'
import { REGION_ALARMS, TRIP_ALARMS, UNIT_ALARMS } from '../domain/events/alarm-events.ts'
import { EXCLUSION_REASONS } from '../domain/events/decision-record.ts'
import { ALARM_ID } from '../domain/ids.ts'
import { FRESHNESSES } from '../domain/policy.ts'
import {
  ABSENT_REASONS,
  ALARM_SEVERITIES,
  CANCEL_REASONS,
  CAPABILITY,
  CAUSES,
  CORRECTION_REASONS,
  DISPATCH_MODES,
  DISPOSITIONS,
  HOLD_REASONS,
  RANKING_BASES,
  REACHES,
  RECEIVED_SOURCES,
  RESPONSE_ENDS,
  RESPONSE_TIMES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
  ZONE_KINDS,
  ZONE_REASONS,
} from '../domain/vocabulary.ts'
import { RANGES } from './limits.ts'
import type { IsSame } from './same-type.ts'
import {
  candidate,
  choiceBasis,
  count,
  eta,
  exclusionReason,
  hospitalId,
  incidentNo,
  latSchema,
  levelSchema,
  lonSchema,
  loss,
  moment,
  need,
  noteNo,
  passedOverUnit,
  phases,
  place,
  position,
  principal,
  priority,
  ranged,
  responseNo,
  routedId,
  tripPhase,
  unitId,
} from './schema-parts.ts'
import type { NearestResult, TripExplanation } from './wire/answer-views.ts'
import type { AlarmView, CallView, TripView, UnitView } from './wire/situation-views.ts'

export const callDetailsSchema = z
  .object({
    callerName: z.string().nullable(),
    phone: z.string().nullable(),
    address: z.string().nullable(),
    notes: z.string().nullable(),
  })
  .meta({ id: 'CallDetails' })
const noteView = z
  .object({
    ...{ noteNo, by: principal, unitId: unitId.nullable(), atMs: moment },
    ...{ corrects: noteNo.nullable(), text: z.string().nullable() },
  })
  .meta({ id: 'NoteView' })
export const callNoteView = noteView.extend({ callId: routedId })
const offerView = z
  .object({
    ...{ offerId: routedId, tripId: routedId, unitId, mode: z.enum(DISPATCH_MODES), round: z.int().min(1) },
    ...{ offeredAtMs: moment, deadlineAtMs: moment, byVoice: z.literal(true).optional() },
  })
  .meta({ id: 'OfferView' })
const timeView = z
  .object({
    ...{ atMs: moment.nullable(), cause: z.enum(CAUSES), why: z.enum(ABSENT_REASONS).optional() },
    ...{ otherAtMs: moment.optional(), wheelsAtMs: moment.optional(), lateEvidence: z.literal(true).optional() },
    ...{ implausible: z.literal(true).optional(), corrected: z.enum(CORRECTION_REASONS).optional() },
  })
  .meta({ id: 'TimeView' })
const responseView = z
  .object({
    ...{ unitId, offerId: routedId, offeredAtMs: moment, end: z.enum(RESPONSE_ENDS).nullable() },
    etaMs: eta.etaMs,
    times: z.partialRecord(z.enum(RESPONSE_TIMES), timeView),
  })
  .meta({ id: 'ResponseView' })
export const tripViewSchema = z
  .object({
    ...{
      tripId: routedId,
      callId: routedId,
      phase: tripPhase,
      priority,
      problem: z.string().nullable(),
      need,
      ...place,
    },
    ...{ receivedAtMs: moment, unitId: unitId.nullable(), offer: offerView.nullable(), round: count },
    onHold: z.object({ why: z.enum(HOLD_REASONS), by: principal.nullable(), sinceMs: moment }).nullable(),
    ...{
      times: z.partialRecord(tripPhase, moment),
      missed: phases,
      responses: z.array(responseView),
      alarms: z.array(z.enum(TRIP_ALARMS)),
    },
    handedTo: routedId.nullable().optional(),
    destination: z.object({ hospitalId, name: z.string(), ...place }).nullable(),
    ...{ helps: routedId.nullable(), helpedBy: routedId.nullable(), loss: loss.nullable() },
    ...{ disposition: z.enum(DISPOSITIONS).nullable(), cancelReason: z.enum(CANCEL_REASONS).nullable() },
    ...{ version: position, details: callDetailsSchema.nullable() },
    ...{ incidentNo: incidentNo.optional(), responseNo: responseNo.optional() },
    ...{ notes: z.array(noteView).optional(), noteCount: noteNo.optional() },
    notesRead: z.object({ unitId, by: principal, noteNo, atMs: moment }).optional(),
  })
  .meta({ id: 'TripView' })
export const zoneViewSchema = z
  .object({
    ...{ zoneId: routedId, kind: z.enum(ZONE_KINDS), points: z.array(z.tuple([lonSchema, latSchema])) },
    slowPercent: ranged(RANGES.slowPercent).nullable(),
    ...{ fromAtMs: moment, untilAtMs: moment.nullable(), reason: z.enum(ZONE_REASONS) },
  })
  .meta({ id: 'ZoneView' })
export const alarmViewSchema = z
  .object({
    ...{
      alarmId: z.string().regex(ALARM_ID),
      kind: z.enum([...TRIP_ALARMS, ...UNIT_ALARMS, ...REGION_ALARMS]),
      severity: z.literal([...ALARM_SEVERITIES]),
    },
    ...{ tripId: routedId.nullable(), unitId: unitId.nullable(), raisedAtMs: moment, goneAtMs: moment.nullable() },
    ...{ acknowledgedBy: principal.nullable(), acknowledgedAtMs: moment.nullable(), escalatedAtMs: moment.nullable() },
    ...{ shelvedBy: principal.nullable(), shelvedUntilMs: moment.nullable() },
    mass: z.object({ silentFromMs: moment, silentToMs: moment, silentUnits: count, ofUnits: count }).optional(),
  })
  .meta({ id: 'AlarmView' })
const fixView = z
  .object({
    ...{ ...place, fixedAtMs: moment, ageMs: z.int(), freshness: z.enum(FRESHNESSES) },
    ...{ speedMps: z.number().nullable(), headingDeg: z.number().nullable() },
  })
  .meta({ id: 'FixView' })
export const unitViewSchema = z
  .object({
    ...{ unitId, callSign: z.string(), levelOfCare: levelSchema, transports: z.boolean() },
    capabilities: z.array(z.string().regex(CAPABILITY)),
    ...{ status: z.enum(UNIT_STATUSES), statusSinceMs: moment },
    ...{ dispatchability: z.enum(['available', 'conditionally-available', 'not-available']), retired: z.boolean() },
    ...{
      unavailableReason: z.enum(UNAVAILABLE_REASONS).nullable(),
      crew: principal.nullable(),
      connected: z.boolean(),
      awaySinceMs: moment.nullable(),
      reach: z.enum(REACHES),
      noContact: z.boolean(),
      emergencySinceMs: moment.nullable(),
      takenTripId: routedId.nullable(),
    },
    ...{ fix: fixView.nullable(), offerId: routedId.nullable(), tripId: routedId.nullable(), version: position },
    clockAheadMs: z.int().optional(),
  })
  .meta({ id: 'UnitView' })
const passedOver = z.enum([
  'emergency',
  'withdrawn',
  'disconnected',
  'no-position',
  'position-lost',
  'no-contact',
] satisfies PassedOver[])
const nearestUnit = z.object({
  ...{
    unitId,
    callSign: z.string(),
    levelOfCare: levelSchema,
    distanceM: z.number().min(0),
    ...eta,
    connected: z.boolean(),
  },
  ...{ passedOverFor: passedOver.nullable(), fix: fixView },
})
export const callViewSchema = z
  .object({
    ...{ callId: routedId, state: z.enum(['open', 'closed', 'cancelled']), ...place, priority },
    ...{ problem: z.string().nullable(), needs: z.array(need), receivedAtMs: moment },
    ...{ receivedSource: z.enum(RECEIVED_SOURCES).nullable(), firstNotifiedAtMs: moment.nullable() },
    trips: z.array(tripViewSchema),
    ...{ details: callDetailsSchema.nullable(), version: position, incidentNo: incidentNo.optional() },
    ...{ notes: z.array(noteView).optional(), noteCount: noteNo.optional() },
  })
  .meta({ id: 'CallView' })
export const tripExplanation = z.object({
  ...{ tripId: routedId, phase: tripPhase, round: z.int().min(1), why: z.string(), ...choiceBasis },
  ...{ candidates: z.array(candidate), eligible: count, excluded: z.partialRecord(exclusionReason, z.int().min(1)) },
  passedOver: z.array(passedOverUnit.extend({ why: z.string() })),
  help: z
    .object({
      ...{ tripId: routedId, helpsTripId: routedId, unitId: unitId.nullable(), loss: loss.nullable() },
      why: z.string(),
    })
    .nullable(),
  unit: z.object({ unitId, reason: z.enum([...EXCLUSION_REASONS, 'off-duty']).nullable(), why: z.string() }).nullable(),
})
export const nearestResult = z.object({
  ...choiceBasis,
  basis: z.enum([...RANKING_BASES, ...ROUTING_SERVERS]),
  notByServer: z.enum(NOT_BY_SERVER_REASONS).optional(),
  units: z.array(nearestUnit),
})

type Same = {
  AlarmView: IsSame<z.output<typeof alarmViewSchema>, AlarmView>
  TripView: IsSame<z.output<typeof tripViewSchema>, TripView>
  UnitView: IsSame<z.output<typeof unitViewSchema>, UnitView>
  CallView: IsSame<z.output<typeof callViewSchema>, CallView>
  NearestResult: IsSame<z.output<typeof nearestResult>, NearestResult>
  TripExplanation: IsSame<z.output<typeof tripExplanation>, TripExplanation>
}
// Each schema is the view of its name in `wire/`, no field more or less.
void (null as unknown as Same satisfies Record<keyof Same, true>)
