/** A gateway whose doors are under test: any limits and policy, tokens that name their bearer, and raw sockets to it. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { type ClientOptions, WebSocket } from 'ws'
import type { Role } from '../../src/domain/roles.ts'
import type { DoorPolicy } from '../../src/gateway/door-policy.ts'
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway/gateway.ts'
import type { TlsFiles } from '../../src/gateway/tls.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/protocol/limits.ts'
import type { AuditEntry } from '../../src/store/audit/audit.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'
import { testTransport } from '../support/transport.ts'
import { Client, FakeRegion, PATIENT_LIMITS, READY, REGION } from './harness.ts'

export interface DoorOptions extends Partial<Omit<DoorPolicy, 'limits'>> {
  readonly limits?: Partial<Limits>
  readonly tls?: TlsFiles
  readonly port?: number
}

/**
 * The clock that limits go by stands from here on, until the end of the test or `goOn`: what was taken from a rate does
 * not come back meanwhile, however slow the machine is.
 */
export function holdTime(test: TestContext): { goOn(): void } {
  const nowMs = performance.now()
  const held = test.mock.method(performance, 'now', () => nowMs)
  return { goOn: () => held.mock.restore() }
}

/** The rates with some of them changed. */
export const ratesWith = (changed: Partial<Limits['rates']>): Limits['rates'] => ({
  ...DEFAULT_LIMITS.rates,
  ...changed,
})

interface DoorParts {
  readonly region: FakeRegion
  readonly metrics: Metrics
  readonly notes: readonly AuditEntry[]
  readonly lines: readonly string[]
  readonly isTls: boolean
}

export class Door {
  readonly gateway: Gateway
  readonly region: FakeRegion
  readonly metrics: Metrics
  /** What the log was told. */
  readonly lines: readonly string[]
  /** What the audit was told. */
  readonly notes: readonly AuditEntry[]
  readonly #test: TestContext
  readonly #isTls: boolean

  private constructor(test: TestContext, gateway: Gateway, { region, metrics, notes, lines, isTls }: DoorParts) {
    this.#test = test
    this.gateway = gateway
    this.region = region
    this.metrics = metrics
    this.notes = notes
    this.lines = lines
    this.#isTls = isTls
  }

  static async start(test: TestContext, options: DoorOptions = {}): Promise<Door> {
    const notes: AuditEntry[] = []
    const lines: string[] = []
    const log = createLogger({ level: 'warn', sink: { write: line => void lines.push(line) } })
    const region = new FakeRegion(REGION)
    const metrics = new Metrics()
    const tested: Omit<GatewayOptions, Unused> = {
      host: '127.0.0.1',
      port: options.port ?? 0,
      tls: options.tls ?? null,
      transport: testTransport(),
      directory: { region: id => (id === REGION ? region : null), ready: () => true, damagedRows: () => 0 },
      readiness: () => READY,
      authenticator: { verify: token => Promise.resolve(verified(token)), ticket: () => 'ght_test' },
      revocations: { isRevoked: () => false, refresh: async () => {}, onChange: () => {} },
      audit: { note: entry => void notes.push(entry), append: () => Promise.resolve() },
      door: {
        limits: { ...PATIENT_LIMITS, ...options.limits },
        allowedOrigins: options.allowedOrigins ?? [],
        trustedProxies: options.trustedProxies ?? [],
        metricsFrom: options.metricsFrom ?? [],
        ownNames: options.ownNames ?? [],
        sessionMaxAgeMs: 3_600_000,
      },
      metrics,
      store: () => ({ status: 'up', isRestarting: false }),
      pages: null,
      mapBackground: null,
      roadMaps: { of: () => null, tile: () => Promise.resolve(null) },
      log,
      outages: new OutageLog(createLogger({ level: 'silent' }), () => performance.now()),
      wallClock: Date.now,
    }
    const gateway = await startGateway({ ...tested, ...UNUSED })
    test.after(() => gateway.close())
    return new Door(test, gateway, { region, metrics, notes, lines, isTls: options.tls !== undefined })
  }

  url(path: string): string {
    return `${this.#isTls ? 'https' : 'http'}://127.0.0.1:${this.gateway.port}${path}`
  }

  /** Input: an address of this machine that the connection is to come from. */
  raw(localAddress?: string): RawSocket {
    const raw = new RawSocket(this.gateway.port, this.#isTls, localAddress)
    this.#test.after(() => raw.socket.destroy())
    return raw
  }

  /** What a raw request is answered with, until the connection ends or all that there is to come has come. */
  async ask(request: string | Buffer): Promise<{ text: string; status: number; hasEnded: boolean }> {
    const raw = this.raw()
    let hasEnded = false
    const closed = raw.closed.then(() => {
      hasEnded = true
    })
    const written = new Promise<void>(resolve => raw.socket.write(request, () => resolve()))
    // What asks for the end of its connection gets it; of all else only turns of the loop tell that nothing more comes.
    const asksForEnd = /\r\nconnection: close\r\n/i.test(request.toString('latin1'))
    await Promise.race([closed, ...(asksForEnd ? [] : [written.then(() => this.settled(raw))])])
    raw.socket.destroy()
    const text = raw.received.toString('latin1')
    return { text, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), hasEnded }
  }

  /**
   * Resolves once the gateway has read and answered what lies in its end of a connection: it has answered others, one
   * after another, that came later, and nothing more has come here meanwhile. Each of them takes several turns of the loop
   * that both have in common, so this counts turns and no time.
   */
  async settled(raw: RawSocket): Promise<void> {
    for (let quiet = 0; quiet < SETTLED_AFTER && !raw.socket.destroyed; ) {
      const before = raw.received.length
      await this.#echo()
      quiet = raw.received.length === before ? quiet + 1 : 0
    }
  }

  /** A question that the gateway answers at once, from an address whose rates and caps no test looks at. */
  async #echo(): Promise<void> {
    const raw = this.raw('127.0.0.99')
    raw.socket.write('GET /healthz HTTP/1.1\r\nHost: echo\r\nConnection: close\r\n\r\n')
    await raw.closed
  }

  /** An HTTP request with headers that `fetch` would not send, answered once. */
  async request(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
    const lines = Object.entries({ Host: `127.0.0.1:${this.gateway.port}`, ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const raw = this.raw()
    raw.socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    const answer = await raw.answer(method !== 'HEAD')
    raw.socket.destroy()
    return answer
  }

  async connect(options: ClientOptions = {}, format: 'binary' | 'json' = 'json'): Promise<Client> {
    const socket = this.#socket(options, format)
    const client = new Client(socket, format)
    await once(socket, 'open')
    return client
  }

  /** The status and problem code with which an upgrade is refused. */
  async refusedUpgrade(options: ClientOptions = {}): Promise<{ status: number; code: string; details: unknown }> {
    const socket = this.#socket(options, 'json')
    socket.on('error', () => {})
    const [, response] = await once(socket, 'unexpected-response')
    let body = ''
    for await (const chunk of response) body += chunk
    const { code, details } = JSON.parse(body)
    return { status: response.statusCode, code, details }
  }

  async signIn(who = 'person-1', role: Role = 'dispatcher', options: ClientOptions = {}): Promise<Client> {
    const client = await this.connect(options)
    client.send(['hello', 'h1', `${who}/${role}`, REGION, role, role === 'driver' ? 'A1' : null, 1_000, []])
    const answer = await client.next()
    if (answer[0] !== 'reply') throw new Error(`hello was answered with ${JSON.stringify(answer)}`)
    return client
  }

  /** The value of one sample of the exposition, 0 when it is not there. */
  async sample(nameAndLabels: string): Promise<number> {
    const line = (await this.metrics.text()).split('\n').find(each => each.startsWith(`${nameAndLabels} `))
    return line === undefined ? 0 : Number(line.slice(nameAndLabels.length + 1))
  }

  refusals(limit: string): Promise<number> {
    return this.sample(`goldenhour_limit_refusals_total{limit="${limit}"}`)
  }

  #socket(options: ClientOptions, format: 'binary' | 'json'): WebSocket {
    const url = `${this.#isTls ? 'wss' : 'ws'}://127.0.0.1:${this.gateway.port}/v1/ws`
    const subprotocol = format === 'binary' ? 'goldenhour.v1' : 'goldenhour.v1.json'
    const socket = new WebSocket(url, [subprotocol], { rejectUnauthorized: false, ...options })
    this.#test.after(() => socket.terminate())
    return socket
  }
}

/** Answers to others behind which nothing more is to come: one that our region gives takes a few turns of the loop. */
const SETTLED_AFTER = 5

type Unused = 'signIn' | 'database' | 'keys' | 'lists' | 'statistics'
const unused = new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`${String(name)} is not here`)) })
/** Routes that use these are not under test here. */
const UNUSED = { signIn: unused, database: unused, keys: unused, lists: unused, statistics: unused } as Pick<
  GatewayOptions,
  Unused
>

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export class RawSocket {
  readonly socket: Socket
  /** Of TCP, where the other is of TLS; else the same. */
  readonly below: Socket
  readonly closed: Promise<void>
  received: Buffer = Buffer.alloc(0)
  #lastAtMs = Date.now()

  constructor(port: number, isTls: boolean, localAddress?: string) {
    const to = { host: '127.0.0.1', port, ...(localAddress === undefined ? {} : { localAddress }) }
    this.below = connect(to)
    this.below.on('error', () => {})
    this.socket = isTls ? connectTls({ socket: this.below, rejectUnauthorized: false }) : this.below
    this.socket.setNoDelay(true)
    this.socket.on('error', () => {})
    this.socket.on('data', chunk => {
      this.received = Buffer.concat([this.received, chunk])
      this.#lastAtMs = Date.now()
    })
    this.closed = new Promise(resolve => this.socket.on('close', () => resolve()))
  }

  /** Until nothing has come for a while. */
  async quiet(quietMs: number): Promise<void> {
    this.#lastAtMs = Date.now()
    while (Date.now() - this.#lastAtMs < quietMs) await new Promise(resolve => setTimeout(resolve, 5))
  }

  /** Until this has come. Errors: rejects when the connection ends first. */
  async has(text: string): Promise<void> {
    while (!this.received.includes(text)) {
      if (this.socket.destroyed) throw new Error(`the connection ended before ${text} came`)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  }

  /** The next whole HTTP answer; that to HEAD ends with its head. */
  async answer(hasBody = true): Promise<Answer> {
    for (;;) {
      const text = this.received.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end > 0) {
        const [first, ...lines] = text.slice(0, end).split('\r\n')
        const headers: Record<string, string> = {}
        for (const line of lines) {
          const colon = line.indexOf(':')
          headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
        }
        const length = hasBody ? Number(headers['content-length'] ?? 0) : 0
        if (text.length >= end + 4 + length) {
          this.received = this.received.subarray(end + 4 + length)
          return { status: Number(first!.split(' ')[1]), headers, body: text.slice(end + 4, end + 4 + length) }
        }
      }
      if (this.socket.destroyed) throw new Error(`the connection ended after ${JSON.stringify(text)}`)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
  }
}

/** A token of these tests is `<principal>/<role>`. */
function verified(token: string) {
  const [sub, role] = token.replace(/^ght_/, '').split('/') as [string, Role]
  if (role === undefined) return { ok: false, refusal: { code: 'token-invalid', message: 'No such token.' } } as const
  const claims = {
    sub,
    role,
    regions: [REGION],
    unit: role === 'driver' ? 'A1' : null,
    units: null,
    sid: null,
    authAtMs: Date.now(),
  }
  return { ok: true, value: claims } as const
}
