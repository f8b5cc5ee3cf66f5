/**
 * A log that is written through the journal, as an engine would have written it: by the deciders of the domain, each record with
 * its checksum, its command's outcome and its call's number. What it says is folded on the way, as a start folds it, so the
 * snapshots that an engine would have written can be written too.
 */

import { RecoveringMemory } from '../src/actors/region/recovering-memory.ts'
import {
  alarmsSnapshot,
  callSnapshot,
  closedCallSnapshot,
  driverSnapshot,
  regionSnapshot,
  tripSnapshot,
} from '../src/actors/region/snapshots.ts'
import { type DomainEvent, entitiesOf } from '../src/domain/events.ts'
import type { Fix } from '../src/domain/fix.ts'
import type { CallId, RegionId } from '../src/domain/ids.ts'
import { type Incident, incidentOf } from '../src/domain/incident-no.ts'
import { decodeSegment, SEGMENT_CODEC_VERSION, SegmentEncoder } from '../src/store/location/segment-codec.ts'
import type { ClosedCallWrite, Ownership, RecordWrite } from '../src/store/log/journal.ts'
import type { PostgresJournal } from '../src/store/log/postgres-journal.ts'

const RECORDS_PER_BATCH = 2_000
const SNAPSHOTS_PER_WRITE = 1_000
const CLOSED_PER_WRITE = 500
const FIXES_PER_SEGMENT = 5_000

interface More extends Partial<Pick<RecordWrite, 'opens' | 'incident'>> {
  readonly principal?: string
  /** Of the command that the record is of; without it the engine itself did it. */
  readonly result?: object
}

export class PastLog {
  readonly memory = new RecoveringMemory()
  readonly #journal: PostgresJournal
  readonly #ownership: Ownership
  /** Outcomes of before this have been forgotten. */
  readonly #outcomesFromMs: number
  #batch: RecordWrite[] = []
  #closed: ClosedCallWrite[] = []
  /** What is on its way to the store; the next batch is made meanwhile. */
  #writing: Promise<unknown> = Promise.resolve()
  readonly #encoder = new SegmentEncoder()
  #segmentNo = 0
  position = 0
  #atMs: number
  /** Of region time, from a record to the next. */
  stepMs = 1
  readonly #calls = new Map<number, number>()

  constructor(
    journal: PostgresJournal,
    ownership: Ownership,
    { beginsMs, outcomesFromMs }: { readonly beginsMs: number; readonly outcomesFromMs: number },
  ) {
    this.#journal = journal
    this.#ownership = ownership
    this.#outcomesFromMs = outcomesFromMs
    this.#atMs = beginsMs
  }

  get region(): RegionId {
    return this.#ownership.region
  }

  /** Region time of the last record. */
  get nowMs(): number {
    return Math.round(this.#atMs)
  }

  /** Goes on at another time, with steps of a millisecond. */
  goOn(atMs: number): void {
    this.#atMs = Math.max(this.#atMs, atMs)
    this.stepMs = 1
  }

  /** The number of the next call of its year. */
  nextIncident(): Incident {
    const year = new Date(this.nowMs).getUTCFullYear()
    const number = (this.#calls.get(year) ?? 0) + 1
    this.#calls.set(year, number)
    return { year, number }
  }

  async append(events: readonly DomainEvent[], more: More = {}): Promise<void> {
    const { principal = 'system', result, opens = [], incident = null } = more
    const position = ++this.position
    this.#atMs += this.stepMs
    const recordedAtMs = this.nowMs
    const commandId = result === undefined ? null : `c-${position}`
    const { epoch } = this.#ownership
    const record = { position, recordedAtMs, epoch, principal, commandId, trace: null, events }
    const outcome = { bodyHash: position.toString(16).padStart(64, '0'), position, recordedAtMs }
    const command =
      commandId === null || recordedAtMs < this.#outcomesFromMs
        ? null
        : { principal, commandId, ...outcome, result: { ...result } as Record<string, unknown> }
    for (const event of events)
      for (const entity of entitiesOf(event)) this.memory.evolve(entity, event, { position, recordedAtMs })
    this.#batch.push({ record, command, closes: [], opens, callDetails: null, incident })
    if (this.#batch.length >= RECORDS_PER_BATCH) await this.flush()
  }

  /** A call that is over leaves memory. */
  async leave(callId: CallId): Promise<void> {
    const call = this.memory.calls.get(callId)!
    const trips = call.tripIds.map(tripId => this.memory.trips.get(tripId)!)
    for (const tripId of call.tripIds) this.memory.trips.delete(tripId)
    this.memory.calls.delete(callId)
    const { tripIds, incidentNo, receivedAtMs, lonDeg, latDeg } = call
    const incident = incidentNo === undefined ? null : incidentOf(incidentNo)
    const place = { receivedAtMs, lonDeg, latDeg }
    const state = closedCallSnapshot(call, trips)
    this.#closed.push({ callId, tripIds, position: this.position, incident, ...place, state })
    if (this.#closed.length >= CLOSED_PER_WRITE) await this.flush()
  }

  /** Resolves when what was appended is on its way, and all before it stands. */
  async flush(): Promise<void> {
    const [batch, closed] = [this.#batch, this.#closed]
    this.#batch = []
    this.#closed = []
    await this.#writing
    const write = async () => {
      if (batch.length > 0) await this.#journal.appendRecords(this.#ownership, batch)
      if (closed.length > 0) await this.#journal.putClosedCalls(this.#ownership, closed, null)
    }
    this.#writing = write()
    // It is awaited by the next flush; until then nobody would hear of a failure.
    this.#writing.catch(() => undefined)
  }

  async fix(unitId: string, streamId: string, fix: Fix): Promise<void> {
    this.#encoder.add(unitId, streamId, fix, 0)
    if (this.#encoder.fixCount >= FIXES_PER_SEGMENT) await this.endSegment()
  }

  async endSegment(): Promise<void> {
    if (this.#encoder.fixCount === 0) return
    const { bytes, fixCount, firstFixedAtMs, lastFixedAtMs } = this.#encoder.finish()
    // As they are read: places have been rounded.
    for (const { unitId, streamId, fix, flags } of decodeSegment(bytes))
      this.memory.location(unitId).replay(streamId, fix, flags)
    const segment = {
      segmentNo: ++this.#segmentNo,
      logPosition: this.position,
      firstFixedAtMs,
      lastFixedAtMs,
      fixCount,
    }
    await this.#journal.appendSegment(this.#ownership, { ...segment, bytes, codecVersion: SEGMENT_CODEC_VERSION })
  }

  /** A whole set of snapshots as of now. */
  async writeSnapshots(): Promise<void> {
    await this.end()
    const { drivers, trips, calls, regions } = this.memory
    const at = { position: this.position, segmentNo: this.#segmentNo }
    let some: { entity: ReturnType<typeof tripSnapshot>['entity']; state: unknown }[] = []
    const write = async () => {
      await this.#journal.putSnapshots(
        this.#ownership,
        some.map(snapshot => ({ ...snapshot, ...at })),
      )
      some = []
    }
    const put = async (snapshot: (typeof some)[number]) => {
      some.push(snapshot)
      if (some.length >= SNAPSHOTS_PER_WRITE) await write()
    }
    for (const state of drivers.values()) await put(driverSnapshot(state, this.memory.location(state.unitId)))
    for (const state of trips.values()) await put(tripSnapshot(state))
    for (const state of calls.values()) await put(callSnapshot(state))
    for (const state of regions.values()) await put(alarmsSnapshot(state))
    await write()
    const counts = { drivers: drivers.size, trips: trips.size, calls: calls.size }
    const state = regionSnapshot(this.nowMs, counts)
    await this.#journal.putSnapshots(this.#ownership, [{ entity: 'region', ...at, state }])
  }

  /** Resolves when all of it stands. Errors: Error when an event did not fit what came before it. */
  async end(): Promise<void> {
    await this.flush()
    await this.endSegment()
    await this.#writing
    for (const { message } of this.memory.quarantine.reasons())
      throw new Error(`The log that was made up is none: ${message}`)
  }
}
