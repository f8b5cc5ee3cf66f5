/**
 * Wires the parts into one running process: database, journal, leases, regions, gateway; start and stop.
 *
 * Start: the database, the port (so that `/readyz` answers), the leases, each region's recovery, its units, and only
 * then ready. Stop: no more connections, clients are told to come back elsewhere, what is in flight ends, snapshots,
 * leases given back.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { ActorSystem } from './actors/actor-system.ts'
import { systemClock } from './actors/clock.ts'
import { newRoutedId } from './actors/ids.ts'
import type { Region } from './actors/region/region.ts'
import type { RegionHandle } from './actors/region-handle.ts'
import { RegionHost } from './actors/region-host.ts'
import type { Config } from './config/index.ts'
import type { RegionId } from './domain/ids.ts'
import { DEFAULT_POLICY } from './domain/policy.ts'
import { type Access, openAccess } from './gateway/auth/access.ts'
import { type Gateway, startGateway } from './gateway/gateway.ts'
import { type ClockAnchor, loadOrCreateClock } from './store/clock-anchor.ts'
import { type Database, openDatabase } from './store/database.ts'
import { provideDatabase } from './store/database-server.ts'
import { Leases, waitForLease } from './store/leases.ts'
import { migrate } from './store/migrate.ts'
import { PostgresAudit } from './store/postgres-audit.ts'
import { PostgresJournal } from './store/postgres-journal.ts'
import { ReferenceStore, type RegionReference } from './store/reference.ts'
import type { Logger } from './telemetry/log.ts'
import { Metrics } from './telemetry/metrics.ts'

/** How often reference data is looked at for a change, wall time. */
const REFERENCE_EVERY_MS = 1_000
/** What clients are told at a drain: when to come back, and over how long a time to spread. */
const COME_BACK_AFTER_MS = 1_000
const COME_BACK_SPREAD_MS = 4_000
/** How long a start or a drain waits for what is under way. */
const SETTLE_LIMIT_MS = 2_000

export interface Engine {
  readonly port: number
  readonly databaseUrl: string
  regionIds(): RegionId[]
  /** Drains and ends everything that `startEngine` began. */
  stop(): Promise<void>
}

/**
 * Starts an engine that owns every region of the database.
 * Errors: PortTaken, UwsUnavailable, DatabaseSetupError, LeaseHeldElsewhere, RegionTaken, StoreUnavailable; what was
 * begun is undone.
 */
export async function startEngine(config: Config, log: Logger, onFatal: (reason: string) => void): Promise<Engine> {
  const engine = new RunningEngine(config, log, onFatal)
  try {
    await engine.start()
  } catch (error) {
    await engine.stop().catch(() => undefined)
    throw error
  }
  return engine
}

/** Another engine took the region while this one held it, or was about to. */
class RegionTaken extends Error {
  override readonly name = 'RegionTaken'

  constructor(region: RegionId) {
    super(`region ${region} was taken by another engine`)
  }
}

class RunningEngine implements Engine {
  readonly #config: Config
  readonly #log: Logger
  readonly #onFatal: (reason: string) => void
  readonly #metrics = new Metrics()
  readonly #hosts = new Map<RegionId, RegionHost>()
  readonly #undo: (() => Promise<void>)[] = []
  readonly #lostWhileStarting = new Set<RegionId>()
  #system!: ActorSystem
  #gateway: Gateway | null = null
  #leases!: Leases
  #journal!: PostgresJournal
  #reference!: ReferenceStore
  #anchor!: ClockAnchor
  #databaseUrl = ''
  #referenceVersion = -1
  /** The version of the reference data up to which each region's memory knows its units, and that of those units. */
  readonly #told = new WeakMap<Region, { readonly version: number; readonly units: number }>()
  #ready = false
  #stopped = false

  constructor(config: Config, log: Logger, onFatal: (reason: string) => void) {
    this.#config = config
    this.#log = log
    this.#onFatal = onFatal
  }

  get port(): number {
    return this.#gateway?.port ?? 0
  }

  get databaseUrl(): string {
    return this.#databaseUrl
  }

  regionIds(): RegionId[] {
    return [...this.#hosts.keys()]
  }

  async start(): Promise<void> {
    const database = await this.#openDatabase()
    const audit = this.#openAudit(database)
    const access = await this.#openAccess(database, audit)
    this.#metrics.observe(this.#gauges())
    const { host, port, tls, limits, allowedOrigins, trustedProxies, metricsFrom, auth } = this.#config
    this.#gateway = await startGateway({
      host,
      port,
      tls,
      door: { limits, allowedOrigins, trustedProxies, metricsFrom, sessionMaxAgeMs: auth.sessionMaxAgeS * 1_000 },
      directory: { region: id => this.#handle(id), ready: () => this.#ready },
      authenticator: access.authenticator,
      revocations: access.revocations,
      signIn: access.signIn,
      keys: access.keys,
      audit,
      database,
      metrics: this.#metrics,
      log: this.#log.child({ part: 'gateway' }),
      wallClock: () => systemClock.wallMs(),
    })
    this.#undo.push(() => this.#gateway!.close())
    this.#anchor = await loadOrCreateClock(database, { rate: this.#config.clockRate, wallMs: systemClock.wallMs() })
    this.#startActors()
    this.#startStore()
    await this.#followReference()
    // A crew that signs in at the first moment must find its unit.
    await this.#settled()
    const [lost] = this.#lostWhileStarting
    if (lost !== undefined) throw new RegionTaken(lost)
    this.#ready = true
    this.#pollReference()
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#ready = false
    this.#gateway?.beginDrain(COME_BACK_AFTER_MS, COME_BACK_SPREAD_MS)
    await this.#settled()
    const failures: unknown[] = []
    for (const undo of this.#undo.reverse()) await undo().catch(error => failures.push(error))
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be stopped cleanly.')
  }

  /** Waits until the regions have nothing under way, but not for ever: clients may go on sending. */
  async #settled(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map(host => host.region?.settled(SETTLE_LIMIT_MS)))
  }

  async #openDatabase(): Promise<Database> {
    const server = await provideDatabase(this.#config, message => this.#log.info({ part: 'postgres' }, message))
    this.#undo.push(() => server.stop())
    this.#databaseUrl = server.url
    await migrate(server.url)
    const database = openDatabase(server.url)
    this.#undo.push(() => database.destroy())
    this.#reference = new ReferenceStore(database)
    return database
  }

  #openAudit(database: Database): PostgresAudit {
    const audit = new PostgresAudit({
      database,
      scheduler: systemClock,
      wallMs: () => systemClock.wallMs(),
      onFailure: error => this.#log.warn({ err: error }, 'the audit could not be written; trying again'),
    })
    audit.start()
    this.#undo.push(() => audit.stop())
    return audit
  }

  async #openAccess(database: Database, audit: PostgresAudit): Promise<Access> {
    const access = await openAccess({
      database,
      audit,
      policy: this.#config.auth,
      scheduler: systemClock,
      wallClock: () => systemClock.wallMs(),
      onFailure: error => this.#log.warn({ err: error }, 'keys and ended sign-ins could not be read; trying again'),
    })
    this.#undo.push(() => access.close())
    const made = await access.signIn.accounts.ensureFirstAdmin(
      database,
      this.#config.auth.adminPassword,
      (transaction, entry) =>
        audit.append(transaction, [{ actor: 'system', outcome: 'done', address: null, ...entry }]),
    )
    // Not through the log, which is kept: whoever starts the first engine reads it once.
    if (made !== null) console.log(`The user admin was made. Its password, shown this once: ${made}`)
    return access
  }

  #startActors(): void {
    this.#system = new ActorSystem({
      soon: setImmediate,
      monotonicMs: () => systemClock.monotonicMs(),
      onFailure: (path, error) => {
        this.#metrics.turnFailed()
        this.#log.error({ path, err: error }, 'an actor failed at a message; the message changed nothing')
      },
    })
    this.#undo.push(() => this.#system.close())
  }

  #startStore(): void {
    this.#leases = new Leases({
      url: this.#databaseUrl,
      scheduler: systemClock,
      node: `${hostname()}:${process.pid}`,
      processIncarnation: randomUUID(),
      handlers: {
        onLost: region => this.#lost(region),
        onRenewalFailed: error => this.#log.warn({ err: error }, 'the leases could not be renewed; trying again'),
      },
    })
    this.#undo.push(() => this.#leases.stop())
    this.#journal = new PostgresJournal(this.#databaseUrl)
    this.#undo.push(() => this.#journal.close())
    this.#undo.push(async () => void (await Promise.all([...this.#hosts.values()].map(host => host.close()))))
  }

  #pollReference(): void {
    systemClock.after(REFERENCE_EVERY_MS, () => {
      if (this.#stopped) return
      this.#followReference()
        .catch(error => this.#log.warn({ err: error }, 'reference data could not be read; trying again'))
        .finally(() => this.#pollReference())
    })
  }

  /** Takes regions that are new, and tells every region its units, when the reference data has changed. */
  async #followReference(): Promise<void> {
    const version = await this.#reference.version()
    if (version !== this.#referenceVersion) {
      const regions = await this.#reference.listRegions()
      const fresh = regions.filter(({ region }) => !this.#hosts.has(region))
      if (fresh.length > 0) await this.#takeRegions(fresh)
      this.#referenceVersion = version
    }
    for (const { regionId, region } of this.#hosts.values()) {
      // One that is being rebuilt, or whose mailbox is full, is told the next time; one that was rebuilt, anew: what its
      // former memory was told may have been lost with it.
      if (region === null) continue
      const told = this.#told.get(region)
      if (told?.version === version) continue
      // A change of stations, hospitals or other regions is none of this one's.
      const units = await this.#reference.unitsVersion(regionId)
      if (units === told?.units || (await this.#tellUnits(regionId, region))) this.#told.set(region, { version, units })
    }
  }

  /** False when the region's mailbox was full. */
  async #tellUnits(regionId: RegionId, region: Region): Promise<boolean> {
    const [units, retired] = await Promise.all([
      this.#reference.listUnits(regionId),
      this.#reference.listRetiredUnits(regionId),
    ])
    return units.length + retired.length === 0 || region.ref.tell({ type: 'units', units, retired })
  }

  async #takeRegions(regions: readonly RegionReference[]): Promise<void> {
    const ids = regions.map(({ region }) => region)
    await waitForLease(this.#leases, ids, systemClock, ({ region, node, remainingMs }) => {
      this.#log.warn({ region, node, remainingMs }, 'the region is leased to another engine; waiting for it to lapse')
    })
    for (const reference of regions) {
      const host = this.#newHost(reference)
      const startedMs = systemClock.monotonicMs()
      await host.start()
      if (this.#stopped) return host.abandon()
      if (this.#lostWhileStarting.delete(reference.region)) {
        host.abandon()
        throw new RegionTaken(reference.region)
      }
      this.#hosts.set(reference.region, host)
      const tookMs = Math.round(systemClock.monotonicMs() - startedMs)
      this.#log.info({ region: reference.region, position: host.region?.logHead, tookMs }, 'region recovered')
    }
  }

  #newHost({ region, dispatchMode }: RegionReference): RegionHost {
    return new RegionHost(
      {
        regionId: region,
        policy: { ...DEFAULT_POLICY, mode: dispatchMode },
        anchor: this.#anchor,
        machine: systemClock,
        system: this.#system,
        journal: this.#journal,
        metrics: this.#metrics,
        log: this.#log.child({ part: 'region', region }),
        newId: () => newRoutedId(region),
      },
      { holdsLease: () => this.#leases.holds(region), onFenced: () => this.#lost(region) },
    )
  }

  /** Another process owns the region. This one took all regions or none, so it has no business here any more. */
  #lost(region: RegionId): void {
    if (this.#stopped) return
    const host = this.#hosts.get(region)
    this.#hosts.delete(region)
    host?.abandon()
    // Whoever starts the region or the engine throws, and undoes what it began.
    if (host === undefined || !this.#ready) return void this.#lostWhileStarting.add(region)
    this.#onFatal(new RegionTaken(region).message)
  }

  #handle(id: RegionId): RegionHandle | null {
    return this.#hosts.get(id) ?? null
  }

  #gauges(): Parameters<Metrics['observe']>[0] {
    const regions = () => [...this.#hosts.values()].flatMap(host => (host.region === null ? [] : [host]))
    return {
      mailboxDepth: () => regions().map(({ regionId, region }) => [regionId, region!.mailboxDepth] as const),
      pendingTrips: () =>
        regions().flatMap(({ regionId, region }) =>
          region!.pendingByPriority().map(([priority, count]) => [regionId, priority, count] as const),
        ),
      logPositions: () =>
        regions().map(({ regionId, region }) => [regionId, region!.logHead, region!.logDurable] as const),
      fixesNotDurable: () => regions().map(({ regionId, region }) => [regionId, region!.fixesNotDurable] as const),
    }
  }
}
