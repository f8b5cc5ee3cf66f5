/** What the desk asks to see: who is nearest, why a trip has no unit, the board, the map, one unit. */
import { z } from 'zod'
import { ROUTED_ID, UNIT_ID } from '../../domain/ids.ts'
import { DESK } from '../../domain/roles.ts'
import { id, integer, latE7, levelOfCare, lonE7, matching } from '../fields.ts'
import { fromE7 } from '../fix-frame.ts'
import { RANGES } from '../limits.ts'
import { orNull } from '../nullable.ts'
import { count, position } from '../schema-parts.ts'
import { tileWatches } from '../session-fields.ts'
import { nearestResult, tripExplanation } from '../view-schemas.ts'
import { type MessageRows, NOTHING, named, shape } from './message-row.ts'

export const WATCH_MESSAGES = {
  nearest: {
    right: DESK,
    rate: 'query',
    owner: ['region'],
    result: nearestResult,
    shape: shape(
      z.object({ id, lonE7, latE7, k: integer(RANGES.k), levelOfCare: orNull(levelOfCare) }),
      ({ id, lonE7, latE7, k, levelOfCare }) => ({
        type: 'nearest' as const,
        id,
        lonDeg: fromE7(lonE7),
        latDeg: fromE7(latE7),
        k,
        levelOfCare,
      }),
    ),
  },
  'watch-board': {
    right: DESK,
    rate: 'control',
    owner: ['region'],
    result: z.object({ mode: z.enum(['snapshot', 'events']), position }),
    shape: named('watch-board', z.object({ id, fromPosition: orNull(integer(RANGES.position)) })),
  },
  'unwatch-board': {
    right: DESK,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('unwatch-board', z.object({ id })),
  },
  'watch-tiles': {
    right: DESK,
    rate: 'control',
    owner: ['region'],
    result: z.object({ tiles: count }),
    shape: named(
      'watch-tiles',
      z
        .object({ id, tiles: tileWatches })
        .refine(({ tiles }) => new Set(tiles.map(([tile]) => tile)).size === tiles.length, {
          path: ['tiles'],
          error: 'must name each tile once',
        }),
    ),
  },
  'watch-unit': {
    right: DESK,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('watch-unit', z.object({ id, unitId: matching(UNIT_ID) })),
  },
  'unwatch-unit': {
    right: DESK,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('unwatch-unit', z.object({ id, unitId: matching(UNIT_ID) })),
  },
  'explain-trip': {
    right: DESK,
    rate: 'query',
    owner: ['region'],
    result: tripExplanation,
    shape: named('explain-trip', z.object({ id, tripId: matching(ROUTED_ID), unitId: orNull(matching(UNIT_ID)) })),
  },
} as const satisfies MessageRows
