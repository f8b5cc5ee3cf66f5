/** Brings a database to the schema of this code: forward only, one transaction a step, safe from many processes. */

import type pg from 'pg'
import { migrations } from '../migrations/index.ts'
import type { Migration } from '../migrations/migration.ts'
import { DatabaseSetupError, openClient } from './database.ts'
import { engineRoles, grantToEngine, hasEngineRights } from './engine-role.ts'

interface MigrateOptions {
  readonly steps?: readonly Migration[]
  /** A role that is given what an engine needs and no more; those that were given it before are given it again. */
  readonly grantTo?: string | null
}

// Any number will do, as long as nothing else in the database takes the same advisory lock.
const MIGRATION_LOCK = 470_911_001
const NO_RIGHT = '42501'
const NO_SUCH_TABLE = '42P01'

/**
 * Applies what is missing, in order, and answers the names of what it applied. A role that may only use the schema is
 * enough where nothing is missing.
 * Errors: DatabaseSetupError `database-newer-than-code`, `postgres-too-old`, `role-may-not-migrate`, `engine-role-unfit`;
 * those of pg when a step fails, which leaves the steps before it applied and itself undone.
 */
export async function migrate(
  url: string,
  { steps = migrations, grantTo = null }: MigrateOptions = {},
): Promise<string[]> {
  const session = await openClient(url, { applicationName: 'goldenhour migrate' })
  try {
    if ((await isComplete(session, steps)) && (grantTo === null || (await hasEngineRights(session, grantTo)))) return []
    await inLockedTransaction(session, async () => {
      await session.query('CREATE SCHEMA IF NOT EXISTS goldenhour')
      await session.query(`CREATE TABLE IF NOT EXISTS goldenhour.migrations (
        name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`)
      await refuseNewer(session, steps)
    })
    const applied: string[] = []
    for (const step of steps) {
      await inLockedTransaction(session, async () => {
        // Asked again under the lock: another process may have made this step while we waited for it.
        const { rowCount } = await session.query('SELECT 1 FROM goldenhour.migrations WHERE name = $1', [step.name])
        if (rowCount !== 0) return
        await session.query(step.sql)
        await session.query('INSERT INTO goldenhour.migrations (name) VALUES ($1)', [step.name])
        applied.push(step.name)
      })
    }
    await inLockedTransaction(session, async () => {
      const roles = new Set([...(await engineRoles(session)), ...(grantTo === null ? [] : [grantTo])])
      for (const role of roles) await grantToEngine(session, role)
    })
    return applied
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_RIGHT) throw error
    throw await mayNotMigrate(session, error)
  } finally {
    await session.end()
  }
}

/**
 * Whether the database has the schema of this code; if not, it could be brought to it. Nothing is changed.
 * Errors: as `migrate`, and those of pg when it does not answer within the limit.
 */
export async function checkSchema(url: string, limitMs: number): Promise<boolean> {
  const client = { applicationName: 'goldenhour check', statementTimeoutMs: limitMs }
  const session = await openClient(url, client, { connectMs: limitMs, silentMs: limitMs })
  try {
    if (await isComplete(session, migrations)) return true
    const { rows } = await session.query<{ may: boolean }>(
      `SELECT coalesce((SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'goldenhour'),
        has_database_privilege(current_database(), 'CREATE')) AS may`,
    )
    if (!rows[0]!.may)
      throw await mayNotMigrate(session, new Error('it does not own the schema, or may not create one'))
    return false
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_RIGHT) throw error
    throw await mayNotMigrate(session, error)
  } finally {
    await session.end()
  }
}

/** Whether every step was applied. Errors: DatabaseSetupError `database-newer-than-code`; those of pg. */
async function isComplete(session: pg.Client, steps: readonly Migration[]): Promise<boolean> {
  try {
    const applied = await refuseNewer(session, steps)
    return steps.every(({ name }) => applied.has(name))
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_SUCH_TABLE) return false
    throw error
  }
}

/** Answers the names of what was applied. */
async function refuseNewer(session: pg.Client, steps: readonly Migration[]): Promise<ReadonlySet<string>> {
  const { rows } = await session.query<{ name: string }>('SELECT name FROM goldenhour.migrations ORDER BY name')
  const known = new Set(steps.map(step => step.name))
  const unknown = rows.map(row => row.name).filter(name => !known.has(name))
  if (unknown.length === 0) return new Set(rows.map(({ name }) => name))
  throw new DatabaseSetupError(
    'database-newer-than-code',
    `The database was made by a newer Goldenhour (it has ${unknown.join(', ')}); start that version or a later one.`,
  )
}

async function mayNotMigrate(session: pg.Client, cause: unknown): Promise<DatabaseSetupError> {
  const { rows } = await session.query<{ role: string }>('SELECT current_user AS role')
  const { role } = rows[0]!
  return new DatabaseSetupError(
    'role-may-not-migrate',
    `The role ${role} may not bring the database to this version: ${(cause as Error).message}. As the role that owns the database run "npx goldenhour migrate --grant-to ${role}", then start this again.`,
    { cause },
  )
}

async function inLockedTransaction(session: pg.Client, work: () => Promise<void>): Promise<void> {
  await session.query('BEGIN')
  try {
    await session.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    await work()
    await session.query('COMMIT')
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
