/** Calls that are over, came in long ago, and have personal data still. */
import { sql } from 'kysely'
import type { CallId, RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import { endedCalls } from '../views/whole-call.ts'

const CALLS_AT_ONCE = 50

/** Pages of them, the oldest first. Input: those whose caller called before this moment, region time. Errors: those of pg. */
export async function* oldCalls(
  database: Database,
  region: RegionId,
  beforeMs: number,
): AsyncIterable<readonly CallId[]> {
  for (let after = 0; ; ) {
    const page = await endedCalls(database, region, { beforeMs, after, limit: CALLS_AT_ONCE })
    if (page.length === 0) return
    const ids = page.map(({ callId }) => callId)
    const { rows } = await sql<{ callId: CallId }>`SELECT c.call_id AS "callId"
      FROM unnest(${ids}::text[]) WITH ORDINALITY AS c (call_id, n)
      WHERE NOT EXISTS (SELECT FROM log.erasures e WHERE e.region = ${region} AND e.call_id = c.call_id)
        OR EXISTS (SELECT FROM log.call_details d WHERE d.region = ${region} AND d.call_id = c.call_id)
      ORDER BY n`.execute(database)
    if (rows.length > 0) yield rows.map(({ callId }) => callId)
    after = page.at(-1)!.position
  }
}
