/** What somebody means who asks for the history of a unit, a trip or a call, and where in the log to look for it. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { LogSpan } from '../log/entity-history.ts'
import type { Database } from '../postgres/database.ts'

export interface HistorySubject {
  readonly kind: 'unit' | 'trip' | 'call'
  readonly id: string
  /** The id, and of a call those of its trips. */
  readonly ids: readonly string[]
  readonly span: LogSpan
  /** When the last step was recorded; null of a unit. What its unit says of it afterwards follows soon. */
  readonly lastStepMs: number | null
}

/**
 * Null for what the views do not know. Input: an id, or a number as it is said on the radio, of a call or a trip.
 * Errors: those of pg.
 */
export async function historySubject(
  database: Database,
  region: RegionId,
  name: string,
): Promise<HistorySubject | null> {
  interface Row {
    readonly kind: HistorySubject['kind']
    readonly id: string
    readonly ids: readonly string[]
    readonly from: number
    readonly to: number
    readonly lastStepMs: number | null
  }
  const { rows } = await sql<Row>`
    SELECT 'trip' AS kind, t.trip_id AS id, ARRAY[t.trip_id] AS ids, t.created_position - 1 AS from, t.position AS to,
        t.phase_since_ms AS "lastStepMs"
      FROM views.trips t WHERE t.region = ${region} AND (t.trip_id = ${name} OR t.response_no = ${name})
    UNION ALL
    SELECT 'call', c.call_id, ARRAY[c.call_id] || coalesce(o.ids, '{}'), c.entered_position - 1, greatest(c.position, o.last), o.last_step_ms
      FROM views.calls c LEFT JOIN LATERAL (
        SELECT array_agg(t.trip_id ORDER BY t.created_position, t.trip_id) AS ids, max(t.position) AS last,
          max(t.phase_since_ms) AS last_step_ms
        FROM views.trips t WHERE t.region = c.region AND t.call_id = c.call_id) o ON true
      WHERE c.region = ${region} AND (c.call_id = ${name} OR c.incident_no = ${name})
    UNION ALL
    SELECT 'unit', u.unit_id, ARRAY[u.unit_id], 0, p.as_of_position, NULL
      FROM views.units u JOIN views.progress p ON p.region = u.region
      WHERE u.region = ${region} AND u.unit_id = ${name}
    LIMIT 1`.execute(database)
  const [found] = rows
  if (found === undefined) return null
  const { from, to, ...subject } = found
  return { ...subject, span: { from, to } }
}
