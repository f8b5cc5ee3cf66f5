/**
 * A journal in memory, for tests and the simulation: the same rules as in Postgres, and faults on demand.
 *
 * It outlives the engines that use it, as a database does. Statements of a region run one after another in the order
 * in which they were sent; a stalled region lets none begin, so a takeover or a settling that was sent later waits.
 */
import { randomUUID } from 'node:crypto'
import type { CallId, RegionId } from '../../domain/ids.ts'
import {
  type Acquired,
  type CallNames,
  type ClosedCall,
  type ClosedCallWrite,
  type ClosedPlace,
  type CommandName,
  type CommandRow,
  ContentRejected,
  type DetailsRow,
  type Journal,
  type LeavingMark,
  type LogRecord,
  type NoteRow,
  type OpenTrip,
  OutcomeUnknown,
  type Ownership,
  type RecordWrite,
  type SegmentWrite,
  type SnapshotWrite,
  type StoredTable,
  StoreUnavailable,
  type StreamMark,
  type StreamName,
  type WriteOutcome,
} from './journal.ts'
import {
  appendRecords,
  appendSegment,
  endsOf,
  type Harm,
  holds,
  lastLost,
  type MemoryRegion,
  newRegion,
  putClosedCalls,
  putSnapshots,
  putStreamMarks,
  refuseSnapshots,
} from './memory-region.ts'
import {
  closedCallOf,
  damagedCommand,
  damagedDetails,
  damagedNote,
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

const CHUNK = 5_000

export class MemoryJournal implements Journal {
  readonly #regions = new Map<RegionId, MemoryRegion>()
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
    return this.#write(ownership, state => appendSegment(state, segment))
  }

  putSnapshots(ownership: Ownership, snapshots: readonly SnapshotWrite[]): Promise<WriteOutcome> {
    return this.#write(ownership, state => putSnapshots(state, snapshots))
  }

  putClosedCalls(
    ownership: Ownership,
    calls: readonly ClosedCallWrite[],
    whole: SnapshotWrite | null,
  ): Promise<WriteOutcome> {
    return this.#write(ownership, state => putClosedCalls(state, calls, whole))
  }

  async readClosedCalls(region: RegionId, names: CallNames): Promise<readonly ClosedCall[]> {
    return this.#statement(region, ({ closedCalls, harmed }) =>
      [...closedCalls.values()].flatMap(({ callId, tripIds, incident, position, text }) => {
        const isNamed =
          names.callIds.includes(callId) ||
          names.tripIds.some(tripId => tripIds.includes(tripId)) ||
          names.incidents.some(({ year, number }) => year === incident?.year && number === incident.number)
        const harm = harmed.get(`log.closed_calls ${callId}`)
        if (!isNamed || harm === 'lost') return []
        return [closedCallOf({ call_id: callId, position, state: text, sound: harm === undefined })]
      }),
    )
  }

  readClosedPlaces(region: RegionId, sinceMs: number, most: number): Promise<readonly ClosedPlace[]> {
    return this.#statement(region, ({ closedCalls }) =>
      [...closedCalls.values()]
        .filter(({ receivedAtMs }) => receivedAtMs >= sinceMs)
        .sort((a, b) => b.receivedAtMs - a.receivedAtMs)
        .slice(0, most)
        .map(({ callId, lonDeg, latDeg }) => ({ callId, lonDeg, latDeg })),
    )
  }

  putStreamMarks(ownership: Ownership, marks: readonly LeavingMark[]): Promise<WriteOutcome> {
    return this.#write(ownership, state => putStreamMarks(state, ownership, marks))
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

  readCommandsOf(region: RegionId, names: readonly CommandName[]): Promise<readonly CommandRow[]> {
    return this.#statement(region, ({ commands, harmed }) =>
      names.flatMap(({ principal, commandId }) => {
        const text = commands.get(JSON.stringify([principal, commandId]))
        const harm = harmed.get(`log.commands ${commandId}`)
        if (text === undefined || harm === 'lost') return []
        const row = JSON.parse(text) as CommandRow
        return [harm === 'changed' ? damagedCommand(row) : row]
      }),
    )
  }

  readCallDetails(region: RegionId, callIds: readonly CallId[]): Promise<readonly DetailsRow[]> {
    return this.#statement(region, ({ callDetails, harmed }) =>
      callIds.flatMap(callId => {
        const details = callDetails.get(callId)
        const harm = harmed.get(`log.call_details ${callId}`)
        if (details === undefined || harm === 'lost') return []
        return [harm === 'changed' ? damagedDetails(callId) : { callId, details }]
      }),
    )
  }

  readCallNotes(region: RegionId, callIds: readonly CallId[]): Promise<readonly NoteRow[]> {
    return this.#statement(region, ({ callNotes, harmed }) =>
      callIds.flatMap(callId => {
        const harm = harmed.get(`log.call_notes ${callId}`)
        const notes = harm === 'lost' ? [] : [...(callNotes.get(callId)?.values() ?? [])]
        return notes.map(note => (harm === 'changed' ? damagedNote(callId, note) : { callId, note }))
      }),
    )
  }

  readIncidentNumbers(region: RegionId): Promise<ReadonlyMap<number, number>> {
    return this.#statement(region, ({ incidentNumbers, closedCalls }) => {
      const last = new Map(incidentNumbers)
      for (const { incident } of closedCalls.values())
        if (incident !== null) last.set(incident.year, Math.max(incident.number, last.get(incident.year) ?? 0))
      return last
    })
  }

  async *readOpenTrips(region: RegionId): AsyncIterable<readonly OpenTrip[]> {
    yield* inChunks([...this.#region(region).openTrips].map(([unitId, tripId]) => ({ unitId, tripId })))
  }

  refuseSnapshots(ownership: Ownership): Promise<WriteOutcome> {
    return this.#write(ownership, state => refuseSnapshots(state))
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
  async #write(ownership: Ownership, prepare: (state: MemoryRegion) => () => void): Promise<WriteOutcome> {
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

  #statement<T>(region: RegionId, run: (state: MemoryRegion) => T): Promise<T> {
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

  #region(region: RegionId): MemoryRegion {
    let state = this.#regions.get(region)
    if (state === undefined) {
      state = newRegion()
      this.#regions.set(region, state)
    }
    return state
  }
}

function* inChunks<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < rows.length; from += CHUNK) yield rows.slice(from, from + CHUNK)
}
