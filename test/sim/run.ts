/** One run of the simulation: a world made from a plan, its troubles, its calm, its judge, and what came of it. */
import type { SharedParts } from '../../src/actors/region/parts.ts'
import type { LogRecord } from '../../src/store/log/journal.ts'
import { Chronicle, type Happening } from './core/chronicle.ts'
import { Cluster } from './core/cluster.ts'
import { authenticatorOf, tokenOf } from './core/credentials.ts'
import { SimulatedDatabase } from './core/database.ts'
import { Device } from './core/device.ts'
import { Faults } from './core/faults.ts'
import { Loop } from './core/loop.ts'
import { Network } from './core/network.ts'
import { preparedStreets } from './core/roads.ts'
import { Judge } from './judge/judge.ts'
import type { Violation } from './judge/verdict.ts'
import { diceFor, type Plan } from './plan.ts'
import { positionOf } from './world/city.ts'
import { cityStreets } from './world/streets.ts'
import { World } from './world/world.ts'

export interface Figures {
  readonly seed: number
  readonly steps: number
  readonly virtualHours: number
  readonly faultsInjected: number
  readonly commandsAcknowledged: number
  readonly tripsClosed: number
  readonly violations: number
  readonly historyHash: string
  readonly stepsPerS: number
}

export interface RunResult {
  readonly plan: Plan
  readonly figures: Figures
  readonly violations: readonly Violation[]
  /** Null unless it was asked for. */
  readonly story: readonly Happening[] | null
  /** Empty unless it was asked for. */
  readonly log: readonly LogRecord[]
}

export interface RunOptions {
  readonly keepStory?: boolean
  /** Answers the region's log, as the database has it in the end. */
  readonly keepLog?: boolean
  /** Ends with the first violation: what comes after it is mostly its consequence. */
  readonly stopAtFirst?: boolean
  /** Hears of the virtual time that has passed, every ten minutes of it. */
  readonly onProgress?: (virtualHours: number) => void
}

const REGION = 'sim'
/** 2026-03-02T06:00:00Z, a Monday. */
const START_MS = 1_772_431_200_000
const HOUR_MS = 3_600_000
const LOOK_EVERY_MS = 600_000

/** Errors: none of the world's; what the engine throws past itself is a violation. */
export async function runSimulation(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  const run = new Run(plan, options)
  return run.toTheEnd()
}

/** The run needs not go on. */
class Enough extends Error {}

class Run {
  readonly #plan: Plan
  readonly #options: RunOptions
  readonly #loop = new Loop(START_MS)
  readonly #chronicle: Chronicle
  readonly #judge: Judge
  readonly #world: World
  readonly #database: SimulatedDatabase
  readonly #cluster: Cluster
  readonly #faults: Faults
  readonly #violations: Violation[] = []
  #ids = 0
  /** What was thrown where nobody could catch it. */
  #escaped: unknown[] = []

  constructor(plan: Plan, options: RunOptions) {
    const loop = this.#loop
    this.#plan = plan
    this.#options = options
    const sinceStartMs = () => loop.nowMs - START_MS
    const dice = (name: string) => diceFor(plan.seed, name)
    const chronicle = new Chronicle(sinceStartMs, options.keepStory === true)
    this.#chronicle = chronicle
    const report = (rule: string, text: string) => {
      chronicle.tell('judge', `${rule}: ${text}`)
      this.#violations.push({ rule, atMs: sinceStartMs(), text })
    }
    const streets = plan.hasRoads ? cityStreets() : null
    const late: { database?: SimulatedDatabase; judge?: Judge } = {}
    const network = new Network({
      loop,
      chronicle,
      dice: dice('network'),
      region: REGION,
      durableEnds: () => late.database!.ends,
      watch: {
        opened: wire => late.judge!.opened(wire),
        sent: (wire, frame) => late.judge!.sent(wire, frame),
        received: (wire, frame, ends, ranMs) => late.judge!.received(wire, frame, ends, ranMs),
        closed: wire => late.judge!.closed(wire),
      },
    })
    this.#world = new World({
      plan,
      loop,
      chronicle,
      dice,
      device: name => new Device({ name, loop, network, dice: dice(`device ${name}`) }),
      token: who => tokenOf(REGION, who),
    })
    this.#database = new SimulatedDatabase({
      loop,
      chronicle,
      dice: dice('database'),
      region: { region: REGION, name: 'Simulated', timeZone: plan.timeZone, dispatchMode: plan.mode },
      units: this.#world.units,
      stations: this.#world.city.stations.map(positionOf),
      roads: streets && preparedStreets(streets),
      onRejected: () => this.#judge.excuse('content-rejected'),
      watch: {
        acquired: epoch => this.#judge.acquired(epoch),
        recordsCommitted: (epoch, batch) => this.#judge.recordsCommitted(epoch, batch),
        segmentCommitted: (epoch, segment) => this.#judge.segmentCommitted(epoch, segment),
        snapshotsPut: () => this.#judge.snapshotsPut(),
        callsPutAway: calls => this.#judge.callsPutAway(calls),
      },
    })
    this.#judge = new Judge({
      plan,
      region: REGION,
      sinceStartMs,
      nowMs: () => loop.nowMs,
      journal: this.#database.journal,
      policies: this.#database.policies,
      stations: this.#world.city.stations,
      streets,
      report,
    })
    late.database = this.#database
    late.judge = this.#judge
    this.#cluster = new Cluster({
      loop,
      network,
      chronicle,
      dice: dice('cluster'),
      database: this.#database,
      watch: this.#judge,
      anchor: { anchorRegionMs: START_MS, anchorWallMs: START_MS, rate: 1 },
      authenticator: authenticatorOf,
      newId: region => `${region}.${String(++this.#ids).padStart(21, '0')}`,
      newSessionId: () => `session-${++this.#ids}`,
      bounds: boundsOf(plan),
    })
    this.#faults = new Faults({
      plan,
      loop,
      chronicle,
      network,
      dice: dice('faults'),
      database: this.#database,
      cluster: this.#cluster,
    })
  }

  async toTheEnd(): Promise<RunResult> {
    const startedAt = performance.now()
    const onEscaped = (error: unknown) => this.#escaped.push(error)
    process.on('unhandledRejection', onEscaped)
    process.on('uncaughtException', onEscaped)
    try {
      await this.#live()
    } catch (error) {
      if (!(error instanceof Enough)) this.#escaped.push(error)
      this.#reportEscaped()
    } finally {
      process.off('unhandledRejection', onEscaped)
      process.off('uncaughtException', onEscaped)
      await this.#cluster.end()
    }
    const log: LogRecord[] = []
    if (this.#options.keepLog === true) {
      for await (const chunk of this.#database.journal.readLog(REGION, 0)) log.push(...chunk)
    }
    return { ...this.#result((performance.now() - startedAt) / 1_000), log }
  }

  async #live(): Promise<void> {
    const { hours, calmMs } = this.#plan
    this.#cluster.startOne()
    this.#world.start()
    this.#faults.start()
    this.#lookLater()
    await this.#runFor(hours * HOUR_MS)
    this.#chronicle.tell('world', 'is left in peace')
    this.#faults.stop()
    this.#cluster.calm()
    this.#world.calm()
    await this.#runFor(calmMs)
    this.#judge.look()
    await this.#judge.ended(this.#world)
  }

  async #runFor(ms: number): Promise<void> {
    await this.#loop.run(this.#loop.nowMs + ms, () => {
      this.#cluster.stepped()
      this.#judge.stepped()
      if (this.#escaped.length > 0) this.#reportEscaped()
      if (this.#options.stopAtFirst === true && this.#violations.length > 0) throw new Enough()
    })
  }

  #lookLater(): void {
    this.#loop.after(LOOK_EVERY_MS, () => {
      this.#judge.look()
      this.#options.onProgress?.((this.#loop.nowMs - START_MS) / HOUR_MS)
      this.#lookLater()
    })
  }

  #reportEscaped(): void {
    for (const error of this.#escaped) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#violations.push({ rule: 'nothing-escapes', atMs: this.#loop.nowMs - START_MS, text })
    }
    this.#escaped = []
  }

  #result(tookS: number): Omit<RunResult, 'log'> {
    const { steps } = this.#loop
    return {
      plan: this.#plan,
      violations: this.#violations,
      story: this.#chronicle.story,
      figures: {
        seed: this.#plan.seed,
        steps,
        virtualHours: Math.round((this.#loop.nowMs - START_MS) / 36_000) / 100,
        faultsInjected: this.#faults.injected + this.#database.faults,
        commandsAcknowledged: this.#judge.commandsAcknowledged,
        tripsClosed: this.#judge.tripsClosed,
        violations: this.#violations.length,
        historyHash: this.#chronicle.digest(),
        stepsPerS: Math.round(steps / tookS),
      },
    }
  }
}

/** An outcome takes about half a kilobyte. */
const BYTES_AN_OUTCOME = 500

function boundsOf({ troubles: { pendingMax, memoryShort } }: Plan): NonNullable<SharedParts['bounds']> {
  const short = { closedKeptMs: memoryShort * 1_000, outcomeBytesMax: memoryShort * BYTES_AN_OUTCOME }
  return { ...(pendingMax > 0 && { pendingMax }), ...(memoryShort > 0 && short) }
}
