/** What was said of a caller and a place, in every version: `GET /v1/calls/:id/details`. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { QueryAnswer, RegionDirectory } from '../../actors/region-handle.ts'
import { regionOf } from '../../domain/ids.ts'
import { count, moment, principal, routedId } from '../../protocol/schema-parts.ts'
import { callDetailsSchema } from '../../protocol/view-schemas.ts'
import { readDetailsVersions } from '../../store/log/details-versions.ts'
import type { Database } from '../../store/postgres/database.ts'
import { nextPage, pageOf } from '../changes.ts'
import { inRegion } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { Readings } from '../readings.ts'
import { NO_CALL_ID, unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Route } from '../route.ts'

/** As how many queries a page counts, with what Postgres reads for it. */
const DETAILS_QUERIES = 4
/** A version is up to some ten thousand bytes. */
const LIMIT_MAX = 20

const PARAMS = z.object({ id: routedId })
const limit = (() => {
  const error = `must be a whole number from 1 to ${LIMIT_MAX}`
  return z.int({ error }).min(1, { error }).max(LIMIT_MAX, { error }).default(LIMIT_MAX)
})()
const after = (() => {
  const error = 'must be `next` of the page before'
  return z
    .string({ error })
    .regex(/^\d{1,15}$/, { error })
    .optional()
})()
const QUERY = z.object({
  limit,
  after: after.describe('`next` of the page before; from the start where it is absent.'),
})
const ITEM = z.object({
  position: count.describe('Of the record that wrote it; 0 for one of before that was kept.'),
  by: principal.nullable(),
  recordedAtMs: moment.nullable(),
  details: callDetailsSchema.nullable().describe('Null where the stored row is damaged.'),
})

export interface CallDetailsPorts {
  readonly database: Database
  readonly directory: Pick<RegionDirectory, 'region'>
  readonly limiter: Pick<Limiter, 'takeMore'>
  readonly readings: Pick<Readings, 'versionsOverHttp'>
}

export const CALL_DETAILS_ROUTES: readonly Route<CallDetailsPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/calls/:id/details',
    action: 'read-call',
    summary: 'Lists every version of the details of a call, the newest last',
    params: PARAMS,
    query: QUERY,
    reply: { 200: pageOf(ITEM) },
    refusals: ['wrong-region', 'unknown-region', 'unknown-call', 'stored-data-damaged'],
    handle: getDetails,
  }),
]

async function getDetails(
  { database, directory, limiter, readings }: CallDetailsPorts,
  asked: Asked<typeof PARAMS, typeof QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(NO_CALL_ID)
  const query = asked.readQuery()
  if (!query.ok) return problem(query.refusal)
  const callId = params.value.id
  const regionId = regionOf(callId)
  const allowed = inRegion(caller, regionId)
  if (!allowed.ok) return problem(allowed.refusal)
  const region = directory.region(regionId)
  if (region === null) return problem(unknownRegion(regionId))
  const tooFast = limiter.takeMore(caller.sub, 'query', DETAILS_QUERIES - 1)
  if (tooFast !== null) return problem(tooFast)

  // Whether there is such a call; and what it had been told by now is stored then.
  const answer = await new Promise<QueryAnswer>(resolve => region.query({ type: 'read-call', callId }, resolve))
  if (!answer.ok) return problem(answer.refusal)
  const { limit, after } = query.value
  const found = await readDetailsVersions(database, regionId, callId, { after: Number(after ?? -1), limit: limit + 1 })
  const items = found.slice(0, limit)
  readings.versionsOverHttp({ claims: caller, region: regionId, address: asked.address }, callId, items.length)
  const next = found.length > limit ? `${items.at(-1)!.position}` : null
  const body = { items, next }
  return next === null ? json(200, body) : json(200, body, nextPage(asked, { limit: `${limit}` }, next))
}
