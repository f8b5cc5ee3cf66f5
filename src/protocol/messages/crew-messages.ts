/** What a crew sends: fixes of its unit, its duty, its answers to offers and what it reports of its trip. */
import { z } from 'zod'
import { ROUTED_ID, UNIT_ID } from '../../domain/ids.ts'
import { CREW, CREW_OR_DESK } from '../../domain/roles.ts'
import {
  DECLINE_REASONS,
  DISPOSITIONS,
  MARKS,
  REPORTABLE_PHASES,
  UNAVAILABLE_REASONS,
} from '../../domain/vocabulary.ts'
import { atMs, id, matching, oneOf } from '../fields.ts'
import { orNull } from '../nullable.ts'
import { hospitalId, moment, unitId } from '../schema-parts.ts'
import { asCommand, type MessageRows, shape, tripAt, unitStatus } from './message-row.ts'

export const CREW_MESSAGES = {
  fix: { right: CREW, rate: 'fix', owner: ['own-unit'], result: null, shape: null },
  hint: { right: CREW, rate: 'fix', owner: ['own-unit'], result: null, shape: null },
  'sign-on': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(z.object({ id, happenedAtMs: atMs }), ({ id, ...fields }) =>
      asCommand(id, { type: 'sign-on', ...fields }),
    ),
  },
  'sign-off': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(z.object({ id, happenedAtMs: atMs }), ({ id, ...fields }) =>
      asCommand(id, { type: 'sign-off', ...fields }),
    ),
  },
  'set-status': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(
      z
        .object({
          id,
          status: oneOf(['available', 'unavailable']),
          reason: orNull(oneOf(UNAVAILABLE_REASONS)),
          happenedAtMs: atMs,
        })
        .refine(({ status, reason }) => (status === 'unavailable') === (reason !== null), {
          path: ['reason'],
          error: `must be one of ${UNAVAILABLE_REASONS.join(', ')} when the status is unavailable, and null when it is available`,
        }),
      ({ id, ...fields }) => asCommand(id, { type: 'set-status', ...fields }),
    ),
  },
  'accept-offer': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: tripAt,
    shape: shape(z.object({ id, offerId: matching(ROUTED_ID), happenedAtMs: atMs }), ({ id, ...fields }) =>
      asCommand(id, { type: 'accept-offer', ...fields }),
    ),
  },
  'decline-offer': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(z.object({ id, offerId: matching(ROUTED_ID), reason: oneOf(DECLINE_REASONS) }), ({ id, ...fields }) =>
      asCommand(id, { type: 'decline-offer', ...fields }),
    ),
  },
  'acknowledge-stand-down': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID), happenedAtMs: atMs }), ({ id, ...fields }) =>
      asCommand(id, { type: 'acknowledge-stand-down', ...fields }),
    ),
  },
  // A crew reports for its own unit; the desk for one that calls in by radio.
  'report-phase': {
    right: CREW_OR_DESK,
    rate: 'command',
    owner: ['own-unit', 'trip'],
    result: tripAt,
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), phase: oneOf([...REPORTABLE_PHASES, ...MARKS]), happenedAtMs: atMs }),
      ({ id, ...fields }) => asCommand(id, { type: 'report-phase', ...fields }),
    ),
  },
  'name-destination': {
    right: CREW_OR_DESK,
    rate: 'command',
    owner: ['own-unit', 'trip'],
    result: tripAt.extend({ hospitalId: hospitalId.nullable() }),
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), hospitalId: orNull(matching(UNIT_ID)) }),
      ({ id, ...fields }) => asCommand(id, { type: 'name-destination', ...fields }),
    ),
  },
  // Not of the rate of commands: what a crew has pressed before must not keep it from being heard.
  'call-emergency': {
    right: CREW_OR_DESK,
    rate: 'control',
    owner: ['own-unit', 'unit'],
    result: z.object({ unitId, emergencySinceMs: moment.nullable() }),
    shape: shape(z.object({ id, unitId: matching(UNIT_ID), happenedAtMs: atMs }), ({ id, ...fields }) =>
      asCommand(id, { type: 'call-emergency', ...fields }),
    ),
  },
  'close-trip': {
    right: CREW_OR_DESK,
    rate: 'command',
    owner: ['own-unit', 'trip'],
    result: tripAt,
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), disposition: oneOf(DISPOSITIONS), happenedAtMs: atMs }),
      ({ id, ...fields }) => asCommand(id, { type: 'close-trip', ...fields }),
    ),
  },
} as const satisfies MessageRows
