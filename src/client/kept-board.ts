/**
 * The dispatch board as it is now: a snapshot, carried on by every record after it.
 *
 * Names, phones and addresses are in no event, so a trip that came since the snapshot has `details` null: read it with
 * `EngineReads.trip` when somebody looks at it. Where units are and whether they are connected is told by the map; of
 * their fixes only the freshness is kept up.
 */
import type { DomainEvent } from '../domain/events.ts'
import type { Freshness } from '../domain/policy.ts'
import { fromE7 } from '../protocol/fix-frame.ts'
import type { CallNoteView } from '../protocol/wire/note-views.ts'
import type { AlarmView, TripView, UnitFreshness, UnitView } from '../protocol/wire/situation-views.ts'
import type { BoardEvents, BoardHandler, BoardSnapshot } from './board-feed.ts'
import { KeptAlarms } from './kept-alarms.ts'
import { newTrip, tripAfter, tripsOfEvent } from './kept-trips.ts'
import { isSignOfCrew, newUnit, showsCrewKnows, unitAfter, unitOfEvent } from './kept-units.ts'
import { Signal } from './signal.ts'

export class KeptBoard implements BoardHandler {
  readonly #trips = new Map<string, TripView>()
  readonly #units = new Map<string, UnitView>()
  readonly #alarms = new KeptAlarms()
  readonly #changes = new Signal<[record: BoardEvents | null]>()
  #position: number | null = null

  /** Position of the last record that is in it; null until the first snapshot. */
  get position(): number | null {
    return this.#position
  }
  /** Those that have not ended. */
  get trips(): ReadonlyMap<string, TripView> {
    return this.#trips
  }
  get units(): ReadonlyMap<string, UnitView> {
    return this.#units
  }
  /** Those that have not ended. */
  get alarms(): ReadonlyMap<string, AlarmView> {
    return this.#alarms.byId
  }

  /** Hears of each change, with the record that made it; null for a snapshot. Output: call it to stop hearing. */
  onChanged(handler: (record: BoardEvents | null) => void): () => void {
    return this.#changes.on(handler)
  }

  onSnapshot({ position, trips, units, alarms }: BoardSnapshot): void {
    this.#trips.clear()
    this.#units.clear()
    for (const trip of trips) this.#trips.set(trip.tripId, trip)
    for (const unit of units) this.#units.set(unit.unitId, unit)
    this.#alarms.reset(alarms)
    this.#position = position
    this.#changes.emit(null)
  }

  onEvents(record: BoardEvents): void {
    const { position, recordedAtMs, events, notes = [] } = record
    // Of the calls and needs of this record, whose trips follow in it.
    const problems = new Map<string, string | null>()
    for (const event of events) {
      if (event.type === 'CallEntered' || event.type === 'NeedAdded') problems.set(event.callId, event.problem)
      const atMs = event.atMs ?? recordedAtMs
      this.#readTrips(event, position, atMs, problems)
      this.#readUnit(event, position, atMs)
      this.#alarms.read(event, position, atMs)
    }
    for (const note of notes) this.#addNote(note)
    this.#position = position
    this.#changes.emit(record)
  }

  onFreshness(isWhole: boolean, units: readonly UnitFreshness[]): void {
    if (isWhole) for (const unit of this.#units.values()) this.#grewOld(unit, 'fresh')
    for (const [unitId, freshness] of units) this.#grewOld(this.#units.get(unitId), freshness)
  }

  #grewOld(unit: UnitView | undefined, freshness: Freshness): void {
    if (unit?.fix) this.#units.set(unit.unitId, { ...unit, fix: { ...unit.fix, freshness } })
  }

  #readTrips(event: DomainEvent, position: number, atMs: number, problems: ReadonlyMap<string, string | null>): void {
    if (event.type === 'TripCreated' || event.type === 'HelpAdded' || event.type === 'TripReleased') {
      return this.#addTrip(event, position, atMs, problems)
    }
    for (const tripId of tripsOfEvent(event)) {
      const trip = this.#trips.get(tripId)
      if (trip !== undefined) this.#trips.set(tripId, tripAfter(trip, event, position, atMs))
    }
    if (event.type === 'TripClosed' || event.type === 'TripCancelled') this.#trips.delete(event.tripId)
  }

  #addTrip(
    event: Extract<DomainEvent, { type: 'TripCreated' | 'HelpAdded' | 'TripReleased' }>,
    position: number,
    atMs: number,
    problems: ReadonlyMap<string, string | null>,
  ): void {
    const { tripId, callId } = event
    if (event.type === 'TripReleased' && event.as === 'cancelled') return void this.#trips.delete(tripId)
    const known = this.#trips.get(tripId)
    const helped = event.type === 'HelpAdded' ? this.#trips.get(event.helpsTripId) : undefined
    const problem = problems.get(callId) ?? (helped ?? known)?.problem ?? null
    this.#trips.set(tripId, { ...newTrip(event, problem, position, atMs), details: known?.details ?? null })
    if (helped !== undefined) this.#trips.set(helped.tripId, { ...helped, helpedBy: tripId, version: position })
  }

  #readUnit(event: DomainEvent, position: number, atMs: number): void {
    const unitId = unitOfEvent(event)
    if (unitId === null) return
    if (event.type === 'UnitRetired') return void this.#units.delete(unitId)
    const unit = this.#units.get(unitId) ?? (event.type === 'UnitRegistered' ? newUnit(event, atMs) : undefined)
    if (unit !== undefined) this.#units.set(unitId, unitAfter(unit, event, position, atMs))
    if (event.type === 'EmergencyEnded') this.#alarms.over(`driver/${unitId}`, ['emergency'], atMs)
    if (isSignOfCrew(event)) this.#alarms.over(`driver/${unitId}`, ['no-contact'], atMs)
    if (showsCrewKnows(event)) this.#alarms.over(`driver/${unitId}`, ['stand-down'], atMs)
  }

  #addNote({ callId, ...note }: CallNoteView): void {
    for (const [tripId, trip] of this.#trips) {
      if (trip.callId !== callId) continue
      this.#trips.set(tripId, { ...trip, notes: [...(trip.notes ?? []), note], noteCount: note.noteNo })
    }
  }
}

/** Where a trip or a fix is, in WGS 84 degrees. */
export function placeInDegrees({ lonE7, latE7 }: { readonly lonE7: number; readonly latE7: number }): {
  readonly lonDeg: number
  readonly latDeg: number
} {
  return { lonDeg: fromE7(lonE7), latDeg: fromE7(latE7) }
}
