/** The key that signs this deployment's tokens: made once, kept in the database, the same for every process. */
import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from './database.ts'

/** An Ed25519 key pair as JSON Web Keys (RFC 8037). */
export interface SigningKey {
  /** The key's RFC 7638 thumbprint. */
  readonly kid: string
  readonly privateJwk: JsonWebKey
  readonly publicJwk: JsonWebKey
}

// Any number that nothing else in the database takes as an advisory lock.
const SIGNING_KEY_LOCK = 470_911_002

/** The newest signing key; the first caller on a database makes it, and all others get the same one. */
export function loadOrCreateSigningKey(database: Database): Promise<SigningKey> {
  return database.transaction().execute(async transaction => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(SIGNING_KEY_LOCK)})`.execute(transaction)
    const stored = await transaction
      .selectFrom('auth.signing_keys')
      .select(['kid', 'private_jwk'])
      .orderBy('created_at', 'desc')
      .executeTakeFirst()
    if (stored !== undefined) return signingKey(stored.private_jwk as JsonWebKey)
    const made = signingKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))
    await transaction
      .insertInto('auth.signing_keys')
      .values({ kid: made.kid, private_jwk: JSON.stringify(made.privateJwk) })
      .execute()
    return made
  })
}

function signingKey(privateJwk: JsonWebKey): SigningKey {
  const publicJwk = createPublicKey({ key: privateJwk, format: 'jwk' }).export({ format: 'jwk' })
  // RFC 7638: the required members only, in this order, without blanks.
  const { crv, kty, x } = publicJwk
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
  return { kid, privateJwk, publicJwk }
}
