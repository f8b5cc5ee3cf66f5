/** A WebSocket server on loopback that says only what a test tells it to. */
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { decodeBinary, encodeServer, type WireFormat } from '../../src/protocol/codec.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { WireFix } from '../../src/protocol/wire/fix-tuples.ts'
import { CLIENT_TYPES, type ClientTypeName } from '../../src/protocol/wire/message-types.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { DriverView, TripView } from '../../src/protocol/wire/situation-views.ts'
import type { WelcomeView } from '../../src/protocol/wire/welcome-view.ts'

/** One connection, as the server sees it. */
export class Peer {
  readonly socket: WebSocket
  readonly format: WireFormat
  readonly #messages: ClientMessage[] = []
  readonly #waiting: ((message: ClientMessage) => void)[] = []
  readonly closed: Promise<void>

  constructor(socket: WebSocket) {
    this.socket = socket
    this.format = socket.protocol === 'goldenhour.v1.json' ? 'json' : 'binary'
    this.closed = new Promise(resolve => socket.on('close', () => resolve()))
    socket.on('message', (data: Buffer, binary: boolean) => {
      const tuple = (binary ? decodeBinary(data) : JSON.parse(data.toString())) as [unknown, ...unknown[]]
      if (binary) tuple[0] = NAMES.get(tuple[0])
      const message = tuple as unknown as ClientMessage
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#messages.push(message)
      else waiting(message)
    })
  }

  /** The next message of the client; fails if it is of another type. */
  async next<T extends ClientTypeName>(type: T): Promise<ClientMessage & { 0: T }> {
    const message = this.#messages.shift() ?? (await new Promise<ClientMessage>(resolve => this.#waiting.push(resolve)))
    if (message[0] !== type) throw new Error(`The client sent ${JSON.stringify(message)} instead of ${type}.`)
    return message as ClientMessage & { 0: T }
  }

  async nextFixes(): Promise<{ streamIndex: number; sentAtMs: number; fixes: WireFix[] }> {
    const [, streamIndex, sentAtMs, ...fixes] = await this.next('fix')
    return { streamIndex, sentAtMs, fixes: fixes as WireFix[] }
  }

  /** Messages that came and that nobody asked for. */
  get unread(): readonly ClientMessage[] {
    return this.#messages
  }

  send(message: ServerMessage): void {
    this.socket.send(encodeServer(message, this.format))
  }

  /** Answers `hello`. */
  async welcome(more: Partial<WelcomeView> = {}): Promise<ClientMessage & { 0: 'hello' }> {
    const hello = await this.next('hello')
    const [, id, , region, role, , , streams] = hello
    this.send([
      'welcome',
      id,
      {
        sessionId: 's',
        region,
        role,
        clock: { nowMs: Date.now(), anchorRegionMs: 0, anchorWallMs: 0, rate: 1 },
        position: 0,
        streams: streams.map(([streamId]) => [streamId, 0] as const),
        driver: null,
        limits: { frameBytes: 16_384, fixesPerFrame: 256 },
        ticket: 'ticket',

        ...more,
      },
    ])
    return hello
  }
}

const NAMES = new Map<unknown, string>(Object.entries(CLIENT_TYPES).map(([name, code]) => [code, name]))

export class ScriptedServer {
  readonly #server: WebSocketServer
  readonly #peers: Peer[] = []
  readonly #waiting: ((peer: Peer) => void)[] = []
  connections = 0

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', socket => {
      this.connections += 1
      const peer = new Peer(socket)
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#peers.push(peer)
      else waiting(peer)
    })
  }

  static async listen(port = 0): Promise<ScriptedServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port, path: '/v1/ws' })
    await new Promise(resolve => server.once('listening', resolve))
    return new ScriptedServer(server)
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next connection that a client opens. */
  peer(): Promise<Peer> {
    const peer = this.#peers.shift()
    return peer === undefined ? new Promise(resolve => this.#waiting.push(resolve)) : Promise.resolve(peer)
  }

  close(): void {
    for (const socket of this.#server.clients) socket.terminate()
    this.#server.close()
  }
}

export function tripView(more: Partial<TripView> = {}): TripView {
  return {
    tripId: 'akl.trip-1',
    onHold: null,
    callId: 'akl.call-1',
    phase: 'offered',
    priority: 1,
    problem: null,
    need: { levelOfCare: 'als', capabilities: [] },
    lonE7: 0,
    latE7: 0,
    receivedAtMs: 1,
    unitId: null,
    offer: null,
    helps: null,
    destination: null,
    helpedBy: null,
    loss: null,
    round: 1,
    times: {},
    missed: [],
    responses: [],
    alarms: [],
    disposition: null,
    cancelReason: null,
    version: 1,
    details: null,
    ...more,
  }
}

export function offeredTrip(offerId: string, more: Partial<TripView> = {}): TripView {
  const offer = {
    offerId,
    tripId: 'akl.trip-1',
    unitId: 'A1',
    mode: 'offered' as const,
    round: 1,
    offeredAtMs: 1,
    deadlineAtMs: 2,
  }
  return tripView({ offer, ...more })
}

export function driverView(trip: TripView | null): DriverView {
  return {
    unit: {
      unitId: 'A1',
      callSign: 'Alpha 1',
      levelOfCare: 'als',
      transports: true,
      capabilities: [],
      status: 'available',
      dispatchability: 'available',
      retired: false,
      unavailableReason: null,
      statusSinceMs: 1,
      crew: 'crew-1',
      connected: true,
      awaySinceMs: null,
      reach: 'app',
      noContact: false,
      emergencySinceMs: null,
      takenTripId: null,
      fix: null,
      offerId: trip?.offer?.offerId ?? null,
      tripId: trip?.tripId ?? null,
      version: 1,
    },
    trip,
    cadenceMs: 15_000,
  }
}
