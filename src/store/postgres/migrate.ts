/** Brings a database to the schema of this code: forward only, one transaction a step, safe from many processes. */

import type pg from 'pg'
import { type FunctionFile, functions } from '../functions/index.ts'
import { migrations } from '../migrations/index.ts'
import type { Migration } from '../migrations/migration.ts'
import { DatabaseSetupError, openClient } from './database.ts'
import { engineRoles, grantToEngine, hasEngineRights } from './engine-role.ts'
import { grantToReader, grantWhatIsRead, readerRoles } from './reader-role.ts'
import { StepMigrator } from './step-migrator.ts'

/** What a database has that is complete. */
interface DatabaseSchema {
  readonly steps: readonly Migration[]
  readonly functions: readonly FunctionFile[]
}

interface MigrateOptions {
  readonly schema?: DatabaseSchema
  /** A role that is given what an engine needs and no more; those that were given it before are given it again. */
  readonly grantTo?: string | null
}

const SHIPPED: DatabaseSchema = { steps: migrations, functions }

// Any number will do, as long as nothing else in the database takes the same advisory lock.
const MIGRATION_LOCK = 470_911_001
const NO_RIGHT = '42501'
const NO_SUCH_TABLE = '42P01'

/**
 * Applies what is missing, in order, and answers the names of what it applied: of steps, and of files of functions. A role
 * that may only use the schema is enough where nothing is missing.
 * Errors: DatabaseSetupError `database-newer-than-code`, `postgres-too-old`, `role-may-not-migrate`, `engine-role-unfit`;
 * those of pg when a step fails, which leaves the steps before it applied and itself undone.
 */
export async function migrate(
  url: string,
  { schema = SHIPPED, grantTo = null }: MigrateOptions = {},
): Promise<string[]> {
  const session = await openClient(url, { applicationName: 'goldenhour migrate' })
  try {
    if ((await isComplete(session, schema)) && (grantTo === null || (await hasEngineRights(session, grantTo))))
      return []
    await inLockedTransaction(session, () => provideRecord(session, schema.steps))
    const migrator = new StepMigrator(session, schema.steps)
    const applied: string[] = []
    for (let isComplete = false; !isComplete; ) {
      await inLockedTransaction(session, async () => {
        // Asked again under the lock: another process may have made steps while we waited for it.
        const made = await refuseNewer(session, schema.steps)
        const missing = schema.steps.filter(({ name }) => !made.has(name)).length
        if (missing > 0) applied.push(await migrator.applyNext())
        isComplete = missing <= 1
        // Functions with the last step, for they are made for its tables, and rights with functions, which lose some of theirs
        // when they are made anew: an engine that runs meanwhile sees all of it or nothing.
        if (isComplete) applied.push(...(await finish(session, schema.functions, grantTo)))
      })
    }
    return applied
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_RIGHT) throw error
    throw await mayNotMigrate(session, error)
  } finally {
    await session.end()
  }
}

/** Functions and rights, once all steps are made. Output: the names of the files that were applied. */
async function finish(session: pg.Client, all: readonly FunctionFile[], grantTo: string | null): Promise<string[]> {
  const applied = await applyFunctions(session, all)
  const roles = new Set([...(await engineRoles(session)), ...(grantTo === null ? [] : [grantTo])])
  for (const role of roles) await grantToEngine(session, role)
  for (const role of await readerRoles(session, roles)) await grantWhatIsRead(session, role)
  return applied
}

// For whoever has a transaction of its own.

/** Until the transaction ends nobody else makes a step. */
export async function lockMigrations(session: pg.Client): Promise<void> {
  await session.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
}

/** Until the session ends steps wait, before they lock anything; others may hold them off as well. */
export async function holdOffMigrations(session: pg.Client): Promise<void> {
  await session.query('SELECT pg_advisory_lock_shared($1)', [MIGRATION_LOCK])
}

/** The steps of this code. */
export const knownSteps = (): string[] => migrations.map(({ name }) => name)

/** The steps that a database has; none where it has no schema of ours. Errors: those of pg. */
export async function madeSteps(session: pg.Client): Promise<string[]> {
  const { rows: record } = await session.query<{ is: boolean }>(
    `SELECT to_regclass('goldenhour.migrations') IS NOT NULL AS is`,
  )
  if (!record[0]!.is) return []
  return [...(await refuseNewer(session, migrations))]
}

/** Makes those of the steps that are missing, and neither functions nor rights, in the transaction that is open. Errors: as `migrate`. */
export async function applySteps(session: pg.Client, names: readonly string[]): Promise<void> {
  const steps = migrations.filter(({ name }) => names.includes(name))
  await provideRecord(session, steps)
  const made = await refuseNewer(session, steps)
  const migrator = new StepMigrator(session, steps)
  for (let missing = steps.filter(({ name }) => !made.has(name)).length; missing > 0; missing--)
    await migrator.applyNext()
}

/** Brings a database to the schema of this code, as `migrate` does, in the transaction that is open. Errors: as `migrate`. */
export async function completeSchema(session: pg.Client, grantTo: string | null): Promise<void> {
  await applySteps(session, knownSteps())
  await finish(session, functions, grantTo)
}

/** Makes a role one that reads the views. Errors: DatabaseSetupError `reader-role-unfit`; those of pg. */
export async function makeReader(url: string, role: string): Promise<void> {
  const session = await openClient(url, { applicationName: 'goldenhour migrate' })
  try {
    await inLockedTransaction(session, () => grantToReader(session, role))
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
    if (await isComplete(session, SHIPPED)) return true
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

/** Whether nothing is to be applied. Errors: DatabaseSetupError `database-newer-than-code`; those of pg. */
async function isComplete(session: pg.Client, schema: DatabaseSchema): Promise<boolean> {
  try {
    const made = await refuseNewer(session, schema.steps)
    if (!schema.steps.every(({ name }) => made.has(name))) return false
    return (await functionsToApply(session, schema.functions)).length === 0
  } catch (error) {
    if ((error as { code?: unknown }).code === NO_SUCH_TABLE) return false
    throw error
  }
}

/** The record of steps, in the form that Kysely reads; one that was kept in the form of before is carried over. */
async function provideRecord(session: pg.Client, steps: readonly Migration[]): Promise<void> {
  await session.query('CREATE SCHEMA IF NOT EXISTS goldenhour')
  await session.query(`CREATE TABLE IF NOT EXISTS goldenhour.migrations (
    name varchar(255) PRIMARY KEY, "timestamp" varchar(255) NOT NULL)`)
  await refuseNewer(session, steps)
  const { rowCount } = await session.query(
    `SELECT 1 FROM pg_attribute WHERE attrelid = 'goldenhour.migrations'::regclass AND attname = 'applied_at'`,
  )
  if (rowCount === 0) return
  await session.query(`
    ALTER TABLE goldenhour.migrations ALTER COLUMN name TYPE varchar(255), ADD COLUMN "timestamp" varchar(255);
    UPDATE goldenhour.migrations
      SET "timestamp" = to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
    ALTER TABLE goldenhour.migrations ALTER COLUMN "timestamp" SET NOT NULL, DROP COLUMN applied_at`)
}

/** Those of which the database has another text, or none. */
async function functionsToApply(session: pg.Client, all: readonly FunctionFile[]): Promise<FunctionFile[]> {
  if (all.length === 0) return []
  const { rows } = await session.query<{ file: string; sha256: string }>(
    'SELECT file, sha256 FROM goldenhour.functions',
  )
  const applied = new Map(rows.map(({ file, sha256 }) => [file, sha256]))
  return all.filter(({ file, sha256 }) => applied.get(file) !== sha256)
}

/** Answers the names of the files. */
async function applyFunctions(session: pg.Client, all: readonly FunctionFile[]): Promise<string[]> {
  const others = await functionsToApply(session, all)
  for (const { file, sql, sha256 } of others) {
    await session.query(sql)
    await session.query(
      `INSERT INTO goldenhour.functions (file, sha256) VALUES ($1, $2)
       ON CONFLICT (file) DO UPDATE SET sha256 = excluded.sha256, applied_at = now()`,
      [file, sha256],
    )
  }
  return others.map(({ file }) => file)
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
    await lockMigrations(session)
    await work()
    await session.query('COMMIT')
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
