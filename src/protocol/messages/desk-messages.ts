/** What the desk orders: calls and their trips, units assigned or withdrawn by hand, a unit's status, alarms answered. */
import { z } from 'zod'
import { subjectOfAlarm } from '../../domain/alarms.ts'
import { ALARM_ID, type AlarmId, ROUTED_ID, UNIT_ID } from '../../domain/ids.ts'
import { DESK } from '../../domain/roles.ts'
import {
  CANCEL_REASONS,
  CORRECTION_REASONS,
  DIVERT_REASONS,
  OVERRIDE_REASONS,
  RESPONSE_TIMES,
  UNAVAILABLE_REASONS,
} from '../../domain/vocabulary.ts'
import { callChanges, needFields, wireCall } from '../call-fields.ts'
import { atMs, id, integer, matching, oneOf } from '../fields.ts'
import { RANGES } from '../limits.ts'
import { orNull } from '../nullable.ts'
import { incidentNo, moment, responseNo, routedId, tripPhase, unitId } from '../schema-parts.ts'
import { alarmViewSchema } from '../view-schemas.ts'
import { wireZone } from '../zone-fields.ts'
import { asCommand, type MessageRows, shape, tripAt, unitStatus } from './message-row.ts'

const tripHeld = z.object({ tripId: routedId, onHold: z.boolean() })
const alarmId = matching(ALARM_ID)
/** The alarm as it is from then on; null of what ended with the answer. */
const alarmAnswered = z.object({ alarm: alarmViewSchema.nullable() })

/** The trip, unit or region that an alarm belongs to. */
function ofAlarm(alarmId: AlarmId) {
  const { entity: _, ...subject } = subjectOfAlarm(alarmId)
  return subject as { tripId: string } | { unitId: string } | { regionId: string }
}

export const DESK_MESSAGES = {
  'enter-call': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    // The numbers are absent in the answer to a repetition of a command of before there were any.
    result: z.object({
      ...{ callId: routedId, tripIds: z.array(routedId).min(1) },
      ...{ incidentNo: incidentNo.optional(), responseNos: z.array(responseNo).optional() },
    }),
    shape: shape(z.object({ id, call: wireCall }), ({ id, call }) => asCommand(id, call)),
  },
  'amend-call': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ callId: routedId }),
    shape: shape(z.object({ id, callId: matching(ROUTED_ID), changes: callChanges }), ({ id, callId, changes }) =>
      asCommand(id, { type: 'amend-call', callId, ...changes }),
    ),
  },
  'cancel-call': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ callId: routedId, state: z.enum(['open', 'closed', 'cancelled']), tripIds: z.array(routedId) }),
    shape: shape(z.object({ id, callId: matching(ROUTED_ID), reason: oneOf(CANCEL_REASONS) }), ({ id, ...fields }) =>
      asCommand(id, { type: 'cancel-call', ...fields }),
    ),
  },
  'cancel-trip': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: tripAt,
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID), reason: oneOf(CANCEL_REASONS) }), ({ id, ...fields }) =>
      asCommand(id, { type: 'cancel-trip', ...fields }),
    ),
  },
  'assign-unit': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({ tripId: routedId, unitId, phase: tripPhase, offerId: routedId.nullable() }),
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), unitId: matching(UNIT_ID), reason: oneOf(OVERRIDE_REASONS) }),
      ({ id, ...fields }) => asCommand(id, { type: 'assign-unit', ...fields }),
    ),
  },
  'withdraw-unit': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({ tripId: routedId, unitId, phase: tripPhase }),
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID), reason: oneOf(OVERRIDE_REASONS) }), ({ id, ...fields }) =>
      asCommand(id, { type: 'withdraw-unit', ...fields }),
    ),
  },
  'divert-unit': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({
      ...{ tripId: routedId, unitId, phase: tripPhase, offerId: routedId.nullable(), fromTripId: routedId },
    }),
    shape: shape(
      z
        .object({
          id,
          tripId: matching(ROUTED_ID),
          toTripId: matching(ROUTED_ID),
          reason: oneOf(DIVERT_REASONS),
        })
        .refine(({ tripId, toTripId }) => tripId !== toTripId, {
          path: ['toTripId'],
          error: 'must be another trip than `tripId`',
        }),
      ({ id, ...fields }) => asCommand(id, { type: 'divert-unit', ...fields }),
    ),
  },
  'hold-trip': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: tripHeld,
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID) }), ({ id, tripId }) =>
      asCommand(id, { type: 'hold-trip', tripId }),
    ),
  },
  'resume-trip': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: tripHeld,
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID) }), ({ id, tripId }) =>
      asCommand(id, { type: 'resume-trip', tripId }),
    ),
  },
  'confirm-order': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({ tripId: routedId, unitId, phase: tripPhase }),
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID), happenedAtMs: atMs }), ({ id, tripId, happenedAtMs }) =>
      asCommand(id, { type: 'confirm-order', tripId, happenedAtMs }),
    ),
  },
  'name-receiver': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({
      tripId: routedId,
      toTripId: routedId.nullable(),
      callId: routedId,
      state: z.enum(['open', 'closed', 'cancelled']),
    }),
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), toTripId: orNull(matching(ROUTED_ID)) }),
      ({ id, ...fields }) => asCommand(id, { type: 'name-receiver', ...fields }),
    ),
  },
  'end-emergency': {
    right: DESK,
    rate: 'command',
    owner: ['unit'],
    result: z.object({ unitId, emergencySinceMs: moment.nullable() }),
    shape: shape(z.object({ id, unitId: matching(UNIT_ID) }), ({ id, unitId }) =>
      asCommand(id, { type: 'end-emergency', unitId }),
    ),
  },
  'close-roads': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ zoneId: routedId }),
    shape: shape(z.object({ id, zone: wireZone }), ({ id, zone }) => asCommand(id, zone)),
  },
  'reopen-roads': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ zoneId: routedId }),
    shape: shape(z.object({ id, zoneId: matching(ROUTED_ID) }), ({ id, zoneId }) =>
      asCommand(id, { type: 'reopen-roads', zoneId }),
    ),
  },
  'add-need': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ callId: routedId, tripId: routedId, responseNo: responseNo.optional() }),
    shape: shape(z.object({ id, callId: matching(ROUTED_ID), need: needFields }), ({ id, callId, need }) =>
      asCommand(id, { type: 'add-need', callId, need }),
    ),
  },
  'set-unit-status': {
    right: DESK,
    rate: 'command',
    owner: ['unit'],
    result: unitStatus,
    shape: shape(
      z
        .object({
          id,
          unitId: matching(UNIT_ID),
          status: oneOf(['available', 'unavailable', 'off-duty']),
          reason: orNull(oneOf(UNAVAILABLE_REASONS)),
          happenedAtMs: atMs,
        })
        .refine(({ status, reason }) => (status === 'unavailable') === (reason !== null), {
          path: ['reason'],
          error: `must be one of ${UNAVAILABLE_REASONS.join(', ')} when the status is unavailable, and null otherwise`,
        }),
      ({ id, ...fields }) => asCommand(id, { type: 'set-unit-status', ...fields }),
    ),
  },
  'correct-time': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({ tripId: routedId, unitId, time: z.enum(RESPONSE_TIMES), atMs: moment.nullable() }),
    shape: shape(
      z.object({
        ...{ id, tripId: matching(ROUTED_ID), unitId: matching(UNIT_ID), time: oneOf(RESPONSE_TIMES) },
        ...{ newAtMs: orNull(atMs), reason: oneOf(CORRECTION_REASONS) },
      }),
      ({ id, ...fields }) => asCommand(id, { type: 'correct-time', ...fields }),
    ),
  },
  'acknowledge-alarm': {
    right: DESK,
    rate: 'command',
    owner: ['trip', 'unit'],
    result: alarmAnswered,
    shape: shape(z.object({ id, alarmId }), ({ id, alarmId }) =>
      asCommand(id, { type: 'acknowledge-alarm', ...ofAlarm(alarmId), alarmId }),
    ),
  },
  'shelve-alarm': {
    right: DESK,
    rate: 'command',
    owner: ['trip', 'unit'],
    result: alarmAnswered,
    shape: shape(z.object({ id, alarmId, forMs: integer(RANGES.forMs) }), ({ id, alarmId, forMs }) =>
      asCommand(id, { type: 'shelve-alarm', ...ofAlarm(alarmId), alarmId, forMs }),
    ),
  },
} as const satisfies MessageRows
