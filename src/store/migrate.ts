/** Brings a database to the schema of this code: forward only, one transaction a step, safe from many processes. */
import type pg from 'pg'
import { DatabaseSetupError, openClient } from './database.ts'
import { migrations } from './migrations/index.ts'

export interface Migration {
  /** Sorts by its leading number; never renamed once released. */
  readonly name: string
  readonly sql: string
}

// Any number will do, as long as nothing else in the database takes the same advisory lock.
const MIGRATION_LOCK = 470_911_001

/**
 * Applies what is missing, in order, and answers the names of what it applied.
 * Errors: DatabaseSetupError `database-newer-than-code`, `postgres-too-old`; those of pg when a step fails, which
 * leaves the steps before it applied and itself undone.
 */
export async function migrate(url: string, steps: readonly Migration[] = migrations): Promise<string[]> {
  const session = await openClient(url, { applicationName: 'goldenhour migrate' })
  try {
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
    return applied
  } finally {
    await session.end()
  }
}

async function refuseNewer(session: pg.Client, steps: readonly Migration[]): Promise<void> {
  const { rows } = await session.query<{ name: string }>('SELECT name FROM goldenhour.migrations ORDER BY name')
  const known = new Set(steps.map(step => step.name))
  const unknown = rows.map(row => row.name).filter(name => !known.has(name))
  if (unknown.length === 0) return
  throw new DatabaseSetupError(
    'database-newer-than-code',
    `The database was made by a newer Goldenhour (it has ${unknown.join(', ')}); start that version or a later one.`,
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
