/** What was ended before its time: all of a user, one sign-in, or one device. */
import { sql } from 'kysely'
import type { Database } from '../../store/postgres/database.ts'
import { raiseAccessVersion } from './access-version.ts'

export type RevocationKind = 'user' | 'session' | 'device'

export interface Revocation {
  readonly kind: RevocationKind
  readonly id: string
  /** Whatever began at this moment or before it has ended; epoch ms of the wall clock. */
  readonly revokedAtMs: number
}

export class RevocationStore {
  readonly #database: Database
  readonly #wallClock: () => number

  constructor(database: Database, wallClock: () => number = Date.now) {
    this.#database = database
    this.#wallClock = wallClock
  }

  async revoke(transaction: Database, kind: RevocationKind, id: string): Promise<void> {
    const version = await raiseAccessVersion(transaction)
    await transaction
      .insertInto('auth.revocations')
      .values({ kind, id, revoked_at_ms: this.#wallClock(), version })
      .onConflict(conflict =>
        conflict.columns(['kind', 'id']).doUpdateSet(() => ({
          revoked_at_ms: sql<number>`greatest(revocations.revoked_at_ms, excluded.revoked_at_ms)`,
          version,
        })),
      )
      .execute()
  }

  /**
   * Those after a version that may still matter. A sign-in that ended before `fromMs` has nothing left that is good; of
   * a user or device there may be tokens that were made to last.
   */
  after(version: number, fromMs: number): Promise<Revocation[]> {
    return this.#database
      .selectFrom('auth.revocations')
      .select(['kind', 'id', 'revoked_at_ms as revokedAtMs'])
      .where('version', '>', version)
      .where(where => where.or([where('kind', '<>', 'session'), where('revoked_at_ms', '>=', fromMs)]))
      .execute() as Promise<Revocation[]>
  }

  /** Drops the sign-ins that nothing can be open from any more. */
  async forget(beforeMs: number): Promise<void> {
    await this.#database
      .deleteFrom('auth.revocations')
      .where('kind', '=', 'session')
      .where('revoked_at_ms', '<', beforeMs)
      .execute()
  }
}
