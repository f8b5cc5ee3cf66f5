/** Administration of users, the same for HTTP, the command line and the first start: what may be, and what it ends. */

import { z } from 'zod'
import type { Refusal } from '../base/refusal.ts'
import { invalidField } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import { REGION_ID } from '../domain/ids.ts'
import { setOf } from '../protocol/fields.ts'
import type { AuditChange } from '../store/audit/audit.ts'
import type { Database } from '../store/postgres/database.ts'
import { getRegion } from '../store/reference/regions.ts'
import { madeUpPassword, type PasswordHasher, unfitPassword } from './passwords.ts'
import { RefreshTokens } from './tables/refresh-token-table.ts'
import type { RevocationStore } from './tables/revocation-table.ts'
import { type NewUser, USER_NAME, USER_ROLES, type User, type UserChanges, UserStore } from './tables/user-table.ts'
import { sentUnits, shownUnits } from './units.ts'

const REGIONS_MAX = 64
const UNITS_MAX = 256
/** Of anything that is sent as a password: longer is wrong, but need not be read to know that. */
const SENT_CHARS = 1_024

const name = (() => {
  const error =
    'must be 1 to 64 characters of A-Z a-z 0-9 . _ @ -, the first a letter or digit, and not "system" in any case'
  return z.string({ error }).regex(USER_NAME, { error })
})()
const role = z.enum(USER_ROLES, { error: `must be one of ${USER_ROLES.join(', ')}; a feed has a device key instead` })
const regions = setOf(REGION_ID, 0, REGIONS_MAX, `must be a list of at most ${REGIONS_MAX} region ids`)
const units = sentUnits(UNITS_MAX)

/** A password as it is sent; whether it will do is another question. */
export const SENT_PASSWORD = (() => {
  const error = `must be a text of 1 to ${SENT_CHARS} characters`
  return z.string({ error }).min(1, { error }).max(SENT_CHARS, { error })
})()

export const NEW_USER = z.strictObject({
  name,
  role,
  regions: regions.default([]),
  units: units.optional(),
  /** Absent: made up, and told once. */
  password: SENT_PASSWORD.optional(),
})

export const USER_CHANGES = z.strictObject({
  role: role.optional(),
  regions: regions.optional(),
  units: units.optional(),
  disabled: z.boolean({ error: 'must be true or false' }).optional(),
  password: SENT_PASSWORD.optional(),
})

interface AccountParts {
  readonly passwords: PasswordHasher
  readonly revocations: Pick<RevocationStore, 'revoke'>
  readonly wallClock: () => number
}

export class Accounts {
  readonly #parts: AccountParts

  constructor(parts: AccountParts) {
    this.#parts = parts
  }

  /**
   * The hash of a new password for a user. Outside of any transaction: it takes its time.
   * Refusals: `password-unfit`, `overloaded`.
   */
  async passwordHash(password: string, userName: string): Promise<Result<string>> {
    const refusal = unfitPassword(password, userName)
    return refusal === null ? this.#parts.passwords.hash(password) : { ok: false, refusal }
  }

  /**
   * What stands for a password where a request is to be known again: it costs as much to guess from that as from its
   * hash. Input: what no two requests share. Refusal: `overloaded`.
   */
  passwordTrace(password: string, request: string): Promise<Result<string>> {
    return this.#parts.passwords.trace(password, request)
  }

  /** Refusals: `already-exists`, `invalid-field`. */
  async add(transaction: Database, user: NewUser, audit: AuditChange): Promise<Result<User>> {
    const users = new UserStore(transaction)
    await users.lockAdministration()
    const refusal =
      (await users.find(user.name)) === undefined ? await reachRefusal(transaction, user) : taken(user.name)
    if (refusal !== null) return { ok: false, refusal }
    const added = await users.add(user, this.#parts.wallClock())
    if (added === undefined) return { ok: false, refusal: taken(user.name) }
    const { name: subject, role, regions, units } = added
    await audit(transaction, { action: 'user-created', region: null, subject, details: { role, regions, units } })
    return { ok: true, value: added }
  }

  /**
   * Changes a user and ends everything that it is signed in with: what a session may do was settled when it began.
   * Call `lockAdministration` and read the user before, in the same transaction.
   * Refusals: `still-used` for the last admin who may sign in, `invalid-field`.
   */
  async change(transaction: Database, current: User, changes: UserChanges, audit: AuditChange): Promise<Result<User>> {
    const users = new UserStore(transaction)
    const changed = { ...current, ...changes }
    if (isActiveAdmin(current) && !isActiveAdmin(changed) && !(await users.hasOtherAdmin(current.name))) {
      return { ok: false, refusal: LAST_ADMIN }
    }
    const refusal = await reachRefusal(transaction, changed)
    if (refusal !== null) return { ok: false, refusal }
    const value = await users.change(current.name, changes, this.#parts.wallClock())
    await new RefreshTokens(transaction).endAll(current.name)
    await this.#parts.revocations.revoke(transaction, 'user', current.name)
    await audit(transaction, {
      action: 'user-changed',
      region: null,
      subject: current.name,
      details: detailsOf(changes),
    })
    return { ok: true, value }
  }

  /**
   * Makes the user `admin` where there is no user at all. Input: its password; null for one made up.
   * Output: the password that was made up, to be told once; null when there was nothing to make up.
   * Errors: UnfitAdminPassword.
   */
  async ensureFirstAdmin(database: Database, given: string | null, audit: AuditChange): Promise<string | null> {
    if (!(await new UserStore(database).isEmpty())) return null
    const password = given ?? madeUpPassword()
    const hash = await this.passwordHash(password, FIRST_ADMIN)
    if (!hash.ok) throw new UnfitAdminPassword(hash.refusal.message)
    const admin = { name: FIRST_ADMIN, role: 'admin', regions: [], units: null, passwordHash: hash.value } as const
    const isMade = await database.transaction().execute(async transaction => {
      await new UserStore(transaction).lockAdministration()
      // Another engine, or the command line, may have been faster.
      if (!(await new UserStore(transaction).isEmpty())) return false
      return (await this.add(transaction, admin, audit)).ok
    })
    return isMade && given === null ? password : null
  }
}

/** The configured password of the first admin does not meet the rules; the message says which. */
class UnfitAdminPassword extends Error {
  override readonly name = 'UnfitAdminPassword'

  constructor(message: string) {
    super(`The password of the user admin (auth.adminPassword) cannot be used. ${message}`)
  }
}

const FIRST_ADMIN = 'admin'

const LAST_ADMIN: Refusal = {
  code: 'still-used',
  message: 'This user is the last admin who may sign in; make another admin first.',
}

const taken = (userName: string): Refusal => ({
  code: 'already-exists',
  message: `User ${userName} exists already, perhaps in other case or disabled; choose another name, or change that user.`,
})

const isActiveAdmin = (user: Pick<User, 'role' | 'disabled'>): boolean => user.role === 'admin' && !user.disabled

/** Whether role, regions and units fit together, and the regions exist. */
async function reachRefusal(
  transaction: Database,
  { role, regions, units }: Pick<NewUser, 'role' | 'regions' | 'units'>,
): Promise<Refusal | null> {
  if (role !== 'admin' && regions.length === 0) {
    return invalidField('regions', 'must name at least one region, except for an admin')
  }
  if (role !== 'driver' && units !== null) return invalidField('units', 'must be null, except for a driver')
  for (const region of regions) {
    if ((await getRegion(transaction, region)) === undefined) {
      return invalidField('regions', `names ${region}, which does not exist`)
    }
  }
  return null
}

/** What the audit tells of a change: everything but the password. */
function detailsOf({ passwordHash, ...changes }: UserChanges): Record<string, unknown> {
  return { ...changes, ...(passwordHash === undefined ? {} : { password: 'reset' }) }
}

/** The user as its administrators see it: all but the hash. */
export function userView({ passwordHash: _, ...view }: User) {
  return { ...view, units: shownUnits(view.role === 'driver', view.units) }
}
