/** Calls, trips and units for those who do not hold a WebSocket: the commands and queries of a desk. */

import type { TokenClaims } from '../../access/claims.ts'
import type { Query, QueryAnswer, RegionHandle } from '../../actors/region-handle.ts'
import type { Refusal } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import { COMMAND_ID, type RegionId, ROUTED_ID, regionOf, UNIT_ID } from '../../domain/ids.ts'
import { parseCallBody, parseNearestQuery } from '../../protocol/parse.ts'
import type { GatewayContext } from '../context.ts'
import { inRegion, regionAsked } from '../guard.ts'
import { type HttpCall, type HttpReply, json, problem } from '../http.ts'
import { commandCost } from '../limits/message-cost.ts'
import { NO_IDEMPOTENCY_KEY, unknownRegion } from '../refusals.ts'
import type { Route } from '../route.ts'
import { carryOut } from './command.ts'

export const CALL_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/v1/units/nearest', action: 'nearest', handle: getNearest },
  { method: 'get', pattern: '/v1/units/:id/state', action: 'read-unit', handle: getUnitState },
  { method: 'get', pattern: '/v1/trips/:id', action: 'read-trip', handle: getTrip },
  { method: 'get', pattern: '/v1/calls/:id', action: 'read-call', handle: getCall },
  { method: 'post', pattern: '/v1/calls', action: 'enter-call', handle: postCall },
]

async function getNearest(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const parsed = parseNearestQuery(call.query)
  if (!parsed.ok) return problem(parsed.refusal)
  const { region, lonDeg, latDeg, k, levelOfCare } = parsed.value
  return ask(context, caller, region, { type: 'nearest', lonDeg, latDeg, k, levelOfCare })
}

async function getUnitState(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const unitId = call.parameters.id!
  if (!UNIT_ID.test(unitId)) {
    return problem({ code: 'unknown-unit', message: 'A unit id is 1 to 32 characters of A-Z a-z 0-9 . _ -' })
  }
  const region = regionAsked(call, caller)
  return region.ok ? ask(context, caller, region.value, { type: 'read-unit', unitId }) : problem(region.refusal)
}

async function getTrip(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const tripId = call.parameters.id!
  if (!ROUTED_ID.test(tripId)) {
    return problem({ code: 'unknown-trip', message: 'A trip id is <region>.<21 characters>.' })
  }
  return ask(context, caller, regionOf(tripId), { type: 'read-trip', tripId })
}

async function getCall(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const callId = call.parameters.id!
  if (!ROUTED_ID.test(callId)) {
    return problem({ code: 'unknown-call', message: 'A call id is <region>.<21 characters>.' })
  }
  return ask(context, caller, regionOf(callId), { type: 'read-call', callId })
}

async function postCall(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  if (!COMMAND_ID.test(call.idempotencyKey)) return problem(NO_IDEMPOTENCY_KEY)
  const regionId = regionAsked(call, caller)
  if (!regionId.ok) return problem(regionId.refusal)
  const body = await call.body
  if (!body.ok) return problem(body.refusal)
  const parsed = parseCallBody(body.bytes, context.door.limits.httpBodyBytes)
  if (!parsed.ok) return problem(parsed.refusal)
  const region = regionFor(context, caller, regionId.value)
  if (!region.ok) return problem(region.refusal)

  const command = parsed.value
  const tooFast = context.limiter.takeMore(caller.sub, 'command', commandCost(command) - 1)
  if (tooFast !== null) return problem(tooFast)
  const outcome = await carryOut(region.value, command, caller.sub, call)
  if (!outcome.ok) return problem(ofBody(outcome.refusal))
  return json(201, { ...outcome.result, position: outcome.position })
}

/** A command names the field of its `call`; here the body is the call. */
function ofBody(refusal: Refusal): Refusal {
  const path = refusal.details?.path
  if (typeof path !== 'string' || !path.startsWith('call.')) return refusal
  const own = path.slice('call.'.length)
  return { ...refusal, message: refusal.message.replace(path, own), details: { ...refusal.details, path: own } }
}

async function ask(context: GatewayContext, caller: TokenClaims, regionId: RegionId, query: Query): Promise<HttpReply> {
  const region = regionFor(context, caller, regionId)
  if (!region.ok) return problem(region.refusal)
  const answer = await new Promise<QueryAnswer>(resolve => region.value.query(query, resolve))
  if (!answer.ok) return problem(answer.refusal)
  return json(200, { position: answer.position, ...answer.result })
}

/** The token's word comes first: a stranger does not learn which regions this engine owns. */
function regionFor(context: GatewayContext, caller: TokenClaims, regionId: RegionId): Result<RegionHandle> {
  const allowed = inRegion(caller, regionId)
  if (!allowed.ok) return allowed
  const value = context.directory.region(regionId)
  return value === null ? { ok: false, refusal: unknownRegion(regionId) } : { ok: true, value }
}
