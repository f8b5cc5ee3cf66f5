/** What the statistics of a region are asked for, and the form of what is told. */
import { z } from 'zod'
import { PRIORITIES } from '../domain/vocabulary.ts'
import { oneOf } from './fields.ts'
import { RANGES } from './limits.ts'
import { some, wholeNumber } from './list-schemas.ts'
import type { IsSame } from './same-type.ts'
import { count, moment, position, principal, ranged, unitId } from './schema-parts.ts'
import {
  CANCELLED_CALLS,
  RESPONSE_COUNTS,
  RESPONSE_ROUNDINGS,
  RESPONSE_STARTS,
  SLOTS,
  type StatisticsView,
} from './statistics-view.ts'

const DAY_MS = 86_400_000
const LIMIT_USUAL_MS = 8 * 60_000
const PERCENT_USUAL = 90
const CORNERS_MAX = 100

const percent = (() => {
  const error = 'must be a number above 0, 100 at most'
  return z.number({ error }).gt(0, { error }).max(100, { error })
})()
const corners = (() => {
  const error = `must be 3 to ${CORNERS_MAX} corners, each as longitude,latitude in degrees, separated by spaces`
  return z.string({ error }).transform((text, context) => {
    const places = text
      .split(' ')
      .map(corner => corner.split(',').map(each => (/^-?\d/.test(each) ? Number(each) : NaN)))
    const isPlace = (place: readonly number[]) =>
      place.length === 2 && Math.abs(place[0]!) <= 180 && Math.abs(place[1]!) <= 90
    if (places.length >= 3 && places.length <= CORNERS_MAX && places.every(isPlace)) return places as [number, number][]
    context.addIssue({ code: 'custom', message: error })
    return z.NEVER
  })
})()

export const STATISTICS_QUERY = z.object({
  fromMs: wholeNumber(RANGES.atMs)
    .optional()
    .describe('Calls that reached the centre from then on; a day before `toMs` where it is absent.'),
  toMs: wholeNumber(RANGES.atMs)
    .optional()
    .describe('Before then; now where it is absent. 400 days later than `fromMs` at most.'),
  limitMs: wholeNumber([1, DAY_MS]).default(LIMIT_USUAL_MS).describe('In which help has to be there.'),
  percent: percent.default(PERCENT_USUAL).describe('Of the calls that have to be within the limit.'),
  start: oneOf(RESPONSE_STARTS).default('received').describe('What starts the clock.'),
  rounding: oneOf(RESPONSE_ROUNDINGS).default('exact').describe('To whole minutes.'),
  counts: oneOf(RESPONSE_COUNTS).default('any').describe('Which unit stops the clock.'),
  staging: oneOf(['arrives', 'waits']).default('waits').describe('Whether a unit at its staging point has arrived.'),
  cancelled: oneOf(CANCELLED_CALLS).default('judged'),
  priority: some(PRIORITIES.map(String))
    .transform(given => given.map(Number))
    .optional()
    .describe('Calls of some priorities.'),
  zone: corners.optional().describe('Calls in a polygon.'),
})

const priority = ranged(RANGES.priority)
const share = z.number().min(0).max(1).nullable()
const ms = count.nullable()
const figures = {
  ...{ calls: count, samples: count, within: count, share, isMet: z.boolean().nullable() },
  ...{ p50Ms: ms, p90Ms: ms, maxMs: ms, cancelled: count, open: count, unknown: count },
}
const span = z.object({ count, p50Ms: ms, p90Ms: ms, maxMs: ms })

export const STATISTICS = z
  .object({
    ...{ region: z.string(), fromMs: moment, toMs: moment, slot: z.enum(SLOTS) },
    asOfPosition: position.describe('The position of the log that all figures have all of, and nothing behind it.'),
    asOfMs: moment.nullable().describe('Of the record there; null where there is none.'),
    contract: z.object({
      ...{ limitMs: count, share: z.number(), start: z.enum(RESPONSE_STARTS), rounding: z.enum(RESPONSE_ROUNDINGS) },
      ...{ counts: z.enum(RESPONSE_COUNTS), staged: z.boolean(), cancelled: z.enum(CANCELLED_CALLS) },
      ...{ priorities: z.array(priority).nullable(), zone: z.array(z.tuple([z.number(), z.number()])).nullable() },
    }),
    response: z.object({
      all: z.object(figures),
      byPriority: z.array(z.object({ priority, ...figures })),
      bySlot: z.array(z.object({ fromMs: moment, ...figures })).describe('Slots without a call are left out.'),
      byArea: z.array(z.object({ stationId: z.string(), name: z.string(), ...figures })),
      lateNow: count.describe('Open calls that are over the limit already.'),
    }),
    ...{ turnout: span, turnaround: span },
    units: z.array(z.object({ unitId, callSign: z.string(), staffedMs: count, committedMs: count, responses: count })),
    alarms: z.object({
      ...{ raised: count, busiestTenMinutes: count },
      byKind: z.array(
        z.object({ kind: z.string(), raised: count, acknowledged: count, p50Ms: ms, p90Ms: ms, maxMs: ms }),
      ),
      byPrincipal: z.array(z.object({ principal, acknowledged: count })),
    }),
  })
  .meta({ id: 'Statistics' })

void (true satisfies IsSame<z.output<typeof STATISTICS>, StatisticsView>)
