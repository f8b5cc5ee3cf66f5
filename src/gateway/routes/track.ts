/** Where a unit has been: `GET /v1/units/:id/track`, of which every answer is in the audit before it leaves. */

import type { TokenClaims } from '../../access/claims.ts'
import { invalidField } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import { STORED_STREAM_ID, UNIT_ID } from '../../domain/ids.ts'
import { inRange } from '../../protocol/fix-frame.ts'
import { RANGES } from '../../protocol/limits.ts'
import { numberOfText } from '../../protocol/number-text.ts'
import { FIX_FLAGS } from '../../store/location/segment-codec.ts'
import { readTrack, type TrackCursor, type TrackFix, type TrackRequest } from '../../store/location/track.ts'
import type { DamagedSpan } from '../../store/location/track-damage.ts'
import type { GatewayContext } from '../context.ts'
import { inRegion, regionAsked } from '../guard.ts'
import { type HttpCall, type HttpReply, json, problem } from '../http.ts'
import { unknownRegion } from '../refusals.ts'
import type { Route } from '../route.ts'

export const TRACK_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/v1/units/:id/track', action: 'read-track', handle: getTrack },
]

const LONGEST_MS = 24 * 3_600_000
const LIMIT_MAX = 5_000
const LIMIT_DEFAULT = 1_000
/** Each search takes a share of the event loop and one of the few connections to the database. */
const SEARCHES_MAX = 2
const RETRY_AFTER_MS = 1_000
/** As how many queries a page counts: with all that is read for it and the audit, some 25 ms of the engine's time. */
const TRACK_QUERIES = 16

let searches = 0

async function getTrack(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const request = trackRequest(context, call, caller)
  if (!request.ok) return problem(request.refusal)
  const tooFast = context.limiter.takeMore(caller.sub, 'query', TRACK_QUERIES - 1)
  if (tooFast !== null) return problem(tooFast)
  if (searches >= SEARCHES_MAX) {
    const message = 'Other tracks are being read; ask again shortly.'
    return problem({ code: 'overloaded', message, details: { retryAfterMs: RETRY_AFTER_MS } })
  }
  searches += 1
  try {
    const { fixes, next, damaged } = await readTrack(context.database, request.value)
    await audited(context, call, caller, request.value, fixes.length)
    return answer(call, fixes, next, damaged)
  } finally {
    searches -= 1
  }
}

function trackRequest(context: GatewayContext, call: HttpCall, caller: TokenClaims): Result<TrackRequest> {
  const unitId = call.parameters.id!
  if (!UNIT_ID.test(unitId)) {
    const message = 'A unit id is 1 to 32 characters of A-Z a-z 0-9 . _ -'
    return { ok: false, refusal: { code: 'unknown-unit', message } }
  }
  const region = regionAsked(call, caller)
  if (!region.ok) return region
  const allowed = inRegion(caller, region.value)
  if (!allowed.ok) return allowed
  if (context.directory.region(region.value) === null) return { ok: false, refusal: unknownRegion(region.value) }

  const fromMs = wholeNumber(call, 'fromMs', RANGES.atMs)
  if (!fromMs.ok) return fromMs
  const toMs = wholeNumber(call, 'toMs', [fromMs.value + 1, fromMs.value + LONGEST_MS])
  if (!toMs.ok) return toMs
  const limit = wholeNumber(call, 'limit', [1, LIMIT_MAX], LIMIT_DEFAULT)
  if (!limit.ok) return limit
  const after = cursorOf(call.query.get('after'))
  if (after === undefined) return { ok: false, refusal: invalidField('after', 'must be `next` of the page before') }
  const value = { region: region.value, unitId, fromMs: fromMs.value, toMs: toMs.value, after, limit: limit.value }
  return { ok: true, value }
}

function wholeNumber(
  call: HttpCall,
  name: string,
  [min, max]: readonly [number, number],
  standard?: number,
): Result<number> {
  const text = call.query.get(name) ?? (standard === undefined ? '' : String(standard))
  const value = numberOfText(text)
  if (inRange(value, [min, max])) return { ok: true, value }
  return { ok: false, refusal: invalidField(name, `must be a whole number from ${min} to ${max}`) }
}

/** Undefined for a text that is no cursor. */
function cursorOf(text: string | null): TrackCursor | null | undefined {
  if (text === null) return null
  const [, fixedAtMs, seq, streamId = ''] = /^(\d{1,15})\.(\d{1,16})(?:\.(.+))?$/.exec(text) ?? []
  if (fixedAtMs === undefined || (streamId !== '' && !STORED_STREAM_ID.test(streamId))) return undefined
  return { fixedAtMs: Number(fixedAtMs), seq: Number(seq), streamId }
}

const cursorText = ({ fixedAtMs, seq, streamId }: TrackCursor): string =>
  streamId === '' ? `${fixedAtMs}.${seq}` : `${fixedAtMs}.${seq}.${streamId}`

function audited(
  context: GatewayContext,
  call: HttpCall,
  caller: TokenClaims,
  { region, unitId, fromMs, toMs }: TrackRequest,
  count: number,
): Promise<void> {
  return context.audit.append(context.database, [
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

function answer(
  call: HttpCall,
  fixes: readonly TrackFix[],
  next: TrackCursor | null,
  spans: readonly DamagedSpan[],
): HttpReply {
  // Where nothing is damaged nothing is said of it.
  const damaged = spans.length === 0 ? {} : { damaged: spans }
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
  if (next === null) return json(200, { items, next, ...damaged })
  const query = new URLSearchParams(call.query)
  query.set('after', cursorText(next))
  return json(200, { items, next: cursorText(next), ...damaged }, { Link: `<${call.path}?${query}>; rel="next"` })
}

const flagNames = (flags: number): string[] =>
  Object.entries(FIX_FLAGS).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]))
