/** A log that was made elsewhere, in the database of a test, as its engine would have written it. */
import type pg from 'pg'
import type { LogRecord } from '../../src/store/log/journal.ts'

export type StoredRecord = Pick<LogRecord, 'position' | 'recordedAtMs' | 'principal' | 'events'> & Partial<LogRecord>

/** Input: a session of the owner. */
export async function storeLog(session: pg.Client, region: string, log: readonly StoredRecord[]): Promise<void> {
  await session.query("SET session_replication_role = 'replica'")
  await session.query("INSERT INTO log.region_owner VALUES ($1, 1, 'a test') ON CONFLICT DO NOTHING", [region])
  for (let from = 0; from < log.length; from += 500) {
    await session.query(
      `INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, command_id, events, checksum)
       SELECT $1, r.position, r."recordedAtMs", 1, r.principal, r."commandId", r.events,
         log.record_checksum($1, r.position, r."recordedAtMs", 1, r.principal, r."commandId", NULL, r.events::text)
       FROM jsonb_to_recordset($2) AS r (position bigint, "recordedAtMs" bigint, principal text, "commandId" text, events jsonb)`,
      [region, JSON.stringify(log.slice(from, from + 500))],
    )
  }
  await session.query('RESET session_replication_role')
}
