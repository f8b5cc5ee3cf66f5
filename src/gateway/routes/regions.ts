/** Administration of the regions themselves. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import { REGION, REGION_FIELDS } from '../../protocol/reference.ts'
import type { Database } from '../../store/postgres/database.ts'
import { nextVersion } from '../../store/reference/items.ts'
import { getPolicy, policyAudit, putPolicy } from '../../store/reference/policies.ts'
import { getRegion, insertRegion, listRegions, updateRegion } from '../../store/reference/regions.ts'
import { auditedFor, changeAt, changeOnce, etag, listed, PAGE_QUERY, type Page, pageOf, tagged } from '../changes.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { onceKnown, type ReferencePorts, regionNamed, someOf } from './reference-work.ts'

const PARAMS = z.object({ id: z.string() })
const { region: _, ...fields } = REGION_FIELDS
const CHANGES = someOf(fields)
const SHOWN = z.object({ ...REGION_FIELDS, version: z.int() }).meta({ id: 'Region' })

export const REGION_ROUTES: readonly Route<ReferencePorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/regions',
    action: 'read-reference',
    summary: 'Lists the regions that the token names; for an admin, all',
    header: 'If-None-Match',
    query: PAGE_QUERY,
    reply: { 200: pageOf(SHOWN) },
    handle: getRegions,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/regions',
    action: 'manage-regions',
    summary: 'Makes a region',
    header: 'Idempotency-Key',
    body: REGION,
    reply: { 201: SHOWN },
    refusals: ['already-exists'],
    handle: postRegion,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/regions/:id',
    action: 'read-reference',
    summary: 'Shows a region',
    header: 'If-None-Match',
    params: PARAMS,
    reply: { 200: SHOWN },
    refusals: ['wrong-region', 'unknown-region'],
    handle: getOneRegion,
  }),
  guarded({
    method: 'patch',
    pattern: '/v1/regions/:id',
    action: 'manage-regions',
    summary: 'Changes a region',
    header: 'If-Match',
    params: PARAMS,
    body: CHANGES,
    reply: { 200: SHOWN },
    refusals: ['not-found'],
    handle: patchRegion,
  }),
]

function getRegions(
  ports: ReferencePorts,
  asked: Asked<Nothing, typeof PAGE_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const only = caller.role === 'admin' ? null : caller.regions
  const read = (page: Page) => listRegions(ports.database, { ...page, only })
  return listed(ports, asked, caller, read, ({ region }) => region)
}

async function getOneRegion(
  { database }: ReferencePorts,
  asked: Asked<typeof PARAMS>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const named = regionNamed(asked, caller)
  if (!named.ok) return problem(named.refusal)
  const region = await getRegion(database, named.value)
  return region === undefined ? problem(unknownRegion(named.value)) : tagged(asked, region)
}

async function postRegion(
  ports: ReferencePorts,
  asked: Asked<Nothing, Nothing, typeof REGION>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const { region } = body.value
  const reply = await changeOnce(ports, asked, caller, null, async transaction => {
    const version = await nextVersion(transaction)
    const by = { changedBy: caller.sub, changedAtMs: ports.wallClock() }
    if (!(await insertRegion(transaction, body.value, { version, ...by }))) {
      const message = `The region ${region} exists already; change it, or choose another id.`
      return problem({ code: 'already-exists', message, details: { region } })
    }
    const audit = auditedFor(ports, asked, caller)
    await audit(transaction, { action: 'region-created', region, subject: region, details: {} })
    return json(201, { ...body.value, version }, { ETag: etag(version), Location: `/v1/regions/${region}` })
  })
  return onceKnown(ports, 'regions', reply)
}

async function patchRegion(
  ports: ReferencePorts,
  asked: Asked<typeof PARAMS, Nothing, typeof CHANGES>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(params.refusal)
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  let version = 0
  const read = async (transaction: Database) => {
    version = await nextVersion(transaction)
    return getRegion(transaction, params.value.id)
  }
  const reply = await changeAt(ports, asked, read, async (transaction, current) => {
    const { name, timeZone, dispatchMode } = { ...current, ...body.value }
    const isOtherMode = dispatchMode !== current.dispatchMode
    const isOther = name !== current.name || timeZone !== current.timeZone || isOtherMode
    const region = isOther ? { ...current, name, timeZone, dispatchMode, version } : current
    if (isOther) await updateRegion(transaction, region, version)
    const audit = auditedFor(ports, asked, caller)
    if (isOtherMode) {
      const { policy } = (await getPolicy(transaction, region.region))!
      const by = { changedBy: caller.sub, changedAtMs: ports.wallClock() }
      const change = { policy: { ...policy, mode: dispatchMode }, note: null, ...by }
      const { now, changes } = await putPolicy(transaction, region.region, change, version)
      await audit(transaction, policyAudit(now, changes))
    }
    await audit(transaction, { action: 'region-changed', region: region.region, subject: region.region, details: {} })
    return json(200, region, { ETag: etag(region.version) })
  })
  return onceKnown(ports, 'regions', reply)
}
