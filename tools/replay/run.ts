/** One run: everybody signs on, the trace and the calls are played, the engine is killed when asked, until all trips end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BoardEvents } from '../../src/client/index.ts'
import { scrape } from '../shared/prometheus.ts'
import { CallBook } from './call-book.ts'
import type { ReplayCall } from './calls.ts'
import { ClientLog } from './client-log.ts'
import { Crew, type CrewCounts, type CrewWorld } from './crew.ts'
import { Desk } from './desk.ts'
import { FixPlayer } from './fix-player.ts'
import type { Habits } from './habits.ts'
import { InvalidInput } from './input.ts'
import { HistogramSum } from './metrics.ts'
import { crewOf, DESK, type Fleet, type Place, signTokens } from './place.ts'
import { RegionTimers } from './region-timers.ts'
import { type KillReport, stallAndKill } from './stall-and-kill.ts'
import type { Streets, WayCounts } from './streets.ts'
import type { Trace } from './trace.ts'

export interface RunSettings {
  readonly trace: Trace
  readonly calls: readonly ReplayCall[]
  readonly fleet: Fleet
  /** The roads of the region, on which crews drive while they have a trip; null: they go by their traces. */
  readonly streets: Streets | null
  readonly habits: Habits
  /** Region milliseconds in one wall millisecond; null: as the engine has it. */
  readonly speed: number | null
  /** Wall seconds since the start of the trace, ascending. */
  readonly killAfterS: readonly number[]
}

export interface RunHooks {
  readonly tell: (line: string) => void
  /** All are signed on and the trace begins. */
  readonly onStart?: (start: { readonly baseMs: number; readonly deskToken: string }) => void
  readonly onRecord?: (record: BoardEvents) => void
  /** Aborted when the user has had enough. */
  readonly signal: AbortSignal
}

/** A time in which the engine could not answer, on this process's monotonic clock. */
export interface Outage {
  readonly fromMs: number
  readonly toMs: number
}

export interface RunResult {
  readonly log: ClientLog
  readonly speed: number
  /** Fixes that the clients were told are stored. */
  readonly fixesDurable: number
  readonly kills: readonly KillReport[]
  readonly outages: readonly Outage[]
  readonly counts: CrewCounts & { readonly reconnects: number }
  /** Seconds, over all processes of the engine. */
  readonly durableLag: HistogramSum
  /** Why the run is not worth what it should be; empty when all went as planned. */
  readonly troubles: readonly string[]
  readonly wallS: number
  /** Null where nobody drove. */
  readonly ways: WayCounts | null
}

/** The user ended the run. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

const OPEN_LIMIT_MS = 30_000
const DURABLE_LIMIT_MS = 60_000
const ROADS_LIMIT_MS = 60_000
/** Crews that sign on at once. */
const SIGN_ON_BATCH = 50
/** From the last crew's sign-on to the start of the trace. */
const LEAD_WALL_MS = 1_000
const POLL_MS = 50
const PROGRESS_EVERY_MS = 3_000
/** Free crews that go for fuel when no command comes by itself. */
const BREAKS_AT_ONCE = 3
/** Nothing is planned and nothing happens for so long: open trips will stay open. Longer than any deadline of the engine. */
const STUCK_WALL_MS = 30_000
const STUCK_REGION_MS = 180_000

/** Errors: Interrupted; ClientClosed or Error when a client ends or the engine does not come back; those of pg. */
export async function run(settings: RunSettings, place: Place, hooks: RunHooks): Promise<RunResult> {
  const running = new Running(settings, place, hooks)
  try {
    return await running.run()
  } finally {
    running.close()
  }
}

class Running {
  readonly #settings: RunSettings
  readonly #place: Place
  readonly #hooks: RunHooks
  readonly #log = new ClientLog()
  readonly #book = new CallBook()
  readonly #counts: CrewCounts = { silent: 0, dropped: 0, repeated: 0 }
  readonly #durableLag = new HistogramSum('goldenhour_durable_lag_seconds')
  readonly #kills: KillReport[] = []
  readonly #outages: Outage[] = []
  readonly #troubles: string[] = []
  readonly #crews: Crew[] = []
  #desk!: Desk
  #timers!: RegionTimers
  #player: FixPlayer | null = null
  #baseMs = 0
  #failure: Error | null = null
  /** From the moment a kill is prepared until everybody is back. */
  #isDown = false

  constructor(settings: RunSettings, place: Place, hooks: RunHooks) {
    this.#settings = settings
    this.#place = place
    this.#hooks = hooks
  }

  async run(): Promise<RunResult> {
    const tokens = await signTokens(this.#place.databaseUrl, this.#settings.fleet)
    await this.#openDesk(tokens.desk)
    await this.#signOnAll(tokens.crews)
    await this.#goByRoads()

    const { trace, calls } = this.#settings
    this.#baseMs = Math.ceil(this.#timers.nowMs() + LEAD_WALL_MS * this.#timers.rate)
    this.#player = new FixPlayer(trace, this.#crews, this.#timers, this.#baseMs)
    this.#desk.schedule(calls, this.#baseMs, this.#timers)
    await this.#until(() => this.#timers.nowMs() >= this.#baseMs)
    const startedMs = performance.now()
    this.#hooks.onStart?.({ baseMs: this.#baseMs, deskToken: tokens.desk })
    this.#player.start()
    await this.#play(startedMs)
    this.#player.stop()
    // Nobody goes on from here, such as a crew that still meant to accept what was cancelled meanwhile.
    this.#timers.stop()
    for (const crew of this.#crews) crew.rest()
    this.#hooks.tell(`All trips that will end have ended; waiting until the last fixes are stored.`)
    await this.#untilDurable()
    await this.#scrape()
    return {
      log: this.#log,
      speed: this.#timers.rate,
      fixesDurable: this.#crews.reduce((sum, { client }) => sum + client.fixesDurable, 0),
      kills: this.#kills,
      outages: this.#outages,
      counts: { ...this.#counts, reconnects: this.#clients.reduce((sum, client) => sum + client.reconnects, 0) },
      durableLag: this.#durableLag,
      troubles: this.#troubles,
      ways: this.#settings.streets?.counts ?? null,
      wallS: (performance.now() - startedMs) / 1_000,
    }
  }

  close(): void {
    this.#player?.stop()
    this.#timers?.stop()
    for (const crew of this.#crews) crew.close()
    this.#desk?.close()
  }

  get #clients() {
    return [this.#desk.client, ...this.#crews.map(({ client }) => client)]
  }

  async #openDesk(token: string): Promise<void> {
    const { url } = this.#place
    const { region } = this.#settings.fleet
    // An engine that runs already hears of a new region within a second or two; until then it refuses its dispatcher.
    const giveUpAtMs = performance.now() + OPEN_LIMIT_MS
    for (;;) {
      const desk = new Desk({
        url,
        region,
        token,
        principal: DESK,
        log: this.#log,
        book: this.#book,
        onRecord: record => this.#hooks.onRecord?.(record),
        onFailure: error => this.#fail(error),
      })
      this.#desk = desk
      try {
        await Promise.race([desk.client.opened(), rejectAfter(giveUpAtMs - performance.now(), NO_ANSWER(url))])
        break
      } catch (error) {
        desk.close()
        const code = (error as { refusal?: { code: string } | null }).refusal?.code
        if (code === 'token-invalid') {
          throw new InvalidInput(`The engine at ${url} has another database than the one that DATABASE_URL names here.`)
        }
        if (code !== 'unknown-region' || performance.now() > giveUpAtMs) throw error
        this.#failure = null
        await sleep(500)
      }
    }
    const { client } = this.#desk
    const { speed } = this.#settings
    if (speed !== null && client.clockRate !== speed) {
      const asked = `--speed ${speed} was asked for; leave it out, or start the engine with GOLDENHOUR_CLOCK_RATE=${speed}`
      throw new InvalidInput(`The engine's clock runs at ${client.clockRate}. ${asked}.`)
    }
    this.#timers = new RegionTimers(() => client.regionNowMs(), client.clockRate)
  }

  async #signOnAll(tokens: ReadonlyMap<string, string>): Promise<void> {
    const { fleet, habits } = this.#settings
    const world: CrewWorld = {
      url: this.#place.url,
      region: fleet.region,
      mode: fleet.mode,
      habits,
      log: this.#log,
      book: this.#book,
      timers: () => this.#timers,
      streets: this.#settings.streets,
      counts: this.#counts,
      onFailure: error => this.#fail(error),
    }
    for (let from = 0; from < fleet.units.length; from += SIGN_ON_BATCH) {
      const batch = fleet.units.slice(from, from + SIGN_ON_BATCH).map(({ unitId }) => {
        const crew = new Crew(world, unitId, crewOf(unitId), tokens.get(unitId)!)
        this.#crews.push(crew)
        return crew.signOn()
      })
      if (!(await this.#settled(Promise.all(batch), OPEN_LIMIT_MS))) throw NO_ANSWER(this.#place.url)
    }
    this.#hooks.tell(`${this.#crews.length} crews are connected and signed on.`)
  }

  /** An engine that runs already takes new roads up within seconds. Errors: Error when it does not. */
  async #goByRoads(): Promise<void> {
    const { streets } = this.#settings
    if (streets === null) return
    const giveUpAtMs = performance.now() + ROADS_LIMIT_MS
    for (;;) {
      const { result } = await this.#desk.client.nearest({ ...streets.hospital, k: 1 })
      if (result.basis === 'roads') return
      if (performance.now() > giveUpAtMs) throw new Error('The region did not take up its roads in time.')
      await sleep(500)
    }
  }

  async #play(startedMs: number): Promise<void> {
    const { killAfterS } = this.#settings
    this.#killOnTime(startedMs).catch((error: Error) => this.#fail(error))
    let toldMs = startedMs
    await this.#until(() => {
      const nowMs = performance.now()
      if (nowMs - toldMs >= PROGRESS_EVERY_MS) {
        toldMs = nowMs
        this.#hooks.tell(this.#progress(nowMs - startedMs))
      }
      return this.#isDone || this.#isStuck(nowMs)
    })
    if (!this.#isDone) this.#troubles.push('trips stayed open although nothing was left to happen')
    if (this.#kills.length < killAfterS.length) {
      this.#troubles.push(`${killAfterS.length} kills were asked for; after ${this.#kills.length} the run was over`)
    }
  }

  get #isDone(): boolean {
    return this.#player!.isOver && this.#desk.isDone && this.#log.commandsUnanswered === 0 && !this.#isDown
  }

  #isStuck(nowMs: number): boolean {
    // What a timer has just set off is on its way to the board.
    const silentMs = nowMs - Math.max(this.#desk.boardHeardAtMs, this.#timers.firedAtMs)
    const limitMs = Math.max(STUCK_WALL_MS, STUCK_REGION_MS / this.#timers.rate)
    return this.#player!.isOver && this.#timers.waiting === 0 && silentMs > limitMs && !this.#isDown
  }

  async #killOnTime(startedMs: number): Promise<void> {
    for (const [index, afterS] of this.#settings.killAfterS.entries()) {
      const atMs = startedMs + afterS * 1_000
      await this.#until(() => performance.now() >= atMs)
      // The first one loses what was in memory, the next leaves it to go through without its sender, and so on.
      await this.#kill(index % 2 === 0)
    }
  }

  async #kill(endStatements: boolean): Promise<void> {
    const { engine, databaseUrl } = this.#place
    if (engine === null) throw new InvalidInput('Only an engine of our own can be killed; leave --url out.')
    const { tell } = this.#hooks
    const fromMs = performance.now()
    this.#isDown = true
    const report = await stallAndKill({
      engine,
      databaseUrl,
      region: this.#settings.fleet.region,
      endStatements,
      commandsUnanswered: () => this.#log.commandsUnanswered,
      provoke: () => this.#sendOnBreak(),
      onLastMetrics: samples => this.#durableLag.add(samples),
    })
    this.#kills.push(report)
    const { logHead, logDurable, fixesNotDurable, commandsUnanswered } = report.atStake
    const fate = endStatements ? 'and what was in memory is lost' : 'and what it had sent to Postgres went through'
    tell(
      `KILLED with ${logHead - logDurable} records and ${fixesNotDurable} fixes not durable, ${commandsUnanswered} commands unanswered; ${fate}.`,
    )
    if (!report.hurt) this.#troubles.push(`kill ${this.#kills.length} found nothing that was not durable yet`)
    if (endStatements && report.logEndAfter >= logHead) {
      this.#troubles.push(`kill ${this.#kills.length} was to lose records, but all of them had been stored`)
    }
    await engine.start()
    const allBack = () => this.#clients.every(client => client.connectionState === 'open')
    if (!(await this.#until(allBack, OPEN_LIMIT_MS))) throw NO_ANSWER(this.#place.url)
    this.#isDown = false
    const toMs = performance.now()
    this.#outages.push({ fromMs, toMs })
    tell(`The engine is back, and everybody with it, ${((toMs - fromMs) / 1_000).toFixed(1)} s after the stall began.`)
  }

  #sendOnBreak(): void {
    for (const crew of this.#crews.filter(({ isFree }) => isFree).slice(0, BREAKS_AT_ONCE)) {
      crew.takeBreak().catch((error: Error) => this.#fail(error))
    }
  }

  async #untilDurable(): Promise<void> {
    const marks = Promise.all(this.#crews.map(({ client }) => client.mark()))
    if (await this.#settled(marks, DURABLE_LIMIT_MS)) return
    this.#troubles.push(`some fixes were not stored within ${DURABLE_LIMIT_MS / 1_000} s`)
  }

  async #scrape(): Promise<void> {
    const httpUrl = new URL(this.#place.url)
    httpUrl.protocol = httpUrl.protocol.replace('ws', 'http')
    this.#durableLag.add(await scrape(httpUrl.origin))
  }

  #progress(elapsedMs: number): string {
    const region = new Date(this.#timers.nowMs() - this.#baseMs).toISOString().slice(11, 19)
    const desk = this.#desk
    const working = desk.tripsSeen - desk.tripsEnded - desk.tripsIn('pending', 'offered')
    const stored = this.#crews.reduce((sum, { client }) => sum + client.fixesDurable, 0)
    const connected = this.#crews.filter(({ client }) => client.connectionState === 'open').length
    return [
      `${(elapsedMs / 1_000).toFixed(0).padStart(4)} s`,
      `trace +${region}`,
      `trips ${desk.tripsSeen}: ${desk.tripsIn('pending')} waiting, ${desk.tripsIn('offered')} offered, ${working} at work, ${desk.tripsEnded} ended`,
      `fixes ${this.#log.fixes.length} sent, ${stored} known stored`,
      `${connected}/${this.#crews.length} connected`,
    ].join(' | ')
  }

  #fail(error: Error): void {
    this.#failure ??= error
  }

  /** Output: false when it takes longer than `limitMs`. Errors: its own, and those of `#until`. */
  #settled(work: Promise<unknown>, limitMs: number): Promise<boolean> {
    let done = false
    work.then(
      () => {
        done = true
      },
      (error: Error) => this.#fail(error),
    )
    return this.#until(() => done, limitMs)
  }

  /** Output: false when the condition was not met within `limitMs`. Errors: what failed meanwhile; Interrupted. */
  async #until(condition: () => boolean, limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const giveUpAtMs = performance.now() + limitMs
    for (;;) {
      if (this.#hooks.signal.aborted) throw new Interrupted('The run was stopped.')
      if (this.#failure !== null) throw this.#failure
      if (condition()) return true
      if (performance.now() > giveUpAtMs) return false
      await sleep(POLL_MS)
    }
  }
}

const NO_ANSWER = (url: string): Error => new Error(`The engine at ${url} did not answer in time.`)

function rejectAfter(ms: number, error: Error): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(error), Math.max(0, ms)).unref()
  })
}
