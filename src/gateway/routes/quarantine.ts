/** What is held in a region, and letting it go on: for people, one actor at a time, with a decision of theirs. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { QueryAnswer, RegionHandle } from '../../actors/region-handle.ts'
import { invalidField, notFound } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import type { ReleaseHeld } from '../../domain/commands.ts'
import { callKey, driverKey, type EntityKey, tripKey } from '../../domain/entity.ts'
import { COMMAND_ID, ROUTED_ID, UNIT_ID } from '../../domain/ids.ts'
import { RELEASED_TRIPS } from '../../domain/vocabulary.ts'
import type { GatewayContext } from '../context.ts'
import { inRegion, regionAsked } from '../guard.ts'
import { type HttpCall, type HttpReply, json, jsonBody, problem } from '../http.ts'
import { NO_IDEMPOTENCY_KEY, unknownRegion } from '../refusals.ts'
import type { Route } from '../route.ts'
import { carryOut } from './command.ts'

export const QUARANTINE_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/v1/quarantine', action: 'read-held', handle: getHeld },
  { method: 'post', pattern: '/v1/quarantine/:kind/:id/release', action: 'release-held', handle: postRelease },
]

const BODY = z.strictObject({ as: z.enum(RELEASED_TRIPS).optional() })
const KINDS: Readonly<Record<string, { key: (id: string) => EntityKey; form: RegExp }>> = {
  unit: { key: driverKey, form: UNIT_ID },
  trip: { key: tripKey, form: ROUTED_ID },
  call: { key: callKey, form: ROUTED_ID },
}

async function getHeld(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const region = regionOf(context, call, caller)
  if (!region.ok) return problem(region.refusal)
  const answer = await new Promise<QueryAnswer>(resolve => region.value.query({ type: 'read-held' }, resolve))
  return answer.ok ? json(200, { position: answer.position, ...answer.result }) : problem(answer.refusal)
}

async function postRelease(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  if (!COMMAND_ID.test(call.idempotencyKey)) return problem(NO_IDEMPOTENCY_KEY)
  const region = regionOf(context, call, caller)
  if (!region.ok) return problem(region.refusal)
  const { kind: name, id } = call.parameters as { kind: string; id: string }
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name]! : undefined
  if (kind === undefined || !kind.form.test(id)) return problem(notFound(call.path))
  const body = await jsonBody(call, BODY)
  if (!body.ok) return problem(body.refusal)
  const { as = null } = body.value
  if ((name === 'trip') !== (as !== null)) {
    const what = name === 'trip' ? 'must be pending or cancelled' : 'is for trips alone'
    return problem(invalidField('as', what))
  }
  const command: ReleaseHeld = { type: 'release-held', entity: kind.key(id), as }
  const outcome = await carryOut(region.value, command, caller.sub, call)
  return outcome.ok ? json(200, { ...outcome.result, position: outcome.position }) : problem(outcome.refusal)
}

/** The token's word comes first: a stranger does not learn which regions this engine owns. */
function regionOf(context: GatewayContext, call: HttpCall, caller: TokenClaims): Result<RegionHandle> {
  const asked = regionAsked(call, caller)
  if (!asked.ok) return asked
  const allowed = inRegion(caller, asked.value)
  if (!allowed.ok) return allowed
  const value = context.directory.region(asked.value)
  return value === null ? { ok: false, refusal: unknownRegion(asked.value) } : { ok: true, value }
}
