/** The keys that sign and check this deployment's tokens: kept in the database, the same for every process. */
import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '../../store/postgres/database.ts'
import { raiseAccessVersion } from './access-version.ts'

/** An Ed25519 key pair as JSON Web Keys (RFC 8037). */
export interface SigningKey {
  /** The key's RFC 7638 thumbprint. */
  readonly kid: string
  readonly privateJwk: JsonWebKey
  readonly publicJwk: JsonWebKey
}

export interface SigningKeyRecord {
  readonly kid: string
  readonly createdAt: Date
  readonly retiredAt: Date | null
}

/** A secret that resume tickets are made with. */
export interface TicketSecret {
  readonly id: number
  readonly secret: Buffer
}

// Any number that nothing else in the database takes as an advisory lock.
const SIGNING_KEY_LOCK = 470_911_002
const TICKET_SECRET_BYTES = 32

/** The newest signing key; the first caller on a database makes it, and all others get the same one. */
export function loadOrCreateSigningKey(database: Database): Promise<SigningKey> {
  return locked(database, async transaction => {
    const [newest] = await loadSigningKeys(transaction)
    return newest ?? makeKey(transaction)
  })
}

/** Every key that is not retired, the newest first: that one signs, all of them check. */
export async function loadSigningKeys(database: Database): Promise<SigningKey[]> {
  const rows = await database
    .selectFrom('auth.signing_keys')
    .select('private_jwk')
    .where('retired_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
  return rows.map(row => signingKey(row.private_jwk as JsonWebKey))
}

/** Makes a new key, which signs from now on; tokens of the older ones stay good until those are retired. */
export function rotateSigningKey(database: Database): Promise<SigningKey> {
  return locked(database, makeKey)
}

/** All keys, the newest first. */
export function listSigningKeys(database: Database): Promise<SigningKeyRecord[]> {
  return database
    .selectFrom('auth.signing_keys')
    .select(['kid', 'created_at as createdAt', 'retired_at as retiredAt'])
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
}

/**
 * From now on tokens of this key are refused. Output: what became of it; the key that signs cannot be retired, and of
 * one that is unknown or was retired before there is nothing left to do.
 */
export function retireSigningKey(database: Database, kid: string): Promise<'retired' | 'signs' | 'unknown'> {
  return locked(database, async transaction => {
    const keys = await loadSigningKeys(transaction)
    if (keys[0]?.kid === kid) return 'signs'
    if (!keys.some(key => key.kid === kid)) return 'unknown'
    await transaction.updateTable('auth.signing_keys').set({ retired_at: new Date() }).where('kid', '=', kid).execute()
    await raiseAccessVersion(transaction)
    return 'retired'
  })
}

/** The two newest secrets, the newest first; the first caller on a database makes one. */
export async function loadTicketSecrets(database: Database): Promise<TicketSecret[]> {
  const found = await newestTicketSecrets(database)
  if (found.length > 0) return found
  return locked(database, async transaction => {
    // Another process may have been faster.
    const rows = await newestTicketSecrets(transaction)
    return rows.length > 0 ? rows : [await makeTicketSecret(transaction)]
  })
}

function newestTicketSecrets(database: Database): Promise<TicketSecret[]> {
  return database.selectFrom('auth.ticket_secrets').select(['id', 'secret']).orderBy('id', 'desc').limit(2).execute()
}

/** Makes a new secret; tickets of the one before are still taken, older ones are not. */
export function rotateTicketSecret(database: Database): Promise<TicketSecret> {
  return locked(database, makeTicketSecret)
}

/** One after the other, over all processes. */
function locked<T>(database: Database, work: (transaction: Database) => Promise<T>): Promise<T> {
  const inLock = async (transaction: Database) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(SIGNING_KEY_LOCK)})`.execute(transaction)
    return work(transaction)
  }
  return database.isTransaction ? inLock(database) : database.transaction().execute(inLock)
}

async function makeKey(transaction: Database): Promise<SigningKey> {
  const made = signingKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))
  // The newest signs, so this is later than all, also after the clock was set back. Of the moment, not of the
  // transaction: two keys of one transaction would have no order.
  const newest = sql<Date>`greatest(clock_timestamp(), (SELECT max(created_at) FROM auth.signing_keys) + interval '1 us')`
  await transaction
    .insertInto('auth.signing_keys')
    .values({ kid: made.kid, private_jwk: JSON.stringify(made.privateJwk), created_at: newest })
    .execute()
  await raiseAccessVersion(transaction)
  return made
}

async function makeTicketSecret(transaction: Database): Promise<TicketSecret> {
  const made = await transaction
    .insertInto('auth.ticket_secrets')
    .values({ secret: randomBytes(TICKET_SECRET_BYTES) })
    .returning(['id', 'secret'])
    .executeTakeFirstOrThrow()
  await raiseAccessVersion(transaction)
  return made
}

function signingKey(privateJwk: JsonWebKey): SigningKey {
  const publicJwk = createPublicKey({ key: privateJwk, format: 'jwk' }).export({ format: 'jwk' })
  // RFC 7638: the required members only, in this order, without blanks.
  const { crv, kty, x } = publicJwk
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
  return { kid, privateJwk, publicJwk }
}
