/**
 * A journal in memory, for tests and the simulation: the same rules as in Postgres, and faults on demand.
 *
 * It outlives the engines that use it, as a database does. Statements of a region run one after another in the order
 * in which they were sent; a stalled region lets none begin, so a takeover or a settling that was sent later waits.
 */
import { randomUUID } from 'node:crypto'
import type { CallDetails } from '../../domain/commands.ts'
import type { CallId, RegionId, StreamId, TripId, UnitId } from '../../domain/ids.ts'
import {
  type Acquired,
  type CommandRow,
  ContentRejected,
  type DetailsRow,
  type Journal,
  type LeavingMark,
  type LogRecord,
  type OpenTrip,
  OutcomeUnknown,
  type Ownership,
  type RecordWrite,
  type SegmentWrite,
  type SnapshotWrite,
  STREAM_MARKS_KEPT,
  type StoredTable,
  StoreUnavailable,
  type StreamMark,
  type StreamName,
  type WriteOutcome,
} from './journal.ts'
import {
  damagedCommand,
  damagedDetails,
  damagedRecord,
  damagedSegment,
  missingRecords,
  missingSegments,
  snapshotOf,
} from './stored-rows.ts'

/**
 * How a write may fail. `unavailable`: nothing was sent. `unknown-lost` and `unknown-kept`: the connection broke after
 * the statement was sent, and it does not, or does, stand. `rejected`: the store refuses the content.
 */
export type MemoryFault = 'unavailable' | 'unknown-lost' | 'unknown-kept' | 'rejected'

/** What may happen to a stored row: it is gone, or no longer what was written. */
export type Harm = 'lost' | 'changed'

interface Region {
  epoch: number
  incarnation: string
  /** Texts, as a database would keep them: nobody can change them afterwards through a shared object. */
  records: string[]
  commands: Map<string, string>
  openTrips: Map<UnitId, TripId>
  callDetails: Map<CallId, CallDetails>
  segments: SegmentWrite[]
  /** Rows that a test has harmed: `log.records 5` and their like. */
  harmed: Map<string, Harm>
  snapshots: Map<string, { position: number; segmentNo: number; text: string }>
  /** By stream, of each unit. */
  streamMarks: Map<UnitId, Map<StreamId, StoredMark>>
}

interface StoredMark extends LeavingMark {
  readonly epoch: number
}

const CHUNK = 5_000
/** An escaped NUL, not a backslash followed by the letters: jsonb cannot hold it. */
const NUL_IN_JSON = /(?<!\\)(?:\\\\)*\\u0000/

export class MemoryJournal implements Journal {
  readonly #regions = new Map<RegionId, Region>()
  readonly #lastStatement = new Map<RegionId, Promise<unknown>>()
  readonly #newIncarnation: () => string
  #faults: MemoryFault[] = []
  #stall: { readonly gate: Promise<void>; readonly open: () => void } | null = null

  constructor(newIncarnation: () => string = randomUUID) {
    this.#newIncarnation = newIncarnation
  }

  /** The next write fails like this; called again, the one after it. */
  failNext(fault: MemoryFault): void {
    this.#faults.push(fault)
  }

  /** Statements that begin from now on wait for `resume`. */
  stall(): void {
    if (this.#stall !== null) return
    let open = (): void => undefined
    const gate = new Promise<void>(resolve => {
      open = resolve
    })
    this.#stall = { gate, open }
  }

  resume(): void {
    this.#stall?.open()
    this.#stall = null
  }

  acquire(region: RegionId): Promise<Acquired> {
    return this.#statement(region, state => {
      state.epoch++
      state.incarnation = this.#newIncarnation()
      return { ownership: { region, epoch: state.epoch, incarnation: state.incarnation }, ...endsOf(state) }
    })
  }

  appendRecords(ownership: Ownership, batch: readonly RecordWrite[]): Promise<WriteOutcome> {
    return this.#write(ownership, state => appendRecords(state, ownership, batch))
  }

  appendSegment(ownership: Ownership, segment: SegmentWrite): Promise<WriteOutcome> {
    return this.#write(ownership, state => {
      const end = endsOf(state).segmentEnd
      if (segment.segmentNo !== end + 1) {
        throw new ContentRejected(`segment ${segment.segmentNo} does not follow the last one, ${end}`)
      }
      return () => {
        for (let lost = end; lost < state.segments.length; lost++) state.harmed.delete(`location.segments ${lost + 1}`)
        state.segments.splice(end)
        state.segments.push({ ...segment, bytes: Buffer.from(segment.bytes) })
      }
    })
  }

  putSnapshots(ownership: Ownership, snapshots: readonly SnapshotWrite[]): Promise<WriteOutcome> {
    return this.#write(ownership, state => {
      const rows = snapshots.map(({ entity, position, segmentNo, state }) => ({
        entity,
        row: { position, segmentNo, text: toJson(state) },
      }))
      return () => {
        for (const { entity, row } of rows) {
          const stored = state.snapshots.get(entity)
          if (stored === undefined || !isOlder(row, stored)) state.snapshots.set(entity, row)
        }
      }
    })
  }

  putStreamMarks(ownership: Ownership, marks: readonly LeavingMark[]): Promise<WriteOutcome> {
    return this.#write(ownership, state => {
      if (marks.some(({ durableSeq }) => durableSeq <= 0)) throw new ContentRejected('a mark of nothing is none')
      return () => {
        for (const mark of marks) putMark(state, { ...mark, epoch: ownership.epoch })
        for (const unitId of new Set(marks.map(mark => mark.unitId))) forgetMarks(state.streamMarks.get(unitId)!)
      }
    })
  }

  async readStreamMarks(region: RegionId, streams: readonly StreamName[]): Promise<readonly StreamMark[]> {
    return this.#statement(region, ({ streamMarks }) =>
      streams.flatMap(({ unitId, streamId }) => {
        const mark = streamMarks.get(unitId)?.get(streamId)
        return mark === undefined ? [] : [{ unitId, streamId, durableSeq: mark.durableSeq }]
      }),
    )
  }

  settle(ownership: Ownership): Promise<{ logEnd: number; segmentEnd: number } | null> {
    return this.#statement(ownership.region, state => (holds(state, ownership) ? endsOf(state) : null))
  }

  /** Harms a stored row, by its position, segment number, entity, call id or command id; not while engines are on it. */
  harm(region: RegionId, table: StoredTable, key: string | number, harm: Harm): void {
    this.#region(region).harmed.set(`${table} ${key}`, harm)
  }

  async *readLog(region: RegionId, afterPosition: number): AsyncIterable<readonly LogRecord[]> {
    const { records, harmed } = this.#region(region)
    const end = endsOf(this.#region(region)).logEnd
    for (let from = afterPosition; from < end; from += CHUNK) {
      const chunk: LogRecord[] = []
      for (let at = from; at < Math.min(from + CHUNK, end); at++) {
        const harm = harmed.get(`log.records ${at + 1}`)
        if (harm === 'lost') {
          if (harmed.get(`log.records ${at}`) === 'lost' && at > from) continue
          chunk.push(missingRecords(at + 1, lastLost(harmed, 'log.records', at + 1)))
        } else {
          const record = JSON.parse(records[at]!) as LogRecord
          chunk.push(harm === undefined ? record : damagedRecord(record))
        }
      }
      yield chunk
    }
  }

  async *readSegments(region: RegionId, afterSegmentNo: number): AsyncIterable<readonly SegmentWrite[]> {
    const { segments, harmed } = this.#region(region)
    const end = endsOf(this.#region(region)).segmentEnd
    for (let from = afterSegmentNo; from < end; from += CHUNK) {
      yield segments.slice(from, Math.min(from + CHUNK, end)).flatMap((segment, i) => {
        const harm = harmed.get(`location.segments ${segment.segmentNo}`)
        if (harm === undefined) return segment
        if (harm === 'changed') return damagedSegment(segment)
        if (i > 0 && harmed.get(`location.segments ${segment.segmentNo - 1}`) === 'lost') return []
        return missingSegments(segment.segmentNo, lastLost(harmed, 'location.segments', segment.segmentNo))
      })
    }
  }

  async *readSnapshots(region: RegionId): AsyncIterable<readonly SnapshotWrite[]> {
    const { snapshots, harmed } = this.#region(region)
    const rows = [...snapshots].flatMap(([entity, { position, segmentNo, text }]) => {
      const row = { entity: entity as SnapshotWrite['entity'], position, segment_no: segmentNo, state: text }
      const harm = harmed.get(`log.snapshots ${entity}`)
      return harm === 'lost' ? [] : [snapshotOf({ ...row, sound: harm === undefined })]
    })
    yield* inChunks(rows)
  }

  async *readCommands(region: RegionId, sinceRecordedAtMs: number): AsyncIterable<readonly CommandRow[]> {
    const { commands, harmed } = this.#region(region)
    const rows = [...commands.values()].flatMap(text => {
      const row = JSON.parse(text) as CommandRow
      const harm = harmed.get(`log.commands ${row.commandId}`)
      return harm === 'lost' ? [] : harm === 'changed' ? [damagedCommand(row)] : [row]
    })
    yield* inChunks(rows.filter(row => row.recordedAtMs >= sinceRecordedAtMs).sort((a, b) => a.position - b.position))
  }

  async *readCallDetails(region: RegionId): AsyncIterable<readonly DetailsRow[]> {
    const { callDetails, harmed } = this.#region(region)
    const rows = [...callDetails].flatMap(([callId, details]) => {
      const harm = harmed.get(`log.call_details ${callId}`)
      return harm === 'lost' ? [] : harm === 'changed' ? [damagedDetails(callId)] : [{ callId, details }]
    })
    yield* inChunks(rows)
  }

  async *readOpenTrips(region: RegionId): AsyncIterable<readonly OpenTrip[]> {
    yield* inChunks([...this.#region(region).openTrips].map(([unitId, tripId]) => ({ unitId, tripId })))
  }

  refuseSnapshots(ownership: Ownership): Promise<WriteOutcome> {
    return this.#write(ownership, state => () => {
      state.snapshots = new Map()
      for (const key of state.harmed.keys()) if (key.startsWith('log.snapshots ')) state.harmed.delete(key)
    })
  }

  forgetCommands(ownership: Ownership, beforeRecordedAtMs: number): Promise<number> {
    return this.#statement(ownership.region, state => {
      if (!holds(state, ownership)) return 0
      const before = state.commands.size
      for (const [key, text] of state.commands) {
        if ((JSON.parse(text) as CommandRow).recordedAtMs < beforeRecordedAtMs) state.commands.delete(key)
      }
      return before - state.commands.size
    })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** `prepare` checks everything and answers the step that makes it stand, so a refused batch leaves nothing. */
  async #write(ownership: Ownership, prepare: (state: Region) => () => void): Promise<WriteOutcome> {
    const fault = this.#faults.shift()
    if (fault === 'unavailable') throw new StoreUnavailable('a fault was asked for: nothing was sent')
    if (fault === 'rejected') throw new ContentRejected('a fault was asked for: content refused')
    const outcome = await this.#statement(ownership.region, (state): WriteOutcome => {
      if (fault === 'unknown-lost') return 'durable'
      if (!holds(state, ownership)) return 'fenced'
      prepare(state)()
      return 'durable'
    })
    if (fault !== undefined) throw new OutcomeUnknown('a fault was asked for: the connection broke')
    return outcome
  }

  #statement<T>(region: RegionId, run: (state: Region) => T): Promise<T> {
    const before = this.#lastStatement.get(region) ?? Promise.resolve()
    const result = before.then(async () => {
      while (this.#stall !== null) await this.#stall.gate
      return run(this.#region(region))
    })
    this.#lastStatement.set(
      region,
      result.catch(() => undefined),
    )
    return result
  }

  #region(region: RegionId): Region {
    let state = this.#regions.get(region)
    if (state === undefined) {
      state = {
        epoch: 0,
        incarnation: '',
        records: [],
        commands: new Map(),
        openTrips: new Map(),
        callDetails: new Map(),
        segments: [],
        harmed: new Map(),
        snapshots: new Map(),
        streamMarks: new Map(),
      }
      this.#regions.set(region, state)
    }
    return state
  }
}

function appendRecords(state: Region, ownership: Ownership, batch: readonly RecordWrite[]): () => void {
  const records: string[] = []
  const commands = new Map<string, string>()
  const openTrips = new Map<UnitId, TripId | null>()
  const callDetails = new Map<CallId, CallDetails>()
  const end = endsOf(state).logEnd
  for (const [i, write] of batch.entries()) {
    const { position } = write.record
    if (position !== end + i + 1) {
      throw new ContentRejected(`position ${position} does not follow the end of the log, ${end + i}`)
    }
    records.push(toJson({ ...write.record, epoch: ownership.epoch }))

    if (write.command !== null) {
      const key = JSON.stringify([write.command.principal, write.command.commandId])
      if (state.commands.has(key) || commands.has(key)) throw new ContentRejected(`command ${key} is stored already`)
      commands.set(key, toJson(write.command))
    }
    const openTripOf = (unitId: UnitId): TripId | null =>
      openTrips.has(unitId) ? openTrips.get(unitId)! : (state.openTrips.get(unitId) ?? null)
    for (const { unitId, tripId } of write.closes) {
      if (tripId === null || openTripOf(unitId) === tripId) openTrips.set(unitId, null)
    }
    for (const { unitId, tripId } of write.opens) {
      const open = openTripOf(unitId)
      if (open !== null) throw new ContentRejected(`unit ${unitId} has the open trip ${open}, so not also ${tripId}`)
      openTrips.set(unitId, tripId)
    }
    if (write.callDetails !== null) {
      const { callId, details } = write.callDetails
      toJson(details)
      callDetails.set(callId, { ...details })
    }
  }
  return () => {
    for (let lost = end; lost < state.records.length; lost++) state.harmed.delete(`log.records ${lost + 1}`)
    state.records.splice(end)
    state.records.push(...records)
    for (const [key, text] of commands) state.commands.set(key, text)
    for (const [unitId, tripId] of openTrips) {
      if (tripId === null) state.openTrips.delete(unitId)
      else state.openTrips.set(unitId, tripId)
    }
    for (const [callId, details] of callDetails) state.callDetails.set(callId, details)
  }
}

function putMark({ streamMarks }: Region, mark: StoredMark): void {
  const marks = streamMarks.get(mark.unitId) ?? new Map<StreamId, StoredMark>()
  streamMarks.set(mark.unitId, marks)
  const durableSeq = Math.max(mark.durableSeq, marks.get(mark.streamId)?.durableSeq ?? 0)
  marks.set(mark.streamId, { ...mark, durableSeq })
}

function forgetMarks(marks: Map<StreamId, StoredMark>): void {
  if (marks.size <= STREAM_MARKS_KEPT) return
  const newestFirst = [...marks.values()].sort((a, b) => b.epoch - a.epoch || b.leaveNo - a.leaveNo)
  for (const { streamId } of newestFirst.slice(STREAM_MARKS_KEPT)) marks.delete(streamId)
}

/** As far as the last row that is not lost. */
function endsOf({ records, segments, harmed }: Region): { logEnd: number; segmentEnd: number } {
  let logEnd = records.length
  while (harmed.get(`log.records ${logEnd}`) === 'lost') logEnd--
  let segmentEnd = segments.length
  while (harmed.get(`location.segments ${segmentEnd}`) === 'lost') segmentEnd--
  return { logEnd, segmentEnd }
}

/** The end of the run of lost rows that begins here. */
function lastLost(harmed: ReadonlyMap<string, Harm>, table: StoredTable, from: number): number {
  let last = from
  while (harmed.get(`${table} ${last + 1}`) === 'lost') last++
  return last
}

const holds = (state: Region, ownership: Ownership): boolean =>
  state.epoch === ownership.epoch && state.incarnation === ownership.incarnation

const isOlder = (
  next: { position: number; segmentNo: number },
  stored: { position: number; segmentNo: number },
): boolean =>
  next.position < stored.position || (next.position === stored.position && next.segmentNo < stored.segmentNo)

function toJson(value: unknown): string {
  const text = JSON.stringify(value)
  if (NUL_IN_JSON.test(text)) throw new ContentRejected('unsupported Unicode escape sequence: \\u0000')
  return text
}

function* inChunks<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < rows.length; from += CHUNK) yield rows.slice(from, from + CHUNK)
}
