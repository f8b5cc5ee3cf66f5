/**
 * The alarms that are open, by an account of the judge's own: whether each is answered as one may be, and whether what
 * nobody answers goes up to a supervisor in its time.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Findings } from './findings.ts'
import type { PolicyAccount } from './policy-account.ts'

type Severity = 1 | 2 | 3

interface OpenAlarm {
  /** The trip or unit that it is about: `trip/…`, `driver/…`. */
  readonly subject: string
  readonly kind: string
  severity: Severity
  /** Region time, and true time. */
  readonly raisedAtMs: number
  readonly raisedTrulyMs: number
  isGone: boolean
  isAnswered: boolean
  isUp: boolean
  shelved: { readonly atMs: number; readonly trulyMs: number; readonly forMs: number } | null
}

export interface AlarmMoment {
  readonly position: number
  readonly recordedAtMs: number
  /** True time of the commit. */
  readonly committedAtMs: number
  /** Spans are as long by region time as they are: no clock is ever set. */
  readonly areSpansTrue: boolean
}

const ON_THE_WAY: readonly string[] = ['no-movement', 'standing', 'turned-away', 'past-eta']
/** Which alarms of a trip what happens to the trip makes an end of; `all` also those that come later to this list. */
const ENDS: Readonly<Partial<Record<DomainEvent['type'], readonly string[] | 'all'>>> = {
  OfferMade: ['no-eligible-unit', 'round-exhausted', 'rounds-over', 'waiting-long', 'order-unanswered'],
  OfferAccepted: ['unacknowledged', 'voice-order'],
  OfferDeclined: ['unacknowledged', 'voice-order'],
  OfferTimedOut: ['unacknowledged', 'voice-order'],
  OfferRevoked: ['unacknowledged', 'voice-order'],
  UnitWithdrawn: ['unacknowledged', 'voice-order', ...ON_THE_WAY, 'app-lost', 'position-lost', 'crew-relieved'],
  AssignmentOverridden: ['unacknowledged', 'voice-order', ...ON_THE_WAY, 'app-lost', 'position-lost', 'crew-relieved'],
  TripPhaseReached: ON_THE_WAY,
  TripPutOnHold: ['no-eligible-unit', 'round-exhausted', 'rounds-over'],
  TripTakenOffHold: ['order-unanswered'],
  ReceiverNamed: ['receiver-unknown'],
  TripCancelled: 'all',
  TripClosed: 'all',
}
/** What shows that somebody of a unit's crew is there. */
const SIGNS: ReadonlySet<string> = new Set([
  ...['CrewSignedOn', 'CrewSignedOff', 'UnitBecameAvailable', 'UnitBecameUnavailable', 'UnitCleared', 'UnitContacted'],
  ...['OfferAccepted', 'OfferDeclined', 'TripPhaseReached', 'TripTimeNoted', 'TripClosed', 'StandDownAcknowledged'],
])
/** What shows that a crew knows of the trip that was taken from it. */
const KNOWS: ReadonlySet<string> = new Set([
  ...['StandDownAcknowledged', 'CrewSignedOn', 'CrewSignedOff', 'UnitBecameAvailable', 'UnitCleared', 'OfferAccepted'],
])
/** Of alarms whose cause is gone no more than these wait for a person. */
const GONE_KEPT = 1_000
/** What may pass between a moment and what is done about it, a start included. */
const SOON_MS = 180_000

export class AlarmAccount {
  readonly #findings: Findings
  readonly #policies: PolicyAccount
  readonly #open = new Map<string, OpenAlarm>()
  readonly #priorities = new Map<string, number>()
  /** Units that left an offer unanswered and of which nothing was heard since; of these, where nobody has been told yet. */
  readonly #silent = new Set<string>()
  readonly #untold = new Map<string, number>()

  constructor(findings: Findings, policies: PolicyAccount) {
    this.#findings = findings
    this.#policies = policies
  }

  take(event: DomainEvent, moment: AlarmMoment): void {
    if (event.type === 'TripCreated' || event.type === 'HelpAdded' || event.type === 'TripReleased')
      this.#priorities.set(event.tripId, event.priority)
    switch (event.type) {
      case 'TripReleased':
        return this.#forget(`trip/${event.tripId}`)
      case 'UnitReleased':
        this.#silent.delete(event.unitId)
        return this.#forget(`driver/${event.unitId}`)
      case 'CallAmended':
        for (const tripId of event.tripIds) {
          this.#priorities.set(tripId, event.priority)
          for (const alarm of this.#of(`trip/${tripId}`)) alarm.severity = severityOf(alarm.kind, event.priority)
          if (event.triaged === true) this.#gone(`trip/${tripId}`, ['waiting-long'])
        }
        return
      case 'TripAlarmRaised':
        return this.#raised(`trip/${event.tripId}`, event, event.tripId, moment)
      case 'UnitAlarmRaised':
        if (event.alarm === 'no-contact') this.#told(event.unitId, moment.position)
        return this.#raised(`driver/${event.unitId}`, event, event.fromTripId, moment)
      case 'RegionAlarmRaised':
        return this.#raised(event.entity, event, null, moment)
      case 'EmergencyEnded':
        return this.#gone(`driver/${event.unitId}`, ['emergency'])
      case 'RegionAlarmCleared':
        return this.#gone(event.entity, [event.alarm])
      case 'TripAlarmCleared':
        return this.#gone(`trip/${event.tripId}`, [event.alarm])
      case 'OfferTimedOut':
        this.#timedOut(event.unitId, moment.position)
        break
      case 'AlarmAcknowledged':
      case 'AlarmShelved':
      case 'AlarmEscalated':
      case 'AlarmLapsed':
        return this.#answered(event, moment)
    }
    const ends = ENDS[event.type]
    if (ends !== undefined && 'tripId' in event) this.#gone(`trip/${event.tripId}`, ends)
    const isOfPerson = !('cause' in event) || event.cause !== 'geofence'
    if (SIGNS.has(event.type) && isOfPerson && 'unitId' in event && typeof event.unitId === 'string')
      this.#heard(event.unitId)
    if (KNOWS.has(event.type) && 'unitId' in event) this.#gone(`driver/${event.unitId}`, ['stand-down'])
  }

  /** In the end, in true time: what stands and nobody has answered is with a supervisor. */
  end(nowMs: number): void {
    for (const [unitId, position] of this.#untold) {
      this.#find(`${unitId} left an offer unanswered at position ${position}, and nobody was told`)
    }
    for (const [id, alarm] of this.#open) {
      if (alarm.isGone || alarm.isAnswered || alarm.isUp) continue
      // A clock that was ahead, and was set right, puts it off by the span once more.
      const spanMs = 2 * this.#policies.newest.alarmEscalateMs[alarm.severity]
      const shelvedUntilMs = alarm.shelved === null ? 0 : alarm.shelved.trulyMs + 2 * alarm.shelved.forMs
      const overdueMs = nowMs - SOON_MS - Math.max(alarm.raisedTrulyMs + spanMs, shelvedUntilMs)
      if (overdueMs > 0)
        this.#find(`alarm ${id} stands, and nobody was told more than once of it, ${overdueMs} ms too long`)
    }
  }

  /** Whoever falls silent is told of; of one that was silent already it was told. */
  #timedOut(unitId: string, position: number): void {
    if (!this.#silent.has(unitId)) this.#untold.set(unitId, position)
    this.#silent.add(unitId)
  }

  #told(unitId: string, position: number): void {
    this.#untold.delete(unitId)
    if (!this.#silent.has(unitId)) this.#find(`${unitId} has an alarm at ${position}, and was heard of`)
  }

  #heard(unitId: string): void {
    this.#silent.delete(unitId)
    this.#gone(`driver/${unitId}`, ['no-contact'])
  }

  #forget(subject: string): void {
    for (const [id, alarm] of this.#open) if (alarm.subject === subject) this.#open.delete(id)
  }

  #raised(
    subject: string,
    {
      alarm: kind,
      severity,
    }: Extract<DomainEvent, { type: 'TripAlarmRaised' | 'UnitAlarmRaised' | 'RegionAlarmRaised' }>,
    tripId: string | null,
    { position, recordedAtMs, committedAtMs }: AlarmMoment,
  ): void {
    const due = tripId === null || kind === 'emergency' ? 1 : severityOf(kind, this.#priorities.get(tripId) ?? 1)
    if (severity !== due)
      this.#find(`alarm ${kind} of ${tripId ?? subject} at position ${position} has severity ${severity}, not ${due}`)
    const known = this.#of(subject).find(alarm => alarm.kind === kind)
    if (known !== undefined) {
      known.isGone = false
      known.severity = due
      return
    }
    this.#open.set(`${subject}/${kind}/${position}`, {
      ...{ subject, kind, severity: due, raisedAtMs: recordedAtMs, raisedTrulyMs: committedAtMs },
      ...{ isGone: false, isAnswered: false, isUp: false, shelved: null },
    })
  }

  #gone(subject: string, kinds: readonly string[] | 'all'): void {
    for (const [id, alarm] of this.#open) {
      if (alarm.subject !== subject || (kinds !== 'all' && !kinds.includes(alarm.kind))) continue
      if (alarm.isAnswered) this.#open.delete(id)
      else alarm.isGone = true
    }
  }

  #answered(
    event: Extract<DomainEvent, { readonly alarmId: string }>,
    { position, recordedAtMs, committedAtMs, areSpansTrue }: AlarmMoment,
  ): void {
    const { alarmId, type } = event
    const alarm = this.#open.get(alarmId)
    const where = `${type} of ${alarmId} at position ${position}`
    if (alarm === undefined) return this.#find(`${where}: it has ended, or never was`)
    switch (type) {
      case 'AlarmAcknowledged':
        if (alarm.isAnswered) this.#find(`${where}: somebody answers for it already`)
        alarm.isAnswered = true
        alarm.shelved = null
        if (alarm.isGone) this.#open.delete(alarmId)
        return
      case 'AlarmShelved':
        alarm.shelved = { atMs: recordedAtMs, trulyMs: committedAtMs, forMs: event.forMs }
        return
      case 'AlarmEscalated': {
        if (alarm.isGone || alarm.isAnswered || alarm.isUp) this.#find(`${where}: nobody needs to be told`)
        alarm.isUp = true
        const { raisedAtMs, shelved, severity } = alarm
        const dueMs = raisedAtMs + this.#policies.leastAlarmEscalateMs(severity)
        const shelvedUntilMs = shelved === null ? 0 : shelved.atMs + shelved.forMs
        const earlyMs = Math.max(dueMs, shelvedUntilMs) - recordedAtMs
        if (areSpansTrue && earlyMs > 0) this.#find(`${where} comes ${earlyMs} ms before its time`)
        return
      }
      case 'AlarmLapsed': {
        const waiting = [...this.#open.values()].filter(({ isGone }) => isGone).length
        if (!alarm.isGone) this.#find(`${where}: its cause stands`)
        if (waiting <= GONE_KEPT) this.#find(`${where}: only ${waiting} wait for a person`)
        this.#open.delete(alarmId)
      }
    }
  }

  #of(subject: string): OpenAlarm[] {
    return [...this.#open.values()].filter(alarm => alarm.subject === subject)
  }

  #find(text: string): void {
    this.#findings.find('alarms-answered', text)
  }
}

function severityOf(kind: string, priority: number): Severity {
  if (kind === 'crew-relieved') return 3
  if (kind === 'stand-down') return 2
  return priority <= 2 ? 1 : priority === 3 ? 2 : 3
}
