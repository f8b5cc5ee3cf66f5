/** The part that the routes of regions and the routes of the things in them share. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { RegionDirectory } from '../../actors/region-handle.ts'
import { invalidField, type Refusal } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import { REGION_ID, type RegionId } from '../../domain/ids.ts'
import type { Audit } from '../../store/audit/audit.ts'
import { getRegion } from '../../store/reference/regions.ts'
import type { ChangePorts } from '../changes.ts'
import { inRegion, regionAsked } from '../guard.ts'
import type { HttpCall, HttpReply } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { unknownRegion } from '../refusals.ts'

export interface ReferencePorts extends ChangePorts {
  readonly audit: Pick<Audit, 'append'>
  readonly limiter: Pick<Limiter, 'takeMore'>
  readonly directory: Pick<RegionDirectory, 'follow'>
}

/** How long an answer waits for the engine to know what was made, wall milliseconds. */
const KNOWN_WITHIN_MS = 2_000
/** What is asked of the engine right after. */
const FOLLOWED: readonly string[] = ['regions', 'units', 'hospitals']

/** A caller may use a changed thing at once: the answer waits until the engine knows the change, or says when it will. */
export async function onceKnown(
  { directory }: Pick<ReferencePorts, 'directory'>,
  plural: string,
  reply: HttpReply,
): Promise<HttpReply> {
  if (reply.refusal !== undefined || !FOLLOWED.includes(plural)) return reply
  if ((await directory.follow?.(KNOWN_WITHIN_MS)) !== false) return reply
  return { ...reply, headers: { ...reply.headers, 'Retry-After': '1' } }
}

/** The region that the caller means, may act for, and that exists. */
export async function knownRegion(
  { database }: Pick<ReferencePorts, 'database'>,
  call: Pick<HttpCall, 'query'>,
  caller: TokenClaims,
): Promise<Result<RegionId>> {
  const asked = regionAsked(call, caller)
  if (!asked.ok) return asked
  const allowed = inRegion(caller, asked.value)
  if (!allowed.ok) return allowed
  const known = REGION_ID.test(asked.value) && (await getRegion(database, asked.value)) !== undefined
  return known ? asked : { ok: false, refusal: unknownRegion(asked.value) }
}

/** The region that the path names, if the caller may see it; whether it exists is for the handler to find. */
export function regionNamed(
  asked: { readParams(): Result<{ readonly id: string }> },
  caller: TokenClaims,
): Result<RegionId> {
  const params = asked.readParams()
  return params.ok ? inRegion(caller, params.value.id) : params
}

/** What a GET showed and nobody can change may stand in a PUT, if it is the thing's own. */
export function ownRefusal(own: Readonly<Record<string, unknown>>, current: object): Refusal | null {
  const stands: Readonly<Record<string, unknown>> = { ...current }
  for (const [field, given] of Object.entries(own)) {
    if (given !== undefined && given !== stands[field]) {
      return invalidField(field, `must be ${JSON.stringify(stands[field])}, or be left out`)
    }
  }
  return null
}

/** Any of the fields, but at least one. */
export const someOf = <F extends z.ZodRawShape>(fields: F) =>
  z
    .strictObject(fields)
    .partial()
    .refine(given => Object.keys(given).length > 0, { error: 'must change something' })
