/** The open alarms of a board, carried on by events as `docs/protocol/events.md` says. */
import { severityOf } from '../domain/alarms.ts'
import type { RegionAlarm, TripAlarm, UnitAlarm } from '../domain/events/alarm-events.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { AlarmView } from '../protocol/wire/situation-views.ts'

type AlarmKind = TripAlarm | UnitAlarm | RegionAlarm
type EventType = DomainEvent['type']

const NOBODY_FOUND: readonly TripAlarm[] = ['no-eligible-unit', 'round-exhausted', 'rounds-over']
const UNANSWERED: readonly TripAlarm[] = ['unacknowledged', 'voice-order']
const OF_THE_WAY: readonly TripAlarm[] = ['no-movement', 'standing', 'turned-away', 'past-eta']
const OF_A_UNIT: readonly TripAlarm[] = [
  ...UNANSWERED,
  ...OF_THE_WAY,
  ...(['app-lost', 'position-lost', 'crew-relieved'] as const),
]
/** The alarms of a trip that end by a step. */
const ENDED_BY: Readonly<Partial<Record<EventType, readonly TripAlarm[]>>> = {
  TripPutOnHold: NOBODY_FOUND,
  TripTakenOffHold: ['order-unanswered'],
  OfferMade: [...NOBODY_FOUND, 'waiting-long', 'order-unanswered'],
  OfferAccepted: UNANSWERED,
  OfferDeclined: UNANSWERED,
  OfferTimedOut: UNANSWERED,
  OfferRevoked: UNANSWERED,
  UnitWithdrawn: OF_A_UNIT,
  AssignmentOverridden: OF_A_UNIT,
  TripPhaseReached: OF_THE_WAY,
  ReceiverNamed: ['receiver-unknown'],
}

/** Which alarms of its trip an event ends; `all` where the trip itself ends. */
export function tripAlarmsEndedBy(event: DomainEvent): readonly TripAlarm[] | 'all' {
  if (event.type === 'TripCancelled' || event.type === 'TripClosed') return 'all'
  if (event.type === 'TripAlarmCleared') return [event.alarm]
  return ENDED_BY[event.type] ?? []
}

interface Raised {
  readonly subject: string
  readonly kind: AlarmKind
  readonly severity: AlarmView['severity'] | undefined
  readonly tripId: string | null
  readonly unitId: string | null
  readonly mass?: AlarmView['mass']
}

export class KeptAlarms {
  readonly byId = new Map<string, AlarmView>()

  reset(alarms: readonly AlarmView[]): void {
    this.byId.clear()
    for (const alarm of alarms) this.byId.set(alarm.alarmId, alarm)
  }

  /** Input: the event, the position of its record, and when it was recorded. */
  read(event: DomainEvent, position: number, atMs: number): void {
    switch (event.type) {
      case 'TripAlarmRaised':
        return this.#raise(
          { ...event, subject: `trip/${event.tripId}`, kind: event.alarm, severity: event.severity },
          position,
          atMs,
        )
      case 'UnitAlarmRaised': {
        const { unitId, alarm: kind, severity, fromTripId: tripId } = event
        return this.#raise({ subject: `driver/${unitId}`, kind, severity, tripId, unitId }, position, atMs)
      }
      case 'RegionAlarmRaised': {
        const { entity: subject, alarm: kind, severity, silentFromMs, silentToMs, silentUnits, ofUnits } = event
        const mass = { silentFromMs, silentToMs, silentUnits, ofUnits }
        return this.#raise({ subject, kind, severity, tripId: null, unitId: null, mass }, position, atMs)
      }
      case 'RegionAlarmCleared':
        return this.over(event.entity, [event.alarm], atMs)
      case 'TripReleased':
        return this.#forget(`trip/${event.tripId}`)
      case 'UnitReleased':
        return this.#forget(`driver/${event.unitId}`)
      case 'CallAmended':
        for (const tripId of event.tripIds) {
          for (const alarm of this.#of(`trip/${tripId}`))
            this.#change(alarm, { severity: severityOf(alarm.kind, event.priority) })
          if (event.triaged === true) this.over(`trip/${tripId}`, ['waiting-long'], atMs)
        }
        return
      default:
        this.#answer(event, atMs)
        if ('tripId' in event && event.tripId !== undefined)
          this.over(`trip/${event.tripId}`, tripAlarmsEndedBy(event), atMs)
    }
  }

  /** The causes are gone: an alarm that somebody has acknowledged ends, another one waits for that. */
  over(subject: string, kinds: readonly AlarmKind[] | 'all', atMs: number): void {
    for (const alarm of this.#of(subject)) {
      if (alarm.goneAtMs !== null || (kinds !== 'all' && !kinds.includes(alarm.kind))) continue
      // Who has the patient is still to be said of a trip that is over.
      if (kinds === 'all' && alarm.kind === 'receiver-unknown') continue
      if (alarm.acknowledgedBy === null) this.#change(alarm, { goneAtMs: atMs })
      else this.byId.delete(alarm.alarmId)
    }
  }

  #answer(event: DomainEvent, atMs: number): void {
    if (event.type === 'AlarmLapsed') this.byId.delete(event.alarmId)
    const alarm = 'alarmId' in event ? this.byId.get(event.alarmId) : undefined
    if (alarm === undefined) return
    if (event.type === 'AlarmAcknowledged') {
      if (alarm.goneAtMs !== null) this.byId.delete(alarm.alarmId)
      else
        this.#change(alarm, { acknowledgedBy: event.by, acknowledgedAtMs: atMs, shelvedBy: null, shelvedUntilMs: null })
    } else if (event.type === 'AlarmShelved') {
      this.#change(alarm, { shelvedBy: event.by, shelvedUntilMs: atMs + event.forMs })
    } else if (event.type === 'AlarmEscalated') this.#change(alarm, { escalatedAtMs: atMs })
  }

  #raise({ subject, kind, severity, tripId, unitId, mass }: Raised, position: number, atMs: number): void {
    // Of before alarms had owners: nobody has to acknowledge it.
    if (severity === undefined) return
    const more = mass === undefined ? {} : { mass }
    const open = this.#of(subject).find(alarm => alarm.kind === kind)
    if (open !== undefined) return this.#change(open, { tripId, unitId, severity, goneAtMs: null, ...more })
    const alarmId = `${subject}/${kind}/${position}`
    this.byId.set(alarmId, {
      ...{ alarmId, kind, severity, tripId, unitId, raisedAtMs: atMs, goneAtMs: null },
      ...{ acknowledgedBy: null, acknowledgedAtMs: null, escalatedAtMs: null, shelvedBy: null, shelvedUntilMs: null },
      ...more,
    })
  }

  #of(subject: string): AlarmView[] {
    return [...this.byId.values()].filter(({ alarmId }) => alarmId.startsWith(`${subject}/`))
  }

  #forget(subject: string): void {
    for (const { alarmId } of this.#of(subject)) this.byId.delete(alarmId)
  }

  #change(alarm: AlarmView, change: Partial<AlarmView>): void {
    this.byId.set(alarm.alarmId, { ...alarm, ...change })
  }
}
