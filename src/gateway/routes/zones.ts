/** Lists the closed and slow roads of a region, as every desk has them on its board. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { QueryAnswer, RegionDirectory } from '../../actors/region-handle.ts'
import { resultOf } from '../../protocol/encode.ts'
import { position } from '../../protocol/schema-parts.ts'
import { zoneViewSchema } from '../../protocol/view-schemas.ts'
import { inRegion, REGION_QUERY, regionAsked } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'

export interface RoadZonePorts {
  readonly directory: Pick<RegionDirectory, 'region'>
}

const ZONES = z.object({ items: z.array(zoneViewSchema), position })

export const ROAD_ZONE_ROUTES: readonly Route<RoadZonePorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/road-zones',
    action: 'read-zones',
    summary: 'Lists the closed and slow roads of a region, and those that will be',
    query: REGION_QUERY,
    reply: { 200: ZONES },
    refusals: ['wrong-region', 'unknown-region'],
    handle: getZones,
  }),
]

async function getZones(
  { directory }: RoadZonePorts,
  asked: Asked<Nothing, typeof REGION_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const name = regionAsked(asked, caller)
  if (!name.ok) return problem(name.refusal)
  const allowed = inRegion(caller, name.value)
  if (!allowed.ok) return problem(allowed.refusal)
  const region = directory.region(name.value)
  if (region === null) return problem(unknownRegion(name.value))
  const answer = await new Promise<QueryAnswer>(resolve => region.query({ type: 'read-zones' }, resolve))
  return answer.ok ? json(200, { position: answer.position, ...resultOf(answer.shown) }) : problem(answer.refusal)
}
