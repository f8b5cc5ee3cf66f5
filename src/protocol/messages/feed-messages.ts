/** What a feed sends: fixes of many units, and which units it carries. */
import { z } from 'zod'
import { FEED } from '../../domain/roles.ts'
import { id } from '../fields.ts'
import { channel, durableSeq, errorCode } from '../schema-parts.ts'
import { channels, feedChannels } from '../session-fields.ts'
import { type MessageRows, NOTHING, named } from './message-row.ts'

export const FEED_MESSAGES = {
  'feed-fixes': { right: FEED, rate: 'feedFix', owner: ['region'], result: null, shape: null },
  attach: {
    right: FEED,
    rate: 'control',
    owner: ['region'],
    result: z.object({
      channels: z.array(z.tuple([channel, durableSeq])),
      refused: z.array(z.tuple([channel, errorCode])),
    }),
    shape: named(
      'attach',
      z
        .object({ id, channels: feedChannels })
        .refine(({ channels }) => new Set(channels.map(([channel]) => channel)).size === channels.length, {
          path: ['channels'],
          error: 'must name each channel once',
        }),
    ),
  },
  detach: {
    right: FEED,
    rate: 'control',
    owner: ['region'],
    result: NOTHING,
    shape: named('detach', z.object({ id, channels: channels })),
  },
} as const satisfies MessageRows
