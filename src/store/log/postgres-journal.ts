/**
 * The journal in Postgres: fence and writes in one statement, over a few connections that all regions share.
 *
 * The server-side functions are in store/functions. Taking, settling and reading open a connection of their own,
 * because the lane's may be the one that is stuck; they wait for each other beyond a few at a time.
 */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { CallId, RegionId } from '../../domain/ids.ts'
import { readFault, unavailable } from '../postgres/postgres-faults.ts'
import type {
  Acquired,
  CallNames,
  ClosedCall,
  ClosedCallWrite,
  ClosedPlace,
  CommandName,
  CommandRow,
  DetailsRow,
  Journal,
  LeavingMark,
  LogRecord,
  NoteRow,
  OpenTrip,
  Ownership,
  RecordWrite,
  SegmentWrite,
  SnapshotWrite,
  StoredTable,
  StreamMark,
  StreamName,
  WriteOutcome,
} from './journal.ts'
import {
  ALONG_THE_INDEX,
  APPEND_RECORDS,
  APPEND_SEGMENT,
  COMMANDS_FORGOTTEN_AT_ONCE,
  FORGET_COMMANDS,
  PUT_CLOSED_CALLS,
  PUT_SNAPSHOTS,
  PUT_STREAM_MARKS,
  READ_CALL_DETAILS,
  READ_CALL_NOTES,
  READ_CLOSED_CALLS,
  READ_CLOSED_PLACES,
  READ_COMMANDS_OF,
  READ_INCIDENT_NUMBERS,
  READ_STREAM_MARKS,
  REFUSE_SNAPSHOTS,
} from './journal-statements.ts'
import { LanePool } from './lane-pool.ts'
import { OwnConnections } from './own-connections.ts'
import { closedColumns, recordColumns, snapshotColumns } from './record-columns.ts'
import {
  closedNames,
  commandPages,
  logPages,
  openTripPages,
  type PagesOf,
  pageByPage,
  segmentPages,
  snapshotPages,
} from './stored-pages.ts'
import {
  type ClosedCallRow,
  closedCallOf,
  commandsOf,
  detailsOf,
  noteOf,
  type StoredCommand,
  type StoredDetails,
  type StoredNote,
} from './stored-rows.ts'

/** The most connections of each kind of lane, whatever the number of regions. Together with `OWN_CONNECTIONS` they bound the journal's. */
const LANE_CONNECTIONS = { records: 6, segments: 4, snapshots: 2, lookups: 2 } as const
/** Regions that are taken, settled or read at a time, each over a connection of its own. */
const OWN_CONNECTIONS = 6

type LaneName = keyof typeof LANE_CONNECTIONS

interface Held {
  readonly held: boolean
}

export class PostgresJournal implements Journal {
  readonly #lanes: Readonly<Record<LaneName, LanePool>>
  readonly #connections: OwnConnections

  /** Connects when it is first used. Input: the URL of a migrated database. */
  constructor(url: string) {
    this.#connections = new OwnConnections(url, OWN_CONNECTIONS)
    const lane = (name: LaneName) => new LanePool(url, `goldenhour ${name}`, LANE_CONNECTIONS[name])
    this.#lanes = {
      records: lane('records'),
      segments: lane('segments'),
      snapshots: lane('snapshots'),
      lookups: lane('lookups'),
    }
  }

  async acquire(region: RegionId): Promise<Acquired> {
    const incarnation = randomUUID()
    const [row] = await this.#connections.once<{ epoch: number; log_end: number; segment_end: number }>(
      'SELECT epoch, log_end, segment_end FROM log.acquire($1, $2)',
      [region, incarnation],
    )
    const { epoch, log_end, segment_end } = row!
    return { ownership: { region, epoch, incarnation }, logEnd: log_end, segmentEnd: segment_end }
  }

  async appendRecords(ownership: Ownership, batch: readonly RecordWrite[]): Promise<WriteOutcome> {
    return this.#write('records', ownership, APPEND_RECORDS, recordColumns(batch))
  }

  async appendSegment(ownership: Ownership, segment: SegmentWrite): Promise<WriteOutcome> {
    const { segmentNo, logPosition, firstFixedAtMs, lastFixedAtMs, fixCount, codecVersion, bytes } = segment
    const values = [segmentNo, logPosition, firstFixedAtMs, lastFixedAtMs, fixCount, codecVersion, bytes]
    return this.#write('segments', ownership, APPEND_SEGMENT, values)
  }

  async putSnapshots(ownership: Ownership, snapshots: readonly SnapshotWrite[]): Promise<WriteOutcome> {
    return this.#write('snapshots', ownership, PUT_SNAPSHOTS, snapshotColumns(snapshots))
  }

  async putClosedCalls(
    ownership: Ownership,
    calls: readonly ClosedCallWrite[],
    whole: SnapshotWrite | null,
  ): Promise<WriteOutcome> {
    return this.#write('snapshots', ownership, PUT_CLOSED_CALLS, closedColumns(calls, whole), 'closed-calls')
  }

  async readClosedCalls(region: RegionId, names: CallNames): Promise<readonly ClosedCall[]> {
    const values = closedNames(names)
    const rows = await this.#lookUp<ClosedCallRow>('log.closed_calls', READ_CLOSED_CALLS, region, values)
    return rows.map(closedCallOf)
  }

  async readClosedPlaces(region: RegionId, sinceMs: number, most: number): Promise<readonly ClosedPlace[]> {
    const values = [Math.ceil(sinceMs), most]
    const rows = await this.#lookUp<StoredPlace>('log.closed_calls', READ_CLOSED_PLACES, region, values)
    return rows.map(row => ({ callId: row.call_id, lonDeg: row.lon_deg, latDeg: row.lat_deg }))
  }

  async putStreamMarks(ownership: Ownership, marks: readonly LeavingMark[]): Promise<WriteOutcome> {
    const columns = [
      marks.map(mark => mark.unitId),
      marks.map(mark => mark.streamId),
      marks.map(mark => mark.durableSeq),
      marks.map(mark => mark.leaveNo),
    ]
    return this.#write('snapshots', ownership, PUT_STREAM_MARKS, columns, 'stream-marks')
  }

  async readStreamMarks(region: RegionId, streams: readonly StreamName[]): Promise<readonly StreamMark[]> {
    const names = [streams.map(({ unitId }) => unitId), streams.map(({ streamId }) => streamId)]
    const rows = await this.#connections.once<StoredMark>(READ_STREAM_MARKS, [region, ...names])
    return rows.map(row => ({
      unitId: row.unit_id,
      streamId: row.stream_id,
      durableSeq: row.durable_seq,
    }))
  }

  async settle({ region, epoch, incarnation }: Ownership): Promise<{ logEnd: number; segmentEnd: number } | null> {
    const [row] = await this.#connections.once<{ log_end: number; segment_end: number }>(
      'SELECT log_end, segment_end FROM log.settle($1, $2, $3)',
      [region, epoch, incarnation],
    )
    return row === undefined ? null : { logEnd: row.log_end, segmentEnd: row.segment_end }
  }

  readLog(region: RegionId, afterPosition: number): AsyncIterable<readonly LogRecord[]> {
    return logPages(this.#pagesOf(region), afterPosition)
  }

  readSegments(region: RegionId, afterSegmentNo: number): AsyncIterable<readonly SegmentWrite[]> {
    return segmentPages(this.#pagesOf(region), afterSegmentNo)
  }

  readSnapshots(region: RegionId): AsyncIterable<readonly SnapshotWrite[]> {
    return snapshotPages(this.#pagesOf(region))
  }

  readCommands(region: RegionId, sinceRecordedAtMs: number): AsyncIterable<readonly CommandRow[]> {
    return commandPages(this.#pagesOf(region), sinceRecordedAtMs)
  }

  async readCommandsOf(region: RegionId, names: readonly CommandName[]): Promise<readonly CommandRow[]> {
    const values = [names.map(({ principal }) => principal), names.map(({ commandId }) => commandId)]
    return (await this.#lookUp<StoredCommand>('log.commands', READ_COMMANDS_OF, region, values)).flatMap(commandsOf)
  }

  async readCallDetails(region: RegionId, callIds: readonly CallId[]): Promise<readonly DetailsRow[]> {
    const rows = await this.#lookUp<StoredDetails>('log.call_details', READ_CALL_DETAILS, region, [callIds])
    return rows.map(detailsOf)
  }

  async readCallNotes(region: RegionId, callIds: readonly CallId[]): Promise<readonly NoteRow[]> {
    return (await this.#lookUp<StoredNote>('log.call_notes', READ_CALL_NOTES, region, [callIds])).map(noteOf)
  }

  async readIncidentNumbers(region: RegionId): Promise<ReadonlyMap<number, number>> {
    const rows = await this.#connections.once<{ year: number; last: number }>(READ_INCIDENT_NUMBERS, [region])
    return new Map(rows.map(({ year, last }) => [year, last]))
  }

  readOpenTrips(region: RegionId): AsyncIterable<readonly OpenTrip[]> {
    return openTripPages(this.#pagesOf(region))
  }

  async refuseSnapshots(ownership: Ownership): Promise<WriteOutcome> {
    return this.#write('snapshots', ownership, REFUSE_SNAPSHOTS, [], 'refuse')
  }

  async forgetCommands({ region, epoch, incarnation }: Ownership, beforeRecordedAtMs: number): Promise<number> {
    const lane = this.#lanes.snapshots
    let forgotten = 0
    for (;;) {
      const values = [region, epoch, incarnation, beforeRecordedAtMs]
      const [row] = await lane
        .write<{ count: number }>('forget', FORGET_COMMANDS, values)
        // What the statement did or not, doing it again is right.
        .catch(error => Promise.reject(unavailable(error)))
      forgotten += row!.count
      if (row!.count < COMMANDS_FORGOTTEN_AT_ONCE) return forgotten
    }
  }

  /** Ends all connections; what is in flight has an unknown outcome, so the writers are stopped before. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#lanes).map(lane => lane.close()))
  }

  /** Input: `statement` names it on its connection, where a lane has more than one. */
  async #write(
    name: LaneName,
    ownership: Ownership,
    text: string,
    values: readonly unknown[],
    statement: string = name,
  ): Promise<WriteOutcome> {
    const { region, epoch, incarnation } = ownership
    const [row] = await this.#lanes[name].write<Held>(statement, text, [region, epoch, incarnation, ...values])
    return row!.held ? 'durable' : 'fenced'
  }

  /** A few rows by their names, over connections that nobody else keeps busy. Errors: StoreUnavailable, StoredDataDamaged. */
  async #lookUp<Row extends pg.QueryResultRow>(
    table: StoredTable,
    text: string,
    region: RegionId,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    try {
      return await this.#lanes.lookups.write<Row>(text === READ_CLOSED_PLACES ? 'places' : table, text, [
        region,
        ...values,
      ])
    } catch (error) {
      throw readFault((error as Error).cause ?? error, region, table)
    }
  }

  #pagesOf(region: RegionId): PagesOf {
    return (table, text, start, endOf) => this.#pages(table, text, region, start, endOf)
  }

  async *#pages<Row extends pg.QueryResultRow>(
    table: StoredTable,
    text: string,
    region: RegionId,
    start: readonly unknown[],
    endOf: (row: Row) => readonly unknown[],
  ): AsyncIterable<readonly Row[]> {
    const client = await this.#connections.open()
    try {
      await client.query(ALONG_THE_INDEX)
      const ask = async (after: readonly unknown[]) =>
        (await client.query<Row>({ name: 'page', text, values: [region, ...after] })).rows
      yield* pageByPage(ask, start, endOf)
    } catch (error) {
      throw readFault(error, region, table)
    } finally {
      this.#connections.end(client)
    }
  }
}

interface StoredPlace {
  call_id: CallId
  lon_deg: number
  lat_deg: number
}

interface StoredMark {
  unit_id: string
  stream_id: string
  durable_seq: number
}
