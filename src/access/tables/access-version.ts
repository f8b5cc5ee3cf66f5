/** One number that rises with every change of what credentials are checked against. */
import { sql } from 'kysely'
import type { Database } from '../../store/postgres/database.ts'

export async function readAccessVersion(database: Database): Promise<number> {
  const row = await database.selectFrom('auth.version').select('version').executeTakeFirstOrThrow()
  return row.version
}

/**
 * In the transaction of the change, which holds the number until its end: a reader that sees number n sees every change
 * up to n. Output: the number of this change.
 */
export async function raiseAccessVersion(transaction: Database): Promise<number> {
  const row = await transaction
    .updateTable('auth.version')
    .set({ version: sql`version + 1` })
    .returning('version')
    .executeTakeFirstOrThrow()
  return row.version
}
