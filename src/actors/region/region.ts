/**
 * One service area: wires its memory, desk, clocks and writers together and takes its messages.
 *
 * A change is a turn (`turn-runner.ts`); fixes go from a driver's actor through the door below to the finder and the
 * segment writer. Modes: *here*, until it is dropped; then nothing more is decided, answered or written.
 */

import { alarmCleared } from '../../domain/desk.ts'
import type { DriverState } from '../../domain/driver.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import { driverKey, type RegionId, type TripId, type UnitId } from '../../domain/ids.ts'
import type { Policy } from '../../domain/policy.ts'
import type { TripState } from '../../domain/trip.ts'
import { Finder } from '../../finder/finder.ts'
import type { Refusal } from '../../protocol/errors.ts'
import { LIMITS } from '../../protocol/limits.ts'
import type { ClockAnchor } from '../../store/clock-anchor.ts'
import type { LaneSettings } from '../../store/commit-loop.ts'
import type { Journal, Ownership } from '../../store/journal.ts'
import { LogWriter } from '../../store/log-writer.ts'
import { type DurableSegment, SegmentWriter } from '../../store/segment-writer.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { ActorRef, ActorSystem, Behaviour, Mailbox } from '../actor-system.ts'
import { type MachineClock, RegionClock } from '../clock.ts'
import { DriverActor, type DriverMessage, MARK_EVERY_MS } from '../driver/driver-actor.ts'
import type { DriverDoor, Hole } from '../driver/driver-door.ts'
import { DriverLocation } from '../driver/location.ts'
import { OVERLOADED, UNAVAILABLE } from '../refusals.ts'
import type { CommandRequest, HelloRequest, Session } from '../region-handle.ts'
import { Timers } from '../timers.ts'
import { TripActor, type TripDoor, type TripMessage } from '../trip/trip-actor.ts'
import { Board } from './board.ts'
import { DeadlineKeeper } from './deadline-keeper.ts'
import { Desk } from './desk.ts'
import { OUTCOMES_KEPT_MS } from './idempotency.ts'
import { RegionMemory } from './memory.ts'
import { type Answer, answerUnheard, type RegionMessage } from './messages.ts'
import { Outbox } from './outbox.ts'
import { RegionReads } from './reads.ts'
import { type Recovered, reachedMs, recover } from './recovery.ts'
import { registerUnits } from './reference.ts'
import { Shards } from './shards.ts'
import { putInParts, snapshotsOf } from './snapshots.ts'
import { bySystem, TurnRunner } from './turn-runner.ts'

/** How often durable marks that nobody asked for are looked at, and old outcomes forgotten. */
const MARK_SWEEP_MS = Math.min(5_000, MARK_EVERY_MS)
const PENDING_MAX = 50_000
const FORGET_EVERY_MS = 3_600_000

export interface RegionParts {
  readonly regionId: RegionId
  readonly policy: Policy
  readonly anchor: ClockAnchor
  readonly machine: MachineClock
  readonly system: ActorSystem
  readonly journal: Journal
  readonly metrics: Metrics
  readonly log: Logger
  /** A fresh call, trip or offer id of this region. */
  readonly newId: () => string
  /** Records or answers that wait to be durable, beyond which nothing more is decided: Postgres is too far behind. */
  readonly pendingMax?: number
  /** The region's memory no longer stands for what is durable; whoever holds the region drops it. */
  readonly onLost: (reason: 'fenced' | 'content-rejected') => void
}

export class Region implements Behaviour<RegionMessage>, DriverDoor, TripDoor {
  readonly accepts = [
    'command',
    'query',
    'session-opened',
    'session-closed',
    'watch-board',
    'unwatch-board',
    'units',
    'deadline',
    'match',
  ] as const
  readonly clock: RegionClock
  readonly ref: ActorRef<RegionMessage>
  readonly #parts: RegionParts
  readonly #mailbox: Mailbox
  readonly #memory: RegionMemory
  readonly #finder = new Finder()
  readonly #desk: Desk
  readonly #timers: Timers
  readonly #deadlines: DeadlineKeeper
  readonly #outbox: Outbox
  readonly #reads: RegionReads
  readonly #ownership: Ownership
  readonly #writer: LogWriter
  readonly #segments: SegmentWriter
  readonly #turns: TurnRunner
  readonly #disconnectGraceMs: number
  /** Until when crews have time to come back after this start, region time. */
  readonly #backUntilMs: number
  readonly #markWaiters = new Set<DriverActor>()
  readonly #recovered: Pick<Recovered, 'outcomes'>
  #matchAsked = false
  #cancelSweep: (() => void) | null = null
  #forgottenAtMs = 0
  #dropped = false

  /** Takes the region and rebuilds its memory from everything that is durable. Errors: StoreUnavailable. */
  static async open(parts: RegionParts): Promise<Region> {
    const acquired = await parts.journal.acquire(parts.regionId)
    return new Region(parts, await recover(parts.journal, acquired))
  }

  private constructor(parts: RegionParts, recovered: Recovered) {
    const { machine, system, policy, metrics, regionId } = parts
    const { ownership, logEnd, segmentEnd } = recovered.acquired
    this.#parts = parts
    this.#recovered = recovered
    this.#ownership = ownership
    this.clock = new RegionClock(machine, parts.anchor, reachedMs(recovered, parts.anchor.rate))
    this.#disconnectGraceMs = this.clock.graceMs(policy.disconnectGraceMs)
    this.#timers = new Timers(machine, this.clock)
    this.#outbox = new Outbox(logEnd, error => parts.log.error({ region: regionId, err: error }, 'telling failed'))
    const board = new Board(logEnd)
    this.#mailbox = system.mailbox(regionId)
    this.ref = system.spawn(null, this.#mailbox, `region/${regionId}`, this)
    const shards = (name: string) => new Shards(system, this.ref as never, this.#mailbox, name)
    this.#memory = new RegionMemory(policy, { drivers: shards('drivers'), trips: shards('trips') }, recovered.details)
    this.#desk = new Desk({
      finder: this.#finder,
      policy,
      disconnectGraceMs: this.#disconnectGraceMs,
      presence: unitId => this.#memory.presence(unitId),
      newOfferId: parts.newId,
      onSearch: seconds => metrics.nearest(seconds),
      monotonicMs: () => machine.monotonicMs(),
    })
    this.#reads = new RegionReads({
      regionId,
      memory: this.#memory,
      finder: this.#finder,
      board,
      outbox: this.#outbox,
      clock: this.clock,
      machine,
      metrics,
      logHead: () => this.#writer.head,
      isOverfull: () => this.#isOverfull(),
    })
    // Deadlines that passed while the engine was down, and disconnects, count from the end of this grace.
    this.#backUntilMs = this.clock.nowMs() + this.clock.graceMs(policy.readyGraceMs)
    this.#deadlines = new DeadlineKeeper({
      memory: this.#memory,
      clock: this.clock,
      timers: this.#timers,
      outbox: this.#outbox,
      policy,
      disconnectGraceMs: this.#disconnectGraceMs,
      graceUntilMs: this.#backUntilMs,
      deliver: deadline => this.ref.tell({ type: 'deadline', deadline }),
      turns: () => this.#turns,
    })
    const lane = this.#laneSettings()
    const onFenced = () => this.#lost('fenced')
    const onContentRejected = (error: Error) => this.#lost('content-rejected', error)
    this.#writer = new LogWriter({
      ...lane,
      logEnd,
      handlers: { onDurable: position => this.#outbox.release(position), onFenced, onContentRejected },
    })
    this.#segments = new SegmentWriter({
      ...lane,
      segmentEnd,
      logHead: () => this.#writer.head,
      handlers: { onDurable: segment => this.#onFixesDurable(segment), onFenced, onContentRejected },
    })
    this.#turns = new TurnRunner({
      memory: this.#memory,
      clock: this.clock,
      policy,
      log: this.#writer,
      outbox: this.#outbox,
      outcomes: recovered.outcomes,
      desk: this.#desk,
      board,
      metrics,
      logger: parts.log,
      newId: parts.newId,
      lastRecordedAtMs: recovered.lastRecordedAtMs,
      momentRange: () => ({ earliestMs: this.clock.nowMs() - LIMITS.behindMs, latestMs: this.latestMs() }),
      addDriver: state => this.#addDriver(state, new DriverLocation(), this.clock.nowMs()),
      addTrip: state => this.#memory.addTrip(new TripActor(this, state)),
      setDeadlines: trip => this.#deadlines.watchTrip(trip),
    })
    this.#takeRecovered(recovered)
    this.#sweep()
  }

  // What others may read.

  get mailboxDepth(): number {
    return this.#mailbox.depth
  }
  get logHead(): number {
    return this.#writer.head
  }
  get logDurable(): number {
    return this.#writer.durable
  }
  get fixesNotDurable(): number {
    return this.#segments.queuedFixes
  }
  pendingByPriority(): [number, number][] {
    return this.#desk.pendingByPriority()
  }
  driverRef(unitId: UnitId): ActorRef<DriverMessage> | undefined {
    return this.#memory.driverRef(unitId)
  }
  tripRef(tripId: TripId): ActorRef<TripMessage> | undefined {
    return this.#memory.tripRef(tripId)
  }

  // The region's own messages.

  receive(message: RegionMessage): void {
    switch (message.type) {
      case 'command':
        return this.command(message.request)
      case 'query':
        return this.#reads.nearest(message.query, message.answer)
      case 'session-opened':
        return this.#reads.welcome(message.session, message.hello, null)
      case 'session-closed':
        return this.#reads.unwatchBoard(message.session, () => {})
      case 'watch-board':
        return this.#reads.watchBoard(message.session, message.requestId, message.from)
      case 'unwatch-board':
        return this.#reads.unwatchBoard(message.session, position =>
          message.session.send(['reply', message.requestId, position, {}]),
        )
      case 'units':
        return registerUnits(this.#memory, this.#turns, message.units)
      case 'deadline':
        if (!this.#dropped) this.#deadlines.run(message.deadline)
        return
      case 'match':
        this.#matchAsked = false
        this.#turns.run(bySystem(), turn => {
          turn.deskAsked = true
          return undefined
        })
        return
    }
  }

  command(request: CommandRequest): void {
    if (this.#dropped) return request.answer({ ok: false, refusal: UNAVAILABLE })
    if (this.#isOverfull()) return request.answer({ ok: false, refusal: OVERLOADED })
    this.#turns.command(request)
  }

  #isOverfull(): boolean {
    const { pendingMax = PENDING_MAX } = this.#parts
    return this.#writer.pending > pendingMax || this.#outbox.depth > pendingMax
  }

  readTrip(trip: TripState, answer: Answer): void {
    this.#reads.trip(trip, answer)
  }

  // The door for drivers' actors.

  nowMs(): number {
    return this.clock.nowMs()
  }
  monotonicMs(): number {
    return this.#parts.machine.monotonicMs()
  }
  regionMs(wallMs: number): number {
    return this.clock.regionMs(wallMs)
  }
  latestMs(): number {
    return this.clock.nowMs() + LIMITS.aheadMs * this.clock.rate
  }

  opened(driver: DriverActor, hello: HelloRequest, holes: readonly Hole[]): void {
    const { unitId, session } = driver
    if (session === null) return
    const trip = driver.state.work === null ? undefined : this.#memory.trip(driver.state.work.tripId)
    const news: DomainEvent[] = [
      ...holes.map(hole => ({ type: 'FixHoleRecorded', v: 1, entity: driverKey(unitId), unitId, ...hole }) as const),
      ...(trip === undefined ? [] : alarmCleared(trip, 'unit-lost', unitId)),
    ]
    if (news.length > 0) {
      this.#turns.run(bySystem(), turn => {
        turn.record(news)
        return undefined
      })
    }
    this.#reads.welcome(session, hello, driver)
    this.#askForMatch()
  }

  disconnected(driver: DriverActor): void {
    this.#deadlines.watchDisconnect(driver.unitId, this.clock.nowMs())
  }

  store(...[unitId, streamId, fix, flags, receivedWallMs]: Parameters<DriverDoor['store']>): boolean {
    return this.#segments.add(unitId, streamId, fix, flags, receivedWallMs)
  }

  #onFixesDurable(segment: DurableSegment): void {
    this.#parts.metrics.observeDurableLags(segment.arrivedWallMs, this.#parts.machine.wallMs())
    for (const { unitId, streamId, seq } of segment.marks) this.#memory.driverActor(unitId)?.onDurable(streamId, seq)
  }

  counted(counts: Parameters<DriverDoor['counted']>[0]): void {
    const { metrics } = this.#parts
    if (counts.current !== undefined) metrics.fix('current', counts.current)
    if (counts.late !== undefined) metrics.fix('late', counts.late)
    if (counts.duplicate !== undefined) metrics.fix('duplicate', counts.duplicate)
    if (counts.future !== undefined) metrics.fix('future', counts.future)
    if (counts.hint !== undefined) metrics.fix('hint', counts.hint)
  }

  moved(driver: DriverActor, before: PlacedFix | null): void {
    this.#desk.placeUnit(driver.state, driver.location.current)
    if (driver.state.status !== 'available' || this.#desk.pendingCount === 0) return
    // A unit that nobody could be sent to has come back: somebody may be waiting for it.
    const wasLost = before === null || this.clock.nowMs() - before.fixedAtMs >= this.#parts.policy.lostAfterMs
    if (wasLost) this.#askForMatch()
  }

  refuseFixes(session: Session, refusal: Refusal): void {
    this.#parts.metrics.fix(refusal.code === 'fix-gap' ? 'gap' : 'refused', 1)
    session.send(['error', null, refusal.code, refusal.message, refusal.details ?? null])
  }

  markWaits(driver: DriverActor): void {
    this.#markWaiters.add(driver)
  }

  #askForMatch(): void {
    if (this.#matchAsked || this.#desk.pendingCount === 0) return
    this.#matchAsked = true
    this.#desk.unitsChanged()
    this.#tellMatch()
  }

  #tellMatch(): void {
    if (!this.ref.tell({ type: 'match' })) this.#timers.at(this.clock.nowMs() + 100, () => this.#tellMatch())
  }

  // Life.

  #takeRecovered(recovered: Recovered): void {
    const fromMs = this.#backUntilMs
    for (const call of recovered.calls.values()) this.#memory.setCall(call)
    for (const state of recovered.drivers.values()) {
      const location = recovered.locations.get(state.unitId) ?? new DriverLocation()
      this.#addDriver(state, location, fromMs)
      this.#desk.onDriver(undefined, state, location.current)
      if (state.work !== null) this.#deadlines.watchDisconnect(state.unitId, fromMs)
    }
    for (const trip of recovered.trips.values()) {
      this.#memory.addTrip(new TripActor(this, trip))
      this.#desk.onTrip(trip)
      this.#deadlines.watchRecovered(trip)
    }
    // Not at once: the units that will serve those trips are only coming back.
    this.#timers.at(fromMs, () => this.#askForMatch())
  }

  #addDriver(state: DriverState, location: DriverLocation, disconnectedSinceMs: number): DriverActor {
    return this.#memory.addDriver(new DriverActor(this, state, location, disconnectedSinceMs))
  }

  #laneSettings(): LaneSettings {
    const { journal, machine, metrics, log, regionId } = this.#parts
    return {
      journal,
      ownership: this.#ownership,
      scheduler: machine,
      observer: {
        committed: (lane, durationMs, size) => metrics.commit(lane, durationMs / 1_000, size),
        retrying: (lane, error, delayMs) =>
          log.warn({ region: regionId, lane, err: error, delayMs }, 'a write did not get through and is repeated'),
      },
    }
  }

  #sweep(): void {
    this.#cancelSweep = this.#parts.machine.after(MARK_SWEEP_MS, () => {
      const now = this.monotonicMs()
      for (const driver of this.#markWaiters) if (!driver.tellDueMarks(now)) this.#markWaiters.delete(driver)
      this.#forgetOldOutcomes()
      this.#sweep()
    })
  }

  #forgetOldOutcomes(): void {
    const nowMs = this.clock.nowMs()
    if (nowMs - this.#forgottenAtMs < FORGET_EVERY_MS) return
    this.#forgottenAtMs = nowMs
    const beforeMs = nowMs - OUTCOMES_KEPT_MS
    // The table first: an id that is only there would be decided anew and then refused by the database.
    this.#parts.journal.forgetCommands(this.#ownership, beforeMs).then(
      () => this.#recovered.outcomes.forgetBefore(beforeMs),
      error =>
        this.#parts.log.warn({ err: error }, 'old command outcomes could not be forgotten; trying again in an hour'),
    )
  }

  /** Resolves when everything told so far was handled, is durable and has left, at the latest after `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    const untilMs = this.monotonicMs() + limitMs
    while (!this.#dropped && (this.#mailbox.depth > 0 || this.#outbox.depth > 0 || this.#writer.pending > 0)) {
      if (this.monotonicMs() >= untilMs) return
      await new Promise<void>(resolve => void this.#parts.machine.after(5, resolve))
    }
  }

  /** Writes out everything, then the snapshots that make the next start short. Errors: those of the journal. */
  async drain(): Promise<void> {
    // Deadlines still come: only a moment at which everything is durable may be kept.
    while (!this.#dropped && (this.#writer.pending > 0 || this.#segments.queuedFixes > 0)) {
      await Promise.all([this.#writer.idle(), this.#segments.idle()])
    }
    if (this.#dropped) return
    const snapshots = snapshotsOf({
      position: this.#writer.durable,
      segmentNo: this.#segments.durableSegmentNo,
      lastRecordedAtMs: this.#turns.lastRecordedAtMs,
      drivers: this.#memory.driverActors(),
      trips: this.#memory.tripStates(),
      calls: this.#memory.callStates(),
    })
    const startedMs = this.monotonicMs()
    await putInParts(this.#parts.journal, this.#ownership, snapshots)
    this.#parts.metrics.commit('snapshots', (this.monotonicMs() - startedMs) / 1_000, snapshots.length)
  }

  /** Forgets everything: nothing more is decided, answered or written. Sessions stay with the gateway. */
  drop(): void {
    if (this.#dropped) return
    this.#dropped = true
    this.#timers.stop()
    this.#cancelSweep?.()
    this.#writer.stop()
    this.#segments.stop()
    this.#outbox.dropAll()
    for (const message of this.#parts.system.dropMailbox(this.#mailbox))
      answerUnheard(message as Parameters<typeof answerUnheard>[0])
    this.#parts.system.stop(this.ref as never)
  }

  #lost(reason: 'fenced' | 'content-rejected', error?: Error): void {
    if (this.#dropped) return
    this.#parts.log.error(
      { region: this.#parts.regionId, reason, err: error },
      'the region is no longer ours as it stands',
    )
    this.drop()
    this.#parts.onLost(reason)
  }
}
