/**
 * Alarms: what is wrong, and who answers for it. An alarm requires somebody's response (ISA-18.2), so it ends when its cause
 * is gone *and* a person has acknowledged it; one that nobody acknowledges goes up to a supervisor.
 *
 * An alarm belongs to its *subject*, the trip, the unit or the region that it is about, and lies in that one's state, also
 * after the trip has ended.
 * A subject has one open alarm of a kind at most: a cause that comes back before anybody has acknowledged the alarm is the
 * same alarm, so a value that flutters makes one and not fifty.
 */
import { type Refused, refused } from '../base/result.ts'
import type { AcknowledgeAlarm, ShelveAlarm } from './commands.ts'
import { accepted, type Decision, type EventMeta, invariant } from './decision.ts'
import { driverKey, type EntityKey, type EntityKind, regionKey, tripKey } from './entity.ts'
import type {
  AlarmEvent,
  RegionAlarm,
  RegionAlarmRaised,
  TripAlarm,
  TripAlarmRaised,
  UnitAlarm,
  UnitAlarmRaised,
} from './events/alarm-events.ts'
import type { DomainEvent } from './events.ts'
import type { AlarmId, Principal, TripId, UnitId } from './ids.ts'
import { overAtMs, type Policy } from './policy.ts'
import type { AlarmSeverity, Priority } from './vocabulary.ts'

export type AlarmKind = TripAlarm | UnitAlarm | RegionAlarm

/** The units that fell silent at once: heard of last from `fromMs` on, before `toMs`; how many are silent, of how many. */
type MassOfAlarm = Pick<RegionAlarmRaised, 'silentFromMs' | 'silentToMs' | 'silentUnits' | 'ofUnits'>

/** An alarm that has not ended. */
export interface Alarm {
  readonly alarmId: AlarmId
  readonly kind: AlarmKind
  /** Who of the fleet it is about, if one is. */
  readonly unitId: UnitId | null
  /** Of a unit's alarm: the trip that led to it. */
  readonly fromTripId?: TripId | null
  /** Of a region's alarm: who fell silent. */
  readonly mass?: MassOfAlarm
  readonly severity: AlarmSeverity
  readonly raisedAtMs: number
  /** When its cause was gone; null while it stands. */
  readonly goneAtMs: number | null
  readonly acknowledged: { readonly by: Principal; readonly atMs: number } | null
  readonly escalatedAtMs: number | null
  /** For so long it asks for nobody, and does not go up. */
  readonly shelved: { readonly by: Principal; readonly atMs: number; readonly forMs: number } | null
}

/**
 * How much harm an unanswered alarm can do, 1 the most: that of the trip's class, but for a relief of crews, which is work as
 * usual on the record.
 */
export function severityOf(kind: AlarmKind, priority: Priority): AlarmSeverity {
  if (kind === 'crew-relieved' || priority > 3) return 3
  return priority === 3 ? 2 : 1
}

/** The id says which alarm it is, and is the same each time the log is read. */
const alarmIdOf = (entity: EntityKey, kind: AlarmKind, position: number): AlarmId => `${entity}/${kind}/${position}`

/** Whose alarm it is. Input: an id that matched `ALARM_ID`. */
export function subjectOfAlarm(alarmId: AlarmId) {
  const [kind, id] = alarmId.split('/') as [EntityKind, string]
  if (kind === 'region') return { entity: regionKey(id), regionId: id }
  return kind === 'trip' ? { entity: tripKey(id), tripId: id } : { entity: driverKey(id), unitId: id }
}

/** What the alarm is about. Input: an id that matched `ALARM_ID`. */
export const kindOfAlarm = (alarmId: AlarmId): AlarmKind => alarmId.split('/')[2] as AlarmKind

/** The alarm, if it is one of the open ones. */
export const openAlarm = (open: readonly Alarm[], alarmId: AlarmId): Alarm | undefined =>
  open.find(alarm => alarm.alarmId === alarmId)

/** An alarm was raised: a new one, or one that is still open and whose cause has come back. */
export function raisedAlarm(
  open: readonly Alarm[],
  event: TripAlarmRaised | UnitAlarmRaised | RegionAlarmRaised,
  meta: EventMeta,
): readonly Alarm[] {
  const { entity, alarm: kind, severity } = event
  // So it is in records of before alarms had owners.
  if (severity === undefined) return open
  const about = whatItIsAbout(event)
  const known = open.find(alarm => alarm.kind === kind)
  if (known !== undefined) return changed(open, known.alarmId, { ...about, severity, goneAtMs: null })
  const alarmId = alarmIdOf(entity, kind, meta.position)
  const fresh = { alarmId, kind, ...about, severity, raisedAtMs: meta.recordedAtMs }
  return [...open, { ...fresh, goneAtMs: null, acknowledged: null, escalatedAtMs: null, shelved: null }]
}

function whatItIsAbout(event: TripAlarmRaised | UnitAlarmRaised | RegionAlarmRaised) {
  if (event.type === 'TripAlarmRaised') return { unitId: event.unitId }
  if (event.type === 'UnitAlarmRaised') return { unitId: event.unitId, fromTripId: event.fromTripId }
  const { silentFromMs, silentToMs, silentUnits, ofUnits } = event
  return { unitId: null, mass: { silentFromMs, silentToMs, silentUnits, ofUnits } }
}

/** The open alarms once only the `standing` kinds stand. */
export function withoutGone(
  open: readonly Alarm[],
  standing: readonly AlarmKind[],
  goneAtMs: number,
): readonly Alarm[] {
  if (open.every(alarm => alarm.goneAtMs !== null || standing.includes(alarm.kind))) return open
  return open.flatMap(alarm => {
    if (alarm.goneAtMs !== null || standing.includes(alarm.kind)) return [alarm]
    return alarm.acknowledged === null ? [{ ...alarm, goneAtMs }] : []
  })
}

/** The open alarms of a trip that has another priority from now on. */
export function rankedAnew(open: readonly Alarm[], priority: Priority): readonly Alarm[] {
  return open.map(alarm => ({ ...alarm, severity: severityOf(alarm.kind, priority) }))
}

/** What people and the engine do with an alarm, which is open by then. */
export function evolveAlarm(open: readonly Alarm[], event: AlarmEvent, meta: EventMeta): readonly Alarm[] {
  const { alarmId } = event
  const alarm = openAlarm(open, alarmId)
  invariant(alarm !== undefined, () => `${event.type} at ${meta.position}: alarm ${alarmId} is not open`)
  switch (event.type) {
    case 'AlarmAcknowledged': {
      if (alarm.goneAtMs !== null) return without(open, alarmId)
      return changed(open, alarmId, { acknowledged: { by: event.by, atMs: meta.recordedAtMs }, shelved: null })
    }
    case 'AlarmShelved':
      return changed(open, alarmId, { shelved: { by: event.by, atMs: meta.recordedAtMs, forMs: event.forMs } })
    case 'AlarmEscalated':
      return changed(open, alarmId, { escalatedAtMs: meta.recordedAtMs })
    case 'AlarmLapsed':
      return without(open, alarmId)
  }
}

const without = (open: readonly Alarm[], alarmId: AlarmId) => open.filter(alarm => alarm.alarmId !== alarmId)

const changed = (open: readonly Alarm[], alarmId: AlarmId, change: Partial<Alarm>): readonly Alarm[] =>
  open.map(alarm => (alarm.alarmId === alarmId ? { ...alarm, ...change } : alarm))

/** A person takes the alarm on. Nothing when somebody has already. */
export function acknowledgeAlarm(open: readonly Alarm[], { alarmId }: AcknowledgeAlarm, by: Principal): Decision {
  const alarm = openAlarm(open, alarmId)
  if (alarm === undefined) return unknownAlarm(alarmId)
  if (alarm.acknowledged !== null) return accepted()
  return accepted({ type: 'AlarmAcknowledged', ...about(alarmId), by })
}

/** Puts the alarm aside for a while; it comes back by itself. Acknowledged ones ask for nobody as it is. */
export function shelveAlarm(
  open: readonly Alarm[],
  { alarmId, forMs }: ShelveAlarm,
  by: Principal,
  policy: Pick<Policy, 'alarmShelveMaxMs'>,
): Decision {
  const alarm = openAlarm(open, alarmId)
  if (alarm === undefined) return unknownAlarm(alarmId)
  const { alarmShelveMaxMs } = policy
  if (forMs > alarmShelveMaxMs) {
    const message = `\`forMs\` is more than the ${alarmShelveMaxMs} ms that this region's policy allows; shelve the alarm for less, or acknowledge it.`
    return refused('invalid-field', message, { path: 'forMs', alarmShelveMaxMs })
  }
  return accepted({ type: 'AlarmShelved', ...about(alarmId), by, forMs })
}

/** When an alarm goes up to a supervisor; null for one whose cause is gone, that has an owner, or is there already. */
export function escalatesAtMs(
  { goneAtMs, acknowledged, escalatedAtMs, shelved, raisedAtMs, severity }: Alarm,
  { alarmEscalateMs }: Pick<Policy, 'alarmEscalateMs'>,
  nowMs: number,
): number | null {
  if (goneAtMs !== null || acknowledged !== null || escalatedAtMs !== null) return null
  const shelvedUntilMs = shelved === null ? 0 : overAtMs(shelved.atMs, shelved.forMs, nowMs)
  return Math.max(overAtMs(raisedAtMs, alarmEscalateMs[severity], nowMs), shelvedUntilMs)
}

/** Nobody has taken the alarm on in time. */
export const alarmEscalated = (alarmId: AlarmId): DomainEvent => ({
  type: 'AlarmEscalated',
  ...about(alarmId),
  to: 'supervisor',
})

/** The alarm's cause is gone, and it gives way to newer ones. */
export const alarmLapsed = (alarmId: AlarmId): DomainEvent => ({ type: 'AlarmLapsed', ...about(alarmId) })

const about = (alarmId: AlarmId) => ({ v: 1, ...subjectOfAlarm(alarmId), alarmId }) as const

function unknownAlarm(alarmId: AlarmId): Refused {
  const message = `Alarm ${alarmId} is not open: it has ended, or there never was one; the board shows those that are.`
  return refused('unknown-alarm', message, { alarmId })
}
