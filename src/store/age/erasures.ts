/** Which calls were erased: for engines, so that they let go of them, and for whoever proves what the database has. */
import { sql } from 'kysely'
import type { CallId, RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

export interface ErasedCall {
  readonly region: RegionId
  readonly callId: CallId
  readonly agoMs: number
}

/** Input: how far back. Errors: those of pg. */
export async function erasedWithin(database: Database, ms: number): Promise<readonly ErasedCall[]> {
  const { rows } = await sql<ErasedCall>`SELECT region, call_id AS "callId",
      (extract(epoch FROM now() - erased_at) * 1000)::float8 AS "agoMs"
    FROM log.erasures WHERE erased_at > now() - make_interval(secs => ${ms / 1_000}) ORDER BY erased_at`.execute(
    database,
  )
  return rows
}

/**
 * Over the records of an erasure as they are: SHA-256 in hex of `position:checksum` of each, joined by commas. For a query in which
 * `e` has the region and the positions.
 */
export const SEAL = `(SELECT encode(sha256(convert_to(
    coalesce(string_agg(r.position || ':' || r.checksum, ',' ORDER BY r.position), ''), 'UTF8')), 'hex')
  FROM log.records r WHERE r.region = e.region AND r.position = ANY (e.positions))`

/** Each erasure of a region, and whether its records are as it left them. Takes the region. */
export const PROVEN_ERASURES = `SELECT e.call_id AS "callId", cardinality(e.positions) AS records, e.seal, e.seal = ${SEAL} AS "isAsLeft"
  FROM log.erasures e WHERE e.region = $1 ORDER BY e.call_id`

/** When the call was erased; null where it never was. Errors: those of pg. */
export async function lastErasure(
  database: Database,
  { region, callId }: { readonly region: RegionId; readonly callId: CallId },
): Promise<Date | null> {
  const { rows } = await sql<{ at: Date }>`SELECT erased_at AS at FROM log.erasures
    WHERE region = ${region} AND call_id = ${callId}`.execute(database)
  return rows[0]?.at ?? null
}

/** Whether an engine has the region in memory, as far as the leases say. Errors: those of pg. */
export async function isServed(database: Database, region: RegionId): Promise<boolean> {
  const { rows } = await sql<{ served: boolean }>`SELECT EXISTS (SELECT FROM log.region_lease
    WHERE region = ${region} AND until > now()) AS served`.execute(database)
  return rows[0]!.served
}
