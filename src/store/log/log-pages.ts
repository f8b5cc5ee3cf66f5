/** The log of a region in pages, proven row by row, with what is damaged or missing named in its place. */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'
import type { LogRecord } from './journal.ts'
import { PROVEN_RECORDS } from './journal-statements.ts'
import { type LogRow, missingRecords, recordOf } from './stored-rows.ts'

/** How many records are made of their rows before others get the loop. */
const RECORDS_AT_A_STRETCH = 50

/**
 * The next records behind a position, at most `limit`; what is missing between them is one record that
 * says so. Input: `breathe` gives the loop to others. Errors: those of pg.
 */
export async function logPage(
  database: Database,
  region: RegionId,
  { from, limit }: { readonly from: number; readonly limit: number },
  breathe: () => Promise<void>,
): Promise<LogRecord[]> {
  const { rows } = await sql<LogRow>`
    ${sql.raw(PROVEN_RECORDS)}
    WHERE region = ${region} AND position > ${from} ORDER BY position LIMIT ${limit}`.execute(database)
  const records: LogRecord[] = []
  let last = from
  for (const [index, row] of rows.entries()) {
    if (index % RECORDS_AT_A_STRETCH === RECORDS_AT_A_STRETCH - 1) await breathe()
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
