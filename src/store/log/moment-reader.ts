/**
 * What the database has of regions at one moment, to be read only: every statement sees the same rows, while engines go on.
 *
 * The readers are those of the journal, over one connection and one transaction. A transaction that stays open for long keeps
 * Postgres from cleaning up behind it: end it soon.
 */
import type pg from 'pg'
import type { CallId, RegionId, TripId } from '../../domain/ids.ts'
import { openClient } from '../postgres/database.ts'
import type {
  CallNames,
  ClosedCall,
  CommandName,
  CommandRow,
  DetailsRow,
  LogRecord,
  NoteRow,
  OpenTrip,
  SegmentWrite,
  SnapshotWrite,
} from './journal.ts'
import {
  ALONG_THE_INDEX,
  PROVEN_CLOSED_CALLS,
  READ_CALL_DETAILS,
  READ_CALL_NOTES,
  READ_CLOSED_CALLS,
  READ_COMMANDS,
  READ_INCIDENT_NUMBERS,
  READ_LOG,
  READ_OPEN_TRIPS,
  READ_SEGMENTS,
  READ_SNAPSHOTS,
} from './journal-statements.ts'
import {
  type ClosedCallRow,
  closedCallOf,
  commandsOf,
  detailsOf,
  type LogRow,
  missingRecords,
  missingSegments,
  noteOf,
  recordOf,
  type SegmentRow,
  type SnapshotRow,
  type StoredCommand,
  type StoredDetails,
  type StoredNote,
  type StoredOpenTrip,
  segmentOf,
  snapshotOf,
} from './stored-rows.ts'

const CLOSED_AT_ONCE = 1_000

interface StrayCommand extends CommandName {
  readonly position: number
}

const COMMANDS_TWICE = `SELECT principal, command_id AS "commandId", position, before FROM (
    SELECT principal, command_id, position, recorded_at_ms,
      lag(position) OVER w AS before, lag(recorded_at_ms) OVER w AS before_ms
    FROM log.records WHERE region = $1 AND command_id IS NOT NULL
    WINDOW w AS (PARTITION BY principal, command_id ORDER BY position)) r
  WHERE before IS NOT NULL AND recorded_at_ms - before_ms < $2 ORDER BY position LIMIT $3`
const STRAY_OUTCOMES = `SELECT c.principal, c.command_id AS "commandId", c.position FROM log.commands c
  LEFT JOIN log.records r ON r.region = c.region AND r.position = c.position
  WHERE c.region = $1 AND (r.command_id IS DISTINCT FROM c.command_id OR r.principal IS DISTINCT FROM c.principal)
  ORDER BY c.position LIMIT $2`

export class MomentReader {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  /** Errors: those of pg. */
  static async open(url: string): Promise<MomentReader> {
    const client = await openClient(url, { applicationName: 'goldenhour verify' })
    // What is done between two pages may take its time.
    await client.query(`SET idle_in_transaction_session_timeout = 0; ${ALONG_THE_INDEX};
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
    return new MomentReader(client)
  }

  end(): Promise<void> {
    return this.#client.end()
  }

  async regions(): Promise<RegionId[]> {
    const { rows } = await this.#client.query<{ region: RegionId }>(
      'SELECT region FROM log.region_owner ORDER BY region',
    )
    return rows.map(({ region }) => region)
  }

  async ends(region: RegionId): Promise<{ readonly logEnd: number; readonly segmentEnd: number }> {
    const { rows } = await this.#client.query<{ log_end: number; segment_end: number }>(
      'SELECT log.log_end($1) AS log_end, location.segment_end($1) AS segment_end',
      [region],
    )
    return { logEnd: rows[0]!.log_end, segmentEnd: rows[0]!.segment_end }
  }

  // As the journal's.

  async *readLog(region: RegionId, afterPosition: number): AsyncIterable<readonly LogRecord[]> {
    let last = afterPosition
    for await (const rows of this.#pages<LogRow>(READ_LOG, region, [last], row => [row.position])) {
      yield rows.flatMap(row => {
        const before = last
        last = row.position
        return [...(row.position > before + 1 ? [missingRecords(before + 1, row.position - 1)] : []), recordOf(row)]
      })
    }
  }

  async *readSegments(region: RegionId, afterSegmentNo: number): AsyncIterable<readonly SegmentWrite[]> {
    let last = afterSegmentNo
    for await (const rows of this.#pages<SegmentRow>(READ_SEGMENTS, region, [last], row => [row.segment_no])) {
      yield rows.flatMap(row => {
        const before = last
        last = row.segment_no
        const gap = row.segment_no > before + 1 ? [missingSegments(before + 1, row.segment_no - 1)] : []
        return [...gap, segmentOf(row)]
      })
    }
  }

  async *readSnapshots(region: RegionId): AsyncIterable<readonly SnapshotWrite[]> {
    for await (const rows of this.#pages<SnapshotRow>(READ_SNAPSHOTS, region, [''], row => [row.entity]))
      yield rows.map(snapshotOf)
  }

  async *readCommands(region: RegionId): AsyncIterable<readonly CommandRow[]> {
    const start = [Number.MIN_SAFE_INTEGER, 0]
    const endOf = (row: StoredCommand) => [row.recorded_at_ms, row.position]
    for await (const rows of this.#pages<StoredCommand>(READ_COMMANDS, region, start, endOf))
      yield rows.flatMap(commandsOf)
  }

  async *readOpenTrips(region: RegionId): AsyncIterable<readonly OpenTrip[]> {
    for await (const rows of this.#pages<StoredOpenTrip>(READ_OPEN_TRIPS, region, [''], row => [row.unit_id]))
      yield rows.map(row => ({ unitId: row.unit_id, tripId: row.trip_id }))
  }

  /** All calls that have left memory. */
  async *allClosedCalls(region: RegionId): AsyncIterable<readonly ClosedCall[]> {
    const text = `${PROVEN_CLOSED_CALLS} WHERE c.region = $1 AND c.call_id > $2 ORDER BY c.call_id LIMIT ${CLOSED_AT_ONCE}`
    for await (const rows of this.#pages<ClosedCallRow>(text, region, [''], row => [row.call_id]))
      yield rows.map(closedCallOf)
  }

  async readClosedCalls(region: RegionId, { callIds, tripIds, incidents }: CallNames): Promise<readonly ClosedCall[]> {
    const numbers = [incidents.map(({ year }) => year), incidents.map(({ number }) => number)]
    const { rows } = await this.#client.query<ClosedCallRow>(READ_CLOSED_CALLS, [region, callIds, tripIds, ...numbers])
    return rows.map(closedCallOf)
  }

  async readCallDetails(region: RegionId, callIds: readonly CallId[]): Promise<readonly DetailsRow[]> {
    return (await this.#client.query<StoredDetails>(READ_CALL_DETAILS, [region, callIds])).rows.map(detailsOf)
  }

  async readCallNotes(region: RegionId, callIds: readonly CallId[]): Promise<readonly NoteRow[]> {
    return (await this.#client.query<StoredNote>(READ_CALL_NOTES, [region, callIds])).rows.map(noteOf)
  }

  async readIncidentNumbers(region: RegionId): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.#client.query<{ year: number; last: number }>(READ_INCIDENT_NUMBERS, [region])
    return new Map(rows.map(({ year, last }) => [year, last]))
  }

  /** Which call each trip that has left memory is found by. */
  async closedTrips(region: RegionId): Promise<ReadonlyMap<TripId, CallId>> {
    const { rows } = await this.#client.query<{ trip_id: TripId; call_id: CallId }>(
      'SELECT trip_id, call_id FROM log.closed_trips WHERE region = $1',
      [region],
    )
    return new Map(rows.map(({ trip_id, call_id }) => [trip_id, call_id]))
  }

  /** Commands that are in the log more than once within so long, at most so many. */
  async commandsTwice(
    region: RegionId,
    keptMs: number,
    most: number,
  ): Promise<readonly (StrayCommand & { readonly before: number })[]> {
    const { rows } = await this.#client.query<StrayCommand & { readonly before: number }>(COMMANDS_TWICE, [
      region,
      keptMs,
      most,
    ])
    return rows
  }

  /** Outcomes whose record is not of their command, at most so many. */
  async strayOutcomes(region: RegionId, most: number): Promise<readonly StrayCommand[]> {
    return (await this.#client.query<StrayCommand>(STRAY_OUTCOMES, [region, most])).rows
  }

  /** Whoever only looks writes nothing. */
  refuseSnapshots(): Promise<'durable'> {
    return Promise.resolve('durable')
  }
  putStreamMarks(): Promise<'durable'> {
    return Promise.resolve('durable')
  }

  async *#pages<Row extends pg.QueryResultRow>(
    text: string,
    region: RegionId,
    start: readonly unknown[],
    endOf: (row: Row) => readonly unknown[],
  ): AsyncIterable<readonly Row[]> {
    for (let after = start; ; ) {
      const { rows } = await this.#client.query<Row>(text, [region, ...after])
      const last = rows.at(-1)
      if (last === undefined) return
      yield rows
      after = endOf(last)
    }
  }
}
