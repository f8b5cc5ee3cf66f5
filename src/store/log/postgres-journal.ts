/**
 * The journal in Postgres: fence and writes in one statement, over a few connections that all regions share.
 *
 * The server-side functions are in store/functions. Taking, settling and reading open a connection of their own,
 * because the lane's may be the one that is stuck; they wait for each other beyond a few at a time.
 */
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { RegionId } from '../../domain/ids.ts'
import { openClient } from '../postgres/database.ts'
import { readFault, unavailable } from '../postgres/postgres-faults.ts'
import {
  type Acquired,
  type CommandRow,
  ContentRejected,
  type DetailsRow,
  type Journal,
  type LeavingMark,
  type LogRecord,
  type OpenTrip,
  type Ownership,
  type RecordWrite,
  type SegmentWrite,
  type SnapshotWrite,
  STREAM_MARKS_KEPT,
  type StoredTable,
  type StreamMark,
  type StreamName,
  type WriteOutcome,
} from './journal.ts'
import { LanePool } from './lane-pool.ts'
import {
  commandsOf,
  detailsOf,
  type LogRow,
  missingRecords,
  missingSegments,
  recordOf,
  type SegmentRow,
  type SnapshotRow,
  type StoredCommand,
  type StoredDetails,
  type StoredOpenTrip,
  segmentOf,
  snapshotOf,
} from './stored-rows.ts'

/** The most connections of each kind of lane, whatever the number of regions. Together with `OWN_CONNECTIONS` they bound the journal's. */
const LANE_CONNECTIONS = { records: 6, segments: 4, snapshots: 2 } as const
/** Regions that are taken, settled or read at a time, each over a connection of its own. */
const OWN_CONNECTIONS = 6

type LaneName = keyof typeof LANE_CONNECTIONS

const ROWS_PER_CHUNK = 5_000
/** Segments are up to 1.5 MB each. */
const SEGMENTS_PER_CHUNK = 100
/** A deletion holds the fence; a takeover must not wait long for it. */
const COMMANDS_FORGOTTEN_AT_ONCE = 5_000

const APPEND_RECORDS = `SELECT log.append_records(${placeholders(23)}) AS held`
const APPEND_SEGMENT = `SELECT location.append_segment(${placeholders(10)}) AS held`
const FENCE = `f AS MATERIALIZED (
  SELECT 1 FROM log.region_owner WHERE region = $1 AND epoch = $2 AND incarnation = $3 FOR SHARE)`
const PUT_SNAPSHOTS = `WITH ${FENCE}, put AS (
  INSERT INTO log.snapshots AS s (region, entity, position, segment_no, state, checksum)
  SELECT $1, u.entity, u.position, u.segment_no, u.state::jsonb,
    log.snapshot_checksum($1, u.entity, u.position, u.segment_no, u.state::jsonb::text)
  FROM f, unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[]) AS u (entity, position, segment_no, state)
  ON CONFLICT (region, entity) DO UPDATE
  SET position = excluded.position, segment_no = excluded.segment_no, state = excluded.state,
    checksum = excluded.checksum
  WHERE (s.position, s.segment_no) <= (excluded.position, excluded.segment_no))
SELECT count(*) = 1 AS held FROM f`
const REFUSE_SNAPSHOTS = `WITH ${FENCE}, former AS (
  DELETE FROM log.refused_snapshots r USING f WHERE r.region = $1
    AND NOT EXISTS (SELECT 1 FROM log.snapshots s WHERE s.region = $1 AND s.entity = r.entity)),
gone AS (DELETE FROM log.snapshots USING f WHERE region = $1
  RETURNING region, entity, position, segment_no, state, checksum),
kept AS (
  INSERT INTO log.refused_snapshots (region, entity, position, segment_no, state, checksum) SELECT * FROM gone
  ON CONFLICT (region, entity) DO UPDATE SET position = excluded.position, segment_no = excluded.segment_no,
    state = excluded.state, checksum = excluded.checksum, refused_at = now())
SELECT count(*) = 1 AS held FROM f`
const FORGET_COMMANDS = `WITH ${FENCE}, gone AS (
  DELETE FROM log.commands c USING f
  WHERE c.ctid = ANY (ARRAY(
    SELECT ctid FROM log.commands WHERE region = $1 AND recorded_at_ms < $4 LIMIT ${COMMANDS_FORGOTTEN_AT_ONCE}))
  RETURNING 1)
SELECT count(*) AS count FROM gone`

// A statement does not see its own insert, so what is one too many now goes with the next write.
const PUT_STREAM_MARKS = `WITH ${FENCE}, marks AS (
  SELECT * FROM unnest($4::text[], $5::text[], $6::bigint[], $7::bigint[]) AS u (unit_id, stream_id, durable_seq, leave_no)
), put AS (
  INSERT INTO location.stream_marks AS m (region, unit_id, stream_id, durable_seq, epoch, leave_no)
  SELECT $1, u.unit_id, u.stream_id, u.durable_seq, $2, u.leave_no FROM f, marks u
  ON CONFLICT (region, unit_id, stream_id) DO UPDATE
  SET durable_seq = greatest(m.durable_seq, excluded.durable_seq), epoch = excluded.epoch, leave_no = excluded.leave_no
), ranked AS (
  SELECT unit_id, stream_id, row_number() OVER (PARTITION BY unit_id ORDER BY epoch DESC, leave_no DESC) AS place
  FROM location.stream_marks WHERE region = $1 AND unit_id IN (SELECT unit_id FROM marks)
), gone AS (
  DELETE FROM location.stream_marks m USING f, ranked r
  WHERE m.region = $1 AND m.unit_id = r.unit_id AND m.stream_id = r.stream_id AND r.place > ${STREAM_MARKS_KEPT}
    AND (m.unit_id, m.stream_id) NOT IN (SELECT unit_id, stream_id FROM marks))
SELECT count(*) = 1 AS held FROM f`

const READ_STREAM_MARKS = `SELECT m.unit_id, m.stream_id, m.durable_seq
  FROM unnest($2::text[], $3::text[]) AS u (unit_id, stream_id)
  JOIN location.stream_marks m ON m.region = $1 AND m.unit_id = u.unit_id AND m.stream_id = u.stream_id`
// `sound` is null where nothing vouches for the row. The text is made once, for the checksum and for us.
const READ_LOG = `SELECT position, recorded_at_ms, epoch, principal, command_id, trace, t.events,
    checksum = log.record_checksum(region, position, recorded_at_ms, epoch, principal, command_id, trace, t.events)
      AS sound
  FROM log.records r, LATERAL (SELECT r.events::text AS events OFFSET 0) t
  WHERE region = $1 AND position > $2 ORDER BY position LIMIT ${ROWS_PER_CHUNK}`
const READ_SEGMENTS = `SELECT segment_no, log_position, first_fixed_at_ms, last_fixed_at_ms, fix_count, codec_version,
    bytes, checksum = location.segment_checksum(region, segment_no, log_position, first_fixed_at_ms,
      last_fixed_at_ms, fix_count, codec_version, bytes) AS sound
  FROM location.segments WHERE region = $1 AND segment_no > $2 ORDER BY segment_no LIMIT ${SEGMENTS_PER_CHUNK}`
const READ_SNAPSHOTS = `SELECT entity, position, segment_no, t.state,
    checksum = log.snapshot_checksum(region, entity, position, segment_no, t.state) AS sound
  FROM log.snapshots s, LATERAL (SELECT s.state::text AS state OFFSET 0) t
  WHERE region = $1 AND entity > $2 ORDER BY entity LIMIT ${ROWS_PER_CHUNK}`
// A damaged row may have lost the id that it was written under; the record that it points at has it, too.
const READ_COMMANDS = `SELECT c.principal, c.command_id, encode(c.body_hash, 'hex') AS body_hash, c.position,
    c.recorded_at_ms, t.result, t.sound, r.principal AS record_principal, r.command_id AS record_command_id
  FROM log.commands c
  CROSS JOIN LATERAL (SELECT j.result, c.checksum = log.command_checksum(c.region, c.principal, c.command_id,
      c.body_hash, c.position, c.recorded_at_ms, j.result) AS sound
    FROM (SELECT c.result::text AS result OFFSET 0) j OFFSET 0) t
  LEFT JOIN LATERAL (SELECT principal, command_id FROM log.records
    WHERE NOT t.sound AND region = $1 AND position = c.position) r ON true
  WHERE c.region = $1 AND (c.recorded_at_ms, c.position) > ($2, $3)
  ORDER BY c.recorded_at_ms, c.position LIMIT ${ROWS_PER_CHUNK}`
const READ_CALL_DETAILS = `SELECT call_id, caller_name, phone, address, notes,
    checksum = log.call_details_checksum(region, call_id, caller_name, phone, address, notes) AS sound
  FROM log.call_details WHERE region = $1 AND call_id > $2 ORDER BY call_id LIMIT ${ROWS_PER_CHUNK}`
const READ_OPEN_TRIPS = `SELECT unit_id, trip_id
  FROM log.open_trip WHERE region = $1 AND unit_id > $2 ORDER BY unit_id LIMIT ${ROWS_PER_CHUNK}`

/**
 * Each page is the next part of an index. A server that knows nothing yet of a table that was just filled would rather sort
 * all that is left of it, with its checksums, for every page: 24 s for 120,000 records instead of 2.
 */
const ALONG_THE_INDEX = 'SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off'

interface Held {
  readonly held: boolean
}

export class PostgresJournal implements Journal {
  readonly #url: string
  readonly #lanes: Readonly<Record<LaneName, LanePool>>
  #ownConnections = 0
  readonly #waiting: (() => void)[] = []

  /** Connects when it is first used. Input: the URL of a migrated database. */
  constructor(url: string) {
    this.#url = url
    const lane = (name: LaneName) => new LanePool(url, `goldenhour ${name}`, LANE_CONNECTIONS[name])
    this.#lanes = { records: lane('records'), segments: lane('segments'), snapshots: lane('snapshots') }
  }

  async acquire(region: RegionId): Promise<Acquired> {
    const incarnation = randomUUID()
    const [row] = await this.#once<{ epoch: number; log_end: number; segment_end: number }>(
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
    const rows = newestOfEach(snapshots)
    return this.#write('snapshots', ownership, PUT_SNAPSHOTS, [
      rows.map(row => row.entity),
      rows.map(row => row.position),
      rows.map(row => row.segmentNo),
      rows.map(row => toJson(row.state)),
    ])
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
    const rows = await this.#once<StoredMark>(READ_STREAM_MARKS, [region, ...names])
    return rows.map(row => ({
      unitId: row.unit_id,
      streamId: row.stream_id,
      durableSeq: row.durable_seq,
    }))
  }

  async settle({ region, epoch, incarnation }: Ownership): Promise<{ logEnd: number; segmentEnd: number } | null> {
    const [row] = await this.#once<{ log_end: number; segment_end: number }>(
      'SELECT log_end, segment_end FROM log.settle($1, $2, $3)',
      [region, epoch, incarnation],
    )
    return row === undefined ? null : { logEnd: row.log_end, segmentEnd: row.segment_end }
  }

  async *readLog(region: RegionId, afterPosition: number): AsyncIterable<readonly LogRecord[]> {
    const pages = this.#pages<LogRow>('log.records', READ_LOG, region, [afterPosition], row => [row.position])
    let last = afterPosition
    for await (const rows of pages) {
      const records: LogRecord[] = []
      for (const row of rows) {
        if (row.position > last + 1) records.push(missingRecords(last + 1, row.position - 1))
        records.push(recordOf(row))
        last = row.position
      }
      yield records
    }
  }

  async *readSegments(region: RegionId, afterSegmentNo: number): AsyncIterable<readonly SegmentWrite[]> {
    const start = [afterSegmentNo]
    const pages = this.#pages<SegmentRow>('location.segments', READ_SEGMENTS, region, start, row => [row.segment_no])
    let last = afterSegmentNo
    for await (const rows of pages) {
      const segments: SegmentWrite[] = []
      for (const row of rows) {
        if (row.segment_no > last + 1) segments.push(missingSegments(last + 1, row.segment_no - 1))
        segments.push(segmentOf(row))
        last = row.segment_no
      }
      yield segments
    }
  }

  async *readSnapshots(region: RegionId): AsyncIterable<readonly SnapshotWrite[]> {
    const pages = this.#pages<SnapshotRow>('log.snapshots', READ_SNAPSHOTS, region, [''], row => [row.entity])
    for await (const rows of pages) yield rows.map(snapshotOf)
  }

  async *readCommands(region: RegionId, sinceRecordedAtMs: number): AsyncIterable<readonly CommandRow[]> {
    // Positions start at 1, so 0 stands before every command of that very millisecond; before the first one stands what
    // was changed into a time that never was.
    const start = [sinceRecordedAtMs <= 0 ? Number.MIN_SAFE_INTEGER : sinceRecordedAtMs, 0]
    const pages = this.#pages<StoredCommand>('log.commands', READ_COMMANDS, region, start, row => [
      row.recorded_at_ms,
      row.position,
    ])
    for await (const rows of pages) yield rows.flatMap(commandsOf)
  }

  async *readCallDetails(region: RegionId): AsyncIterable<readonly DetailsRow[]> {
    const pages = this.#pages<StoredDetails>('log.call_details', READ_CALL_DETAILS, region, [''], row => [row.call_id])
    for await (const rows of pages) yield rows.map(detailsOf)
  }

  async *readOpenTrips(region: RegionId): AsyncIterable<readonly OpenTrip[]> {
    const pages = this.#pages<StoredOpenTrip>('log.open_trip', READ_OPEN_TRIPS, region, [''], row => [row.unit_id])
    for await (const rows of pages) yield rows.map(row => ({ unitId: row.unit_id, tripId: row.trip_id }))
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

  /** One statement on a connection of its own, of those that may be made again. Errors: StoreUnavailable. */
  async #once<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const client = await this.#openClient()
    try {
      return (await client.query<Row>(text, values as unknown[])).rows
    } catch (error) {
      throw unavailable(error)
    } finally {
      this.#endClient(client)
    }
  }

  /** All pages of a query whose parameters after the region are where the page before ended. */
  async *#pages<Row extends pg.QueryResultRow>(
    table: StoredTable,
    text: string,
    region: RegionId,
    start: readonly unknown[],
    endOf: (row: Row) => readonly unknown[],
  ): AsyncIterable<readonly Row[]> {
    const client = await this.#openClient()
    try {
      await client.query(ALONG_THE_INDEX)
      let after = start
      for (;;) {
        const { rows } = await client.query<Row>({ name: 'page', text, values: [region, ...after] })
        const last = rows[rows.length - 1]
        if (last === undefined) return
        yield rows
        after = endOf(last)
      }
    } catch (error) {
      throw readFault(error, region, table)
    } finally {
      this.#endClient(client)
    }
  }

  /** Waits for its turn; whoever gets it ends it by `#endClient`. Errors: StoreUnavailable. */
  async #openClient(): Promise<pg.Client> {
    if (this.#ownConnections >= OWN_CONNECTIONS) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#ownConnections += 1
    try {
      return await openClient(this.#url, { applicationName: 'goldenhour journal' })
    } catch (error) {
      this.#nextClient()
      throw unavailable(error)
    }
  }

  #endClient(client: pg.Client): void {
    client
      .end()
      .catch(() => undefined)
      .finally(() => this.#nextClient())
  }

  /** A turn is handed on to whoever waits, so the number stays. */
  #nextClient(): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next()
    else this.#ownConnections -= 1
  }
}

interface StoredMark {
  unit_id: string
  stream_id: string
  durable_seq: number
}

/** The parallel arrays that `log.append_records` takes after the ownership. */
function recordColumns(batch: readonly RecordWrite[]): unknown[][] {
  const records = batch.map(write => write.record)
  const commands = batch.flatMap(write => write.command ?? [])
  const openTrips = batch.flatMap(write => [
    ...write.closes.map(pair => ({ ...pair, opens: false })),
    ...write.opens.map(pair => ({ ...pair, opens: true })),
  ])
  const calls = batch.flatMap(write => write.callDetails ?? [])
  return [
    records.map(record => record.position),
    records.map(record => record.recordedAtMs),
    records.map(record => record.principal),
    records.map(record => record.commandId),
    records.map(record => record.trace),
    records.map(record => toJson(record.events)),
    commands.map(command => command.principal),
    commands.map(command => command.commandId),
    commands.map(command => command.bodyHash),
    commands.map(command => command.position),
    commands.map(command => command.recordedAtMs),
    commands.map(command => toJson(command.result)),
    openTrips.map(pair => pair.unitId),
    openTrips.map(pair => pair.tripId),
    openTrips.map(pair => pair.opens),
    calls.map(call => call.callId),
    calls.map(call => call.details.callerName),
    calls.map(call => call.details.phone),
    calls.map(call => call.details.address),
    calls.map(call => call.details.notes),
  ]
}

/** One statement may not touch a row twice. */
function newestOfEach(snapshots: readonly SnapshotWrite[]): SnapshotWrite[] {
  const newest = new Map<string, SnapshotWrite>()
  for (const snapshot of snapshots) {
    const other = newest.get(snapshot.entity)
    const isOlder =
      other !== undefined &&
      (snapshot.position < other.position ||
        (snapshot.position === other.position && snapshot.segmentNo < other.segmentNo))
    if (!isOlder) newest.set(snapshot.entity, snapshot)
  }
  return [...newest.values()]
}

/** As text: pg would turn an array into one of Postgres. Errors: ContentRejected for what JSON cannot say. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    throw new ContentRejected(`This cannot be written as JSON: ${String(error)}`, { cause: error })
  }
}

function placeholders(count: number): string {
  return Array.from({ length: count }, (_, i) => `$${i + 1}`).join(', ')
}
