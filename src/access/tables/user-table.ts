/** The people who sign in with a password: name, role, reach, password hash. They are disabled, never deleted. */
import { sql } from 'kysely'
import type { Principal, RegionId, UnitId } from '../../domain/ids.ts'
import type { Role } from '../../domain/roles.ts'
import type { Database } from '../../store/postgres/database.ts'

/** The login id, which is the principal in tokens, logs and audit. ASCII, so that case is folded the same everywhere. */
export const USER_NAME = /^(?!system$)[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/i

/** The roles of people; a feed is a program and has a device key. */
export const USER_ROLES = ['driver', 'dispatcher', 'supervisor', 'admin'] as const satisfies readonly Role[]
export type UserRole = (typeof USER_ROLES)[number]

export interface NewUser {
  readonly name: Principal
  readonly role: UserRole
  /** Empty only for an admin. */
  readonly regions: readonly RegionId[]
  /** The units that a driver may sign in for; null: all of its regions, and for every other role. */
  readonly units: readonly UnitId[] | null
  readonly passwordHash: string
}

export interface User extends NewUser {
  readonly disabled: boolean
  /** Raised with every change. */
  readonly version: number
  readonly createdAtMs: number
  readonly changedAtMs: number
}

/** What may change of a user; what is absent stays. */
export type UserChanges = Partial<Omit<NewUser, 'name'> & Pick<User, 'disabled'>>

const COLUMNS = [
  'name',
  'role',
  'regions',
  'units',
  'password_hash as passwordHash',
  'disabled',
  'version',
  'created_at_ms as createdAtMs',
  'changed_at_ms as changedAtMs',
] as const
/** Advisory locks with one number are shared by the whole database; see access/tables/key-table.ts for the others. */
const ADMINISTRATION_LOCK = 470_911_003

/** Names are compared without regard to case, everywhere here. */
export class UserStore {
  readonly #database: Database

  /** Input: a database, or the transaction that everything is to happen in. */
  constructor(database: Database) {
    this.#database = database
  }

  async find(name: string): Promise<User | undefined> {
    return this.#select().where('name_key', '=', nameKey(name)).executeTakeFirst() as Promise<User | undefined>
  }

  /** The password hash of the user of this name or, where there is none, of the next one; null where there is no user. */
  async hashNear(name: string): Promise<string | null> {
    const { rows } = await sql<{ hash: string }>`
      (SELECT 0 AS turn, password_hash AS hash FROM auth.users WHERE name_key >= ${nameKey(name)} ORDER BY name_key LIMIT 1)
      UNION ALL
      (SELECT 1 AS turn, password_hash AS hash FROM auth.users ORDER BY name_key LIMIT 1)
      ORDER BY turn LIMIT 1`.execute(this.#database)
    return rows[0]?.hash ?? null
  }

  /** As it stands, and as it stays until the transaction ends. */
  async hold(name: string): Promise<User | undefined> {
    const user = await this.#select().where('name_key', '=', nameKey(name)).forShare().executeTakeFirst()
    return user as User | undefined
  }

  /** Up to `limit` users after a name, in the order of their names. */
  async list({ limit, after }: { readonly limit: number; readonly after: string | null }): Promise<User[]> {
    let query = this.#select().orderBy('name_key').limit(limit)
    if (after !== null) query = query.where('name_key', '>', nameKey(after))
    return (await query.execute()) as User[]
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#database.selectFrom('auth.users').select('name').limit(1).executeTakeFirst()) === undefined
  }

  /** Whether an admin other than this one may sign in. */
  async hasOtherAdmin(name: Principal): Promise<boolean> {
    const other = await this.#database
      .selectFrom('auth.users')
      .select('name')
      .where('role', '=', 'admin')
      .where('disabled', '=', false)
      .where('name_key', '<>', nameKey(name))
      .limit(1)
      .executeTakeFirst()
    return other !== undefined
  }

  /**
   * Changes of users happen one after the other, each in a transaction that begins with this: two admins who disable
   * each other must not both see the other enabled.
   */
  async lockAdministration(): Promise<void> {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(ADMINISTRATION_LOCK)})`.execute(this.#database)
  }

  /** The user as it was added; undefined when there is one of this name. */
  async add(user: NewUser, nowMs: number): Promise<User | undefined> {
    const row = await this.#database
      .insertInto('auth.users')
      .values({
        name: user.name,
        role: user.role,
        regions: [...user.regions],
        units: user.units === null ? null : [...user.units],
        password_hash: user.passwordHash,
        created_at_ms: nowMs,
        changed_at_ms: nowMs,
      })
      .onConflict(conflict => conflict.doNothing())
      .returning(COLUMNS)
      .executeTakeFirst()
    return row as User | undefined
  }

  /** The user as changed. Errors: when there is none of this name. */
  async change(name: Principal, changes: UserChanges, nowMs: number): Promise<User> {
    const { role, regions, units, passwordHash, disabled } = changes
    const row = await this.#database
      .updateTable('auth.users')
      .set({
        ...(role === undefined ? {} : { role }),
        ...(regions === undefined ? {} : { regions: [...regions] }),
        ...(units === undefined ? {} : { units: units === null ? null : [...units] }),
        ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
        ...(disabled === undefined ? {} : { disabled }),
        version: sql`version + 1`,
        changed_at_ms: nowMs,
      })
      .where('name_key', '=', nameKey(name))
      .returning(COLUMNS)
      .executeTakeFirstOrThrow()
    return row as User
  }

  /** The same password under another hash; nothing happens when it was changed meanwhile. */
  async rehash(name: Principal, from: string, to: string): Promise<void> {
    await this.#database
      .updateTable('auth.users')
      .set({ password_hash: to })
      .where('name_key', '=', nameKey(name))
      .where('password_hash', '=', from)
      .execute()
  }

  #select() {
    return this.#database.selectFrom('auth.users').select(COLUMNS)
  }
}

/** By which names are told apart. */
export const nameKey = (name: string): string => name.toLowerCase()
