/**
 * One message handled to its end, synchronously, over the states of all actors it needs.
 *
 * A turn reads and evolves staged states; nothing is changed until it is committed, so a turn that throws or refuses
 * leaves no trace. Its events become one record of the log. A turn that would change an actor in quarantine is *held*:
 * it records nothing more, and is not committed.
 */
import { type CallState, evolveCall } from '../../domain/call.ts'
import type { CallNote } from '../../domain/call-notes.ts'
import type { CallDetails } from '../../domain/commands.ts'
import type { EventMeta } from '../../domain/decision.ts'
import { byKind, type EntityKey, idOf, kindOf } from '../../domain/entity.ts'
import { type DomainEvent, entitiesOf, isRelease } from '../../domain/events.ts'
import type { CallId, RegionId, TripId, UnitId } from '../../domain/ids.ts'
import type { Incident } from '../../domain/incident-no.ts'
import { evolveRegion, quietRegion, type RegionState } from '../../domain/region-state.ts'
import { isWaiting, type TripState } from '../../domain/trip/trip.ts'
import { evolveTrip } from '../../domain/trip/trip-fold.ts'
import { type DriverState, isBound } from '../../domain/unit/driver.ts'
import { evolveDriver } from '../../domain/unit/driver-fold.ts'
import { EventRejected, type Quarantine } from './quarantine.ts'

/** The committed states a turn starts from. */
export interface States {
  driver(unitId: UnitId): DriverState | undefined
  trip(tripId: TripId): TripState | undefined
  call(callId: CallId): CallState | undefined
  region(regionId: RegionId): RegionState | undefined
}

interface Binding {
  readonly unitId: UnitId
  readonly tripId: TripId
}

/** Null: whatever the unit has; of one that was held nobody knows. */
interface Closing {
  readonly unitId: UnitId
  readonly tripId: TripId | null
}

export class Turn implements States {
  /** Region time by the line: what is decided, and the moments in events, go by it. */
  readonly nowMs: number
  /** The time of this turn's record: ahead of `nowMs` while it heals after a clock that was ahead. */
  readonly recordedAtMs: number
  /** The position that this turn's record will have. */
  readonly position: number
  readonly #committed: States
  readonly #quarantine: Quarantine
  readonly drivers = new Map<UnitId, DriverState>()
  readonly trips = new Map<TripId, TripState>()
  readonly calls = new Map<CallId, CallState>()
  readonly regions = new Map<RegionId, RegionState>()
  readonly events: DomainEvent[] = []
  /** A call's personal data as it is from now on; `details` null takes it away. */
  callDetails: { callId: CallId; details: CallDetails | null } | null = null
  /** What somebody said about a call. */
  callNote: { callId: CallId; note: CallNote } | null = null
  /** The number that the turn's call gets. */
  incident: Incident | null = null
  /** Set when a unit or a trip may have become free for the desk to match, beside what the events show. */
  deskAsked = false
  /** The actor in quarantine whose event this turn would have recorded; null while there was none. */
  heldBy: EntityKey | null = null
  /** The actor in quarantine that this turn lets go on. */
  releases: EntityKey | null = null
  /** Units in quarantine that events of others let go; their states stay as they are. */
  readonly #letGo: Closing[] = []

  constructor(committed: States, quarantine: Quarantine, nowMs: number, position: number, recordedAtMs = nowMs) {
    this.#committed = committed
    this.#quarantine = quarantine
    this.nowMs = nowMs
    this.recordedAtMs = recordedAtMs
    this.position = position
  }

  driver(unitId: UnitId): DriverState | undefined {
    return this.drivers.get(unitId) ?? this.#committed.driver(unitId)
  }

  /** The unit as it was before this turn. */
  driverBefore(unitId: UnitId): DriverState | undefined {
    return this.#committed.driver(unitId)
  }

  trip(tripId: TripId): TripState | undefined {
    return this.trips.get(tripId) ?? this.#committed.trip(tripId)
  }

  call(callId: CallId): CallState | undefined {
    return this.calls.get(callId) ?? this.#committed.call(callId)
  }

  region(regionId: RegionId): RegionState | undefined {
    return this.regions.get(regionId) ?? this.#committed.region(regionId)
  }

  /** Whether the entity is in quarantine: nothing is recorded that would change it. */
  isHeld(entity: EntityKey): boolean {
    return entity !== this.releases && this.#quarantine.has(entity)
  }

  /** Evolves the states the events concern, but those in quarantine, and adds them to the record. Error: EventRejected. */
  record(events: readonly DomainEvent[]): void {
    const meta = { position: this.position, recordedAtMs: this.recordedAtMs }
    const isHealing = this.recordedAtMs !== this.nowMs
    for (const decided of events) {
      const event = isHealing ? { ...decided, atMs: this.nowMs } : decided
      if (isRelease(event)) {
        this.releases = event.entity
        if (event.type === 'UnitReleased') this.#letGo.push({ unitId: event.unitId, tripId: null })
      } else if (event.entity !== this.releases) this.heldBy ??= this.#quarantine.heldBy(event)
      // What follows was decided as if this had happened; it would not fit the states.
      if (this.heldBy !== null) return
      for (const entity of entitiesOf(event)) {
        if (!this.isHeld(entity)) evolveEntity(this, entity, event, meta)
        else if (LETS_GO.has(event.type)) this.#letGoOf(entity)
      }
      this.events.push(event)
    }
  }

  /** A row that stayed would keep the unit from ever being bound again, once it is whole. */
  #letGoOf(entity: EntityKey): void {
    const driver = kindOf(entity) === 'driver' ? this.driver(idOf(entity)) : undefined
    const tripId = boundTrip(driver)
    if (tripId !== null) this.#letGo.push({ unitId: driver!.unitId, tripId })
  }

  /** True when the desk has something to match: a trip went into its queue, or a unit came free. */
  get wantsMatching(): boolean {
    if (this.deskAsked) return true
    for (const trip of this.trips.values()) if (isWaiting(trip)) return true
    return this.freed().length > 0
  }

  /** Units that this turn made available, or fit for other needs than before. */
  freed(): DriverState[] {
    return [...this.drivers.values()].filter(after => {
      if (after.status !== 'available') return false
      const before = this.#committed.driver(after.unitId)
      if (before?.status !== 'available' || before.levelOfCare !== after.levelOfCare) return true
      if (before.noContact !== undefined && after.noContact === undefined) return true
      if (before.emergencySinceMs !== undefined && after.emergencySinceMs === undefined) return true
      return before.capabilities !== after.capabilities || before.transports !== after.transports
    })
  }

  /** Rows of `open_trip` that must change with this record: the units that were bound or let go. */
  bindings(): { opens: Binding[]; closes: Closing[] } {
    const opens: Binding[] = []
    const closes: Closing[] = [...this.#letGo]
    for (const [unitId, after] of this.drivers) {
      const before = boundTrip(this.#committed.driver(unitId))
      const now = boundTrip(after)
      if (before === now) continue
      if (before !== null) closes.push({ unitId, tripId: before })
      if (now !== null) opens.push({ unitId, tripId: now })
    }
    return { opens, closes }
  }
}

/** What takes a trip from its unit; for the unit it may be the last word of it. */
const LETS_GO: ReadonlySet<DomainEvent['type']> = new Set([
  'OfferDeclined',
  'OfferTimedOut',
  'OfferRevoked',
  'UnitWithdrawn',
  'AssignmentOverridden',
  'TripReleased',
  'TripCancelled',
  'TripClosed',
])

const boundTrip = (driver: DriverState | undefined): TripId | null =>
  driver !== undefined && isBound(driver) ? driver.work!.tripId : null

interface MutableStates extends States {
  readonly drivers: Map<UnitId, DriverState>
  readonly trips: Map<TripId, TripState>
  readonly calls: Map<CallId, CallState>
  readonly regions: Map<RegionId, RegionState>
}

/** Folds one event into one entity's state. Error: EventRejected; the state is then as it was. */
export function evolveEntity(states: MutableStates, entity: EntityKey, event: DomainEvent, record: EventMeta): void {
  const meta = event.atMs === undefined ? record : { ...record, recordedAtMs: event.atMs }
  try {
    byKind(entity, {
      driver: id => void states.drivers.set(id, evolveDriver(states.driver(id) ?? null, event, meta)),
      trip: id => void states.trips.set(id, evolveTrip(states.trip(id) ?? null, event, meta)),
      call: id => void states.calls.set(id, evolveCall(states.call(id) ?? null, event, meta)),
      region: id => void states.regions.set(id, evolveRegion(states.region(id) ?? quietRegion(id), event, meta)),
    })
  } catch (error) {
    throw new EventRejected(entity, event, error)
  }
}
