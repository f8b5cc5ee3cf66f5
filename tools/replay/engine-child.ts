/** The engine as a process of its own: started, killed without warning, started again on the same port. */
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { killEngine, spawnEngine, stopEngine, untilReady } from '../shared/engine-process.ts'

interface EngineOptions {
  readonly databaseUrl: string
  readonly clockRate: number
  readonly port: number
  /** What the engine says goes to the end of this file. */
  readonly logFile: string
  /** Hears of each process that is started. */
  readonly onSpawn: (pid: number) => void
}

const READY_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 20_000

export class EngineChild {
  readonly #options: EngineOptions
  #child: ChildProcess | null = null

  constructor(options: EngineOptions) {
    this.#options = options
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.#options.port}`
  }
  get url(): string {
    return `ws://127.0.0.1:${this.#options.port}`
  }

  /** Starts the engine and waits until it is ready. Errors: Error with the end of its log when it is not. */
  async start(): Promise<void> {
    const { databaseUrl, clockRate, port, logFile, onSpawn } = this.#options
    const out = openSync(logFile, 'a')
    const env = {
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      GOLDENHOUR_CLOCK_RATE: String(clockRate),
      GOLDENHOUR_LOG_LEVEL: 'info',
    }
    const child = spawnEngine({ env, out, isDetached: true })
    closeSync(out)
    if (child.pid !== undefined) onSpawn(child.pid)
    this.#child = child
    try {
      await untilReady(child, this.httpUrl, READY_LIMIT_MS)
    } catch (cause) {
      throw new Error(`${(cause as Error).message} Its log ends with:\n${this.#logTail()}`, { cause })
    }
  }

  /** SIGKILL: nothing of the process survives, and it can do nothing about it. */
  async kill(): Promise<void> {
    if (this.#child !== null) await killEngine(this.#child)
    this.#child = null
  }

  /** SIGTERM, and SIGKILL when that does not help. Output: the exit code, null when it had to be killed. */
  async stop(): Promise<number | null> {
    const child = this.#child
    this.#child = null
    return child === null ? 0 : stopEngine(child, STOP_LIMIT_MS)
  }

  #logTail(): string {
    return readFileSync(this.#options.logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n')
  }
}
