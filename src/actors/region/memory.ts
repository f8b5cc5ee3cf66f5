/** Everything a region holds in memory: its actors by id, its calls, and the views of them that may be shown. */

import { GrowingMap } from '../../base/growing-map.ts'
import type { CallState } from '../../domain/call.ts'
import { type Presence, verdictOnReach } from '../../domain/dispatch/eligibility.ts'
import { HeardCount } from '../../domain/dispatch/heard-count.ts'
import { byKind, driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import { arrivalOf } from '../../domain/events/decision-record.ts'
import type { UnitReference } from '../../domain/events/unit-events.ts'
import type { CallId, RegionId, TripId, UnitId } from '../../domain/ids.ts'
import type { Incident } from '../../domain/incident-no.ts'
import type { RegionState } from '../../domain/region-state.ts'
import { isEnded, type TripState, type UnitWheels } from '../../domain/trip/trip.ts'
import { type DriverState, isBound } from '../../domain/unit/driver.ts'
import type { DrawnZone } from '../../domain/zone.ts'
import type { CallShown, CrewShown, NearestUnitShown, TripShown, UnitShown } from '../../protocol/told.ts'
import type { ActorRef } from '../actor-system.ts'
import type { DriverActor, DriverMessage } from '../driver/driver-actor.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { TripActor, TripMessage } from '../trip/trip-actor.ts'
import type { PicturedMemory } from './board-picture.ts'
import type { CallTexts } from './call-texts.ts'
import type { CheckpointMemory } from './checkpoint.ts'
import type { Alarmed } from './gone-alarms.ts'
import type { FoundFar } from './how-far.ts'
import type { IncidentNumbers } from './incident-numbers.ts'
import type { Quarantine } from './quarantine.ts'
import type { RegionPolicy } from './region-policy.ts'
import type { Shards } from './shards.ts'
import type { States } from './turn.ts'
import { callView, driverView, fixView, NO_TEXTS, textsOf, tripView, unitView } from './views.ts'

/** The states of all actors of a region, as those see them who only look. */
export interface RegionStates extends States {
  driverActors(): Iterable<DriverActor>
  tripStates(): Iterable<TripState>
  /** Trips and units with alarms that have not ended, and the region if it has some. */
  alarmed(): Iterable<Alarmed>
  callStates(): Iterable<CallState>
  readonly regionState: RegionState
}

const NO_ZONES: readonly DrawnZone[] = []

export class RegionMemory implements RegionStates, CheckpointMemory, PicturedMemory {
  readonly #policy: RegionPolicy
  readonly #driverShards: Shards
  readonly #tripShards: Shards
  readonly #drivers = new GrowingMap<{ readonly actor: DriverActor; readonly ref: ActorRef<DriverMessage> }>()
  readonly #trips = new Map<TripId, { readonly actor: TripActor; readonly ref: ActorRef<TripMessage> }>()
  /** There may be very many that have ended. */
  readonly #openTrips = new Set<TripActor>()
  /** Those with alarms that have not ended; trips that have ended may be among them. */
  readonly #alarmedTrips = new Set<TripActor>()
  readonly #alarmedUnits = new Set<DriverActor>()
  readonly #calls = new Map<CallId, CallState>()
  #region: RegionState
  /** The version of the region's own state that a snapshot has. */
  #regionSaved = 0
  /** Actors whose state no snapshot has. */
  readonly #unsavedCalls = new Set<CallId>()
  readonly numbers: IncidentNumbers
  /** When each crew's app, and each unit on duty, was heard of last. */
  readonly heard = { app: new HeardCount(), position: new HeardCount() }
  /** What the wheels of each unit that has a trip say. */
  readonly wheels = new Map<UnitId, UnitWheels>()
  /** Personal data of calls, apart from their states. */
  readonly texts: CallTexts
  /** Units that the service has given up and whose retirement is not recorded yet: they have a trip to end. */
  readonly retiring: Set<UnitId> = new Set()
  /** The reference data of held units that have no state, for their release. */
  readonly heldReferences = new Map<EntityKey, UnitReference>()
  /** The actors that an event did not fit. */
  readonly quarantine: Quarantine

  constructor(
    policy: RegionPolicy,
    shards: { drivers: Shards; trips: Shards },
    recovered: {
      readonly region: RegionState
      readonly texts: CallTexts
      readonly numbers: IncidentNumbers
      readonly quarantine: Quarantine
    },
  ) {
    this.#policy = policy
    this.#driverShards = shards.drivers
    this.#tripShards = shards.trips
    this.#region = recovered.region
    this.texts = recovered.texts
    this.numbers = recovered.numbers
    this.quarantine = recovered.quarantine
  }

  has(entity: EntityKey): boolean {
    return byKind(entity, {
      driver: id => this.#drivers.has(id),
      trip: id => this.#trips.has(id),
      call: id => this.#calls.has(id),
      region: id => id === this.#region.regionId,
    })
  }

  driver(unitId: UnitId): DriverState | undefined {
    return this.#drivers.get(unitId)?.actor.state
  }
  trip(tripId: TripId): TripState | undefined {
    return this.#trips.get(tripId)?.actor.state
  }
  call(callId: CallId): CallState | undefined {
    return this.#calls.get(callId)
  }
  region(regionId: RegionId): RegionState | undefined {
    return regionId === this.#region.regionId ? this.#region : undefined
  }
  /** Closed and slow roads, the same list while none changes. */
  get zones(): readonly DrawnZone[] {
    return this.#region.zones ?? NO_ZONES
  }
  get regionState(): RegionState {
    return this.#region
  }

  driverActor(unitId: UnitId): DriverActor | undefined {
    return this.#drivers.get(unitId)?.actor
  }
  driverRef(unitId: UnitId): ActorRef<DriverMessage> | undefined {
    return this.#drivers.get(unitId)?.ref
  }
  tripActor(tripId: TripId): TripActor | undefined {
    return this.#trips.get(tripId)?.actor
  }
  tripRef(tripId: TripId): ActorRef<TripMessage> | undefined {
    return this.#trips.get(tripId)?.ref
  }

  *driverActors(): Iterable<DriverActor> {
    for (const { actor } of this.#drivers.values()) yield actor
  }
  *tripActors(): Iterable<TripActor> {
    for (const { actor } of this.#trips.values()) yield actor
  }
  get counts(): { readonly drivers: number; readonly trips: number; readonly calls: number } {
    return { drivers: this.#drivers.size, trips: this.#trips.size, calls: this.#calls.size }
  }
  *tripStates(): Iterable<TripState> {
    for (const { actor } of this.#trips.values()) yield actor.state
  }
  /** Trips that have not ended. */
  *openTripStates(): Iterable<TripState> {
    for (const { state } of this.#openTrips) yield state
  }
  /** Trips to which something may have to happen in its time: those, and those that are over under an alarm that stands. */
  *watchedTripStates(): Iterable<TripState> {
    yield* this.openTripStates()
    for (const { state } of this.#alarmedTrips) if (isEnded(state) && state.alarms.length > 0) yield state
  }
  *alarmed(): Iterable<Alarmed> {
    const { regionId, openAlarms } = this.#region
    if (openAlarms.length > 0) yield { entity: regionKey(regionId), openAlarms }
    for (const { state } of this.#alarmedTrips) {
      yield { entity: tripKey(state.tripId), openAlarms: state.openAlarms }
    }
    for (const { state } of this.#alarmedUnits) {
      yield { entity: driverKey(state.unitId), openAlarms: state.openAlarms! }
    }
  }
  callStates(): Iterable<CallState> {
    return this.#calls.values()
  }

  addDriver(actor: DriverActor): DriverActor {
    this.#drivers.set(actor.unitId, { actor, ref: this.#driverShards.spawn(actor.unitId, actor) })
    this.setDriver(actor, actor.state)
    return actor
  }
  setDriver(actor: DriverActor, state: DriverState): void {
    actor.state = state
    if (state.openAlarms === undefined) this.#alarmedUnits.delete(actor)
    else this.#alarmedUnits.add(actor)
  }
  addTrip(actor: TripActor): void {
    this.#trips.set(actor.state.tripId, { actor, ref: this.#tripShards.spawn(actor.state.tripId, actor) })
    this.#sort(actor)
  }
  setTrip(actor: TripActor, state: TripState): void {
    actor.state = state
    this.#sort(actor)
  }
  #sort(actor: TripActor): void {
    const { state } = actor
    if (isEnded(state)) this.#openTrips.delete(actor)
    else this.#openTrips.add(actor)
    if (state.openAlarms.length === 0) this.#alarmedTrips.delete(actor)
    else this.#alarmedTrips.add(actor)
  }
  setRegion(region: RegionState): void {
    this.#region = region
  }
  /** The region's own state, where no snapshot has it as it is; null otherwise. */
  get unsavedRegion(): RegionState | null {
    return this.#region.version > this.#regionSaved ? this.#region : null
  }
  regionSaved(version: number): void {
    this.#regionSaved = version
  }
  setCall(call: CallState): void {
    this.#calls.set(call.callId, call)
    this.#unsavedCalls.add(call.callId)
    this.numbers.took(call)
  }
  unsavedCallIds(): Iterable<CallId> {
    return this.#unsavedCalls
  }
  callSaved(call: CallState): void {
    if (this.#calls.get(call.callId) === call) this.#unsavedCalls.delete(call.callId)
  }
  /** The call and its trips are in the store as they are here, apart from the snapshots, and leave memory. */
  forgetCall(call: CallState): void {
    for (const tripId of call.tripIds) {
      const trip = this.#trips.get(tripId)
      if (trip === undefined) continue
      this.#trips.delete(tripId)
      // Behind everything that it has been told.
      trip.ref.tell({ type: 'left-memory', ref: trip.ref })
    }
    this.#calls.delete(call.callId)
    this.#unsavedCalls.delete(call.callId)
    this.texts.forget(call.callId)
    this.numbers.forget(call)
  }
  /** No snapshot has the call or its trips any more. */
  callUnsaved(call: CallState): void {
    this.#unsavedCalls.add(call.callId)
    for (const tripId of call.tripIds) {
      const actor = this.tripActor(tripId)
      if (actor !== undefined) actor.savedState = null
    }
  }
  nextIncident(atMs: number): Incident {
    return this.numbers.next(atMs)
  }
  lastNoteNo(callId: CallId): number {
    return this.texts.lastNoteNo(callId)
  }

  presence(unitId: UnitId): Presence {
    const actor = this.driverActor(unitId)
    return {
      disconnectedSinceMs: actor?.disconnectedSinceMs ?? null,
      fix: actor?.location.current ?? null,
    }
  }

  driverView(actor: UnitActor, nowMs: number): CrewShown {
    const trip = actor.state.work === null ? undefined : this.trip(actor.state.work.tripId)
    const call = trip === undefined ? undefined : this.call(trip.callId)
    // A token for the unit is not the crew: personal data is for who is signed on.
    const isCrew = actor.session?.principal === actor.state.crew
    const texts = call !== undefined && isCrew && isBound(actor.state) ? textsOf(call, this.texts) : NO_TEXTS
    const shown = trip === undefined ? null : tripView(trip, call, texts)
    return driverView(actor.state, this.unitView(actor, nowMs), shown, this.#policy.standing)
  }

  tripView(trip: TripState): TripShown {
    const call = this.call(trip.callId)
    return tripView(trip, call, call === undefined ? NO_TEXTS : textsOf(call, this.texts))
  }

  callView(call: CallState): CallShown {
    const trips = call.tripIds.flatMap(tripId => this.trip(tripId) ?? []).map(trip => this.tripView(trip))
    return callView(call, trips, { details: this.texts.detailsOf(call.callId), notes: this.texts.notesOf(call.callId) })
  }

  nearestUnit(found: FoundFar, nowMs: number): NearestUnitShown {
    const { state, location, session } = this.driverActor(found.unitId)!
    const { standing, disconnectGraceMs } = this.#policy
    return {
      unitId: found.unitId,
      callSign: state.callSign,
      levelOfCare: found.levelOfCare,
      distanceM: Math.round(found.distanceM),
      ...arrivalOf(found),
      connected: session !== null,
      passedOverFor: verdictOnReach(state, this.presence(found.unitId), standing, disconnectGraceMs, nowMs).reason,
      fix: fixView(state, location.current!, nowMs, standing),
    }
  }

  /** The unit where it is now, in the state that it has, or had. */
  unitView(actor: UnitActor, nowMs: number, state = actor.state): UnitShown {
    const { disconnectedSinceMs, location, feed, clockAheadMs } = actor
    const { standing, disconnectGraceMs: graceMs } = this.#policy
    const presence = { disconnectedSinceMs, fix: location.current, isFed: feed !== null, graceMs, clockAheadMs }
    return unitView(state, presence, nowMs, standing)
  }

  get openTrips(): number {
    return this.#openTrips.size
  }

  /** Units and trips of the board; retired ones count, too. */
  get boardSize(): number {
    return this.#drivers.size + this.#openTrips.size
  }
}
