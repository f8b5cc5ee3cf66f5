/** Calls, trips and units over HTTP, for clients that hold no WebSocket. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import type { Query, QueryAnswer, RegionDirectory, RegionHandle } from '../../actors/region-handle.ts'
import type { Refusal } from '../../base/refusal.ts'
import type { Result } from '../../base/result.ts'
import { COMMAND_ID, type RegionId, regionOf } from '../../domain/ids.ts'
import { CALL_BODY, NEAREST_QUERY } from '../../protocol/call-fields.ts'
import { resultOf } from '../../protocol/encode.ts'
import { DESK_MESSAGES } from '../../protocol/messages/desk-messages.ts'
import { incidentNo, position, routedId, unitId } from '../../protocol/schema-parts.ts'
import { callViewSchema, nearestResult, tripViewSchema, unitViewSchema } from '../../protocol/view-schemas.ts'
import { inRegion, REGION_QUERY, regionAsked } from '../guard.ts'
import { type HttpCall, type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { commandCost } from '../limits/message-cost.ts'
import type { Readings } from '../readings.ts'
import { NO_CALL_ID, NO_IDEMPOTENCY_KEY, NO_INCIDENT_NO, NO_TRIP_ID, NO_UNIT_ID, unknownRegion } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { carryOut } from './command.ts'

export interface CallPorts {
  readonly directory: Pick<RegionDirectory, 'region'>
  readonly limiter: Pick<Limiter, 'takeMore'>
  readonly readings: Pick<Readings, 'overHttp'>
}

const UNIT_PARAMS = z.object({ id: unitId })
const INCIDENT_PARAMS = z.object({ incidentNo })
const ROUTED_PARAMS = z.object({ id: routedId })
/** Where what is asked for is in no region of the caller's, or of this engine. */
const NO_REGION = ['wrong-region', 'unknown-region'] as const

export const CALL_ROUTES: readonly Route<CallPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/units/nearest',
    action: 'nearest',
    summary: 'Lists the units nearest to a place, in a straight line',
    query: NEAREST_QUERY,
    reply: { 200: nearestResult.extend({ position }) },
    refusals: NO_REGION,
    handle: getNearest,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/units/:id/state',
    action: 'read-unit',
    summary: 'Shows a unit as its region has it now',
    params: UNIT_PARAMS,
    query: REGION_QUERY,
    reply: { 200: unitViewSchema.extend({ position }) },
    refusals: [...NO_REGION, 'unknown-unit'],
    handle: getUnitState,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/trips/:id',
    action: 'read-trip',
    summary: 'Shows a trip as its region has it now',
    params: ROUTED_PARAMS,
    reply: { 200: tripViewSchema.extend({ position }) },
    refusals: [...NO_REGION, 'unknown-trip'],
    handle: getTrip,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/calls/:id',
    action: 'read-call',
    summary: 'Shows a call and its trips as their region has them now',
    params: ROUTED_PARAMS,
    reply: { 200: callViewSchema.extend({ position }) },
    refusals: [...NO_REGION, 'unknown-call', 'stored-data-damaged'],
    handle: getCall,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/incidents/:incidentNo',
    action: 'read-call',
    summary: 'Shows the call of a number, as it is said on the radio',
    params: INCIDENT_PARAMS,
    query: REGION_QUERY,
    reply: { 200: callViewSchema.extend({ position }) },
    refusals: [...NO_REGION, 'unknown-call', 'stored-data-damaged'],
    handle: getIncident,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/calls',
    action: 'enter-call',
    summary: 'Enters a call: a trip for each unit that it needs',
    header: 'Idempotency-Key',
    query: REGION_QUERY,
    body: CALL_BODY,
    reply: { 201: DESK_MESSAGES['enter-call'].result.extend({ position }) },
    refusals: [...NO_REGION, 'overloaded'],
    handle: postCall,
  }),
]

async function getNearest(
  ports: CallPorts,
  asked: Asked<Nothing, typeof NEAREST_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const query = asked.readQuery()
  if (!query.ok) return problem(query.refusal)
  const { region, lon: lonDeg, lat: latDeg, k, levelOfCare = null } = query.value
  return ask(ports, asked, caller, region, { type: 'nearest', lonDeg, latDeg, k, levelOfCare })
}

async function getUnitState(
  ports: CallPorts,
  asked: Asked<typeof UNIT_PARAMS, typeof REGION_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(NO_UNIT_ID)
  const region = regionAsked(asked, caller)
  if (!region.ok) return problem(region.refusal)
  return ask(ports, asked, caller, region.value, { type: 'read-unit', unitId: params.value.id })
}

async function getTrip(ports: CallPorts, asked: Asked<typeof ROUTED_PARAMS>, caller: TokenClaims): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(NO_TRIP_ID)
  const tripId = params.value.id
  return ask(ports, asked, caller, regionOf(tripId), { type: 'read-trip', tripId })
}

async function getCall(ports: CallPorts, asked: Asked<typeof ROUTED_PARAMS>, caller: TokenClaims): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(NO_CALL_ID)
  const callId = params.value.id
  return ask(ports, asked, caller, regionOf(callId), { type: 'read-call', callId })
}

async function getIncident(
  ports: CallPorts,
  asked: Asked<typeof INCIDENT_PARAMS, typeof REGION_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(NO_INCIDENT_NO)
  const region = regionAsked(asked, caller)
  if (!region.ok) return problem(region.refusal)
  return ask(ports, asked, caller, region.value, { type: 'read-incident', incidentNo: params.value.incidentNo })
}

async function postCall(
  ports: CallPorts,
  asked: Asked<Nothing, typeof REGION_QUERY, typeof CALL_BODY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  if (!COMMAND_ID.test(asked.idempotencyKey)) return problem(NO_IDEMPOTENCY_KEY)
  const regionId = regionAsked(asked, caller)
  if (!regionId.ok) return problem(regionId.refusal)
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const region = regionFor(ports, caller, regionId.value)
  if (!region.ok) return problem(region.refusal)

  const command = body.value
  const tooFast = ports.limiter.takeMore(caller.sub, 'command', commandCost(command) - 1)
  if (tooFast !== null) return problem(tooFast)
  const outcome = await carryOut(region.value, command, caller.sub, asked)
  if (!outcome.ok) return problem(ofBody(outcome.refusal))
  return json(201, { ...outcome.result, position: outcome.position })
}

/** A command names the field of its `call`; here the body is the call. */
function ofBody(refusal: Refusal): Refusal {
  const path = refusal.details?.path
  if (typeof path !== 'string' || !path.startsWith('call.')) return refusal
  const own = path.slice('call.'.length).replace(/E7$/, 'Deg')
  return { ...refusal, message: refusal.message.replace(path, own), details: { ...refusal.details, path: own } }
}

async function ask(
  ports: CallPorts,
  { address }: Pick<HttpCall, 'address'>,
  caller: TokenClaims,
  regionId: RegionId,
  query: Query,
): Promise<HttpReply> {
  const region = regionFor(ports, caller, regionId)
  if (!region.ok) return problem(region.refusal)
  const answer = await new Promise<QueryAnswer>(resolve => region.value.query(query, resolve))
  if (!answer.ok) return problem(answer.refusal)
  const { shown } = answer
  const reader = { claims: caller, region: regionId, address }
  if (shown.type === 'call') ports.readings.overHttp(reader, shown.call)
  if (shown.type === 'trip') ports.readings.overHttp(reader, shown.trip)
  return json(200, { position: answer.position, ...resultOf(shown) })
}

/** The token's word comes first: a stranger does not learn which regions this engine owns. */
function regionFor(ports: CallPorts, caller: TokenClaims, regionId: RegionId): Result<RegionHandle> {
  const allowed = inRegion(caller, regionId)
  if (!allowed.ok) return allowed
  const value = ports.directory.region(regionId)
  return value === null ? { ok: false, refusal: unknownRegion(regionId) } : { ok: true, value }
}
