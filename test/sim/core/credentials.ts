/** Credentials of a simulated world: tokens that say in plain text who shows them, and the engine's own tickets. */

import type { Authenticator, TokenClaims } from '../../../src/access/claims.ts'
import { isTicket, TicketMint } from '../../../src/access/tickets.ts'
import type { Result } from '../../../src/base/result.ts'
import type { Role } from '../../../src/domain/roles.ts'

const PREFIX = 'sim_'
const YEAR_MS = 365 * 86_400_000
/** Kept in the database, so every engine has the same. */
const SECRETS = [{ id: 1, secret: Buffer.alloc(32, 7) }]

interface Who {
  readonly sub: string
  readonly role: Role
  readonly unit?: string
  readonly units?: readonly string[]
}

/** The same arguments give the same token. */
export function tokenOf(region: string, { sub, role, unit, units }: Who): string {
  return PREFIX + Buffer.from(JSON.stringify([sub, role, [region], unit ?? null, units ?? null])).toString('base64url')
}

export function authenticatorOf(wallMs: () => number): Authenticator {
  const tickets = new TicketMint(SECRETS, YEAR_MS, wallMs)
  return {
    verify: async (credential): Promise<Result<TokenClaims>> => {
      if (isTicket(credential)) return tickets.check(credential)
      const text = Buffer.from(credential.slice(PREFIX.length), 'base64url').toString()
      const [sub, role, regions, unit, units] = JSON.parse(text)
      const claims: TokenClaims = { sub, role, regions, unit, units, sid: null, authAtMs: wallMs() }
      return { ok: true, value: claims }
    },
    ticket: claims => tickets.issue(claims),
  }
}
