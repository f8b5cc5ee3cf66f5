/**
 * The alarms whose cause is gone and that nobody has acknowledged, as a fold over the states of trips, oldest first.
 *
 * They wait for a person, so their number must not depend on there being one: beyond a bound the oldest gives way.
 */
import { type Alarm, alarmLapsed, openAlarm } from '../../domain/alarms.ts'
import { byKind, type EntityKey, tripKey } from '../../domain/entity.ts'
import type { AlarmId, TripId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip/trip.ts'
import type { TurnFollower, TurnStep } from './followers.ts'
import type { Quarantine } from './quarantine.ts'
import type { Turn } from './turn.ts'

/** For a region. One takes about half a kilobyte, here and on each console. */
export const GONE_ALARMS_MAX = 1_000

const goneOf = (trip: TripState): readonly Alarm[] => trip.openAlarms.filter(alarm => alarm.goneAtMs !== null)

export class GoneAlarms implements TurnStep, TurnFollower {
  readonly #quarantine: Quarantine
  /** In the order in which their causes were gone. */
  readonly #waiting = new Map<AlarmId, TripId>()
  /** Those of each trip that has any. */
  readonly #byTrip = new Map<TripId, readonly AlarmId[]>()

  constructor(quarantine: Quarantine) {
    this.#quarantine = quarantine
  }

  /** Folds the trips that a start has found. */
  recover(trips: Iterable<TripState>): void {
    const found = [...trips].filter(({ tripId }) => !this.#quarantine.has(tripKey(tripId)))
    const last = (trip: TripState) => Math.max(0, ...goneOf(trip).map(alarm => alarm.goneAtMs!))
    for (const trip of found.sort((a, b) => last(a) - last(b))) this.#fold(trip)
  }

  extend(turn: Turn): void {
    let more = this.#waiting.size - GONE_ALARMS_MAX
    for (const trip of turn.trips.values()) {
      more += goneOf(trip).length - (this.#byTrip.get(trip.tripId)?.length ?? 0)
    }
    if (more <= 0) return
    for (const [alarmId, tripId] of this.#waiting) {
      const alarm = openAlarm(turn.trip(tripId)?.openAlarms ?? [], alarmId)
      if (alarm === undefined || alarm.goneAtMs === null) continue
      turn.record([alarmLapsed(alarmId)])
      more -= 1
      if (more <= 0) return
    }
  }

  committed(turn: Turn): void {
    for (const trip of turn.trips.values()) this.#fold(trip)
  }

  held({ entity }: { readonly entity: EntityKey }): void {
    byKind(entity, {
      driver: () => undefined,
      trip: tripId => this.#forget(tripId),
      call: () => undefined,
    })
  }

  #fold(trip: TripState): void {
    const gone = goneOf(trip)
    if (gone.length === 0) return this.#forget(trip.tripId)
    const ids = gone.map(({ alarmId }) => alarmId)
    for (const id of this.#byTrip.get(trip.tripId) ?? []) if (!ids.includes(id)) this.#waiting.delete(id)
    for (const id of ids) if (!this.#waiting.has(id)) this.#waiting.set(id, trip.tripId)
    this.#byTrip.set(trip.tripId, ids)
  }

  #forget(tripId: TripId): void {
    for (const id of this.#byTrip.get(tripId) ?? []) this.#waiting.delete(id)
    this.#byTrip.delete(tripId)
  }
}
