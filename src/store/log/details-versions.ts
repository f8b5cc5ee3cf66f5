/** Every version of a call's details, as the database has them: what they are now, and what they were. */
import { sql } from 'kysely'
import type { CallDetails } from '../../domain/commands.ts'
import type { CallId, Principal, RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface DetailsVersion {
  /** Of the record that wrote it; 0 for one that was written before that was kept. */
  readonly position: number
  /** Null where nobody knows. */
  readonly by: Principal | null
  readonly recordedAtMs: number | null
  /** Null where the row is damaged. */
  readonly details: CallDetails | null
}

interface StoredVersion {
  readonly position: number
  readonly caller_name: string | null
  readonly phone: string | null
  readonly address: string | null
  readonly notes: string | null
  readonly sound: boolean | null
  readonly principal: string | null
  readonly recorded_at_ms: number | null
}

/** The oldest first, those after a position. Errors: those of pg. */
export async function readDetailsVersions(
  database: Database,
  region: RegionId,
  callId: CallId,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly DetailsVersion[]> {
  const { rows } = await sql<StoredVersion>`
    SELECT v.position, v.caller_name, v.phone, v.address, v.notes, r.principal, r.recorded_at_ms,
      v.checksum = log.call_details_checksum(${region}, ${callId}, v.caller_name, v.phone, v.address, v.notes,
        v.position) AS sound
    FROM (
      SELECT position, caller_name, phone, address, notes, checksum FROM log.former_call_details
        WHERE region = ${region} AND call_id = ${callId}
      UNION ALL
      SELECT coalesce(position, 0), caller_name, phone, address, notes, checksum FROM log.call_details
        WHERE region = ${region} AND call_id = ${callId}
          AND NOT (position IS NULL AND coalesce(caller_name, phone, address, notes) IS NULL)
    ) v LEFT JOIN log.records r ON r.region = ${region} AND r.position = v.position
    WHERE v.position > ${page.after} ORDER BY v.position LIMIT ${sql.lit(page.limit)}`.execute(database)
  return rows.map(({ position, caller_name, phone, address, notes, sound, principal, recorded_at_ms }) => ({
    position,
    by: principal,
    recordedAtMs: recorded_at_ms,
    details: sound === false ? null : { callerName: caller_name, phone, address, notes },
  }))
}
