/**
 * The alarms whose cause is gone and that nobody has acknowledged, as a fold over the states that have alarms, oldest first.
 *
 * They wait for a person, so their number must not depend on there being one: beyond a bound the oldest gives way.
 */
import { type Alarm, alarmLapsed, openAlarm, subjectOfAlarm } from '../../domain/alarms.ts'
import { driverKey, type EntityKey, regionKey, tripKey } from '../../domain/entity.ts'
import type { AlarmId } from '../../domain/ids.ts'
import type { TurnFollower, TurnStep } from './followers.ts'
import type { Quarantine } from './quarantine.ts'
import type { Turn } from './turn.ts'

/** For a region. One takes about half a kilobyte, here and on each console. */
export const GONE_ALARMS_MAX = 1_000

/** A trip, unit or region, and its alarms that have not ended. */
export interface Alarmed {
  readonly entity: EntityKey
  readonly openAlarms: readonly Alarm[]
}

const NONE: readonly Alarm[] = []
const goneOf = ({ openAlarms }: Alarmed): readonly Alarm[] => openAlarms.filter(alarm => alarm.goneAtMs !== null)

/** The trips and units of a turn, and its region, as it has them; none that is known to nobody and has no alarm, which is nearly all. */
function alarmedOf(turn: Turn, known: ReadonlyMap<EntityKey, unknown>): Alarmed[] {
  const found: Alarmed[] = []
  const look = (entity: EntityKey, openAlarms: readonly Alarm[]) => {
    if (openAlarms.length > 0 || known.has(entity)) found.push({ entity, openAlarms })
  }
  for (const { regionId, openAlarms } of turn.regions.values()) look(regionKey(regionId), openAlarms)
  for (const { tripId, openAlarms } of turn.trips.values()) look(tripKey(tripId), openAlarms)
  for (const { unitId, openAlarms = NONE } of turn.drivers.values()) look(driverKey(unitId), openAlarms)
  return found
}

export class GoneAlarms implements TurnStep, TurnFollower {
  readonly #quarantine: Quarantine
  /** In the order in which their causes were gone. */
  readonly #waiting = new Set<AlarmId>()
  /** Those of each trip or unit that has any. */
  readonly #bySubject = new Map<EntityKey, readonly AlarmId[]>()

  constructor(quarantine: Quarantine) {
    this.#quarantine = quarantine
  }

  /** Folds the trips and units that a start has found. */
  recover(alarmed: Iterable<Alarmed>): void {
    const found = [...alarmed].filter(({ entity }) => !this.#quarantine.has(entity))
    const last = (subject: Alarmed) => Math.max(0, ...goneOf(subject).map(alarm => alarm.goneAtMs!))
    for (const subject of found.sort((a, b) => last(a) - last(b))) this.#fold(subject)
  }

  extend(turn: Turn): void {
    let more = this.#waiting.size - GONE_ALARMS_MAX
    for (const subject of alarmedOf(turn, this.#bySubject)) {
      more += goneOf(subject).length - (this.#bySubject.get(subject.entity)?.length ?? 0)
    }
    if (more <= 0) return
    for (const alarmId of this.#waiting) {
      const alarm = openAlarm(openAlarmsOf(turn, alarmId), alarmId)
      if (alarm === undefined || alarm.goneAtMs === null) continue
      turn.record([alarmLapsed(alarmId)])
      more -= 1
      if (more <= 0) return
    }
  }

  committed(turn: Turn): void {
    for (const subject of alarmedOf(turn, this.#bySubject)) this.#fold(subject)
  }

  held({ entity }: { readonly entity: EntityKey }): void {
    this.#forget(entity)
  }

  #fold(subject: Alarmed): void {
    const gone = goneOf(subject)
    const { entity } = subject
    if (gone.length === 0) return this.#forget(entity)
    const ids = gone.map(({ alarmId }) => alarmId)
    for (const id of this.#bySubject.get(entity) ?? []) if (!ids.includes(id)) this.#waiting.delete(id)
    for (const id of ids) this.#waiting.add(id)
    this.#bySubject.set(entity, ids)
  }

  #forget(entity: EntityKey): void {
    const known = this.#bySubject.get(entity)
    if (known === undefined) return
    for (const id of known) this.#waiting.delete(id)
    this.#bySubject.delete(entity)
  }
}

/** The open alarms of the trip, unit or region that an alarm belongs to. */
export function openAlarmsOf(turn: Pick<Turn, 'trip' | 'driver' | 'region'>, alarmId: AlarmId): readonly Alarm[] {
  const subject = subjectOfAlarm(alarmId)
  if (subject.regionId !== undefined) return turn.region(subject.regionId)?.openAlarms ?? NONE
  if (subject.tripId !== undefined) return turn.trip(subject.tripId)?.openAlarms ?? NONE
  return turn.driver(subject.unitId)?.openAlarms ?? NONE
}
