/** The log of a region in pages, proven row by row, with what is damaged or missing named in its place. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import type { LogRecord } from './journal.ts'
import { PROVEN_RECORDS } from './journal-statements.ts'
import { type LogRow, missingRecords, recordOf } from './stored-rows.ts'

interface PageAsked {
  readonly from: number
  readonly records: number
  /** No further record once there are so many events: one may have hundreds. */
  readonly events: number
}

/**
 * The next records behind a position, at most so many; what is missing between them is one record that
 * says so. Input: `breathe` gives the loop to others now and then. Errors: those of pg.
 */
export async function logPage(
  database: Database,
  region: RegionId,
  { from, records: limit, events }: PageAsked,
  breathe: () => Promise<void>,
): Promise<LogRecord[]> {
  const { rows } = await sql<LogRow>`
    ${sql.raw(PROVEN_RECORDS)}
    WHERE region = ${region} AND position > ${from} AND position <= (
      SELECT max(position) FROM (
        SELECT position, sum(count) OVER (ORDER BY position) - count AS before FROM (
          SELECT position, CASE jsonb_typeof(events) WHEN 'array' THEN jsonb_array_length(events) ELSE 1 END AS count
          FROM log.records WHERE region = ${region} AND position > ${from} ORDER BY position LIMIT ${limit}) c) s
      WHERE before < ${events})
    ORDER BY position`.execute(database)
  const records: LogRecord[] = []
  let last = from
  for (const row of rows) {
    await breathe()
    if (row.position > last + 1) records.push(missingRecords(last + 1, row.position - 1))
    records.push(recordOf(row))
    last = row.position
  }
  return records
}

/** Where the log ends now. Errors: those of pg. */
export async function logEnd(database: Database, region: RegionId): Promise<number> {
  const { rows } = await sql<{ end: number }>`SELECT log.log_end(${region}) AS "end"`.execute(database)
  return rows[0]!.end
}
