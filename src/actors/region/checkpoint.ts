/**
 * Writes snapshots of changed actors while the region works. So a start reads a short log, and a stop has little left to
 * write.
 *
 * A *pass* begins at a position that is durable, goes over all actors, and writes those that have changed since they were
 * last written; a snapshot of the region itself then says that the set is whole up to that position. Only actors at rest
 * are written: all of their events, and all fixes of their streams, are durable. One that is not is looked at again.
 * A second's worth of rows is as many as spread a pass over ten minutes, a few statements of them. Modes: *resting* between two
 * passes, *in a pass*, *closing* (the last pass, as fast as it goes, until its time is over), *stopped*.
 *
 * In all of them calls that are over leave memory (`closed-calls.ts`), between two writes of snapshots: their rows go, and the
 * set has fewer. While nobody knows whether such a write stands nothing else is written: a row that it takes away late must be
 * older than what is missing then.
 */

import type { MachineClock } from '../../base/time.ts'
import type { CallState } from '../../domain/call.ts'
import type { EntityKey } from '../../domain/entity.ts'
import type { CallId, TripId } from '../../domain/ids.ts'
import type { RegionState } from '../../domain/region-state.ts'
import type { Journal, Ownership, SnapshotWrite } from '../../store/log/journal.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { DriverActor } from '../driver/driver-actor.ts'
import type { TripActor } from '../trip/trip-actor.ts'
import type { ClosedCalls } from './closed-calls.ts'
import { LeavingWrites } from './leaving-writes.ts'
import {
  alarmsSnapshot,
  callSnapshot,
  driverSnapshot,
  marksOf,
  regionSnapshot,
  tripSnapshot,
  type WholeAt,
  without,
} from './snapshots.ts'

/** What the checkpoint needs of the region's memory: everything, and where it was last written. */
export interface CheckpointMemory {
  readonly counts: { readonly drivers: number; readonly trips: number; readonly calls: number }
  driverActors(): Iterable<DriverActor>
  tripActors(): Iterable<TripActor>
  tripActor(tripId: TripId): TripActor | undefined
  call(callId: CallId): CallState | undefined
  /** The region's own state, if it has changed since it was last written. */
  readonly unsavedRegion: RegionState | null
  regionSaved(version: number): void
  /** Calls that have changed since they were last written. */
  unsavedCallIds(): Iterable<CallId>
  /** The call was written as it was then. */
  callSaved(call: CallState): void
}

interface CheckpointPorts {
  readonly journal: Pick<Journal, 'putSnapshots' | 'putClosedCalls'>
  readonly memory: CheckpointMemory
  readonly closed: Pick<ClosedCalls, 'next' | 'written' | 'refused' | 'apart'>
  readonly machine: MachineClock
  readonly metrics: Metrics
  readonly log: Logger
  /** Up to where records and segments are durable, and the region time of the last record. */
  readonly durable: () => { readonly position: number; readonly segmentNo: number; readonly lastRecordedAtMs: number }
  /** Something is in quarantine. A snapshot says that every event up to its position is in it; the log must show the next start what does not fit. */
  readonly isHeld: () => boolean
}

const TICK_MS = 1_000
/** From the end of a pass to the beginning of the next. */
const REST_MS = 60_000
const PASS_S = 600
/** Rows of one tick, whatever the size of the region. */
const ROWS_MIN = 50
/** A look at an actor that has not changed costs a tenth of a microsecond: two milliseconds a tick. */
const LOOKS_PER_TICK = 20_000
/** Rows in one statement: some 5 ms of everybody's time to write out as text. */
const ROWS_PER_WRITE = 250
/** Statements of calls that leave memory in one tick: five hundred calls a second. */
const LEAVING_WRITES = 5
/** How long actors that are not at rest are waited for at the close. */
const CLOSE_PAUSE_MS = 10

/** One actor's row, and what is noted once it is stored. */
interface Row {
  readonly write: SnapshotWrite
  readonly saved: () => void
}

/** The actors that are still to be looked at in a pass. Yields null for one that needs no row, or cannot have one yet. */
type Walk = Iterator<Row | null>

export class Checkpoint {
  readonly #ports: CheckpointPorts
  readonly #ownership: Ownership
  readonly #leaving: LeavingWrites
  #wholeAt: WholeAt
  #pass: {
    readonly from: ReturnType<CheckpointPorts['durable']>
    counts: CheckpointMemory['counts']
    readonly walk: Walk
  } | null = null
  /** Met in this pass while they were not at rest. */
  #restless: (() => Row | null | 'restless')[] = []
  #restingUntilMs: number
  #cancel: (() => void) | null = null
  #writing: Promise<boolean> | null = null
  #stopped = false

  constructor(ports: CheckpointPorts, ownership: Ownership, wholeAt: WholeAt) {
    this.#ports = ports
    this.#ownership = ownership
    this.#leaving = new LeavingWrites({ ...ports, durable: () => ports.durable().position }, ownership)
    this.#wholeAt = wholeAt
    // Clients that come back after the start have the loop first.
    this.#restingUntilMs = ports.machine.monotonicMs() + REST_MS
  }

  start(): void {
    this.#cancel = this.#ports.machine.after(TICK_MS, () => {
      void this.#tick().finally(() => {
        if (!this.#stopped) this.start()
      })
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  /**
   * The last pass, until `untilMs` (monotonic). Output: false when its time was over first; what it wrote stands, and the
   * next start reads the log from the set before. Errors: those of the journal. Input: nothing changes any more.
   */
  async close(untilMs: number): Promise<boolean> {
    const { machine } = this.#ports
    this.stop()
    await this.#writing
    if (this.#ports.isHeld()) return false
    if (this.#leaving.isUnsettled && !(await this.#letLeave())) return false
    this.#begin()
    while (this.#pass !== null) {
      if (machine.monotonicMs() >= untilMs) return false
      const { rows } = this.#collect(ROWS_PER_WRITE, Number.POSITIVE_INFINITY)
      if (rows.length === 0 && this.#restless.length > 0) {
        await new Promise<void>(resolve => void machine.after(CLOSE_PAUSE_MS, resolve))
      } else if (!(await this.#write(rows))) return false
    }
    return true
  }

  async #tick(): Promise<void> {
    const { isHeld, log } = this.#ports
    if (isHeld()) return this.#end()
    // What cannot be written now is written in another pass.
    this.#writing = this.#work().catch(error => {
      log.debug({ err: error }, 'snapshots could not be written; trying again in the next pass')
      this.#end()
      return false
    })
    await this.#writing
    this.#writing = null
  }

  /** What one tick writes. Output: false when the region is lost. */
  async #work(): Promise<boolean> {
    const { machine, durable, memory } = this.#ports
    for (let writes = 0; writes < LEAVING_WRITES; writes++) {
      const isOurs = await this.#letLeave()
      if (isOurs === null) break
      if (!isOurs) return false
    }
    if (this.#pass === null) {
      if (machine.monotonicMs() < this.#restingUntilMs) return true
      const { position, segmentNo } = durable()
      if (position === this.#wholeAt.position && segmentNo === this.#wholeAt.segmentNo) return true
      this.#begin()
    }
    const { drivers, trips } = memory.counts
    return this.#writeSome(Math.max(ROWS_MIN, Math.ceil((drivers + trips) / PASS_S)))
  }

  /** Lets some calls leave memory. Output: false when the region is lost, null when there are none. Errors: those of the journal. */
  async #letLeave(): Promise<boolean | null> {
    const left = await this.#leaving.write(this.#wholeAt)
    if (left === null) return null
    if (left === 'fenced') return false
    this.#wholeAt = left.wholeAt
    if (this.#pass !== null) this.#pass.counts = without(this.#pass.counts, left.counts)
    return true
  }

  /** Collects and writes up to so many rows, a statement after the other. Output: false when the region is lost. */
  async #writeSome(rowsMax: number): Promise<boolean> {
    let looksLeft = LOOKS_PER_TICK
    for (let rowsLeft = rowsMax; rowsLeft > 0 && looksLeft > 0; rowsLeft -= ROWS_PER_WRITE) {
      const { rows, looks } = this.#collect(Math.min(ROWS_PER_WRITE, rowsLeft), looksLeft)
      looksLeft -= looks
      if (!(await this.#write(rows))) return false
      if (rows.length === 0) return true
    }
    return true
  }

  #begin(): void {
    this.#restless = []
    const { durable, memory, closed } = this.#ports
    // The pass spreads the actors of now over its time; actors that are made meanwhile are written besides.
    this.#pass = { from: durable(), counts: without(memory.counts, closed.apart), walk: this.#walk() }
  }

  #end(): void {
    this.#pass = null
    this.#restless = []
    this.#restingUntilMs = this.#ports.machine.monotonicMs() + REST_MS
  }

  /** Up to so many rows, of actors as they are now. */
  #collect(rowsMax: number, looksMax: number): { readonly rows: Row[]; readonly looks: number } {
    const rows: Row[] = []
    const again = this.#restless
    this.#restless = []
    for (const look of again) {
      const row = rows.length < rowsMax ? look() : 'restless'
      if (row === 'restless') this.#restless.push(look)
      else if (row !== null) rows.push(row)
    }
    let looks = 0
    for (; looks < looksMax && rows.length < rowsMax; looks++) {
      const { done, value } = this.#pass!.walk.next()
      if (done === true) break
      if (value !== null) rows.push(value)
    }
    return { rows, looks }
  }

  /** Writes the rows, and the region's own when nothing is left to be looked at. Output: false when the region is lost. */
  async #write(rows: readonly Row[]): Promise<boolean> {
    const { journal, machine, metrics } = this.#ports
    const { from, walk } = this.#pass!
    if (rows.length > 0) {
      const startedMs = machine.monotonicMs()
      const outcome = await journal.putSnapshots(
        this.#ownership,
        rows.map(({ write }) => write),
      )
      if (outcome === 'fenced') return false
      metrics.commit('snapshots', (machine.monotonicMs() - startedMs) / 1_000, rows.length)
      for (const { saved } of rows) saved()
      return true
    }
    const next = walk.next()
    if (next.done !== true) {
      // A look that came too late for this statement.
      const { value } = next
      return value === null ? true : this.#write([value])
    }
    if (this.#restless.length > 0) return true
    const { position, segmentNo, lastRecordedAtMs } = from
    const state = regionSnapshot(lastRecordedAtMs, this.#pass!.counts)
    if (
      (await journal.putSnapshots(this.#ownership, [{ entity: 'region', position, segmentNo, state }])) === 'fenced'
    ) {
      return false
    }
    this.#wholeAt = { position, segmentNo, state }
    this.#end()
    return true
  }

  *#walk(): Walk {
    const { memory } = this.#ports
    for (const actor of memory.driverActors()) yield this.#orLater(() => this.#driverRow(actor))
    for (const actor of memory.tripActors()) yield this.#orLater(() => this.#tripRow(actor))
    for (const callId of memory.unsavedCallIds()) yield this.#orLater(() => this.#callRow(callId))
    yield this.#orLater(() => this.#alarmsRow())
  }

  #orLater(look: () => Row | null | 'restless'): Row | null {
    const row = look()
    if (row !== 'restless') return row
    this.#restless.push(look)
    return null
  }

  #driverRow(actor: DriverActor): Row | null | 'restless' {
    const { state, location } = actor
    const marks = marksOf(location)
    if (actor.savedState === state && actor.savedMarks === marks) return null
    if (state.version > this.#ports.durable().position || !location.isAtRest) return 'restless'
    return this.#row(driverSnapshot(state, location), () => {
      actor.savedState = state
      actor.savedMarks = marks
    })
  }

  #tripRow(actor: TripActor): Row | null | 'restless' {
    const { state } = actor
    if (actor.savedState === state || this.#ports.memory.tripActor(state.tripId) !== actor) return null
    if (state.version > this.#ports.durable().position) return 'restless'
    return this.#row(tripSnapshot(state), () => {
      actor.savedState = state
    })
  }

  #callRow(callId: CallId): Row | null | 'restless' {
    const call = this.#ports.memory.call(callId)
    // It has left memory while it waited for a second look.
    if (call === undefined) return null
    if (call.version > this.#ports.durable().position) return 'restless'
    return this.#row(callSnapshot(call), () => this.#ports.memory.callSaved(call))
  }

  #alarmsRow(): Row | null | 'restless' {
    const { memory, durable } = this.#ports
    const region = memory.unsavedRegion
    if (region === null) return null
    if (region.version > durable().position) return 'restless'
    return this.#row(alarmsSnapshot(region), () => memory.regionSaved(region.version))
  }

  #row({ entity, state }: { readonly entity: EntityKey; readonly state: unknown }, saved: () => void): Row {
    const { position, segmentNo } = this.#ports.durable()
    return { write: { entity, position, segmentNo, state }, saved }
  }
}
