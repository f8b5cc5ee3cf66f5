/** The policy by which a region is dispatched: what stands, what stood, and another one. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import { invalidField } from '../../base/refusal.ts'
import { orNull } from '../../protocol/nullable.ts'
import { POLICY, POLICY_NOTE, POLICY_SHOWN } from '../../protocol/policy.ts'
import { REGION_FIELDS } from '../../protocol/reference.ts'
import type { Database } from '../../store/postgres/database.ts'
import { nextVersion } from '../../store/reference/items.ts'
import {
  getPolicy,
  listPolicyVersions,
  type PolicyRecord,
  policyAudit,
  putPolicy,
} from '../../store/reference/policies.ts'
import { auditedFor, changeAt, etag, listed, PAGE_QUERY, type Page, pageOf, tagged } from '../changes.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { onceKnown, ownRefusal, type ReferencePorts, regionNamed } from './reference-work.ts'

const PARAMS = z.object({ id: z.string() })
const SHOWN = z
  .object({
    region: REGION_FIELDS.region,
    version: z.int().min(1),
    changedAtMs: z.int().describe('By the wall clock of who changed it.'),
    changedBy: z.string(),
    note: POLICY_NOTE.nullable(),
    policy: POLICY_SHOWN,
  })
  .meta({ id: 'RegionPolicy' })
/** What a GET showed may be sent back as it came. */
const BODY = z
  .strictObject({
    policy: POLICY,
    note: orNull(POLICY_NOTE).default(null),
    region: z.string().optional(),
    version: z.int().optional(),
    changedAtMs: z.int().optional(),
    changedBy: z.string().optional(),
  })
  .transform(({ policy, note, ...own }) => ({ policy, note, own }))
const PATTERN = '/v1/regions/:id/policy'
const CURSOR = /^[1-9]\d{0,8}$/

export const POLICY_ROUTES: readonly Route<ReferencePorts>[] = [
  guarded({
    method: 'get',
    pattern: PATTERN,
    action: 'read-reference',
    summary: 'Shows the policy by which a region is dispatched',
    header: 'If-None-Match',
    params: PARAMS,
    reply: { 200: SHOWN },
    refusals: ['wrong-region', 'unknown-region'],
    handle: getOne,
  }),
  guarded({
    method: 'put',
    pattern: PATTERN,
    action: 'manage-regions',
    summary: 'Replaces the policy of a region as a whole',
    header: 'If-Match',
    params: PARAMS,
    body: BODY,
    reply: { 200: SHOWN },
    refusals: ['not-found'],
    handle: put,
  }),
  guarded({
    method: 'get',
    pattern: `${PATTERN}/versions`,
    action: 'read-reference',
    summary: 'Lists every version of the policy of a region, newest first',
    header: 'If-None-Match',
    params: PARAMS,
    query: PAGE_QUERY,
    reply: { 200: pageOf(SHOWN) },
    refusals: ['wrong-region', 'unknown-region'],
    handle: getVersions,
  }),
]

async function getOne(
  { database }: ReferencePorts,
  asked: Asked<typeof PARAMS>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const region = regionNamed(asked, caller)
  if (!region.ok) return problem(region.refusal)
  const standing = await getPolicy(database, region.value)
  return standing === undefined ? problem(unknownRegion(region.value)) : tagged(asked, standing)
}

async function getVersions(
  ports: ReferencePorts,
  asked: Asked<typeof PARAMS, typeof PAGE_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const region = regionNamed(asked, caller)
  if (!region.ok) return problem(region.refusal)
  const cursor = asked.query.get('after')
  if (cursor !== null && !CURSOR.test(cursor)) {
    return problem(invalidField('after', 'must be `next` of the page before, as it was given'))
  }
  if ((await getPolicy(ports.database, region.value)) === undefined) return problem(unknownRegion(region.value))
  const read = ({ limit, after }: Page) =>
    listPolicyVersions(ports.database, region.value, { limit, before: after === null ? null : Number(after) })
  return listed(ports, asked, caller, read, ({ version }: PolicyRecord) => String(version))
}

async function put(
  ports: ReferencePorts,
  asked: Asked<typeof PARAMS, Nothing, typeof BODY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(params.refusal)
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const { policy, note, own } = body.value
  let referenceVersion = 0
  const read = async (transaction: Database) => {
    referenceVersion = await nextVersion(transaction)
    return getPolicy(transaction, params.value.id)
  }
  const reply = await changeAt(ports, asked, read, async (transaction, current) => {
    const refusal = ownRefusal(own, current)
    if (refusal !== null) return problem(refusal)
    const change = { policy, note, changedBy: caller.sub, changedAtMs: ports.wallClock() }
    const { now, changes } = await putPolicy(transaction, current.region, change, referenceVersion)
    if (changes.length > 0) await auditedFor(ports, asked, caller)(transaction, policyAudit(now, changes))
    return json(200, now, { ETag: etag(now.version) })
  })
  return onceKnown(ports, 'regions', reply)
}
