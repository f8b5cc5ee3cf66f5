/** Lists the held actors of a region, and releases one at a time. A person decides each release. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { QueryAnswer, RegionDirectory, RegionHandle } from '../../actors/region-handle.ts'
import { invalidField } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import type { ReleaseHeld } from '../../domain/commands.ts'
import { callKey, driverKey, tripKey } from '../../domain/entity.ts'
import { COMMAND_ID, ROUTED_ID, UNIT_ID } from '../../domain/ids.ts'
import { RELEASED_TRIPS } from '../../domain/vocabulary.ts'
import { resultOf } from '../../protocol/encode.ts'
import { count, position } from '../../protocol/schema-parts.ts'
import { inRegion, REGION_QUERY, regionAsked } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { NO_IDEMPOTENCY_KEY, notFound, unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { carryOut } from './command.ts'

export interface QuarantinePorts {
  readonly directory: Pick<RegionDirectory, 'region'>
}

const BODY = z.strictObject({ as: z.enum(RELEASED_TRIPS).optional() })
const KINDS = {
  unit: { key: driverKey, form: UNIT_ID },
  trip: { key: tripKey, form: ROUTED_ID },
  call: { key: callKey, form: ROUTED_ID },
} as const
const kind = z.enum(Object.keys(KINDS) as [keyof typeof KINDS])
const PARAMS = z.object({ kind, id: z.string() })
const HELD = z.object({
  items: z.array(z.object({ kind, id: z.string(), why: z.string() })),
  more: count,
  position,
})

export const QUARANTINE_ROUTES: readonly Route<QuarantinePorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/quarantine',
    action: 'read-held',
    summary: 'Lists the units, trips and calls that are held, and why',
    query: REGION_QUERY,
    reply: { 200: HELD },
    refusals: ['wrong-region', 'unknown-region'],
    handle: getHeld,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/quarantine/:kind/:id/release',
    action: 'release-held',
    summary: 'Lets go on what is held',
    header: 'Idempotency-Key',
    params: PARAMS,
    query: REGION_QUERY,
    body: BODY,
    reply: { 200: z.object({ entity: z.string(), released: z.boolean(), position }) },
    refusals: ['wrong-region', 'unknown-region', 'not-found', 'overloaded'],
    handle: postRelease,
  }),
]

async function getHeld(
  ports: QuarantinePorts,
  asked: Asked<Nothing, typeof REGION_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const region = regionOf(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const answer = await new Promise<QueryAnswer>(resolve => region.value.query({ type: 'read-held' }, resolve))
  return answer.ok ? json(200, { position: answer.position, ...resultOf(answer.shown) }) : problem(answer.refusal)
}

async function postRelease(
  ports: QuarantinePorts,
  asked: Asked<typeof PARAMS, typeof REGION_QUERY, typeof BODY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  if (!COMMAND_ID.test(asked.idempotencyKey)) return problem(NO_IDEMPOTENCY_KEY)
  const region = regionOf(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const params = asked.readParams()
  if (!params.ok) return problem(notFound(asked.path))
  const { kind: name, id } = params.value
  const { key, form } = KINDS[name]
  if (!form.test(id)) return problem(notFound(asked.path))
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const { as = null } = body.value
  if ((name === 'trip') !== (as !== null)) {
    const what = name === 'trip' ? 'must be pending or cancelled' : 'is for trips alone'
    return problem(invalidField('as', what))
  }
  const command: ReleaseHeld = { type: 'release-held', entity: key(id), as }
  const outcome = await carryOut(region.value, command, caller.sub, asked)
  return outcome.ok ? json(200, { ...outcome.result, position: outcome.position }) : problem(outcome.refusal)
}

/** The token's word comes first: a stranger does not learn which regions this engine owns. */
function regionOf(ports: QuarantinePorts, asked: Pick<Asked, 'query'>, caller: TokenClaims): Result<RegionHandle> {
  const region = regionAsked(asked, caller)
  if (!region.ok) return region
  const allowed = inRegion(caller, region.value)
  if (!allowed.ok) return allowed
  const value = ports.directory.region(region.value)
  return value === null ? { ok: false, refusal: unknownRegion(region.value) } : { ok: true, value }
}
