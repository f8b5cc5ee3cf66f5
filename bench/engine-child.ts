/** The engine as its users run it: a process of its own, on a Postgres of its own with default settings. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { takeCareOf } from '../src/process/caretaker.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../src/store/postgres/migrate.ts'
import { exitOf, killEngine, spawnEngine, untilReady } from '../tools/shared/engine-process.ts'
import { freePort } from '../tools/shared/free-port.ts'
import { type Samples, scrape } from '../tools/shared/prometheus.ts'
import { atEnd } from './clean-up.ts'
import { Inspector } from './inspector.ts'
import { machineMs } from './machine.ts'

const HEAP_MIB = 8_192
const READY_WITHIN_MS = 60_000

/** A temporary directory for a Postgres, gone when the bench ends. */
export async function databaseDir(): Promise<string> {
  const baseDir = await mkdtemp(path.join(tmpdir(), 'goldenhour-bench-'))
  // For a bench that is killed.
  const caretaker = takeCareOf(baseDir)
  atEnd(() => {
    caretaker.dismiss()
    return rm(baseDir, { recursive: true, force: true })
  })
  // As root, Postgres runs as another user, who must be able to pass.
  await chmod(baseDir, 0o755)
  return baseDir
}

/** Starts a Postgres in a temporary directory, both gone when the bench ends. Output: the URL of a migrated database. */
export async function startDatabase(): Promise<string> {
  const baseDir = await databaseDir()
  const starting = startEmbeddedPostgres({ baseDir, log: () => undefined })
  atEnd(async () => (await starting).stop({ evenIfUsed: true }))
  const { url } = await starting
  await migrate(url)
  return url
}

interface EngineSettings {
  /** Default: one that is free. */
  readonly port?: number
  /** Variables of its environment, by name. */
  readonly settings?: Readonly<Record<string, string>>
}

/** One running engine. It is killed when the bench ends, never drained: what it promised must stand without that. */
export class EngineChild {
  readonly port: number
  readonly inspector: Inspector
  /** From its start until it was ready. */
  readonly tookMs: number
  /** When it was, by `machineMs`. */
  readonly readyAtMs: number
  readonly #process: ChildProcess

  /**
   * Starts an engine on the database and waits until it is ready. Input: null where its settings name a directory. Errors: Error
   * when it ends or is not ready in time.
   */
  static async start(
    databaseUrl: string | null,
    how: EngineSettings & { readonly readyWithinMs?: number } = {},
  ): Promise<EngineChild> {
    return (await EngineChild.launch(databaseUrl, how)).ready(how.readyWithinMs)
  }

  /**
   * Starts an engine without waiting for it: it may have to stand by. `ready` is to be called once no other engine
   * answers on its port, resolves when this one is ready, and rejects as `start` does.
   */
  static async launch(
    databaseUrl: string | null,
    how: EngineSettings = {},
  ): Promise<{ ready(withinMs?: number): Promise<EngineChild> }> {
    const port = how.port ?? (await freePort())
    const database: Record<string, string> = databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }
    const env = { PORT: String(port), GOLDENHOUR_LOG_LEVEL: 'warn', ...database, ...how.settings }
    const startedAtMs = machineMs()
    const child = spawnEngine({ env, flags: [`--max-old-space-size=${HEAP_MIB}`, '--inspect=127.0.0.1:0'] })
    atEnd(() => killEngine(child))
    const inspectorUrl = forwardOutput(child)
    const ready = async (withinMs = READY_WITHIN_MS) => {
      await untilReady(child, `http://127.0.0.1:${port}`, withinMs)
      const readyAtMs = machineMs()
      const inspector = await Inspector.connect(await inspectorUrl)
      return new EngineChild(child, port, inspector, { startedAtMs, readyAtMs })
    }
    return { ready }
  }

  private constructor(
    child: ChildProcess,
    port: number,
    inspector: Inspector,
    { startedAtMs, readyAtMs }: { readonly startedAtMs: number; readonly readyAtMs: number },
  ) {
    this.#process = child
    this.port = port
    this.inspector = inspector
    this.tookMs = readyAtMs - startedAtMs
    this.readyAtMs = readyAtMs
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** The most memory that it has had, resident; Linux alone tells. */
  peakRssBytes(): number {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]
    return Number(kibibytes) * 1_024
  }

  metrics(): Promise<Samples> {
    return scrape(`http://127.0.0.1:${this.port}`)
  }

  /** Ends it in order; resolves when it is gone. */
  async stop(): Promise<{ readonly tookMs: number; readonly exitCode: number | null }> {
    this.inspector.close()
    const startedMs = performance.now()
    this.#process.kill('SIGTERM')
    const { code } = await exitOf(this.#process)
    return { tookMs: performance.now() - startedMs, exitCode: code }
  }

  /** Ends it as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    this.inspector.close()
    await killEngine(this.#process)
  }
}

/** Passes on what the engine has to say. Output: the inspector's address, out of what Node prints about it. */
function forwardOutput(child: ChildProcess): Promise<string> {
  createInterface(child.stdout!).on('line', line => console.error(`engine: ${line}`))
  return new Promise(resolve => {
    createInterface(child.stderr!).on('line', line => {
      const url = /^Debugger listening on (ws:\S+)$/.exec(line)?.[1]
      if (url !== undefined) resolve(url)
      else if (!/^(For help, see:|Debugger attached|Debugger ending|Waiting for the debugger)/.test(line)) {
        console.error(`engine: ${line}`)
      }
    })
  })
}
