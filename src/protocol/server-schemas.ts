/**
 * The form of every message that the server sends: the source of `docs/protocol/server-messages.schema.json`.
 *
 * The check at the end makes each the form of its tuple in `wire.ts`. The engine does not read its own messages by these:
 * a test holds what it really sends against them.
 */
import { z } from 'zod'
import type { PassedOver } from '../domain/dispatch/eligibility.ts'
import { TRIP_ALARMS } from '../domain/events.ts'
import { COMMAND_ID, REGION_ID, STREAM_ID } from '../domain/ids.ts'
import { ROLES } from '../domain/roles.ts'
import {
  CANCEL_REASONS,
  CAPABILITY,
  DISPATCH_MODES,
  DISPOSITIONS,
  RANKING_BASIS,
  TRIP_PHASES,
  UNAVAILABLE_REASONS,
  UNIT_STATUSES,
} from '../domain/vocabulary.ts'
import { ERRORS } from './errors.ts'
import {
  eventSchema,
  levelOfCare,
  moment,
  need,
  phases,
  principal,
  priority,
  routedId,
  unitId,
} from './event-schemas.ts'
import { RANGES } from './limits.ts'
import type { IsSame } from './same-type.ts'
import { DETACH_REASONS, type ServerMessage, type ServerTypeName, TILE_ZOOMS } from './wire.ts'

const ranged = ([min, max]: readonly [number, number]) => z.int().min(min).max(max)
const position = ranged(RANGES.position)
/** The mark of a stream of which nothing is stored is 0. */
const durableSeq = z.int().min(0).max(RANGES.seq[1])
const count = z.int().min(0)
const commandId = z.string().regex(COMMAND_ID)
const lonE7 = ranged(RANGES.lonE7)
const latE7 = ranged(RANGES.latE7)
const place = { lonE7, latE7 }
const map = z.record(z.string(), z.unknown())
const streamIndex = ranged(RANGES.streamIndex)
const channel = ranged(RANGES.channel)
const tile = z.string().regex(new RegExp(`^(${TILE_ZOOMS.join('|')})/(0|[1-9]\\d{0,3})/(0|[1-9]\\d{0,3})$`))
const tripPhase = z.enum(TRIP_PHASES)
const errorCode = z.enum(Object.keys(ERRORS) as [keyof typeof ERRORS])
const writesState = z.enum(['flowing', 'stalled'])

const clockView = z
  .object({ nowMs: moment, anchorRegionMs: moment, anchorWallMs: z.int(), rate: z.number().gt(0) })
  .meta({ id: 'ClockView' })
const details = z
  .object({
    callerName: z.string().nullable(),
    phone: z.string().nullable(),
    address: z.string().nullable(),
    notes: z.string().nullable(),
  })
  .meta({ id: 'CallDetails' })
const offerView = z
  .object({
    ...{ offerId: routedId, tripId: routedId, unitId, mode: z.enum(DISPATCH_MODES), round: z.int().min(1) },
    ...{ offeredAtMs: moment, deadlineAtMs: moment },
  })
  .meta({ id: 'OfferView' })
const tripView = z
  .object({
    ...{
      tripId: routedId,
      callId: routedId,
      phase: tripPhase,
      priority,
      problem: z.string().nullable(),
      need,
      ...place,
    },
    ...{ receivedAtMs: moment, unitId: unitId.nullable(), offer: offerView.nullable(), round: count },
    ...{ times: z.partialRecord(tripPhase, moment), missed: phases, alarms: z.array(z.enum(TRIP_ALARMS)) },
    ...{ disposition: z.enum(DISPOSITIONS).nullable(), cancelReason: z.enum(CANCEL_REASONS).nullable() },
    ...{ version: position, details: details.nullable() },
  })
  .meta({ id: 'TripView' })
const fixView = z
  .object({
    ...{ ...place, fixedAtMs: moment, ageMs: z.int(), freshness: z.enum(['fresh', 'stale', 'lost']) },
    ...{ speedMps: z.number().nullable(), headingDeg: z.number().nullable() },
  })
  .meta({ id: 'FixView' })
const unitView = z
  .object({
    ...{ unitId, callSign: z.string(), levelOfCare, capabilities: z.array(z.string().regex(CAPABILITY)) },
    ...{ status: z.enum(UNIT_STATUSES), statusSinceMs: moment },
    ...{ dispatchability: z.enum(['available', 'conditionally-available', 'not-available']), retired: z.boolean() },
    ...{
      unavailableReason: z.enum(UNAVAILABLE_REASONS).nullable(),
      crew: principal.nullable(),
      connected: z.boolean(),
    },
    ...{ fix: fixView.nullable(), offerId: routedId.nullable(), tripId: routedId.nullable(), version: position },
  })
  .meta({ id: 'UnitView' })
const driverView = z
  .object({ unit: unitView, trip: tripView.nullable(), cadenceMs: z.int().min(1) })
  .meta({ id: 'DriverView' })
const welcomeView = z
  .object({
    ...{ sessionId: z.string().min(1), region: z.string().regex(REGION_ID), role: z.enum(ROLES), clock: clockView },
    ...{
      position,
      streams: z.array(z.tuple([z.string().regex(STREAM_ID), durableSeq])),
      driver: driverView.nullable(),
    },
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
    titled('lonE7', lonE7),
    titled('latE7', latE7),
    titled('ageMs', z.int()),
    titled('speedCmps', count.nullable()),
    titled('headingDd', count.max(3_600).nullable()),
    titled('status', z.enum(UNIT_STATUSES)),
    titled('levelOfCare', levelOfCare),
  ])
  .meta({ id: 'TileUnit' })
const passedOver = z.enum(['disconnected', 'no-position', 'position-lost'] satisfies PassedOver[])
const nearestUnit = z.object({
  ...{ unitId, callSign: z.string(), levelOfCare, distanceM: z.number().min(0), connected: z.boolean() },
  ...{ passedOverFor: passedOver.nullable(), fix: fixView },
})

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
    titled('trips', z.array(tripView)),
    titled('units', z.array(unitView)),
  ]),
  'board-events': z.tuple([
    z.literal('board-events'),
    titled('position', position),
    titled('recordedAtMs', moment),
    titled('events', z.array(eventSchema)),
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
    titled('unit', unitView),
    titled('trip', tripView.nullable()),
  ]),
  'feed-marks': z.tuple([z.literal('feed-marks'), titled('marks', z.array(z.tuple([channel, durableSeq])))]),
  detached: z.tuple([z.literal('detached'), titled('channel', channel), titled('reason', z.enum(DETACH_REASONS))]),
  clock: z.tuple([z.literal('clock'), titled('clock', clockView)]),
  writes: z.tuple([z.literal('writes'), titled('commands', writesState), titled('fixes', writesState)]),
  'come-back': z.tuple([z.literal('come-back'), titled('spreadMs', count)]),
} as const

const unitStatus = z.object({ unitId, status: z.enum(UNIT_STATUSES) })
const tripAt = z.object({ tripId: routedId, phase: tripPhase })
const nothing = z.object({})

/** What stands in `result` of the reply to each command and query [CM-3]. */
export const RESULT_SCHEMAS = {
  'sign-on': unitStatus,
  'sign-off': unitStatus,
  'set-status': unitStatus,
  'decline-offer': unitStatus,
  'set-unit-status': unitStatus,
  'accept-offer': tripAt,
  'report-phase': tripAt,
  'close-trip': tripAt,
  'cancel-trip': tripAt,
  'enter-call': z.object({ callId: routedId, tripIds: z.array(routedId).min(1) }),
  'amend-call': z.object({ callId: routedId }),
  'cancel-call': z.object({ callId: routedId, state: z.enum(['cancelled', 'closed']), tripIds: z.array(routedId) }),
  'assign-unit': z.object({ tripId: routedId, unitId, phase: tripPhase, offerId: routedId.nullable() }),
  'withdraw-unit': z.object({ tripId: routedId, unitId, phase: tripPhase }),
  nearest: z.object({ basis: z.literal(RANKING_BASIS), units: z.array(nearestUnit) }),
  'watch-board': z.object({ mode: z.enum(['snapshot', 'events']), position }),
  'watch-tiles': z.object({ tiles: count }),
  attach: z.object({
    channels: z.array(z.tuple([channel, durableSeq])),
    refused: z.array(z.tuple([channel, errorCode])),
  }),
  'unwatch-board': nothing,
  'watch-unit': nothing,
  'unwatch-unit': nothing,
  detach: nothing,
} as const

type Same = {
  [T in ServerTypeName]: IsSame<z.output<(typeof SERVER_SCHEMAS)[T]>, Extract<ServerMessage, [T, ...unknown[]]>>
}
// Each tuple of the schemas is the tuple of its name in `wire.ts`, no field more or less.
void (null as unknown as Same satisfies Record<ServerTypeName, true>)
