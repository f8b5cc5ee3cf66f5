/**
 * The log as the judge keeps it, record by record as the database commits them: whether it is one log, and what it says.
 *
 * Events are copied from their text, as a database would give them back, so that nobody can change them afterwards.
 */
import { isDeepStrictEqual } from 'node:util'
import type { CallDetails } from '../../../src/domain/commands.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { CallId, TripId, UnitId } from '../../../src/domain/ids.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import { isBound } from '../../../src/domain/unit/driver.ts'
import type { CommandRow, RecordWrite } from '../../../src/store/log/journal.ts'
import { AlarmAccount } from './alarm-account.ts'
import { ClosedRoads } from './closed-roads.ts'
import { Emergencies } from './emergencies.ts'
import type { Findings } from './findings.ts'
import { Handovers } from './handovers.ts'
import { HelpAccount } from './help-account.ts'
import { StateHistory } from './history.ts'
import { Holds } from './holds.ts'
import { MassSilences } from './mass-silences.ts'
import { NumberAccount } from './number-account.ts'
import { PatientAccount } from './patients.ts'
import { PolicyAccount } from './policy-account.ts'
import { Reserves } from './reserves.ts'
import { SilentUnits } from './silent-units.ts'
import { StandDowns } from './stand-downs.ts'
import { checkEvent } from './steps.ts'
import { TrueTimes } from './true-times.ts'
import { UnfitUnits } from './unfit-units.ts'
import { UrgencyAccount } from './urgency.ts'
import { VoiceOrders } from './voice-orders.ts'
import { WheelWords } from './wheel-words.ts'
import { WholeDecisions } from './whole-decisions.ts'

export interface AccountedRecord {
  readonly position: number
  readonly recordedAtMs: number
  readonly epoch: number
  readonly principal: string
  readonly commandId: string | null
  readonly trace: string | null
  readonly events: readonly DomainEvent[]
  /** The events of which the board tells, as JSON text. */
  readonly shownText: string
  /** True time. */
  readonly committedAtMs: number
}

export const commandKey = (principal: string, commandId: string): string => `${principal} ${commandId}`

export class LogAccount {
  readonly #findings: Findings
  readonly history = new StateHistory()
  readonly policies: PolicyAccount
  readonly #patients: PatientAccount
  readonly #numbers: NumberAccount
  readonly #urgency: UrgencyAccount
  readonly #unfit: UnfitUnits
  readonly #emergencies: Emergencies
  readonly #times: TrueTimes
  readonly #wheels: WheelWords
  readonly #voice: VoiceOrders
  readonly #handovers: Handovers
  readonly closedRoads: ClosedRoads
  readonly alarms: AlarmAccount
  readonly standDowns: StandDowns
  readonly #masses: MassSilences
  readonly holds: Holds
  readonly #silent: SilentUnits
  readonly #decisions: WholeDecisions
  readonly #help: HelpAccount
  readonly #reserves: Reserves
  /** Position n stands at n - 1. */
  readonly records: AccountedRecord[] = []
  readonly commands = new Map<string, CommandRow>()
  /** Positions of the records of each command. */
  readonly #recordsOf = new Map<string, number[]>()
  readonly #openTrips = new Map<UnitId, TripId>()
  /** Each call's personal data from a position on, oldest first. */
  readonly #details = new Map<CallId, { readonly position: number; readonly details: CallDetails | null }[]>()
  #epoch = 0
  #segmentEnd = 0
  tripsClosed = 0
  /** Since when the newest owner has served the region; null while that is not known exactly. */
  servedSinceMs: number | null = null

  /** No engine's clock is ever set in this run. */
  readonly #areSpansTrue: boolean

  constructor(findings: Findings, areSpansTrue: boolean, policies: ReadonlyMap<number, StandingPolicy>) {
    this.#findings = findings
    this.policies = new PolicyAccount(policies, findings)
    this.#patients = new PatientAccount(findings)
    this.#numbers = new NumberAccount(findings)
    this.#help = new HelpAccount(findings, this.policies)
    this.#reserves = new Reserves(findings, this.policies)
    this.#urgency = new UrgencyAccount(findings, tripId => this.#help.isHelp(tripId))
    this.#unfit = new UnfitUnits(findings)
    this.#emergencies = new Emergencies(findings)
    this.#times = new TrueTimes(findings)
    this.#wheels = new WheelWords(findings, this.policies)
    this.#voice = new VoiceOrders(findings)
    this.#handovers = new Handovers(findings)
    this.closedRoads = new ClosedRoads(findings)
    this.#silent = new SilentUnits(findings)
    this.alarms = new AlarmAccount(findings, this.policies)
    this.holds = new Holds(findings)
    this.standDowns = new StandDowns(findings, this.policies)
    this.#masses = new MassSilences(findings, this.policies)
    this.#decisions = new WholeDecisions(findings, policies)
    this.#areSpansTrue = areSpansTrue
  }

  get end(): number {
    return this.records.length
  }
  get segmentEnd(): number {
    return this.#segmentEnd
  }
  get last(): AccountedRecord | undefined {
    return this.records.at(-1)
  }

  record(position: number): AccountedRecord | undefined {
    return this.records[position - 1]
  }

  /** Where in the log this command stands. */
  positionsOf(principal: string, commandId: string): readonly number[] {
    return this.#recordsOf.get(commandKey(principal, commandId)) ?? []
  }

  /** The call's personal data as it was at `position`; null when none was given, or it was erased. */
  detailsAt(callId: CallId, position: number): CallDetails | null {
    return this.#details.get(callId)?.findLast(line => line.position <= position)?.details ?? null
  }

  acquired(epoch: number): void {
    if (epoch <= this.#epoch) {
      this.#findings.find('one-writer', `the region was taken with epoch ${epoch}, after epoch ${this.#epoch}`)
    }
    this.#epoch = epoch
    this.servedSinceMs = null
  }

  /** Takes a batch in; `added` is called for each record, the states being those before it. */
  committed(
    epoch: number,
    batch: readonly RecordWrite[],
    nowMs: number,
    added: (record: AccountedRecord) => void,
  ): void {
    this.#checkEpoch(epoch, `records from ${batch[0]?.record.position} on`)
    for (const write of batch) this.#commit(write, epoch, nowMs, added)
  }

  segmentCommitted(epoch: number, segmentNo: number): void {
    this.#checkEpoch(epoch, `segment ${segmentNo}`)
    if (segmentNo !== this.#segmentEnd + 1) {
      this.#findings.find('log-without-gaps', `segment ${segmentNo} follows segment ${this.#segmentEnd}`)
    }
    this.#segmentEnd = segmentNo
  }

  #checkEpoch(epoch: number, what: string): void {
    if (epoch === this.#epoch) return
    this.#findings.find('one-writer', `${what} came in with epoch ${epoch}; the region is held with ${this.#epoch}`)
  }

  #commit(write: RecordWrite, epoch: number, nowMs: number, added: (record: AccountedRecord) => void): void {
    const { position, recordedAtMs, principal, commandId, trace } = write.record
    const before = this.last
    if (position !== this.end + 1) {
      this.#findings.find('log-without-gaps', `position ${position} follows position ${this.end}`)
      return
    }
    if (before !== undefined && recordedAtMs < before.recordedAtMs) {
      const text = `position ${position} is recorded at ${recordedAtMs}, position ${before.position} at ${before.recordedAtMs}`
      this.#findings.find('time-runs-forward', text)
    }
    const text = JSON.stringify(write.record.events)
    const events = JSON.parse(text) as DomainEvent[]
    const record = {
      position,
      recordedAtMs,
      epoch,
      principal,
      commandId,
      trace,
      events,
      shownText: shownTextOf(events),
      committedAtMs: nowMs,
    }
    added(record)
    this.records.push(record)
    for (const event of events) this.#apply(record, event)
    this.#voice.take(events, position)
    this.#handovers.take(events, position)
    this.closedRoads.take(events, position)
    this.#help.recorded(this.history, position)
    this.#keepCommand(record, write.command)
    this.#keepOpenTrips(record, write)
    if (write.callDetails !== null) this.#keepDetails(position, write.callDetails)
  }

  #apply(record: AccountedRecord, event: DomainEvent): void {
    const { position, recordedAtMs, principal, committedAtMs } = record
    this.#patients.take(event, principal, position)
    if (this.#areSpansTrue) this.policies.take(event, recordedAtMs)
    this.holds.take(event, position)
    this.#numbers.take(event, event.atMs ?? recordedAtMs, position)
    const before = 'tripId' in event && event.tripId !== undefined ? this.history.trip(event.tripId) : undefined
    this.#silent.take(event, before, position)
    this.#emergencies.take(event, before, position)
    const when = { position, recordedAtMs, servedSinceMs: this.servedSinceMs, areSpansTrue: this.#areSpansTrue }
    const accounts = { policies: this.policies, urgency: this.#urgency }
    checkEvent(this.history, accounts, event, when, this.#findings)
    this.#decisions.check(this.history, event, position)
    this.#help.take(this.history, event, position)
    this.#reserves.check(this.history, event, position)
    for (const text of this.history.apply(event, { position, recordedAtMs })) {
      this.#findings.find('log-makes-sense', text)
    }
    this.#unfit.take(event, position)
    const tripId = 'tripId' in event ? event.tripId : undefined
    const trip = tripId === undefined ? undefined : this.history.trip(tripId)
    this.#times.take(event, record, trip)
    this.#wheels.take(event, record.position, trip)
    const moment = {
      position,
      recordedAtMs: event.atMs ?? recordedAtMs,
      committedAtMs,
      areSpansTrue: this.#areSpansTrue,
    }
    this.alarms.take(event, moment)
    this.standDowns.take(event, moment)
    this.#masses.take(event, moment, { sinceMs: this.servedSinceMs, epoch: record.epoch })
    this.#urgency.apply(this.history, event, recordedAtMs)
    if (event.type === 'TripClosed') this.tripsClosed += 1
  }

  #keepCommand({ position, principal, commandId }: AccountedRecord, row: CommandRow | null): void {
    if (commandId !== null && principal !== 'system') {
      const key = commandKey(principal, commandId)
      const others = this.#recordsOf.get(key)
      if (others === undefined) this.#recordsOf.set(key, [position])
      else {
        others.push(position)
        const text = `command ${commandId} of ${principal} is in the log at ${others.join(' and ')}`
        this.#findings.find('acknowledged-once', text)
      }
    }
    if (row === null) return
    if (row.position !== position || row.principal !== principal || row.commandId !== commandId) {
      const where = `position ${position} is ${commandId} of ${principal}`
      const text = `${where}; the outcome kept with it is of ${row.commandId} of ${row.principal} at ${row.position}`
      this.#findings.find('acknowledged-once', text)
    }
    const key = commandKey(row.principal, row.commandId)
    if (!this.commands.has(key)) this.commands.set(key, JSON.parse(JSON.stringify(row)) as CommandRow)
  }

  #keepDetails(position: number, { callId, details }: NonNullable<RecordWrite['callDetails']>): void {
    const lines = this.#details.get(callId) ?? []
    const isErased = Object.values(details).every(value => value === null)
    lines.push({ position, details: isErased ? null : { ...details } })
    this.#details.set(callId, lines)
  }

  #keepOpenTrips({ position, events }: AccountedRecord, { closes, opens }: RecordWrite): void {
    const open = this.#openTrips
    const find = (text: string) => this.#findings.find('open-trip-once', `position ${position} ${text}`)
    for (const { unitId, tripId } of closes) {
      if (open.get(unitId) !== tripId) find(`closes ${tripId} of ${unitId}, which has ${open.get(unitId) ?? 'none'}`)
      else open.delete(unitId)
    }
    for (const { unitId, tripId } of opens) {
      if (open.has(unitId)) find(`opens ${tripId} for ${unitId}, which has ${open.get(unitId)}`)
      open.set(unitId, tripId)
    }
    const units = new Set(events.flatMap(event => unitsOf(event)))
    for (const { unitId } of [...closes, ...opens]) units.add(unitId)
    for (const unitId of units) {
      const driver = this.history.driver(unitId)
      const bound = driver !== undefined && isBound(driver) ? driver.work!.tripId : null
      const held = open.get(unitId) ?? null
      if (bound !== held)
        find(`leaves ${unitId} bound to ${bound ?? 'nothing'} and the table with ${held ?? 'nothing'}`)
    }
  }
}

function unitsOf(event: DomainEvent): UnitId[] {
  const units: UnitId[] = []
  if ('unitId' in event && typeof event.unitId === 'string') units.push(event.unitId)
  if ('fromUnitId' in event && event.fromUnitId !== null) units.push(event.fromUnitId)
  return units
}

/** Equal as JSON values. */
export const sameJson = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))

/** Holes in fixes are no news for a board. */
const shownTextOf = (events: readonly DomainEvent[]): string =>
  JSON.stringify(events.filter(({ type }) => type !== 'FixHoleRecorded'))
