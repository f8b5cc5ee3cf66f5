/**
 * The guest of a demo: a user of its own, a dispatcher of the one region, who comes in by a ticket and has no password that
 * anybody knows. It is there for as long as the demo is.
 */
import { LOOPBACK } from '../base/ip-address.ts'
import type { Result } from '../base/result.ts'
import type { RegionId } from '../domain/ids.ts'
import type { AuditChange } from '../store/audit/audit.ts'
import type { Database } from '../store/postgres/database.ts'
import type { Accounts } from './accounts.ts'
import { madeUpPassword } from './passwords.ts'
import { type GuestFrom, guestFrom, issueGuestTicket, spendGuestTicket } from './tables/guest-ticket-table.ts'
import { type User, UserStore } from './tables/user-table.ts'

export const guestName = (region: RegionId): string => `guest-${region}`

/** Whether this is the guest of that region, and can be nothing else. */
const isGuestOf = ({ name, role, regions, units }: User, region: RegionId): boolean =>
  name === guestName(region) && role === 'dispatcher' && regions.length === 1 && regions[0] === region && units === null

interface GuestParts {
  readonly database: Database
  readonly accounts: Pick<Accounts, 'passwordHash' | 'add' | 'change'>
  readonly audit: AuditChange
  readonly wallClock: () => number
}

export class Guests {
  readonly #parts: GuestParts

  constructor(parts: GuestParts) {
    this.#parts = parts
  }

  /**
   * Makes the guest of a region, or lets that of before in again, with a password that nobody learns.
   * Refusals: `already-exists` for a user of this name who is no guest; those of a change of users.
   */
  async open(region: RegionId): Promise<Result<null>> {
    const { database, accounts, audit } = this.#parts
    const name = guestName(region)
    const hash = await accounts.passwordHash(madeUpPassword(), name)
    if (!hash.ok) return hash
    const passwordHash = hash.value
    return database.transaction().execute(async (transaction): Promise<Result<null>> => {
      const current = await held(transaction, name)
      if (current !== undefined && !isGuestOf(current, region)) return { ok: false, refusal: notAGuest(name) }
      const outcome =
        current === undefined
          ? await accounts.add(
              transaction,
              { name, role: 'dispatcher', regions: [region], units: null, passwordHash },
              audit,
            )
          : await accounts.change(transaction, current, { disabled: false, passwordHash }, audit)
      return outcome.ok ? { ok: true, value: null } : outcome
    })
  }

  /** Output: a ticket for the guest of a region; null while there is none that may come in. */
  async ticket(region: RegionId, from: GuestFrom): Promise<string | null> {
    const { database, audit, wallClock } = this.#parts
    return database.transaction().execute(async transaction => {
      const guest = await new UserStore(transaction).hold(guestName(region))
      if (guest === undefined || guest.disabled || !isGuestOf(guest, region)) return null
      const { name } = guest
      const ticket = await issueGuestTicket(transaction, { user: name, region, from }, wallClock())
      await audit(transaction, { action: 'guest-invited', region, subject: name, details: { from } })
      return ticket
    })
  }

  /** Ends the guest of a region with all tickets and sessions; a user of this name who is none stays as it is. */
  async close(region: RegionId): Promise<void> {
    const { database, accounts, audit } = this.#parts
    await database.transaction().execute(async transaction => {
      const current = await held(transaction, guestName(region))
      if (current === undefined || current.disabled || !isGuestOf(current, region)) return
      await accounts.change(transaction, current, { disabled: true }, audit)
    })
  }
}

/**
 * Takes the ticket away, and tells who comes by it; null where nobody does: from another machine than it is for, or a user who has
 * become anything but the guest of that region. Input: the transaction of the sign-in.
 */
export async function guestOfTicket(
  transaction: Database,
  ticket: string,
  address: string,
  nowMs: number,
): Promise<{ readonly user: User; readonly region: RegionId } | null> {
  const from = guestFrom(ticket)
  if (from === null || (from === 'here' && !LOOPBACK.has(address))) return null
  const spent = await spendGuestTicket(transaction, ticket, nowMs)
  const user = spent === undefined ? undefined : await new UserStore(transaction).hold(spent.user)
  if (spent === undefined || user === undefined || user.disabled || !isGuestOf(user, spent.region)) return null
  return { user, region: spent.region }
}

/** As it stands, while no other user is changed. */
async function held(transaction: Database, name: string): Promise<User | undefined> {
  const users = new UserStore(transaction)
  await users.lockAdministration()
  return users.find(name)
}

const notAGuest = (name: string) => {
  const message = `The user ${name} is no guest of a demo, so nobody is let in under this name; choose another region for the demo.`
  return { code: 'already-exists', message } as const
}
