/**
 * One engine as a process of its own, under a supervisor: while it is wanted, one that exits is started again at once.
 *
 * Each process has a log of its own; those of processes that ended long ago are deleted, so that a long run does not
 * fill the disk with them.
 */
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import path from 'node:path'
import { exitOf, spawnEngine } from '../../shared/engine-process.ts'

const CLOCK_SHIFT = new URL('./clock-shift.mjs', import.meta.url).href
/** As a supervisor does it: not at once, but soon. */
const RESTART_AFTER_MS = 300
const STOP_LIMIT_MS = 30_000
const LOGS_KEPT = 30

/** Where the engine's database is: its own embedded one, or one that is named to it. */
export type Database = { readonly dataDir: string } | { readonly databaseUrl: string }

export interface EngineExit {
  readonly atMs: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** By us, or of its own accord. */
  readonly asked: boolean
}

export class Engine {
  readonly name: string
  readonly port: number
  /** Milliseconds to shift its clock by are written here. */
  readonly clockFile: string
  readonly exits: EngineExit[] = []
  readonly #dir: string
  readonly #logs: string[] = []
  #child: ChildProcess | null = null
  #exited: Promise<void> = Promise.resolve()
  #database: Database | null = null
  #restart: NodeJS.Timeout | null = null
  #asked = false
  #startedAtMs = 0
  #starts = 0
  #closed = false

  constructor(name: string, port: number, dir: string) {
    this.name = name
    this.port = port
    this.#dir = dir
    this.clockFile = path.join(dir, `clock-${name}`)
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }
  get isRunning(): boolean {
    return this.#child !== null
  }
  get isWanted(): boolean {
    return this.#database !== null
  }
  /** When the process of now was started, monotonic. */
  get startedAtMs(): number {
    return this.#startedAtMs
  }
  get logFile(): string | null {
    return this.#logs.at(-1) ?? null
  }

  /** Starts the engine, and again whenever it exits, until `stop` or `dismiss`. */
  want(database: Database): void {
    this.#database = database
    if (this.#child === null && this.#restart === null) this.#spawn()
  }

  /** An exit from now on is not followed by a start. */
  dismiss(): void {
    this.#database = null
    if (this.#restart !== null) clearTimeout(this.#restart)
    this.#restart = null
  }

  /** To the process of now; nothing without one. */
  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.#asked = true
    if (this.#child?.pid !== undefined) this.#child.kill(signal)
  }

  /** SIGKILL, and waits until the process is gone; its supervisor goes on. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.#exited
  }

  /** SIGTERM for good; SIGKILL when that did not end it within the limit. Output: whether it ended by itself. */
  async stop(limitMs = STOP_LIMIT_MS): Promise<boolean> {
    this.dismiss()
    if (this.#child === null) return true
    this.signal('SIGTERM')
    // One that was stopped could not hear it.
    this.signal('SIGCONT')
    let killed = false
    const limit = setTimeout(() => {
      killed = true
      this.signal('SIGKILL')
    }, limitMs)
    await this.#exited
    clearTimeout(limit)
    return !killed
  }

  /** Stops it, and starts no other, whoever may still want one. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true
    await this.stop(limitMs)
  }

  /** Resolves when the process of now has ended. */
  exited(): Promise<void> {
    return this.#exited
  }

  #spawn(): void {
    this.#restart = null
    const database = this.#database
    if (database === null || this.#closed) return
    this.#starts += 1
    const logFile = path.join(this.#dir, `engine-${this.name}-${this.#starts}.log`)
    const out = openSync(logFile, 'a')
    this.#keepLog(logFile)
    const env = {
      PORT: String(this.port),
      GOLDENHOUR_LOG_LEVEL: 'info',
      GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14',
      GOLDENHOUR_TEST_CLOCK_FILE: this.clockFile,
      ...('dataDir' in database
        ? { GOLDENHOUR_DATA_DIR: database.dataDir }
        : { DATABASE_URL: database.databaseUrl, GOLDENHOUR_DATA_DIR: path.join(this.#dir, 'unused') }),
    }
    this.#asked = false
    this.#startedAtMs = performance.now()
    // As a service has it: nobody holds its input.
    const child = spawnEngine({ env, out, flags: ['--import', CLOCK_SHIFT], isDetached: true, outlivesUs: true })
    closeSync(out)
    this.#child = child
    this.#exited = exitOf(child).then(({ code, signal }) => {
      if (this.#child !== child) return
      this.#child = null
      this.exits.push({ atMs: performance.now(), code, signal, asked: this.#asked })
      if (this.#database !== null) this.#restart = setTimeout(() => this.#spawn(), RESTART_AFTER_MS)
    })
  }

  #keepLog(file: string): void {
    this.#logs.push(file)
    if (this.#logs.length > LOGS_KEPT) rmSync(this.#logs.shift()!, { force: true })
  }
}
