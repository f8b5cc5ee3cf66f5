/** The engine as a process of its own: started, killed without warning, started again on the same port. */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

interface EngineOptions {
  readonly databaseUrl: string
  readonly clockRate: number
  readonly port: number
  /** What the engine says goes to the end of this file. */
  readonly logFile: string
  /** Hears of each process that is started. */
  readonly onSpawn: (pid: number) => void
}

/** The engine's program, beside the sources. */
const PROGRAM = fileURLToPath(new URL('../../bin/goldenhour.js', import.meta.url))
const READY_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 20_000

export class EngineChild {
  readonly #options: EngineOptions
  #child: ChildProcess | null = null
  #exited: Promise<void> = Promise.resolve()

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
    // Only what is meant for it: a variable of the shell must not make two runs differ.
    const env = {
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      GOLDENHOUR_HOST: '127.0.0.1',
      GOLDENHOUR_CLOCK_RATE: String(clockRate),
      GOLDENHOUR_LOG_LEVEL: 'info',
      // Nobody signs in with it; one that is made up would be printed.
      GOLDENHOUR_ADMIN_PASSWORD: randomUUID(),
    }
    // A group of its own: Ctrl-C reaches this program alone, which then ends the engine in order. Should this program be
    // killed, the pipe ends with it, and the engine stops by itself.
    const child = spawn(process.execPath, [PROGRAM, 'serve', '--until-stdin-ends'], {
      env,
      stdio: ['pipe', out, out],
      detached: true,
    })
    closeSync(out)
    child.stdin!.on('error', () => undefined)
    if (child.pid !== undefined) onSpawn(child.pid)
    this.#child = child
    this.#exited = new Promise(resolve => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    const giveUpAtMs = performance.now() + READY_LIMIT_MS
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > giveUpAtMs) {
        throw new Error(`The engine did not become ready. Its log ends with:\n${this.#logTail()}`)
      }
      await sleep(50)
    }
  }

  /** SIGKILL: nothing of the process survives, and it can do nothing about it. */
  async kill(): Promise<void> {
    if (this.#child?.pid !== undefined) process.kill(this.#child.pid, 'SIGKILL')
    await this.#exited
    this.#child = null
  }

  /** SIGTERM, and SIGKILL when that does not help. Output: the exit code, null when it had to be killed. */
  async stop(): Promise<number | null> {
    const child = this.#child
    if (child === null) return 0
    this.#child = null
    child.kill('SIGTERM')
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    await this.#exited
    clearTimeout(limit)
    return child.exitCode
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.httpUrl}/readyz`, { signal: AbortSignal.timeout(1_000) })
      return response.ok
    } catch {
      return false
    }
  }

  #logTail(): string {
    return readFileSync(this.#options.logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n')
  }
}
