/** What the lists of calls, trips and units are asked for, and what an item of each says. */
import { z } from 'zod'
import {
  CANCEL_REASONS,
  CAPABILITY,
  DISPOSITIONS,
  HOLD_REASONS,
  PRIORITIES,
  RECEIVED_SOURCES,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
} from '../domain/vocabulary.ts'
import { RANGES } from './limits.ts'
import {
  count,
  incidentNo,
  levelSchema,
  moment,
  position,
  principal,
  priority,
  responseNo,
  routedId,
  tripPhase,
  unitId,
} from './schema-parts.ts'

const PAGE_ITEMS_MAX = 500
const PAGE_ITEMS_USUAL = 100
const WORDS_MIN = 2
const WORDS_MAX = 100
/** The longest time that a list looks through. */
export const WINDOW_MAX_MS = 400 * 86_400_000

export const wholeNumber = ([min, max]: readonly [number, number]) => {
  const error = `must be a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** Words of a closed list, separated by commas. */
export function some(words: readonly string[]) {
  const error = `must be some of ${words.join(', ')}, separated by commas`
  return z
    .string({ error })
    .refine(text => text.split(',').every(word => words.includes(word)), { error })
    .transform(text => text.split(','))
}

const bounds = [-180, -90, 180, 90] as const
const bbox = (() => {
  const error = 'must be west,south,east,north in degrees, south not above north'
  return z.string({ error }).transform((text, context) => {
    const [west, south, east, north, ...more] = text
      .split(',')
      .map(each => (/^-?\d{1,3}(\.\d{1,9})?$/.test(each) ? Number(each) : Number.NaN))
    const all = [west, south, east, north].map(each => each ?? Number.NaN)
    const isPlace = all.every((each, index) => Math.abs(each) <= bounds[2 + (index % 2)]!)
    if (isPlace && more.length === 0 && south! <= north!)
      return { west: west!, south: south!, east: east!, north: north! }
    context.addIssue({ code: 'custom', message: error })
    return z.NEVER
  })
})()
const words = (() => {
  const error = `must be a text of ${WORDS_MIN} to ${WORDS_MAX} characters`
  return z
    .string({ error })
    .min(WORDS_MIN, { error })
    .max(WORDS_MAX, { error })
    .refine(text => !text.includes('\0'), { error })
})()

const listQuery = (statuses: readonly string[], cursor: RegExp) =>
  z.object({
    limit: wholeNumber([1, PAGE_ITEMS_MAX]).default(PAGE_ITEMS_USUAL),
    cursor: z
      .string()
      .regex(cursor, { error: 'must be `next` of the page before, as it was given' })
      .optional()
      .describe('`next` of the page before; from the start where it is absent.'),
    after: wholeNumber(RANGES.position)
      .optional()
      .describe('A position of the log that the list is to have; it is waited for, a second at most.'),
    status: some(statuses).optional().describe('Some of the words, separated by commas.'),
    priority: some(PRIORITIES.map(String))
      .transform(given => given.map(Number))
      .optional(),
    fromMs: wholeNumber(RANGES.atMs).optional(),
    toMs: wholeNumber(RANGES.atMs).optional(),
    text: words.optional(),
  })

/** A time from and to that make sense together. */
const isWindow = ({ fromMs = 0, toMs }: { readonly fromMs?: number; readonly toMs?: number }): boolean =>
  toMs === undefined || (toMs > fromMs && (fromMs === 0 || toMs - fromMs <= WINDOW_MAX_MS))
const WINDOW = { path: ['toMs'], error: 'must be later than `fromMs`, by 400 days at most' }

const OF_POSITION = /^\d{1,15}:[a-z0-9]{1,16}\.[A-Za-z0-9_-]{1,32}$/
export const CALL_LIST = listQuery(['open', 'closed', 'cancelled'], OF_POSITION)
  .extend({ bbox: bbox.optional() })
  .refine(isWindow, WINDOW)
export const TRIP_LIST = listQuery(TRIP_PHASES, OF_POSITION).extend({ bbox: bbox.optional() }).refine(isWindow, WINDOW)
export const UNIT_LIST = listQuery(UNIT_STATUSES, /^[A-Za-z0-9._-]{1,32}$/).refine(isWindow, WINDOW)

const placed = { lonDeg: z.number(), latDeg: z.number() }
export const CALL_ITEM = z.object({
  ...{ callId: routedId, incidentNo: incidentNo.nullable(), state: z.enum(['open', 'closed', 'cancelled']), priority },
  ...{ problem: z.string().nullable(), ...placed, unitsNeeded: count, receivedAtMs: moment, enteredAtMs: moment },
  ...{ receivedSource: z.enum(RECEIVED_SOURCES).nullable(), enteredBy: principal.nullable() },
  ...{ firstNotifiedAtMs: moment.nullable(), endedAtMs: moment.nullable(), version: position },
})
export const TRIP_ITEM = z.object({
  ...{ tripId: routedId, callId: routedId, responseNo: responseNo.nullable(), phase: tripPhase, phaseSinceMs: moment },
  ...{ priority, problem: z.string().nullable(), ...placed, levelOfCare: levelSchema, transport: z.boolean() },
  ...{ capabilities: z.array(z.string().regex(CAPABILITY)), unitId: unitId.nullable(), receivedAtMs: moment },
  ...{ createdAtMs: moment, endedAtMs: moment.nullable(), disposition: z.enum(DISPOSITIONS).nullable() },
  ...{ cancelReason: z.enum(CANCEL_REASONS).nullable(), onHold: z.enum(HOLD_REASONS).nullable(), version: position },
})
export const UNIT_ITEM = z.object({
  ...{ unitId, callSign: z.string(), levelOfCare: levelSchema, transports: z.boolean() },
  ...{ capabilities: z.array(z.string().regex(CAPABILITY)), homeStation: z.string().nullable() },
  ...{ status: z.enum(UNIT_STATUSES), statusSinceMs: moment },
  dispatchability: z.enum(['available', 'conditionally-available', 'not-available']),
  ...{ crew: principal.nullable(), unavailableReason: z.enum(UNAVAILABLE_REASONS).nullable() },
  ...{ tripId: routedId.nullable(), tripPriority: priority.nullable(), version: position },
})
