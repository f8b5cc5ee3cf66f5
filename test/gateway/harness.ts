/** A gateway on a free port with regions that only write down what they hear, and clients to talk to it. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

import { WebSocket } from 'ws'
import { CredentialChecker } from '../../src/access/authenticator.ts'
import type { Authenticator } from '../../src/access/claims.ts'
import { OidcIssuers } from '../../src/access/oidc.ts'
import type { SigningKey } from '../../src/access/tables/key-table.ts'
import { TicketMint } from '../../src/access/tickets.ts'
import { KeyRing, signToken } from '../../src/access/tokens.ts'
import type {
  BoardSize,
  CommandRequest,
  HelloRequest,
  Query,
  QueryAnswer,
  Readiness,
  RegionDirectory,
  RegionHandle,
  Session,
  SessionRequest,
} from '../../src/actors/region-handle.ts'
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway/gateway.ts'
import { decodeServer, encodeClient, type WireFormat } from '../../src/protocol/codec.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/protocol/limits.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { WireFix } from '../../src/protocol/wire/fix-tuples.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'
import { testTransport } from '../support/transport.ts'

export const REGION = 'akl'
export const TRIP_ID = `${REGION}.${'t'.repeat(21)}`
export const FIX: WireFix = [1, 0, 1_747_600_000, -368_500_000, 50, null, null]

export function makeKey(kid = 'test-key'): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return { kid, privateJwk: privateKey.export({ format: 'jwk' }), publicJwk }
}

/** As by default, but for a `hello` there is time until the test is over: how long that takes depends on the machine. */
export const PATIENT_LIMITS: Limits = { ...DEFAULT_LIMITS, helloTimeoutMs: 600_000 }

/** Writes down all it hears; answers only when a test says how. */
export class FakeRegion implements RegionHandle {
  readonly regionId: string
  readonly heard: string[] = []
  readonly sessions: Session[] = []
  readonly hellos: HelloRequest[] = []
  readonly commands: CommandRequest[] = []
  readonly queries: Query[] = []
  readonly fixFrames: { streamIndex: number; sentAtMs: number; fixes: readonly WireFix[] }[] = []
  onOpen: (session: Session, hello: HelloRequest) => void = (session, hello) => {
    session.tell({ type: 'reply', id: hello.helloId, position: 0, result: {} })
  }
  onCommand: (request: CommandRequest) => void = request => {
    request.answer({ ok: true, position: 7, result: { done: request.command.type } })
  }
  onQuery: (query: Query) => QueryAnswer = () => ({
    ok: true,
    position: 7,
    shown: { type: 'nearest', nearest: { basis: 'straight-line', units: [] } },
  })

  constructor(regionId: string) {
    this.regionId = regionId
  }

  open(session: Session, hello: HelloRequest) {
    this.heard.push('open')
    this.sessions.push(session)
    this.hellos.push(hello)
    this.onOpen(session, hello)
  }
  closed(session: Session) {
    this.heard.push(`closed ${this.sessions.indexOf(session)}`)
  }
  command(request: CommandRequest) {
    this.heard.push(request.command.type)
    this.commands.push(request)
    this.onCommand(request)
  }
  tell(session: Session, request: SessionRequest) {
    this.heard.push(request.type)
    if (request.type === 'fix') {
      const { streamIndex, sentAtMs, fixes } = request
      this.fixFrames.push({ streamIndex, sentAtMs, fixes: fixes as readonly WireFix[] })
    }
    if (!('id' in request)) return
    const result = request.type === 'watch-board' ? { mode: 'snapshot' } : {}
    session.tell({ type: 'reply', id: request.id, position: 0, result })
  }
  trackerFix() {}
  /** What its board is said to be; set by a test. */
  board: BoardSize = { items: 0, events: 0 }
  boardFrom() {
    return this.board
  }
  query(query: Query, answer: (answer: QueryAnswer) => void) {
    this.heard.push(query.type)
    this.queries.push(query)
    answer(this.onQuery(query))
  }
}

export class Harness {
  readonly gateway: Gateway
  readonly key: SigningKey
  readonly region: FakeRegion
  readonly directory: { isReady: boolean } & RegionDirectory
  readonly metrics: Metrics
  readonly #test: TestContext

  constructor(test: TestContext, gateway: Gateway, parts: Pick<Harness, 'key' | 'region' | 'directory' | 'metrics'>) {
    this.#test = test
    this.gateway = gateway
    this.key = parts.key
    this.region = parts.region
    this.directory = parts.directory
    this.metrics = parts.metrics
  }

  token(claims: Partial<Parameters<typeof signToken>[1]> = {}): Promise<string> {
    return signToken(this.key, {
      sub: 'person-1',
      role: 'dispatcher',
      regions: [REGION],
      unit: null,
      ttlS: 60,
      ...claims,
    })
  }

  driverToken(): Promise<string> {
    return this.token({ role: 'driver', unit: 'A1' })
  }

  async connect(format: WireFormat = 'binary'): Promise<Client> {
    const subprotocol = format === 'binary' ? 'goldenhour.v1' : 'goldenhour.v1.json'
    const socket = new WebSocket(`ws://127.0.0.1:${this.gateway.port}/v1/ws`, [subprotocol])
    const client = new Client(socket, format)
    this.#test.after(() => socket.terminate())
    await once(socket, 'open')
    return client
  }

  /** A client whose hello was accepted. */
  async signIn(role: 'driver' | 'dispatcher' | 'feed', format: WireFormat = 'binary'): Promise<Client> {
    const client = await this.connect(format)
    const token = role === 'driver' ? await this.driverToken() : await this.token({ role })
    client.send(['hello', 'h1', token, REGION, role, role === 'driver' ? 'A1' : null, 1_000, []])
    const answer = await client.next()
    if (answer[0] !== 'reply') throw new Error(`hello was answered with ${JSON.stringify(answer)}`)
    return client
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.gateway.port}${path}`
  }

  /** The value of one sample of the exposition, undefined when it is not there. */
  async sample(nameAndLabels: string): Promise<number | undefined> {
    const line = (await this.metrics.text()).split('\n').find(each => each.startsWith(`${nameAndLabels} `))
    return line === undefined ? undefined : Number(line.slice(nameAndLabels.length + 1))
  }
}

interface Waiting {
  resolve(message: ServerMessage): void
  reject(error: Error): void
}

export class Client {
  readonly socket: WebSocket
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #format: WireFormat
  readonly #received: ServerMessage[] = []
  readonly #waiting: Waiting[] = []
  /** Set when the connection has ended. */
  #ended: Error | null = null

  /** `onMessage` hears each message as it comes, before whoever waits for it. */
  constructor(socket: WebSocket, format: WireFormat, onMessage: (message: ServerMessage) => void = () => {}) {
    this.socket = socket
    this.#format = format
    this.closed = new Promise(resolve => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        this.#ended = new Error(`The connection ended with ${code} "${reason}" before the message came.`)
        for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended)
      })
    })
    socket.on('error', () => {})
    socket.on('message', (data: Buffer, isBinary) => {
      const message = decodeServer(isBinary ? data : data.toString())
      onMessage(message)
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#received.push(message)
      else waiting.resolve(message)
    })
  }

  send(message: ClientMessage): void {
    this.socket.send(encodeClient(message, this.#format))
  }

  /** Errors: rejects when the connection ends first, as then nothing will come. */
  next(): Promise<ServerMessage> {
    const received = this.#received.shift()
    if (received !== undefined) return Promise.resolve(received)
    if (this.#ended !== null) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** The next message, which must be an error: its code and the id it answers. */
  async nextError(): Promise<{ id: string | null; code: string; details: unknown }> {
    const message = await this.next()
    if (message[0] !== 'error') throw new Error(`expected an error, got ${JSON.stringify(message)}`)
    return { id: message[1], code: message[2], details: message[4] }
  }
}

/** Checks tokens of one key, and tickets; device keys and other issuers have tests of their own. */
export function authenticatorOf(key: SigningKey, wallClock: () => number = Date.now): Authenticator {
  return new CredentialChecker({
    keys: new KeyRing([key]),
    tickets: new TicketMint([{ id: 1, secret: Buffer.alloc(32, 7) }], 3_600_000, wallClock),
    oidc: new OidcIssuers([], () => {}),
    database: notHere('the database'),
    wallClock,
  })
}

/** Of an engine that has recovered its one region. */
export const READY: Readiness = {
  status: 'ready',
  behind: null,
  recovered: 1,
  recovering: new Map(),
  away: new Map(),
}

/** A part that no test of this harness may touch. */
function notHere<T extends object>(what: string): T {
  const fail = () => {
    throw new Error(`${what} is not here`)
  }
  return new Proxy({}, { get: fail }) as T
}

/** Input: `authenticator` makes another one than the ordinary; the limits that are not the default. */
export async function startHarness(
  test: TestContext,
  authenticator: (key: SigningKey) => Authenticator = authenticatorOf,
  limits: Partial<Limits> = {},
): Promise<Harness> {
  const key = makeKey()
  const region = new FakeRegion(REGION)
  const directory = {
    isReady: true,
    region: (id: string) => (id === REGION ? region : null),
    ready() {
      return this.isReady
    },
    damaged: 0,
    damagedRows() {
      return this.damaged
    },
  }
  const metrics = new Metrics()
  const doors = closedDoors()
  const gateway = await startGateway({
    ...doors,
    door: { ...doors.door, limits: { ...PATIENT_LIMITS, ...limits } },
    directory,
    readiness: () => ({ ...READY, status: directory.ready() ? 'ready' : 'draining' }),
    authenticator: authenticator(key),
    metrics,
  })
  test.after(() => gateway.close())
  return new Harness(test, gateway, { key, region, directory, metrics })
}

/** A gateway that owns nothing and lets nobody in, to be changed in what a test is about. */
export function closedDoors(): GatewayOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    tls: null,
    transport: testTransport(),
    directory: { region: () => null, ready: () => true, damagedRows: () => 0 },
    readiness: () => READY,
    authenticator: authenticatorOf(makeKey()),
    revocations: { isRevoked: () => false, refresh: async () => {}, onChange: () => {} },
    signIn: notHere('signing in'),
    keys: notHere('the key ring'),
    audit: { note: () => {}, append: () => Promise.resolve() },
    database: notHere('the database'),
    lists: notHere('the lists'),
    statistics: notHere('the statistics'),
    door: {
      limits: DEFAULT_LIMITS,
      allowedOrigins: [],
      trustedProxies: [],
      metricsFrom: [],
      ownNames: [],
      sessionMaxAgeMs: 3_600_000,
    },
    metrics: new Metrics(),
    store: () => ({ status: 'up', isRestarting: false }),
    pages: null,
    mapBackground: null,
    roadMaps: { of: () => null, tile: () => Promise.resolve(null) },
    log: createLogger({ level: 'silent' }),
    outages: new OutageLog(createLogger({ level: 'silent' }), () => performance.now()),
    wallClock: Date.now,
  }
}

/** Waits until the condition holds; fails the test's own timeout otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 2))
}
