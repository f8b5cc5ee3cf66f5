/**
 * One service area: wires its memory, desk, clocks and writers together and takes its messages.
 *
 * A change is a turn (`turn-runner.ts`); fixes go from a driver's actor through `driver-side.ts` to the finder and the
 * segment writer. Modes: *here*, until it is dropped; then nothing more is decided, answered or written.
 */

import { compareAges, turnOf } from '../../domain/dispatch/queue.ts'
import type { DriverState } from '../../domain/driver.ts'
import { callKey, driverKey, type EntityKey, tripKey } from '../../domain/entity.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { TripId, UnitId } from '../../domain/ids.ts'
import type { TripState } from '../../domain/trip.ts'
import { Finder } from '../../finder/finder.ts'
import { LIMITS } from '../../protocol/limits.ts'
import type { ServerMessage } from '../../protocol/wire.ts'
import { type DurableSegment, SegmentWriter } from '../../store/location/segment-writer.ts'
import type { LaneSettings } from '../../store/log/commit-loop.ts'
import type { Ownership } from '../../store/log/journal.ts'
import { LogWriter } from '../../store/log/log-writer.ts'
import { isStoreAway } from '../../store/postgres/postgres-faults.ts'
import type { ActorRef, Behaviour, Mailbox } from '../actor-system.ts'
import { RegionClock } from '../clock.ts'
import { DriverActor, type DriverMessage } from '../driver/driver-actor.ts'
import { DriverLocation } from '../driver/location.ts'
import { OVERLOADED, UNAVAILABLE } from '../refusals.ts'
import type { BoardSize, CommandRequest, RecoveryProgress, Session } from '../region-handle.ts'
import { Timers } from '../timers.ts'
import { TripActor, type TripDoor, type TripMessage } from '../trip/trip-actor.ts'
import { Board } from './board.ts'
import { bySystem } from './cause.ts'
import { Checkpoint } from './checkpoint.ts'
import type { DamageReport } from './damage.ts'
import { DeadlineKeeper } from './deadline-keeper.ts'
import { Desk } from './desk.ts'
import { DriverSide } from './driver-side.ts'
import { type FeedFrame, Feeds } from './feeds.ts'
import { LiveView } from './live/live-view.ts'
import { RegionMemory, type RegionStates } from './memory.ts'
import { type Answer, answerUnheard, type RegionMessage, type RegionQuery } from './messages.ts'
import { Outbox } from './outbox.ts'
import type { RegionParts } from './parts.ts'
import type { Quarantine } from './quarantine.ts'
import { RegionReads } from './reads.ts'
import { type Recovered, recover } from './recovery.ts'
import { takeUnits } from './reference.ts'
import { Shards } from './shards.ts'
import { StoreWatch } from './store-watch.ts'
import { StreamMarks } from './stream-marks.ts'
import { TurnRunner } from './turn-runner.ts'
import { Upkeep } from './upkeep.ts'

const PENDING_MAX = 50_000
/** Ten for each unit of the largest services that are known; with all that a call may have, 90 MB. */
const OPEN_TRIPS_MAX = 20_000
/** Records of an import that wait for the store before it goes on: two batches. */
const IMPORT_PENDING_MAX = 8
/** How often a drain looks whether its time is over. */
const DRAIN_LOOK_MS = 100

interface TakenUnits {
  readonly parts: ReturnType<typeof takeUnits>
  readonly onTaken: (() => void) | undefined
}

/** Until when a drain may wait for what is not durable, and write snapshots; monotonic. */
export interface DrainLimits {
  readonly flushUntilMs: number
  readonly snapshotsUntilMs: number
}

const NO_LIMITS: DrainLimits = {
  flushUntilMs: Number.POSITIVE_INFINITY,
  snapshotsUntilMs: Number.POSITIVE_INFINITY,
}

/** Longer than a slice beside live traffic: a region that is being recovered has none. */
const RECOVERY_SLICE_MS = 8
/** A log in ruins must not fill the engine's own. */
const REASONS_LOGGED = 100

/** As many as there are sessions, feeds and timers, and a few of the others: none can be asked for again. */
const NEVER_REFUSED = [
  'session-closed',
  'feed-attach-more',
  'feed-marks-read',
  'units',
  'more-units',
  'deadline',
  'match',
  'clock-stepped',
] as const

export class Region implements Behaviour<RegionMessage>, TripDoor {
  readonly accepts = [
    'command',
    'query',
    'session-opened',
    'watch-board',
    'unwatch-board',
    'watch-tiles',
    'watch-unit',
    'unwatch-unit',
    'attach',
    'detach',
    'feed-fixes',
    'feed-mark-asked',
    ...NEVER_REFUSED,
  ] as const
  readonly neverRefused = NEVER_REFUSED
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
  readonly #store: StoreWatch
  readonly #board: Board
  readonly #reads: RegionReads
  readonly #live: LiveView
  readonly #feeds: Feeds
  readonly #ownership: Ownership
  readonly #writer: LogWriter
  readonly #segments: SegmentWriter
  readonly #marks: StreamMarks
  readonly #turns: TurnRunner
  readonly #drivers: DriverSide
  readonly #upkeep: Upkeep
  readonly #checkpoint: Checkpoint
  readonly #damage: DamageReport
  readonly #disconnectGraceMs: number
  /** Until when crews have time to come back after this start, region time; set once everything is here. */
  #backUntilMs = Number.POSITIVE_INFINITY
  #matchAsked = false
  /** Changes of units that are being taken, or wait; nobody outside makes many, each is a change of reference data. */
  readonly #units: TakenUnits[] = []
  #isMoreAsked = false
  /** Positions of its records that may not be durable yet. */
  #importing: number[] = []
  #dropped = false

  /**
   * Takes the region and rebuilds its memory from everything that is durable; `onProgress` hears how far it is.
   * Errors: StoreUnavailable.
   */
  static async open(parts: RegionParts, onProgress: (progress: RecoveryProgress) => void = () => {}): Promise<Region> {
    const acquired = await parts.journal.acquire(parts.regionId)
    const recovered = await recover(parts.journal, acquired, onProgress)
    const region = new Region(parts, recovered)
    try {
      await region.#takeRecovered(recovered, onProgress)
    } catch (error) {
      region.drop()
      throw error
    }
    return region
  }

  private constructor(parts: RegionParts, recovered: Recovered) {
    const { machine, wall, system, policy, metrics, regionId } = parts
    const { ownership, logEnd, segmentEnd } = recovered.acquired
    this.#parts = parts
    this.#ownership = ownership
    this.#damage = recovered.damage
    this.clock = new RegionClock(machine, wall, parts.anchor, recovered.lastRecordedAtMs)
    this.#disconnectGraceMs = this.clock.graceMs(policy.disconnectGraceMs)
    this.#timers = new Timers(machine, this.clock)
    this.#outbox = new Outbox(logEnd, error => parts.log.error({ region: regionId, err: error }, 'telling failed'))
    this.#store = new StoreWatch({
      scheduler: machine,
      outbox: this.#outbox,
      onChange: (lane, isStalled) => {
        if (isStalled) parts.outages.failed('stalled', 'what was decided waits', `${regionId}/${lane}`)
        else parts.outages.worked('stalled', `${regionId}/${lane}`)
      },
    })
    this.#board = new Board({
      position: logEnd,
      machine,
      metrics,
      resend: (session, sent) => this.#reads.resendBoard(session, sent),
      isSending: session => this.#reads.isSendingBoard(session),
    })
    this.#mailbox = system.mailbox(regionId)
    this.ref = system.spawn(null, this.#mailbox, `region/${regionId}`, this)
    const shards = (name: string) => new Shards(system, this.ref as never, this.#mailbox, name)
    this.#memory = new RegionMemory(policy, { drivers: shards('drivers'), trips: shards('trips') }, recovered)
    this.#desk = new Desk({
      finder: this.#finder,
      policy,
      disconnectGraceMs: this.#disconnectGraceMs,
      quarantine: recovered.quarantine,
      presence: unitId => this.#memory.presence(unitId),
      newOfferId: parts.newId,
      onSearch: seconds => metrics.nearest(seconds),
      monotonicMs: () => machine.monotonicMs(),
    })
    this.#reads = new RegionReads({
      regionId,
      memory: this.#memory,
      finder: this.#finder,
      board: this.#board,
      outbox: this.#outbox,
      clock: this.clock,
      machine,
      metrics,
      logHead: () => this.#writer.head,
      isOverfull: () => this.#isOverfull(),
      disconnectGraceMs: this.#disconnectGraceMs,
      damage: recovered.damage,
      clockNotice: () => parts.clockNotice?.() ?? null,
      onWelcomed: session => this.#store.welcomed(session),
      onError: error => parts.log.error({ region: regionId, err: error }, 'making a snapshot of the board failed'),
    })
    this.#live = new LiveView({
      memory: this.#memory,
      clock: this.clock,
      machine,
      outbox: this.#outbox,
      metrics,
      newId: parts.newId,
      logHead: () => this.#writer.head,
      logDurable: () => this.#writer.durable,
      onError: error => parts.log.error({ region: regionId, err: error }, 'showing what moves failed'),
    })
    this.#feeds = new Feeds({
      monotonicMs: () => machine.monotonicMs(),
      regionMs: wallMs => this.clock.regionMs(wallMs),
      limits: () => this.#drivers.limits(),
      counted: counts => this.#drivers.counted(counts),
      moved: (driver, before) => this.#drivers.moved(driver, before),
      refuseFixes: (session, refusal) => this.#drivers.refuseFixes(session, refusal),
      driver: unitId => this.#memory.driverActor(unitId),
      isOverfull: () => this.#isOverfull(),
      readMarks: (session, streams) =>
        this.#marks.read(streams, read => void this.ref.tell({ type: 'feed-marks-read', session, read })),
      later: session => void this.ref.tell({ type: 'feed-attach-more', session }),
      record: events => this.#recordNews(events),
      hold: (leave, refuse) => {
        const head = this.#writer.head
        this.#outbox.hold(head, () => leave(head), refuse && { refuse })
      },
      after: (ms, run) => machine.after(ms, run),
    })
    this.#deadlines = new DeadlineKeeper({
      memory: this.#memory,
      clock: this.clock,
      timers: this.#timers,
      outbox: this.#outbox,
      policy,
      disconnectGraceMs: this.#disconnectGraceMs,
      graceUntilMs: () => this.#backUntilMs,
      deliver: deadline => void this.ref.tell({ type: 'deadline', deadline }),
      turns: () => this.#turns,
    })
    const lane = this.#laneSettings()
    const onFenced = () => this.#lost('fenced')
    const onContentRejected = (error: Error) => this.#lost('content-rejected', error)
    this.#writer = new LogWriter({
      ...lane,
      logEnd,
      handlers: { onDurable: position => this.#onRecordsDurable(position), onFenced, onContentRejected },
    })
    this.#segments = new SegmentWriter({
      ...lane,
      segmentEnd,
      logHead: () => this.#writer.head,
      handlers: { onDurable: segment => this.#onFixesDurable(segment), onFenced, onContentRejected },
    })
    this.#marks = new StreamMarks({
      ...lane,
      taken: () => ({ position: this.#writer.head, segmentNo: this.#segments.newestSegmentNo }),
      durable: () => ({ position: this.#writer.durable, segmentNo: this.#segments.durableSegmentNo }),
      onReadFailed: error => parts.log.warn({ region: regionId, err: error }, 'marks of old streams cannot be read'),
      handlers: { onFenced, onContentRejected },
    })
    this.#turns = new TurnRunner({
      memory: this.#memory,
      clock: this.clock,
      policy,
      log: this.#writer,
      outbox: this.#outbox,
      store: this.#store,
      outcomes: recovered.outcomes,
      desk: this.#desk,
      board: this.#board,
      reads: this.#reads,
      live: this.#live,
      metrics,
      logger: parts.log,
      newId: parts.newId,
      openTripsMax: parts.openTripsMax ?? OPEN_TRIPS_MAX,
      lastRecordedAtMs: recovered.lastRecordedAtMs,
      momentRange: () => ({
        earliestMs: this.clock.earliestMs() - LIMITS.behindMs,
        latestMs: this.#drivers.limits().futureMs,
      }),
      addDriver: state => this.#addDriver(state, new DriverLocation(), this.clock.nowMs()),
      addTrip: state => this.#memory.addTrip(new TripActor(this, state)),
      setDeadlines: trip => this.#deadlines.watchTrip(trip),
      held: count => metrics.quarantined(regionId, count),
      onTurn: parts.onTurn,
    })
    this.#drivers = new DriverSide({
      clock: this.clock,
      machine,
      policy,
      metrics,
      desk: this.#desk,
      live: this.#live,
      reads: this.#reads,
      deadlines: this.#deadlines,
      segments: this.#segments,
      marks: this.#marks,
      driverRef: unitId => this.#memory.driverRef(unitId),
      trip: tripId => this.#memory.trip(tripId),
      command: request => this.command(request),
      record: events => this.#recordNews(events),
      askForMatch: () => this.#askForMatch(),
    })
    this.#checkpoint = new Checkpoint(
      {
        journal: parts.journal,
        memory: this.#memory,
        machine,
        metrics,
        log: parts.log,
        durable: () => ({
          position: this.#writer.durable,
          segmentNo: this.#segments.durableSegmentNo,
          lastRecordedAtMs: this.#turns.lastRecordedAtMs,
        }),
        isHeld: () => this.#memory.quarantine.size > 0,
      },
      ownership,
      recovered.saved.wholeAt,
    )
    this.#upkeep = new Upkeep({
      journal: parts.journal,
      ownership,
      outcomes: recovered.outcomes,
      clock: this.clock,
      machine,
      log: parts.log,
      tellDueMarks: nowMonotonicMs => this.#drivers.tellDueMarks(nowMonotonicMs),
    })
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
  /** Whether the store takes records, and fixes. */
  get writes(): Pick<StoreWatch, 'refusesCommands' | 'keepsFixesWaiting'> {
    return this.#store
  }
  /** What is held in memory, durable or not. */
  get states(): RegionStates {
    return this.#memory
  }
  /** What an event did not fit: it stays as it is, and takes part in nothing. */
  get quarantine(): Pick<Quarantine, 'has' | 'size'> {
    return this.#memory.quarantine
  }
  /** What of its stored rows was found damaged when it was recovered. */
  get damage(): Pick<DamageReport, 'total'> {
    return this.#damage
  }
  /** Whether the trip waits at the desk for a unit. */
  isQueued(tripId: TripId): boolean {
    return this.#desk.isQueued(tripId)
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

  /** The session has ended. */
  left(session: Session): void {
    this.#store.left(session)
  }

  /** Puts a feed's fixes into the mailbox; false when too many wait already. */
  tellFeedFixes(frame: FeedFrame): boolean {
    if (!this.#feeds.admit(frame.fixes.length)) return false
    if (this.ref.tell({ type: 'feed-fixes', ...frame })) return true
    this.#feeds.turnBack(frame.fixes.length)
    return false
  }

  boardFrom(position: number | null): BoardSize {
    return this.#reads.boardFrom(position)
  }

  /** Tells all who watch the board, beside its records. */
  tellBoard(message: ServerMessage): void {
    this.#board.tell(message)
  }

  // The region's own messages.

  receive(message: RegionMessage): void {
    switch (message.type) {
      case 'command':
        return this.command(message.request)
      case 'query':
        return this.#query(message.query, message.answer)
      case 'session-opened':
        if (message.session.role === 'feed') this.#feeds.open(message.session, message.hello)
        return this.#reads.welcome(message.session, message.hello, null)
      case 'session-closed':
        this.#live.closed(message.session)
        this.#feeds.close(message.session)
        return this.#reads.left(message.session)
      case 'watch-board':
        return this.#reads.watchBoard(message.session, message.requestId, message.from)
      case 'unwatch-board':
        return this.#reads.unwatchBoard(message.session, message.requestId)
      case 'watch-tiles':
        return this.#live.watchTiles(message.session, message.requestId, message.tiles)
      case 'watch-unit':
        return this.#live.watchUnit(message.session, message.requestId, message.unitId)
      case 'unwatch-unit':
        return this.#live.unwatchUnit(message.session, message.requestId, message.unitId)
      case 'attach':
        return this.#feeds.attach(message.session, message.requestId, message.channels)
      case 'detach':
        return this.#feeds.detach(message.session, message.requestId, message.channels)
      case 'feed-fixes':
        return this.#feeds.take(message)
      case 'feed-mark-asked':
        return this.#feeds.askMark(message.session, message.channel)
      case 'feed-attach-more':
        return this.#feeds.attachMore(message.session)
      case 'feed-marks-read':
        return this.#feeds.marksRead(message.session, message.read)
      case 'units':
        this.#units.push({ parts: takeUnits(this.#memory, this.#turns, message), onTaken: message.onTaken })
        return this.#takeUnits()
      case 'more-units':
        this.#isMoreAsked = false
        return this.#takeUnits()
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
      case 'clock-stepped':
        return this.#stepped(message.byMs, message.sessions)
    }
  }

  command(request: CommandRequest): void {
    if (this.#dropped) return request.answer({ ok: false, refusal: UNAVAILABLE })
    if (this.#isOverfull()) return request.answer({ ok: false, refusal: OVERLOADED })
    this.#turns.command(request)
  }

  /**
   * A part at a time, each a message of its own: a large import must not keep everybody else waiting. Nor may its records
   * stand in a long queue before those of others: it goes on when most of what it recorded is durable.
   */
  #takeUnits(): void {
    const [units] = this.#units
    if (units === undefined || this.#dropped) return
    const headBefore = this.#writer.head
    if (units.parts.next().done === true) {
      this.#units.shift()
      units.onTaken?.()
    }
    if (this.#writer.head > headBefore) this.#importing.push(this.#writer.head)
    this.#askForMoreUnits()
  }

  #askForMoreUnits(): void {
    if (this.#units.length === 0 || this.#isMoreAsked) return
    this.#importing = this.#importing.filter(position => position > this.#writer.durable)
    if (this.#importing.length >= IMPORT_PENDING_MAX) return
    this.#isMoreAsked = true
    this.ref.tell({ type: 'more-units' })
  }

  #isOverfull(): boolean {
    const { pendingMax = PENDING_MAX } = this.#parts
    return this.#writer.pending > pendingMax || this.#outbox.depth > pendingMax
  }

  #query(query: RegionQuery, answer: Answer): void {
    if (query.type === 'nearest') this.#reads.nearest(query, answer)
    else if (query.type === 'read-call') this.#reads.call(query.callId, answer)
    else this.#reads.held(answer)
  }

  readTrip(trip: TripState, answer: Answer): void {
    this.#reads.trip(trip, answer)
  }

  /** What concerns an actor in quarantine is left out; the rest does not wait for it. */
  #recordNews(news: readonly DomainEvent[]): void {
    if (news.length === 0) return
    const { quarantine } = this.#memory
    this.#turns.run(bySystem(), turn => {
      turn.record(news.filter(event => quarantine.heldBy(event) === null))
      return undefined
    })
  }

  #onRecordsDurable(position: number): void {
    this.#outbox.release(position)
    this.#marks.advance()
    this.#store.recordsDurable(position)
    this.#askForMoreUnits()
  }

  /** Region time has stepped. Spans that run go on as if it had not, and clients hear what it is now behind their welcome. */
  #stepped(byMs: number, sessions: readonly Session[]): void {
    if (this.#dropped) return
    this.#outbox.hold(this.#writer.head, () => {
      for (const session of sessions) session.send(['clock', this.clock.view()])
    })
    this.#backUntilMs += byMs
    this.#deadlines.stepped(byMs)
    for (const driver of this.#memory.driverActors()) {
      if (driver.disconnectedSinceMs !== null) driver.disconnectedSinceMs += byMs
    }
  }

  #onFixesDurable(segment: DurableSegment): void {
    this.#parts.metrics.observeDurableLags(segment.arrivedWallMs, this.#parts.wall.nowMs())
    for (const { unitId, streamId, seq } of segment.marks) this.#memory.driverActor(unitId)?.onDurable(streamId, seq)
    this.#marks.advance()
  }

  #askForMatch(): void {
    if (this.#matchAsked || this.#desk.pendingCount === 0) return
    this.#matchAsked = true
    this.#desk.unitsChanged()
    this.ref.tell({ type: 'match' })
  }

  // Life.

  /** In slices: a million units must not hold the loop, nor the connections that others keep alive on it. */
  async #takeRecovered(recovered: Recovered, onProgress: (progress: RecoveryProgress) => void): Promise<void> {
    const { log, machine, metrics, policy, regionId } = this.#parts
    metrics.quarantined(regionId, recovered.quarantine.size)
    metrics.damaged(regionId, recovered.damage.rows())
    recovered.damage.tell(log)
    for (const reason of firstOf(recovered.quarantine.reasons(), REASONS_LOGGED)) {
      const { entity, event } = reason
      log.error({ err: reason, entity, event: event?.type }, 'an actor is in quarantine: the log contradicts itself')
    }
    const notLogged = recovered.quarantine.size - REASONS_LOGGED
    if (notLogged > 0) log.error({ more: notLogged }, 'more actors are in quarantine than are named')
    const of = recovered.drivers.size + recovered.trips.size
    let done = 0
    let sliceEndsMs = machine.monotonicMs() + RECOVERY_SLICE_MS
    const isSliceOver = () => {
      done += 1
      return machine.monotonicMs() >= sliceEndsMs
    }
    const pause = async () => {
      onProgress({ step: 'actors', done, of })
      await new Promise<void>(resolve => void machine.after(0, resolve))
      sliceEndsMs = machine.monotonicMs() + RECOVERY_SLICE_MS
    }
    const { positions, marks } = recovered.saved
    const isSaved = (entity: EntityKey, { version }: { readonly version: number }) =>
      version <= (positions.get(entity) ?? 0)
    for (const call of recovered.calls.values()) {
      this.#memory.setCall(call)
      if (isSaved(callKey(call.callId), call)) this.#memory.callSaved(call)
    }
    for (const state of recovered.drivers.values()) {
      const location = recovered.locations.get(state.unitId) ?? new DriverLocation()
      const actor = this.#addDriver(state, location, this.clock.nowMs())
      if (isSaved(driverKey(state.unitId), state)) actor.savedState = state
      actor.savedMarks = marks.get(state.unitId) ?? 0
      for (const stream of location.leaving) this.#marks.left(state.unitId, location, stream)
      this.#desk.onDriver(undefined, state, location.current)
      if (isSliceOver()) await pause()
    }
    for (const trip of recovered.trips.values()) {
      const actor = new TripActor(this, trip)
      if (isSaved(tripKey(trip.tripId), trip)) actor.savedState = trip
      this.#memory.addTrip(actor)
      this.#desk.onTrip(trip)
      if (isSliceOver()) await pause()
    }
    if (this.#dropped) return
    // The rest in one go and last: crews can come back from now on, and a deadline must find whole states. Deadlines that
    // passed while the engine was down, and disconnects, count from the end of the grace.
    this.#backUntilMs = this.clock.nowMs() + this.clock.graceMs(policy.readyGraceMs)
    for (const driver of this.#memory.driverActors()) {
      driver.disconnectedSinceMs = this.#backUntilMs
      if (driver.state.work !== null) this.#deadlines.watchDisconnect(driver.unitId, this.#backUntilMs)
    }
    // Those of one moment come in the order in which they are set, and the first may take the only unit.
    const trips = [...recovered.trips.values()].map(trip => ({
      trip,
      ...turnOf(trip, this.#memory.call(trip.callId), 0),
    }))
    for (const { trip } of trips.sort(compareAges)) this.#deadlines.watchRecovered(trip)
    // Not at once: the units that will serve those trips are only coming back.
    this.#timers.at(this.#backUntilMs, () => this.#askForMatch())
    this.#upkeep.start()
    this.#checkpoint.start()
  }

  #addDriver(state: DriverState, location: DriverLocation, disconnectedSinceMs: number): DriverActor {
    return this.#memory.addDriver(new DriverActor(this.#drivers, state, location, disconnectedSinceMs))
  }

  #laneSettings(): LaneSettings {
    const { journal, machine, metrics, outages, regionId } = this.#parts
    return {
      journal,
      ownership: this.#ownership,
      scheduler: machine,
      observer: {
        began: lane => {
          if (lane === 'segments') this.#store.segmentBegun()
        },
        committed: (lane, durationMs, size) => {
          metrics.commit(lane, durationMs / 1_000, size)
          outages.worked('writes', `${regionId}/${lane}`)
          if (lane === 'segments') this.#store.segmentDurable()
        },
        retrying: (lane, error) => outages.failed('writes', error, `${regionId}/${lane}`),
      },
    }
  }

  /** Resolves when everything told so far was handled, is durable and has left, at the latest after `limitMs`. */
  async settled(limitMs: number): Promise<void> {
    const untilMs = this.#parts.machine.monotonicMs() + limitMs
    while (!this.#dropped && (this.#mailbox.depth > 0 || this.#outbox.depth > 0 || this.#writer.pending > 0)) {
      if (this.#parts.machine.monotonicMs() >= untilMs) return
      await new Promise<void>(resolve => void this.#parts.machine.after(5, resolve))
    }
  }

  /**
   * Writes out everything, then the snapshots that make the next start short, for as long as there is time: what was told
   * to anybody is durable already. What is left undone is logged. Errors: those of the journal that no time mends.
   */
  async drain({ flushUntilMs, snapshotsUntilMs }: DrainLimits = NO_LIMITS): Promise<void> {
    const { log, machine, regionId } = this.#parts
    // Deadlines still come: only a moment at which everything is durable may be kept.
    while (!this.#dropped && (this.#writer.pending > 0 || this.#segments.queuedFixes > 0)) {
      const leftMs = flushUntilMs - machine.monotonicMs()
      if (leftMs <= 0) {
        const left = { region: regionId, records: this.#writer.pending, fixes: this.#segments.queuedFixes }
        log.warn(
          left,
          'stopped before everything was written; nobody was told of what is left, and clients send it again',
        )
        return
      }
      const idle = Promise.all([this.#writer.idle(), this.#segments.idle()])
      await Promise.race([
        idle,
        new Promise<void>(resolve => void machine.after(Math.min(leftMs, DRAIN_LOOK_MS), resolve)),
      ])
    }
    if (this.#dropped) return
    if (this.#memory.quarantine.size > 0) {
      log.warn({ region: regionId }, 'no snapshots are written while actors are in quarantine')
      return
    }
    const isDone = await this.#checkpoint.close(snapshotsUntilMs).catch(error => {
      if (!isStoreAway(error)) throw error
      return false
    })
    if (!isDone) log.warn({ region: regionId }, 'not all snapshots were written; the next start reads more of the log')
  }

  /** Forgets everything: nothing more is decided, answered or written. Sessions stay with the gateway. */
  drop(): void {
    if (this.#dropped) return
    this.#dropped = true
    this.#parts.metrics.quarantined(this.#parts.regionId, null)
    this.#parts.metrics.damaged(this.#parts.regionId, null)
    for (const lane of ['records', 'segments']) {
      const who = `${this.#parts.regionId}/${lane}`
      for (const trouble of ['writes', 'stalled'] as const) this.#parts.outages.worked(trouble, who)
    }
    this.#timers.stop()
    this.#feeds.stop()
    this.#live.stop()
    this.#board.stop()
    this.#reads.stop()
    this.#upkeep.stop()
    this.#checkpoint.stop()
    this.#writer.stop()
    this.#segments.stop()
    this.#marks.stop()
    this.#store.stop()
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

function* firstOf<T>(items: Iterable<T>, most: number): Iterable<T> {
  let left = most
  for (const item of items) {
    if (left-- <= 0) return
    yield item
  }
}
