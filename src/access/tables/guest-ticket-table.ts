/**
 * Tickets by which a guest of a demo is let in: each good once, for some minutes, for one user and region.
 *
 * A ticket is a sign-in that nobody has begun yet, of generation 0, so whatever ends the user's sign-ins ends it. It is 256 random
 * bits, of which the SHA-256 is kept. That covers the letter that says from where it may be used, and is of the text and not of
 * the bytes: no ticket is a refresh token.
 */
import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { nanoid } from 'nanoid'
import type { Principal, RegionId } from '../../domain/ids.ts'
import type { Database } from '../../store/postgres/database.ts'

/** From where a ticket may be used: `here`, the machine of the engine. */
export type GuestFrom = 'here' | 'anywhere'

export const GUEST_TICKET_MS = 10 * 60_000
/** `h` for here, `a` for anywhere. */
const FORM = /^ghg_([ha])[A-Za-z0-9_-]{43}$/

/** Where a ticket may be used; null for what is no ticket. */
export function guestFrom(ticket: string): GuestFrom | null {
  const [, letter] = FORM.exec(ticket) ?? []
  return letter === undefined ? null : letter === 'h' ? 'here' : 'anywhere'
}

/** Input: the transaction of it all, and a user who exists. Output: the ticket, which nobody can read again. */
export async function issueGuestTicket(
  transaction: Database,
  { user, region, from }: { readonly user: Principal; readonly region: RegionId; readonly from: GuestFrom },
  nowMs: number,
): Promise<string> {
  const ticket = `ghg_${from === 'here' ? 'h' : 'a'}${randomBytes(32).toString('base64url')}`
  const sid = nanoid()
  const row = { sid, user_name: user, region, unit: null, signed_in_at_ms: nowMs, generation: 0 }
  await transaction
    .insertInto('auth.sign_ins')
    .values({ ...row, ends_at_ms: nowMs + GUEST_TICKET_MS })
    .execute()
  await transaction
    .insertInto('auth.refresh_tokens')
    .values({ token_hash: hashOf(ticket), sid, generation: 0 })
    .execute()
  return ticket
}

/** Takes a ticket away for good; of two who show it at once one gets it. Undefined: spent, ended, past its time, or never made. */
export async function spendGuestTicket(
  transaction: Database,
  ticket: string,
  nowMs: number,
): Promise<{ readonly user: Principal; readonly region: RegionId } | undefined> {
  const { rows } = await sql<{ user: Principal; region: RegionId }>`
    DELETE FROM auth.sign_ins s USING auth.refresh_tokens t
    WHERE t.token_hash = ${hashOf(ticket)} AND t.generation = 0
      AND s.sid = t.sid AND s.generation = 0 AND s.region IS NOT NULL AND s.ends_at_ms > ${nowMs}
    RETURNING s.user_name AS "user", s.region`.execute(transaction)
  return rows[0]
}

const hashOf = (ticket: string): Buffer => createHash('sha256').update(ticket).digest()
