/** Administration of the units, stations and hospitals of each region. */

import type { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { Result } from '../../base/result.ts'
import { getItem, listItems, nextVersion, putItems, removeItem, type Stored } from '../../store/reference/items.ts'
import { auditedFor, changeOnce, listReply, PAGE_QUERY, page, pageOf, tagged } from '../changes.ts'
import { REGION_QUERY } from '../guard.ts'
import { empty, type HttpReply, problem } from '../http.ts'
import { notFound } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { HOSPITAL_STATUS_ROUTES } from './hospital-status.ts'
import {
  type AskedForOne,
  auditedChange,
  changeStored,
  ONE_PARAMS,
  type ReferenceWork,
  storedReply,
} from './reference-change.ts'
import { hospital, type Replacement, type Resource, station, unit } from './reference-kinds.ts'
import { knownRegion, onceKnown, ownRefusal, type ReferencePorts } from './reference-work.ts'

const LIST_QUERY = PAGE_QUERY.extend(REGION_QUERY.shape)
/** Of every route. */
const REFUSALS = ['wrong-region', 'unknown-region'] as const

export const REFERENCE_ROUTES: readonly Route<ReferencePorts>[] = [
  ...routesOf(unit),
  ...routesOf(station),
  ...routesOf(hospital),
  ...HOSPITAL_STATUS_ROUTES,
]

function routesOf<T extends object>(resource: Resource<T>): Route<ReferencePorts>[] {
  return [...routesOfAll(resource), ...routesOfOne(resource)]
}

/** Of the list: what there is, and another one. */
function routesOfAll<T extends object>(resource: Resource<T>): Route<ReferencePorts>[] {
  const { plural, singular, shown, whole } = resource
  const list = { pattern: `/v1/${plural}`, refusals: REFUSALS } as const
  return [
    guarded({
      ...list,
      method: 'get',
      action: 'read-reference',
      summary: `Lists the ${plural} of a region`,
      header: 'If-None-Match',
      query: LIST_QUERY,
      reply: { 200: pageOf(shown) },
      handle: (ports: ReferencePorts, asked, caller) => getList(resource, ports, asked, caller),
    }),
    guarded({
      ...list,
      method: 'post',
      action: 'write-reference',
      summary: `Makes a ${singular}`,
      header: 'Idempotency-Key',
      query: REGION_QUERY,
      body: whole,
      reply: { 201: shown },
      refusals: [...REFUSALS, 'already-exists'],
      handle: (ports: ReferencePorts, asked, caller) => post(resource, { ports, asked, caller }),
    }),
  ]
}

function routesOfOne<T extends object>(resource: Resource<T>): Route<ReferencePorts>[] {
  const { plural, singular, shown, replacement, changes } = resource
  const one = { pattern: `/v1/${plural}/:id`, params: ONE_PARAMS, query: REGION_QUERY } as const
  const refusals = [...REFUSALS, 'not-found'] as const
  return [
    guarded({
      ...one,
      method: 'get',
      action: 'read-reference',
      summary: `Shows a ${singular}`,
      header: 'If-None-Match',
      reply: { 200: shown },
      refusals,
      handle: (ports: ReferencePorts, asked, caller) => getOne(resource, { ports, asked, caller }),
    }),
    guarded({
      ...one,
      method: 'put',
      action: 'write-reference',
      summary: `Replaces a ${singular} as a whole`,
      header: 'If-Match',
      body: replacement,
      reply: { 200: shown },
      refusals,
      handle: (ports: ReferencePorts, asked, caller) => put(resource, { ports, asked, caller }),
    }),
    guarded({
      ...one,
      method: 'patch',
      action: 'write-reference',
      summary: `Changes the fields of a ${singular} that are named`,
      header: 'If-Match',
      body: changes,
      reply: { 200: shown },
      refusals,
      handle: (ports: ReferencePorts, asked, caller) => patch(resource, { ports, asked, caller }),
    }),
    guarded({
      ...one,
      method: 'delete',
      action: 'write-reference',
      summary: `Deletes a ${singular}`,
      header: 'If-Match',
      reply: { 204: null },
      refusals: [...refusals, 'still-used'],
      handle: (ports: ReferencePorts, asked, caller) => remove(resource, { ports, asked, caller }),
    }),
  ]
}

async function getList<T extends object>(
  { kind }: Resource<T>,
  ports: ReferencePorts,
  asked: Asked<Nothing, typeof LIST_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const wanted = page(ports, asked, caller)
  if (!wanted.ok) return problem(wanted.refusal)
  const region = await knownRegion(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const { limit, after } = wanted.value
  // One more than the page tells whether another follows.
  const found = await listItems(ports.database, kind, region.value, { limit: limit + 1, after })
  return listReply(asked, wanted.value, found, item => String(item[kind.idField]))
}

async function getOne<T extends object>(
  { kind }: Resource<T>,
  { ports, asked, caller }: ReferenceWork<AskedForOne>,
): Promise<HttpReply> {
  const region = await knownRegion(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const params = asked.readParams()
  const item = params.ok ? await getItem(ports.database, kind, region.value, params.value.id) : undefined
  return item === undefined ? problem(notFound(asked.path)) : tagged(asked, item)
}

async function post<T extends object>(
  resource: Resource<T>,
  { ports, asked, caller }: ReferenceWork<Asked<Nothing, typeof REGION_QUERY, z.ZodType<T>>>,
): Promise<HttpReply> {
  const { kind, plural, singular, mayWrite } = resource
  const region = await knownRegion(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const item = body.value
  const id = String(item[kind.idField])
  const reply = await changeOnce(ports, asked, caller, null, async transaction => {
    const version = await nextVersion(transaction)
    if ((await getItem(transaction, kind, region.value, id)) !== undefined) {
      const message = `The ${singular} ${id} exists already; change it, or choose another id.`
      return problem({ code: 'already-exists', message, details: { [kind.idField]: id } })
    }
    const refusal = await mayWrite(transaction, region.value, item)
    if (refusal !== null) return problem(refusal)
    await putItems(transaction, kind, region.value, [item], version)
    const audit = auditedFor(ports, asked, caller)
    await audit(transaction, { action: `${singular}-created`, region: region.value, subject: id, details: {} })
    const headers = { Location: `/v1/${plural}/${id}?region=${region.value}` }
    return storedReply(transaction, kind, region.value, item, 201, headers)
  })
  return onceKnown(ports, plural, reply)
}

/**
 * Replaces a thing as a whole; what may be left out of a new one may be left out here too, and is then its default.
 * What a GET showed may be sent back as it came, so id, region and version may stand there if they are the thing's own.
 */
async function put<T extends object>(
  resource: Resource<T>,
  work: ReferenceWork<AskedForOne<z.ZodType<Replacement<T>>>>,
): Promise<HttpReply> {
  const { idField } = resource.kind
  const body = await work.asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const { own, of } = body.value
  return change(resource, work, current => {
    const refusal = ownRefusal(own, current)
    if (refusal !== null) return { ok: false, refusal }
    return { ok: true, value: of(String(current[idField])) }
  })
}

/** Changes the fields that are named. */
async function patch<T extends object>(
  resource: Resource<T>,
  work: ReferenceWork<AskedForOne<z.ZodType<(current: T) => T>>>,
): Promise<HttpReply> {
  const body = await work.asked.readBody()
  if (!body.ok) return problem(body.refusal)
  return change(resource, work, current => ({ ok: true, value: body.value(current) }))
}

async function change<T extends object>(
  resource: Resource<T>,
  work: ReferenceWork<AskedForOne<z.ZodType>>,
  changed: (current: Stored<T>) => Result<T>,
): Promise<HttpReply> {
  const { kind, singular, mayWrite } = resource
  return changeStored(resource, work, async (transaction, current, version) => {
    const next = changed(current)
    if (!next.ok) return problem(next.refusal)
    const refusal = await mayWrite(transaction, current.region, next.value)
    if (refusal !== null) return problem(refusal)
    await putItems(transaction, kind, current.region, [next.value], version)
    await auditedChange(work, transaction, `${singular}-changed`, current.region, String(current[kind.idField]))
    return storedReply(transaction, kind, current.region, next.value, 200)
  })
}

async function remove<T extends object>(resource: Resource<T>, work: ReferenceWork<AskedForOne>): Promise<HttpReply> {
  const { kind, singular, mayRemove } = resource
  await work.asked.body
  return changeStored(resource, work, async (transaction, current, version) => {
    const id = String(current[kind.idField])
    const refusal = await mayRemove(transaction, current.region, id)
    if (refusal !== null) return problem(refusal)
    await removeItem(transaction, kind, current.region, id, version)
    await auditedChange(work, transaction, `${singular}-deleted`, current.region, id)
    return empty(204)
  })
}
