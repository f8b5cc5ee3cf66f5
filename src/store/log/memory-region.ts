/**
 * What the journal in memory keeps of a region, and the rules of its writes: what Postgres does by functions and keys.
 *
 * A write checks a whole batch and answers what makes it stand, so a batch that is refused leaves nothing.
 */
import type { CallNote } from '../../domain/call-notes.ts'
import type { CallDetails } from '../../domain/commands.ts'
import type { CallId, StreamId, TripId, UnitId } from '../../domain/ids.ts'
import {
  type ClosedCallWrite,
  ContentRejected,
  type LeavingMark,
  type Ownership,
  type RecordWrite,
  type SegmentWrite,
  type SnapshotWrite,
  STREAM_MARKS_KEPT,
  type StoredTable,
} from './journal.ts'

/** What may happen to a stored row: it is gone, or no longer what was written. */
export type Harm = 'lost' | 'changed'

export interface MemoryRegion {
  epoch: number
  incarnation: string
  /** Texts, as a database would keep them: nobody can change them afterwards through a shared object. */
  records: string[]
  commands: Map<string, string>
  openTrips: Map<UnitId, TripId>
  callDetails: Map<CallId, CallDetails>
  /** By number, of each call. */
  callNotes: Map<CallId, Map<number, CallNote>>
  /** The last of each year. */
  incidentNumbers: Map<number, number>
  segments: SegmentWrite[]
  /** Rows that a test has harmed: `log.records 5` and their like. */
  harmed: Map<string, Harm>
  snapshots: Map<string, { position: number; segmentNo: number; text: string }>
  /** By call. */
  closedCalls: Map<CallId, ClosedCallWrite & { readonly text: string }>
  /** By stream, of each unit. */
  streamMarks: Map<UnitId, Map<StreamId, StoredMark>>
}

interface StoredMark extends LeavingMark {
  readonly epoch: number
}

/** An escaped NUL, not a backslash followed by the letters: jsonb cannot hold it. */
const NUL_IN_JSON = /(?<!\\)(?:\\\\)*\\u0000/

export function newRegion(): MemoryRegion {
  return {
    epoch: 0,
    incarnation: '',
    records: [],
    commands: new Map(),
    openTrips: new Map(),
    callDetails: new Map(),
    callNotes: new Map(),
    incidentNumbers: new Map(),
    segments: [],
    harmed: new Map(),
    snapshots: new Map(),
    closedCalls: new Map(),
    streamMarks: new Map(),
  }
}

export function appendRecords(state: MemoryRegion, ownership: Ownership, batch: readonly RecordWrite[]): () => void {
  const records: string[] = []
  const commands = new Map<string, string>()
  const openTrips = new Map<UnitId, TripId | null>()
  const callDetails = new Map<CallId, CallDetails>()
  const incidentNumbers = new Map(state.incidentNumbers)
  const callNotes: { readonly callId: CallId; readonly note: CallNote }[] = []
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
    if (write.incident) {
      const { year, number } = write.incident
      if (number <= (incidentNumbers.get(year) ?? 0))
        throw new ContentRejected(`number ${number} of ${year} was given before`)
      incidentNumbers.set(year, number)
    }
    if (write.callNote) {
      const { callId, note } = write.callNote
      toJson(note)
      const isTaken = callNotes.some(other => other.callId === callId && other.note.noteNo === note.noteNo)
      if (isTaken || state.callNotes.get(callId)?.has(note.noteNo)) {
        throw new ContentRejected(`call ${callId} has note ${note.noteNo} already`)
      }
      callNotes.push({ callId, note: { ...note } })
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
    state.incidentNumbers = incidentNumbers
    for (const { callId, note } of callNotes) {
      const notes = state.callNotes.get(callId) ?? new Map<number, CallNote>()
      state.callNotes.set(callId, notes.set(note.noteNo, note))
    }
  }
}

export function appendSegment(state: MemoryRegion, segment: SegmentWrite): () => void {
  const end = endsOf(state).segmentEnd
  if (segment.segmentNo !== end + 1) {
    throw new ContentRejected(`segment ${segment.segmentNo} does not follow the last one, ${end}`)
  }
  return () => {
    for (let lost = end; lost < state.segments.length; lost++) state.harmed.delete(`location.segments ${lost + 1}`)
    state.segments.splice(end)
    state.segments.push({ ...segment, bytes: Buffer.from(segment.bytes) })
  }
}

export function putSnapshots(region: MemoryRegion, snapshots: readonly SnapshotWrite[]): () => void {
  const rows = snapshots.map(({ entity, position, segmentNo, state }) => ({
    entity,
    row: { position, segmentNo, text: toJson(state) },
  }))
  return () => {
    for (const { entity, row } of rows) {
      const stored = region.snapshots.get(entity)
      if (stored === undefined || !isOlder(row, stored)) region.snapshots.set(entity, row)
    }
  }
}

export function putClosedCalls(
  region: MemoryRegion,
  calls: readonly ClosedCallWrite[],
  whole: SnapshotWrite | null,
): () => void {
  const rows = calls.map(call => ({ ...call, text: toJson(call.state) }))
  const wholeText = whole === null ? '' : toJson(whole.state)
  return () => {
    for (const row of rows) {
      const stored = region.closedCalls.get(row.callId)
      // One that was harmed gives way to any.
      const isHarmed = region.harmed.delete(`log.closed_calls ${row.callId}`)
      const isLater = stored === undefined || stored.position <= row.position
      if (isLater || isHarmed || formOf(stored.text) !== formOf(row.text)) region.closedCalls.set(row.callId, row)
      for (const entity of [`call/${row.callId}`, ...row.tripIds.map(tripId => `trip/${tripId}`)]) {
        if ((region.snapshots.get(entity)?.position ?? Number.POSITIVE_INFINITY) <= row.position)
          region.snapshots.delete(entity)
      }
    }
    const stored = region.snapshots.get('region')
    if (whole === null || stored?.position !== whole.position || stored.segmentNo !== whole.segmentNo) return
    if (callsCounted(stored.text) >= callsCounted(wholeText))
      region.snapshots.set('region', { ...stored, text: wholeText })
  }
}

const formOf = (text: string): unknown => (JSON.parse(text) as { readonly form?: unknown }).form
const callsCounted = (text: string): number =>
  (JSON.parse(text) as { readonly counts?: { readonly calls: number } }).counts?.calls ?? -1

export function putStreamMarks(state: MemoryRegion, ownership: Ownership, marks: readonly LeavingMark[]): () => void {
  if (marks.some(({ durableSeq }) => durableSeq <= 0)) throw new ContentRejected('a mark of nothing is none')
  return () => {
    for (const mark of marks) putMark(state, { ...mark, epoch: ownership.epoch })
    for (const unitId of new Set(marks.map(mark => mark.unitId))) forgetMarks(state.streamMarks.get(unitId)!)
  }
}

export function refuseSnapshots(state: MemoryRegion): () => void {
  return () => {
    state.snapshots = new Map()
    for (const key of state.harmed.keys()) if (key.startsWith('log.snapshots ')) state.harmed.delete(key)
  }
}

function putMark({ streamMarks }: MemoryRegion, mark: StoredMark): void {
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
export function endsOf({ records, segments, harmed }: MemoryRegion): { logEnd: number; segmentEnd: number } {
  let logEnd = records.length
  while (harmed.get(`log.records ${logEnd}`) === 'lost') logEnd--
  let segmentEnd = segments.length
  while (harmed.get(`location.segments ${segmentEnd}`) === 'lost') segmentEnd--
  return { logEnd, segmentEnd }
}

/** The end of the run of lost rows that begins here. */
export function lastLost(harmed: ReadonlyMap<string, Harm>, table: StoredTable, from: number): number {
  let last = from
  while (harmed.get(`${table} ${last + 1}`) === 'lost') last++
  return last
}

export const holds = (state: MemoryRegion, ownership: Ownership): boolean =>
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
