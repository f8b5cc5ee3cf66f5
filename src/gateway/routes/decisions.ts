/** Why a trip got the units that it got, or none: `GET /v1/trips/:id/decisions`, as the log has it, and in words. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { QueryAnswer, RegionDirectory } from '../../actors/region-handle.ts'
import { decisionInWords } from '../../domain/dispatch/words.ts'
import { regionOf } from '../../domain/ids.ts'
import { DECISIONS_KEPT } from '../../domain/trip/trip-fold.ts'
import { decisionSchema } from '../../protocol/event-schemas.ts'
import { count, moment, position, principal, routedId, unitId } from '../../protocol/schema-parts.ts'
import { readDecisions } from '../../store/log/trip-decisions.ts'
import type { Database } from '../../store/postgres/database.ts'
import { nextPage, pageOf } from '../changes.ts'
import { inRegion } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { NO_TRIP_ID, unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Route } from '../route.ts'

/** As how many queries it counts, with what Postgres reads for it. */
const DECISIONS_QUERIES = 4

const PARAMS = z.object({ id: routedId })
const limit = (() => {
  const error = `must be a whole number from 1 to ${DECISIONS_KEPT}`
  return z.int({ error }).min(1, { error }).max(DECISIONS_KEPT, { error }).default(DECISIONS_KEPT)
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
  ...{ position, recordedAtMs: moment, unitId: unitId.nullable(), round: count.nullable() },
  ...{ chosenBy: principal.nullable(), why: z.string(), decision: decisionSchema },
})
const DAMAGED = count.describe('Records of this page that cannot be read; absent where all can.').optional()

export interface DecisionPorts {
  readonly database: Database
  readonly directory: Pick<RegionDirectory, 'region'>
  readonly limiter: Pick<Limiter, 'takeMore'>
}

export const DECISION_ROUTES: readonly Route<DecisionPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/trips/:id/decisions',
    action: 'read-trip',
    summary: 'Lists why a trip got the units that it got, or none',
    params: PARAMS,
    query: QUERY,
    reply: { 200: pageOf(ITEM).extend({ damaged: DAMAGED }) },
    refusals: ['wrong-region', 'unknown-region', 'unknown-trip'],
    handle: getDecisions,
  }),
]

async function getDecisions(
  { database, directory, limiter }: DecisionPorts,
  asked: Asked<typeof PARAMS, typeof QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(NO_TRIP_ID)
  const query = asked.readQuery()
  if (!query.ok) return problem(query.refusal)
  const tripId = params.value.id
  const regionId = regionOf(tripId)
  const allowed = inRegion(caller, regionId)
  if (!allowed.ok) return problem(allowed.refusal)
  const region = directory.region(regionId)
  if (region === null) return problem(unknownRegion(regionId))
  const tooFast = limiter.takeMore(caller.sub, 'query', DECISIONS_QUERIES - 1)
  if (tooFast !== null) return problem(tooFast)

  const answer = await new Promise<QueryAnswer>(resolve => region.query({ type: 'read-decisions', tripId }, resolve))
  if (!answer.ok) return problem(answer.refusal)
  const positions = answer.shown.type === 'decisions' ? answer.shown.positions : []
  const { limit, after } = query.value
  const left = positions.filter(each => each > Number(after ?? 0))
  const page = left.slice(0, limit)
  const { decisions, damaged } = await readDecisions(database, regionId, tripId, page)
  const next = left.length > page.length ? `${page.at(-1)}` : null
  const items = decisions.map(({ decision, ...made }) => ({ ...made, why: decisionInWords(made, decision), decision }))
  const body = { items, next, ...(damaged === 0 ? {} : { damaged }) }
  if (next === null) return json(200, body)
  return json(200, body, nextPage(asked, { limit: `${limit}` }, next))
}
