/** Responses against the limit of a contract, by the rules that it states. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { ResponseContract } from '../../protocol/statistics-view.ts'
import type { Database } from '../postgres/database.ts'

/** Of all priorities, and of each. Times are milliseconds, null where there are no samples. */
export interface ResponseFigures {
  readonly priority: number | null
  readonly calls: number
  readonly samples: number
  readonly within: number
  readonly share: number | null
  readonly isMet: boolean | null
  readonly fractileMs: number | null
  readonly p50Ms: number | null
  readonly p90Ms: number | null
  readonly maxMs: number | null
  readonly cancelled: number
  readonly open: number
  readonly unknown: number
}

/** Of the calls that reached the centre from the one moment on and before the other. Errors: those of pg. */
export async function responseFigures(
  database: Database,
  region: RegionId,
  window: { readonly fromMs: number; readonly toMs: number },
  contract: ResponseContract,
): Promise<ResponseFigures[]> {
  const { limitMs, share, start, rounding, counts, staged, cancelled, priorities, zone } = contract
  const corners = cornersOf(zone)
  const { rows } = await sql<ResponseFigures>`SELECT priority, calls, samples, within, share, is_met AS "isMet",
      fractile_ms AS "fractileMs", p50_ms AS "p50Ms", p90_ms AS "p90Ms", max_ms AS "maxMs", cancelled, open, unknown
    FROM views.response_fractiles(${region}, ${window.fromMs}, ${window.toMs}, ${limitMs}, ${share},
      ${priorities === null ? null : [...priorities]}::smallint[], ${start}, ${rounding}, ${counts}, ${staged}, ${cancelled},
      ${corners}::polygon)`.execute(database)
  return rows
}

/** As Postgres writes a polygon. */
export const cornersOf = (zone: ResponseContract['zone']): string | null =>
  zone === null ? null : `(${zone.map(([lon, lat]) => `(${lon},${lat})`).join()})`

/** A moment of the region's local time, such as 2026-03-01 or 2026-03-01T08:00. Errors: those of pg. */
export async function localMoment(database: Database, text: string, timeZone: string): Promise<number> {
  const { rows } = await sql<{ ms: number }>`
    SELECT (extract(epoch FROM ${text}::timestamp AT TIME ZONE ${timeZone}) * 1000)::bigint AS ms`.execute(database)
  return rows[0]!.ms
}
