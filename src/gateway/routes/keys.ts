/** The keys of this deployment: its administrators change them, and anybody may read the public halves. */

import { z } from 'zod'
import type { TokenClaims } from '../../access/claims.ts'
import {
  listSigningKeys,
  retireSigningKey,
  rotateSigningKey,
  rotateTicketSecret,
  type SigningKeyRecord,
} from '../../access/tables/key-table.ts'
import type { KeyRing } from '../../access/tokens.ts'
import { moment } from '../../protocol/schema-parts.ts'
import type { Audit } from '../../store/audit/audit.ts'
import { auditedFor, type ChangePorts, changeOnce, pageOf } from '../changes.ts'
import { empty, type HttpReply, json, problem } from '../http.ts'
import { notFound } from '../refusals.ts'
import { type Asked, guarded, open, type Route } from '../route.ts'

export interface KeyPorts extends ChangePorts {
  readonly audit: Pick<Audit, 'append'>
  readonly keys: Pick<KeyRing, 'jwks'>
}

const KEY_PARAMS = z.object({ kid: z.string() })
const KEY = z.object({ kid: z.string(), createdAtMs: moment, retiredAtMs: moment.nullable() })
/** RFC 7517: an elliptic curve's. */
const PUBLIC_KEY = z.object({
  ...{ kty: z.string(), crv: z.string(), x: z.string(), y: z.string().optional() },
  ...{ kid: z.string(), alg: z.string(), use: z.literal('sig') },
})

export const KEY_ROUTES: readonly Route<KeyPorts>[] = [
  open({
    method: 'get',
    pattern: '/.well-known/jwks.json',
    rate: 'address',
    summary: 'Shows the public keys that access tokens are signed with',
    reply: { 200: z.object({ keys: z.array(PUBLIC_KEY) }) },
    handle: getPublicKeys,
  }),
  guarded({
    method: 'get',
    pattern: '/v1/keys',
    action: 'manage-keys',
    summary: 'Lists signing keys',
    reply: { 200: pageOf(KEY) },
    handle: getKeys,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/keys/rotate',
    action: 'manage-keys',
    summary: 'Makes the key that signs from now on',
    header: 'Idempotency-Key',
    reply: { 201: z.object({ kid: z.string() }) },
    handle: postRotate,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/keys/:kid/retire',
    action: 'manage-keys',
    summary: 'Ends a signing key and every token that it signed',
    header: 'Idempotency-Key',
    params: KEY_PARAMS,
    reply: { 204: null },
    refusals: ['not-found', 'still-used'],
    handle: postRetire,
  }),
  guarded({
    method: 'post',
    pattern: '/v1/ticket-secrets/rotate',
    action: 'manage-keys',
    summary: 'Makes the secret that resume tickets are made with from now on',
    header: 'Idempotency-Key',
    reply: { 204: null },
    handle: postRotateTickets,
  }),
]

/** How long others may go without asking again for the keys. */
const PUBLIC_KEYS_KEPT_S = 300

function getPublicKeys({ keys }: Pick<KeyPorts, 'keys'>): HttpReply {
  return json(200, keys.jwks(), { 'Cache-Control': `public, max-age=${PUBLIC_KEYS_KEPT_S}` })
}

async function getKeys({ database }: KeyPorts): Promise<HttpReply> {
  return json(200, { items: (await listSigningKeys(database)).map(keyView), next: null })
}

function postRotate(ports: KeyPorts, asked: Asked, caller: TokenClaims): Promise<HttpReply> {
  return changeOnce(ports, asked, caller, null, async transaction => {
    const { kid } = await rotateSigningKey(transaction)
    const audit = auditedFor(ports, asked, caller)
    await audit(transaction, { action: 'key-rotated', region: null, subject: kid, details: {} })
    return json(201, { kid })
  })
}

function postRetire(ports: KeyPorts, asked: Asked<typeof KEY_PARAMS>, caller: TokenClaims): Promise<HttpReply> {
  return changeOnce(ports, asked, caller, null, async transaction => {
    const params = asked.readParams()
    if (!params.ok) return problem(notFound(asked.path))
    const { kid } = params.value
    const outcome = await retireSigningKey(transaction, kid)
    if (outcome === 'unknown') return problem(notFound(asked.path))
    if (outcome === 'signs') {
      const message = 'This key signs new tokens; make another key first, with POST /v1/keys/rotate.'
      return problem({ code: 'still-used', message })
    }
    const audit = auditedFor(ports, asked, caller)
    await audit(transaction, { action: 'key-retired', region: null, subject: kid, details: {} })
    return empty(204)
  })
}

function postRotateTickets(ports: KeyPorts, asked: Asked, caller: TokenClaims): Promise<HttpReply> {
  return changeOnce(ports, asked, caller, null, async transaction => {
    const { id } = await rotateTicketSecret(transaction)
    const audit = auditedFor(ports, asked, caller)
    await audit(transaction, { action: 'ticket-secret-rotated', region: null, subject: String(id), details: {} })
    return empty(204)
  })
}

function keyView({ kid, createdAt, retiredAt }: SigningKeyRecord) {
  return { kid, createdAtMs: createdAt.getTime(), retiredAtMs: retiredAt?.getTime() ?? null }
}
