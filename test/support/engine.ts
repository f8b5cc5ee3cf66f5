/**
 * A whole engine for end-to-end tests, with a database of its own, regions, units, tokens, clients, and a reader of the
 * database that is separate from all of them.
 *
 * An engine runs in this process (`start`) or as a child (`spawn`), where it can be killed; everything is ended when
 * the test that made the site is over.
 */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { signToken } from '../../src/access/tokens.ts'
import {
  connect,
  type DispatcherClient,
  type DispatcherOptions,
  type DriverClient,
  type DriverOptions,
} from '../../src/client/index.ts'
import { type Config, readConfig } from '../../src/config/index.ts'
import type { UnitReference } from '../../src/domain/events/unit-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import type { DispatchMode } from '../../src/domain/vocabulary.ts'
import { type Engine, startEngine } from '../../src/engine.ts'
import { decodeSegment, type SegmentFix } from '../../src/store/location/segment-codec.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { spawnEngine } from '../../tools/shared/engine-process.ts'
import { plainUnit, tokenSigner, withReference } from '../../tools/shared/reference.ts'
import { testDatabase } from './postgres.ts'
import { GOLDENHOUR } from './program.ts'
import { IS_PORTABLE } from './transport.ts'
import { HANGS_MS } from './within.ts'

/** Of the user `admin` of every site. */
export const ADMIN_PASSWORD = 'only for the tests of this engine'

/** Where things happen in these tests: units stand east of here, a kilometre apart. */
export const SCENE = { lonDeg: 174.76, latDeg: -36.85 }

export interface RegionPlan {
  readonly mode: DispatchMode
  readonly units: readonly (string | (Partial<UnitReference> & { readonly unitId: string }))[]
  /** As of its policy; the default where it is left out. */
  readonly fixSpeedMaxMps?: number
}

/** What a test and its hooks have in common. */
interface Ending {
  after(run: () => Promise<void>): void
}

export interface ReadRecord {
  readonly position: number
  readonly recordedAtMs: number
  readonly principal: string
  readonly commandId: string | null
  readonly events: readonly DomainEvent[]
}

interface Parts {
  readonly url: string
  readonly engineUrl: string
  /** Whether its server is the one that all tests share. */
  readonly isOfAllTests: boolean
  readonly sign: Awaited<ReturnType<typeof tokenSigner>>
}

export class Site {
  /** Of the owner: what a test looks at and breaks. */
  readonly databaseUrl: string
  /** As engines are told it: of a role that may do no more than they must, where the site made the database. */
  readonly engineUrl: string
  readonly #sign: Awaited<ReturnType<typeof tokenSigner>>
  readonly #endings: (() => Promise<void> | void)[] = []
  readonly #isOfAllTests: boolean
  readonly #gone = new Set<pg.Client>()
  #idle: pg.Client[] = []
  #port = 0

  static async make(ending: Ending, regions: Readonly<Record<string, RegionPlan>>, databaseUrl?: string) {
    const owned = databaseUrl === undefined ? await testDatabase() : null
    const url = databaseUrl ?? owned!.url
    const sign = await tokenSigner(url)
    const site = new Site({ url, engineUrl: owned?.engineUrl ?? url, isOfAllTests: owned !== null, sign })
    if (owned !== null) site.#endings.push(() => owned.drop())
    ending.after(() => site.#end())
    for (const [region, plan] of Object.entries(regions)) await site.addRegion(region, plan)
    return site
  }

  private constructor({ url, engineUrl, isOfAllTests, sign }: Parts) {
    this.databaseUrl = url
    this.engineUrl = engineUrl
    this.#isOfAllTests = isOfAllTests
    this.#sign = sign
  }

  /** The port of the engine that started last: clients made by this site go there. */
  get port(): number {
    return this.#port
  }

  /** Lets clients of this site go to an engine that it did not start. */
  goTo(port: number): void {
    this.#port = port
  }

  config(changes: Partial<Config> = {}): Config {
    const standard = readConfig({})
    return {
      ...standard,
      transport: IS_PORTABLE ? 'portable' : standard.transport,
      port: 0,
      host: '127.0.0.1',
      databaseUrl: this.engineUrl,
      dataDir: '/nonexistent',
      logLevel: 'silent',
      // What a password costs is nothing that these tests are about, and each start of an engine may make one.
      auth: { ...standard.auth, scryptLogN: 12, adminPassword: ADMIN_PASSWORD },
      ...changes,
    }
  }

  /** An engine in this process. */
  async start(changes: Partial<Config> = {}, onFatal: (reason: string) => void = unexpectedEnd): Promise<Engine> {
    const config = this.config(changes)
    const engine = await startEngine(config, createLogger({ level: config.logLevel }), onFatal)
    this.#port = engine.port
    this.#endings.push(() => engine.stop())
    return engine
  }

  /** An engine in a process of its own; resolves when it is ready. Errors: rejects when it ends before. */
  async spawn(env: Readonly<Record<string, string>> = {}, limits: ProcessLimits = {}): Promise<EngineProcess> {
    const process = this.launch(env, limits)
    await process.ready()
    this.#port = process.port
    return process
  }

  /** As `spawn`, without waiting for it. */
  launch(env: Readonly<Record<string, string>> = {}, limits: ProcessLimits = {}): EngineProcess {
    const standard = {
      DATABASE_URL: this.engineUrl,
      GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14',
      PORT: '0',
      GOLDENHOUR_ADMIN_PASSWORD: ADMIN_PASSWORD,
    }
    const engine = new EngineProcess({ ...standard, ...env }, limits)
    this.#endings.push(() => engine.kill())
    return engine
  }

  async addRegion(region: string, { mode, units, fixSpeedMaxMps }: RegionPlan): Promise<void> {
    await withReference(this.databaseUrl, async reference => {
      await reference.addRegion({ region, name: region, timeZone: 'UTC', dispatchMode: mode })
      if (fixSpeedMaxMps === undefined) return
      const { policy } = await reference.policy(region)
      await reference.setPolicy(region, { ...policy, fixSpeedMaxMps }, null)
    })
    if (units.length > 0) await this.importUnits(region, units)
  }

  importUnits(region: string, units: RegionPlan['units']): Promise<void> {
    const all = units.map(unit => plainUnit(typeof unit === 'string' ? { unitId: unit } : unit))
    return withReference(this.databaseUrl, reference => reference.importUnits(region, all))
  }

  token(claims: Partial<Parameters<typeof signToken>[1]> = {}): Promise<string> {
    return this.#sign({
      sub: 'dispatch',
      role: 'dispatcher',
      regions: ['akl'],
      unit: null,
      ttlS: 600,
      ...claims,
    })
  }

  driver(unitId: string, options: ClientChanges = {}): DriverClient {
    const { region = 'akl', sub = `crew-${unitId}`, ...rest } = options
    const token = () => this.token({ sub, role: 'driver', regions: [region], unit: unitId })
    return this.#closedAtEnd(connect({ ...this.#clientOptions(region), token, role: 'driver', unitId, ...rest }))
  }

  dispatcher(options: ClientChanges = {}): DispatcherClient {
    const { region = 'akl', sub = 'dispatch', ...rest } = options
    const token = () => this.token({ sub, regions: [region] })
    return this.#closedAtEnd(connect({ ...this.#clientOptions(region), token, role: 'dispatcher', ...rest }))
  }

  async http(path: string, init: RequestInit & { readonly token?: string } = {}): Promise<HttpAnswer> {
    const { token, ...rest } = init
    const headers = new Headers(rest.headers)
    headers.set('authorization', `Bearer ${token ?? (await this.token())}`)
    // Kept-alive connections would outlive the engine that a test stops.
    headers.set('connection', 'close')
    const signal = AbortSignal.timeout(HANGS_MS)
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, { ...rest, headers, signal })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
  }

  /** One gauge or counter of the running engine; labels as in `{region="akl"}`. */
  async metric(name: string): Promise<number> {
    const { body } = await this.http('/metrics')
    const line = (body as string).split('\n').find(text => text.startsWith(`${name} `))
    if (line === undefined) throw new Error(`The engine shows no metric ${name}.`)
    return Number(line.slice(name.length + 1))
  }

  /** A session with the database that the engine knows nothing of. */
  async session(): Promise<pg.Client> {
    const client = await openClient(this.databaseUrl, { applicationName: 'goldenhour test' })
    await client.query('SET idle_in_transaction_session_timeout = 0')
    this.#endings.push(() => client.end())
    return client
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    if (!this.#isOfAllTests) return this.#queryOnce(sql, values)
    const client = this.#idle.pop() ?? (await this.#reader())
    const { rows } = await client.query<Row>(sql, values as unknown[])
    if (!this.#gone.has(client)) this.#idle.push(client)
    return rows
  }

  /** A server of the test's own goes when nobody uses it any more, so nobody stays. */
  async #queryOnce<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const client = await openClient(this.databaseUrl, { applicationName: 'goldenhour test' })
    try {
      return (await client.query<Row>(sql, values as unknown[])).rows
    } finally {
      await client.end()
    }
  }

  /** Kept for the next query, as what is waited for is asked for many times. */
  async #reader(): Promise<pg.Client> {
    const client = await openClient(this.databaseUrl, { applicationName: 'goldenhour test' })
    client.once('end', () => {
      this.#gone.add(client)
      this.#idle = this.#idle.filter(each => each !== client)
    })
    this.#endings.push(() => client.end())
    return client
  }

  /** The lease of an engine that was killed would only make a test longer; that it is waited for is one test's rule. */
  async forgetLease(): Promise<void> {
    await this.query('DELETE FROM log.region_lease')
  }

  records(region = 'akl'): Promise<ReadRecord[]> {
    return this.query<ReadRecord & pg.QueryResultRow>(
      `SELECT position, recorded_at_ms AS "recordedAtMs", principal, command_id AS "commandId", events
       FROM log.records WHERE region = $1 ORDER BY position`,
      [region],
    )
  }

  /** Every stored fix, in the order in which it was stored. */
  async storedFixes(region = 'akl'): Promise<SegmentFix[]> {
    const rows = await this.query<{ bytes: Buffer }>(
      'SELECT bytes FROM location.segments WHERE region = $1 ORDER BY segment_no',
      [region],
    )
    return rows.flatMap(({ bytes }) => decodeSegment(bytes))
  }

  /** Everything that a client can cause to be stored, as one comparable text. */
  async contents(): Promise<string> {
    const tables = [
      ['log.records', 'position'],
      ['log.commands', 'principal, command_id'],
      ['log.open_trip', 'unit_id'],
      ['log.call_details', 'call_id'],
      ['log.former_call_details', 'call_id, position'],
      ['log.call_notes', 'call_id, note_no'],
      ['location.segments', 'segment_no'],
    ]
    const counted = tables.map(
      ([table, order]) =>
        `SELECT '${table}' || ' ' || count(*) || ' ' || md5(coalesce(string_agg(t::text, ';' ORDER BY region, ${order}), '')) FROM ${table} t`,
    )
    const rows = await this.query<{ line: string }>(
      `SELECT * FROM (${counted.join(' UNION ALL ')}) AS all_tables (line)`,
    )
    return rows.map(({ line }) => line).join('\n')
  }

  #clientOptions(region: string): Pick<DispatcherOptions, 'url' | 'region' | 'random'> {
    // Short delays between attempts, but not none: an engine that is down must not be hammered.
    return { url: `ws://127.0.0.1:${this.#port}`, region, random: () => 0.1 }
  }

  #closedAtEnd<Client extends { close(): void }>(client: Client): Client {
    this.#endings.push(() => client.close())
    return client
  }

  async #end(): Promise<void> {
    const failures: unknown[] = []
    for (const end of this.#endings.reverse()) {
      try {
        await end()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything of the test could be ended.')
  }
}

type ClientChanges = { readonly region?: string; readonly sub?: string } & Partial<
  Pick<DriverOptions, 'format' | 'url' | 'heartbeatMs' | 'random' | 'token' | 'streamId' | 'firstSeq'>
>

export interface HttpAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is what it checks.
  readonly body: any
  readonly headers: Headers
}

interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [key: string]: unknown
}

/** What the system lets a child do. */
interface ProcessLimits {
  /** Files that it may have open at a time. */
  readonly openFiles?: number
}

/** `goldenhour serve` as a child, with what it says. */
export class EngineProcess {
  readonly logs: LogLine[] = []
  /** What it wrote to standard output for people: all that is no line of the log. */
  readonly said: string[] = []
  /** What it wrote to standard error. */
  stderr = ''
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>
  readonly #child: ChildProcess
  readonly #watchers = new Set<() => void>()
  #ended = false

  constructor(env: Readonly<Record<string, string>>, { openFiles }: ProcessLimits = {}) {
    const engine = [process.execPath, ...GOLDENHOUR]
    // The shell becomes the engine, so that its process is the one that is ended.
    const limited = ['sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`, ...engine]
    this.#child = spawnEngine({ env, command: openFiles === undefined ? engine : limited })
    createInterface({ input: this.#child.stdout! }).on('line', line => {
      if (line.startsWith('{')) this.logs.push(JSON.parse(line))
      else this.said.push(line)
      for (const watch of this.#watchers) watch()
    })
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString()
    })
    this.exited = new Promise(resolve => {
      // `close` and not `exit`: only then has everything that it wrote been read.
      this.#child.once('close', (code, signal) => {
        this.#ended = true
        for (const watch of this.#watchers) watch()
        resolve({ code, signal })
      })
    })
  }

  get port(): number {
    return this.logs.find(line => line.msg === 'ready')?.port as number
  }

  async ready(): Promise<void> {
    await this.logged('ready')
  }

  /** Resolves with the first line of this message, at once if it was written. Errors: rejects when the process ends first. */
  logged(message: string | RegExp): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.logs.find(({ msg }) => (typeof message === 'string' ? msg === message : message.test(msg)))
        if (line === undefined && !this.#ended) return
        this.#watchers.delete(look)
        if (line !== undefined) resolve(line)
        else reject(new Error(`The engine ended without saying ${message}: ${this.stderr}${JSON.stringify(this.logs)}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** As if the program that started it were gone. */
  endInput(): void {
    this.#child.stdin!.end()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends it as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }
}

/** Asks until the answer is neither null, undefined nor false. Errors: rejects after `withinMs`, naming what was awaited. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  withinMs = HANGS_MS,
): Promise<Exclude<T, null | undefined | false>> {
  const startedMs = performance.now()
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== undefined && answer !== false) {
      return answer as Exclude<T, null | undefined | false>
    }
    const waitedMs = performance.now() - startedMs
    if (waitedMs > withinMs) throw new Error(`Waited ${withinMs} ms in vain: ${what}.`)
    // More rarely with time: to ask takes from the time of what is waited for.
    await sleep(Math.min(100, 10 + waitedMs / 10))
  }
}

function unexpectedEnd(reason: string): void {
  throw new Error(`The engine gave up: ${reason}`)
}
