/** Tells crews of turns: each crew gets its whole situation whenever the situation has changed. */
import type { CallId, UnitId } from '../../domain/ids.ts'
import { unitOf } from '../../domain/trip/trip.ts'
import type { CrewShown } from '../../protocol/told.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { Session } from '../region-handle.ts'
import type { ChangedUnit, TurnFollower } from './followers.ts'
import type { RegionMemory } from './memory.ts'
import type { Turn } from './turn.ts'

type Push = readonly [unit: UnitActor, session: Session, view: CrewShown]

export class CrewNews implements TurnFollower {
  readonly #memory: RegionMemory
  /** What waits for its record, by its position. */
  readonly #waiting = new Map<number, readonly Push[]>()

  constructor(memory: RegionMemory) {
    this.#memory = memory
  }

  /** A crew is told nothing of a hole in its track, which changes nothing that it is shown. */
  committed(turn: Turn, changed: readonly ChangedUnit[]): void {
    const concerned = new Set<UnitId>(changed.map(({ after }) => after.unitId))
    for (const trip of turn.trips.values()) {
      const unitId = unitOf(trip)
      if (unitId !== null) concerned.add(unitId)
    }
    for (const event of turn.events) if (event.type === 'CallNoteAdded') this.#addCrewsOf(event.callId, concerned)
    const pushes: Push[] = []
    for (const unitId of concerned) {
      const unit = this.#memory.driverActor(unitId)
      if (unit === undefined || unit.session === null) continue
      pushes.push([unit, unit.session, this.#memory.driverView(unit, turn.nowMs)])
    }
    if (pushes.length > 0) this.#waiting.set(turn.position, pushes)
  }

  #addCrewsOf(callId: CallId, concerned: Set<UnitId>): void {
    for (const tripId of this.#memory.call(callId)?.tripIds ?? []) {
      const trip = this.#memory.trip(tripId)
      const unitId = trip === undefined ? null : unitOf(trip)
      if (unitId !== null) concerned.add(unitId)
    }
  }

  stored({ position }: Turn): void {
    const pushes = this.#waiting.get(position)
    if (pushes === undefined) return
    this.#waiting.delete(position)
    for (const [unit, session, view] of pushes) {
      // A session hears its welcome first, which tells this and more.
      if (unit.welcomedSession === session) session.tell({ type: 'unit-state', position, crew: view })
    }
  }
}
