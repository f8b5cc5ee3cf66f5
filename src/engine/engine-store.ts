/** The database of an engine that starts: provided or given, watched, migrated and opened; a start waits while it is away. */
import { systemClock } from '../base/time.ts'
import type { Config } from '../config/index.ts'
import { DRAIN_SHARES, type Endings } from '../process/endings.ts'
import { type DatabaseServer, provideDatabase } from '../store/embedded/database-server.ts'
import { type Database, openDatabase } from '../store/postgres/database.ts'
import { mayChangeHistory } from '../store/postgres/engine-role.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { isAwayForNow, isBusyServer, retryWhileAway } from '../store/postgres/retry-while-away.ts'
import { StoreHealth } from '../store/postgres/store-health.ts'
import type { Logger } from '../telemetry/log.ts'

interface EngineStorePorts {
  readonly config: Config
  readonly log: Logger
  /** Hears of everything that `open` has begun. */
  readonly endings: Endings
  /** Ends a start that waits. */
  readonly signal: AbortSignal
}

export class EngineStore {
  readonly #ports: EngineStorePorts
  #server: DatabaseServer | null = null
  #health: StoreHealth | null = null
  /** The database has answered once, so it is there. */
  #isThere = false

  constructor(ports: EngineStorePorts) {
    this.#ports = ports
  }

  /** Empty until there is a database. */
  get url(): string {
    return this.#server?.url ?? ''
  }

  /** Once it is opened. */
  get health(): StoreHealth {
    return this.#health!
  }

  /** Once it is opened. */
  state() {
    return { ...this.health.state(), isRestarting: this.#server!.isRestarting }
  }

  /** Errors: DatabaseSetupError, StoreUnavailable; those of `whileAway`. */
  async open(): Promise<Database> {
    const { config, log: engineLog, endings, signal } = this.#ports
    const log = engineLog.child({ part: 'postgres' })
    const say = (message: string, isTrouble = false) => (isTrouble ? log.warn(message) : log.info(message))
    const server = await provideDatabase(config, say, signal)
    this.#server = server
    endings.add('the embedded Postgres', () => server.stop(), DRAIN_SHARES.serverStopped)
    const health = new StoreHealth({
      url: server.url,
      scheduler: systemClock,
      onChange: (state, reason) =>
        state.status === 'up'
          ? engineLog.info({ reason }, 'the database answers again')
          : engineLog.warn({ reason }, 'the database is away'),
    })
    this.#health = health
    endings.add('the watch over the database', () => health.stop())
    health.start()
    const { url, grantTo } = server.migrateAt
    await this.whileAway(() => migrate(url, { grantTo })).catch(error => {
      throw server.explained(error)
    })
    this.#isThere = true
    const database = openDatabase(server.url)
    endings.add('the connections to the database', () => database.destroy())
    if (await this.whileAway(() => mayChangeHistory(database))) {
      engineLog.warn(
        'the role of this engine may change the log and the audit; give it one of its own (OPERATIONS.md, "Two roles")',
      )
    }
    return database
  }

  /**
   * A step of the start, done again while the database is away. At the first contact with a database of the operator's
   * only a server that answers is waited for: a wrong address is told at once.
   */
  whileAway<Result>(step: () => Promise<Result>): Promise<Result> {
    const isKnown = this.#isThere || this.#server!.isEmbedded
    return retryWhileAway(step, {
      signal: this.#ports.signal,
      onRetry: error => this.#ports.log.warn({ err: error }, 'the database went away during the start; trying again'),
      passes: isKnown ? isAwayForNow : isBusyServer,
    })
  }
}
