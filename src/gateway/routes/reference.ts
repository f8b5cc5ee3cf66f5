/** Administration of reference data: regions, and the units, stations and hospitals of each. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { Refusal } from '../../base/refusal.ts'
import { invalidField, notFound } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import type { UnitReference } from '../../domain/events.ts'
import { REGION_ID, type RegionId } from '../../domain/ids.ts'
import {
  HOSPITAL,
  HOSPITAL_FIELDS,
  type HospitalReference,
  REGION,
  REGION_FIELDS,
  type RegionReference,
  STATION,
  STATION_FIELDS,
  type StationReference,
  UNIT,
  UNIT_FIELDS,
} from '../../protocol/reference.ts'
import type { Database } from '../../store/postgres/database.ts'
import {
  getItem,
  listItems,
  nextVersion,
  putItems,
  removeItem,
  type Stored,
  unitsAtStation,
  unknownStations,
} from '../../store/reference/items.ts'
import { HOSPITALS, type Kind, STATIONS, UNITS } from '../../store/reference/kinds.ts'
import { getRegion, insertRegion, listRegions, updateRegion } from '../../store/reference/regions.ts'
import { changeAt, changeOnce, etag, listReply, page, tagged } from '../changes.ts'
import type { GatewayContext } from '../context.ts'
import { inRegion, regionAsked } from '../guard.ts'
import { empty, type HttpCall, type HttpReply, json, jsonBody, problem } from '../http.ts'
import { unknownRegion } from '../refusals.ts'
import type { Route } from '../route.ts'

/** One kind of thing as its routes need it. */
interface Resource<T extends object> {
  readonly kind: Kind<T>
  /** In paths, and in front of `-created`, `-changed`, `-deleted` in the audit. */
  readonly plural: string
  readonly singular: string
  /** A whole new thing, defaults filled in. */
  readonly shape: z.ZodObject
  /** Each field's own shape, for changing some of them. */
  readonly fields: Readonly<Record<string, z.ZodType>>
  /** What else must hold before a thing is written, or taken away. */
  readonly mayWrite: (transaction: Database, region: RegionId, item: T) => Promise<Refusal | null>
  readonly mayRemove: (transaction: Database, region: RegionId, id: string) => Promise<Refusal | null>
}

/** How long an answer waits for the engine to know what was made, wall milliseconds. */
const KNOWN_WITHIN_MS = 2_000

const nothing = () => Promise.resolve(null)

const unit: Resource<UnitReference> = {
  kind: UNITS,
  plural: 'units',
  singular: 'unit',
  shape: UNIT,
  fields: UNIT_FIELDS,
  async mayWrite(transaction, region, { homeStation }) {
    if (homeStation === null) return null
    const [unknown] = await unknownStations(transaction, region, [homeStation])
    return unknown === undefined ? null : invalidField('homeStation', `must be a station of region ${region}`)
  },
  mayRemove: nothing,
}

const station: Resource<StationReference> = {
  kind: STATIONS,
  plural: 'stations',
  singular: 'station',
  shape: STATION,
  fields: STATION_FIELDS,
  mayWrite: nothing,
  async mayRemove(transaction, region, id) {
    const units = await unitsAtStation(transaction, region, id)
    if (units === 0) return null
    const message = `Station ${id} is the home of ${units === 1 ? '1 unit' : `${units} units`}; move them first.`
    return { code: 'still-used', message, details: { units } }
  },
}

const hospital: Resource<HospitalReference> = {
  kind: HOSPITALS,
  plural: 'hospitals',
  singular: 'hospital',
  shape: HOSPITAL,
  fields: HOSPITAL_FIELDS,
  mayWrite: nothing,
  mayRemove: nothing,
}

export const REFERENCE_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/v1/regions', action: 'read-reference', handle: getRegions },
  { method: 'post', pattern: '/v1/regions', action: 'manage-regions', handle: postRegion },
  { method: 'get', pattern: '/v1/regions/:id', action: 'read-reference', handle: getOneRegion },
  { method: 'patch', pattern: '/v1/regions/:id', action: 'manage-regions', handle: patchRegion },
  ...routesOf(unit),
  ...routesOf(station),
  ...routesOf(hospital),
]

function routesOf<T extends object>(resource: Resource<T>): Route[] {
  const list = `/v1/${resource.plural}`
  const one = `${list}/:id`
  const [read, write] = ['read-reference', 'write-reference'] as const
  return [
    { method: 'get', pattern: list, action: read, handle: (...args) => getList(resource, ...args) },
    { method: 'post', pattern: list, action: write, handle: (...args) => post(resource, ...args) },
    { method: 'get', pattern: one, action: read, handle: (...args) => getOne(resource, ...args) },
    { method: 'put', pattern: one, action: write, handle: (...args) => put(resource, ...args) },
    { method: 'patch', pattern: one, action: write, handle: (...args) => patch(resource, ...args) },
    { method: 'delete', pattern: one, action: write, handle: (...args) => remove(resource, ...args) },
  ]
}

type Args = [context: GatewayContext, call: HttpCall, caller: TokenClaims]

async function getList<T extends object>({ kind }: Resource<T>, ...[context, call, caller]: Args): Promise<HttpReply> {
  const asked = page(context, call, caller)
  if (!asked.ok) return problem(asked.refusal)
  const region = await knownRegion(context, call, caller)
  if (!region.ok) return problem(region.refusal)
  const { limit, after } = asked.value
  // One more than the page tells whether another follows.
  const found = await listItems(context.database, kind, region.value, { limit: limit + 1, after })
  return listReply(call, asked.value, found, item => String(item[kind.idField]))
}

async function getOne<T extends object>({ kind }: Resource<T>, ...[context, call, caller]: Args): Promise<HttpReply> {
  const region = await knownRegion(context, call, caller)
  if (!region.ok) return problem(region.refusal)
  const item = await getItem(context.database, kind, region.value, call.parameters.id!)
  return item === undefined ? problem(notFound(call.path)) : tagged(call, item)
}

async function post<T extends object>(resource: Resource<T>, ...args: Args): Promise<HttpReply> {
  const [context, call, caller] = args
  const { kind, plural, singular, shape, mayWrite } = resource
  const region = await knownRegion(context, call, caller)
  if (!region.ok) return problem(region.refusal)
  const body = await jsonBody(call, shape)
  if (!body.ok) return problem(body.refusal)
  const item = body.value as T
  const id = String(item[kind.idField])
  const reply = await changeOnce(context, call, caller, null, async transaction => {
    const version = await nextVersion(transaction)
    if ((await getItem(transaction, kind, region.value, id)) !== undefined) {
      const message = `The region has a ${singular} ${id}; change that one, or choose another id.`
      return problem({ code: 'already-exists', message, details: { [kind.idField]: id } })
    }
    const refusal = await mayWrite(transaction, region.value, item)
    if (refusal !== null) return problem(refusal)
    await putItems(transaction, kind, region.value, [item], version)
    await audit(args, transaction, `${singular}-created`, region.value, id)
    const headers = { Location: `/v1/${plural}/${id}?region=${region.value}` }
    return stored(transaction, kind, region.value, item, 201, headers)
  })
  return onceKnown(context, plural, reply)
}

/** What the engine goes by; stations and hospitals are for people and other programs. */
const FOLLOWED: readonly string[] = ['regions', 'units']

/** Whoever has changed a thing may go by it at once: the answer waits until the engine knows it, or says when it will. */
async function onceKnown({ directory }: GatewayContext, plural: string, reply: HttpReply): Promise<HttpReply> {
  if (reply.refusal !== undefined || !FOLLOWED.includes(plural)) return reply
  if ((await directory.follow?.(KNOWN_WITHIN_MS)) !== false) return reply
  return { ...reply, headers: { ...reply.headers, 'Retry-After': '1' } }
}

/**
 * Replaces a thing as a whole; what may be left out of a new one may be left out here too, and is then its default.
 * What a GET showed may be sent back as it came, so id, region and version may stand there if they are the thing's own.
 */
async function put<T extends object>(resource: Resource<T>, ...args: Args): Promise<HttpReply> {
  const { kind, shape, fields } = resource
  const own = {
    [kind.idField]: fields[kind.idField]!.optional(),
    region: z.string().optional(),
    version: z.int().optional(),
  }
  const body = await jsonBody(args[1], shape.extend(own))
  if (!body.ok) return problem(body.refusal)
  return change(resource, args, current => {
    for (const field of Object.keys(own)) {
      const given = body.value[field]
      const stands = current[field as keyof Stored<T>]
      if (given !== undefined && given !== stands) {
        return { ok: false, refusal: invalidField(field, `must be ${JSON.stringify(stands)}, or be left out`) }
      }
    }
    const { region: _, version: __, ...item } = { ...body.value, [kind.idField]: current[kind.idField] }
    return { ok: true, value: item as unknown as T }
  })
}

/** Changes the fields that are named. */
async function patch<T extends object>(resource: Resource<T>, ...args: Args): Promise<HttpReply> {
  const { [resource.kind.idField]: _, ...fields } = resource.fields
  const body = await jsonBody(args[1], someOf(fields))
  if (!body.ok) return problem(body.refusal)
  return change(resource, args, ({ region: _, version: __, ...item }) => {
    return { ok: true, value: { ...item, ...body.value } as unknown as T }
  })
}

async function change<T extends object>(
  resource: Resource<T>,
  args: Args,
  changed: (current: Stored<T>) => Result<T>,
): Promise<HttpReply> {
  const { kind, singular, mayWrite } = resource
  return changeStored(resource, args, async (transaction, current, version) => {
    const next = changed(current)
    if (!next.ok) return problem(next.refusal)
    const refusal = await mayWrite(transaction, current.region, next.value)
    if (refusal !== null) return problem(refusal)
    await putItems(transaction, kind, current.region, [next.value], version)
    await audit(args, transaction, `${singular}-changed`, current.region, String(current[kind.idField]))
    return stored(transaction, kind, current.region, next.value, 200)
  })
}

async function remove<T extends object>(resource: Resource<T>, ...args: Args): Promise<HttpReply> {
  const { kind, singular, mayRemove } = resource
  await args[1].body
  return changeStored(resource, args, async (transaction, current, version) => {
    const id = String(current[kind.idField])
    const refusal = await mayRemove(transaction, current.region, id)
    if (refusal !== null) return problem(refusal)
    await removeItem(transaction, kind, current.region, id, version)
    await audit(args, transaction, `${singular}-deleted`, current.region, id)
    return empty(204)
  })
}

/** Read the body first: one that comes slowly must not keep a transaction open. */
async function changeStored<T extends object>(
  { kind, plural }: Resource<T>,
  [context, call, caller]: Args,
  work: (transaction: Database, current: Stored<T>, version: number) => Promise<HttpReply>,
): Promise<HttpReply> {
  const region = await knownRegion(context, call, caller)
  if (!region.ok) return problem(region.refusal)
  let version = 0
  const read = async (transaction: Database) => {
    version = await nextVersion(transaction)
    return getItem(transaction, kind, region.value, call.parameters.id!)
  }
  const reply = await changeAt(context, call, read, (transaction, current) => work(transaction, current, version))
  return onceKnown(context, plural, reply)
}

/** The thing as it stands now: one that was written as it stood has kept its version. */
async function stored<T extends object>(
  transaction: Database,
  kind: Kind<T>,
  region: RegionId,
  item: T,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpReply> {
  const now = (await getItem(transaction, kind, region, String(item[kind.idField])))!
  return json(status, now, { ...headers, ETag: etag(now.version) })
}

async function getRegions(...[context, call, caller]: Args): Promise<HttpReply> {
  const asked = page(context, call, caller)
  if (!asked.ok) return problem(asked.refusal)
  const { limit, after } = asked.value
  const only = caller.role === 'admin' ? null : caller.regions
  const found = await listRegions(context.database, { limit: limit + 1, after, only })
  return listReply(call, asked.value, found, ({ region }) => region)
}

async function getOneRegion(...[context, call, caller]: Args): Promise<HttpReply> {
  const id = call.parameters.id!
  const allowed = inRegion(caller, id)
  if (!allowed.ok) return problem(allowed.refusal)
  const region = await getRegion(context.database, id)
  return region === undefined ? problem(unknownRegion(id)) : tagged(call, region)
}

async function postRegion(...args: Args): Promise<HttpReply> {
  const [context, call, caller] = args
  const body = await jsonBody(call, REGION)
  if (!body.ok) return problem(body.refusal)
  const region: RegionReference = body.value
  const reply = await changeOnce(context, call, caller, null, async transaction => {
    const version = await nextVersion(transaction)
    if (!(await insertRegion(transaction, region, version))) {
      const message = `There is a region ${region.region}; change that one, or choose another id.`
      return problem({ code: 'already-exists', message, details: { region: region.region } })
    }
    await audit(args, transaction, 'region-created', region.region, region.region)
    const headers = { ETag: etag(version), Location: `/v1/regions/${region.region}` }
    return json(201, { ...region, version }, headers)
  })
  return onceKnown(context, 'regions', reply)
}

async function patchRegion(...args: Args): Promise<HttpReply> {
  const [context, call] = args
  const { region: _, ...fields } = REGION_FIELDS
  const body = await jsonBody(call, someOf(fields))
  if (!body.ok) return problem(body.refusal)
  let version = 0
  const read = async (transaction: Database) => {
    version = await nextVersion(transaction)
    return getRegion(transaction, call.parameters.id!)
  }
  return changeAt(context, call, read, async (transaction, current) => {
    const changes = body.value as Partial<RegionReference>
    const isOther = (Object.keys(changes) as (keyof RegionReference)[]).some(key => changes[key] !== current[key])
    const region = isOther ? { ...current, ...changes, version } : current
    if (isOther) await updateRegion(transaction, region, version)
    await audit(args, transaction, 'region-changed', region.region, region.region)
    return json(200, region, { ETag: etag(region.version) })
  })
}

/** Any of the fields, but at least one. */
const someOf = (fields: z.ZodRawShape) =>
  z
    .strictObject(fields)
    .partial()
    .refine(given => Object.keys(given).length > 0, { error: 'must change something' })

/** The region that the caller means, may act for, and that exists. */
async function knownRegion(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<Result<RegionId>> {
  const asked = regionAsked(call, caller)
  if (!asked.ok) return asked
  const allowed = inRegion(caller, asked.value)
  if (!allowed.ok) return allowed
  const known = REGION_ID.test(asked.value) && (await getRegion(context.database, asked.value)) !== undefined
  return known ? asked : { ok: false, refusal: unknownRegion(asked.value) }
}

function audit(
  [context, call, caller]: Args,
  transaction: Database,
  action: string,
  region: RegionId,
  subject: string,
): Promise<void> {
  const entry = {
    actor: caller.sub,
    action,
    outcome: 'done',
    region,
    subject,
    address: call.address,
    details: {},
  } as const
  return context.audit.append(transaction, [entry])
}
