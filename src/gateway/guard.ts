/**
 * The guard of every route that is not open. It asks for a good credential that has not ended, and a role that may do this.
 */

import { z } from 'zod'
import type { Authenticator, Revocations, TokenClaims } from '../access/claims.ts'
import { isTicket } from '../access/tickets.ts'
import { TOKEN_INVALID } from '../access/tokens.ts'
import type { RegionDirectory } from '../actors/region-handle.ts'
import { addressKey } from '../base/ip-address.ts'
import type { Refusal } from '../base/refusal.ts'
import type { Refused, Result } from '../base/result.ts'
import type { RegionId } from '../domain/ids.ts'
import { parseQuery } from '../protocol/query.ts'
import { type Action, may, RIGHTS } from '../protocol/rights.ts'
import { type Audit, NOBODY } from '../store/audit/audit.ts'
import { type HttpCall, type HttpReply, problem } from './http.ts'
import type { Limiter } from './limits/limiter.ts'
import { ENDED, NOT_READY, wrongRegion, wrongRole } from './refusals.ts'
import { type GuardedRoute, type OpenRoute, routeName } from './route.ts'

export interface GuardPorts {
  readonly directory: Pick<RegionDirectory, 'ready'>
  readonly limiter: Pick<Limiter, 'takeRequest' | 'takeOpenRequest' | 'mayLook' | 'wasBad' | 'wasGood'>
  readonly authenticator: Pick<Authenticator, 'verify'>
  readonly revocations: Pick<Revocations, 'isRevoked' | 'refresh'>
  readonly audit: Pick<Audit, 'note'>
}

/** What these change may end somebody's credentials. */
const ENDS_CREDENTIALS: ReadonlySet<Action> = new Set(['own-account', 'manage-users', 'manage-devices', 'manage-keys'])

/** Answers a call of a guarded route, and notes in the audit who was turned away. */
export async function answerGuarded<Ports extends GuardPorts>(
  ports: Ports,
  route: GuardedRoute<Ports>,
  call: HttpCall,
): Promise<HttpReply> {
  const caller = await callerOf(ports, route, call)
  const reply = caller.ok ? await route.handle(ports, call, caller.value) : turnedAway(caller, route)
  const mayHaveEnded = route.method !== 'get' && ENDS_CREDENTIALS.has(route.action)
  // Close the connection before the client is told that its sign-in has ended.
  if (mayHaveEnded && reply.status < 300) await ports.revocations.refresh()
  if (reply.status === 401 || reply.status === 403) {
    const { refusal, actor } = caller.ok ? { refusal: reply.refusal, actor: caller.value.sub } : caller
    if (refusal !== undefined) note(ports, route, call, refusal, actor)
  }
  return reply
}

/** Answers a call of an open route. Nobody says who calls, so the rate is that of the address. */
export async function answerOpen<Ports extends Pick<GuardPorts, 'limiter'>>(
  ports: Ports,
  route: OpenRoute<Ports>,
  call: HttpCall,
): Promise<HttpReply> {
  if (route.rate === 'none') return route.handle(ports, call)
  const tooFast = route.rate === 'own' ? null : ports.limiter.takeOpenRequest(addressKey(call.address), route.pattern)
  const reply = tooFast === null ? await route.handle(ports, call) : problem(tooFast)
  return { ...reply, closes: reply.closes === true || endsStranger(reply) }
}

/** A refused client keeps no connection unless it has shown a good credential. */
const endsStranger = ({ status }: HttpReply): boolean => status === 401 || status === 404 || status === 429

/** What the guard goes by. */
type Guarded = Pick<GuardedRoute<never>, 'method' | 'pattern' | 'action' | 'rate' | 'credential'>

type Caller = { readonly ok: true; readonly value: TokenClaims } | TurnedAway

interface TurnedAway extends Refused {
  readonly actor: string
  /** It goes on far over its rate. */
  readonly isFlood?: boolean
}

function turnedAway({ refusal, actor, isFlood = false }: TurnedAway, { credential }: Guarded): HttpReply {
  const reply = problem(refusal)
  const headers: Record<string, string> = { ...reply.headers }
  if (reply.status === 401 && credential !== undefined) headers['WWW-Authenticate'] = credential.challenge
  return {
    ...reply,
    headers,
    closes: isFlood || (endsStranger(reply) && (actor === NOBODY || reply.status === 401)),
  }
}

async function callerOf(ports: GuardPorts, route: Guarded, call: HttpCall): Promise<Caller> {
  if (!ports.directory.ready()) return { ok: false, refusal: NOT_READY, actor: NOBODY }
  const key = addressKey(call.address)
  const credential = /^Bearer +(\S+)$/i.exec(call.authorization)?.[1] ?? route.credential?.of(call)
  if (credential === undefined) {
    const message = route.credential?.says ?? 'Send the header Authorization: Bearer <access token>.'
    const refusal = ports.limiter.takeOpenRequest(key, 'no credential') ?? { code: 'token-missing', message }
    return { ok: false, refusal, actor: NOBODY }
  }
  const tooManyBad = ports.limiter.mayLook(key, credential)
  if (tooManyBad !== null) return { ok: false, refusal: tooManyBad, actor: NOBODY }
  // A ticket opens sessions only: it lives longer than an access token may.
  const verified = isTicket(credential) ? TOKEN_INVALID : await ports.authenticator.verify(credential)
  if (!verified.ok) {
    if (verified.refusal.code !== 'unavailable') ports.limiter.wasBad(key, credential)
    return { ...verified, actor: NOBODY }
  }
  const claims = verified.value
  if (ports.revocations.isRevoked(claims)) {
    ports.limiter.wasBad(key, credential)
    return { ok: false, refusal: ENDED, actor: claims.sub }
  }
  ports.limiter.wasGood(credential)
  const tooFast = ports.limiter.takeRequest(claims.sub, route.rate)
  if (tooFast !== null) return { ok: false, ...tooFast, actor: claims.sub }
  if (!may(claims.role, route.action)) {
    const asks = `ask for ${routeName(route)}; it is for ${RIGHTS[route.action].roles.join(', ')}`
    return { ok: false, refusal: wrongRole(claims.role, asks), actor: claims.sub }
  }
  // A body may take seconds to arrive, and the caller's sign-in may have ended meanwhile.
  await call.body
  if (ports.revocations.isRevoked(claims)) return { ok: false, refusal: ENDED, actor: claims.sub }
  return { ok: true, value: claims }
}

function note(ports: GuardPorts, route: Guarded, call: HttpCall, refusal: Refusal, actor: string): void {
  ports.audit.note({
    actor,
    action: 'refusal',
    outcome: 'refused',
    region: null,
    subject: null,
    address: call.address,
    details: { code: refusal.code, route: routeName(route) },
  })
}

/** Whether the caller may act for a region: an admin for every region, everyone else for the regions of the token. */
export function inRegion(caller: TokenClaims, region: RegionId): Result<RegionId> {
  const allowed = caller.role === 'admin' || caller.regions.includes(region)
  return allowed ? { ok: true, value: region } : { ok: false, refusal: wrongRegion(region) }
}

/** What chooses a region, in the query of each route that is of one. */
export const REGION_QUERY = z.object({
  region: z.string().optional().describe('The region; it may be left out where the token names exactly one.'),
})

/** The region that `?region=` chooses; it may be left out where the token names one only. */
export function regionAsked({ query }: Pick<HttpCall, 'query'>, caller: TokenClaims): Result<RegionId> {
  const asked = parseQuery(query, REGION_QUERY)
  if (!asked.ok) return asked
  const value = asked.value.region ?? (caller.regions.length === 1 ? caller.regions[0] : undefined)
  if (value !== undefined) return { ok: true, value }
  const message = 'The token does not name exactly one region; choose one with ?region=.'
  return { ok: false, refusal: { code: 'invalid-field', message, details: { path: 'region' } } }
}
