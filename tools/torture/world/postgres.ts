/**
 * The run's Postgres: one data directory, which either this tool serves or an engine does, as its embedded one.
 *
 * It is made once, by the engine's own way of making it, so that an engine takes it for its own. From then on only
 * `pg_ctl` and signals are used: what the engine thinks of its server is not asked.
 */

import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { freePort } from '../../shared/free-port.ts'
import { happens } from '../wait.ts'

const run = promisify(execFile)

export class PostgresServer {
  readonly baseDir: string
  readonly #binDir: string
  readonly #password: string
  readonly #owner: { readonly uid: number; readonly gid: number }
  #frozen: readonly number[] = []
  #starting: Promise<void> = Promise.resolve()
  #closed = false

  private constructor(
    baseDir: string,
    binDir: string,
    password: string,
    owner: { readonly uid: number; readonly gid: number },
  ) {
    this.baseDir = baseDir
    this.#binDir = binDir
    this.#password = password
    this.#owner = owner
  }

  /** Makes the data directory below `baseDir`; no server runs afterwards. Errors: DatabaseSetupError. */
  static async create(baseDir: string): Promise<PostgresServer> {
    const server = await startEmbeddedPostgres({ baseDir, log: () => undefined })
    await server.stop()
    const [version] = (await readdir(path.join(baseDir, 'pg'))).filter(name => !name.includes('.tmp-'))
    const { uid, gid } = await stat(path.join(baseDir, 'data'))
    const password = (await readFile(path.join(baseDir, 'password'), 'utf8')).trim()
    return new PostgresServer(baseDir, path.join(baseDir, 'pg', version!, 'bin'), password, { uid, gid })
  }

  get dataDir(): string {
    return path.join(this.baseDir, 'data')
  }
  get owner(): { readonly uid: number; readonly gid: number } {
    return this.#owner
  }

  /** The port of the server that runs, by its own notes; null when none does. */
  port(): number | null {
    const port = Number(this.#notes()[3])
    return Number.isInteger(port) && port > 0 ? port : null
  }

  /** Past any proxy. Errors: Error when no server runs. */
  url(port = this.port()): string {
    if (port === null) throw new Error(`No Postgres runs in ${this.dataDir}.`)
    return `postgres://goldenhour:${this.#password}@127.0.0.1:${port}/goldenhour`
  }

  /** Whether it takes connections and answers. */
  async answers(): Promise<boolean> {
    try {
      await this.query('SELECT 1', 1_500)
      return true
    } catch {
      return false
    }
  }

  /** One statement over a connection of its own, as the superuser. Errors: those of pg. */
  async query<Row extends pg.QueryResultRow>(sql: string, limitMs = 10_000): Promise<Row[]> {
    const client = await this.connect(limitMs)
    try {
      return (await client.query<Row>(sql)).rows
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  /** A session for somebody who has to keep it. Errors: those of pg. */
  async connect(limitMs = 10_000): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url(),
      connectionTimeoutMillis: Math.min(limitMs, 5_000),
      query_timeout: limitMs,
      application_name: 'goldenhour torture',
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  /** Starts the server unless one runs. Errors: Error with what pg_ctl said. */
  start(): Promise<void> {
    this.#starting = this.#starting.catch(() => undefined).then(() => this.#start())
    return this.#starting
  }

  /** Ends the server for good: none is started after that. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#starting.catch(() => undefined)
    await this.stop('immediate')
  }

  async #start(): Promise<void> {
    if (await this.answers()) return
    const port = (await this.#lastPort()) ?? (await freePort())
    const flags = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''`
    const log = path.join(this.baseDir, 'postgres.log')
    let failure: unknown
    // What a killed postmaster left behind needs a moment to notice that it is alone.
    for (let attempt = 1; attempt <= 20; attempt++) {
      if (this.#closed) throw new Error('The run is being ended; Postgres is not started any more.')
      try {
        await this.#ctl('start', '-w', '-t', '30', '-l', log, '-o', flags)
        return
      } catch (error) {
        if (await this.answers()) return
        failure = error
        await sleep(500)
      }
    }
    throw new Error('Postgres did not start again.', { cause: failure })
  }

  /** Ends the server, whoever started it, and waits until nothing of it is left. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.thaw()
    const pids = this.pids()
    if (pids.length === 0) return
    await this.#ctl('stop', '-m', mode, '-w', '-t', '30').catch(() => undefined)
    if (await happens(() => pids.every(pid => !isAlive(pid)), 2_000)) return
    for (const pid of pids) signal(pid, 'SIGKILL')
    await happens(() => pids.every(pid => !isAlive(pid)), 5_000)
  }

  /** SIGKILL of the postmaster, as the kernel does it when memory runs out. Output: false when none ran. */
  killPostmaster(): boolean {
    const pid = this.#postmaster()
    return pid !== null && signal(pid, 'SIGKILL')
  }

  /** SIGSTOP of every process of the server: connections stand, and nothing answers. */
  freeze(): void {
    this.#frozen = this.pids()
    for (const pid of this.#frozen) signal(pid, 'SIGSTOP')
  }

  async thaw(): Promise<void> {
    for (const pid of [...new Set([...this.#frozen, ...this.pids()])]) signal(pid, 'SIGCONT')
    this.#frozen = []
  }

  /** The postmaster and its children; empty when none runs. */
  pids(): number[] {
    const postmaster = this.#postmaster()
    if (postmaster === null) return []
    return [postmaster, ...childrenOf(postmaster)]
  }

  #postmaster(): number | null {
    const pid = Number(this.#notes()[0])
    if (!Number.isInteger(pid) || pid <= 1) return null
    // The notes outlive a server that was killed, and its number may be another's by now.
    return commandOf(pid).includes(this.dataDir) ? pid : null
  }

  #notes(): string[] {
    try {
      return readFileSync(path.join(this.dataDir, 'postmaster.pid'), 'utf8').split('\n')
    } catch {
      return []
    }
  }

  async #lastPort(): Promise<number | null> {
    const port = Number(await readFile(path.join(this.baseDir, 'port'), 'utf8').catch(() => ''))
    return Number.isInteger(port) && port > 0 ? port : null
  }

  #ctl(command: string, ...args: string[]): Promise<unknown> {
    return run(path.join(this.#binDir, 'pg_ctl'), [command, '-D', this.dataDir, ...args], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      timeout: 60_000,
      ...(process.geteuid?.() === 0 ? this.#owner : {}),
    })
  }
}

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => {
      try {
        // Behind the name, which may hold anything, in parentheses: state, then the parent.
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
        return Number(fields[1]) === parent
      } catch {
        return false
      }
    })
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
