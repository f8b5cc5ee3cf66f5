/** Whether a hospital takes patients, as people said it last. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { HospitalStatus } from '../../domain/vocabulary.ts'
import type { HospitalStanding } from '../../protocol/reference.ts'
import type { Database } from '../postgres/database.ts'

interface SaidOfHospital {
  readonly status: HospitalStatus
  readonly note: string | null
  /** Of the saying, by the wall clock. */
  readonly atMs: number
}

/**
 * Writes what is said of a hospital; one of which the same is said again keeps its version, and a new note alone does not change
 * since when the status stands.
 *
 * Input: the version of `nextVersion`; the hospital is there. Output: what was said of it before.
 */
export async function setHospitalStatus(
  transaction: Database,
  region: RegionId,
  hospitalId: string,
  { status, note, atMs }: SaidOfHospital,
  version: number,
): Promise<HospitalStanding> {
  const { rows } = await sql<HospitalStanding>`
    WITH former AS (
      SELECT status, status_note, status_since_ms FROM reference.hospitals
      WHERE region = ${region} AND hospital_id = ${hospitalId}),
    said AS (
      UPDATE reference.hospitals SET
        status_since_ms = CASE WHEN status = ${status} AND status_since_ms IS NOT NULL THEN status_since_ms ELSE ${atMs}::bigint END,
        status = ${status}, status_note = ${note}, version = ${version}
      WHERE region = ${region} AND hospital_id = ${hospitalId}
        AND (status, status_note) IS DISTINCT FROM (${status}, ${note}::text))
    SELECT status, status_note AS "statusNote", status_since_ms AS "statusSinceMs" FROM former`.execute(transaction)
  return rows[0]!
}
