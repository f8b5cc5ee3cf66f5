/**
 * The shape of every ordinary message a client may send, field by field, and what it becomes once it is valid.
 *
 * A shape's keys are the message's fields in the order of its tuple, so one declaration gives the wire order, the ranges
 * and the names in `details.path`. Fixes and hints are not here: `fix-frame.ts` checks them by hand.
 */
import { z } from 'zod'
import type { AmendCall, CallDetails, Command, EnterCall } from '../domain/commands.ts'
import { COMMAND_ID, REGION_ID, ROUTED_ID, STREAM_ID, UNIT_ID } from '../domain/ids.ts'
import { ROLES, type Role } from '../domain/roles.ts'
import {
  CANCEL_REASONS,
  CAPABILITY,
  DECLINE_REASONS,
  DISPOSITIONS,
  LEVELS_OF_CARE,
  type LevelOfCare,
  OVERRIDE_REASONS,
  type Priority,
  REPORTABLE_PHASES,
  UNAVAILABLE_REASONS,
} from '../domain/vocabulary.ts'
import { fromE7, inRange, noMinusZero, toE7 } from './fix-frame.ts'
import { LIMITS, RANGES } from './limits.ts'
import { orNull, readBy } from './nullable.ts'
import { isWithin } from './text.ts'
import { parseTile } from './tiles.ts'
import { type ClientTypeName, type FeedChannel, type StreamDeclaration, TILE_ZOOMS, type TileWatch } from './wire.ts'

export type OrdinaryRequest =
  | {
      readonly type: 'hello'
      readonly id: string
      readonly token: string
      readonly region: string
      readonly role: Role
      readonly unitId: string | null
      readonly clientNowMs: number
      readonly streams: readonly StreamDeclaration[]
    }
  | { readonly type: 'mark'; readonly streamIndex: number | null }
  | { readonly type: 'command'; readonly id: string; readonly command: Command }
  | {
      readonly type: 'nearest'
      readonly id: string
      readonly lonDeg: number
      readonly latDeg: number
      readonly k: number
      readonly levelOfCare: LevelOfCare | null
    }
  | { readonly type: 'watch-board'; readonly id: string; readonly fromPosition: number | null }
  | { readonly type: 'unwatch-board'; readonly id: string }
  | { readonly type: 'watch-tiles'; readonly id: string; readonly tiles: readonly TileWatch[] }
  | { readonly type: 'watch-unit' | 'unwatch-unit'; readonly id: string; readonly unitId: string }
  | { readonly type: 'attach'; readonly id: string; readonly channels: readonly FeedChannel[] }
  | { readonly type: 'detach'; readonly id: string; readonly channels: readonly number[] }

const integer = ([min, max]: readonly [min: number, max: number]) => {
  const error = `must be an integer from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error }).transform(noMinusZero)
}
const degrees = (max: number) => {
  const error = `must be a number of degrees from -${max} to ${max}`
  // Rounded to the wire's grid, so that the same call has the same body hash over HTTP and WebSocket.
  return z.number({ error }).min(-max, { error }).max(max, { error }).transform(onGrid)
}
const onGrid = (deg: number): number => fromE7(toE7(deg))
const oneOf = <const T extends string>(words: readonly T[]) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` })
const matching = (grammar: RegExp) => {
  const error = `must be a string that matches ${grammar.source}`
  return z.string({ error }).regex(grammar, { error })
}
const text = (min: number, max: number) => {
  const error = `must be a string of ${min} to ${max} characters`
  return z.string({ error }).refine(given => given.length >= min && isWithin(given, max), { error })
}
const list = <T extends z.ZodType>(item: T, min: number, max: number) => {
  const error = `must be a list of ${min} to ${max} elements`
  return z.array(item, { error }).min(min, { error }).max(max, { error })
}
/**
 * A list of many elements that are good as a rule: one look at each takes them, and only a list with something wrong in it
 * is read by its schema, which says what. By the schema a thousand elements cost ten milliseconds of everybody's time.
 * `quick` answers the element as the schema would, or null for what the schema has to look at.
 */
const longList = <T>(item: z.ZodType<T>, min: number, max: number, quick: (given: unknown) => T | null) => {
  const slow = list(item, min, max)
  const quickly = z.unknown().transform((given, context): T[] => {
    return quickList(given, min, max, quick) ?? readBy(slow, given, context)
  })
  READ_QUICKLY.set(quickly, slow)
  return quickly
}
/** The schema behind a list that is read without it, for who wants to know the form of it. */
const READ_QUICKLY = new WeakMap<z.core.$ZodType, z.core.$ZodType>()
export const listBehind = (schema: z.core.$ZodType): z.core.$ZodType | undefined => READ_QUICKLY.get(schema)

function quickList<T>(given: unknown, min: number, max: number, quick: (given: unknown) => T | null): T[] | null {
  if (!Array.isArray(given) || given.length < min || given.length > max) return null
  const read: T[] = []
  for (const element of given) {
    const value = quick(element)
    if (value === null) return null
    read.push(value)
  }
  return read
}
const isMatch = (value: unknown, grammar: RegExp): value is string => typeof value === 'string' && grammar.test(value)

/** Null and an absent key mean the same. */
const optional = <T extends z.ZodType>(schema: T) => orNull(schema).default(null)

const TILE_PROBLEM = `must be z/x/y of the Web Mercator grid with z one of ${TILE_ZOOMS.join(', ')}`

const id = matching(COMMAND_ID)
const token = (() => {
  const error = `must be a string of 1 to ${LIMITS.tokenChars} characters`
  return z.string({ error }).refine(({ length }) => length >= 1 && length <= LIMITS.tokenChars, { error })
})()
const atMs = integer(RANGES.atMs)
const levelOfCare = oneOf(LEVELS_OF_CARE)
const lonE7 = integer(RANGES.lonE7)
const latE7 = integer(RANGES.latE7)

const stream = z
  .tuple([matching(STREAM_ID), oneOf(['gnss', 'device']), integer(RANGES.seq)], {
    error: 'must be [streamId, clock, lowestSeq]',
  })
  .rest(z.unknown())
  .transform(([streamId, clock, lowestSeq]): StreamDeclaration => [streamId, clock, lowestSeq])

const needFields = z.object(
  { levelOfCare, capabilities: list(matching(CAPABILITY), 0, LIMITS.capabilitiesPerNeed).default([]) },
  { error: 'must be a map {levelOfCare, capabilities}' },
)
const detailsFields = z.object(
  {
    callerName: optional(text(0, LIMITS.callerNameChars)),
    phone: optional(text(0, LIMITS.phoneChars)),
    address: optional(text(0, LIMITS.addressChars)),
    notes: optional(text(0, LIMITS.notesChars)),
  },
  { error: 'must be a map {callerName, phone, address, notes}' },
)
const someOrNone = (given: CallDetails): CallDetails | null =>
  Object.values(given).some(value => value !== null) ? given : null
const details = detailsFields.transform(someOrNone)

const callFields = {
  priority: integer(RANGES.priority).transform(value => value as Priority),
  problem: optional(text(1, LIMITS.problemChars)),
  needs: list(needFields, 1, LIMITS.needsPerCall),
  receivedAtMs: optional(atMs),
  details: optional(details),
}
const wireCall = z
  .object({ lonE7, latE7, ...callFields }, { error: 'must be a map, the call' })
  .transform(({ lonE7, latE7, ...rest }): EnterCall => {
    return { type: 'enter-call', lonDeg: fromE7(lonE7), latDeg: fromE7(latE7), ...rest }
  })

const tileWatch = z
  .tuple(
    [
      z.string({ error: TILE_PROBLEM }).refine(tile => parseTile(tile) !== null, { error: TILE_PROBLEM }),
      orNull(matching(STREAM_ID)),
      orNull(integer(RANGES.position)),
    ],
    { error: 'must be [tile, epoch, frameNo]' },
  )
  .rest(z.unknown())
  .refine(([, epoch, frameNo]) => (epoch === null) === (frameNo === null), {
    error: 'must give both epoch and frameNo, or neither',
  })
  .transform(([tile, epoch, frameNo]): TileWatch => [tile, epoch, frameNo])
const feedChannel = z
  .tuple(
    [integer(RANGES.channel), matching(UNIT_ID), matching(STREAM_ID), oneOf(['gnss', 'device']), integer(RANGES.seq)],
    { error: 'must be [channel, unitId, streamId, clock, lowestSeq]' },
  )
  .rest(z.unknown())
  .transform(
    ([channel, unitId, streamId, clock, lowestSeq]): FeedChannel => [channel, unitId, streamId, clock, lowestSeq],
  )
function quickTileWatch(given: unknown): TileWatch | null {
  if (!Array.isArray(given)) return null
  const [tile, stream, seq] = given
  if (typeof tile !== 'string' || parseTile(tile) === null) return null
  if (stream === null && seq === null) return [tile, null, null]
  return isMatch(stream, STREAM_ID) && inRange(seq, RANGES.position) ? [tile, stream, noMinusZero(seq)] : null
}
function quickFeedChannel(given: unknown): FeedChannel | null {
  if (!Array.isArray(given)) return null
  const [channel, unitId, streamId, clock, lowestSeq] = given
  if (!inRange(channel, RANGES.channel) || !inRange(lowestSeq, RANGES.seq)) return null
  if (!isMatch(unitId, UNIT_ID) || !isMatch(streamId, STREAM_ID)) return null
  return clock === 'gnss' || clock === 'device' ? [noMinusZero(channel), unitId, streamId, clock, lowestSeq] : null
}
const quickChannel = (given: unknown): number | null => (inRange(given, RANGES.channel) ? noMinusZero(given) : null)

/** A change of place needs both of its coordinates; an absent key changes nothing, and null takes a value away. */
const callChanges = z
  .object(
    {
      lonE7: lonE7.optional(),
      latE7: latE7.optional(),
      priority: callFields.priority.optional(),
      problem: orNull(text(1, LIMITS.problemChars)).optional(),
      details: orNull(details).optional(),
    },
    { error: 'must be a map, what changes' },
  )
  .refine(({ lonE7, latE7 }) => (lonE7 === undefined) === (latE7 === undefined), {
    error: 'must give both lonE7 and latE7, or neither',
  })
  .refine(changes => Object.values(changes).some(value => value !== undefined), { error: 'must change something' })
  .transform(({ lonE7, latE7, ...rest }) => ({
    ...(lonE7 === undefined || latE7 === undefined ? {} : { lonDeg: fromE7(lonE7), latDeg: fromE7(latE7) }),
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
  })) as z.ZodType<Omit<AmendCall, 'type' | 'callId'>>

/** Body of `POST /v1/calls`: a `WireCall` whose place is given in degrees. A key that is none may be a misspelt one: it is refused. */
export const CALL_BODY = z
  .strictObject(
    {
      lonDeg: degrees(180),
      latDeg: degrees(90),
      ...callFields,
      needs: list(needFields.strict(), 1, LIMITS.needsPerCall),
      details: optional(detailsFields.strict().transform(someOrNone)),
    },
    { error: issue => (issue.code === 'unrecognized_keys' ? undefined : 'must be a JSON object, the call') },
  )
  .transform((call): EnterCall => ({ type: 'enter-call', ...call }))

/** Query of `GET /v1/units/nearest`, after its numbers were read. */
export const NEAREST_QUERY = z.object({
  region: matching(REGION_ID),
  lon: degrees(180),
  lat: degrees(90),
  k: integer(RANGES.k).default(5),
  levelOfCare: levelOfCare.optional(),
})

export interface Shape {
  /** The fields behind the type, in their order. */
  readonly fields: readonly string[]
  /** What the fields have to be, as a client sends them. */
  readonly schema: z.ZodObject
  read(fields: Readonly<Record<string, unknown>>): z.ZodSafeParseResult<OrdinaryRequest>
}

function shape<S extends z.ZodObject>(schema: S, build: (fields: z.output<S>) => OrdinaryRequest): Shape {
  const whole = schema.transform(build)
  return { fields: Object.keys(schema.shape), schema, read: fields => whole.safeParse(fields) }
}

const ask = (id: string, command: Command): OrdinaryRequest => ({ type: 'command', id, command })

export const SHAPES: Readonly<Record<Exclude<ClientTypeName, 'fix' | 'hint' | 'feed-fixes'>, Shape>> = {
  hello: shape(
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
    fields => ({ type: 'hello', ...fields }),
  ),
  // Of a feed it is a channel: whether it names anything is for the region to say.
  mark: shape(z.object({ streamIndex: orNull(integer(RANGES.channel)) }), fields => ({ type: 'mark', ...fields })),
  'sign-on': shape(z.object({ id, happenedAtMs: atMs }), ({ id, ...fields }) =>
    ask(id, { type: 'sign-on', ...fields }),
  ),
  'sign-off': shape(z.object({ id, happenedAtMs: atMs }), ({ id, ...fields }) =>
    ask(id, { type: 'sign-off', ...fields }),
  ),
  'set-status': shape(
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
    ({ id, ...fields }) => ask(id, { type: 'set-status', ...fields }),
  ),
  'accept-offer': shape(z.object({ id, offerId: matching(ROUTED_ID), happenedAtMs: atMs }), ({ id, ...fields }) =>
    ask(id, { type: 'accept-offer', ...fields }),
  ),
  'decline-offer': shape(
    z.object({ id, offerId: matching(ROUTED_ID), reason: oneOf(DECLINE_REASONS) }),
    ({ id, ...fields }) => ask(id, { type: 'decline-offer', ...fields }),
  ),
  'report-phase': shape(
    z.object({ id, tripId: matching(ROUTED_ID), phase: oneOf(REPORTABLE_PHASES), happenedAtMs: atMs }),
    ({ id, ...fields }) => ask(id, { type: 'report-phase', ...fields }),
  ),
  'close-trip': shape(
    z.object({ id, tripId: matching(ROUTED_ID), disposition: oneOf(DISPOSITIONS), happenedAtMs: atMs }),
    ({ id, ...fields }) => ask(id, { type: 'close-trip', ...fields }),
  ),
  'enter-call': shape(z.object({ id, call: wireCall }), ({ id, call }) => ask(id, call)),
  'cancel-trip': shape(
    z.object({ id, tripId: matching(ROUTED_ID), reason: oneOf(CANCEL_REASONS) }),
    ({ id, ...fields }) => ask(id, { type: 'cancel-trip', ...fields }),
  ),
  nearest: shape(
    z.object({ id, lonE7, latE7, k: integer(RANGES.k), levelOfCare: orNull(levelOfCare) }),
    ({ id, lonE7, latE7, k, levelOfCare }) => ({
      type: 'nearest',
      id,
      lonDeg: fromE7(lonE7),
      latDeg: fromE7(latE7),
      k,
      levelOfCare,
    }),
  ),
  'watch-board': shape(z.object({ id, fromPosition: orNull(integer(RANGES.position)) }), fields => ({
    type: 'watch-board',
    ...fields,
  })),
  'unwatch-board': shape(z.object({ id }), fields => ({ type: 'unwatch-board', ...fields })),
  'watch-tiles': shape(
    z
      .object({ id, tiles: longList(tileWatch, 0, LIMITS.tilesPerWatch, quickTileWatch) })
      .refine(({ tiles }) => new Set(tiles.map(([tile]) => tile)).size === tiles.length, {
        path: ['tiles'],
        error: 'must name each tile once',
      }),
    fields => ({ type: 'watch-tiles', ...fields }),
  ),
  'watch-unit': shape(z.object({ id, unitId: matching(UNIT_ID) }), fields => ({ type: 'watch-unit', ...fields })),
  'unwatch-unit': shape(z.object({ id, unitId: matching(UNIT_ID) }), fields => ({ type: 'unwatch-unit', ...fields })),
  'amend-call': shape(z.object({ id, callId: matching(ROUTED_ID), changes: callChanges }), ({ id, callId, changes }) =>
    ask(id, { type: 'amend-call', callId, ...changes }),
  ),
  'cancel-call': shape(
    z.object({ id, callId: matching(ROUTED_ID), reason: oneOf(CANCEL_REASONS) }),
    ({ id, ...fields }) => ask(id, { type: 'cancel-call', ...fields }),
  ),
  'assign-unit': shape(
    z.object({ id, tripId: matching(ROUTED_ID), unitId: matching(UNIT_ID), reason: oneOf(OVERRIDE_REASONS) }),
    ({ id, ...fields }) => ask(id, { type: 'assign-unit', ...fields }),
  ),
  'withdraw-unit': shape(
    z.object({ id, tripId: matching(ROUTED_ID), reason: oneOf(OVERRIDE_REASONS) }),
    ({ id, ...fields }) => ask(id, { type: 'withdraw-unit', ...fields }),
  ),
  'set-unit-status': shape(
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
    ({ id, ...fields }) => ask(id, { type: 'set-unit-status', ...fields }),
  ),
  attach: shape(
    z
      .object({ id, channels: longList(feedChannel, 1, LIMITS.channelsPerAttach, quickFeedChannel) })
      .refine(({ channels }) => new Set(channels.map(([channel]) => channel)).size === channels.length, {
        path: ['channels'],
        error: 'must name each channel once',
      }),
    fields => ({ type: 'attach', ...fields }),
  ),
  detach: shape(
    z.object({ id, channels: longList(integer(RANGES.channel), 1, LIMITS.channelsPerAttach, quickChannel) }),
    fields => ({
      type: 'detach',
      ...fields,
    }),
  ),
}
