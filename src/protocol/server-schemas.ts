/**
 * The form of every message that the server sends: the source of `docs/protocol/server-messages.schema.json`.
 *
 * The check at the end makes each the form of its tuple in `wire/server-tuples.ts`. The engine does not read its own messages
 * by these: a test holds what it really sends against them.
 */
import { z } from 'zod'
import { COMMAND_ID, REGION_ID, STREAM_ID } from '../domain/ids.ts'
import { FRESHNESSES } from '../domain/policy.ts'
import { ROLES } from '../domain/roles.ts'
import { UNIT_STATUSES } from '../domain/vocabulary.ts'
import { eventSchema } from './event-schemas.ts'
import { RANGES } from './limits.ts'
import { POLICY_SHOWN } from './policy.ts'
import type { IsSame } from './same-type.ts'
import {
  channel,
  count,
  durableSeq,
  errorCode,
  latSchema,
  levelSchema,
  lonSchema,
  moment,
  position,
  principal,
  ranged,
  routedId,
  tripEta,
  unitId,
} from './schema-parts.ts'
import { alarmViewSchema, callNoteView, tripViewSchema, unitViewSchema, zoneViewSchema } from './view-schemas.ts'
import { DETACH_REASONS } from './wire/fix-tuples.ts'
import type { ServerTypeName } from './wire/message-types.ts'
import type { ServerMessage } from './wire/server-tuples.ts'
import { TILE_ZOOMS } from './wire/tile-tuples.ts'

const commandId = z.string().regex(COMMAND_ID)
const map = z.record(z.string(), z.unknown())
const streamIndex = ranged(RANGES.streamIndex)
const tile = z.string().regex(new RegExp(`^(${TILE_ZOOMS.join('|')})/(0|[1-9]\\d{0,3})/(0|[1-9]\\d{0,3})$`))
const writesState = z.enum(['flowing', 'stalled'])

const clockView = z
  .object({ nowMs: moment, anchorRegionMs: moment, anchorWallMs: z.int(), rate: z.number().gt(0) })
  .meta({ id: 'ClockView' })
const driverView = z
  .object({ unit: unitViewSchema, trip: tripViewSchema.nullable(), cadenceMs: z.int().min(1) })
  .meta({ id: 'DriverView' })
const policyView = POLICY_SHOWN.pick({
  ...{ mode: true, offerTimeoutMs: true, orderTimeoutMs: true },
  ...{ cadenceMs: true, staleAfterMs: true, lostAfterMs: true },
})
  .extend({ version: z.int().min(1) })
  .meta({ id: 'PolicyView' })
const welcomeView = z
  .object({
    ...{ sessionId: z.string().min(1), region: z.string().regex(REGION_ID), role: z.enum(ROLES), clock: clockView },
    ...{
      position,
      streams: z.array(z.tuple([z.string().regex(STREAM_ID), durableSeq])),
      driver: driverView.nullable(),
    },
    policy: policyView.optional(),
    limits: z.object({
      frameBytes: z.int().min(1),
      fixesPerFrame: z.int().min(1),
      comeBackSpreadMs: count.optional(),
    }),
    ticket: z.string().min(1).nullable(),
  })
  .meta({ id: 'WelcomeView' })
const tileUnit = z
  .tuple([
    titled('unitId', unitId),
    titled('lonE7', lonSchema),
    titled('latE7', latSchema),
    titled('ageMs', z.int()),
    titled('speedCmps', count.nullable()),
    titled('headingDd', count.max(3_600).nullable()),
    titled('status', z.enum(UNIT_STATUSES)),
    titled('levelOfCare', levelSchema),
  ])
  .meta({ id: 'TileUnit' })

function titled<S extends z.ZodType>(title: string, schema: S): S {
  return schema.meta({ title })
}

/** Each message as the tuple that it is, in the JSON subprotocol. */
export const SERVER_SCHEMAS = {
  welcome: z.tuple([z.literal('welcome'), titled('id', commandId), titled('welcome', welcomeView)]),
  reply: z.tuple([z.literal('reply'), titled('id', commandId), titled('position', position), titled('result', map)]),
  error: z.tuple([
    z.literal('error'),
    titled('id', commandId.nullable()),
    titled('code', errorCode as z.ZodType<string>),
    titled('message', z.string().min(1)),
    titled('details', map.nullable()),
  ]),
  marks: z.tuple([z.literal('marks'), titled('streamIndex', streamIndex), titled('durableSeq', durableSeq)]),
  'unit-state': z.tuple([z.literal('unit-state'), titled('position', position), titled('driver', driverView)]),
  board: z.tuple([
    z.literal('board'),
    titled('position', position),
    titled('part', count),
    titled('parts', z.int().min(1)),
    titled('trips', z.array(tripViewSchema)),
    titled('units', z.array(unitViewSchema)),
    titled('alarms', z.array(alarmViewSchema)),
    titled('zones', z.array(zoneViewSchema)).optional(),
  ]),
  'board-events': z.tuple([
    z.literal('board-events'),
    titled('position', position),
    titled('recordedAtMs', moment),
    titled('events', z.array(eventSchema)),
    titled('by', principal.nullable()),
    titled('notes', z.array(callNoteView)).optional(),
  ]),
  'going-away': z.tuple([z.literal('going-away'), titled('afterMs', count), titled('spreadMs', count)]),
  tile: z.tuple([
    z.literal('tile'),
    titled('tile', tile),
    titled('epoch', z.string().regex(STREAM_ID)),
    titled('frameNo', position),
    titled('atMs', moment),
    titled('units', z.array(tileUnit)),
  ]),
  'tile-moves': z.tuple([
    z.literal('tile-moves'),
    titled('tile', tile),
    titled('frameNo', position),
    titled('atMs', moment),
    titled('units', z.array(tileUnit)),
    titled('gone', z.array(unitId)),
  ]),
  unit: z.tuple([
    z.literal('unit'),
    titled('position', position),
    titled('unit', unitViewSchema),
    titled('trip', tripViewSchema.nullable()),
  ]),
  'feed-marks': z.tuple([z.literal('feed-marks'), titled('marks', z.array(z.tuple([channel, durableSeq])))]),
  detached: z.tuple([z.literal('detached'), titled('channel', channel), titled('reason', z.enum(DETACH_REASONS))]),
  clock: z.tuple([z.literal('clock'), titled('clock', clockView)]),
  writes: z.tuple([z.literal('writes'), titled('commands', writesState), titled('fixes', writesState)]),
  'come-back': z.tuple([z.literal('come-back'), titled('spreadMs', count)]),
  etas: z.tuple([
    z.literal('etas'),
    titled('isWhole', z.boolean()),
    titled('etas', z.array(tripEta)),
    titled('gone', z.array(routedId)),
  ]),
  freshness: z.tuple([
    z.literal('freshness'),
    titled('isWhole', z.boolean()),
    titled('atMs', moment),
    titled('units', z.array(z.tuple([unitId, z.enum(FRESHNESSES), moment]))),
  ]),
} as const

type Same = {
  [T in ServerTypeName]: IsSame<z.output<(typeof SERVER_SCHEMAS)[T]>, Extract<ServerMessage, [T, ...unknown[]]>>
}
// Each tuple of the schemas is the tuple of its name in `wire/server-tuples.ts`, no field more or less.
void (null as unknown as Same satisfies Record<ServerTypeName, true>)
