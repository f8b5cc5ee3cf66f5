/** Signing in, staying signed in, signing out, and the caller's own account. */

import { z } from 'zod'
import { SENT_PASSWORD } from '../../access/accounts.ts'
import type { TokenClaims } from '../../access/claims.ts'
import type { Granted } from '../../access/sign-in.ts'
import { addressKey } from '../../base/ip-address.ts'
import type { Result } from '../../base/result.ts'
import { REGION_ID, UNIT_ID } from '../../domain/ids.ts'
import { orNull } from '../../protocol/nullable.ts'
import type { GatewayContext } from '../context.ts'
import { empty, type HttpCall, type HttpReply, json, jsonBody, problem } from '../http.ts'
import type { Route } from '../route.ts'

export const AUTH_ROUTES: readonly Route[] = [
  { method: 'post', pattern: '/v1/auth/login', action: null, handle: postLogin },
  { method: 'post', pattern: '/v1/auth/refresh', action: null, limitsItself: true, handle: postRefresh },
  { method: 'post', pattern: '/v1/auth/logout', action: 'own-account', handle: postLogout },
  { method: 'post', pattern: '/v1/auth/password', action: 'own-account', handle: postPassword },
  { method: 'get', pattern: '/v1/auth/me', action: 'own-account', handle: getMe },
  { method: 'get', pattern: '/v1/auth/sessions', action: 'own-account', handle: getSessions },
  { method: 'delete', pattern: '/v1/auth/sessions/:id', action: 'own-account', handle: deleteSession },
]

const SENT_CHARS = 256
const text = (() => {
  const error = `must be a text of 1 to ${SENT_CHARS} characters`
  return z.string({ error }).min(1, { error }).max(SENT_CHARS, { error })
})()
const id = (pattern: RegExp, error: string) => orNull(z.string({ error }).regex(pattern, { error })).default(null)

const LOGIN = z.strictObject({
  user: text,
  password: SENT_PASSWORD,
  region: id(REGION_ID, 'must be 1 to 16 characters of a-z 0-9'),
  unit: id(UNIT_ID, 'must be 1 to 32 characters of A-Z a-z 0-9 . _ -'),
  // One that is no mark, or too old, is as none: a device that kept it for long must not be turned away for that.
  deviceMark: orNull(z.string({ error: 'must be a text' })).default(null),
})
const REFRESH = z.strictObject({ refreshToken: text })
const PASSWORD = z.strictObject({ current: SENT_PASSWORD, next: SENT_PASSWORD })

async function postLogin(context: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const body = await jsonBody(call, LOGIN)
  return body.ok ? granted(context, await context.signIn.signIn(body.value, call.address)) : problem(body.refusal)
}

/** A refresh token that we gave out is taken although a stranger behind the same address sends one bad one after another. */
async function postRefresh(context: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const { limiter, signIn } = context
  const body = await jsonBody(call, REFRESH)
  const key = addressKey(call.address)
  if (!body.ok) return problem(limiter.takeOpenRequest(key, 'refresh') ?? body.refusal)
  const { refreshToken } = body.value
  const tooManyBad = limiter.mayLook(key, refreshToken)
  if (tooManyBad !== null) return problem(tooManyBad)
  const pair = await signIn.refresh(refreshToken, call.address)
  if (!pair.ok) limiter.wasBad(key, refreshToken)
  return granted(context, pair)
}

function granted({ limiter }: GatewayContext, pair: Result<Granted>): HttpReply {
  if (pair.ok) for (const token of [pair.value.accessToken, pair.value.refreshToken]) limiter.wasGood(token)
  return answer(pair)
}

async function postLogout(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  return answer(await context.signIn.signOut(caller, call.address))
}

async function postPassword(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const body = await jsonBody(call, PASSWORD)
  if (!body.ok) return problem(body.refusal)
  return answer(await context.signIn.changePassword(caller, body.value, call.address))
}

function getMe(_: GatewayContext, __: HttpCall, caller: TokenClaims): HttpReply {
  const { sub: name, role, regions, unit, authAtMs: signedInAtMs } = caller
  return json(200, { name, role, regions, unit, signedInAtMs })
}

async function getSessions({ signIn }: GatewayContext, _: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  return json(200, { items: await signIn.sessions(caller), next: null })
}

async function deleteSession({ signIn }: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  return answer(await signIn.endSession(caller, call.parameters.id!, call.address))
}

function answer(step: Result<object | null>): HttpReply {
  if (!step.ok) return problem(step.refusal)
  return step.value === null ? empty(204) : json(200, step.value)
}
