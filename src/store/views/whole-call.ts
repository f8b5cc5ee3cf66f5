/** A call with everything that belongs to it, as whoever erases, holds or discloses it means it. */
import { sql } from 'kysely'
import type { CallId, RegionId, TripId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface WholeCall {
  readonly region: RegionId
  readonly callId: CallId
  readonly incidentNo: string | null
  readonly tripIds: readonly TripId[]
  readonly isOpen: boolean
  readonly receivedAtMs: number
  /** When a trip of it took its last step; null without trips. */
  readonly lastStepMs: number | null
  /** Of the record that entered it, and of the last that changed it or one of its trips. */
  readonly firstPosition: number
  readonly lastPosition: number
}

/**
 * As the views have it; null for what they do not know. Input: the id of a call or of one of its trips, or a number as it is said
 * on the radio. Errors: those of pg.
 */
export async function wholeCall(database: Database, region: RegionId, name: string): Promise<WholeCall | null> {
  const { rows } = await sql<WholeCall>`SELECT c.region, c.call_id AS "callId", c.incident_no AS "incidentNo",
      t.ids AS "tripIds", c.state = 'open' AS "isOpen", c.received_at_ms AS "receivedAtMs",
      c.entered_position AS "firstPosition", greatest(c.position, t.position) AS "lastPosition",
      t.last_step_ms AS "lastStepMs"
    FROM views.calls c CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(trip_id ORDER BY created_position, trip_id), '{}') AS ids, max(position) AS position,
        max(phase_since_ms) AS last_step_ms
      FROM views.trips WHERE region = c.region AND call_id = c.call_id) t
    WHERE c.region = ${region} AND c.call_id IN (
      SELECT call_id FROM views.calls WHERE region = ${region} AND (call_id = ${name} OR incident_no = ${name})
      UNION ALL
      SELECT call_id FROM views.trips WHERE region = ${region} AND (trip_id = ${name} OR response_no = ${name}))
    LIMIT 1`.execute(database)
  return rows[0] ?? null
}

/** Calls that are over, in the order in which they were entered; `after` is the position of the last one before. Errors: those of pg. */
export async function endedCalls(
  database: Database,
  region: RegionId,
  { beforeMs, after, limit }: { readonly beforeMs: number; readonly after: number; readonly limit: number },
): Promise<readonly { readonly callId: CallId; readonly position: number }[]> {
  const { rows } = await sql<{ callId: CallId; position: number }>`
    SELECT call_id AS "callId", entered_position AS position FROM views.calls
    WHERE region = ${region} AND state <> 'open' AND received_at_ms < ${beforeMs} AND entered_position > ${after}
    ORDER BY entered_position LIMIT ${limit}`.execute(database)
  return rows
}
