/** What is asked of the roads: when units will be there. */
import { z } from 'zod'
import { CREW_OR_DESK } from '../../domain/roles.ts'
import { id } from '../fields.ts'
import { type MessageRows, NOTHING, named } from './message-row.ts'

export const ROAD_MESSAGES = {
  'watch-etas': {
    right: CREW_OR_DESK,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('watch-etas', z.object({ id })),
  },
  'unwatch-etas': {
    right: CREW_OR_DESK,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('unwatch-etas', z.object({ id })),
  },
} as const satisfies MessageRows
