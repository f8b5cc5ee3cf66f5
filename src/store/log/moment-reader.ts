/**
 * What the database has of regions at one moment, to be read only: every statement sees the same rows, while engines go on.
 *
 * The readers are those of the journal, over one connection and one transaction. A transaction that stays open for long keeps
 * Postgres from cleaning up behind it: end it soon.
 */
import type pg from 'pg'
import type { CallId, RegionId, TripId } from '../../domain/ids.ts'
import { PROVEN_ERASURES } from '../age/erasures.ts'
import { AUDITED_ARCHIVES, AUDITED_SEALS } from '../audit/audited-erasures.ts'
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
  StoredTable,
} from './journal.ts'
import {
  ALONG_THE_INDEX,
  PROVEN_CLOSED_CALLS,
  READ_CALL_DETAILS,
  READ_CALL_NOTES,
  READ_CLOSED_CALLS,
  READ_INCIDENT_NUMBERS,
} from './journal-statements.ts'
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
  detailsOf,
  noteOf,
  type StoredDetails,
  type StoredNote,
} from './stored-rows.ts'

const CLOSED_AT_ONCE = 1_000

export interface StoredArchive {
  readonly file: string
  readonly sha256: string
  readonly segments: number
  readonly lastFixedAtMs: number
  /** Segments of it that are in the database, or in another file, as well. */
  readonly twice: number
  readonly isAudited: boolean
}

const PROVEN_ARCHIVES = `SELECT file, sha256, to_no - from_no + 1 AS segments, last_fixed_at_ms AS "lastFixedAtMs",
    (SELECT count(*) FROM location.segments s WHERE s.region = a.region AND s.segment_no BETWEEN a.from_no AND a.to_no)
    + (SELECT count(*) FROM location.archives o WHERE o.region = a.region AND o.from_no <> a.from_no
      AND o.from_no <= a.to_no AND o.to_no >= a.from_no) AS twice
  FROM location.archives a WHERE region = $1 ORDER BY from_no`

/** A run of segments that became tracks. */
export interface StoredPack {
  readonly fromNo: number
  readonly toNo: number
  readonly lastFixedAtMs: number
  /** Segments of it that are there, in a file, or in another run as well. */
  readonly twice: number
  readonly fixes: number
  /** Of its tracks: fixes of those that are as they were written, and how many are there and not so, or not there. */
  readonly soundFixes: number
  readonly unsoundTracks: number
}

const PROVEN_PACKS = `SELECT from_no AS "fromNo", to_no AS "toNo", last_fixed_at_ms AS "lastFixedAtMs", p.fixes,
    ((SELECT count(*) FROM location.segments s WHERE s.region = p.region AND s.segment_no BETWEEN p.from_no AND p.to_no)
    + (SELECT count(*) FROM location.archives o WHERE o.region = p.region AND o.from_no <= p.to_no AND o.to_no >= p.from_no)
    + (SELECT count(*) FROM location.packs o WHERE o.region = p.region AND o.from_no <> p.from_no
      AND o.from_no <= p.to_no AND o.to_no >= p.from_no)) AS twice,
    coalesce(t.fixes, 0)::bigint AS "soundFixes",
    (last_track_no - first_track_no + 1 - coalesce(t.sound, 0))::bigint AS "unsoundTracks"
  FROM location.packs p CROSS JOIN LATERAL (SELECT sum(fix_count) AS fixes, count(*) AS sound FROM location.tracks t
    WHERE t.region = p.region AND t.track_no BETWEEN p.first_track_no AND p.last_track_no
      AND t.checksum = location.track_checksum(t.region, t.unit_id, t.track_no, t.first_fixed_at_ms, t.last_fixed_at_ms,
        t.fix_count, t.codec_version, t.bytes)) t
  WHERE region = $1 ORDER BY from_no`

interface SealedCall {
  readonly callId: CallId
  readonly seal: string
}

export interface StoredErasure {
  readonly callId: CallId
  readonly records: number
  readonly isAsLeft: boolean
  readonly isAudited: boolean
}

interface StrayCommand extends CommandName {
  readonly position: number
}

// The engine's own turns stand under what caused them, which may come again: a position of a trip may be lost twice.
const COMMANDS_TWICE = `SELECT principal, command_id AS "commandId", position, before FROM (
    SELECT principal, command_id, position, recorded_at_ms,
      lag(position) OVER w AS before, lag(recorded_at_ms) OVER w AS before_ms
    FROM log.records WHERE region = $1 AND command_id IS NOT NULL AND principal <> 'system'
    WINDOW w AS (PARTITION BY principal, command_id ORDER BY position)) r
  WHERE before IS NOT NULL AND recorded_at_ms - before_ms < $2 ORDER BY position LIMIT $3`
const STRAY_OUTCOMES = `SELECT c.principal, c.command_id AS "commandId", c.position FROM log.commands c
  LEFT JOIN log.records r ON r.region = c.region AND r.position = c.position
  WHERE c.region = $1 AND (r.command_id IS DISTINCT FROM c.command_id OR r.principal IS DISTINCT FROM c.principal)
  ORDER BY c.position LIMIT $2`

export class MomentReader {
  readonly #client: pg.Client
  #last: Promise<unknown> = Promise.resolve()

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

  /** Within a transaction that is open and stays its owner's: what it has written is seen. Errors: those of pg. */
  static async within(client: pg.Client): Promise<MomentReader> {
    await client.query(ALONG_THE_INDEX)
    return new MomentReader(client)
  }

  end(): Promise<void> {
    return this.#client.end()
  }

  async regions(): Promise<RegionId[]> {
    const { rows } = await this.#ask<{ region: RegionId }>('SELECT region FROM log.region_owner ORDER BY region')
    return rows.map(({ region }) => region)
  }

  async ends(region: RegionId): Promise<{ readonly logEnd: number; readonly segmentEnd: number }> {
    const { rows } = await this.#ask<{ log_end: number; segment_end: number }>(
      'SELECT log.log_end($1) AS log_end, location.segment_end($1) AS segment_end',
      [region],
    )
    return { logEnd: rows[0]!.log_end, segmentEnd: rows[0]!.segment_end }
  }

  // As the journal's.

  readLog(region: RegionId, afterPosition: number): AsyncIterable<readonly LogRecord[]> {
    return logPages(this.#pagesOf(region), afterPosition)
  }

  readSegments(region: RegionId, afterSegmentNo: number): AsyncIterable<readonly SegmentWrite[]> {
    return segmentPages(this.#pagesOf(region), afterSegmentNo)
  }

  readSnapshots(region: RegionId): AsyncIterable<readonly SnapshotWrite[]> {
    return snapshotPages(this.#pagesOf(region))
  }

  readCommands(region: RegionId): AsyncIterable<readonly CommandRow[]> {
    return commandPages(this.#pagesOf(region), 0)
  }

  readOpenTrips(region: RegionId): AsyncIterable<readonly OpenTrip[]> {
    return openTripPages(this.#pagesOf(region))
  }

  /** All calls that have left memory. */
  async *allClosedCalls(region: RegionId): AsyncIterable<readonly ClosedCall[]> {
    const text = `${PROVEN_CLOSED_CALLS} WHERE c.region = $1 AND c.call_id > $2 ORDER BY c.call_id LIMIT ${CLOSED_AT_ONCE}`
    const pages = this.#pagesOf(region)
    for await (const rows of pages<ClosedCallRow>('log.closed_calls', text, [''], row => [row.call_id]))
      yield rows.map(closedCallOf)
  }

  async readClosedCalls(region: RegionId, names: CallNames): Promise<readonly ClosedCall[]> {
    const { rows } = await this.#ask<ClosedCallRow>(READ_CLOSED_CALLS, [region, ...closedNames(names)])
    return rows.map(closedCallOf)
  }

  async readCallDetails(region: RegionId, callIds: readonly CallId[]): Promise<readonly DetailsRow[]> {
    return (await this.#ask<StoredDetails>(READ_CALL_DETAILS, [region, callIds])).rows.map(detailsOf)
  }

  async readCallNotes(region: RegionId, callIds: readonly CallId[]): Promise<readonly NoteRow[]> {
    return (await this.#ask<StoredNote>(READ_CALL_NOTES, [region, callIds])).rows.map(noteOf)
  }

  async readIncidentNumbers(region: RegionId): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.#ask<{ year: number; last: number }>(READ_INCIDENT_NUMBERS, [region])
    return new Map(rows.map(({ year, last }) => [year, last]))
  }

  /** Which call each trip that has left memory is found by. */
  async closedTrips(region: RegionId): Promise<ReadonlyMap<TripId, CallId>> {
    const { rows } = await this.#ask<{ trip_id: TripId; call_id: CallId }>(
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
    const { rows } = await this.#ask<StrayCommand & { readonly before: number }>(COMMANDS_TWICE, [region, keptMs, most])
    return rows
  }

  /** Outcomes whose record is not of their command, at most so many. */
  async strayOutcomes(region: RegionId, most: number): Promise<readonly StrayCommand[]> {
    return (await this.#ask<StrayCommand>(STRAY_OUTCOMES, [region, most])).rows
  }

  /** Erasures of calls, and whether the records that they wrote anew are as they left them, and the audit says so. */
  async erasures(region: RegionId): Promise<readonly StoredErasure[]> {
    const { rows } = await this.#client.query<Omit<StoredErasure, 'isAudited'> & SealedCall>(PROVEN_ERASURES, [region])
    const audited = (await this.#client.query<SealedCall>(AUDITED_SEALS, [region])).rows
    const seals = new Set(audited.map(({ callId, seal }) => `${callId} ${seal}`))
    return rows.map(({ seal, ...row }) => ({ ...row, isAudited: seals.has(`${row.callId} ${seal}`) }))
  }

  /** Files of segments of a region, and whether each is told by the audit, and nothing of it is in the database too. */
  async archives(region: RegionId): Promise<readonly StoredArchive[]> {
    const { rows } = await this.#client.query<StoredArchive>(PROVEN_ARCHIVES, [region])
    const audited = (await this.#client.query<{ sha256: string }>(AUDITED_ARCHIVES, [region])).rows
    const hashes = new Set(audited.map(({ sha256 }) => sha256))
    return rows.map(row => ({ ...row, isAudited: hashes.has(row.sha256) }))
  }

  /** Runs of segments of a region that became tracks, and whether all of those are there and sound. */
  async packs(region: RegionId): Promise<readonly StoredPack[]> {
    return (await this.#client.query<StoredPack>(PROVEN_PACKS, [region])).rows
  }

  /** Whoever only looks writes nothing. */
  refuseSnapshots(): Promise<'durable'> {
    return Promise.resolve('durable')
  }
  putStreamMarks(): Promise<'durable'> {
    return Promise.resolve('durable')
  }

  /** One question at a time: who asks two at once has one connection all the same. */
  #ask<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<pg.QueryResult<Row>> {
    const asked = this.#last.then(() => this.#client.query<Row>(text, [...values]))
    this.#last = asked.catch(() => undefined)
    return asked
  }

  #pagesOf(region: RegionId): PagesOf {
    return <Row extends pg.QueryResultRow>(
      _table: StoredTable,
      text: string,
      start: readonly unknown[],
      endOf: (row: Row) => readonly unknown[],
    ) => pageByPage(async after => (await this.#ask<Row>(text, [region, ...after])).rows, start, endOf)
  }
}
