/** Signing in, staying signed in, signing out, and the caller's own account. */

import { z } from 'zod'
import { SENT_PASSWORD } from '../../access/accounts.ts'
import type { TokenClaims } from '../../access/claims.ts'
import type { Granted, SignInService } from '../../access/sign-in.ts'
import { USER_ROLES } from '../../access/tables/user-table.ts'
import { addressKey } from '../../base/ip-address.ts'
import type { Result } from '../../base/result.ts'
import { REGION_ID, UNIT_ID } from '../../domain/ids.ts'
import { ROLES } from '../../domain/roles.ts'
import { orNull } from '../../protocol/nullable.ts'
import { moment } from '../../protocol/schema-parts.ts'
import { pageOf } from '../changes.ts'
import { empty, type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { type Asked, guarded, type Nothing, open, type Route } from '../route.ts'

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
const GUEST = z.strictObject({ ticket: text })
const REFRESH = z.strictObject({ refreshToken: text })
const PASSWORD = z.strictObject({ current: SENT_PASSWORD, next: SENT_PASSWORD })
const SESSION_PARAMS = z.object({ id: z.string() })

const regions = z.array(z.string().regex(REGION_ID))
const unit = z.string().regex(UNIT_ID).nullable()
const GRANTED = z.object({
  accessToken: z.string(),
  accessExpiresInS: z.int(),
  refreshToken: z.string(),
  refreshExpiresInS: z.int(),
  user: z.object({ name: z.string(), role: z.enum(USER_ROLES), regions, unit }),
})
const ME = z.object({ name: z.string(), role: z.enum(ROLES), regions, unit, signedInAtMs: moment })
const SESSION = z.object({
  id: z.string(),
  region: z.string().regex(REGION_ID).nullable(),
  unit,
  signedInAtMs: moment,
  endsAtMs: moment,
  current: z.boolean().describe('The one that asks.'),
})

export interface AuthPorts {
  readonly signIn: Pick<
    SignInService,
    'signIn' | 'enterAsGuest' | 'refresh' | 'signOut' | 'changePassword' | 'sessions' | 'endSession'
  >
  readonly limiter: Pick<Limiter, 'takeOpenRequest' | 'mayLook' | 'wasBad' | 'wasGood'>
}

export const AUTH_ROUTES: readonly Route<AuthPorts>[] = [
  open({
    method: 'post',
    pattern: '/v1/auth/login',
    rate: 'address',
    summary: 'Signs a person in',
    body: LOGIN,
    reply: { 200: GRANTED.extend({ deviceMark: z.string() }) },
    refusals: ['credentials-wrong', 'overloaded', 'wrong-region', 'wrong-unit', 'unknown-unit'],
    handle: postLogin,
  }),
  open({
    method: 'post',
    pattern: '/v1/auth/guest',
    rate: 'address',
    summary: 'Lets the guest of a demo in, once, by the ticket that the demo has printed',
    body: GUEST,
    reply: { 200: GRANTED },
    refusals: ['credentials-wrong'],
    handle: postGuest,
  }),
  open({
    method: 'post',
    pattern: '/v1/auth/refresh',
    rate: 'own',
    summary: 'Gives the next pair of tokens of a sign-in',
    body: REFRESH,
    reply: { 200: GRANTED },
    refusals: ['refresh-refused'],
    handle: postRefresh,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/auth/logout',
    action: 'own-account',
    summary: 'Ends the sign-in of the token, and its sessions',
    reply: { 204: null },
    refusals: ['not-found'],
    handle: postLogout,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/auth/password',
    action: 'own-account',
    summary: "Changes the caller's password",
    body: PASSWORD,
    reply: { 204: null },
    refusals: ['not-found', 'credentials-wrong', 'password-unfit', 'overloaded'],
    handle: postPassword,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/auth/me',
    action: 'own-account',
    summary: 'Tells who the caller is',
    reply: { 200: ME },
    handle: getMe,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/auth/sessions',
    action: 'own-account',
    summary: "Lists the caller's sign-ins",
    reply: { 200: pageOf(SESSION) },
    handle: getSessions,
  }),
  guarded({
    method: 'delete',
    pattern: '/v1/auth/sessions/:id',
    action: 'own-account',
    summary: "Ends one of the caller's sign-ins",
    params: SESSION_PARAMS,
    reply: { 204: null },
    refusals: ['not-found'],
    handle: deleteSession,
  }),
]

async function postLogin(ports: AuthPorts, asked: Asked<Nothing, Nothing, typeof LOGIN>): Promise<HttpReply> {
  const body = await asked.readBody()
  return body.ok ? granted(ports, await ports.signIn.signIn(body.value, asked.address)) : problem(body.refusal)
}

async function postGuest(ports: AuthPorts, asked: Asked<Nothing, Nothing, typeof GUEST>): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  return granted(ports, await ports.signIn.enterAsGuest(body.value.ticket, asked.address))
}

/** A refresh token that we gave out is taken although a stranger behind the same address sends one bad one after another. */
async function postRefresh(ports: AuthPorts, asked: Asked<Nothing, Nothing, typeof REFRESH>): Promise<HttpReply> {
  const { limiter, signIn } = ports
  const body = await asked.readBody()
  const key = addressKey(asked.address)
  if (!body.ok) return problem(limiter.takeOpenRequest(key, 'refresh') ?? body.refusal)
  const { refreshToken } = body.value
  const tooManyBad = limiter.mayLook(key, refreshToken)
  if (tooManyBad !== null) return problem(tooManyBad)
  const pair = await signIn.refresh(refreshToken, asked.address)
  if (!pair.ok) limiter.wasBad(key, refreshToken)
  return granted(ports, pair)
}

function granted({ limiter }: AuthPorts, pair: Result<Granted>): HttpReply {
  if (pair.ok) for (const token of [pair.value.accessToken, pair.value.refreshToken]) limiter.wasGood(token)
  return answer(pair)
}

async function postLogout(ports: AuthPorts, asked: Asked, caller: TokenClaims): Promise<HttpReply> {
  return answer(await ports.signIn.signOut(caller, asked.address))
}

async function postPassword(
  ports: AuthPorts,
  asked: Asked<Nothing, Nothing, typeof PASSWORD>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  return answer(await ports.signIn.changePassword(caller, body.value, asked.address))
}

function getMe(_: AuthPorts, __: Asked, caller: TokenClaims): HttpReply {
  const { sub: name, role, regions, unit, authAtMs: signedInAtMs } = caller
  return json(200, { name, role, regions, unit, signedInAtMs })
}

async function getSessions({ signIn }: AuthPorts, _: Asked, caller: TokenClaims): Promise<HttpReply> {
  return json(200, { items: await signIn.sessions(caller), next: null })
}

async function deleteSession(
  { signIn }: AuthPorts,
  asked: Asked<typeof SESSION_PARAMS>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  return answer(params.ok ? await signIn.endSession(caller, params.value.id, asked.address) : params)
}

function answer(step: Result<object | null>): HttpReply {
  if (!step.ok) return problem(step.refusal)
  return step.value === null ? empty(204) : json(200, step.value)
}
