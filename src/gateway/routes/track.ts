/** Where a unit has been: `GET /v1/units/:id/track`. Every answer is in the audit before it leaves. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { Result } from '../../base/result.ts'
import { type RegionId, STORED_STREAM_ID } from '../../domain/ids.ts'
import { RANGES } from '../../protocol/limits.ts'
import { wholeNumber } from '../../protocol/list-schemas.ts'
import { count, moment, unitId } from '../../protocol/schema-parts.ts'
import type { Audit } from '../../store/audit/audit.ts'
import { FIX_FLAGS } from '../../store/location/segment-codec.ts'
import { readTrack, type TrackCursor, type TrackPage, type TrackRequest } from '../../store/location/track.ts'
import { flagNames, TRACK_FORMS, type TrackForm, trackFile } from '../../store/location/track-files.ts'
import type { Database } from '../../store/postgres/database.ts'
import { nextPage, pageOf } from '../changes.ts'
import { inRegion, REGION_QUERY, regionAsked } from '../guard.ts'
import { type HttpCall, type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { NO_UNIT_ID, unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Route } from '../route.ts'

const LONGEST_MS = 24 * 3_600_000
const LIMIT_MAX = 5_000
const LIMIT_DEFAULT = 1_000
/** Each search takes a share of the event loop and one of the few connections to the database. */
const SEARCHES_MAX = 2
const RETRY_AFTER_MS = 1_000
/** As how many queries a page counts: with all that is read for it and the audit, some 25 ms of the engine's time. */
const TRACK_QUERIES = 16

const cursor = (() => {
  const error = 'must be `next` of the page before'
  return z.string({ error }).transform((text, context): TrackCursor => {
    const found = cursorOf(text)
    if (found === undefined) context.addIssue({ code: 'custom', message: error })
    return found ?? z.NEVER
  })
})()

const PARAMS = z.object({ id: unitId })
const QUERY = z
  .object({
    ...REGION_QUERY.shape,
    fromMs: wholeNumber(RANGES.atMs),
    toMs: wholeNumber([1, RANGES.atMs[1] + LONGEST_MS]).describe('Later than `fromMs`, by 24 hours at most.'),
    limit: wholeNumber([1, LIMIT_MAX]).default(LIMIT_DEFAULT),
    after: cursor.optional().describe('`next` of the page before; from the start where it is absent.'),
  })
  .superRefine(({ fromMs, toMs }, context) => {
    if (toMs > fromMs && toMs <= fromMs + LONGEST_MS) return
    const message = `must be a whole number from ${fromMs + 1} to ${fromMs + LONGEST_MS}`
    context.addIssue({ code: 'custom', path: ['toMs'], message })
  })

const FIX = z.object({
  ...{ fixedAtMs: moment, lonDeg: z.number(), latDeg: z.number(), accuracyM: z.number().nullable() },
  ...{ speedMps: z.number().nullable(), headingDeg: z.number().nullable(), streamId: z.string(), seq: z.int() },
  flags: z.array(z.enum(Object.keys(FIX_FLAGS) as [keyof typeof FIX_FLAGS])),
})
const DAMAGED = z
  .array(z.object({ fromMs: moment, toMs: moment, segments: count }))
  .describe('Stored fixes that cannot be read or are missing; absent where none are.')

const ARCHIVED = z
  .array(z.object({ fromMs: moment, toMs: moment }))
  .describe('Stored fixes that were moved into files for their age; absent where none were.')

export interface TrackPorts {
  readonly database: Database
  readonly audit: Pick<Audit, 'append'>
  readonly directory: { region(regionId: RegionId): object | null }
  readonly limiter: Pick<Limiter, 'takeMore'>
}

const REFUSALS = ['unknown-unit', 'wrong-region', 'unknown-region', 'overloaded'] as const
/** Without its parameters. */
const mediaTypeOf = (form: TrackForm): string => TRACK_FORMS[form].split(';')[0]!

export const TRACK_ROUTES: readonly Route<TrackPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/units/:id/track',
    action: 'read-track',
    summary: 'Lists where a unit has been',
    params: PARAMS,
    query: QUERY,
    reply: { 200: pageOf(FIX).extend({ damaged: DAMAGED.optional(), archived: ARCHIVED.optional() }) },
    refusals: REFUSALS,
    handle: getTrack,
  }),
  ...(Object.keys(TRACK_FORMS) as TrackForm[]).map(form =>
    guarded({
      method: 'get',
      pattern: `/v1/units/:id/track.${form}`,
      action: 'read-track',
      summary: `Gives where a unit has been as ${form}`,
      params: PARAMS,
      query: QUERY,
      reply: { 200: mediaTypeOf(form) },
      refusals: REFUSALS,
      handle: (ports: TrackPorts, asked, caller) => getTrack(ports, asked, caller, form),
    }),
  ),
]

type TrackAsked = Asked<typeof PARAMS, typeof QUERY>

let searches = 0

async function getTrack(
  ports: TrackPorts,
  asked: TrackAsked,
  caller: TokenClaims,
  form: TrackForm | null = null,
): Promise<HttpReply> {
  const request = trackRequest(ports, asked, caller)
  if (!request.ok) return problem(request.refusal)
  const tooFast = ports.limiter.takeMore(caller.sub, 'query', TRACK_QUERIES - 1)
  if (tooFast !== null) return problem(tooFast)
  if (searches >= SEARCHES_MAX) {
    const message = 'Other tracks are being read; ask again shortly.'
    return problem({ code: 'overloaded', message, details: { retryAfterMs: RETRY_AFTER_MS } })
  }
  searches += 1
  try {
    const page = await readTrack(ports.database, request.value)
    await audited(ports, asked, caller, request.value, page.fixes.length)
    return form === null ? answer(asked, page) : fileOf(form, asked, request.value, page)
  } finally {
    searches -= 1
  }
}

function trackRequest(ports: TrackPorts, asked: TrackAsked, caller: TokenClaims): Result<TrackRequest> {
  const params = asked.readParams()
  if (!params.ok) return { ok: false, refusal: NO_UNIT_ID }
  const region = regionAsked(asked, caller)
  if (!region.ok) return region
  const allowed = inRegion(caller, region.value)
  if (!allowed.ok) return allowed
  if (ports.directory.region(region.value) === null) return { ok: false, refusal: unknownRegion(region.value) }

  const query = asked.readQuery()
  if (!query.ok) return query
  const { fromMs, toMs, limit, after = null } = query.value
  return { ok: true, value: { region: region.value, unitId: params.value.id, fromMs, toMs, after, limit } }
}

/** Undefined for a text that is no cursor. */
function cursorOf(text: string): TrackCursor | undefined {
  const [, fixedAtMs, seq, streamId = ''] = /^(\d{1,15})\.(\d{1,16})(?:\.(.+))?$/.exec(text) ?? []
  if (fixedAtMs === undefined || (streamId !== '' && !STORED_STREAM_ID.test(streamId))) return undefined
  return { fixedAtMs: Number(fixedAtMs), seq: Number(seq), streamId }
}

const cursorText = ({ fixedAtMs, seq, streamId }: TrackCursor): string =>
  streamId === '' ? `${fixedAtMs}.${seq}` : `${fixedAtMs}.${seq}.${streamId}`

function audited(
  ports: TrackPorts,
  call: HttpCall,
  caller: TokenClaims,
  { region, unitId, fromMs, toMs }: TrackRequest,
  count: number,
): Promise<void> {
  return ports.audit.append(ports.database, [
    {
      actor: caller.sub,
      action: 'track-read',
      outcome: 'done',
      region,
      subject: unitId,
      address: call.address,
      details: { fromMs, toMs, after: call.query.get('after'), count },
    },
  ])
}

function answer(call: HttpCall, { fixes, next, damaged, archived }: TrackPage): HttpReply {
  // Where nothing is damaged nothing is said of it.
  const lacking = { ...(damaged.length > 0 && { damaged }), ...(archived.length > 0 && { archived }) }
  const items = fixes.map(({ fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg, streamId, seq, flags }) => ({
    fixedAtMs,
    lonDeg,
    latDeg,
    accuracyM,
    speedMps,
    headingDeg,
    streamId,
    seq,
    flags: flagNames(flags),
  }))
  if (next === null) return json(200, { items, next, ...lacking })
  const cursor = cursorText(next)
  return json(200, { items, next: cursor, ...lacking }, nextPage(call, call.query, cursor))
}

/** A page of it, as a file of its own; the header Link has the next. */
function fileOf(form: TrackForm, call: HttpCall, request: TrackRequest, page: TrackPage): HttpReply {
  const { next, ...found } = page
  const { region, unitId, fromMs, toMs } = request
  const body = trackFile(form, { region, unitId, fromMs, toMs, ...found, isCut: next !== null })
  const headers = {
    'Content-Disposition': `attachment; filename="${unitId}.${form}"`,
    ...(next === null ? {} : nextPage(call, call.query, cursorText(next))),
  }
  return { status: 200, contentType: TRACK_FORMS[form], body, headers }
}
