/**
 * A real Postgres in a directory of ours, for services that do not bring one.
 *
 * `<baseDir>/` holds `pg/<version>` (the programs), `data` (the database), `password` and `engine-password` (0600), `port`,
 * `postgres.log` and `users` (a mark for each user). There is no lock file that a killed process could leave behind: each step is made
 * under a temporary name and then renamed, Postgres itself lets only one server into a data directory, and a mark counts
 * while its process lives. So any number of processes may start at once; one of them starts the server, the others use
 * it. All of them watch it and start it again when it is gone, and the last that stops in order ends it, whoever started
 * it; a server that killed processes left is used, and ended, like any other.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseSetupError } from '../postgres/database.ts'
import { isStoreAway } from '../postgres/postgres-faults.ts'
import { type BinariesPackage, type Cluster, engineUrlOf, prepareCluster, urlOf } from './cluster.ts'
import { letEngineIn } from './engine-login.ts'
import { lookAtHolder, moveStaleAway, pidFileOf } from './postmaster.ts'
import {
  ask,
  askWhere,
  canListen,
  choosePort,
  endOfLog,
  isConnectedTo,
  keepPort,
  keptPort,
  launch,
  requestStop,
  type ServerAnswer,
} from './server.ts'
import { settingsFor } from './settings.ts'
import { UseMark } from './users.ts'
import { type ServerLog, ServerWatch } from './watch.ts'

interface EmbeddedPostgresOptions {
  /** Absolute; made if missing. As root, every parent must be open to the user that Postgres runs as. */
  readonly baseDir: string
  readonly log: ServerLog
  /** Server settings by name, as in `postgresql.conf`; they go before those that fit the machine. */
  readonly settings?: Readonly<Record<string, string>>
  /** A copy of the platform's package elsewhere; by default the one that npm installed. */
  readonly binaries?: BinariesPackage
  /** Ends the wait for a server that is starting. */
  readonly signal?: AbortSignal
}

export interface EmbeddedPostgres {
  /** Of the role that owns the schema, a superuser. Stays true over every restart of the server. */
  readonly url: string
  /** Of the role that an engine runs as, `ENGINE_ROLE`: it has what it was granted. */
  readonly engineUrl: string
  /** False when a server that was already running is used. */
  readonly startedByUs: boolean
  /** True while no server runs and one is being started. */
  readonly isRestarting: boolean
  /** Leaves the server, and ends it if nobody else uses it or is connected to it. */
  stop(options?: StopOptions): Promise<void>
}

interface StopOptions {
  /** Ends it also under others, who will miss it: its directory goes too. */
  readonly evenIfUsed?: boolean
  /** How long its end is waited for; a minute unless told. A server that was told to end does so also without us. */
  readonly waitMs?: number
}

/** A server that says that it is starting or stopping may go on for ever; one that says nothing is waited for so long. */
const SILENCE_LIMIT_MS = 120_000
const TELL_EVERY_MS = 10_000
/** How often a server may be gone again before it answers. */
const START_TRIES = 20
/** For the checkpoint of its end. */
const STOP_WAIT_MS = 60_000

/**
 * Starts the server in `baseDir`, or joins the one that answers there; from then on it is watched.
 * Errors: DatabaseSetupError, with what the operator can do; AbortError.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { baseDir, log } = options
  const cluster = await prepareCluster(baseDir, message => log(message, true), options.binaries)
  const settings = { ...(await settingsFor(cluster.dataDir)), ...options.settings }
  // Before the first look at the server: whoever is about to end it must see us, or we them.
  const mark = await UseMark.make(baseDir)
  try {
    const { port, startedByUs } = await obtain(cluster, mark, settings, options)
    log(
      `${startedByUs ? 'started' : 'joined'} the embedded Postgres in ${cluster.dataDir}, 127.0.0.1:${port}; its log is ${cluster.logFile}`,
    )
    return new Use(cluster, mark, log, startedByUs, new ServerWatch({ cluster, port, settings, mark, log }), port)
  } catch (error) {
    await mark.leave(() => Promise.resolve())
    throw error
  }
}

class Use implements EmbeddedPostgres {
  readonly url: string
  readonly engineUrl: string
  readonly startedByUs: boolean
  readonly #cluster: Cluster
  readonly #mark: UseMark
  readonly #log: ServerLog
  readonly #watch: ServerWatch
  readonly #port: number
  #leaving: Promise<void> | null = null

  constructor(cluster: Cluster, mark: UseMark, log: ServerLog, startedByUs: boolean, watch: ServerWatch, port: number) {
    this.url = urlOf(cluster, port, DATABASE)
    this.engineUrl = engineUrlOf(cluster, port, DATABASE)
    this.startedByUs = startedByUs
    this.#cluster = cluster
    this.#mark = mark
    this.#log = log
    this.#watch = watch
    this.#port = port
  }

  get isRestarting(): boolean {
    return this.#watch.isRestarting
  }

  stop({ evenIfUsed = false, waitMs = STOP_WAIT_MS }: StopOptions = {}): Promise<void> {
    this.#leaving ??= this.#leave(evenIfUsed, waitMs)
    return this.#leaving
  }

  async #leave(evenIfUsed: boolean, waitMs: number): Promise<void> {
    await this.#watch.stop()
    await this.#mark.leave(async hasOthers => {
      if (hasOthers && !evenIfUsed) return
      const { kind } = await lookAtHolder(this.#cluster.dataDir)
      if (kind !== 'server' && kind !== 'unknown') return
      // A server that does not answer has nobody who is connected and could lose by its end.
      if (!evenIfUsed && (await isConnectedTo(this.#cluster, this.#port).catch(() => false))) {
        return this.#log('left the embedded Postgres running: a program that did not start here is connected to it')
      }
      const hasEnded = await requestStop(this.#cluster, waitMs)
      this.#log(
        hasEnded ? 'stopped the embedded Postgres' : 'the embedded Postgres is still writing; it ends by itself',
      )
    })
  }
}

const DATABASE = 'goldenhour'

interface Obtained {
  readonly port: number
  readonly startedByUs: boolean
}

/** Until a server of the directory answers: ours, that of another who starts at the same time, or one that recovers. */
async function obtain(
  cluster: Cluster,
  mark: UseMark,
  settings: Readonly<Record<string, string>>,
  { log, signal }: EmbeddedPostgresOptions,
): Promise<Obtained> {
  let startedByUs = false
  let startsLeft = START_TRIES
  let heardAtMs = performance.now()
  let toldAtMs = performance.now()
  for (;;) {
    signal?.throwIfAborted()
    const holder = await lookAtHolder(cluster.dataDir)
    if (holder.kind === 'stale') {
      log(`${pidFileOf(cluster.dataDir)} names process ${holder.pid}, which is no server of this directory; moved away`)
      await moveStaleAway(cluster.dataDir, holder)
    }
    if (holder.kind === 'none' || holder.kind === 'stale') {
      if (startsLeft === 0) throw await startFailed(cluster)
      startsLeft -= 1
      startedByUs = await startServer(cluster, mark, settings)
      heardAtMs = performance.now()
      continue
    }
    const answer = await askWhere(cluster, holder)
    if (answer.kind === 'here' && (await hasDatabase(cluster, answer))) return { port: answer.port, startedByUs }
    const nowMs = performance.now()
    if (answer.kind !== 'silent') heardAtMs = nowMs
    if (nowMs - heardAtMs > SILENCE_LIMIT_MS) {
      throw new DatabaseSetupError(
        'start-failed',
        `The Postgres in ${cluster.dataDir}, process ${holder.pid}, does not answer. If that process is no Postgres, remove ${pidFileOf(cluster.dataDir)}. The end of ${cluster.logFile}: ${await endOfLog(cluster)}`,
      )
    }
    if (nowMs - toldAtMs > TELL_EVERY_MS) {
      toldAtMs = nowMs
      log(`waiting for the Postgres in ${cluster.dataDir}, process ${holder.pid}, to be ready`)
    }
    await sleep(100)
  }
}

/**
 * Starts the server, and notes its port. Output: false when another process was faster, or when it is still recovering.
 * Errors: DatabaseSetupError `start-failed`.
 */
async function startServer(
  cluster: Cluster,
  mark: UseMark,
  settings: Readonly<Record<string, string>>,
): Promise<boolean> {
  let lastError: unknown
  for (let attempt = 1; attempt <= 5; attempt++) {
    // Others who live hold URLs with the old port: for them it is that port or none.
    const kept = (await mark.hasOthers()) ? await keptPort(cluster.portFile) : null
    const port = kept ?? (await choosePort(cluster))
    try {
      await launch(cluster, port, settings, SILENCE_LIMIT_MS / 1_000)
      await keepPort(cluster.portFile, port)
      return true
    } catch (error) {
      lastError = error
      const { kind } = await lookAtHolder(cluster.dataDir)
      if (kind === 'server') return false
      const isPortFree = await canListen(port)
      // Somebody took the port between our look and the start; or backends of a killed server have not yet ended.
      if (isPortFree && !/pre-existing shared memory/.test(await endOfLog(cluster))) break
      await sleep(200 * attempt)
    }
  }
  throw await startFailed(cluster, lastError)
}

async function startFailed(cluster: Cluster, cause?: unknown): Promise<DatabaseSetupError> {
  const message = `The embedded Postgres did not start. The end of ${cluster.logFile}: ${await endOfLog(cluster)}`
  return new DatabaseSetupError('start-failed', message, { cause })
}

/** Makes our database and the engine's role if they are missing. Output: false when the server went away meanwhile. Errors: those of pg. */
async function hasDatabase(cluster: Cluster, { port }: Extract<ServerAnswer, { kind: 'here' }>): Promise<boolean> {
  try {
    const existing = await ask(cluster, port, `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`)
    if (existing.length === 0) await ask(cluster, port, `CREATE DATABASE ${DATABASE}`)
    await letEngineIn(cluster, port, DATABASE)
    return true
  } catch (error) {
    if (isStoreAway(error)) return false
    // A process that started with us made it between our question and now. Looked at again: there may be more to make.
    const { code } = error as { code?: unknown }
    if (code === '42P04' || code === '42710' || code === '23505') return false
    throw error
  }
}
