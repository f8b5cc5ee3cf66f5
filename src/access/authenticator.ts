/** Tells who a credential speaks for, by its form: resume ticket, device key, or a JWT of ours or of another issuer. */
import type { Result } from '../base/result.ts'
import { LIMITS } from '../protocol/limits.ts'
import type { Database } from '../store/postgres/database.ts'
import type { Authenticator, TokenClaims } from './claims.ts'
import { DEVICE_KEY_PREFIX, verifyDeviceKey } from './device-keys.ts'
import type { OidcIssuers } from './oidc.ts'
import { isTicket, type TicketMint } from './tickets.ts'
import { type KeyRing, TOKEN_INVALID, TOKEN_MISSING, verifyToken } from './tokens.ts'

interface AuthenticatorParts {
  readonly keys: KeyRing
  readonly tickets: TicketMint
  readonly oidc: OidcIssuers
  readonly database: Database
  readonly wallClock: () => number
}

const DATABASE_AWAY: Result<TokenClaims> = {
  ok: false,
  refusal: {
    code: 'unavailable',
    message: 'The key could not be looked up, as the database does not answer; try again shortly.',
    details: { retryAfterMs: 2_000 },
  },
}

export class CredentialChecker implements Authenticator {
  readonly #parts: AuthenticatorParts

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts
  }

  async verify(credential: string): Promise<Result<TokenClaims>> {
    const { keys, tickets, oidc, database, wallClock } = this.#parts
    if (credential.length === 0) return TOKEN_MISSING
    if (credential.length > LIMITS.tokenChars) return TOKEN_INVALID
    if (isTicket(credential)) return tickets.check(credential)
    if (credential.startsWith(DEVICE_KEY_PREFIX)) {
      return verifyDeviceKey(credential, database, wallClock()).catch(() => DATABASE_AWAY)
    }
    return (await oidc.verify(credential)) ?? verifyToken(credential, keys)
  }

  ticket(claims: TokenClaims): string | null {
    return this.#parts.tickets.issue(claims)
  }
}
