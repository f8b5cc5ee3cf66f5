/**
 * A whole region over a journal in memory and a clock of its own: real actors, real writers, sessions that record.
 *
 * The world outlives its engines: `crash` drops a region's memory as a kill would, `restart` recovers it.
 */
import assert from 'node:assert/strict'
import { ActorSystem } from '../../src/actors/actor-system.ts'
import type { CommandRequest, Outcome, QueryAnswer, Session } from '../../src/actors/region-handle.ts'
import { RegionHost } from '../../src/actors/region-host.ts'
import { WallClock } from '../../src/actors/wall-clock.ts'
import type { Command, EnterCall } from '../../src/domain/commands.ts'
import type { UnitReference } from '../../src/domain/events/unit-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import type { Policy, StandingPolicy } from '../../src/domain/policy.ts'
import type { Role } from '../../src/domain/roles.ts'
import type { LevelOfCare } from '../../src/domain/vocabulary.ts'
import { bodyHash } from '../../src/protocol/body-hash.ts'
import { messageOf, resultOf } from '../../src/protocol/encode.ts'
import type { Told } from '../../src/protocol/told.ts'
import type { NearestResult, TripExplanation } from '../../src/protocol/wire/answer-views.ts'
import type { FeedChannel, FeedFix, StreamDeclaration, WireFix } from '../../src/protocol/wire/fix-tuples.ts'
import type { ServerTypeName } from '../../src/protocol/wire/message-types.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { CallView, DriverView, TripView, UnitView } from '../../src/protocol/wire/situation-views.ts'
import type { WelcomeView } from '../../src/protocol/wire/welcome-view.ts'
import type { Journal, LogRecord } from '../../src/store/log/journal.ts'
import { MemoryJournal } from '../../src/store/log/memory-journal.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'
import { ManualMachine } from './manual-machine.ts'
import { policyOf } from './scenario.ts'

/** What follows the type in a server's message. */
type Heard<T extends ServerTypeName> =
  Extract<ServerMessage, readonly [T, ...unknown[]]> extends [T, ...infer Rest] ? Rest : never

export const REGION = 'akl'
/** Where calls come from; a unit `n` hundred metres north of it is `northM(n * 100)` away. */
export const SCENE = { lonDeg: 174.76, latDeg: -36.85 }
const DEGREES_PER_M = 1 / 111_195

const metrics = new Metrics()
const log = createLogger({ level: 'silent' })

/** All that is ready to run has run: mailboxes, comedy's promises, commits that nothing holds up. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise<void>(resolve => setImmediate(resolve))
}

/** A session that keeps what it is sent. */
export class RecordingSession implements Session {
  readonly region = REGION
  readonly ticket = 'a ticket'
  readonly limits = { frameBytes: 65_536, fixesPerFrame: 256 }
  /** Of a feed: the units that its credential names. */
  feedUnits: readonly string[] | null = null
  /** Set by a test: what a message to the client and back takes. */
  roundTripMs: number | null = null
  /** Set by a test: the client does not read. */
  isBehind = false
  readonly messages: ServerMessage[] = []
  readonly closes: number[] = []
  readonly sessionId: string
  readonly role: Role
  readonly principal: string
  readonly unitId: string | null

  constructor(sessionId: string, role: Role, principal: string, unitId: string | null) {
    this.sessionId = sessionId
    this.role = role
    this.principal = principal
    this.unitId = unitId
  }

  tell(told: Told): void {
    // As the wire would: what changes later must not change what was sent.
    this.messages.push(structuredClone(messageOf(told)))
  }
  tellShared({ told }: { told: Told }): void {
    this.tell(told)
  }
  close(code: number): void {
    this.closes.push(code)
  }

  all<T extends ServerTypeName>(type: T): Heard<T>[] {
    return this.messages.filter(message => message[0] === type).map(([, ...rest]) => rest as unknown as Heard<T>)
  }
  last<T extends ServerTypeName>(type: T): Heard<T> {
    return this.all(type).at(-1) ?? assert.fail(`${this.sessionId} was sent no ${type}`)
  }
  get welcome(): WelcomeView {
    return this.last('welcome')[1]
  }
  /** The driver's situation as last told. */
  get view(): DriverView {
    const states = this.all('unit-state')
    return states.length > 0 ? states.at(-1)![1] : this.welcome.driver!
  }
}

/** A command's answer, once it has come. */
export interface Answer {
  outcome: Outcome | null
}

export interface WorldOptions {
  readonly mode?: 'ordered' | 'offered'
  readonly policy?: Partial<Policy>
  readonly rate?: number
  /** Region time at the machine's first moment. */
  readonly anchorRegionMs?: number
  readonly pendingMax?: number
  readonly openTripsMax?: number
  readonly closedKeptMs?: number
  readonly outcomeBytesMax?: number
  /** In the place of the one in memory; whoever gives it waits for it. */
  readonly journal?: Journal
}

interface UnitOptions {
  readonly levelOfCare?: LevelOfCare
  readonly transports?: boolean
  readonly capabilities?: readonly string[]
}

export class RegionWorld {
  readonly machine = new ManualMachine()
  readonly journal = new MemoryJournal()
  readonly system: ActorSystem
  /** Handlers that threw past their turn; a test that expects none need not look, `close` does. */
  readonly failures: unknown[] = []
  leased = true
  timeZone = 'UTC'
  /** What consoles that come are told of a clock that is off. */
  clockNotice: Told | null = null
  /** So many of the next ids cannot be made: the turns that need them throw. */
  brokenIds = 0
  readonly fenced: string[] = []
  readonly #options: WorldOptions
  /** The newest that the service has set. */
  policy: StandingPolicy
  readonly #seqs = new Map<RecordingSession, number>()
  readonly #clientNowMs = new Map<RecordingSession, number>()
  #ids = 0
  host!: RegionHost

  private constructor(options: WorldOptions) {
    this.#options = options
    // Its units are where a test says, however far that is from where they were.
    this.policy = policyOf(options.mode ?? 'offered', { fixSpeedMaxMps: 100_000, ...options.policy })
    this.system = new ActorSystem({
      soon: setImmediate,
      // Stands still within a step: how far a run of the pump gets must not depend on what else the machine does.
      monotonicMs: () => this.machine.monotonicMs(),
      onFailure: (_path, error) => this.failures.push(error),
    })
  }

  static async open(options: WorldOptions = {}): Promise<RegionWorld> {
    const world = new RegionWorld(options)
    await world.start()
    return world
  }

  async start(): Promise<void> {
    const { rate = 1, anchorRegionMs = 1_700_000_000_000, journal = this.journal, ...bounds } = this.#options
    this.host = new RegionHost(
      {
        regionId: REGION,
        policy: this.policy,
        shared: {
          anchor: { anchorRegionMs, anchorWallMs: 1_700_000_000_000, rate },
          machine: this.machine,
          system: this.system,
          journal,
          bounds,
        },
        wall: new WallClock(this.machine),
        clockNotice: () => this.clockNotice,
        telemetry: { metrics, log, outages: new OutageLog(log, () => this.machine.monotonicMs()) },
        names: { newId: () => this.#newId(), timeZone: () => this.timeZone },
      },
      { holdsLease: () => this.leased, onFenced: () => this.fenced.push(REGION) },
    )
    await this.host.start()
    await settle()
  }

  #newId(): string {
    if (this.brokenIds > 0) {
      this.brokenIds--
      throw new Error('an id that cannot be made')
    }
    return `${REGION}.${String(++this.#ids).padStart(21, '0')}`
  }

  /** The service sets another policy, and the region is told. */
  goBy(changes: Partial<Policy>): void {
    this.policy = { ...this.policy, ...changes, version: this.policy.version + 1 }
    void this.host.goBy(this.policy)
  }

  /** The process dies: nothing is written any more. */
  crash(): void {
    this.host.abandon()
  }
  async restart(how: 'crash' | 'drain' = 'crash'): Promise<void> {
    if (how === 'crash') this.crash()
    else {
      const closing = this.host.close()
      await this.advance(1_000)
      await closing
    }
    await this.start()
  }
  async close(): Promise<void> {
    this.journal.resume()
    this.host.abandon()
    await this.system.close()
    assert.deepEqual(this.failures, [])
  }

  get region() {
    return this.host.region ?? assert.fail('the region is away')
  }
  get nowMs(): number {
    return this.region.clock.nowMs()
  }
  advance(ms: number): Promise<void> {
    return this.machine.advance(ms, settle)
  }

  // Units and sessions.

  async import(...units: readonly (readonly [unitId: string, options?: UnitOptions])[]): Promise<void> {
    const rows = units.map(
      ([unitId, options]): UnitReference => ({
        unitId,
        callSign: `Medic ${unitId}`,
        levelOfCare: options?.levelOfCare ?? 'als',
        ...(options?.transports === undefined ? {} : { transports: options.transports }),
        capabilities: options?.capabilities ?? [],
        homeStation: null,
      }),
    )
    this.region.ref.tell({ type: 'units', units: rows })
    await settle()
  }

  connect(
    unitId: string,
    streams: readonly StreamDeclaration[] = [[`s-${unitId}`, 'gnss', 1]],
    clientNowMs = this.machine.wallMs(),
    principal = `crew of ${unitId}`,
  ): RecordingSession {
    const session = new RecordingSession(`session-${++this.#ids}`, 'driver', principal, unitId)
    const hello = { helloId: 'hello', clientNowMs, streams }
    this.#clientNowMs.set(session, hello.clientNowMs)
    this.host.open(session, hello)
    return session
  }
  /** Signs a dispatcher in. */
  dispatcher(): RecordingSession {
    const session = new RecordingSession(`session-${++this.#ids}`, 'dispatcher', 'desk-1', null)
    this.host.open(session, { helloId: 'hello', clientNowMs: this.machine.wallMs(), streams: [] })
    return session
  }

  /** Signs a feed in, for some units or all. */
  feed(units: readonly string[] | null = null, principal = 'modem gateway'): RecordingSession {
    const session = new RecordingSession(`session-${++this.#ids}`, 'feed', principal, null)
    session.feedUnits = units
    this.#clientNowMs.set(session, this.machine.wallMs())
    this.host.open(session, { helloId: 'hello', clientNowMs: this.machine.wallMs(), streams: [] })
    return session
  }
  /** The feed takes units up; answers what it is told of them. */
  async attach(feed: RecordingSession, ...channels: readonly FeedChannel[]): Promise<Record<string, unknown>> {
    const requestId = `q-${++this.#ids}`
    this.host.tell(feed, { type: 'attach', id: requestId, channels })
    await settle()
    const [, , result] = feed.all('reply').find(([id]) => id === requestId) ?? assert.fail('no reply came')
    return result
  }
  feedFixes(feed: RecordingSession, ...fixes: readonly FeedFix[]): void {
    this.host.tell(feed, { type: 'feed-fixes', sentAtMs: this.#sentAtMs(feed), fixes })
  }

  /** A unit with a session, a crew and a position so many metres north of the scene. */
  async onDuty(unitId: string, northM: number, options: UnitOptions = {}): Promise<RecordingSession> {
    await this.import([unitId, options])
    const session = this.connect(unitId)
    await settle()
    this.fixAt(session, northM)
    await this.accepted(this.drive(session, { type: 'sign-on', happenedAtMs: this.nowMs }))
    return session
  }

  /** Sends the next fix of the session's first stream, measured now. */
  fixAt(session: RecordingSession, northM: number, ageMs = 0): number {
    const seq = (this.#seqs.get(session) ?? session.welcome.streams[0]![1]) + 1
    this.#seqs.set(session, seq)
    this.fixes(session, [wireFix(seq, northM, ageMs)])
    return seq
  }
  /** Sends fixes measured `ageMs` before now, numbered by the caller. */
  fixes(session: RecordingSession, fixes: readonly WireFix[], streamIndex = 0): void {
    this.host.tell(session, { type: 'fix', streamIndex, sentAtMs: this.#sentAtMs(session), fixes })
  }
  hint(session: RecordingSession, fix: WireFix, streamIndex = 0): void {
    this.host.tell(session, { type: 'hint', streamIndex, sentAtMs: this.#sentAtMs(session), fix })
  }
  #sentAtMs(session: RecordingSession): number {
    return this.machine.wallMs() - this.#clientNowMs.get(session)!
  }

  /** Fills the region's mailbox to its bound with messages that change nothing. */
  fillMailbox(): void {
    const session = new RecordingSession('nobody', 'feed', 'nobody', null)
    const request = { type: 'feed-fixes', sentAtMs: 0, fixes: [] } as const
    while (this.region.ref.tell({ type: 'asked', session, request, receivedWallMs: 0 }));
  }

  // Commands.

  send(by: { principal: string; unitId: string | null }, command: Command, commandId?: string): Answer {
    const answer: Answer = { outcome: null }
    const request: CommandRequest = {
      commandId: commandId ?? `c-${++this.#ids}`,
      ...{ principal: by.principal, unitId: by.unitId },
      command,
      bodyHash: bodyHash(command),
      traceparent: null,
      answer(outcome) {
        assert.equal(answer.outcome, null, 'answered twice')
        answer.outcome = outcome
      },
    }
    this.host.command(request)
    return answer
  }
  drive(session: RecordingSession, command: Command, commandId?: string): Answer {
    return this.send(session, command, commandId)
  }
  dispatch(command: Command, commandId?: string): Answer {
    return this.send({ principal: 'desk-1', unitId: null }, command, commandId)
  }

  async accepted(answer: Answer): Promise<Record<string, unknown>> {
    await settle()
    const { outcome } = answer
    if (outcome === null) assert.fail('no answer came')
    if (!outcome.ok) assert.fail(`refused: ${outcome.refusal.code}: ${outcome.refusal.message}`)
    return outcome.result
  }
  async refused(answer: Answer): Promise<string> {
    await settle()
    const { outcome } = answer
    if (outcome === null) assert.fail('no answer came')
    return outcome.ok ? 'accepted' : outcome.refusal.code
  }

  /** Enters a call at the scene for one unit; answers the trip's id. */
  async call(changes: Partial<EnterCall> = {}): Promise<string> {
    const { tripIds } = await this.accepted(this.dispatch(callOf(changes)))
    return (tripIds as string[])[0]!
  }

  // What can be seen from outside.

  async query<T extends object = NearestResult | TripExplanation | TripView | CallView | UnitView>(
    query: Parameters<RegionHost['query']>[0],
  ): Promise<T> {
    const got: QueryAnswer[] = []
    this.host.query(query, answer => got.push(answer))
    await settle()
    const [answer] = got
    if (answer === undefined) assert.fail('no answer came')
    if (!answer.ok) assert.fail(`refused: ${answer.refusal.code}`)
    return resultOf(answer.shown) as unknown as T
  }
  trip(tripId: string): Promise<TripView> {
    return this.query<TripView>({ type: 'read-trip', tripId })
  }
  /** The board as a fresh console gets it. */
  async board(): Promise<{ position: number; trips: TripView[]; units: UnitView[] }> {
    const console = this.dispatcher()
    this.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
    await settle()
    this.host.closed(console)
    const parts = console.all('board')
    assert.equal(parts.length, parts[0]![2])
    return {
      position: parts[0]![0],
      trips: parts.flatMap(part => part[3]).sort((a, b) => (a.tripId < b.tripId ? -1 : 1)),
      units: parts.flatMap(part => part[4]).sort((a, b) => (a.unitId < b.unitId ? -1 : 1)),
    }
  }
  /** Fixes of one kind that the engine has counted, in this world and those before it. */
  async countedFixes(kind: string): Promise<number> {
    const line = new RegExp(`^goldenhour_fixes_total\\{[^}]*"${kind}"[^}]*\\} (\\d+)$`, 'm')
    return Number(line.exec(await metrics.text())?.[1] ?? assert.fail(`no fixes are counted as ${kind}`))
  }
  /** What the engine has counted, in this world and those before it. */
  metricsText(): Promise<string> {
    return metrics.text()
  }
  async log(): Promise<LogRecord[]> {
    const records: LogRecord[] = []
    for await (const chunk of this.journal.readLog(REGION, 0)) records.push(...chunk)
    return records
  }
  async events<T extends DomainEvent['type']>(type: T): Promise<Extract<DomainEvent, { type: T }>[]> {
    const events = (await this.log()).flatMap(record => record.events)
    return events.filter(event => event.type === type) as Extract<DomainEvent, { type: T }>[]
  }
}

export const callOf = (changes: Partial<EnterCall> = {}): EnterCall => ({
  type: 'enter-call',
  ...SCENE,
  priority: 1,
  problem: null,
  needs: [{ levelOfCare: 'bls', capabilities: [] }],
  receivedAtMs: null,
  details: null,
  ...changes,
})

export const wireFix = (seq: number, northM: number, ageMs = 0): WireFix => [
  seq,
  ageMs,
  Math.round(SCENE.lonDeg * 1e7),
  Math.round((SCENE.latDeg + northM * DEGREES_PER_M) * 1e7),
  null,
  null,
  null,
]
