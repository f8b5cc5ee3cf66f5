/** Reads the tables of a region page by page, over whatever connection: as the journal does, and whoever looks at one moment. */
import type pg from 'pg'
import type { CallNames, CommandRow, LogRecord, OpenTrip, SegmentWrite, SnapshotWrite, StoredTable } from './journal.ts'
import {
  READ_ARCHIVED,
  READ_COMMANDS,
  READ_LOG,
  READ_OPEN_TRIPS,
  READ_SEGMENTS,
  READ_SNAPSHOTS,
} from './journal-statements.ts'
import {
  commandsOf,
  type LogRow,
  missingRecords,
  missingSegments,
  recordOf,
  type SegmentRow,
  type SnapshotRow,
  type StoredCommand,
  type StoredOpenTrip,
  segmentOf,
  snapshotOf,
} from './stored-rows.ts'

/** The pages of one region's query; its parameters after the region are where the page before ended. */
export type PagesOf = <Row extends pg.QueryResultRow>(
  table: StoredTable,
  text: string,
  start: readonly unknown[],
  endOf: (row: Row) => readonly unknown[],
) => AsyncIterable<readonly Row[]>

/**
 * Input: `ask`, the rows behind an end; none of them is the end of it all. The next page is asked for while somebody works on the one
 * before, so the server and we work at the same time.
 */
export async function* pageByPage<Row>(
  ask: (after: readonly unknown[]) => Promise<readonly Row[]>,
  start: readonly unknown[],
  endOf: (row: Row) => readonly unknown[],
): AsyncIterable<readonly Row[]> {
  for (let next = ask(start); ; ) {
    const rows = await next
    const last = rows.at(-1)
    if (last === undefined) return
    next = ask(endOf(last))
    // Nobody listens until this page has been taken; it is awaited then.
    next.catch(() => undefined)
    yield rows
  }
}

/** What is missing between two records stands in its place. */
export async function* logPages(pages: PagesOf, afterPosition: number): AsyncIterable<readonly LogRecord[]> {
  let last = afterPosition
  for await (const rows of pages<LogRow>('log.records', READ_LOG, [last], row => [row.position])) {
    const records: LogRecord[] = []
    for (const row of rows) {
      if (row.position > last + 1) records.push(missingRecords(last + 1, row.position - 1))
      records.push(recordOf(row))
      last = row.position
    }
    yield records
  }
}

/** What was moved into files, or packed into tracks, is left out, and not missing. */
export async function* segmentPages(pages: PagesOf, afterSegmentNo: number): AsyncIterable<readonly SegmentWrite[]> {
  const archived: ArchivedRow[] = []
  for await (const rows of pages<ArchivedRow>('location.segments', READ_ARCHIVED, [afterSegmentNo], row => [row.to_no]))
    archived.push(...rows)
  let last = afterSegmentNo
  for await (const rows of pages<SegmentRow>('location.segments', READ_SEGMENTS, [last], row => [row.segment_no])) {
    const segments: SegmentWrite[] = []
    for (const row of rows) {
      for (const [from, to] of missingBetween(last, row.segment_no, archived)) segments.push(missingSegments(from, to))
      segments.push(segmentOf(row))
      last = row.segment_no
    }
    yield segments
  }
}

interface ArchivedRow {
  readonly from_no: number
  readonly to_no: number
}

/** The numbers between two that are there, without those that are archived, as spans. */
function* missingBetween(
  before: number,
  next: number,
  archived: readonly ArchivedRow[],
): Iterable<readonly [from: number, to: number]> {
  let from = before + 1
  if (from === next) return
  for (const { from_no, to_no } of archived) {
    if (to_no < from || from_no >= next) continue
    if (from_no > from) yield [from, from_no - 1]
    from = to_no + 1
  }
  if (from < next) yield [from, next - 1]
}

export async function* snapshotPages(pages: PagesOf): AsyncIterable<readonly SnapshotWrite[]> {
  for await (const rows of pages<SnapshotRow>('log.snapshots', READ_SNAPSHOTS, [''], row => [row.entity]))
    yield rows.map(snapshotOf)
}

/** Input: 0 for all that there are. */
export async function* commandPages(pages: PagesOf, sinceRecordedAtMs: number): AsyncIterable<readonly CommandRow[]> {
  // Positions start at 1, so 0 stands before every command of that very millisecond; before the first one stands what
  // was changed into a time that never was.
  const start = [sinceRecordedAtMs <= 0 ? Number.MIN_SAFE_INTEGER : sinceRecordedAtMs, 0]
  const endOf = (row: StoredCommand) => [row.recorded_at_ms, row.position]
  for await (const rows of pages<StoredCommand>('log.commands', READ_COMMANDS, start, endOf))
    yield rows.flatMap(commandsOf)
}

export async function* openTripPages(pages: PagesOf): AsyncIterable<readonly OpenTrip[]> {
  for await (const rows of pages<StoredOpenTrip>('log.open_trip', READ_OPEN_TRIPS, [''], row => [row.unit_id]))
    yield rows.map(row => ({ unitId: row.unit_id, tripId: row.trip_id }))
}

/** The parameters of `READ_CLOSED_CALLS` after the region. */
export const closedNames = ({ callIds, tripIds, incidents }: CallNames): readonly unknown[] => [
  callIds,
  tripIds,
  incidents.map(({ year }) => year),
  incidents.map(({ number }) => number),
]
