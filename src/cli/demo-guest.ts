/** The address at which a demo lets a guest in: a one-time ticket in its fragment, which no server and no log sees. */
import { Accounts } from '../access/accounts.ts'
import { Guests } from '../access/guests.ts'
import { PasswordHasher } from '../access/passwords.ts'
import { RevocationStore } from '../access/tables/revocation-table.ts'
import { isLoopbackHost } from '../base/ip-address.ts'
import { readConfig } from '../config/index.ts'
import type { RegionId } from '../domain/ids.ts'
import type { Database } from '../store/postgres/database.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabase } from './with-database.ts'

export { guestName } from '../access/guests.ts'

interface GuestWishes {
  readonly region: RegionId
  readonly guestAnywhere?: true
}

export function guestsOf(database: Database): Guests {
  return new Guests({
    database,
    accounts: new Accounts({
      passwords: new PasswordHasher(readConfig().auth.scryptLogN),
      revocations: new RevocationStore(database),
      wallClock: Date.now,
    }),
    audit: auditedByCommandLine(database),
    wallClock: Date.now,
  })
}

/**
 * Output: the address; null where no guest may come: none is let in, or the engine is on another machine and nobody said that a
 * guest may come from anywhere. Input: the engine's address with a slash at its end.
 */
export async function guestAddress(
  database: Database,
  address: string,
  { region, guestAnywhere }: GuestWishes,
): Promise<string | null> {
  if (guestAnywhere !== true && !isLoopbackHost(new URL(address).hostname)) return null
  const ticket = await guestsOf(database).ticket(region, guestAnywhere === true ? 'anywhere' : 'here')
  return ticket === null ? null : `${address}#guest=${ticket}`
}

/** Output: where the guest of a demo is let in; null where nobody is. */
export function letGuestIn(address: string, wishes: GuestWishes): Promise<string | null> {
  return withDatabase(async database => {
    const opened = await guestsOf(database).open(wishes.region)
    // The demo is worth seeing without a guest.
    return opened.ok ? guestAddress(database, address, wishes) : null
  })
}

/** Errors: Error where no demo lets guests in. */
export async function anotherGuest(address: string, wishes: GuestWishes): Promise<string> {
  const found = await withDatabase(database => guestAddress(database, address, wishes))
  if (found !== null) return found
  throw new Error(
    `No guest is let in: no demo runs in region ${wishes.region}, or the engine is on another machine and --guest-anywhere is missing.`,
  )
}

export const endGuest = (region: RegionId): Promise<void> => withDatabase(database => guestsOf(database).close(region))

export const guestInWords = (address: string, guest: string | null): string =>
  guest === null
    ? `The console is at ${address}; sign in with a user of the region.\n`
    : `See it in a browser: this address lets one guest in as a dispatcher of the demo, once, within ten minutes
(another one: goldenhour demo --guest-link):

  ${guest}
`
