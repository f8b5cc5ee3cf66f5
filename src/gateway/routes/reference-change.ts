/** How a thing of the reference data is changed: at the version that was read, audited, and known to the engine before the answer. */
import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../../store/postgres/database.ts'
import { getItem, nextVersion, type Stored } from '../../store/reference/items.ts'
import type { Kind } from '../../store/reference/kinds.ts'
import { auditedFor, changeAt, etag } from '../changes.ts'
import type { REGION_QUERY } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import { notFound } from '../refusals.ts'
import type { Asked } from '../route.ts'
import type { Resource } from './reference-kinds.ts'
import { knownRegion, onceKnown, type ReferencePorts } from './reference-work.ts'

/** One request at work. */
export interface ReferenceWork<A extends Asked<z.ZodObject, typeof REGION_QUERY, z.ZodType>> {
  readonly ports: ReferencePorts
  readonly asked: A
  readonly caller: TokenClaims
}

export const ONE_PARAMS = z.object({ id: z.string() })
export type AskedForOne<B extends z.ZodType = z.ZodNever> = Asked<typeof ONE_PARAMS, typeof REGION_QUERY, B>

/** Read the body first: one that comes slowly must not keep a transaction open. */
export async function changeStored<T extends object>(
  { kind, plural }: Resource<T>,
  { ports, asked, caller }: ReferenceWork<AskedForOne<z.ZodType>>,
  work: (transaction: Database, current: Stored<T>, version: number) => Promise<HttpReply>,
): Promise<HttpReply> {
  const region = await knownRegion(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const params = asked.readParams()
  if (!params.ok) return problem(notFound(asked.path))
  let version = 0
  const read = async (transaction: Database) => {
    version = await nextVersion(transaction)
    return getItem(transaction, kind, region.value, params.value.id)
  }
  const reply = await changeAt(ports, asked, read, (transaction, current) => work(transaction, current, version))
  return onceKnown(ports, plural, reply)
}

/** The thing as it stands now: one that was written as it stood has kept its version. */
export async function storedReply<T extends object>(
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

export function auditedChange(
  { ports, asked, caller }: ReferenceWork<AskedForOne<z.ZodType>>,
  transaction: Database,
  action: string,
  region: RegionId,
  subject: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  return auditedFor(ports, asked, caller)(transaction, { action, region, subject, details })
}
