/** Kysely's Migrator over one session, with the transactions and the lock of whoever calls it. */
import { Kysely, Migrator, PostgresAdapter, PostgresDialect, type PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import type { Migration } from '../migrations/migration.ts'

/**
 * Kysely holds its lock for the session, around its transaction. A process that is stopped in between keeps all others from
 * starting for as long as it stands; a transaction that idles is ended by the server within a second, and its lock with it.
 */
class LockedByCaller extends PostgresAdapter {
  override acquireMigrationLock(): Promise<void> {
    return Promise.resolve()
  }

  override releaseMigrationLock(): Promise<void> {
    return Promise.resolve()
  }
}

class OneSession extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new LockedByCaller()
  }
}

export class StepMigrator {
  readonly #migrator: Migrator

  /** The record is `goldenhour.migrations`. A second table, `goldenhour.migration_lock`, is one that Kysely insists on. */
  constructor(session: pg.Client, steps: readonly Migration[]) {
    const client = { query: session.query.bind(session), release: () => undefined } as PostgresPoolClient
    const pool = { connect: () => Promise.resolve(client), end: () => Promise.resolve() }
    const up = ({ sql }: Migration) => ({ up: async () => void (await session.query(sql)) })
    this.#migrator = new Migrator({
      db: new Kysely<unknown>({ dialect: new OneSession({ pool }) }),
      provider: { getMigrations: () => Promise.resolve(Object.fromEntries(steps.map(step => [step.name, up(step)]))) },
      migrationTableSchema: 'goldenhour',
      migrationTableName: 'migrations',
      migrationLockTableName: 'migration_lock',
      disableTransactions: true,
      // The order is checked by the times of the record, and a wall clock may have been set back between two versions.
      allowUnorderedMigrations: true,
    })
  }

  /** Applies the first step that is missing, in the transaction that is open. Output: its name. Errors: those of pg. */
  async applyNext(): Promise<string> {
    const { error, results } = await this.#migrator.migrateUp()
    if (error !== undefined) throw error
    return results![0]!.migrationName
  }
}
