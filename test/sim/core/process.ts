/**
 * One engine process of a simulated world: the engine's own parts, put together as `engine.ts` and `gateway.ts` do, over
 * a clock, a database and a network that obey the simulation.
 *
 * Modes: *starting*, until its regions are recovered; *serving*; *draining*; *ended*, from a crash or its own exit on.
 * While it is paused nothing of it runs; what arrives waits, as for a machine that swaps or a container that is frozen.
 */

import type { Authenticator } from '../../../src/access/claims.ts'
import { ActorSystem } from '../../../src/actors/actor-system.ts'
import type { SharedParts } from '../../../src/actors/region/parts.ts'
import { RegionKeeper } from '../../../src/actors/region-keeper.ts'
import type { MachineClock } from '../../../src/base/time.ts'
import { CutLog } from '../../../src/gateway/cut-log.ts'
import type { DoorPolicy } from '../../../src/gateway/door-policy.ts'
import { Entrance } from '../../../src/gateway/entrance.ts'
import { HttpConnections } from '../../../src/gateway/http-connections.ts'
import { Limiter } from '../../../src/gateway/limits/limiter.ts'
import { Readings } from '../../../src/gateway/readings.ts'
import { COME_BACK_AFTER_MS, SessionRegistry } from '../../../src/gateway/session-registry.ts'
import { mountWsDoor } from '../../../src/gateway/ws-door.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import { Leases } from '../../../src/store/leases/leases.ts'
import type { ClockAnchor } from '../../../src/store/log/clock-anchor.ts'
import type { Logger } from '../../../src/telemetry/log.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { OutageLog } from '../../../src/telemetry/outage-log.ts'
import type { Chronicle } from './chronicle.ts'
import type { SimulatedDatabase } from './database.ts'
import { SimulatedApp } from './door.ts'
import type { Loop } from './loop.ts'
import type { Door, Link, Network } from './network.ts'
import type { EngineWatch } from './watch.ts'

interface ProcessParts {
  readonly name: string
  readonly loop: Loop
  readonly network: Network
  readonly database: SimulatedDatabase
  readonly chronicle: Chronicle
  readonly watch: EngineWatch
  readonly anchor: ClockAnchor
  /** How far its clock is ahead when it is started. */
  readonly aheadMs: number
  readonly authenticator: (wallMs: () => number) => Authenticator
  /** A fresh id of the region. */
  readonly newId: (region: string) => string
  readonly newSessionId: () => string
  /** What one region takes, and keeps in memory. */
  readonly bounds: NonNullable<SharedParts['bounds']>
  /** The process has ended, however; its actors come to their end as soon as somebody lets comedy run. */
  readonly onEnded: (actorsEnded: Promise<void>) => void
}

/** How long the event loop takes to come round. */
const SOON_MS = 0.05
/** Three times as long as an engine has unless it is told otherwise. */
const DRAIN_LIMIT_MS = 30_000
/** Three times as long as in the engine: renewals would be most of what happens in a quiet world. */
const LEASE_MS = 9_000
/** Seldom: nothing changes there, and looking at it every second would take most of a quiet run's steps. */
const REFERENCE_EVERY_MS = 30_000

const DOOR: DoorPolicy = {
  limits: DEFAULT_LIMITS,
  allowedOrigins: [],
  trustedProxies: [],
  metricsFrom: [],
  ownNames: [],
  sessionMaxAgeMs: 365 * 86_400_000,
}
/** One for all: each would watch the event loop of this program. */
const metrics = new Metrics()

export class EngineProcess implements Door {
  readonly name: string
  readonly #parts: ProcessParts
  readonly #bootMs: number
  readonly #app = new SimulatedApp()
  readonly #system: ActorSystem
  readonly #leases: Leases
  readonly #regions: RegionKeeper
  readonly #sessions: SessionRegistry
  #mode: 'starting' | 'serving' | 'draining' | 'ended' = 'starting'
  /** What waits for the process to go on; null while it runs. */
  #inbox: (() => void)[] | null = null
  #aheadMs: number
  /** Monotonic time that a suspended machine did not count. */
  #uncountedMs = 0
  #pausedAtMs = 0
  /** For how long it was paused, all pauses together. */
  #pausedMs = 0

  constructor(parts: ProcessParts) {
    const { name, loop, database, watch, anchor } = parts
    this.name = name
    this.#parts = parts
    this.#bootMs = loop.nowMs - 1_000
    this.#aheadMs = parts.aheadMs
    const machine = this.#machine
    const store = database.connect(this)
    this.#system = new ActorSystem({
      soon: run => void loop.after(SOON_MS, () => this.deliver(run)),
      monotonicMs: () => machine.monotonicMs(),
      onFailure: (path, error) => this.#failed(`actor ${path} threw`, error),
    })
    this.#leases = new Leases({
      table: store.leases,
      scheduler: machine,
      node: name,
      processIncarnation: `run of ${name}`,
      leaseMs: LEASE_MS,
      renewEveryMs: LEASE_MS / 3,
      handlers: {
        onLost: region => this.#regions.lost(region),
        onRenewalFailed: () => undefined,
        onTableTime: (epochMs, tookMs) => this.#regions.databaseTold(epochMs, tookMs),
      },
    })
    this.#regions = new RegionKeeper({
      shared: {
        anchor,
        machine,
        system: this.#system,
        journal: store.journal,
        ...(store.roads && { roads: store.roads }),
        bounds: parts.bounds,
        onTurn: events => {
          const [host] = this.#regions.hosts()
          if (host?.region) watch.turned(name, host.region, events)
        },
      },
      telemetry: { metrics, log: this.#log, outages: new OutageLog(this.#log, () => machine.monotonicMs()) },
      leases: this.#leases,
      reference: store.reference,
      pace: { referenceEveryMs: REFERENCE_EVERY_MS, standByMs: LEASE_MS / 9 },
      newId: parts.newId,
      onLost: error => {
        parts.chronicle.tell(name, error.message)
        void this.stop()
      },
    })
    const revocations = { isRevoked: () => false, refresh: async () => {}, onChange: () => {} }
    const wallClock = () => machine.wallMs()
    this.#sessions = new SessionRegistry(DOOR.limits.helloTimeoutMs, revocations, wallClock, machine)
    const entrance = new Entrance(DOOR, false, metrics)
    mountWsDoor(this.#app.asDoorApp(), {
      directory: this.#regions,
      authenticator: parts.authenticator(wallClock),
      revocations,
      audit: { note: () => {} },
      door: DOOR,
      sessions: this.#sessions,
      limiter: new Limiter(DOOR.limits, metrics, machine),
      cuts: new CutLog(this.#log, machine),
      entrance,
      connections: new HttpConnections(DOOR.limits, entrance, metrics),
      metrics,
      log: this.#log,
      newSessionId: parts.newSessionId,
      readings: new Readings({ note: () => {} }),
      wallClock,
    })
  }

  get isAlive(): boolean {
    return this.#mode !== 'ended'
  }
  get isServing(): boolean {
    return this.#mode === 'serving'
  }
  get isPaused(): boolean {
    return this.#inbox !== null
  }

  start(): void {
    this.#parts.chronicle.tell(this.name, 'starts')
    this.#parts.network.listen(this)
    this.#regions.start().then(
      () => {
        if (this.#mode !== 'starting') return
        this.#mode = 'serving'
        this.#parts.chronicle.tell(this.name, 'serves')
      },
      (error: Error) => {
        this.#parts.chronicle.tell(this.name, `cannot start: ${error.name}`)
        this.crash('gives up starting')
      },
    )
  }

  /** Ends between two steps, without a word. `silently`: with its whole machine, so that no peer hears of it. */
  crash(why: string, silently = false): void {
    if (this.#mode === 'ended') return
    this.#parts.chronicle.tell(this.name, why)
    this.#parts.watch.dropped(this.name)
    this.#end(silently)
  }

  /** Nothing of it runs from now on. */
  pause(): void {
    if (this.#inbox !== null || this.#mode === 'ended') return
    this.#inbox = []
    this.#pausedAtMs = this.#parts.loop.nowMs
    this.#parts.chronicle.tell(this.name, 'is paused')
  }

  /** Goes on where it was. `slept`: its machine was suspended, and its monotonic clock with it. */
  wake(slept: boolean): void {
    const inbox = this.#inbox
    if (inbox === null) return
    this.#inbox = null
    const forMs = this.#parts.loop.nowMs - this.#pausedAtMs
    this.#pausedMs += forMs
    if (slept) this.#uncountedMs += forMs
    this.#parts.chronicle.tell(this.name, 'wakes up')
    for (const run of inbox) this.#parts.loop.after(0, () => this.deliver(run))
  }

  jumpClock(byMs: number): void {
    this.#aheadMs += byMs
  }

  /** As on SIGTERM. */
  async stop(): Promise<void> {
    if (this.#mode === 'draining' || this.#mode === 'ended') return
    this.#mode = 'draining'
    this.#parts.chronicle.tell(this.name, 'drains')
    this.#parts.network.unlisten(this)
    this.#machine.after(DRAIN_LIMIT_MS, () => this.crash('passes the limit of its drain'))
    this.#sessions.goAway(COME_BACK_AFTER_MS)
    await this.#regions.beginDrain()
    this.#parts.watch.dropped(this.name)
    try {
      await this.#regions.close()
    } catch (error) {
      this.#parts.chronicle.tell(this.name, `could not write everything out: ${(error as Error).name}`)
    }
    await this.#leases.stop()
    this.#sessions.end()
    this.#parts.chronicle.tell(this.name, 'has drained')
    this.#end(false)
  }

  // The door.

  get ranMs(): number {
    return this.#parts.loop.nowMs - this.#bootMs - this.#pausedMs
  }

  connect(link: Link, protocol: string): void {
    this.#app.connect(link, protocol, '127.0.0.1')
  }

  deliver(run: () => void): void {
    if (this.#mode === 'ended') return
    if (this.#inbox === null) run()
    else this.#inbox.push(run)
  }

  /** The regions that it holds in memory, for those who watch. */
  get regions(): RegionKeeper {
    return this.#regions
  }

  #end(silently: boolean): void {
    if (this.#mode === 'ended') return
    this.#mode = 'ended'
    this.#inbox = null
    this.#parts.network.doorGone(this, silently)
    this.#parts.onEnded(this.#system.close())
  }

  readonly #machine: MachineClock = {
    wallMs: () => Math.floor(this.#parts.loop.nowMs + this.#aheadMs),
    monotonicMs: () => this.#parts.loop.nowMs - this.#bootMs - this.#uncountedMs,
    after: (delayMs, run) => {
      let isCancelled = false
      const cancel = this.#parts.loop.after(Math.max(delayMs, 0.01), () =>
        this.deliver(() => {
          if (!isCancelled) run()
        }),
      )
      return () => {
        isCancelled = true
        cancel()
      }
    },
  }

  /** Listens for what the engine calls an error: a mistake of its own, unless the world explains it. */
  get #log(): Logger {
    const log = {
      child: () => log,
      isLevelEnabled: () => false,
      trace: () => {},
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (given: { err?: unknown; reason?: string }, what: string) => this.#failed(what, given.err, given.reason),
      fatal: (given: { err?: unknown }, what: string) => this.#failed(what, given.err),
    }
    return log as unknown as Logger
  }

  #failed(what: string, error: unknown, reason = ''): void {
    if (this.#mode === 'ended') return
    // Another has the region: that is how it is meant to find out.
    if (reason === 'fenced') return
    const name = error instanceof Error ? `${error.name}: ${error.message}` : String(error ?? '')
    if (/^StoreUnavailable/.test(name)) return
    this.#parts.watch.failed(this.name, `${what} ${reason} ${name} ${error instanceof Error ? error.stack : ''}`)
  }
}
