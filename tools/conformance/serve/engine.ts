/** An engine for one run: a process of its own, with a directory, and as a rule a Postgres, that go with it. */
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { exitOf, spawnEngine } from '../../shared/engine-process.ts'

/** The first start of an embedded Postgres takes some seconds. */
const READY_WITHIN_MS = 120_000
const STOPPED_WITHIN_MS = 30_000

export class Engine {
  readonly port: number
  readonly adminPassword: string
  readonly #child: ChildProcess
  readonly #dir: string

  private constructor(child: ChildProcess, dir: string, port: number, adminPassword: string) {
    this.#child = child
    this.#dir = dir
    this.port = port
    this.adminPassword = adminPassword
  }

  /** Input: an empty database, or null for an embedded one. Errors: rejects with what the engine said when it is not ready. */
  static async start(databaseUrl: string | null): Promise<Engine> {
    const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-conformance-'))
    // Where this runs as root, Postgres has a user of its own, who has to come through.
    await chmod(dir, 0o711)
    const adminPassword = randomUUID()
    const child = spawnEngine({
      env: {
        ...{
          PORT: '0',
          GOLDENHOUR_LOG_LEVEL: 'info',
          GOLDENHOUR_LOG_FORMAT: 'json',
          GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14',
        },
        ...{ GOLDENHOUR_ADMIN_PASSWORD: adminPassword, GOLDENHOUR_DATA_DIR: path.join(dir, 'data') },
        ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
      },
    })
    try {
      return new Engine(child, dir, await portOf(child), adminPassword)
    } catch (error) {
      child.kill('SIGKILL')
      await rm(dir, { recursive: true, force: true })
      throw error
    }
  }

  async stop(): Promise<void> {
    const gone = exitOf(this.#child)
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), STOPPED_WITHIN_MS)
    this.#child.stdin!.end()
    await gone
    clearTimeout(limit)
    await rm(this.#dir, { recursive: true, force: true })
  }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (why: string) => reject(new Error(`The engine ${why}: ${said.slice(-2_000)}`))
    const limit = setTimeout(() => fail('was not ready in time'), READY_WITHIN_MS)
    child.once('error', error => fail(`cannot be started (${error.message})`))
    child.once('exit', code => fail(`ended with ${code}`))
    child.stderr!.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    createInterface({ input: child.stdout! }).on('line', line => {
      said = `${said}${line}\n`.slice(-20_000)
      if (!line.startsWith('{')) return
      const { msg, port } = JSON.parse(line) as { readonly msg: string; readonly port?: number }
      if (msg !== 'ready' || port === undefined) return
      clearTimeout(limit)
      resolve(port)
    })
  })
}
