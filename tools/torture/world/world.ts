/**
 * The processes of a run: two places for engines, of which one is wanted, Postgres, and the wires between them.
 *
 * In mode *embedded* the engine has the data directory and runs Postgres itself. In mode *served* this tool runs Postgres
 * and the engine reaches it through the proxy. It is the same directory: what one round damages the next one meets.
 */

import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../../shared/free-port.ts'
import { mustHappen } from '../wait.ts'
import { type Database, Engine } from './engine.ts'
import { type Fleet, prepareFleet, type Tokens } from './fleet.ts'
import { Forwarder } from './forwarder.ts'
import { PostgresServer } from './postgres.ts'
import { PostgresProxy } from './proxy.ts'
import { Readiness } from './readiness.ts'

export const MODES = ['embedded', 'served'] as const
export type Mode = (typeof MODES)[number]

const READY_LIMIT_MS = 120_000
const CLOSE_LIMIT_MS = 8_000

export class World {
  readonly dir: string
  readonly postgres: PostgresServer
  readonly proxy: PostgresProxy
  readonly forwarder: Forwarder
  readonly readiness: Readiness
  readonly #engines: readonly [Engine, Engine]
  #active = 0
  #mode: Mode = 'served'

  private constructor(
    dir: string,
    postgres: PostgresServer,
    engines: readonly [Engine, Engine],
    wires: { readonly proxy: PostgresProxy; readonly forwarder: Forwarder; readonly readiness: Readiness },
  ) {
    this.dir = dir
    this.postgres = postgres
    this.#engines = engines
    this.proxy = wires.proxy
    this.forwarder = wires.forwarder
    this.readiness = wires.readiness
  }

  /** Makes everything but the engines; `undo` is given each step that ends a part again, as soon as there is one. */
  static async make(
    dir: string,
    fleet: Fleet,
    undo: (step: () => Promise<unknown>) => void,
  ): Promise<{ world: World; tokens: Tokens }> {
    const postgres = await PostgresServer.create(path.join(dir, 'postgres'))
    undo(() => postgres.close())
    await postgres.start()
    const tokens = await prepareFleet(postgres.url(), fleet)
    const logs = path.join(dir, 'engines')
    await mkdir(logs)
    const engines = [new Engine('a', await freePort(), logs), new Engine('b', await freePort(), logs)] as const
    undo(() => Promise.all(engines.map(engine => engine.close(CLOSE_LIMIT_MS))))
    const readiness = new Readiness(engines)
    undo(async () => readiness.close())
    const proxy = await PostgresProxy.listen(() => postgres.port())
    undo(() => proxy.close())
    const forwarder = await Forwarder.listen(() => readiness.readyPort())
    undo(() => forwarder.close())
    return { world: new World(dir, postgres, engines, { proxy, forwarder, readiness }), tokens }
  }

  get mode(): Mode {
    return this.#mode
  }
  /** The engine that serves, or should. */
  get engine(): Engine {
    return this.#engines[this.#active]!
  }
  /** The other place, empty outside of takeovers. */
  get other(): Engine {
    return this.#engines[1 - this.#active]!
  }
  get engines(): readonly Engine[] {
    return this.#engines
  }

  /** The address that clients have. */
  get url(): string {
    return `ws://127.0.0.1:${this.forwarder.port}`
  }
  get httpUrl(): string {
    return `http://127.0.0.1:${this.forwarder.port}`
  }

  database(): Database {
    return this.#mode === 'embedded'
      ? { dataDir: this.postgres.baseDir }
      : { databaseUrl: this.postgres.url(this.proxy.port) }
  }

  /** The other engine is the one that serves from now on. */
  swap(): void {
    this.#active = 1 - this.#active
  }

  /** Whatever runs: afterwards one engine is wanted, in this mode, and ready. Errors: WaitedTooLong, Error. */
  async settle(mode: Mode): Promise<void> {
    const isSo = mode === this.#mode && this.engine.isRunning && this.readiness.isReady(this.engine.name)
    if (isSo && !this.other.isRunning && (await this.postgres.answers())) return
    await this.stopEngines()
    if (mode !== this.#mode || mode === 'served') await this.startPostgres(mode)
    this.#mode = mode
    await this.startEngine()
  }

  /** Ends all engines, in order where they can. */
  async stopEngines(): Promise<void> {
    await Promise.all(this.#engines.map(engine => engine.stop()))
  }

  async startEngine(): Promise<void> {
    this.engine.want(this.database())
    const { startedAtMs } = this.engine
    await mustHappen(
      `Readiness of an engine that was started in mode ${this.#mode}`,
      () => this.readiness.wasReadySince(startedAtMs, this.engine.name),
      READY_LIMIT_MS,
    )
  }

  /** A server of ours in mode served, and none in mode embedded, where the engine starts it. */
  private async startPostgres(mode: Mode): Promise<void> {
    if (mode === 'embedded') return this.postgres.stop()
    await this.postgres.start()
  }
}
