/** What is said of a call, by the desk and by crews, and what a crew has read of it. */
import { z } from 'zod'
import { ROUTED_ID } from '../../domain/ids.ts'
import { CREW, CREW_OR_DESK } from '../../domain/roles.ts'
import { id, integer, matching, utf8 } from '../fields.ts'
import { LIMITS, RANGES } from '../limits.ts'
import { orNull } from '../nullable.ts'
import { moment, noteNo, routedId } from '../schema-parts.ts'
import { asCommand, type MessageRows, shape } from './message-row.ts'

const callId = matching(ROUTED_ID)

export const NOTE_MESSAGES = {
  // A crew writes about the call of the trip that its unit is bound to.
  'add-note': {
    right: CREW_OR_DESK,
    rate: 'command',
    owner: ['own-unit', 'region'],
    result: z.object({ callId: routedId, noteNo, atMs: moment }),
    shape: shape(
      z.object({ id, callId, text: utf8(LIMITS.noteBytes), corrects: orNull(integer(RANGES.noteNo)) }),
      ({ id, ...fields }) => asCommand(id, { type: 'add-note', ...fields }),
    ),
  },
  'read-notes': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: z.object({ callId: routedId, noteNo }),
    shape: shape(z.object({ id, callId, noteNo: integer(RANGES.noteNo) }), ({ id, ...fields }) =>
      asCommand(id, { type: 'read-notes', ...fields }),
    ),
  },
} as const satisfies MessageRows
