/** The users of this deployment, for its administrators. */

import { z } from 'zod'
import { type Accounts, NEW_USER, USER_CHANGES, userView } from '../../access/accounts.ts'
import type { TokenClaims } from '../../access/claims.ts'
import { madeUpPassword } from '../../access/passwords.ts'
import type { SignInService } from '../../access/sign-in.ts'
import { USER_NAME, USER_ROLES, UserStore } from '../../access/tables/user-table.ts'
import { WHO } from '../../access/tokens.ts'
import { keptUnits, SHOWN_UNITS } from '../../access/units.ts'
import { REGION_ID } from '../../domain/ids.ts'
import { moment } from '../../protocol/schema-parts.ts'
import type { Audit } from '../../store/audit/audit.ts'
import {
  auditedFor,
  type ChangePorts,
  changeAt,
  changeOnce,
  etag,
  listed,
  PAGE_QUERY,
  type Page,
  pageOf,
  tagged,
} from '../changes.ts'
import { empty, type HttpReply, json, problem, shownOnce } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { notFound } from '../refusals.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'

export interface UserPorts extends ChangePorts {
  readonly audit: Pick<Audit, 'append'>
  readonly limiter: Pick<Limiter, 'takeMore'>
  readonly signIn: {
    readonly accounts: Pick<Accounts, 'passwordHash' | 'passwordTrace' | 'add' | 'change'>
    signOutAll: SignInService['signOutAll']
  }
}

const PARAMS = z.object({ name: z.string().regex(USER_NAME) })
const PRINCIPAL_PARAMS = z.object({ name: WHO.sub })
const USER = z
  .object({
    ...{ name: z.string(), role: z.enum(USER_ROLES), regions: z.array(z.string().regex(REGION_ID)) },
    ...{ units: SHOWN_UNITS, disabled: z.boolean(), version: z.int(), createdAtMs: moment, changedAtMs: moment },
  })
  .meta({ id: 'User' }) satisfies z.ZodType<ReturnType<typeof userView>>
const ONCE = 'What was made up where none was given: shown once, null in a repeated answer.'

export const USER_ROUTES: readonly Route<UserPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/users',
    action: 'manage-users',
    summary: 'Lists users',
    header: 'If-None-Match',
    query: PAGE_QUERY,
    reply: { 200: pageOf(USER) },
    handle: listUsers,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/users',
    action: 'manage-users',
    summary: 'Makes a user',
    header: 'Idempotency-Key',
    body: NEW_USER,
    reply: { 201: USER.extend({ password: z.string().nullable().optional().describe(ONCE) }) },
    refusals: ['already-exists', 'password-unfit', 'overloaded'],
    handle: postUser,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/users/:name',
    action: 'manage-users',
    summary: 'Shows a user',
    header: 'If-None-Match',
    params: PARAMS,
    reply: { 200: USER },
    refusals: ['not-found'],
    handle: getUser,
  }),
  guarded({
    method: 'patch',
    pattern: '/v1/users/:name',
    action: 'manage-users',
    summary: 'Changes a user, and ends all that it is signed in with',
    header: 'If-Match',
    params: PARAMS,
    body: USER_CHANGES,
    reply: { 200: USER },
    refusals: ['not-found', 'still-used', 'password-unfit', 'overloaded'],
    handle: patchUser,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/users/:name/sign-out',
    action: 'manage-users',
    summary: 'Ends all that a principal is signed in with, known here or not',
    header: 'Idempotency-Key',
    params: PRINCIPAL_PARAMS,
    reply: { 204: null },
    refusals: ['not-found'],
    handle: postSignOut,
  }),
]

function listUsers(
  ports: UserPorts,
  asked: Asked<Nothing, typeof PAGE_QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const read = async (page: Page) => (await new UserStore(ports.database).list(page)).map(userView)
  return listed(ports, asked, caller, read, user => user.name)
}

async function getUser({ database }: UserPorts, asked: Asked<typeof PARAMS>): Promise<HttpReply> {
  const params = asked.readParams()
  const user = params.ok ? await new UserStore(database).find(params.value.name) : undefined
  return user === undefined ? problem(notFound(asked.path)) : tagged(asked, userView(user))
}

async function postUser(
  ports: UserPorts,
  asked: Asked<Nothing, Nothing, typeof NEW_USER>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const { accounts } = ports.signIn
  const { password: given, units: sent, ...rest } = body.value
  const units = keptUnits('driver', rest.role === 'driver', sent)
  if (!units.ok) return problem(units.refusal)
  const user = { ...rest, units: units.value }
  const madeUp = given === undefined ? madeUpPassword() : null
  const hash = await accounts.passwordHash(given ?? madeUp!, user.name)
  if (!hash.ok) return problem(hash.refusal)
  const told =
    given === undefined ? null : await accounts.passwordTrace(given, `${caller.sub}\0${asked.idempotencyKey}`)
  if (told !== null && !told.ok) return problem(told.refusal)
  const known = JSON.stringify([rest, sent ?? null, told?.value ?? null])
  return changeOnce(ports, asked, caller, known, async transaction => {
    const audit = auditedFor(ports, asked, caller)
    const added = await accounts.add(transaction, { ...user, passwordHash: hash.value }, audit)
    if (!added.ok) return problem(added.refusal)
    const view = userView(added.value)
    const headers = { Location: `/v1/users/${encodeURIComponent(view.name)}`, ETag: etag(view.version) }
    if (madeUp === null) return json(201, view, headers)
    return shownOnce(201, view, { password: madeUp }, headers)
  })
}

async function patchUser(
  ports: UserPorts,
  asked: Asked<typeof PARAMS, Nothing, typeof USER_CHANGES>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return problem(notFound(asked.path))
  const { name } = params.value
  const body = await asked.readBody()
  if (!body.ok) return problem(body.refusal)
  const { accounts } = ports.signIn
  const { password, units: sent, ...changes } = body.value
  const hash = password === undefined ? null : await accounts.passwordHash(password, name)
  if (hash !== null && !hash.ok) return problem(hash.refusal)
  const passwordHash = hash === null ? {} : { passwordHash: hash.value }
  return changeAt(
    ports,
    asked,
    async transaction => {
      const users = new UserStore(transaction)
      await users.lockAdministration()
      return users.find(name)
    },
    async (transaction, current) => {
      const audit = auditedFor(ports, asked, caller)
      const isDriver = (changes.role ?? current.role) === 'driver'
      // A user who becomes a driver gets no units by silence either.
      const isAsked = sent !== undefined || (isDriver && current.role !== 'driver')
      const units = isAsked ? keptUnits('driver', isDriver, sent) : null
      if (units !== null && !units.ok) return problem(units.refusal)
      const all = { ...changes, ...(units === null ? {} : { units: units.value }), ...passwordHash }
      const changed = await accounts.change(transaction, current, all, audit)
      if (!changed.ok) return problem(changed.refusal)
      return json(200, userView(changed.value), { ETag: etag(changed.value.version) })
    },
  )
}

/** For every principal, known here or not: nobody but its issuer knows the subjects of another issuer. */
function postSignOut(ports: UserPorts, asked: Asked<typeof PRINCIPAL_PARAMS>, caller: TokenClaims): Promise<HttpReply> {
  const params = asked.readParams()
  if (!params.ok) return Promise.resolve(problem(notFound(asked.path)))
  return changeOnce(ports, asked, caller, null, async transaction => {
    await ports.signIn.signOutAll(transaction, params.value.name, auditedFor(ports, asked, caller))
    return empty(204)
  })
}
