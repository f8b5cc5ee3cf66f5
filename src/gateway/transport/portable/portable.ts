/**
 * The transport over `node:http` and `ws`, for where uWebSockets.js does not load: every Node and every C library.
 *
 * A server of TCP takes connections and hands them to one of HTTP, so that each is known from its first moment, as the
 * gateway has to count it; both do what the native transport does.
 */

import { readFileSync } from 'node:fs'
import {
  createServer as createHttp,
  type Server as HttpServer,
  type IncomingMessage,
  ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { createServer as createHttps, type Server as HttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import { WebSocketServer } from 'ws'
import { LIMITS } from '../../../protocol/limits.ts'
import { PortTaken } from '../../port-holder.ts'
import { CertificateUnfit, TLS_CIPHERS, type TlsFiles } from '../../tls.ts'
import type { DoorApp, DoorConnection, DoorSettings, OpenDoor, SocketBehavior, Transport } from '../transport.ts'
import { PortableRequest, PortableResponse, type Upgrade } from './exchange.ts'
import { HttpConnection } from './http-connection.ts'
import { RouteTable } from './routes.ts'
import { type ByteStream, PortableSocket } from './socket.ts'

const LOOK_EVERY_MS = 1_000
/** As many as uWebSockets.js takes. */
const HEADERS_MAX = 98
/** Nothing of a larger head is kept; the gateway refuses one that is smaller than this and larger than its own bound. */
const HEAD_BYTES_MAX = 2 * LIMITS.headBytes
/** `ws` waits as long for the other side of a close. */
const CLOSE_TIMEOUT_MS = 10_000

const refusal = (status: number): string => `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`
/** What `node:http` finds wrong in a head, and is answered; all else is cut, as two readers might disagree about it. */
const ANSWERED: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: refusal(431),
  HPE_INVALID_METHOD: refusal(400),
  HPE_INVALID_CONTENT_LENGTH: refusal(400),
  HPE_INVALID_VERSION: refusal(505),
  HPE_INVALID_URL: refusal(505),
}

export const portableTransport: Transport = {
  name: 'portable',
  async open(settings) {
    const door = new PortableDoor(settings)
    await door.listen()
    return door
  },
}

class PortableDoor implements OpenDoor {
  readonly #settings: DoorSettings
  readonly #tcp: TcpServer
  readonly #http: HttpServer | HttpsServer
  readonly #app = new PortableApp()
  /** Connections that speak no WebSocket, and all sockets. */
  readonly #connections = new Set<HttpConnection>()
  readonly #byStream = new WeakMap<Duplex, HttpConnection>()
  readonly #byEnds = new Map<string, HttpConnection>()
  readonly #raw = new Set<Socket>()
  readonly #looking: NodeJS.Timeout

  /** Errors: CertificateUnfit. */
  constructor(settings: DoorSettings) {
    this.#settings = settings
    const http = {
      maxHeaderSize: HEAD_BYTES_MAX,
      // A head without one is cut.
      requireHostHeader: false,
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: 0,
    }
    this.#http = settings.tls === null ? createHttp(http) : createHttps({ ...http, ...secureContext(settings.tls) })
    // One more than are allowed: what is over that is left out without a word.
    this.#http.maxHeadersCount = HEADERS_MAX + 1
    this.#http.on('request', (request, answer) => this.#take(request, answer, null))
    for (const event of ['upgrade', 'connect'] as const) {
      this.#http.on(event, (request: IncomingMessage, stream: ByteStream, head: Buffer) => {
        const answer = new ServerResponse(request)
        answer.shouldKeepAlive = false
        answer.once('finish', () => stream.end())
        answer.assignSocket(stream as unknown as Socket)
        this.#take(request, answer, { stream, head, answer })
      })
    }
    this.#http.on('clientError', (error: NodeJS.ErrnoException, stream: Duplex) => {
      const answer = ANSWERED[error.code ?? '']
      if (answer === undefined || !stream.writable) stream.destroy()
      else stream.end(answer, () => stream.destroy())
    })
    // `https` makes the stream; whose it is, its two ends tell.
    this.#http.on('secureConnection', (stream: Socket) => {
      // As of the connection below it; after an upgrade that is refused nobody else hears of them.
      stream.on('error', () => undefined)
      const connection = this.#byEnds.get(endsOf(stream))
      if (connection === undefined) stream.destroy()
      else this.#byStream.set(stream, connection)
    })
    settings.mount(this.#app)
    this.#tcp = createTcp({ allowHalfOpen: true, noDelay: true }, raw => this.#accept(raw))
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port
  }

  async listen(): Promise<void> {
    const { host, port } = this.#settings
    await new Promise<void>((resolve, reject) => {
      this.#tcp.once('error', error => {
        clearInterval(this.#looking)
        reject(new PortTaken(`Port ${port} of ${host} cannot be listened on.`, null, { cause: error }))
      })
      this.#tcp.listen({ host, port, exclusive: true }, resolve)
    })
  }

  changeCertificate(): void {
    const { tls } = this.#settings
    if (tls !== null) (this.#http as HttpsServer).setSecureContext(secureContext(tls))
  }

  stopAccepting(): void {
    this.#tcp.close()
  }

  close(): void {
    clearInterval(this.#looking)
    this.stopAccepting()
    for (const raw of this.#raw) raw.destroy()
  }

  #accept(raw: Socket): void {
    const connection = new HttpConnection(raw)
    const ends = endsOf(raw)
    this.#raw.add(raw)
    this.#connections.add(connection)
    this.#byStream.set(raw, connection)
    this.#byEnds.set(ends, connection)
    // What went wrong does not matter; it comes to its end all the same.
    raw.on('error', () => undefined)
    raw.once('close', () => {
      this.#raw.delete(raw)
      this.#connections.delete(connection)
      if (this.#byEnds.get(ends) === connection) this.#byEnds.delete(ends)
      connection.closed()
      this.#app.tell(connection, -1)
    })
    this.#app.tell(connection, 1)
    if (!connection.isClosed) this.#http.emit('connection', raw)
  }

  #take(request: IncomingMessage, answer: ServerResponse, handshake: Handshake | null): void {
    const connection = this.#byStream.get(request.socket)
    // A connection that was reset may have been forgotten already.
    if (connection === undefined) {
      request.socket.destroy()
      return
    }
    if (connection.isClosed || connection.isEnding) return
    const asked = new PortableRequest(request)
    if (connection.isBusy || asked.lines > HEADERS_MAX || request.headers.host === undefined) {
      connection.close()
      return
    }
    connection.begin(handshake === null && !hasNoBody(request))
    const upgrade = handshake === null ? null : this.#upgradeOf(request, handshake, connection)
    const response = new PortableResponse(connection, { request, answer, upgrade })
    if (request.httpVersion !== '1.1' || !asked.path.startsWith('/')) {
      response.writeStatus('505').endWithoutBody(0, true)
      return
    }
    this.#app.answer(asked, response)
  }

  #upgradeOf(request: IncomingMessage, { stream, head, answer }: Handshake, connection: HttpConnection): Upgrade {
    return (client, protocol) => {
      this.#connections.delete(connection)
      answer.detachSocket(stream as unknown as Socket)
      this.#app.upgrade(request, { stream, head, client, protocol })
    }
  }

  #look(): void {
    for (const connection of this.#connections) connection.look()
    this.#app.look()
  }
}

interface Handshake {
  readonly stream: ByteStream
  readonly head: Buffer
  readonly answer: ServerResponse
}

/** What is mounted, and the WebSockets that came of it. */
class PortableApp implements DoorApp {
  readonly #routes = new RouteTable()
  readonly #listeners: ((connection: DoorConnection, count: number) => void)[] = []
  readonly #sockets = new Set<PortableSocket<unknown>>()
  #server: WebSocketServer | null = null
  #behavior: SocketBehavior<unknown> | null = null

  readonly get = this.#mounting('get')
  readonly head = this.#mounting('head')
  readonly post = this.#mounting('post')
  readonly put = this.#mounting('put')
  readonly patch = this.#mounting('patch')
  readonly del = this.#mounting('del')
  readonly options = this.#mounting('options')
  readonly any = this.#mounting('any')

  ws<Client>(pattern: string, behavior: SocketBehavior<Client>): void {
    this.#behavior = behavior as SocketBehavior<unknown>
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: behavior.maxPayloadLength,
      // Its types do not have these yet.
      ...{ closeTimeout: CLOSE_TIMEOUT_MS },
    } as const
    this.#server = new WebSocketServer(options)
    this.#routes.mount('get', pattern, (res, req) => {
      if (req.getHeader('sec-websocket-key').length === KEY_CHARS) behavior.upgrade(res, req, null)
      else req.setYield(true)
    })
  }

  filter(tell: (connection: DoorConnection, count: number) => void): void {
    this.#listeners.push(tell)
  }

  tell(connection: DoorConnection, count: number): void {
    for (const listener of this.#listeners) listener(connection, count)
  }

  answer(request: PortableRequest, response: PortableResponse): void {
    for (const { handler, parameters } of this.#routes.matching(request.getCaseSensitiveMethod(), request.path)) {
      request.enter(parameters)
      handler(response, request)
      if (!request.yields) return
    }
    response.close()
  }

  /** Input: the subprotocol that was agreed on. */
  upgrade(
    request: IncomingMessage,
    { stream, head, client, protocol }: { stream: ByteStream; head: Buffer; client: unknown; protocol: string },
  ): void {
    const behavior = this.#behavior!
    // The library takes the first of the client's choices, and refuses lists that we do not.
    request.headers['sec-websocket-protocol'] = protocol
    this.#server!.handleUpgrade(request, stream, head, ws => {
      const socket = new PortableSocket(ws, stream, client, behavior)
      this.#sockets.add(socket)
      ws.once('close', () => this.#sockets.delete(socket))
      behavior.open(socket)
    })
  }

  look(): void {
    for (const socket of this.#sockets) socket.look()
  }

  #mounting(method: 'get' | 'head' | 'post' | 'put' | 'patch' | 'del' | 'options' | 'any') {
    return (pattern: string, handler: Parameters<DoorApp['get']>[1]): void =>
      this.#routes.mount(method, pattern, handler)
  }
}

/** Of 16 bytes in base64. */
const KEY_CHARS = 24

function hasNoBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
}

/** A connection is known by its two ends, from whichever of its streams. */
const endsOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress}`

function secureContext({ certFile, keyFile }: TlsFiles): SecureContextOptions {
  try {
    return {
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      ciphers: `${TLS_13_CIPHERS}:${TLS_CIPHERS}`,
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
    }
  } catch (error) {
    throw new CertificateUnfit(`${certFile} and ${keyFile} cannot be read.`, { cause: error })
  }
}

/** Node takes the ciphers of TLS 1.3 from the same list. */
const TLS_13_CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
