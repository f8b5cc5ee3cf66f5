/** The users of this deployment, for its administrators. */

import { NEW_USER, USER_CHANGES, userView } from '../../access/accounts.ts'
import type { TokenClaims } from '../../access/claims.ts'
import { madeUpPassword } from '../../access/passwords.ts'
import { USER_NAME, UserStore } from '../../access/tables/user-table.ts'
import { WHO } from '../../access/tokens.ts'
import { keptUnits } from '../../access/units.ts'
import { notFound } from '../../base/refusal.ts'
import { auditedFor, changeAt, changeOnce, etag, listReply, page, tagged } from '../changes.ts'
import type { GatewayContext } from '../context.ts'
import { empty, type HttpCall, type HttpReply, json, jsonBody, problem } from '../http.ts'
import type { Route } from '../route.ts'

export const USER_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/v1/users', action: 'manage-users', handle: listUsers },
  { method: 'post', pattern: '/v1/users', action: 'manage-users', handle: postUser },
  { method: 'get', pattern: '/v1/users/:name', action: 'manage-users', handle: getUser },
  { method: 'patch', pattern: '/v1/users/:name', action: 'manage-users', handle: patchUser },
  { method: 'post', pattern: '/v1/users/:name/sign-out', action: 'manage-users', handle: postSignOut },
]

async function listUsers(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const asked = page(context, call, caller)
  if (!asked.ok) return problem(asked.refusal)
  const { limit, after } = asked.value
  const found = await new UserStore(context.database).list({ limit: limit + 1, after })
  return listReply(call, asked.value, found.map(userView), user => user.name)
}

async function getUser({ database }: GatewayContext, call: HttpCall): Promise<HttpReply> {
  const name = call.parameters.name!
  const user = USER_NAME.test(name) ? await new UserStore(database).find(name) : undefined
  return user === undefined ? problem(notFound(call.path)) : tagged(call, userView(user))
}

async function postUser(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const body = await jsonBody(call, NEW_USER)
  if (!body.ok) return problem(body.refusal)
  const { accounts } = context.signIn
  const { password: given, units: sent, ...rest } = body.value
  const units = keptUnits('driver', rest.role === 'driver', sent)
  if (!units.ok) return problem(units.refusal)
  const user = { ...rest, units: units.value }
  const madeUp = given === undefined ? madeUpPassword() : null
  const hash = await accounts.passwordHash(given ?? madeUp!, user.name)
  if (!hash.ok) return problem(hash.refusal)
  const told = given === undefined ? null : await accounts.passwordTrace(given, `${caller.sub}\0${call.idempotencyKey}`)
  if (told !== null && !told.ok) return problem(told.refusal)
  const known = JSON.stringify([rest, sent ?? null, told?.value ?? null])
  return changeOnce(context, call, caller, known, async transaction => {
    const audit = auditedFor(context, call, caller)
    const added = await accounts.add(transaction, { ...user, passwordHash: hash.value }, audit)
    if (!added.ok) return problem(added.refusal)
    const view = userView(added.value)
    const headers = { Location: `/v1/users/${encodeURIComponent(view.name)}`, ETag: etag(view.version) }
    if (madeUp === null) return json(201, view, headers)
    // Shown to the first answer only: what is kept for repetitions lies in the database.
    const once = json(201, { ...view, password: madeUp }, headers)
    return { ...once, repeatedBody: JSON.stringify({ ...view, password: null }) }
  })
}

async function patchUser(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const name = call.parameters.name!
  if (!USER_NAME.test(name)) return problem(notFound(call.path))
  const body = await jsonBody(call, USER_CHANGES)
  if (!body.ok) return problem(body.refusal)
  const { accounts } = context.signIn
  const { password, units: sent, ...changes } = body.value
  const hash = password === undefined ? null : await accounts.passwordHash(password, name)
  if (hash !== null && !hash.ok) return problem(hash.refusal)
  const passwordHash = hash === null ? {} : { passwordHash: hash.value }
  return changeAt(
    context,
    call,
    async transaction => {
      const users = new UserStore(transaction)
      await users.lockAdministration()
      return users.find(name)
    },
    async (transaction, current) => {
      const audit = auditedFor(context, call, caller)
      const isDriver = (changes.role ?? current.role) === 'driver'
      // Whoever becomes a driver gets no units by silence either.
      const asked = sent !== undefined || (isDriver && current.role !== 'driver')
      const units = asked ? keptUnits('driver', isDriver, sent) : null
      if (units !== null && !units.ok) return problem(units.refusal)
      const all = { ...changes, ...(units === null ? {} : { units: units.value }), ...passwordHash }
      const changed = await accounts.change(transaction, current, all, audit)
      if (!changed.ok) return problem(changed.refusal)
      return json(200, userView(changed.value), { ETag: etag(changed.value.version) })
    },
  )
}

/** For every principal, known here or not: nobody but its issuer knows the subjects of another issuer. */
function postSignOut(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  const principal = WHO.sub.safeParse(call.parameters.name)
  if (!principal.success) return Promise.resolve(problem(notFound(call.path)))
  return changeOnce(context, call, caller, null, async transaction => {
    await context.signIn.signOutAll(transaction, principal.data, auditedFor(context, call, caller))
    return empty(204)
  })
}
