/** The keys of this deployment: its administrators change them, and anybody may read the public halves. */

import type { TokenClaims } from '../../access/claims.ts'
import {
  listSigningKeys,
  retireSigningKey,
  rotateSigningKey,
  rotateTicketSecret,
  type SigningKeyRecord,
} from '../../access/tables/key-table.ts'
import { notFound } from '../../base/refusal.ts'
import { auditedFor, changeOnce } from '../changes.ts'
import type { GatewayContext } from '../context.ts'
import { empty, type HttpCall, type HttpReply, json, problem } from '../http.ts'
import type { Route } from '../route.ts'

export const KEY_ROUTES: readonly Route[] = [
  { method: 'get', pattern: '/.well-known/jwks.json', action: null, handle: getPublicKeys },
  { method: 'get', pattern: '/v1/keys', action: 'manage-keys', handle: getKeys },
  { method: 'post', pattern: '/v1/keys/rotate', action: 'manage-keys', handle: postRotate },
  { method: 'post', pattern: '/v1/keys/:kid/retire', action: 'manage-keys', handle: postRetire },
  { method: 'post', pattern: '/v1/ticket-secrets/rotate', action: 'manage-keys', handle: postRotateTickets },
]

/** How long others may go without asking again for the keys. */
const PUBLIC_KEYS_KEPT_S = 300

function getPublicKeys({ keys }: GatewayContext): HttpReply {
  return json(200, keys.jwks(), { 'Cache-Control': `public, max-age=${PUBLIC_KEYS_KEPT_S}` })
}

async function getKeys({ database }: GatewayContext): Promise<HttpReply> {
  return json(200, { items: (await listSigningKeys(database)).map(keyView), next: null })
}

function postRotate(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  return changeOnce(context, call, caller, null, async transaction => {
    const { kid } = await rotateSigningKey(transaction)
    const audit = auditedFor(context, call, caller)
    await audit(transaction, { action: 'key-rotated', region: null, subject: kid, details: {} })
    return json(201, { kid })
  })
}

function postRetire(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  return changeOnce(context, call, caller, null, async transaction => {
    const kid = call.parameters.kid!
    const outcome = await retireSigningKey(transaction, kid)
    if (outcome === 'unknown') return problem(notFound(`key ${kid} in use`))
    if (outcome === 'signs') {
      const message = 'This key signs new tokens; make another one first, with POST /v1/keys/rotate.'
      return problem({ code: 'still-used', message })
    }
    const audit = auditedFor(context, call, caller)
    await audit(transaction, { action: 'key-retired', region: null, subject: kid, details: {} })
    return empty(204)
  })
}

function postRotateTickets(context: GatewayContext, call: HttpCall, caller: TokenClaims): Promise<HttpReply> {
  return changeOnce(context, call, caller, null, async transaction => {
    const { id } = await rotateTicketSecret(transaction)
    const audit = auditedFor(context, call, caller)
    await audit(transaction, { action: 'ticket-secret-rotated', region: null, subject: String(id), details: {} })
    return empty(204)
  })
}

function keyView({ kid, createdAt, retiredAt }: SigningKeyRecord) {
  return { kid, createdAtMs: createdAt.getTime(), retiredAtMs: retiredAt?.getTime() ?? null }
}
