/**
 * The states of a region while it is rebuilt: snapshots are taken in, events folded on top of them, and whoever an event
 * does not fit, or a damaged record names, is held as it was before.
 */
import type { CallState } from '../../domain/call.ts'
import type { EventMeta } from '../../domain/decision.ts'
import { byKind, type EntityKey, kindOf } from '../../domain/entity.ts'
import { type DomainEvent, isRelease } from '../../domain/events.ts'
import type { CallId, RegionId, TripId, UnitId } from '../../domain/ids.ts'
import { quietRegion, type RegionState } from '../../domain/region-state.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { Damage, LogRecord, SnapshotWrite } from '../../store/log/journal.ts'
import { DriverLocation } from '../driver/location.ts'
import { DamageReport } from './damage.ts'
import { type LaterEvent, laterEventIn } from './later-events.ts'
import { EventRejected, Quarantine } from './quarantine.ts'
import { type AlarmsSnapshot, type CallSnapshot, type DriverSnapshot, marksOf, type TripSnapshot } from './snapshots.ts'
import { evolveEntity, type States } from './turn.ts'

/** Rejected events that are kept as errors, with their stacks. */
const STACKS_MAX = 100

export class RecoveringMemory implements States {
  readonly drivers = new Map<UnitId, DriverState>()
  readonly trips = new Map<TripId, TripState>()
  readonly calls = new Map<CallId, CallState>()
  readonly regions = new Map<RegionId, RegionState>()
  readonly locations = new Map<UnitId, DriverLocation>()
  readonly snapshotPositions = new Map<EntityKey, number>()
  readonly snapshotSegments = new Map<UnitId, number>()
  readonly snapshotMarks = new Map<UnitId, number>()
  readonly quarantine = new Quarantine()
  /** Units with streams that have left memory. */
  readonly unitsLeft = new Set<UnitId>()
  readonly damage = new DamageReport()
  lastRecordedAtMs = 0
  later: LaterEvent | null = null

  /** Folds an event into an entity, unless one before it did not fit. */
  evolve(entity: EntityKey, event: DomainEvent, meta: EventMeta): void {
    if (isRelease(event) && event.entity === entity) this.quarantine.release(entity)
    if (this.quarantine.has(entity)) return
    try {
      evolveEntity(this, entity, event, meta)
    } catch (error) {
      if (!(error instanceof EventRejected)) throw error
      // With a stack for as many as anybody reads; a log in ruins must not fill the memory with them.
      const { message } = error
      this.quarantine.hold(this.quarantine.size < STACKS_MAX ? error : { entity, message, event: { type: event.type } })
    }
  }

  /** What a later version wrote is not known here. Input: a record that is not damaged. */
  noteLater(record: LogRecord): void {
    this.later ??= laterEventIn(record)
  }

  /** An actor that a damaged record names is held as of before it. Nobody knows which actors a missing record named. */
  holdNamed(damage: Damage, position: number): void {
    this.damage.note(damage)
    for (const entity of damage.entities) {
      // Of a region only alarms can be lacking: nothing is held for that.
      if (kindOf(entity) === 'region' || !this.isAfterSnapshot(entity, position)) continue
      this.quarantine.hold({ entity, message: `the record at position ${position}, which names ${entity}, is damaged` })
    }
  }

  driver(unitId: UnitId): DriverState | undefined {
    return this.drivers.get(unitId)
  }
  trip(tripId: TripId): TripState | undefined {
    return this.trips.get(tripId)
  }
  call(callId: CallId): CallState | undefined {
    return this.calls.get(callId)
  }

  region(regionId: RegionId): RegionState | undefined {
    return this.regions.get(regionId)
  }
  regionState(regionId: RegionId): RegionState {
    return this.region(regionId) ?? quietRegion(regionId)
  }

  location(unitId: UnitId): DriverLocation {
    let location = this.locations.get(unitId)
    if (location === undefined) {
      location = new DriverLocation()
      this.locations.set(unitId, location)
    }
    return location
  }

  isAfterSnapshot(entity: EntityKey, position: number): boolean {
    return position > (this.snapshotPositions.get(entity) ?? 0)
  }
  isAfterSegment(unitId: UnitId, segmentNo: number): boolean {
    return segmentNo > (this.snapshotSegments.get(unitId) ?? 0)
  }

  /** An actor as it was saved; what came after goes on top of it. */
  takeSnapshot(entity: EntityKey, snapshot: SnapshotWrite): void {
    this.snapshotPositions.set(entity, snapshot.position)
    byKind(entity, {
      driver: () => this.#takeDriver(snapshot),
      trip: tripId => void this.trips.set(tripId, (snapshot.state as TripSnapshot).state),
      call: callId => void this.calls.set(callId, (snapshot.state as CallSnapshot).state),
      region: regionId => void this.regions.set(regionId, (snapshot.state as AlarmsSnapshot).state),
    })
  }

  has(entity: EntityKey): boolean {
    return byKind(entity, {
      driver: id => this.drivers.has(id),
      trip: id => this.trips.has(id),
      call: id => this.calls.has(id),
      region: () => true,
    })
  }

  /** Whether a state that had left memory counts; then events up to its position are in it. `replaces`: also one of a snapshot. */
  takesClosed(entity: EntityKey, position: number, replaces: boolean): boolean {
    if (this.has(entity) && !(replaces && this.isAfterSnapshot(entity, position))) return false
    this.snapshotPositions.set(entity, position)
    return true
  }

  #takeDriver(snapshot: SnapshotWrite): void {
    const { state, placed, streams, forgotten } = snapshot.state as DriverSnapshot
    this.drivers.set(state.unitId, state)
    this.snapshotSegments.set(state.unitId, snapshot.segmentNo)
    const location = this.location(state.unitId)
    for (const [streamId, receivedSeq] of streams) {
      const stream = location.stream(streamId)
      stream.receivedSeq = receivedSeq
      stream.durableSeq = receivedSeq
    }
    location.takeForgottenPrints(forgotten)
    if (location.hasLeaving) this.unitsLeft.add(state.unitId)
    if (placed !== null) location.takePlaced(placed)
    this.snapshotMarks.set(state.unitId, marksOf(location))
  }
}
