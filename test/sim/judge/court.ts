/** A judge before whom tests bring whatever they like: records, segments, frames and memory made by hand. */
import assert from 'node:assert/strict'
import type { DriverActor } from '../../../src/actors/driver/driver-actor.ts'
import { DriverLocation } from '../../../src/actors/driver/location.ts'
import type { CallState } from '../../../src/domain/call.ts'
import type { Command } from '../../../src/domain/commands.ts'
import { driverKey, tripKey } from '../../../src/domain/entity.ts'
import type { DecisionRecord, ExclusionReason } from '../../../src/domain/events/decision-record.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import { quietRegion } from '../../../src/domain/region-state.ts'
import { TIME_OF_PHASE } from '../../../src/domain/trip/e-times.ts'
import { doubtful } from '../../../src/domain/trip/plausible.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import type { DispatchMode, ResponseTime } from '../../../src/domain/vocabulary.ts'
import { bodyHash } from '../../../src/protocol/body-hash.ts'
import { encodeClient, encodeServer } from '../../../src/protocol/codec.ts'
import { toFix } from '../../../src/protocol/fix-frame.ts'
import type { ClientMessage } from '../../../src/protocol/wire/client-tuples.ts'
import type { StreamDeclaration, WireFix } from '../../../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import type { WelcomeView } from '../../../src/protocol/wire/welcome-view.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../../../src/store/location/segment-codec.ts'
import type { RecordWrite, SegmentWrite } from '../../../src/store/log/journal.ts'
import { MemoryJournal } from '../../../src/store/log/memory-journal.ts'
import { START_MS, World } from '../../support/given-when-then.ts'
import { policyOf } from '../../support/scenario.ts'
import { tokenOf } from '../core/credentials.ts'
import type { DurableEnds, OwnedRegion } from '../core/watch.ts'
import { drawPlan } from '../plan.ts'
import type { Inhabitants } from '../world/parts.ts'
import type { Street } from '../world/streets.ts'
import { StateHistory } from './history.ts'
import { Judge } from './judge.ts'
import type { RuleName } from './rules.ts'
import { tallyOf } from './whole-decisions.ts'

const REGION = 'sim'
/** The only one, far from where most of it happens. */
const STATION = { xM: 0, yM: 2_000 }
/** The alarms of a decision that found nobody. */
const NOBODY: ReadonlySet<string> = new Set(['no-eligible-unit', 'round-exhausted', 'rounds-over'])

/** What a record has beside its events; `system` caused it unless it says otherwise. */
interface RecordOptions {
  readonly principal?: string
  readonly commandId?: string
  /** With the outcome that is kept for it. */
  readonly command?: Command
  readonly result?: Readonly<Record<string, unknown>>
  /** What is otherwise than it should be. */
  readonly wrong?: Partial<RecordWrite['record']> & Partial<Pick<RecordWrite, 'opens' | 'closes'>>
  readonly callDetails?: NonNullable<RecordWrite['callDetails']>
  readonly epoch?: number
}

export class Court {
  readonly judge: Judge
  readonly journal = new MemoryJournal()
  /** Version 1 stands, to which tests may add. */
  readonly policies = new Map<number, StandingPolicy>()
  /** The log's states, to which tests may bring others. */
  readonly world = new World()
  readonly #states = new StateHistory()
  nowMs = START_MS
  /** Whether events say by themselves where their moments cannot be. */
  areTimesWhole = true
  readonly #found: { rule: string; text: string }[] = []
  readonly #batches: RecordWrite[] = []
  readonly #segments: SegmentWrite[] = []
  readonly #bound = new Map<string, string>()
  readonly #locations = new Map<string, DriverLocation>()
  #wires = 0

  constructor(mode: DispatchMode = 'offered', streets: readonly Street[] | null = null) {
    this.policies.set(1, policyOf(mode))
    this.judge = new Judge({
      plan: { ...drawPlan(1, { hours: 1, drivers: 2, faults: 'none' }), timeZone: 'UTC' },
      region: REGION,
      sinceStartMs: () => this.nowMs - START_MS,
      nowMs: () => this.nowMs,
      journal: this.journal,
      policies: this.policies,
      stations: [STATION],
      streets,
      report: (rule, text) => this.#found.push({ rule, text }),
    })
    this.judge.acquired(1)
  }

  get ends(): DurableEnds {
    return { logEnd: this.#batches.length, segmentEnd: this.#segments.length }
  }

  /** Nothing was found but this rule, by a text that fits; looks after a step, as the run does. */
  finds(rule: RuleName, text: RegExp): void {
    this.judge.stepped()
    assert.deepEqual([...new Set(this.#found.map(found => found.rule))], [rule], JSON.stringify(this.#found, null, 1))
    assert.match(this.#found[0]!.text, text)
  }
  findsAmongOthers(rule: RuleName, text: RegExp): void {
    this.judge.stepped()
    const found = this.#found.find(found => found.rule === rule && text.test(found.text))
    assert.ok(found !== undefined, JSON.stringify(this.#found, null, 1))
  }
  findsNot(rule: RuleName): void {
    this.judge.stepped()
    assert.deepEqual(
      this.#found.filter(found => found.rule === rule),
      [],
    )
  }
  findsNothing(): void {
    this.judge.stepped()
    assert.deepEqual(this.#found, [])
  }

  /** One record a list of events, each as right as it can be. Output: the position of the last. */
  commit(...records: (readonly DomainEvent[])[]): number {
    for (const events of records) this.record(events)
    return this.#batches.length
  }

  record(brought: readonly DomainEvent[], options: RecordOptions = {}): number {
    const events = brought.map(event => this.#whole(event))
    const {
      principal = this.#crewOf(events) ?? 'system',
      commandId = null,
      command,
      result = {},
      wrong = {},
      epoch = 1,
      callDetails = null,
    } = options
    const position = this.#batches.length + 1
    const before = this.world.position
    this.world.record(events)
    assert.equal(this.world.position, before + 1)
    const recordedAtMs = this.world.nowMs
    this.nowMs = Math.max(this.nowMs, recordedAtMs)
    const { opens = this.#opens(), closes = this.#closes(), ...wrongRecord } = wrong
    const write: RecordWrite = {
      record: { position, recordedAtMs, epoch, principal, commandId, trace: null, events, ...wrongRecord },
      command:
        command === undefined
          ? null
          : { principal, commandId: commandId!, bodyHash: bodyHash(command), position, recordedAtMs, result },
      opens,
      closes,
      callDetails,
    }
    this.#keepBound()
    this.#batches.push(write)
    this.judge.recordsCommitted(epoch, [write])
    return position
  }

  /** Stores fixes of one stream in a segment. */
  store(
    unitId: string,
    streamId: string,
    fixes: readonly WireFix[],
    flags = 0,
    changes: Partial<SegmentWrite> = {},
  ): void {
    const encoder = new SegmentEncoder()
    for (const wire of fixes) {
      const fix = toFix(wire, this.timeOf(wire))
      encoder.add(unitId, streamId, fix, flags)
      this.#locationOf(unitId).replay(streamId, fix, flags)
    }
    const { bytes, fixCount, firstFixedAtMs, lastFixedAtMs } = encoder.finish()
    const segment: SegmentWrite = {
      segmentNo: this.#segments.length + 1,
      logPosition: this.#batches.length,
      ...{ bytes, fixCount, firstFixedAtMs, lastFixedAtMs },
      codecVersion: SEGMENT_CODEC_VERSION,
      ...changes,
    }
    this.#segments.push(segment)
    this.judge.segmentCommitted(1, segment)
  }

  /** The time of a fix that a client sends as `fixOf` has it. */
  timeOf(wire: WireFix): number {
    return START_MS - wire[1]
  }

  desk(sub = 'desk-1'): Party {
    const party = new Party(this, ++this.#wires, sub)
    party.hello(tokenOf(REGION, { sub, role: 'dispatcher' }), 'dispatcher', null)
    return party
  }
  driver(unitId: string, streams: readonly StreamDeclaration[] = [], sub = `crew of ${unitId}`): Party {
    const party = new Party(this, ++this.#wires, sub)
    party.hello(tokenOf(REGION, { sub, role: 'driver', unit: unitId }), 'driver', unitId, streams)
    return party
  }
  feed(): Party {
    const party = new Party(this, ++this.#wires, 'feed-1')
    party.hello(tokenOf(REGION, { sub: 'feed-1', role: 'feed' }), 'feed', null)
    return party
  }

  /** Memory that is the log's and the segments', but for what a test makes of it. */
  memory(changes: MemoryChanges = {}): OwnedRegion {
    const locations = { ...Object.fromEntries(this.#locations), ...changes.locations }
    const policyVersion = changes.policyVersion ?? this.policies.size
    return memoryOf(this.world, this.#batches.length, { ...changes, locations, policyVersion })
  }

  /** The end of a run. Input: what the world says of itself, and the memory of whoever serves; null for none but those known. */
  async isOver(world: Partial<Inhabitants> = {}, memory: OwnedRegion | null = this.memory()): Promise<void> {
    if (memory !== null) this.judge.turned('engine-1', memory, [])
    const { ownership } = await this.journal.acquire(REGION)
    for (const write of this.#batches) await this.journal.appendRecords(ownership, [write])
    for (const segment of this.#segments) await this.journal.appendSegment(ownership, segment)
    const quiet: Inhabitants = { units: [], start() {}, calm() {}, standings: () => [], pictures: () => [] }
    await this.judge.ended({ ...quiet, ...world })
  }

  /** A decision that says nothing of who could have gone says what is right, so that each rule has tests of its own. */
  #whole(event: DomainEvent): DomainEvent {
    const complete = this.#completed(event)
    this.#states.apply(complete, { position: this.#batches.length + 1, recordedAtMs: this.world.nowMs })
    return complete
  }

  /** Who takes a trip is its unit's crew, where nobody else is said to have done it. */
  #crewOf(events: readonly DomainEvent[]): string | null {
    const taken = events.find(event => event.type === 'OfferAccepted' && event.cause === undefined)
    return taken?.type === 'OfferAccepted' ? (this.#states.driver(taken.unitId)?.crew ?? null) : null
  }

  #completed(event: DomainEvent): DomainEvent {
    if (this.areTimesWhole && 'happenedAtMs' in event && 'tripId' in event) return this.#doubted(event)
    const trip = 'tripId' in event && event.tripId !== undefined ? this.#states.trip(event.tripId) : undefined
    if (trip === undefined) return event
    if (event.type === 'TripAlarmRaised' && event.decision === undefined && NOBODY.has(event.alarm)) {
      const nobody = { policyVersion: 1, basis: 'straight-line', candidates: [], excluded: {} } as const
      return { ...event, decision: this.#counted(trip, trip.asked, nobody) }
    }
    if (event.type !== 'OfferMade' || event.decision.eligible !== undefined) return event
    if (event.decision.candidates.length === 0) return event
    const decision = this.#counted(trip, event.round === trip.round ? trip.asked : [], event.decision)
    const unit = this.#states.driver(event.unitId)
    if (unit === undefined || trip.insistedUnitId !== event.unitId) return { ...event, decision }
    const [despite] = Object.keys(tallyOf([unit], trip.need, trip.asked).excluded)
    return despite === undefined
      ? { ...event, decision }
      : { ...event, decision: { ...decision, despite: despite as ExclusionReason } }
  }

  /** A moment that cannot be says so, so that each rule has tests of its own. */
  #doubted(event: Extract<DomainEvent, { readonly tripId: string; readonly happenedAtMs: number }>): DomainEvent {
    const response = this.#states.trip(event.tripId)?.responses.findLast(({ unitId }) => unitId === event.unitId)
    const time = timeOf(event)
    return response === undefined ? event : { ...event, ...doubtful(response, time, event.happenedAtMs) }
  }

  /** As if nobody knew where those are that are no candidates. */
  #counted(trip: TripState, asked: readonly string[], decision: DecisionRecord): DecisionRecord {
    const tally = tallyOf([...this.#states.drivers.values()], trip.need, asked)
    const eligible = Math.min(decision.candidates.length, tally.eligible)
    const away = tally.eligible > eligible ? { 'no-position': tally.eligible - eligible } : {}
    return { ...decision, passedOver: [], eligible, excluded: { ...tally.excluded, ...away } }
  }

  #locationOf(unitId: string): DriverLocation {
    const location = this.#locations.get(unitId) ?? new DriverLocation()
    this.#locations.set(unitId, location)
    return location
  }

  #boundNow(): Map<string, string> {
    const bound = new Map<string, string>()
    for (const { unitId, work } of this.world.drivers.values()) {
      if (work !== null && (work.phase !== 'offered' || work.mode === 'ordered')) bound.set(unitId, work.tripId)
    }
    return bound
  }
  #opens() {
    const now = this.#boundNow()
    return [...now].flatMap(([unitId, tripId]) => (this.#bound.get(unitId) === tripId ? [] : [{ unitId, tripId }]))
  }
  #closes() {
    const now = this.#boundNow()
    return [...this.#bound].flatMap(([unitId, tripId]) => (now.get(unitId) === tripId ? [] : [{ unitId, tripId }]))
  }
  #keepBound(): void {
    const now = this.#boundNow()
    this.#bound.clear()
    for (const [unitId, tripId] of now) this.#bound.set(unitId, tripId)
  }
}

function timeOf(event: DomainEvent): ResponseTime {
  if (event.type === 'TripPhaseReached') return TIME_OF_PHASE[event.phase]
  if (event.type === 'TripTimeNoted') return event.time
  return event.type === 'OfferAccepted' ? 'acknowledged' : 'back-in-service'
}

/** A client at the end of a wire. */
export class Party {
  readonly #court: Court
  readonly #wire: { readonly no: number; readonly device: string }

  constructor(court: Court, no: number, device: string) {
    this.#court = court
    this.#wire = { no, device }
    court.judge.opened(this.#wire)
  }

  hello(
    token: string,
    role: 'driver' | 'dispatcher' | 'feed',
    unitId: string | null,
    streams: readonly StreamDeclaration[] = [],
  ): void {
    this.sends(['hello', `h-${this.#wire.no}`, token, REGION, role, unitId, START_MS, streams])
  }
  /** An engine that has run for `ranMs` reads it. */
  sends(message: ClientMessage, ranMs = 0): void {
    this.#court.judge.sent(this.#wire, encodeClient(message, 'binary'))?.(ranMs)
  }
  /**
   * Input: how far the database was when it was sent, as far as it is now unless a test says otherwise; and for how long
   * the engine had run then.
   */
  hears(message: ServerMessage, ends = this.#court.ends, ranMs = 0): void {
    this.#court.judge.received(this.#wire, encodeServer(message, 'binary'), ends, ranMs)
  }
  isWelcome(changes: Partial<WelcomeView> = {}): void {
    const clock = { nowMs: START_MS, anchorRegionMs: 0, anchorWallMs: 0, rate: 1 }
    const limits = { frameBytes: 65_536, fixesPerFrame: 256 }
    const who = { sessionId: 's', region: REGION, role: 'driver', clock, limits, ticket: null } as const
    const view: WelcomeView = { ...who, position: this.#court.ends.logEnd, streams: [], driver: null, ...changes }
    this.hears(['welcome', `h-${this.#wire.no}`, view])
  }
  leaves(): void {
    this.#court.judge.closed(this.#wire)
  }
}

/** A fix as `[seq, age, …]`, measured `atMs` after the start of the world. */
export const fixOf = (seq: number, atMs = seq * 1_000, northE7 = 0): WireFix => [
  seq,
  -atMs,
  1_747_600_000,
  -368_500_000 + northE7,
  50,
  null,
  900,
]

interface MemoryChanges {
  readonly drivers?: readonly DriverState[]
  readonly trips?: readonly TripState[]
  readonly calls?: readonly CallState[]
  /** Trips that are, or are not, in the queue although their phase says otherwise. */
  readonly notQueued?: readonly string[]
  readonly queued?: readonly string[]
  readonly locations?: Readonly<Record<string, DriverLocation>>
  readonly connected?: readonly string[]
  readonly logHead?: number
  readonly logDurable?: number
  readonly policyVersion?: number
}

function memoryOf(world: World, logEnd: number, changes: MemoryChanges): OwnedRegion {
  const drivers = new Map(world.drivers)
  const trips = new Map(world.trips)
  const calls = new Map(world.calls)
  for (const driver of changes.drivers ?? []) drivers.set(driver.unitId, driver)
  for (const trip of changes.trips ?? []) trips.set(trip.tripId, trip)
  for (const call of changes.calls ?? []) calls.set(call.callId, call)
  const actors = [...drivers.values()].map(state => {
    const isConnected = changes.connected?.includes(state.unitId) === true
    const location = changes.locations?.[state.unitId] ?? new DriverLocation()
    const presence = { session: isConnected ? {} : null, feed: null, disconnectedSinceMs: isConnected ? null : 0 }
    return { unitId: state.unitId, state, location, ...presence } as unknown as DriverActor
  })
  return {
    logHead: changes.logHead ?? logEnd,
    logDurable: changes.logDurable ?? logEnd,
    policyVersion: changes.policyVersion ?? 1,
    isQueued: tripId => {
      if (changes.queued?.includes(tripId) === true) return true
      const trip = trips.get(tripId)
      return trip?.phase === 'pending' && trip.onHold === undefined && changes.notQueued?.includes(tripId) !== true
    },
    states: {
      driver: unitId => drivers.get(unitId),
      trip: tripId => trips.get(tripId),
      call: callId => calls.get(callId),
      region: () => world.region ?? undefined,
      regionState: world.region ?? quietRegion('sim'),
      driverActors: () => actors,
      alarmed: () => [
        ...[...trips.values()].map(({ tripId, openAlarms }) => ({ entity: tripKey(tripId), openAlarms })),
        ...[...drivers.values()].map(({ unitId, openAlarms = [] }) => ({ entity: driverKey(unitId), openAlarms })),
      ],
      tripStates: () => trips.values(),
      callStates: () => calls.values(),
    },
  }
}
