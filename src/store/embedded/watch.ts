/**
 * Watches the server and starts it again when it is gone: killed, out of memory, or shut down by itself because the
 * disk was full and its recovery found it full too.
 *
 * Every user of the server watches; several may try at once, and Postgres lets one server into a directory. A server
 * that lives is left alone, whether or not it answers: a recovery may take minutes. The port stays the same, because
 * every user holds a URL with it; while another program has it the server stays down, and the log says so.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Cluster } from './cluster.ts'
import { boundLogFile } from './log-file.ts'
import { lookAtHolder, moveStaleAway } from './postmaster.ts'
import { canListen, endOfLog, launch } from './server.ts'
import type { UseMark } from './users.ts'

/** How often the server is looked at. */
const LOOK_EVERY_MS = 500
/** The wait between attempts doubles from the first to the second. */
const RETRY_FIRST_MS = 200
const RETRY_MOST_MS = 5_000
/** How long a server must live before its next end counts as a new one. */
const STEADY_AFTER_MS = 10_000
/** Of one attempt; a server that needs longer lives by then and is left to it. Short, because a stop waits for it. */
const LAUNCH_WAIT_S = 3
const TELL_EVERY_MS = 60_000

/** `isTrouble`: somebody may have to do something about it. */
export type ServerLog = (message: string, isTrouble?: boolean) => void

interface WatchSettings {
  readonly cluster: Cluster
  /** Where every user expects the server. */
  readonly port: number
  readonly settings: Readonly<Record<string, string>>
  readonly mark: UseMark
  readonly log: ServerLog
}

export class ServerWatch {
  readonly #settings: WatchSettings
  #attempts = 0
  #aliveSinceMs = performance.now()
  #downSinceMs: number | null = null
  #toldAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(settings: WatchSettings) {
    this.#settings = settings
    this.#lookIn(LOOK_EVERY_MS)
  }

  /** True while no server runs, and one is being started. */
  get isRestarting(): boolean {
    return this.#downSinceMs !== null
  }

  /** Ends the watch; an attempt under way comes to its end first, a few seconds at most. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#looking
  }

  #lookIn(delayMs: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch(error => this.#tell(`the embedded Postgres could not be looked at: ${messageOf(error)}`))
        .then(() => this.#lookIn(this.#delayMs()))
    }, delayMs)
    // The watch of a program that has nothing else to do must not keep it alive.
    this.#timer.unref()
  }

  #delayMs(): number {
    if (this.#downSinceMs === null) return LOOK_EVERY_MS
    return Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.max(0, this.#attempts - 1))
  }

  async #look(): Promise<void> {
    const { cluster, mark } = this.#settings
    if (!existsSync(path.join(cluster.dataDir, 'PG_VERSION'))) {
      // Removed by its owner: there is nothing to start, nor to make anew.
      this.#downSinceMs ??= performance.now()
      return this.#tell(`the embedded Postgres has lost its data directory ${cluster.dataDir}`)
    }
    await mark.keep().catch(() => undefined)
    await boundLogFile(cluster.logFile).catch(() => undefined)
    const holder = await lookAtHolder(cluster.dataDir)
    if (holder.kind === 'server' || holder.kind === 'unknown') return this.#isAlive(holder.port)
    if (this.#downSinceMs === null) {
      this.#isGone()
      // One that ends again and again is started at a slower and slower pace.
      if (this.#attempts > 0) return
    }
    if (holder.kind === 'stale') await moveStaleAway(cluster.dataDir, holder)
    await this.#startAgain()
  }

  #isAlive(port: number | null): void {
    const { log, port: expected } = this.#settings
    const nowMs = performance.now()
    if (this.#downSinceMs !== null) {
      log(`the embedded Postgres runs again after ${Math.round(nowMs - this.#downSinceMs)} ms`)
      this.#downSinceMs = null
      this.#aliveSinceMs = nowMs
    }
    if (nowMs - this.#aliveSinceMs > STEADY_AFTER_MS) this.#attempts = 0
    if (port !== null && port !== expected) {
      this.#tell(
        `the embedded Postgres was started on port ${port} instead of ${expected} by somebody else; restart this program`,
      )
    }
  }

  #isGone(): void {
    this.#downSinceMs = performance.now()
    this.#settings.log('the embedded Postgres has ended; starting it again', true)
  }

  async #startAgain(): Promise<void> {
    const { cluster, port, settings } = this.#settings
    this.#attempts += 1
    if (!(await canListen(port))) {
      return this.#tell(
        `the embedded Postgres cannot start: another program has taken its port ${port}; end that program, or restart all that use the database`,
      )
    }
    await launch(cluster, port, settings, LAUNCH_WAIT_S).then(
      () => this.#isAlive(port),
      async () => {
        // Another user was faster, or the server is recovering: both live now.
        const { kind } = await lookAtHolder(cluster.dataDir)
        if (kind === 'server') return
        this.#tell(
          `the embedded Postgres does not start, trying again: attempt ${this.#attempts}. The end of ${cluster.logFile}: ${await endOfLog(cluster)}`,
        )
      },
    )
  }

  /** Says what goes on at the first time, and then once a minute. */
  #tell(message: string): void {
    const nowMs = performance.now()
    if (nowMs - this.#toldAtMs < TELL_EVERY_MS) return
    this.#toldAtMs = nowMs
    this.#settings.log(message, true)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
