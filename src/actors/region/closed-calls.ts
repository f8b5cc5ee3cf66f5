/**
 * Calls that are over leave memory, with their trips: what a region holds depends on what is open, not on what has been.
 *
 * A call leaves when nothing of it has changed for a quarter of an hour, since that is when people still ask for it and crews
 * still report. It is written first, as one row, in the statement that takes its snapshots away (`checkpoint.ts` sees to the
 * order of the two); whoever names it later has it brought back (`waking.ts`). One that came back and has not changed leaves
 * again without being written.
 */
import type { MachineClock } from '../../base/time.ts'
import type { CallState } from '../../domain/call.ts'
import type { CallId, TripId, UnitId } from '../../domain/ids.ts'
import { incidentOf } from '../../domain/incident-no.ts'
import { isEnded, type TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { ClosedCallWrite } from '../../store/log/journal.ts'
import type { TurnFollower } from './followers.ts'
import { closedCallSnapshot } from './snapshots.ts'
import type { Turn } from './turn.ts'

/** What of the region's memory this looks at and lets go. */
interface ClosedMemory {
  call(callId: CallId): CallState | undefined
  trip(tripId: TripId): TripState | undefined
  forgetCall(call: CallState): void
  /** No snapshot has the call or its trips. */
  callUnsaved(call: CallState): void
}

interface ClosedCallsPorts {
  readonly memory: ClosedMemory
  readonly machine: Pick<MachineClock, 'monotonicMs'>
}

export interface ClosedCallsSettings {
  /** How long a call that is over stays in memory after its last change, monotonic; a quarter of an hour unless told. */
  readonly closedKeptMs?: number | undefined
}

const KEPT_MS = 15 * 60_000
/** Calls in one statement: some two milliseconds to write out as text. */
const CALLS_AT_ONCE = 100

interface Leaving {
  readonly call: CallState
  readonly trips: readonly TripState[]
}

/** Calls that are written together, as they were then. */
export interface LeavingCalls {
  readonly leaving: readonly Leaving[]
  readonly rows: readonly ClosedCallWrite[]
  readonly counts: ApartCounts
}

interface ApartCounts {
  readonly calls: number
  readonly trips: number
}

export class ClosedCalls implements TurnFollower {
  readonly #ports: ClosedCallsPorts
  readonly #keptMs: number
  /** Calls that are over, and since when nothing of them has changed; the one that has been quiet longest first. */
  readonly #quiet = new Map<CallId, number>()
  /** Calls in memory that are stored as they are, and of which there are no snapshots; with the number of their trips. */
  readonly #apart = new Map<CallId, number>()

  /** The trips that a unit's own state names, and by how many units each is named: an event of the unit may be one of the trip. */
  readonly #tripsOf = new Map<UnitId, readonly TripId[]>()
  readonly #named = new Map<TripId, number>()

  constructor(ports: ClosedCallsPorts, { closedKeptMs }: ClosedCallsSettings = {}) {
    this.#ports = ports
    this.#keptMs = closedKeptMs ?? KEPT_MS
  }

  /** What of memory is in no snapshot for being stored here. */
  get apart(): ApartCounts {
    let trips = 0
    for (const count of this.#apart.values()) trips += count
    return { calls: this.#apart.size, trips }
  }

  committed(turn: Turn): void {
    for (const callId of turn.calls.keys()) this.#changed(callId)
    for (const { callId } of turn.trips.values()) if (!turn.calls.has(callId)) this.#changed(callId)
    for (const unit of turn.drivers.values()) this.recoverUnit(unit)
  }

  /** A unit as it is now. */
  recoverUnit({ unitId, work, standingDown, takenTrip }: DriverState): void {
    const tripIds = [work?.tripId, standingDown, takenTrip?.tripId].filter(tripId => tripId !== undefined)
    for (const tripId of this.#tripsOf.get(unitId) ?? []) {
      const left = this.#named.get(tripId)! - 1
      if (left === 0) this.#named.delete(tripId)
      else this.#named.set(tripId, left)
    }
    for (const tripId of tripIds) this.#named.set(tripId, (this.#named.get(tripId) ?? 0) + 1)
    if (tripIds.length === 0) this.#tripsOf.delete(unitId)
    else this.#tripsOf.set(unitId, tripIds)
  }

  /** A call that a start has found, and all of its trips. */
  recover({ callId }: CallState): void {
    this.#restamp(callId)
  }

  /** It has come back, as it is stored. */
  cameBack({ callId, tripIds }: CallState): void {
    this.#apart.set(callId, tripIds.length)
    this.#restamp(callId)
  }

  #changed(callId: CallId): void {
    if (this.#apart.delete(callId)) this.#ports.memory.callUnsaved(this.#ports.memory.call(callId)!)
    this.#restamp(callId)
  }

  #restamp(callId: CallId): void {
    this.#quiet.delete(callId)
    if (this.#isOver(callId)) this.#quiet.set(callId, this.#ports.machine.monotonicMs())
  }

  /** Nothing is to happen to the call or its trips any more, unless somebody asks for it. */
  #isOver(callId: CallId): boolean {
    const call = this.#ports.memory.call(callId)
    if (call === undefined || call.state === 'open') return false
    return call.tripIds.every(tripId => {
      const trip = this.#ports.memory.trip(tripId)
      // Of a trip that we do not know nobody can say that it is over.
      return trip !== undefined && isEnded(trip) && trip.alarms.length === 0 && trip.openAlarms.length === 0
    })
  }

  /**
   * Lets those go that are stored already, and answers some that are to be written first; null when there are none. Input: up to
   * where everything is durable.
   */
  next(durable: number): LeavingCalls | null {
    const { memory, machine } = this.#ports
    const quietSinceMs = machine.monotonicMs() - this.#keptMs
    const leaving: Leaving[] = []
    let looked = 0
    for (const [callId, sinceMs] of this.#quiet) {
      if (sinceMs > quietSinceMs || looked === CALLS_AT_ONCE) break
      looked += 1
      const call = memory.call(callId)!
      if (call.tripIds.some(tripId => this.#named.has(tripId))) {
        this.#restamp(callId)
        continue
      }
      if (this.#apart.has(callId)) {
        this.#forget(call)
        continue
      }
      const trips = call.tripIds.map(tripId => memory.trip(tripId)!)
      if ([call, ...trips].some(({ version }) => version > durable)) continue
      leaving.push({ call, trips })
    }
    if (leaving.length === 0) return null
    const rows = leaving.map(each => rowOf(each, durable))
    const trips = leaving.reduce((sum, each) => sum + each.trips.length, 0)
    return { leaving, rows, counts: { calls: leaving.length, trips } }
  }

  /** They are stored, and their snapshots gone: those that are still as they were leave memory. */
  written({ leaving }: Pick<LeavingCalls, 'leaving'>): void {
    const { memory } = this.#ports
    for (const { call, trips } of leaving) {
      const isSame = memory.call(call.callId) === call && trips.every(trip => memory.trip(trip.tripId) === trip)
      if (isSame) this.#forget(call)
      else memory.callUnsaved(memory.call(call.callId)!)
    }
  }

  /** The store does not take them. They are tried again when they would have left for the first time. */
  refused({ leaving }: Pick<LeavingCalls, 'leaving'>): void {
    for (const { call } of leaving) this.#restamp(call.callId)
  }

  /** Lets it go now, where it is stored as it is here; answers whether it was. */
  letGo(call: CallState): boolean {
    if (!this.#apart.has(call.callId)) return false
    this.#forget(call)
    return true
  }

  #forget(call: CallState): void {
    this.#quiet.delete(call.callId)
    this.#apart.delete(call.callId)
    this.#ports.memory.forgetCall(call)
  }
}

function rowOf({ call, trips }: Leaving, position: number): ClosedCallWrite {
  const { callId, tripIds, incidentNo, receivedAtMs, lonDeg, latDeg } = call
  const incident = incidentNo === undefined ? null : incidentOf(incidentNo)
  const state = closedCallSnapshot(call, trips)
  return { callId, tripIds, position, incident, receivedAtMs, lonDeg, latDeg, state }
}
