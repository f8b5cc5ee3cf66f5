/**
 * A fleet that falls silent at once, by what the events say and by no rule of the engine: it is one alarm, its units have none of
 * their own while it stands, and what is told as a mass is one.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId, UnitId } from '../../../src/domain/ids.ts'
import type { AlarmMoment } from './alarm-account.ts'
import type { Findings } from './findings.ts'
import type { PolicyAccount } from './policy-account.ts'

type Raised = Extract<DomainEvent, { type: 'RegionAlarmRaised' }>
type OfTrip = Extract<DomainEvent, { type: 'TripAlarmRaised' }>

/** Which alarm of the region stands for which of a trip. */
const MASS_OF: Readonly<Record<string, string>> = { 'app-lost': 'mass-app-lost', 'position-lost': 'mass-position-lost' }
/** Who called in by voice has no app. */
const BY_VOICE = '-voice'
/** The engine counts by seconds. */
const SECOND_MS = 1_000

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

interface Served {
  /** Since when the newest owner serves the region; null while that is not known exactly. */
  readonly sinceMs: number | null
  readonly epoch: number
}

export class MassSilences {
  readonly #findings: Findings
  readonly #policies: PolicyAccount
  readonly #crews = new Map<UnitId, string>()
  /** The alarms of trips that stand: by kind and trip, when its unit was heard of last. */
  readonly #alone = new Map<string, Map<TripId, number>>()
  /** Of the masses that stand; null: since when its units are silent nobody knows any more, after a start. */
  readonly #standing = new Map<string, Span | null>()
  #epoch = 0

  constructor(findings: Findings, policies: PolicyAccount) {
    this.#findings = findings
    this.#policies = policies
  }

  take(event: DomainEvent, moment: AlarmMoment, served: Served): void {
    // Every app is silent from the end of the start on, whatever it was before.
    if (served.epoch !== this.#epoch && this.#standing.has('mass-app-lost')) this.#standing.set('mass-app-lost', null)
    this.#epoch = served.epoch
    switch (event.type) {
      case 'CrewSignedOn':
        return void this.#crews.set(event.unitId, event.principal)
      case 'CrewSignedOff':
      case 'UnitReleased':
        return void this.#crews.delete(event.unitId)
      case 'TripAlarmRaised':
        return this.#alarmed(event, moment, served)
      case 'TripAlarmCleared':
        return void this.#alone.get(event.alarm)?.delete(event.tripId)
      case 'RegionAlarmRaised':
        return this.#raised(event, moment)
      case 'RegionAlarmCleared':
        if (!this.#standing.delete(event.alarm))
          this.#find(`${event.alarm} ends at ${moment.position}, and did not stand`)
        if (event.silentUnits * 2 >= this.#mostNeeded(event.ofUnits))
          this.#find(`${event.alarm} ends at ${moment.position} with ${event.silentUnits} of ${event.ofUnits} silent`)
        return
      case 'UnitWithdrawn':
      case 'AssignmentOverridden':
      case 'TripCancelled':
      case 'TripClosed':
      case 'TripReleased':
        for (const trips of this.#alone.values()) trips.delete(event.tripId)
    }
  }

  #raised(
    { alarm, severity, silentFromMs, silentToMs, silentUnits, ofUnits }: Raised,
    { position }: AlarmMoment,
  ): void {
    const where = `${alarm} at position ${position}`
    const stood = this.#standing.has(alarm)
    if (severity !== 1) this.#find(`${where} has severity ${severity}`)
    if (silentUnits * (stood ? 2 : 1) < this.#leastNeeded(ofUnits))
      this.#find(`${where} is of ${silentUnits} units of ${ofUnits}, which is no mass`)
    const onDuty = [...this.#crews.values()].filter(crew => alarm !== 'mass-app-lost' || crew !== BY_VOICE).length
    if (silentUnits > ofUnits || ofUnits > onDuty)
      this.#find(`${where} is of ${silentUnits} units of ${ofUnits}, and ${onDuty} are on duty`)
    this.#standing.set(alarm, { fromMs: silentFromMs, toMs: silentToMs })
  }

  #alarmed({ alarm, tripId, lastHeardAtMs }: OfTrip, moment: AlarmMoment, served: Served): void {
    const mass = MASS_OF[alarm]
    if (mass === undefined) return
    const where = `${alarm} of ${tripId} at position ${moment.position}`
    if (lastHeardAtMs === undefined) return this.#find(`${where} does not say when its unit was heard of last`)
    const trips = this.#alone.get(alarm) ?? new Map<TripId, number>()
    this.#alone.set(alarm, trips.set(tripId, lastHeardAtMs))
    // A clock that is set moves what is silent since when.
    if (!moment.areSpansTrue) return
    const span = this.#standing.get(mass)
    if (span && lastHeardAtMs >= span.fromMs && lastHeardAtMs < span.toMs)
      this.#find(`${where} is of a unit of ${mass}, which stands`)
    const { sinceMs } = served
    const graceMs = Math.max(...this.#policies.sinceReached(({ readyGraceMs }) => readyGraceMs))
    if (sinceMs === null || moment.recordedAtMs < sinceMs + graceMs) return
    const together = this.#together([...trips.values()], lastHeardAtMs)
    if (together >= this.#mostNeeded(this.#crews.size))
      this.#find(`${where} is the alarm of one of ${together} units that fell silent at once, of ${this.#crews.size}`)
  }

  /** How many fell silent within a span with this moment in it, at least. */
  #together(lasts: readonly number[], atMs: number): number {
    const withinMs = Math.min(...this.#policies.sinceReached(policy => policy.massSilenceWithinMs)) - SECOND_MS
    return Math.max(
      ...lasts
        .filter(fromMs => fromMs <= atMs && fromMs > atMs - withinMs)
        .map(fromMs => lasts.filter(lastMs => lastMs >= fromMs && lastMs < fromMs + withinMs).length),
    )
  }

  #needed(ofUnits: number): number[] {
    return this.#policies.sinceReached(({ massSilencePercent, massSilenceUnits }) =>
      Math.max(massSilenceUnits, (ofUnits * massSilencePercent) / 100),
    )
  }
  /** By the policy that asks for least, and for most: an alarm does not say by which it is. */
  #leastNeeded(ofUnits: number): number {
    return Math.min(...this.#needed(ofUnits))
  }
  #mostNeeded(ofUnits: number): number {
    return Math.max(...this.#needed(ofUnits).map(Math.ceil))
  }

  #find(text: string): void {
    this.#findings.find('mass-told-once', text)
  }
}
