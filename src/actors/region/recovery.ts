/**
 * Memory rebuilt from what is durable: the newest whole set of snapshots, the records after it, the segments after it.
 *
 * The same `evolve` and the same rule of order that ran when the events were new run here, so a rebuilt actor is equal
 * to the one that was lost. Without a whole set of snapshots the log is replayed from its beginning. An entity whose
 * events contradict each other is held as it was before the one that did not fit; all others go on. So it is with stored
 * rows that are damaged: whoever one names is held as of before it, a segment is left out, a set of snapshots that has one
 * is refused, and what is damaged is told.
 */
import type { CallState } from '../../domain/call.ts'
import type { EntityKey } from '../../domain/entity.ts'
import { entitiesOf } from '../../domain/events.ts'
import type { CallId, TripId, UnitId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { Acquired, Journal } from '../../store/log/journal.ts'
import type { DriverLocation } from '../driver/location.ts'
import type { RecoveryProgress } from '../region-handle.ts'
import { type CallTexts, readTexts } from './call-texts.ts'
import { contradictions } from './cross-check.ts'
import type { DamageReport } from './damage.ts'
import { Outcomes, type OutcomesSettings } from './idempotency.ts'
import type { Quarantine } from './quarantine.ts'
import { callsBeside, callsOfPage, callsOfSnapshots } from './recovered-calls.ts'
import { RecoveringMemory } from './recovering-memory.ts'
import { rowsOf } from './segment-rows.ts'
import { SnapshotsRead } from './snapshot-forms.ts'
import type { RegionSnapshot, WholeAt } from './snapshots.ts'
import type { States } from './turn.ts'

/** Streams that have left memory before their marks are written: about 1 MB of them. */
const LEAVING_MAX = 5_000
const MARKS_AT_ONCE = 500

/** What a region is rebuilt from; the writes are of what is found on the way. */
export type RecoveryJournal = Pick<
  Journal,
  | 'readLog'
  | 'readSegments'
  | 'readSnapshots'
  | 'readCommands'
  | 'readOpenTrips'
  | 'readClosedCalls'
  | 'readCallDetails'
  | 'readCallNotes'
  | 'readIncidentNumbers'
  | 'refuseSnapshots'
  | 'putStreamMarks'
>

export interface Recovered {
  readonly acquired: Acquired
  readonly drivers: ReadonlyMap<UnitId, DriverState>
  readonly trips: ReadonlyMap<TripId, TripState>
  readonly calls: ReadonlyMap<CallId, CallState>
  readonly region: ReturnType<RecoveringMemory['regionState']>
  readonly locations: ReadonlyMap<UnitId, DriverLocation>
  readonly texts: CallTexts
  /** The last number of each year that the store has given to a call. */
  readonly lastNumbers: ReadonlyMap<number, number>
  readonly outcomes: Outcomes
  readonly lastRecordedAtMs: number
  readonly quarantine: Quarantine
  readonly damage: DamageReport
  /** The first event that this version does not know; what concerns it is not as the log has it. */
  readonly later: RecoveringMemory['later']
  /** What the set of snapshots had, that recovery started from; nothing where there was none. */
  readonly saved: SavedSet
}

interface SavedSet {
  readonly wholeAt: WholeAt
  readonly positions: ReadonlyMap<EntityKey, number>
  /** `marksOf` of each unit's snapshot. */
  readonly marks: ReadonlyMap<UnitId, number>
}

/** Rebuilds a region that was just acquired. `onProgress` hears how far it is. Errors: StoreUnavailable, StoredDataDamaged; those of a write. */
export async function recover(
  journal: RecoveryJournal,
  acquired: Acquired,
  onProgress: (progress: RecoveryProgress) => void = () => {},
  bounds: OutcomesSettings = {},
): Promise<Recovered> {
  const recovered = await recoverUnchecked(journal, acquired, onProgress, bounds)
  await crossCheck(journal, recovered)
  return recovered
}

/** As `recover`, without asking whether the actors fit each other and the table of open trips as it is now. */
export async function recoverUnchecked(
  journal: RecoveryJournal,
  acquired: Acquired,
  onProgress: (progress: RecoveryProgress) => void = () => {},
  bounds: OutcomesSettings = {},
): Promise<Recovered> {
  const source = { journal, acquired, onProgress, bounds }
  onProgress({ step: 'snapshots', done: 0, of: null })
  const { memory, start } = await readSnapshots(journal, acquired)
  const { damage } = memory
  const saved = { wholeAt: start, positions: new Map(memory.snapshotPositions), marks: memory.snapshotMarks }
  await callsOfSnapshots(journal, acquired, memory)
  await replayRecords(source, start.position, memory)
  await replaySegments(source, start.segmentNo, memory)
  await callsBeside(journal, acquired, memory)
  const texts = await readTexts(journal, acquired.ownership.region, [...memory.calls.keys()], damage)
  const lastNumbers = await journal.readIncidentNumbers(acquired.ownership.region)
  const outcomes = await readOutcomes(source, damage)
  const { drivers, trips, calls, locations, lastRecordedAtMs, quarantine } = memory
  return {
    acquired,
    drivers,
    trips,
    calls,
    region: memory.regionState(acquired.ownership.region),
    locations,
    texts,
    lastNumbers,
    outcomes,
    lastRecordedAtMs,
    quarantine,
    damage,
    later: memory.later,
    saved,
  }
}

/** Where a region is read from, and who hears how far it is. */
interface Source {
  readonly journal: RecoveryJournal
  readonly acquired: Acquired
  readonly onProgress: (progress: RecoveryProgress) => void
  readonly bounds: OutcomesSettings
}

async function replayRecords(
  { journal, acquired, onProgress }: Source,
  after: number,
  memory: RecoveringMemory,
): Promise<void> {
  for await (const records of journal.readLog(acquired.ownership.region, after)) {
    await callsOfPage(journal, acquired, memory, records)
    for (const record of records) {
      if (record.damage !== undefined) {
        memory.holdNamed(record.damage, record.position)
        continue
      }
      memory.noteLater(record)
      const meta = { position: record.position, recordedAtMs: record.recordedAtMs }
      for (const event of record.events) {
        // Before the segments: a hole must not make its stream look younger than the one that goes on.
        if (event.type === 'FixHoleRecorded' && memory.isAfterSnapshot(event.entity, record.position)) {
          const location = memory.location(event.unitId)
          location.skipHole(event.streamId, event.toSeq)
          if (location.hasLeaving) memory.unitsLeft.add(event.unitId)
        }
        for (const entity of entitiesOf(event)) {
          if (memory.isAfterSnapshot(entity, record.position)) memory.evolve(entity, event, meta)
        }
      }
      memory.lastRecordedAtMs = record.recordedAtMs
    }
    await forgetLeft(journal, acquired, memory)
    const { position } = records.at(-1)!
    onProgress({ step: 'log', done: position - after, of: acquired.logEnd - after })
  }
}

async function replaySegments(
  { journal, acquired, onProgress }: Source,
  after: number,
  memory: RecoveringMemory,
): Promise<void> {
  for await (const segments of journal.readSegments(acquired.ownership.region, after)) {
    for (const segment of segments) {
      // What a damaged one would have told of its streams the next ones tell, too. After the last one its clients send
      // again from the mark before it, and what they no longer hold is recorded as a hole.
      for (const { unitId, streamId, fix, flags } of rowsOf(segment, memory.damage)) {
        if (!memory.isAfterSegment(unitId, segment.segmentNo)) continue
        const location = memory.location(unitId)
        location.replay(streamId, fix, flags)
        if (location.hasLeaving) memory.unitsLeft.add(unitId)
      }
    }
    await forgetLeft(journal, acquired, memory)
    const { segmentNo } = segments.at(-1)!
    onProgress({ step: 'fixes', done: segmentNo - after, of: acquired.segmentEnd - after })
  }
}

async function readOutcomes(
  { journal, acquired, onProgress, bounds }: Source,
  damage: DamageReport,
): Promise<Outcomes> {
  const outcomes = new Outcomes(bounds)
  let done = 0
  // All that the table still has, also what is due to be forgotten: an id that is only there could not be written again.
  for await (const rows of journal.readCommands(acquired.ownership.region, 0)) {
    for (const { principal, commandId, damage: found, ...outcome } of rows) {
      if (found !== undefined) damage.note(found)
      if (found === undefined) outcomes.remember(principal, commandId, outcome)
      else outcomes.rememberDamaged(principal, commandId, outcome)
    }
    outcomes.letGo(acquired.logEnd)
    done += rows.length
    onProgress({ step: 'outcomes', done, of: null })
  }
  return outcomes
}

async function crossCheck(
  journal: RecoveryJournal,
  { acquired, quarantine, damage, ...states }: Recovered,
): Promise<void> {
  const openTrips = new Map<UnitId, TripId>()
  for await (const rows of journal.readOpenTrips(acquired.ownership.region)) {
    for (const { unitId, tripId } of rows) openTrips.set(unitId, tripId)
  }
  const lookUp: States = {
    driver: unitId => states.drivers.get(unitId),
    trip: tripId => states.trips.get(tripId),
    call: callId => states.calls.get(callId),
    region: () => states.region,
  }
  for (const { entity, why } of contradictions({ ...states, ...lookUp, quarantine }, openTrips)) {
    quarantine.hold({ entity, message: `${entity} is at odds with stored data: ${why}` })
    damage.note({ table: 'log.records', at: entity, kind: 'contradiction', rows: 1, entities: [entity] })
  }
}

/**
 * Streams that left memory on the way are forgotten once there are many: a region's whole history may have millions.
 * Errors: those of the journal.
 */
async function forgetLeft(
  journal: RecoveryJournal,
  { ownership }: Acquired,
  { unitsLeft, locations }: RecoveringMemory,
): Promise<void> {
  const left = [...unitsLeft].flatMap(unitId => {
    const location = locations.get(unitId)!
    return location.leaving.map(stream => ({ unitId, location, stream }))
  })
  if (left.length < LEAVING_MAX) return
  for (let from = 0; from < left.length; from += MARKS_AT_ONCE) {
    const some = left.slice(from, from + MARKS_AT_ONCE)
    const rows = some.map(({ unitId, location, stream }) => location.leavingMark(unitId, stream))
    // Another engine has the region: what this one rebuilds will be dropped at its first write.
    if ((await journal.putStreamMarks(ownership, rows)) === 'fenced') return
    for (const { location, stream } of some) location.forget(stream)
  }
  unitsLeft.clear()
}

/**
 * Takes the snapshots in, if they are a whole set and all of the form we know; answers from where log and segments are
 * read. Rows of two forms stand side by side when an engine of another version was cut off while it wrote its set. A set
 * that is damaged is refused for good: what is written from now on could make it look true.
 */
async function readSnapshots(journal: RecoveryJournal, acquired: Acquired): Promise<SnapshotStart> {
  const memory = new RecoveringMemory()
  const read = new SnapshotsRead(acquired)
  for await (const snapshots of journal.readSnapshots(acquired.ownership.region)) {
    for (const snapshot of snapshots) {
      const { entity } = snapshot
      if (read.saw(snapshot) && entity !== 'region') memory.takeSnapshot(entity, snapshot)
    }
  }
  const damages = read.damages()
  const { whole } = read
  if (damages.length === 0 && whole !== null) {
    const state = whole.state as RegionSnapshot
    memory.lastRecordedAtMs = state.lastRecordedAtMs
    return { memory, start: { position: whole.position, segmentNo: whole.segmentNo, state } }
  }
  // What was taken in on the way is of no use.
  const empty = new RecoveringMemory()
  for (const damage of damages) empty.damage.note(damage)
  if (damages.length > 0) await journal.refuseSnapshots(acquired.ownership)
  return { memory: empty, start: FROM_THE_BEGINNING }
}

interface SnapshotStart {
  readonly memory: RecoveringMemory
  readonly start: WholeAt
}

const FROM_THE_BEGINNING: WholeAt = { position: 0, segmentNo: 0, state: null }
