/** Who did what to some calls and trips, the oldest first. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import type { StoredEntry } from './audit-chain.ts'

/** No index has subjects, so all entries of the audit are looked through. Errors: those of pg. */
export async function entriesAbout(
  database: Database,
  region: RegionId,
  subjects: readonly string[],
): Promise<readonly StoredEntry[]> {
  const { rows } = await sql<StoredEntry>`SELECT seq,
      to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
      actor, action, outcome, region, subject, address, details
    FROM audit.entries WHERE region = ${region} AND subject = ANY (${subjects}::text[]) ORDER BY seq`.execute(database)
  return rows
}
