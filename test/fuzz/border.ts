/**
 * The border of the engine in this process, fed as fast as it goes: real conversations, connections, rates and
 * credentials before a real region over a journal in memory. Only sockets, clock and database are not real. All time is
 * the clock's, so how fast a machine is changes nothing of what is sent and answered: a seed says it all.
 *
 * One border lives for one generation of frames, as what is accepted stays in memory; then its region is compared with
 * what its log says, and thrown away.
 */
import type { UnitReference } from '../../src/domain/events/unit-events.ts'
import { LEVELS_OF_CARE } from '../../src/domain/vocabulary.ts'
import { type ConversationPorts, conversationPorts } from '../../src/gateway/conversation.ts'
import { Limiter } from '../../src/gateway/limits/limiter.ts'
import { Readings } from '../../src/gateway/readings.ts'
import { SessionRegistry } from '../../src/gateway/session-registry.ts'
import type { WireFormat } from '../../src/protocol/codec.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/protocol/limits.ts'
import { createLogger, type Logger } from '../../src/telemetry/log.ts'
import type { Metrics } from '../../src/telemetry/metrics.ts'
import { ManualMachine } from '../support/manual-machine.ts'
import { FuzzClient, type Surroundings } from './client.ts'
import { type Credentials, peopleOf } from './credentials.ts'
import { Dice, partSeed } from './dice.ts'
import type { Tally } from './findings.ts'
import { checkBoard, checkRecovery } from './invariants.ts'
import { Known } from './known.ts'
import { encodable, messageOf, typeFor } from './messages.ts'
import { CLASSES, type FrameClass, frameOf } from './mutations.ts'
import { FuzzedRegion, REGION, START_MS } from './region.ts'
import { damagedCredential, identityOf } from './tokens.ts'

const UNITS = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6']
const FEED_UNITS = ['F1', 'F2', 'F3']
export const PEOPLE = peopleOf(REGION, UNITS)

/** Frames that are sent before the region is let run. */
const BATCH = 128
/** A frame that takes longer holds up everybody. */
const HANG_MS = 250
/** The board is looked at after so many batches. */
const LOOK_EVERY = 24

/** As by default but for rates and counts that would only keep frames from being looked at. */
const rate = { connectionPerS: 1e7, userPerS: 1e7, burstS: 3_600 }
const LIMITS: Limits = {
  ...DEFAULT_LIMITS,
  badFrames: 400,
  sessionsPerUser: 1_000,
  rates: { fix: rate, feedFix: rate, crewCommand: rate, command: rate, query: rate, control: rate },
}

export interface GenerationPlan {
  readonly seed: number
  /** Which generation of the seed; its part of chance is its own. */
  readonly generation: number
  readonly frames: number
  readonly credentials: Credentials
  /** One for the whole run: each would watch the event loop on its own. */
  readonly metrics: Metrics
}

/** Sends one generation of frames; what it finds is in the tally. */
export async function runGeneration(plan: GenerationPlan, tally: Tally): Promise<void> {
  const border = await Border.open(plan, tally)
  try {
    await border.run(plan.frames)
  } catch (error) {
    tally.found('crash', `${border.name}: ${textOf(error)}`, border.lastFrame)
  } finally {
    await border.close()
  }
}

class Border {
  readonly name: string
  readonly #tally: Tally
  readonly #metrics: Metrics
  readonly #credentials: Credentials
  readonly #dice: Dice
  readonly #known = new Known(REGION, UNITS, FEED_UNITS)
  readonly #machine = new ManualMachine(START_MS)
  readonly #context: ConversationPorts
  readonly #sessions: SessionRegistry
  #region!: FuzzedRegion
  #clients: FuzzClient[] = []
  #strangers: FuzzClient[] = []
  #wellBehaved: FuzzClient[] = []
  #asked = 0
  /** What took long by the clock on the wall; whether we took it or the machine, the processor's time tells. */
  #slow: { readonly frame: Uint8Array; readonly tookMs: number }[] = []
  lastFrame: Uint8Array | null = null

  static async open(plan: GenerationPlan, tally: Tally): Promise<Border> {
    const border = new Border(plan, tally)
    const mode = plan.generation % 2 === 0 ? 'ordered' : 'offered'
    border.#region = await FuzzedRegion.open(mode, border.#machine, {
      metrics: plan.metrics,
      log: border.#log,
      onFailure: (what, error) => border.#crash(`${what}: ${textOf(error)}`),
    })
    await border.#region.import(UNIT_REFERENCES)
    border.#letIn()
    await border.#region.settle()
    return border
  }

  private constructor({ seed, generation, credentials, metrics }: GenerationPlan, tally: Tally) {
    this.name = `--seed ${seed} --generation ${generation}`
    this.#tally = tally
    this.#metrics = metrics
    this.#credentials = credentials
    this.#dice = new Dice(partSeed(seed, generation))
    const wallClock = () => this.#machine.wallMs()
    const { authenticator } = credentials
    const revocations = { isRevoked: () => false, refresh: async () => {}, onChange: () => {} }
    this.#sessions = new SessionRegistry(LIMITS.helloTimeoutMs, revocations, wallClock, this.#machine)
    this.#context = conversationPorts({
      directory: {
        region: (id: string) => (id === REGION ? this.#region.host : null),
        ready: () => true,
      },
      authenticator,
      revocations,
      audit: { note: () => {} },
      door: { limits: LIMITS, sessionMaxAgeMs: 365 * 86_400_000 },
      metrics: this.#metrics,
      log: this.#log,
      limiter: new Limiter(LIMITS, this.#metrics, this.#machine),
      cuts: { cut: () => {} },
      sessions: this.#sessions,
      readings: new Readings({ note: () => {} }),
      newSessionId: () => 'a session',
      wallClock,
    })
  }

  /** Tells of every mistake that the engine says it has made. */
  get #log(): Logger {
    const log = createLogger({ level: 'silent' })
    log.error = (given: unknown, message?: string) =>
      this.#crash(`${message}: ${textOf((given as { err?: unknown }).err)}`)
    return log
  }

  #crash(what: string): void {
    this.#tally.found('crash', `${this.name}: ${what}`, this.lastFrame)
  }

  #letIn(): void {
    const around: Surroundings = {
      context: this.#context,
      known: this.#known,
      wallMs: () => this.#machine.wallMs(),
      onReply: () => this.#tally.outcome('reply'),
      onRefusal: (code, client) => {
        this.#tally.outcome(code)
        if (code === 'internal') this.#crash('answered with `internal`')
        if (this.#wellBehaved.includes(client)) {
          this.#tally.found('unserved', `${this.name}: a client that did nothing wrong was answered ${code}`)
        }
      },
      onClose: (code, reason) => {
        this.#tally.outcome(`closed-${code}`)
        if (code === 1011 || reason.startsWith('the region')) this.#crash(`closed with ${code} ${reason}`)
      },
    }
    const tickets = this.#credentials.all.filter(({ kind }) => kind === 'ticket')
    this.#clients = tickets.map((ticket, i) => new FuzzClient(ticket, formatAt(i), around))
    this.#strangers = this.#credentials.all.map(
      (credential, i) => new FuzzClient(credential, formatAt(i + (i >> 1)), around),
    )
    const desk = tickets.find(({ role }) => role === 'dispatcher')!
    this.#wellBehaved = FORMATS.map(format => new FuzzClient(desk, format, around))
    for (const client of [...this.#clients, ...this.#wellBehaved]) signIn(client)
  }

  async run(frames: number): Promise<void> {
    for (let sent = 0, batch = 1; sent < frames; sent += BATCH, batch += 1) {
      const startedAt = performance.now()
      const cpuBefore = process.cpuUsage()
      this.#known.wallMs = this.#machine.wallMs()
      this.#credentials.hold()
      for (let i = Math.min(BATCH, frames - sent); i > 0; i -= 1) this.#sendOne()
      this.#askAsOneShould()
      await this.#region.settle()
      await this.#credentials.idle()
      await this.#region.advance(this.#dice.oneIn(40) ? this.#dice.below(120_000) : this.#dice.below(200))
      this.#lookAtTime(startedAt, cpuBefore)
      await this.#region.advanceUntil(() => !this.#owesAnswers)
      this.#lookAtAnswers()
      this.#lookAtStrangers()
      if (batch % LOOK_EVERY === 0) await checkBoard(this.#region)
      if (Object.keys(Object.prototype).length > 0) throw new Error('What all objects have was changed.')
    }
    await checkBoard(this.#region)
    for (const client of [...this.#clients, ...this.#strangers, ...this.#wellBehaved]) client.hangUp()
    await checkRecovery(this.#region)
    for await (const records of this.#region.journal.readLog(REGION, 0)) {
      for (const { events } of records) for (const { type } of events) this.#tally.event(type)
    }
  }

  #sendOne(): void {
    const dice = this.#dice
    const isStranger = dice.oneIn(24)
    const client = dice.pick(isStranger ? this.#strangers : this.#clients)
    if (!client.isOpen) {
      if (isStranger) client.connect()
      else signIn(client)
    }
    if (isStranger && !dice.oneIn(4)) return this.#sendHello(client)
    if (dice.oneIn(400)) client.reads = false
    else if (!client.reads && dice.oneIn(20)) client.startReading()

    const kind = dice.weighed(CLASSES)
    const seqs = [...client.seqs]
    const message = messageOf(typeFor(client.role, dice), client, this.#known, dice)
    // What is damaged will hardly be taken: the next one goes on where this one did.
    if (kind !== 'valid') client.seqs.splice(0, client.seqs.length, ...seqs)
    const frame = frameOf(kind, encodable(message, client.format), client.last, client.format, dice)
    if (kind === 'valid') {
      const id = message[1]
      if (typeof id === 'string' && client.conversation.isSignedIn) client.unanswered.set(id, frame)
      if (frame.length > 0) client.last = frame
    }
    this.#send(client, kind, frame, (client.format === 'binary') !== (kind === 'wrong-kind'))
  }

  /** A hello with a credential that is good or not; sometimes damaged as a whole, too. */
  #sendHello(client: FuzzClient): void {
    const dice = this.#dice
    const credential = this.#credentials.all.find(({ text }) => text === client.credential)!
    const hello: unknown[] = [...client.hello()]
    if (!dice.oneIn(8)) hello[2] = damagedCredential(credential, this.#credentials.all, dice)
    const kind = dice.oneIn(3) ? dice.weighed(CLASSES) : 'valid'
    const frame = frameOf(kind, encodable(hello, client.format), client.last, client.format, dice)
    if (frame.length > 0) client.last = frame
    this.#send(client, kind, frame, client.format === 'binary')
  }

  #send(client: FuzzClient, kind: FrameClass, frame: Uint8Array, isBinary: boolean): void {
    this.#tally.frame(kind, frame)
    this.lastFrame = frame
    const before = process.cpuUsage()
    client.send(frame, isBinary)
    // Of the machine's time it may take any share; of the processor's a frame takes what it takes.
    const { user, system } = process.cpuUsage(before)
    const tookMs = (user + system) / 1_000
    if (tookMs > HANG_MS) this.#slow.push({ frame, tookMs })
  }

  #lookAtTime(startedAt: number, cpuBefore: NodeJS.CpuUsage): void {
    const slow = this.#slow
    this.#slow = []
    const tookMs = performance.now() - startedAt
    if (tookMs < HANG_MS) return
    const cpu = process.cpuUsage(cpuBefore)
    const cpuMs = (cpu.user + cpu.system) / 1_000
    if (cpuMs < HANG_MS) return
    for (const { frame, tookMs } of slow) this.#tally.found('hang', `${this.name}: a frame took ${tookMs} ms`, frame)
    // A whole batch, with all that falls due in it, has more time than a frame.
    if (slow.length === 0 && cpuMs > 8 * HANG_MS) this.#tally.found('hang', `${this.name}: a batch took ${cpuMs} ms`)
  }

  #askAsOneShould(): void {
    for (const client of this.#wellBehaved) {
      if (!client.isOpen) this.#tally.found('unserved', `${this.name}: a client that did nothing wrong was cut off`)
      if (!client.isOpen) signIn(client)
      const id = `q${++this.#asked}`
      client.unanswered.set(id, Buffer.from(id))
      client.say(['nearest', id, 1_747_600_000, -368_500_000, 3, null])
    }
  }

  get #owesAnswers(): boolean {
    return [...this.#clients, ...this.#wellBehaved].some(each => each.isOpen && each.reads && each.unanswered.size > 0)
  }

  #lookAtAnswers(): void {
    for (const client of [...this.#clients, ...this.#wellBehaved]) {
      if (!client.isOpen || !client.reads) continue
      for (const [id, frame] of client.unanswered) {
        this.#tally.found('unserved', `${this.name}: message ${id} of a ${client.role} was never answered`, frame)
      }
      client.unanswered.clear()
    }
  }

  /** Whoever got in must be somebody; then it goes, so that others can try. */
  #lookAtStrangers(): void {
    for (const client of this.#strangers) {
      if (!client.isOpen || client.conversation.claims === null) continue
      const who = identityOf(client.conversation.claims)
      if (!this.#credentials.identities.has(who)) {
        this.#tally.found('crash', `${this.name}: a forged credential was taken for ${who}`, client.last)
      }
      this.#tally.outcome('welcome')
      client.hangUp()
    }
  }

  async close(): Promise<void> {
    this.#sessions.stop()
    await this.#region.close()
  }
}

function signIn(client: FuzzClient): void {
  client.connect()
  client.say(client.hello())
}

const FORMATS: readonly WireFormat[] = ['binary', 'json']
const formatAt = (i: number): WireFormat => FORMATS[i % 2]!

const UNIT_REFERENCES = [...UNITS, ...FEED_UNITS].map(
  (unitId, i): UnitReference => ({
    unitId,
    callSign: `Medic ${unitId}`,
    levelOfCare: LEVELS_OF_CARE[(i + 1) % LEVELS_OF_CARE.length]!,
    capabilities: i % 2 === 0 ? ['bariatric'] : [],
    homeStation: null,
  }),
)

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))
