/** What is written as its statement takes it: an array for each column. */
import { arrayText, arrayTextOfJson } from '../postgres/array-text.ts'
import { type ClosedCallWrite, ContentRejected, type RecordWrite, type SnapshotWrite } from './journal.ts'

/** The parallel arrays that `log.append_records` takes after the ownership. */
export function recordColumns(batch: readonly RecordWrite[]): string[] {
  const records = batch.map(write => write.record)
  const commands = batch.flatMap(write => write.command ?? [])
  const openTrips = batch.flatMap(write => [
    ...write.closes.map(pair => ({ ...pair, opens: false })),
    ...write.opens.map(pair => ({ ...pair, opens: true })),
  ])
  const calls = batch.flatMap(({ record, callDetails }) =>
    callDetails === null ? [] : { ...callDetails, position: record.position },
  )
  const notes = batch.flatMap(write => write.callNote ?? [])
  const incidents = batch.flatMap(write => write.incident ?? [])
  return [
    arrayText(records.map(record => record.position)),
    arrayText(records.map(record => record.recordedAtMs)),
    arrayText(records.map(record => record.principal)),
    arrayText(records.map(record => record.commandId)),
    arrayText(records.map(record => record.trace)),
    arrayTextOfJson(records.map(record => toJson(record.events))),
    arrayText(commands.map(command => command.principal)),
    arrayText(commands.map(command => command.commandId)),
    arrayText(commands.map(command => command.bodyHash)),
    arrayText(commands.map(command => command.position)),
    arrayText(commands.map(command => command.recordedAtMs)),
    arrayTextOfJson(commands.map(command => toJson(command.result))),
    arrayText(openTrips.map(pair => pair.unitId)),
    arrayText(openTrips.map(pair => pair.tripId)),
    arrayText(openTrips.map(pair => pair.opens)),
    arrayText(calls.map(call => call.callId)),
    arrayText(calls.map(call => call.details.callerName)),
    arrayText(calls.map(call => call.details.phone)),
    arrayText(calls.map(call => call.details.address)),
    arrayText(calls.map(call => call.details.notes)),
    arrayText(calls.map(call => call.position)),
    arrayText(notes.map(({ callId }) => callId)),
    arrayText(notes.map(({ note }) => note.noteNo)),
    arrayText(notes.map(({ note }) => note.by)),
    arrayText(notes.map(({ note }) => note.unitId)),
    arrayText(notes.map(({ note }) => note.atMs)),
    arrayText(notes.map(({ note }) => note.corrects)),
    arrayText(notes.map(({ note }) => note.text)),
    arrayText(incidents.map(({ year }) => year)),
    arrayText(incidents.map(({ number }) => number)),
  ]
}

/** The parallel arrays of `PUT_SNAPSHOTS`. */
export function snapshotColumns(snapshots: readonly SnapshotWrite[]): unknown[][] {
  const rows = newestOfEach(snapshots)
  return [
    rows.map(row => row.entity),
    rows.map(row => row.position),
    rows.map(row => row.segmentNo),
    rows.map(row => toJson(row.state)),
  ]
}

/** The parallel arrays of `PUT_CLOSED_CALLS`, and what the row of the whole set says. */
export function closedColumns(calls: readonly ClosedCallWrite[], whole: SnapshotWrite | null): unknown[] {
  const trips = calls.flatMap(({ callId, tripIds, position }) => tripIds.map(tripId => ({ tripId, callId, position })))
  return [
    calls.map(call => call.callId),
    calls.map(call => call.position),
    calls.map(call => call.incident?.year ?? null),
    calls.map(call => call.incident?.number ?? null),
    calls.map(call => call.receivedAtMs),
    calls.map(call => call.lonDeg),
    calls.map(call => call.latDeg),
    calls.map(call => toJson(call.state)),
    trips.map(({ tripId }) => tripId),
    trips.map(({ callId }) => callId),
    trips.map(({ position }) => position),
    whole?.position ?? null,
    whole === null ? null : toJson(whole.state),
    whole?.segmentNo ?? null,
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
