/** The HTTP API: calls, trips and nearest units for those who do not hold a WebSocket, and the operator's probes. */
import type { TemplatedApp } from 'uWebSockets.js'
import type { Outcome, Query, QueryAnswer, RegionHandle } from '../actors/region-handle.ts'
import { COMMAND_ID, type RegionId, ROUTED_ID, regionOf } from '../domain/ids.ts'
import { MAY_SEND } from '../domain/roles.ts'
import { bodyHash } from '../protocol/body-hash.ts'
import type { Refusal } from '../protocol/errors.ts'
import { parseCallBody, parseNearestQuery } from '../protocol/parse.ts'
import type { GatewayContext } from './context.ts'
import { type HttpCall, type HttpReply, json, mountRoute, problem } from './http.ts'
import { BODY_TOO_LARGE, NOT_READY, unknownRegion, wrongRegion } from './refusals.ts'
import type { TokenClaims } from './tokens.ts'

type Step<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

/** Mounts all routes; those of the WebSocket door must be mounted before, as the last one here takes what is left. */
export function mountRoutes(app: TemplatedApp, context: GatewayContext): void {
  const { directory, metrics } = context
  mountRoute(app, 'get', '/healthz', context, () => json(200, { status: 'up' }))
  mountRoute(app, 'get', '/readyz', context, () =>
    directory.ready() ? json(200, { status: 'ready' }) : problem(NOT_READY),
  )
  mountRoute(app, 'get', '/metrics', context, async () => ({
    status: 200,
    contentType: metrics.contentType,
    body: await metrics.text(),
  }))
  mountRoute(app, 'get', '/v1/units/nearest', context, call => getNearest(context, call))
  mountRoute(app, 'get', '/v1/trips/:id', context, call => getTrip(context, call))
  mountRoute(app, 'post', '/v1/calls', context, call => postCall(context, call))
  mountRoute(app, 'any', '/*', context, () =>
    refused(context, { code: 'not-found', message: 'Look up the routes and their methods in PROTOCOL.md.' }),
  )
}

async function getNearest(context: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const claims = await authorised(context, call, 'nearest')
  if (!claims.ok) return refused(context, claims.refusal)
  const parsed = parseNearestQuery(call.query)
  if (!parsed.ok) return refused(context, parsed.refusal)
  const { region, lonDeg, latDeg, k, levelOfCare } = parsed
  return ask(context, claims.value, region, { type: 'nearest', lonDeg, latDeg, k, levelOfCare })
}

async function getTrip(context: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const claims = await authorised(context, call, 'read-trip')
  if (!claims.ok) return refused(context, claims.refusal)
  const tripId = call.parameter
  if (!ROUTED_ID.test(tripId)) {
    return refused(context, { code: 'unknown-trip', message: 'A trip id is <region>.<21 characters>.' })
  }
  return ask(context, claims.value, regionOf(tripId), { type: 'read-trip', tripId })
}

async function postCall(context: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const claims = await authorised(context, call, 'enter-call')
  // A body that was cut off leaves its rest in the connection, so whatever the answer is, it ends the connection.
  const body = await call.body
  const reply = await enterCall(context, call, claims, body.ok ? body.bytes : null)
  return body.ok ? reply : { ...reply, closes: body.unread }
}

/** Input: the body's bytes, null when it was larger than its limit. */
async function enterCall(
  context: GatewayContext,
  call: HttpCall,
  claims: Step<TokenClaims>,
  bytes: Uint8Array | null,
): Promise<HttpReply> {
  if (!claims.ok) return refused(context, claims.refusal)
  const { value: caller } = claims
  if (!COMMAND_ID.test(call.idempotencyKey)) {
    const message = 'Send an Idempotency-Key of 1 to 64 letters, digits, _ or -; repeat it when you repeat the call.'
    return refused(context, { code: 'invalid-field', message, details: { path: 'Idempotency-Key' } })
  }
  const regionId = call.query.get('region') ?? (caller.regions.length === 1 ? caller.regions[0] : undefined)
  if (regionId === undefined) {
    const message = 'The token names several regions; choose one with ?region=.'
    return refused(context, { code: 'invalid-field', message, details: { path: 'region' } })
  }
  if (bytes === null) return refused(context, BODY_TOO_LARGE)
  const parsed = parseCallBody(bytes)
  if (!parsed.ok) return refused(context, parsed.refusal)
  const region = regionFor(context, caller, regionId)
  if (!region.ok) return refused(context, region.refusal)

  const { command } = parsed
  const outcome = await new Promise<Outcome>(answer =>
    region.value.command({
      commandId: call.idempotencyKey,
      principal: caller.sub,
      role: caller.role,
      unitId: null,
      command,
      bodyHash: bodyHash(command),
      traceparent: call.traceparent,
      answer,
    }),
  )
  if (!outcome.ok) return refused(context, outcome.refusal)
  return json(201, { ...outcome.result, position: outcome.position })
}

async function ask(context: GatewayContext, claims: TokenClaims, regionId: RegionId, query: Query): Promise<HttpReply> {
  const region = regionFor(context, claims, regionId)
  if (!region.ok) return refused(context, region.refusal)
  const answer = await new Promise<QueryAnswer>(resolve => region.value.query(query, resolve))
  if (!answer.ok) return refused(context, answer.refusal)
  return json(200, { position: answer.position, ...answer.result })
}

async function authorised(
  context: GatewayContext,
  call: HttpCall,
  request: keyof typeof MAY_SEND,
): Promise<Step<TokenClaims>> {
  if (!context.directory.ready()) return { ok: false, refusal: NOT_READY }
  const token = /^Bearer +(\S+)$/i.exec(call.authorization)?.[1]
  if (token === undefined) {
    const message = 'Send the header Authorization: Bearer <access token>.'
    return { ok: false, refusal: { code: 'token-missing', message } }
  }
  const verified = await context.verifier.verify(token)
  if (!verified.ok) return verified
  const { role } = verified.claims
  if (!MAY_SEND[request].includes(role)) {
    return { ok: false, refusal: { code: 'wrong-role', message: `A ${role} may not send ${request}.` } }
  }
  return { ok: true, value: verified.claims }
}

/** The token's word comes first: a stranger does not learn which regions this engine owns. */
function regionFor(context: GatewayContext, claims: TokenClaims, regionId: RegionId): Step<RegionHandle> {
  if (!claims.regions.includes(regionId)) return { ok: false, refusal: wrongRegion(regionId) }
  const value = context.directory.region(regionId)
  return value === null ? { ok: false, refusal: unknownRegion(regionId) } : { ok: true, value }
}

function refused(context: GatewayContext, refusal: Refusal): HttpReply {
  context.metrics.refusal(refusal.code)
  return problem(refusal)
}
