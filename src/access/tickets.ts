/**
 * Resume tickets: what a session was allowed, under a keyed hash, so that it can be opened again without a signature
 * check or a look into the database. In a storm of reconnects that is the difference between seconds and minutes.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Result } from '../base/result.ts'
import { LIMITS } from '../protocol/limits.ts'
import type { TokenClaims } from './claims.ts'
import type { TicketSecret } from './tables/key-table.ts'
import { isSomebody, TOKEN_EXPIRED, TOKEN_INVALID, WHO } from './tokens.ts'

const TICKET_PREFIX = 'ght_'
const HMAC_CHARS = 43

export const isTicket = (credential: string): boolean => credential.startsWith(TICKET_PREFIX)

/** In this order: `[secretId, sub, role, regions, unit, units, sid, authAtMs]`. */
const payloadSchema = z.tuple([
  z.number(),
  WHO.sub,
  WHO.role,
  WHO.regions,
  WHO.unit,
  WHO.units,
  z.string().nullable(),
  z.number(),
])

export class TicketMint {
  readonly #maxAgeMs: number
  readonly #wallClock: () => number
  /** The newest first: that one makes tickets. */
  #secrets: readonly TicketSecret[]

  constructor(secrets: readonly TicketSecret[], maxAgeMs: number, wallClock: () => number) {
    this.#secrets = secrets
    this.#maxAgeMs = maxAgeMs
    this.#wallClock = wallClock
  }

  replace(secrets: readonly TicketSecret[]): void {
    this.#secrets = secrets
  }

  /** Null when no hello could carry it, as for a feed of very many units. */
  issue({ sub, role, regions, unit, units, sid, authAtMs }: TokenClaims): string | null {
    const { id, secret } = this.#secrets[0]!
    const payload = [id, sub, role, regions, unit, units, sid, authAtMs]
    const text = Buffer.from(JSON.stringify(payload)).toString('base64url')
    const ticket = `${TICKET_PREFIX}${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
    return ticket.length > LIMITS.tokenChars ? null : ticket
  }

  /** Refusals: `token-invalid`, `token-expired` when the session is older than it may get. */
  check(ticket: string): Result<TokenClaims> {
    const dot = ticket.length - HMAC_CHARS - 1
    if (dot <= TICKET_PREFIX.length || ticket[dot] !== '.') return TOKEN_INVALID
    const text = ticket.slice(TICKET_PREFIX.length, dot)
    const given = Buffer.from(ticket.slice(dot + 1), 'base64url')
    const isOurs = this.#secrets.some(({ secret }) => {
      const expected = createHmac('sha256', secret).update(text).digest()
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
    if (!isOurs) return TOKEN_INVALID
    // Ours by its hash, but perhaps of a version of this program with other rules.
    const parsed = payloadSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    if (!parsed.success) return TOKEN_INVALID
    const [, sub, role, regions, unit, units, sid, authAtMs] = parsed.data
    const claims = { sub, role, regions, unit, units, sid, authAtMs }
    if (!isSomebody(claims)) return TOKEN_INVALID
    return this.#wallClock() >= authAtMs + this.#maxAgeMs ? TOKEN_EXPIRED : { ok: true, value: claims }
  }
}
