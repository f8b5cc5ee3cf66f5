/** What any session sends: the word that opens it, and the question what is stored of its streams. */
import { z } from 'zod'
import { REGION_ID, UNIT_ID } from '../../domain/ids.ts'
import { ROLES, right } from '../../domain/roles.ts'
import { atMs, id, integer, list, matching, oneOf } from '../fields.ts'
import { LIMITS, RANGES } from '../limits.ts'
import { orNull } from '../nullable.ts'
import { stream, token } from '../session-fields.ts'
import { type MessageRows, named } from './message-row.ts'

export const SESSION_MESSAGES = {
  hello: {
    right: null,
    rate: 'control',
    owner: ['own-unit', 'region'],
    result: null,
    shape: named(
      'hello',
      z
        .object({
          id,
          token,
          region: matching(REGION_ID),
          role: oneOf(ROLES),
          unitId: orNull(matching(UNIT_ID)),
          clientNowMs: atMs,
          streams: list(stream, 0, LIMITS.streamsPerHello),
        })
        .refine(hello => (hello.role === 'driver') === (hello.unitId !== null), {
          path: ['unitId'],
          error: 'must name the unit when the role is driver, and be null for every other role',
        })
        .refine(({ streams }) => new Set(streams.map(([streamId]) => streamId)).size === streams.length, {
          path: ['streams'],
          error: 'must name each stream once',
        }),
    ),
  },
  // Of a feed `streamIndex` is a channel: whether it names anything is for the region to say.
  mark: {
    right: right('region', 'driver', 'feed'),
    rate: 'control',
    owner: ['own-unit', 'region'],
    result: null,
    shape: named('mark', z.object({ streamIndex: orNull(integer(RANGES.channel)) })),
  },
} as const satisfies MessageRows
