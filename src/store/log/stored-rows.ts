/**
 * Rows of the journal's tables as Postgres gives them, each proven on its way to what the engine reads.
 *
 * `sound` is the server's word on the checksum: false for a row that is not what was written, null where none stands in
 * it. A row of the latter kind is taken by its form alone.
 */
import type { CallNote } from '../../domain/call-notes.ts'
import type { CallDetails } from '../../domain/commands.ts'
import { NO_DETAILS } from '../../domain/commands.ts'
import type { EntityKey } from '../../domain/entity.ts'
import type { CallId, TripId, UnitId } from '../../domain/ids.ts'
import { areEvents, entitiesNamed } from './event-forms.ts'
import { inWordsOfNow } from './former-words.ts'
import type {
  ClosedCall,
  CommandRow,
  Damage,
  DetailsRow,
  LogRecord,
  NoteRow,
  SegmentWrite,
  SnapshotWrite,
  StoredTable,
} from './journal.ts'

interface Proven {
  readonly sound: boolean | null
}
export interface LogRow extends Proven {
  readonly position: number
  readonly recorded_at_ms: number
  readonly epoch: number
  readonly principal: string
  readonly command_id: string | null
  readonly trace: string | null
  readonly events: string
}
export interface SegmentRow extends Proven {
  readonly segment_no: number
  readonly log_position: number
  readonly first_fixed_at_ms: number
  readonly last_fixed_at_ms: number
  readonly fix_count: number
  readonly codec_version: number
  readonly bytes: Buffer
}
export interface SnapshotRow extends Proven {
  readonly entity: SnapshotWrite['entity']
  readonly position: number
  readonly segment_no: number
  readonly state: string
}
export interface ClosedCallRow extends Proven {
  readonly call_id: CallId
  readonly position: number
  readonly state: string
}
export interface StoredCommand extends Proven {
  readonly principal: string
  readonly command_id: string
  readonly body_hash: string
  readonly position: number
  readonly recorded_at_ms: number
  readonly result: string
  readonly record_principal: string | null
  readonly record_command_id: string | null
}
export interface StoredDetails extends Proven {
  readonly call_id: CallId
  readonly caller_name: string | null
  readonly phone: string | null
  readonly address: string | null
  readonly notes: string | null
}
export interface StoredNote extends Proven {
  readonly call_id: CallId
  readonly note_no: number
  readonly author: string
  readonly unit_id: string | null
  readonly noted_at_ms: number
  readonly corrects: number | null
  readonly text: string
}
export interface StoredOpenTrip {
  readonly unit_id: UnitId
  readonly trip_id: TripId
}

const changed = (table: StoredTable, at: string, entities: readonly EntityKey[] = []): Damage => ({
  table,
  at,
  kind: 'changed',
  rows: 1,
  entities,
})

const missing = (table: StoredTable, name: string, from: number, to: number): Damage => ({
  table,
  at: from === to ? `${name} ${from}` : `${name} ${from} to ${to}`,
  kind: 'missing',
  rows: to - from + 1,
  entities: [],
})

export function recordOf(row: LogRow): LogRecord {
  const events = inWordsOfNow(JSON.parse(row.events))
  const { position, recorded_at_ms, epoch, principal, command_id, trace } = row
  const record = { position, recordedAtMs: recorded_at_ms, epoch, principal, commandId: command_id, trace }
  if (row.sound === true) return { ...record, events: events as LogRecord['events'] }
  if (row.sound === null && areEvents(events)) return { ...record, events }
  return damagedRecord({ ...record, events: events as LogRecord['events'] })
}

/** A record of which only the actors that it names are still told. */
export function damagedRecord(record: LogRecord): LogRecord {
  const damage = changed('log.records', `position ${record.position}`, entitiesNamed(record.events))
  return { damage, ...record, events: [] }
}

/** Stands for records that are not there. */
export function missingRecords(from: number, to: number): LogRecord {
  const rest = { recordedAtMs: 0, epoch: 0, principal: '', commandId: null, trace: null, events: [] }
  return { damage: missing('log.records', 'position', from, to), position: from, ...rest }
}

export function segmentOf(row: SegmentRow): SegmentWrite {
  const segment = {
    segmentNo: row.segment_no,
    logPosition: row.log_position,
    firstFixedAtMs: row.first_fixed_at_ms,
    lastFixedAtMs: row.last_fixed_at_ms,
    fixCount: row.fix_count,
    codecVersion: row.codec_version,
    bytes: row.bytes,
  }
  return row.sound === false ? damagedSegment(segment) : segment
}

/** A segment that cannot be taken, whether its checksum or its form says so. */
export function damagedSegment(segment: SegmentWrite): SegmentWrite {
  const damage = changed('location.segments', `segment_no ${segment.segmentNo}`)
  return { ...segment, damage, bytes: new Uint8Array() }
}

/** Stands for segments that are not there. */
export function missingSegments(from: number, to: number): SegmentWrite {
  const rest = { logPosition: 0, firstFixedAtMs: 0, lastFixedAtMs: 0, fixCount: 0, codecVersion: 0 }
  const damage = missing('location.segments', 'segment_no', from, to)
  return { damage, segmentNo: from, ...rest, bytes: new Uint8Array() }
}

export function snapshotOf({ entity, position, segment_no, state, sound }: SnapshotRow): SnapshotWrite {
  const at = { entity, position, segmentNo: segment_no }
  if (sound === false) return { damage: changed('log.snapshots', `entity ${entity}`), ...at, state: null }
  const snapshot = { ...at, state: JSON.parse(state) as unknown }
  return sound === null ? { ...snapshot, unproven: true } : snapshot
}

/** A row without a checksum is taken by its form, by whoever knows that. */
export function closedCallOf({ call_id, position, state, sound }: ClosedCallRow): ClosedCall {
  if (sound !== false) return { callId: call_id, position, state: JSON.parse(state) as unknown }
  return {
    damage: changed('log.closed_calls', `call_id ${call_id}`, [`call/${call_id}`]),
    callId: call_id,
    position,
    state: null,
  }
}

export function commandsOf(row: StoredCommand): CommandRow[] {
  const { principal, body_hash, position, recorded_at_ms } = row
  const result: unknown = JSON.parse(row.result)
  const command = { principal, commandId: row.command_id, bodyHash: body_hash, position, recordedAtMs: recorded_at_ms }
  const isOutcome = typeof result === 'object' && result !== null && !Array.isArray(result)
  if (row.sound !== false && isOutcome) return [{ ...command, result: result as CommandRow['result'] }]
  const damaged = damagedCommand({ ...command, result: {} })
  const { record_principal, record_command_id } = row
  const isSame = record_principal === principal && record_command_id === row.command_id
  if (record_principal === null || record_command_id === null || isSame) return [damaged]
  // One row, told of once; under its other id it stands for the command all the same.
  const damage = { ...changed('log.commands', `position ${position}`), rows: 0 }
  return [damaged, { ...damaged, damage, principal: record_principal, commandId: record_command_id }]
}

/** A command of which only that it was carried out is still told. */
export function damagedCommand(command: CommandRow): CommandRow {
  return { damage: changed('log.commands', `position ${command.position}`), ...command, result: {} }
}

export function detailsOf({ call_id, caller_name, phone, address, notes, sound }: StoredDetails): DetailsRow {
  if (sound === false) return damagedDetails(call_id)
  const details: CallDetails = { callerName: caller_name, phone, address, notes }
  return { callId: call_id, details }
}

export const damagedDetails = (callId: CallId): DetailsRow => ({
  damage: changed('log.call_details', `call_id ${callId}`),
  callId,
  details: NO_DETAILS,
})

export function noteOf({ call_id, note_no, author, unit_id, noted_at_ms, corrects, text, sound }: StoredNote): NoteRow {
  const note = { noteNo: note_no, by: author, unitId: unit_id, atMs: noted_at_ms, corrects, text }
  return sound === false ? damagedNote(call_id, note) : { callId: call_id, note }
}

/** Its number stands, so that no other note gets it. */
export const damagedNote = (callId: CallId, note: CallNote): NoteRow => ({
  damage: changed('log.call_notes', `call_id ${callId}, note_no ${note.noteNo}`),
  callId,
  note: { ...note, text: null },
})
