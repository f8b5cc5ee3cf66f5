/**
 * Every message that a client may send, a row each: who may send it, which rate it takes from, who in the region takes it,
 * its fields, and what the reply to it holds. Its number and its tuple stand in `wire.ts`, which clients share.
 *
 * The door, the limits, the region's host, the schemas and the tables of the documents go by these rows. A new message is a
 * row, its number and tuple, a case where its owner takes it (`hand-over.ts` for the region), a method of the client, and
 * a row of the documents.
 */
import { z } from 'zod'
import { tripOfAlarm } from '../domain/alarms.ts'
import type { Command, ReleaseHeld } from '../domain/commands.ts'
import { ALARM_ID, REGION_ID, ROUTED_ID, UNIT_ID } from '../domain/ids.ts'
import { CREW, CREW_OR_DESK, DESK, FEED, type Right, ROLES, right } from '../domain/roles.ts'
import {
  CANCEL_REASONS,
  DECLINE_REASONS,
  DISPOSITIONS,
  OVERRIDE_REASONS,
  REPORTABLE_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
} from '../domain/vocabulary.ts'
import { callChanges, wireCall } from './call-fields.ts'
import { atMs, id, integer, latE7, levelOfCare, list, lonE7, matching, oneOf } from './fields.ts'
import { type FeedFixesRequest, type FixRequest, fromE7, type HintRequest } from './fix-frame.ts'
import { LIMITS, RANGES, type RateClass } from './limits.ts'
import { orNull } from './nullable.ts'
import { channel, count, durableSeq, errorCode, position, routedId, tripPhase, unitId } from './schema-parts.ts'
import { channels, feedChannels, stream, tileWatches, token } from './session-fields.ts'
import { alarmViewSchema, nearestResult, tripExplanation } from './view-schemas.ts'
import type { ClientTypeName } from './wire.ts'

/** A message's fields, and what the message becomes once they are valid. */
export interface Shape<Request = unknown> {
  /** The fields behind the type, in their order on the wire: the keys of the schema. */
  readonly fields: readonly string[]
  /** What the fields have to be, as a client sends them. */
  readonly schema: z.ZodObject
  read(fields: Readonly<Record<string, unknown>>): z.ZodSafeParseResult<Request>
}

/** Who in a region takes a message: the unit that the session speaks for, the unit or trip that the message names, or the region. */
export type Owner = 'own-unit' | 'unit' | 'trip' | 'region'

interface MessageRow {
  /** Null: a client that is not signed in yet. */
  readonly right: Right | null
  /** A crew's commands have a rate of their own, `crewCommand`. As how many it counts: `gateway/limits/message-cost.ts`. */
  readonly rate: RateClass
  /** The first of these that session or message names. */
  readonly owner: readonly Owner[]
  /** What stands in `result` of the reply [CM-3]; null where no reply comes. */
  readonly result: z.ZodObject | null
  /** Null of fixes, which `fix-frame.ts` reads by hand. */
  readonly shape: Shape | null
}

/** What only HTTP asks is no message. */
type AskedCommand = Exclude<Command, ReleaseHeld>
export interface CommandAsked {
  readonly type: 'command'
  readonly id: string
  readonly command: AskedCommand
}
const ask = (id: string, command: AskedCommand): CommandAsked => ({ type: 'command', id, command })

function shape<S extends z.ZodObject, Request>(schema: S, build: (fields: z.output<S>) => Request): Shape<Request> {
  const whole = schema.transform(build)
  // zod's own type of an output that is still generic cannot be told to be `Request`.
  return {
    fields: Object.keys(schema.shape),
    schema,
    read: fields => whole.safeParse(fields) as z.ZodSafeParseResult<Request>,
  }
}
/** A message that becomes its own name and fields. */
function named<const T extends string, S extends z.ZodObject>(type: T, schema: S) {
  return shape(schema, fields => ({ type, ...fields }))
}

const unitStatus = z.object({ unitId, status: z.enum(UNIT_STATUSES) })
const tripAt = z.object({ tripId: routedId, phase: tripPhase })
const alarmId = matching(ALARM_ID)
/** The alarm as it is from then on; null of what ended with the answer. */
const alarmAnswered = z.object({ alarm: alarmViewSchema.nullable() })
const NOTHING = z.object({})

export const CLIENT_MESSAGES = {
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
  fix: { right: CREW, rate: 'fix', owner: ['own-unit'], result: null, shape: null },
  hint: { right: CREW, rate: 'fix', owner: ['own-unit'], result: null, shape: null },
  // Of a feed `streamIndex` is a channel: whether it names anything is for the region to say.
  mark: {
    right: right('region', 'driver', 'feed'),
    rate: 'control',
    owner: ['own-unit', 'region'],
    result: null,
    shape: named('mark', z.object({ streamIndex: orNull(integer(RANGES.channel)) })),
  },
  'feed-fixes': { right: FEED, rate: 'feedFix', owner: ['region'], result: null, shape: null },
  'sign-on': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(z.object({ id, happenedAtMs: atMs }), ({ id, ...fields }) => ask(id, { type: 'sign-on', ...fields })),
  },
  'sign-off': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(z.object({ id, happenedAtMs: atMs }), ({ id, ...fields }) => ask(id, { type: 'sign-off', ...fields })),
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
      ({ id, ...fields }) => ask(id, { type: 'set-status', ...fields }),
    ),
  },
  'accept-offer': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: tripAt,
    shape: shape(z.object({ id, offerId: matching(ROUTED_ID), happenedAtMs: atMs }), ({ id, ...fields }) =>
      ask(id, { type: 'accept-offer', ...fields }),
    ),
  },
  'decline-offer': {
    right: CREW,
    rate: 'command',
    owner: ['own-unit'],
    result: unitStatus,
    shape: shape(z.object({ id, offerId: matching(ROUTED_ID), reason: oneOf(DECLINE_REASONS) }), ({ id, ...fields }) =>
      ask(id, { type: 'decline-offer', ...fields }),
    ),
  },
  // A crew reports for its own unit; the desk for one that calls in by radio.
  'report-phase': {
    right: CREW_OR_DESK,
    rate: 'command',
    owner: ['own-unit', 'trip'],
    result: tripAt,
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), phase: oneOf(REPORTABLE_PHASES), happenedAtMs: atMs }),
      ({ id, ...fields }) => ask(id, { type: 'report-phase', ...fields }),
    ),
  },
  'close-trip': {
    right: CREW_OR_DESK,
    rate: 'command',
    owner: ['own-unit', 'trip'],
    result: tripAt,
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), disposition: oneOf(DISPOSITIONS), happenedAtMs: atMs }),
      ({ id, ...fields }) => ask(id, { type: 'close-trip', ...fields }),
    ),
  },
  'enter-call': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ callId: routedId, tripIds: z.array(routedId).min(1) }),
    shape: shape(z.object({ id, call: wireCall }), ({ id, call }) => ask(id, call)),
  },
  'amend-call': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ callId: routedId }),
    shape: shape(z.object({ id, callId: matching(ROUTED_ID), changes: callChanges }), ({ id, callId, changes }) =>
      ask(id, { type: 'amend-call', callId, ...changes }),
    ),
  },
  'cancel-call': {
    right: DESK,
    rate: 'command',
    owner: ['region'],
    result: z.object({ callId: routedId, state: z.enum(['cancelled', 'closed']), tripIds: z.array(routedId) }),
    shape: shape(z.object({ id, callId: matching(ROUTED_ID), reason: oneOf(CANCEL_REASONS) }), ({ id, ...fields }) =>
      ask(id, { type: 'cancel-call', ...fields }),
    ),
  },
  'cancel-trip': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: tripAt,
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID), reason: oneOf(CANCEL_REASONS) }), ({ id, ...fields }) =>
      ask(id, { type: 'cancel-trip', ...fields }),
    ),
  },
  'assign-unit': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({ tripId: routedId, unitId, phase: tripPhase, offerId: routedId.nullable() }),
    shape: shape(
      z.object({ id, tripId: matching(ROUTED_ID), unitId: matching(UNIT_ID), reason: oneOf(OVERRIDE_REASONS) }),
      ({ id, ...fields }) => ask(id, { type: 'assign-unit', ...fields }),
    ),
  },
  'withdraw-unit': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: z.object({ tripId: routedId, unitId, phase: tripPhase }),
    shape: shape(z.object({ id, tripId: matching(ROUTED_ID), reason: oneOf(OVERRIDE_REASONS) }), ({ id, ...fields }) =>
      ask(id, { type: 'withdraw-unit', ...fields }),
    ),
  },
  'set-unit-status': {
    right: DESK,
    rate: 'command',
    owner: ['unit'],
    result: unitStatus,
    shape: shape(
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
  },
  'acknowledge-alarm': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: alarmAnswered,
    shape: shape(z.object({ id, alarmId }), ({ id, alarmId }) =>
      ask(id, { type: 'acknowledge-alarm', tripId: tripOfAlarm(alarmId), alarmId }),
    ),
  },
  'shelve-alarm': {
    right: DESK,
    rate: 'command',
    owner: ['trip'],
    result: alarmAnswered,
    shape: shape(z.object({ id, alarmId, forMs: integer(RANGES.forMs) }), ({ id, alarmId, forMs }) =>
      ask(id, { type: 'shelve-alarm', tripId: tripOfAlarm(alarmId), alarmId, forMs }),
    ),
  },
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
} as const satisfies Readonly<Record<ClientTypeName, MessageRow>>

type Rows = typeof CLIENT_MESSAGES
/** What the messages become that have a shape. */
type OrdinaryRequest = {
  [T in ClientTypeName]: Rows[T]['shape'] extends Shape<infer Request> ? Request : never
}[ClientTypeName]
export type ClientRequest = OrdinaryRequest | FixRequest | HintRequest | FeedFixesRequest

/** The row of a message, its types widened to those of every row. */
export const rowOf = (type: ClientTypeName): MessageRow => CLIENT_MESSAGES[type]

/** The message's own name: a command's is the command's. */
export function messageName(request: Exclude<ClientRequest, { type: 'hello' }>): Exclude<ClientTypeName, 'hello'>
export function messageName(request: ClientRequest): ClientTypeName
export function messageName(request: ClientRequest): ClientTypeName {
  return request.type === 'command' ? request.command.type : request.type
}
