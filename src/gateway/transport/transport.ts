/**
 * The part of uWebSockets.js that the gateway uses, by its own names. So the native library is taken as it is, and another
 * library can stand in its place.
 *
 * The contracts are those of uWebSockets.js. A request lives on the stack of its handler; a handler that calls `setYield`
 * hands it on to the next that fits: routes of its method before those of any, fixed parts of a path before `:name`, and
 * both before `/*`. A response must not be touched after its connection has closed, of which `onAborted` tells.
 */
import type { Logger } from '../../telemetry/log.ts'
import type { TlsFiles } from '../tls.ts'

export interface Transport {
  readonly name: TransportName
  /** Takes the port. Errors: PortTaken; CertificateUnfit. */
  open(settings: DoorSettings): Promise<OpenDoor>
}

export type TransportName = 'native' | 'portable'

export interface DoorSettings {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Null: plain HTTP and WebSocket. */
  readonly tls: TlsFiles | null
  /** Mounts everything; it may be called again, for an app that takes the place of this one. */
  readonly mount: (app: DoorApp) => void
  readonly log: Logger
}

export interface OpenDoor {
  /** The port that was taken. */
  readonly port: number
  /** Uses the certificate of the files as they are now for every later connection. Errors: CertificateUnfit. */
  changeCertificate(): void
  /** Takes no more connections; open connections go on. */
  stopAccepting(): void
  /** Cuts all connections. */
  close(): void
}

export type RouteMethod = 'get' | 'head' | 'post' | 'put' | 'patch' | 'del' | 'options' | 'any'
export type RouteHandler = (res: DoorResponse, req: DoorRequest) => void

export interface DoorApp extends Record<RouteMethod, (pattern: string, handler: RouteHandler) => unknown> {
  /** Mounts WebSockets; handshakes come to `upgrade` where they are a GET with a key of the right length. */
  ws<Client>(pattern: string, behavior: SocketBehavior<Client>): unknown
  /** Tells of connections: count 1 for one that opens, with its address, and -1 for one that has closed, without. */
  filter(tell: (res: DoorConnection, count: number) => void): unknown
}

export interface DoorRequest {
  /** The first header of that name; empty when there is none. Input: in lower case. */
  getHeader(name: string): string
  /** Every line of the head, names in lower case. */
  forEach(each: (name: string, value: string) => void): void
  /** The path, without the query. */
  getUrl(): string
  /** Without the question mark; undefined where there is none. */
  getQuery(): string | undefined
  /** As sent. */
  getCaseSensitiveMethod(): string
  /** Of the route's pattern, from 0 on, as sent. */
  getParameter(index: number): string | undefined
  setYield(yields: boolean): unknown
}

export interface DoorConnection {
  /** The address of the peer as text; empty where it is gone. */
  getRemoteAddressAsText(): ArrayBuffer
  /** Called when the connection closes, unless an answer was ended since; each call takes the place of the one before. */
  onAborted(handler: () => void): unknown
  /** Cuts the connection. */
  close(): unknown
}

export interface DoorResponse extends DoorConnection {
  /** The chunk is only good until the handler returns. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): unknown
  /** Puts what is written inside into as few packets as can be. */
  cork(write: () => void): unknown
  writeStatus(status: string): DoorResponse
  writeHeader(name: string, value: string): DoorResponse
  end(body: string | Uint8Array, closesConnection?: boolean): unknown
  /** Ends an answer that has no body. A length is announced where one is given. */
  endWithoutBody(reportedLength?: number, closesConnection?: boolean): unknown
  /** Answers a handshake. Input: the context is what `upgrade` was called with. */
  upgrade<Client>(client: Client, key: string, protocol: string, extensions: string, context: unknown): unknown
}

export interface SocketBehavior<Client> {
  readonly maxPayloadLength: number
  readonly maxBackpressure: number
  /** Seconds without a byte from the peer, after which the connection is cut. */
  readonly idleTimeout: number
  readonly sendPingsAutomatically: boolean
  readonly upgrade: (res: DoorResponse, req: DoorRequest, context: unknown) => void
  readonly open: (ws: DoorSocket<Client>) => void
  readonly message: (ws: DoorSocket<Client>, message: ArrayBuffer, isBinary: boolean) => void
  /** The peer has answered a ping. */
  readonly pong: (ws: DoorSocket<Client>) => void
  /** Some of what waited was written. */
  readonly drain: (ws: DoorSocket<Client>) => void
  readonly close: (ws: DoorSocket<Client>, code: number) => void
}

/** What a send comes to: all went out; some of it waits and drains by itself; nothing was taken, too much waits already. */
export const SENT = 1
export const WAITS = 0
export const DROPPED = 2

export interface DoorSocket<Client = unknown> {
  getUserData(): Client
  send(payload: Uint8Array | string, isBinary: boolean): number
  /** Asks the peer to answer at once; `pong` of the behavior tells when it has. */
  ping(): unknown
  /** Bytes that wait for the peer. */
  getBufferedAmount(): number
  cork(write: () => void): unknown
  /** Closes in order, behind everything that was sent; `close` of the behavior is called at once. */
  end(code: number, reason: string): void
  /** Cuts the connection; as above. */
  close(): void
}
