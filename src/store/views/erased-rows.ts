/** The rows of a call without its personal data, once that is erased from the log. */
import { sql } from 'kysely'
import { withoutPersonal } from '../../domain/erasure.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import type { WholeCall } from './whole-call.ts'

/**
 * Keeps the views of a region as they are until the end of the transaction. Output: up to which position they are; null while they are
 * being rebuilt. Errors: those of pg.
 */
export async function standStill(transaction: Database, region: RegionId): Promise<number | null> {
  const lock = await sql<{ held: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtext('goldenhour views'), hashtext(${region})) AS held`.execute(transaction)
  if (!lock.rows[0]!.held) return null
  const { rows } = await sql<{ position: number }>`SELECT position FROM views.cursors
    WHERE region = ${region} FOR UPDATE`.execute(transaction)
  return rows[0]?.position ?? 0
}

/** In every run: another one may be left of a rebuild that was stopped. Errors: those of pg. */
export async function eraseViews(transaction: Database, { region, callId, tripIds }: WholeCall): Promise<void> {
  await eraseRows(transaction, region, 'views.call_rows', 'call_id', [callId])
  await eraseRows(transaction, region, 'views.trip_rows', 'trip_id', tripIds)
  await sql`UPDATE views.call_rows SET problem = NULL
    WHERE region = ${region} AND call_id = ${callId}`.execute(transaction)
}

async function eraseRows(
  transaction: Database,
  region: RegionId,
  table: string,
  id: string,
  ids: readonly string[],
): Promise<void> {
  const { rows } = await sql<{ run: number; id: string; folded: object }>`SELECT run, ${sql.ref(id)} AS id, folded
    FROM ${sql.table(table)} WHERE region = ${region} AND ${sql.ref(id)} = ANY (${ids}::text[])`.execute(transaction)
  for (const row of rows) {
    const folded = withoutPersonal(row.folded) as { readonly lonDeg: number; readonly latDeg: number }
    await sql`UPDATE ${sql.table(table)} SET lon_deg = ${folded.lonDeg}, lat_deg = ${folded.latDeg},
        folded = ${JSON.stringify(folded)}::jsonb
      WHERE region = ${region} AND run = ${row.run} AND ${sql.ref(id)} = ${row.id}`.execute(transaction)
  }
}
