/**
 * What uWebSockets.js is to the gateway, over the simulated network: the handshake, frames, backpressure, the close.
 *
 * It keeps to what that library does where the gateway relies on it: `end` and `close` call the close handler at once,
 * and a closed socket throws on any use.
 */
import type {
  DoorApp,
  DoorRequest,
  DoorResponse,
  DoorSocket,
  SocketBehavior,
} from '../../../src/gateway/transport/transport.ts'
import type { Link } from './network.ts'

const LOST = 1006

export class SimulatedApp {
  #behavior: SocketBehavior<unknown> | null = null

  /** As the gateway's doors take it. */
  asDoorApp(): DoorApp {
    return this as unknown as DoorApp
  }

  ws(_path: string, behavior: SocketBehavior<unknown>): this {
    this.#behavior = behavior
    return this
  }

  /** A handshake has arrived. */
  connect(link: Link, protocol: string, address: string): void {
    const behavior = this.#behavior!
    const request = new Handshake(protocol)
    const response = {
      getRemoteAddressAsText: () => Buffer.from(address),
      cork: (run: () => void) => run(),
      writeStatus: (status: string) => {
        refusal = status
        return response
      },
      writeHeader: () => response,
      end: () => link.refused(refusal),
      endWithoutBody: () => link.refused(refusal),
      close: () => link.refused('reset'),
      onAborted: () => response,
      upgrade: (client: unknown) => new ServerSocket(link, behavior, client).open(),
    }
    let refusal = '400'
    behavior.upgrade?.(response as unknown as DoorResponse, request as unknown as DoorRequest, {} as never)
  }
}

class Handshake {
  readonly #headers: Readonly<Record<string, string>>

  constructor(protocol: string) {
    this.#headers = {
      host: 'engine.test',
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-protocol': protocol,
    }
  }
  getHeader(name: string): string {
    return this.#headers[name] ?? ''
  }
  getUrl(): string {
    return '/v1/ws'
  }
  getQuery(): string {
    return ''
  }
  forEach(each: (name: string, value: string) => void): void {
    for (const name in this.#headers) each(name, this.#headers[name]!)
  }
}

class ServerSocket {
  readonly #link: Link
  readonly #behavior: SocketBehavior<unknown>
  readonly #client: unknown
  #closed = false

  constructor(link: Link, behavior: SocketBehavior<unknown>, client: unknown) {
    this.#link = link
    this.#behavior = behavior
    this.#client = client
  }

  open(): void {
    this.#link.accepted({
      message: frame => {
        if (this.#closed) return
        const bytes = typeof frame === 'string' ? Uint8Array.from(Buffer.from(frame)) : Uint8Array.from(frame)
        this.#behavior.message?.(this.#asWebSocket(), bytes.buffer as ArrayBuffer, typeof frame !== 'string')
      },
      drained: () => {
        if (!this.#closed) this.#behavior.drain?.(this.#asWebSocket())
      },
      lost: code => this.#close(code),
    })
    this.#behavior.open?.(this.#asWebSocket())
  }

  // As uWebSockets.js has them.

  getUserData(): unknown {
    return this.#client
  }
  getBufferedAmount(): number {
    this.#mustBeOpen()
    return this.#link.waitingBytes
  }
  send(message: Uint8Array | string): number {
    this.#mustBeOpen()
    if (!this.#link.serverSends(message, this.#behavior.maxBackpressure!)) return 2
    return this.#link.waitingBytes > 0 ? 0 : 1
  }
  cork(run: () => void): this {
    this.#mustBeOpen()
    run()
    return this
  }
  end(code = 1000, reason = ''): void {
    this.#mustBeOpen()
    this.#link.serverCloses(code, reason)
    this.#close(code)
  }
  ping(): void {
    this.#mustBeOpen()
  }
  close(): void {
    this.#mustBeOpen()
    this.#link.serverCloses(LOST, '')
    this.#close(LOST)
  }

  #close(code: number): void {
    if (this.#closed) return
    this.#closed = true
    this.#behavior.close?.(this.#asWebSocket(), code)
  }
  #mustBeOpen(): void {
    if (this.#closed) throw new Error('Invalid access of closed uWS.WebSocket/SSLWebSocket.')
  }
  #asWebSocket(): DoorSocket<unknown> {
    return this as unknown as DoorSocket<unknown>
  }
}
