/** Where phones with the tracker of somebody else post their fixes. 200 says that a fix is stored, and may be forgotten. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { RegionDirectory, RegionHandle } from '../../actors/region-handle.ts'
import { invalidField, type Refusal } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import { UNIT_ID, type UnitId } from '../../domain/ids.ts'
import { parseJson } from '../../protocol/parse.ts'
import { OSMAND_BODY, type OsmAndFix, osmAndJson, osmAndParameters } from '../../protocol/trackers/osmand.ts'
import { isOwnTracksFix, OWNTRACKS_BODY, ownTracksDevice, ownTracksFix } from '../../protocol/trackers/owntracks.ts'
import type { PostedFix } from '../../protocol/trackers/posted-fix.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { inRegion, REGION_QUERY, regionAsked } from '../guard.ts'
import { type HttpCall, type HttpReply, json, problem } from '../http.ts'
import { NO_UNIT_ID, unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { KEY_AS_PASSWORD, KEY_IN_QUERY } from '../tracker-credentials.ts'
import type { TrackerIntake } from '../tracker-intake.ts'

export interface TrackerPorts {
  readonly directory: Pick<RegionDirectory, 'region'>
  readonly trackers: Pick<TrackerIntake, 'take'>
  readonly metrics: Pick<Metrics, 'fix'>
  readonly wallClock: () => number
}

const OWNTRACKS_QUERY = REGION_QUERY.extend({
  d: z.string().optional().describe('The unit; a feed that is left without it goes by the topic.'),
})
const text = (description: string) => z.string().optional().describe(description)
const OSMAND_QUERY = REGION_QUERY.extend({
  key: text('The device key, where the app can send no header.'),
  id: text('The unit; `deviceid` is the same.'),
  timestamp: text('When it was measured: epoch seconds or milliseconds, or ISO 8601. Absent: now.'),
  lat: text('Decimal degrees.'),
  lon: text('Decimal degrees.'),
  location: text('`lat,lon`, in place of the two.'),
  accuracy: text('Metres.'),
  speed: text('Knots.'),
  bearing: text('Degrees clockwise from north; `heading` is the same.'),
  valid: text('`false` or `0`: it is no position.'),
})
/** An empty text: an answer without one tells no length, and phones would wait for its end. */
const TAKEN: HttpReply = { status: 200, contentType: 'text/plain', body: '' }
const COMMON = {
  action: 'report-position',
  refusals: ['wrong-region', 'unknown-region', 'wrong-unit', 'unknown-unit', 'unit-retired', 'overloaded'],
} as const
const OSMAND = { ...COMMON, pattern: '/v1/trackers/osmand', query: OSMAND_QUERY, credential: KEY_IN_QUERY } as const

export const TRACKER_ROUTES: readonly Route<TrackerPorts>[] = [
  guarded({
    ...COMMON,
    method: 'post',
    pattern: '/v1/trackers/owntracks',
    summary: 'Takes what the OwnTracks apps post',
    credential: KEY_AS_PASSWORD,
    query: OWNTRACKS_QUERY,
    body: OWNTRACKS_BODY,
    reply: { 200: z.array(z.never()) },
    handle: postOwnTracks,
  }),
  guarded({
    ...OSMAND,
    method: 'get',
    summary: 'Takes a fix of OsmAnd, or of an old Traccar Client',
    reply: { 200: 'text/plain' },
    handle: (ports: TrackerPorts, asked, caller) =>
      takeOsmAnd(ports, asked, caller, osmAndParameters(asked.query, ports.wallClock())),
  }),
  guarded({
    ...OSMAND,
    method: 'post',
    summary: 'Takes a fix of Traccar Client: as JSON, as a form, or in the query',
    body: OSMAND_BODY,
    reply: { 200: 'text/plain' },
    handle: postOsmAnd,
  }),
]

async function postOwnTracks(
  ports: TrackerPorts,
  asked: Asked<Nothing, typeof OWNTRACKS_QUERY, typeof OWNTRACKS_BODY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const place = placeOf(ports, asked, caller)
  if (!place.ok) return problem(place.refusal)
  const sent = await asked.body
  // The app posts nothing at all when somebody is deleted in it.
  if (sent.ok && sent.bytes.length === 0) return json(200, [])
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  if (!isOwnTracksFix(body.value)) return json(200, [])
  // The topic of a phone with a key of its own is a name that somebody liked.
  const named = asked.query.get('d') ?? (caller.role === 'feed' ? ownTracksDevice(body.value) : null)
  const refusal = await take(ports, place.value, caller, { path: 'd', named, fix: ownTracksFix(body.value) })
  return refusal === null ? json(200, []) : problem(refusal)
}

async function postOsmAnd(
  ports: TrackerPorts,
  asked: Asked<Nothing, typeof OSMAND_QUERY, typeof OSMAND_BODY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.body
  if (!body.ok) return problem(body.refusal)
  const read = osmAndOf(asked, body.bytes, ports.wallClock())
  return read.ok ? takeOsmAnd(ports, asked, caller, read.value) : problem(read.refusal)
}

const BRACE = '{'.charCodeAt(0)

function osmAndOf({ query }: Pick<HttpCall, 'query'>, bytes: Uint8Array, nowMs: number): Result<OsmAndFix> {
  if (bytes.length === 0) return { ok: true, value: osmAndParameters(query, nowMs) }
  if (bytes.find(byte => byte > 32) !== BRACE) {
    return { ok: true, value: osmAndParameters(new URLSearchParams(new TextDecoder().decode(bytes)), nowMs) }
  }
  const body = parseJson(bytes, OSMAND_BODY)
  return body.ok ? { ok: true, value: osmAndJson(body.value) } : body
}

async function takeOsmAnd(
  ports: TrackerPorts,
  call: HttpCall,
  caller: TokenClaims,
  { device, fix }: OsmAndFix,
): Promise<HttpReply> {
  const place = placeOf(ports, call, caller)
  if (!place.ok) return problem(place.refusal)
  const refusal = await take(ports, place.value, caller, { path: 'id', named: device, fix })
  return refusal === null ? TAKEN : problem(refusal)
}

/** The region that the caller may report to. */
function placeOf({ directory }: TrackerPorts, call: HttpCall, caller: TokenClaims): Result<RegionHandle> {
  const region = regionAsked(call, caller)
  if (!region.ok) return region
  const allowed = inRegion(caller, region.value)
  if (!allowed.ok) return allowed
  const handle = directory.region(region.value)
  return handle === null ? { ok: false, refusal: unknownRegion(region.value) } : { ok: true, value: handle }
}

interface Reported {
  /** What names the unit in the request. */
  readonly path: string
  readonly named: string | null
  /** Null: it can never be taken. */
  readonly fix: PostedFix | null
}

/** Null when it is stored, or never can be: the phone need not send it again. */
async function take(
  { trackers, metrics }: TrackerPorts,
  region: RegionHandle,
  caller: TokenClaims,
  { path, named, fix }: Reported,
): Promise<Refusal | null> {
  const unit = unitOf(caller, path, named)
  if (!unit.ok) return unit.refusal
  if (fix === null) {
    metrics.fix('invalid', 1)
    return null
  }
  const taken = await trackers.take(region, { ...fix, unitId: unit.value, principal: caller.sub })
  if (!taken.ok) return taken.refusal
  if (taken.value === 'duplicate') metrics.fix('duplicate', 1)
  return null
}

function unitOf({ role, unit, units }: TokenClaims, path: string, named: string | null): Result<UnitId> {
  if (role === 'driver') {
    return unit !== null && (named === null || named === unit)
      ? { ok: true, value: unit }
      : wrongUnit(path, `of unit ${unit}`)
  }
  if (named === null) return { ok: false, refusal: invalidField(path, 'must name the unit') }
  if (!UNIT_ID.test(named)) return { ok: false, refusal: NO_UNIT_ID }
  return units === null || units.includes(named) ? { ok: true, value: named } : wrongUnit(path, 'not of this unit')
}

function wrongUnit(path: string, of: string): Result<never> {
  const message = `The device key is ${of}; let the app send another \`${path}\`, or give it the key of its unit.`
  return { ok: false, refusal: { code: 'wrong-unit', message, details: { path } } }
}
