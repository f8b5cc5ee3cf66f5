/**
 * The port below the log writer: what the engine needs of durable storage, and nothing of how it is kept.
 *
 * Two implementations pass one contract suite: `postgres-journal.ts` and `memory-journal.ts`. Every write carries the
 * ownership it was made under; a journal that has seen a higher epoch (or another incarnation) answers `fenced` and
 * writes nothing. Writes of one lane are made one at a time; the two lanes are independent of each other.
 *
 * Every row is proven when it is read. One that is not what was written, or that is missing from its sequence, comes in
 * its place with `damage` set and nothing of its content: the reader decides what that costs, and goes on.
 */
import type { CallNote } from '../../domain/call-notes.ts'
import type { CallDetails } from '../../domain/commands.ts'
import type { EntityKey } from '../../domain/entity.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { Position } from '../../domain/geo.ts'
import type { CallId, Principal, RegionId, StreamId, TripId, UnitId } from '../../domain/ids.ts'
import type { Incident } from '../../domain/incident-no.ts'

/** A process's right to write a region: raised by one each time a process takes the region. */
export interface Ownership {
  readonly region: RegionId
  readonly epoch: number
  /** Random, so that a promoted replica that lost an epoch is noticed. */
  readonly incarnation: string
}

/** What is durable when a region is taken. Positions and segment numbers start at 1; 0 means none. */
export interface Acquired {
  readonly ownership: Ownership
  readonly logEnd: number
  readonly segmentEnd: number
}

/** Tables whose rows are proven. */
export type StoredTable =
  | 'log.records'
  | 'log.commands'
  | 'log.call_details'
  | 'log.call_notes'
  | 'log.snapshots'
  | 'log.closed_calls'
  | 'log.open_trip'
  | 'location.segments'

/** What is wrong with stored data, and where. */
export interface Damage {
  readonly table: StoredTable
  /** In the table's own words: `position 17`, `segment_no 3 to 5`, `entity driver/A-7`. Never personal data. */
  readonly at: string
  /**
   * `missing`: not there, though its neighbours are. `changed`: not what was written. `beyond-end`: of a position that
   * the log does not reach. `contradiction`: at odds with other rows.
   */
  readonly kind: 'missing' | 'changed' | 'beyond-end' | 'contradiction'
  readonly rows: number
  /** The actors that it names, as far as it can be read; one whose name was changed is not among them. */
  readonly entities: readonly EntityKey[]
}

export interface LogRecord {
  /** The row is damaged, or this stands for a run of missing ones that begins here; there are no events then. */
  readonly damage?: Damage
  readonly position: number
  readonly recordedAtMs: number
  readonly epoch: number
  /** Who caused it; `system` for timers and the engine itself. */
  readonly principal: Principal
  readonly commandId: string | null
  /** W3C traceparent, if the command carried one. */
  readonly trace: string | null
  readonly events: readonly DomainEvent[]
}

/** The durable outcome of a command, found again when its id is repeated. */
export interface CommandRow {
  /** The row is damaged: that the command was carried out is all that is known. */
  readonly damage?: Damage
  readonly principal: Principal
  readonly commandId: string
  /** SHA-256 of the canonical body, 32 bytes as lower-case hex. */
  readonly bodyHash: string
  readonly position: number
  readonly recordedAtMs: number
  readonly result: Readonly<Record<string, unknown>>
}

/** A record with all that must commit with it, or not at all. */
export interface RecordWrite {
  readonly record: LogRecord
  readonly command: CommandRow | null
  /** Rows of `open_trip` that this record deletes, then those that it inserts; inserting a unit twice is a content error. */
  readonly closes: readonly { readonly unitId: UnitId /** Null: whatever it has. */; readonly tripId: TripId | null }[]
  readonly opens: readonly { readonly unitId: UnitId; readonly tripId: TripId }[]
  /** The call's personal data from now on. What it had is kept as a former version. */
  readonly callDetails: { readonly callId: CallId; readonly details: CallDetails } | null
  /** Adding a number that the call has already is a content error. Absent: none was added. */
  readonly callNote?: { readonly callId: CallId; readonly note: CallNote } | null
  /** The number that a call was given; one that is not higher than the last of its year is a content error. Absent: none was given. */
  readonly incident?: Incident | null
}

export interface SegmentWrite {
  /** The row is damaged, or this stands for a run of missing ones that begins here; there are no bytes then. */
  readonly damage?: Damage
  readonly segmentNo: number
  /** Log head when the segment was closed. */
  readonly logPosition: number
  readonly firstFixedAtMs: number
  readonly lastFixedAtMs: number
  readonly fixCount: number
  readonly codecVersion: number
  readonly bytes: Uint8Array
}

export interface SnapshotWrite {
  /** The row is damaged; its state is null then. */
  readonly damage?: Damage
  /** Nothing vouches for the row: it is of before there were checksums, or was mended by hand. */
  readonly unproven?: true
  readonly entity: EntityKey | 'region'
  /** Every event of this entity up to here is in `state`. */
  readonly position: number
  /** Every segment up to here is in `state`. */
  readonly segmentNo: number
  readonly state: unknown
}

/** A call that is over, with all of its trips, as it left memory. */
export interface ClosedCall {
  /** The row is damaged; its state is null then. */
  readonly damage?: Damage
  readonly callId: CallId
  /** Every event of the call and of its trips up to here is in `state`. */
  readonly position: number
  readonly state: unknown
}

export interface ClosedCallWrite extends ClosedCall {
  readonly tripIds: readonly TripId[]
  readonly incident: Incident | null
  readonly receivedAtMs: number
  readonly lonDeg: number
  readonly latDeg: number
}

export interface ClosedPlace extends Position {
  readonly callId: CallId
}

/** Calls by what somebody may know of them. */
export interface CallNames {
  readonly callIds: readonly CallId[]
  readonly tripIds: readonly TripId[]
  readonly incidents: readonly Incident[]
}

/** A command's own name: ids of two principals may be the same. */
export interface CommandName {
  readonly principal: Principal
  readonly commandId: string
}

/** A stream of a unit's fixes. */
export interface StreamName {
  readonly unitId: UnitId
  readonly streamId: StreamId
}

/** How far a stream had come when it left memory. */
export interface StreamMark extends StreamName {
  /** Every fix up to here is stored, or in a recorded hole. */
  readonly durableSeq: number
}

export interface LeavingMark extends StreamMark {
  /** Counts the streams of the unit that left under one ownership: a later one has a higher number. */
  readonly leaveNo: number
}

/** Marks kept of a unit, those of the streams that left last. A new stream every hour makes 41 days of them. */
export const STREAM_MARKS_KEPT = 1_000

export interface DetailsRow {
  /** The row is damaged; its details are all null then. */
  readonly damage?: Damage
  readonly callId: CallId
  readonly details: CallDetails
}

export interface NoteRow {
  /** The row is damaged; its text is null then. */
  readonly damage?: Damage
  readonly callId: CallId
  readonly note: CallNote
}

/** A unit that has a trip, by the table that keeps two of them from having one. */
export interface OpenTrip {
  readonly unitId: UnitId
  readonly tripId: TripId
}

export type WriteOutcome = 'durable' | 'fenced'

/**
 * Connection, lock and resource trouble before anything was sent, or a refusal by the server that wrote nothing:
 * repeat the same write unchanged.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}
/** The connection broke after the statement was sent: the write may or may not stand. Settle, then repeat what is missing. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown'
}
/** The store refuses this content (SQLSTATE class 22 or 23): repeating it can never succeed. */
export class ContentRejected extends Error {
  override readonly name = 'ContentRejected'
}
/**
 * The store itself cannot read a table: a page of it is broken (SQLSTATE XX001, XX002). Repeating it cannot succeed until
 * somebody has mended or restored the database, but other regions may well be read.
 */
export class StoredDataDamaged extends Error {
  override readonly name = 'StoredDataDamaged'
  readonly region: RegionId
  readonly table: StoredTable

  constructor(region: RegionId, table: StoredTable, what: string, options?: ErrorOptions) {
    super(
      `Postgres cannot read ${table} of region ${region}: ${what}. Look with pg_amcheck what else is broken, and ` +
        'restore from a backup; see docs/durability.md.',
      options,
    )
    this.region = region
    this.table = table
  }
}

export interface Journal {
  /**
   * Takes the region: raises its epoch, waiting for any statement in flight of the former owner.
   * Errors: StoreUnavailable.
   */
  acquire(region: RegionId): Promise<Acquired>

  /**
   * Appends a batch in one atomic step; positions must follow the log's end without a gap.
   * Errors: StoreUnavailable, OutcomeUnknown, ContentRejected (also when positions do not follow).
   */
  appendRecords(ownership: Ownership, batch: readonly RecordWrite[]): Promise<WriteOutcome>

  /** Appends the next segment. Errors as `appendRecords`. */
  appendSegment(ownership: Ownership, segment: SegmentWrite): Promise<WriteOutcome>

  /** Puts snapshots; one with a lower position than what is stored is left out. Errors as `appendRecords`. */
  putSnapshots(ownership: Ownership, snapshots: readonly SnapshotWrite[]): Promise<WriteOutcome>

  /**
   * Puts calls that leave memory, and takes away the snapshots of each, and of its trips, that are not newer. `whole` is what the
   * row that makes the set of snapshots whole says from now on, if that row still stands. A call with a lower position than what is stored
   * is left out. Errors as `appendRecords`; written twice it is the same.
   */
  putClosedCalls(
    ownership: Ownership,
    calls: readonly ClosedCallWrite[],
    whole: SnapshotWrite | null,
  ): Promise<WriteOutcome>

  /** Those of these calls that have left memory, each once. Errors: StoreUnavailable. */
  readClosedCalls(region: RegionId, names: CallNames): Promise<readonly ClosedCall[]>

  /** Where the calls are that have left memory and came in since: the newest of them, at most so many. Errors: StoreUnavailable. */
  readClosedPlaces(region: RegionId, sinceMs: number, most: number): Promise<readonly ClosedPlace[]>

  /**
   * Puts the marks of streams that leave memory; a mark never goes back. Of a unit with more than `STREAM_MARKS_KEPT`
   * the others are forgotten, by the next write for it at the latest. Input: each stream once. Errors as `appendRecords`.
   */
  putStreamMarks(ownership: Ownership, marks: readonly LeavingMark[]): Promise<WriteOutcome>

  /** The marks of those of these streams that have one. Errors: StoreUnavailable. */
  readStreamMarks(region: RegionId, streams: readonly StreamName[]): Promise<readonly StreamMark[]>

  /**
   * After an unknown outcome: on a new connection, waits for the commit in flight by locking the owner row, then
   * answers what is durable; null when the ownership is gone. Errors: StoreUnavailable.
   */
  settle(ownership: Ownership): Promise<{ logEnd: number; segmentEnd: number } | null>

  /**
   * All records after `afterPosition`, in order, in chunks; a record or a run of them that is missing before the last one
   * has a place of its own. Errors of all readers: StoreUnavailable, StoredDataDamaged.
   */
  readLog(region: RegionId, afterPosition: number): AsyncIterable<readonly LogRecord[]>
  /** All segments after `afterSegmentNo`, in order, in chunks; missing ones as in `readLog`. */
  readSegments(region: RegionId, afterSegmentNo: number): AsyncIterable<readonly SegmentWrite[]>
  readSnapshots(region: RegionId): AsyncIterable<readonly SnapshotWrite[]>
  /**
   * Commands recorded at or after the given region time. Of a damaged one both ids are told that may be its own: the
   * row's, and that of the record it points at.
   */
  readCommands(region: RegionId, sinceRecordedAtMs: number): AsyncIterable<readonly CommandRow[]>
  /** Those of these commands that were carried out; of a damaged one as `readCommands`. Errors: StoreUnavailable. */
  readCommandsOf(region: RegionId, names: readonly CommandName[]): Promise<readonly CommandRow[]>
  /** Personal data of these calls. Errors: StoreUnavailable. */
  readCallDetails(region: RegionId, callIds: readonly CallId[]): Promise<readonly DetailsRow[]>
  /** Those of one call in the order of their numbers. Errors: StoreUnavailable. */
  readCallNotes(region: RegionId, callIds: readonly CallId[]): Promise<readonly NoteRow[]>
  /** The last number of each year that was given to a call; that of a call that has left memory counts, too. Errors: StoreUnavailable. */
  readIncidentNumbers(region: RegionId): Promise<ReadonlyMap<number, number>>
  readOpenTrips(region: RegionId): AsyncIterable<readonly OpenTrip[]>
  /** Takes away all snapshots of the region, and keeps them apart for whoever looks into it. Errors as `appendRecords`. */
  refuseSnapshots(ownership: Ownership): Promise<WriteOutcome>
  /** Forgets commands recorded before the given region time; answers how many. */
  forgetCommands(ownership: Ownership, beforeRecordedAtMs: number): Promise<number>
  close(): Promise<void>
}
