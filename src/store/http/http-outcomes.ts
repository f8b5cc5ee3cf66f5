/** What changes over HTTP were answered, so that a repeated request changes nothing and gets the first answer. */
import { createHash, createHmac } from 'node:crypto'
import { sql } from 'kysely'
import type { Principal } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface HttpOutcome {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One request as its repetition is recognised: who, under which key, and everything that the answer depends on. */
export interface RequestIdentity {
  readonly principal: Principal
  readonly idempotencyKey: string
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Or what stands for it; without a secret, for whoever has the row can try what it was. */
  readonly body: Uint8Array
}

export type Earlier = { readonly kind: 'none' } | { readonly kind: 'other' } | ({ readonly kind: 'same' } & HttpOutcome)

const KEPT_MS = 7 * 24 * 3_600_000
/** Outcomes past their time that one change clears away; more than one, so that a backlog shrinks. */
const CLEARED_AT_ONCE = 20
/** Advisory locks with two numbers are apart from those with one; the first is this table's own. */
const LOCK_CLASS = 470_911

/**
 * The outcome of an earlier request under the key. Waits for one that is being answered now, and keeps others waiting
 * until the transaction ends; so call it first in the transaction.
 */
export async function earlierOutcome(transaction: Database, request: RequestIdentity, nowMs: number): Promise<Earlier> {
  const lock = createHash('sha256').update(`${request.principal}\0${request.idempotencyKey}`).digest().readInt32BE()
  await sql`SELECT pg_advisory_xact_lock(${LOCK_CLASS}, ${lock})`.execute(transaction)
  const row = await transaction
    .selectFrom('gateway.http_outcomes')
    .select(['request_hash', 'status', 'headers', 'body'])
    .where('principal', '=', request.principal)
    .where('key_hash', '=', keyHash(request))
    .where('answered_at_ms', '>', nowMs - KEPT_MS)
    .executeTakeFirst()
  if (row === undefined) return { kind: 'none' }
  if (!row.request_hash.equals(requestHash(request))) return { kind: 'other' }
  return { kind: 'same', status: row.status, headers: row.headers, body: row.body }
}

/** Keeps an outcome for seven days, in the transaction of the change that it tells of. */
export async function keepOutcome(
  transaction: Database,
  request: RequestIdentity,
  outcome: HttpOutcome,
  nowMs: number,
): Promise<void> {
  const values = {
    request_hash: requestHash(request),
    status: outcome.status,
    headers: JSON.stringify(outcome.headers),
    body: outcome.body,
    answered_at_ms: nowMs,
  }
  await transaction
    .insertInto('gateway.http_outcomes')
    .values({ principal: request.principal, key_hash: keyHash(request), ...values })
    // Only one past its time can stand there.
    .onConflict(conflict => conflict.columns(['principal', 'key_hash']).doUpdateSet(values))
    .execute()
  // Locked rows are skipped: two changes that clear away the same rows must not wait for each other.
  await sql`
    DELETE FROM gateway.http_outcomes WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM gateway.http_outcomes WHERE answered_at_ms <= ${nowMs - KEPT_MS}
      ORDER BY answered_at_ms LIMIT ${CLEARED_AT_ONCE} FOR UPDATE SKIP LOCKED))`.execute(transaction)
}

const keyHash = ({ idempotencyKey }: RequestIdentity): Buffer => createHash('sha256').update(idempotencyKey).digest()

function requestHash({ idempotencyKey, method, path, body }: RequestIdentity): Buffer {
  return createHmac('sha256', idempotencyKey).update(`${method} ${path}\n`).update(body).digest()
}
