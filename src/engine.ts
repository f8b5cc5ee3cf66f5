/**
 * Wires the parts into one running process: database, journal, leases, regions, gateway; start and stop.
 *
 * Start: the library and the certificate, the database, the port (so that `/readyz` answers), the first admin, the leases,
 * each region's recovery, its units, and only then ready. Where another engine has the leases this one stands by; where that
 * one has the port, too, it is listened on once the leases are ours. Stop: no more connections, clients are told to come back
 * elsewhere, what is in flight ends, snapshots, leases given back.
 */
import { type Access, openAccess } from './access/access.ts'
import type { DrainLimits } from './actors/region/drain.ts'
import type { Readiness, RegionHandle } from './actors/region-handle.ts'
import type { RegionHost } from './actors/region-host.ts'
import type { RegionKeeper } from './actors/region-keeper.ts'
import { systemClock } from './base/time.ts'
import { addressOf } from './config/address.ts'
import type { Config } from './config/index.ts'
import type { RegionId } from './domain/ids.ts'
import { keepAudit } from './engine/engine-audit.ts'
import { EngineStore } from './engine/engine-store.ts'
import { keepViews } from './engine/engine-views.ts'
import { keepWebhooks } from './engine/engine-webhooks.ts'
import { makeFirstAdmin } from './engine/first-admin.ts'
import { keepRegions } from './engine/keep-regions.ts'
import { figuresOf } from './engine/region-figures.ts'
import { RoadMaps } from './engine/road-maps.ts'
import { RoutedNearest } from './engine/routed-nearest.ts'
import { type Gateway, startGateway } from './gateway/gateway.ts'
import { fittedToFiles, openFilesMax } from './gateway/limits/open-files.ts'
import { explained, PortTaken } from './gateway/port-holder.ts'
import { COME_BACK_AFTER_MS } from './gateway/session-registry.ts'
import { checkCertificate } from './gateway/tls.ts'
import { chooseTransport } from './gateway/transport/choose.ts'
import type { Transport } from './gateway/transport/transport.ts'
import { pagesIn } from './gateway/web-files.ts'
import { openWebhooks } from './integrations/webhooks/webhook.ts'
import { DRAIN_SHARES, Endings } from './process/endings.ts'
import { noteRunning, otherEngines } from './process/run-file.ts'
import type { Limits } from './protocol/limits.ts'
import type { PostgresAudit } from './store/audit/postgres-audit.ts'
import { loadOrCreateClock } from './store/log/clock-anchor.ts'
import type { Database } from './store/postgres/database.ts'
import { isStoreAway } from './store/postgres/postgres-faults.ts'
import { ViewLists } from './store/views/view-lists.ts'
import { ViewStatistics } from './store/views/view-statistics.ts'
import type { Views } from './store/views/views-follower.ts'
import type { Logger } from './telemetry/log.ts'
import { standardSink } from './telemetry/log-sink.ts'
import { Metrics } from './telemetry/metrics.ts'
import { OutageLog } from './telemetry/outage-log.ts'
import type { MetricsSource } from './telemetry/source-gauges.ts'

/** An engine that has given its leases back lets go of its port within this. */
const PORT_WITHIN_MS = 5_000
const PORT_RETRY_MS = 50
/** Where `tools/console` puts the web pages. */
const PAGES = new URL('../dist/console/', import.meta.url)

export interface Engine {
  readonly port: number
  readonly databaseUrl: string
  regionIds(): RegionId[]
  /** Drains and ends everything that `startEngine` began. */
  stop(): Promise<void>
}

/**
 * Starts an engine that owns every region of the database, once no other engine does. `signal` ends a start that waits.
 * Errors: AbortError, PortTaken, TooFewFiles, UwsUnavailable, CertificateUnfit, WebhookUnfit, DatabaseSetupError, RegionTaken, StoreUnavailable; what was begun is
 * undone.
 */
export async function startEngine(
  config: Config,
  log: Logger,
  onFatal: (reason: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<Engine> {
  const engine = new RunningEngine(config, log, onFatal, signal)
  try {
    await engine.start()
    signal.throwIfAborted()
  } catch (error) {
    const told = error instanceof PortTaken ? await explained(config) : error
    await engine.stop().catch(() => undefined)
    throw told
  }
  return engine
}

const STARTING: Readiness = {
  status: 'starting',
  behind: null,
  recovered: 0,
  recovering: new Map(),
  away: new Map(),
}

const NO_POSITIONS: ReadonlyMap<RegionId, number> = new Map()

interface GatewayParts {
  readonly views: Views
  readonly transport: Transport
  readonly database: Database
  readonly audit: PostgresAudit
  readonly access: Access
}

class RunningEngine implements Engine {
  readonly #config: Config
  readonly #log: Logger
  readonly #onFatal: (reason: string) => void
  readonly #signal: AbortSignal
  readonly #metrics = new Metrics()
  readonly #outages: OutageLog
  readonly #endings = new Endings({ monotonicMs: () => systemClock.monotonicMs(), isAway: isStoreAway })
  readonly #store: EngineStore
  /** Null: by the own times alone. */
  readonly #routed: RoutedNearest | null
  readonly #roadMaps = new RoadMaps()
  #gateway: Gateway | null = null
  /** Null until the database can be read. */
  #regions: RegionKeeper | null = null
  #views: Views | null = null
  #drainLimits: DrainLimits | undefined
  #limits: Limits
  #stopped = false

  constructor(config: Config, log: Logger, onFatal: (reason: string) => void, signal: AbortSignal) {
    this.#config = config
    this.#limits = config.limits
    this.#log = log
    this.#outages = new OutageLog(log, () => systemClock.monotonicMs())
    const telemetry = { metrics: this.#metrics, outages: this.#outages }
    this.#routed =
      config.routing === null ? null : new RoutedNearest(config.routing, { scheduler: systemClock, telemetry })
    this.#onFatal = onFatal
    this.#signal = signal
    this.#store = new EngineStore({ config, log, endings: this.#endings, signal })
  }

  get port(): number {
    return this.#gateway?.port ?? 0
  }

  get databaseUrl(): string {
    return this.#store.url
  }

  regionIds(): RegionId[] {
    return this.#hosts().map(({ regionId }) => regionId)
  }

  async start(): Promise<void> {
    // What needs no database is looked at first: a start that cannot be must not begin with migrations and a first user.
    const transport = this.#chooseTransport()
    if (this.#config.tls !== null) checkCertificate(this.#config.tls)
    const webhooks = openWebhooks(this.#config.webhooks)
    this.#limits = this.#limitsThatFit()
    const database = await this.#store.open()
    this.#tellOthersOfTheDirectory()
    const kept = { database, log: this.#log, outages: this.#outages, endings: this.#endings }
    const audit = keepAudit(kept)
    const access = await this.#openAccess(database, audit)
    const views = keepViews(kept)
    this.#views = views
    const openGateway = async () => {
      await this.#openGateway({ transport, database, audit, access, views })
      // Only with the port: a start without it fails, and the next one would have no password to show.
      await makeFirstAdmin({
        whileAway: step => this.#store.whileAway(step),
        ...{ database, audit, accounts: access.signIn.accounts },
        ...{ password: this.#config.auth.adminPassword, say: line => standardSink().write(line) },
      })
    }
    this.#metrics.observe(this.#figures())
    // In this place, though a standby may open it later: regions say their last words through it.
    this.#endings.add('the gateway', () => this.#gateway?.close())
    const portTaken = await openGateway().catch(error => {
      if (error instanceof PortTaken) return error
      throw error
    })
    const { clockRate: rate } = this.#config
    const anchor = await this.#store.whileAway(() =>
      loadOrCreateClock(database, { rate, wallMs: systemClock.wallMs() }),
    )
    const onTaken = async (waited: boolean) => {
      if (!(portTaken instanceof PortTaken)) return
      // Nobody had to be waited for, so it is no engine of ours that has the port.
      if (!waited) throw portTaken
      await this.#openGatewaySoon(openGateway)
    }
    const ports = {
      ...{ database, anchor, store: this.#store, endings: this.#endings },
      telemetry: { metrics: this.#metrics, log: this.#log, outages: this.#outages },
      onTaken,
      onLost: (error: Error) => this.#onFatal(error.message),
      drainLimits: () => this.#drainLimits,
    }
    const regions = await keepRegions(ports, this.#roadMaps)
    this.#regions = regions
    keepWebhooks(webhooks, { ...kept, metrics: this.#metrics, hosts: () => this.#hosts() })
    this.#signal.addEventListener('abort', () => void regions.beginDrain())
    if (this.#signal.aborted) return
    await regions.start()
    // There is no region at all, so nothing was waited for.
    if (this.#gateway === null && portTaken instanceof PortTaken) throw portTaken
  }

  #region(id: RegionId): RegionHandle | null {
    const region = this.#regions?.region(id) ?? null
    return region === null || this.#routed === null ? region : this.#routed.handleOf(region)
  }

  /** Errors: TooFewFiles. */
  #limitsThatFit(): Limits {
    const { limits, filesKept } = this.#config
    const filesMax = openFilesMax()
    const fitted = fittedToFiles(limits, filesKept, filesMax)
    if (fitted !== limits) {
      const { connections, httpConnections, httpConnectionsPerAddress } = fitted
      const caps = { connections, httpConnections, httpConnectionsPerAddress }
      this.#log.warn({ openFiles: filesMax, filesKept, ...caps }, 'caps on connections were lowered to the open files')
    }
    return fitted
  }

  /** Errors: UwsUnavailable. */
  #chooseTransport(): Transport {
    const { transport, insteadOfNative } = chooseTransport(this.#config.transport)
    if (insteadOfNative !== null) {
      const reason = insteadOfNative
      this.#log.warn({ reason }, 'the portable transport takes the place of the native one, at up to twice its cost')
    }
    return transport
  }

  /** Errors: PortTaken. */
  async #openGateway({ transport, database, audit, access, views }: GatewayParts): Promise<void> {
    const { host, port, tls, allowedOrigins, trustedProxies, metricsFrom, ownNames, auth } = this.#config
    const sessionMaxAgeMs = auth.sessionMaxAgeS * 1_000
    const gateway = await startGateway({
      host,
      port,
      tls,
      transport,
      door: { limits: this.#limits, allowedOrigins, trustedProxies, metricsFrom, ownNames, sessionMaxAgeMs },
      directory: {
        region: id => this.#region(id),
        ready: () => this.#regions?.ready() ?? false,
        damagedRows: () => this.#regions?.damagedRows() ?? 0,
        clockOff: () => this.#regions?.clockOff() ?? null,
        follow: async limitMs => (await this.#regions?.follow(limitMs)) ?? false,
      },
      readiness: () => this.#regions?.readiness() ?? STARTING,
      authenticator: access.authenticator,
      revocations: access.revocations,
      signIn: access.signIn,
      keys: access.keys,
      audit,
      database,
      lists: new ViewLists(database, views),
      statistics: new ViewStatistics(database),
      store: () => this.#store.state(),
      pages: pagesIn(PAGES, this.#log),
      mapBackground: this.#config.map,
      roadMaps: this.#roadMaps,
      metrics: this.#metrics,
      log: this.#log.child({ part: 'gateway' }),
      outages: this.#outages,
      wallClock: () => systemClock.wallMs(),
    })
    this.#gateway = gateway
    if (this.#config.databaseUrl !== null) return
    const forget = noteRunning(this.#config.dataDir, {
      port: gateway.port,
      address: addressOf(this.#config, gateway.port),
    })
    this.#endings.add('the note of this engine in the data directory', async () => forget())
  }

  /** The engine that had the regions is about to let go of the port. Errors: PortTaken when it does not. */
  async #openGatewaySoon(open: () => Promise<void>): Promise<void> {
    for (const untilMs = systemClock.monotonicMs() + PORT_WITHIN_MS; !this.#signal.aborted; ) {
      try {
        return await open()
      } catch (error) {
        if (!(error instanceof PortTaken) || systemClock.monotonicMs() >= untilMs) throw error
        await new Promise<void>(resolve => void systemClock.after(PORT_RETRY_MS, resolve))
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    const { drainLimitMs } = this.#config
    const startedMs = systemClock.monotonicMs()
    const at = (share: number) => startedMs + drainLimitMs * share
    this.#gateway?.beginDrain(COME_BACK_AFTER_MS)
    await this.#regions?.beginDrain(drainLimitMs * DRAIN_SHARES.settled)
    this.#drainLimits = { flushUntilMs: at(DRAIN_SHARES.flushed), snapshotsUntilMs: at(DRAIN_SHARES.saved) }
    await this.#endings.run(startedMs, drainLimitMs, what =>
      this.#log.warn({ what }, 'left undone at the stop: its time was over, or the database is away'),
    )
  }

  /** Whoever uses the embedded database is known by a file in its directory. */
  #tellOthersOfTheDirectory(): void {
    const { databaseUrl, dataDir } = this.#config
    if (databaseUrl !== null) return
    for (const other of otherEngines(dataDir)) {
      this.#log.info({ dataDir, other }, 'another Goldenhour uses this data directory')
    }
  }

  async #openAccess(database: Database, audit: PostgresAudit): Promise<Access> {
    const access = await this.#store.whileAway(() =>
      openAccess({
        database,
        audit,
        policy: this.#config.auth,
        scheduler: systemClock,
        wallClock: () => systemClock.wallMs(),
        onFailure: error => this.#outages.failed('access', error),
        onSuccess: () => this.#outages.worked('access'),
        onIssuerAway: error => this.#outages.failed('issuers', error),
      }),
    )
    this.#endings.add('the watch over sign-ins', async () => access.close())
    return access
  }

  #hosts(): RegionHost[] {
    return [...(this.#regions?.hosts() ?? [])]
  }

  #figures(): MetricsSource {
    return {
      ...figuresOf(
        () => this.#hosts(),
        () => this.#views?.positions() ?? NO_POSITIONS,
      ),
      storeUp: () => this.#store.health.state().status === 'up',
      logLinesDropped: () => standardSink().dropped,
      logWaitingBytes: () => standardSink().waitingBytes,
      troubles: () => this.#outages.now(),
      clockOffsets: () => Object.entries(this.#regions?.clockOffsets() ?? {}),
    }
  }
}
