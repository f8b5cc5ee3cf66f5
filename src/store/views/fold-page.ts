/** One page of a region's log, folded into a run of its views, in the transaction that moves its cursor. */
import { sql } from 'kysely'
import type { Scheduler } from '../../base/time.ts'
import type { RegionId } from '../../domain/ids.ts'
import { ContentRejected, type LogRecord } from '../log/journal.ts'
import { logPage } from '../log/log-pages.ts'
import type { Database } from '../postgres/database.ts'
import { writeFault } from '../postgres/postgres-faults.ts'
import { ViewFold } from './view-fold.ts'
import { noRows, type PassedOverRow } from './view-rows.ts'
import { knownRows, putRows, type Run } from './view-tables.ts'

/** A page's rows are about a megabyte; what it costs to begin and end one is shared by so many. */
const RECORDS_PER_PAGE = 500
const EVENTS_PER_PAGE = 1_000
/** So long the loop is held before others get it: less, and a page waits for their turns more than it works. */
const STRETCH_MS = 4

export interface ReadPage {
  readonly end: number
  readonly records: readonly LogRecord[]
  /** The log had no more when it was read. */
  readonly isLast: boolean
}

/** Gives the loop to others when they have not had it for a while. */
export function breather(scheduler: Scheduler): () => Promise<void> {
  let sinceMs = scheduler.monotonicMs()
  return async () => {
    if (scheduler.monotonicMs() - sinceMs < STRETCH_MS) return
    await new Promise<void>(resolve => void scheduler.after(0, resolve))
    sinceMs = scheduler.monotonicMs()
  }
}

/** Null where nothing is behind the position. Errors: those of pg. */
export async function readViewPage(
  database: Database,
  region: RegionId,
  from: number,
  breathe: () => Promise<void>,
): Promise<ReadPage | null> {
  const asked = { from, records: RECORDS_PER_PAGE, events: EVENTS_PER_PAGE }
  const records = await logPage(database, region, asked, breathe)
  const last = records.at(-1)
  return last === undefined ? null : { end: last.position, records, isLast: isShort(records) }
}

/** Neither bound ended the page. How many events a damaged record had nobody knows. */
function isShort(records: readonly LogRecord[]): boolean {
  const events = records.reduce((sum, record) => sum + record.events.length, 0)
  return (
    records.length < RECORDS_PER_PAGE && events < EVENTS_PER_PAGE && records.every(({ damage }) => damage === undefined)
  )
}

interface Folded {
  /** Of the last record. */
  readonly recordedAtMs: number
  readonly passedOver: readonly PassedOverRow[]
}

/** Errors: those of pg; a record that it refuses for its content is passed over. */
export async function foldPage(
  database: Database,
  of: Run,
  { records }: ReadPage,
  breathe: () => Promise<void>,
): Promise<Folded> {
  const passedOver = await foldRecords(database, of, records, breathe)
  return { recordedAtMs: records.at(-1)!.recordedAtMs, passedOver }
}

async function foldRecords(
  database: Database,
  of: Run,
  records: readonly LogRecord[],
  breathe: () => Promise<void>,
): Promise<readonly PassedOverRow[]> {
  await sql`SAVEPOINT records`.execute(database)
  try {
    const fold = new ViewFold(of.region, await knownRows(database, of, records))
    for (const record of records) {
      await breathe()
      fold.take(record)
    }
    await putRows(database, of, fold.changed, breathe)
    await sql`RELEASE SAVEPOINT records`.execute(database)
    return [...fold.changed.passedOver.values()]
  } catch (error) {
    const fault = writeFault(error)
    if (!(fault instanceof ContentRejected)) throw error
    await sql`ROLLBACK TO SAVEPOINT records; RELEASE SAVEPOINT records`.execute(database)
    if (records.length === 1) return refused(database, of, records[0]!, fault, breathe)
    // One bad record must not keep the others out for ever.
    const middle = records.length >> 1
    const first = await foldRecords(database, of, records.slice(0, middle), breathe)
    return [...first, ...(await foldRecords(database, of, records.slice(middle), breathe))]
  }
}

async function refused(
  database: Database,
  of: Run,
  { position }: LogRecord,
  { message: why }: Error,
  breathe: () => Promise<void>,
): Promise<readonly PassedOverRow[]> {
  const row: PassedOverRow = { position, event: -1, entity: '', type: null, why }
  await putRows(database, of, { ...noRows(), passedOver: new Map([['', row]]) }, breathe)
  return [row]
}
