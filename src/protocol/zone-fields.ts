/** Closed or slow roads as a dispatcher draws them, in wire units. */
import { z } from 'zod'
import type { CloseRoads } from '../domain/commands.ts'
import { ZONE_KINDS, ZONE_REASONS } from '../domain/vocabulary.ts'
import { atMs, integer, latE7, list, lonE7, oneOf, optional } from './fields.ts'
import { fromE7 } from './fix-frame.ts'
import { LIMITS, RANGES } from './limits.ts'

/** The fewest points of each kind. */
const FEWEST = { area: 3, line: 2 } as const

export const wireZone = z
  .object(
    {
      kind: oneOf(ZONE_KINDS),
      points: list(z.tuple([lonE7, latE7], { error: 'must be [lonE7, latE7]' }), FEWEST.line, LIMITS.pointsPerZone),
      slowPercent: optional(integer(RANGES.slowPercent)),
      fromAtMs: optional(atMs),
      untilAtMs: optional(atMs),
      reason: oneOf(ZONE_REASONS),
    },
    { error: 'must be a map, the zone' },
  )
  .refine(({ kind, points }) => points.length >= FEWEST[kind], {
    path: ['points'],
    error: `must be a list of ${FEWEST.area} elements or more for an area`,
  })
  .transform(({ points, ...rest }): CloseRoads => {
    const drawn = points.map(([lonE7, latE7]) => ({ lonDeg: fromE7(lonE7), latDeg: fromE7(latE7) }))
    return { type: 'close-roads', points: drawn, ...rest }
  })
