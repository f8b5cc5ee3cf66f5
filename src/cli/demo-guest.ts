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
