/** A WebSocket of the library `ws`, in the form of the gateway. */
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { type DoorSocket, DROPPED, SENT, type SocketBehavior, WAITS } from '../transport.ts'
import { exactly } from './exchange.ts'

/** A client that has been silent for this part of its time is asked whether it is there. */
const PING_AFTER = 3 / 4
/** What a connection ends with that nobody closed in order (RFC 6455 §7.1.5). */
const CUT = 1006

/** The stream below a WebSocket: of TCP or TLS. */
export type ByteStream = Duplex & { readonly bytesRead: number }

export class PortableSocket<Client> implements DoorSocket<Client> {
  readonly #ws: WebSocket
  readonly #stream: ByteStream
  readonly #client: Client
  readonly #behavior: SocketBehavior<Client>
  /** Something has waited since all was written. */
  #hasWaited = false
  #isClosed = false
  #bytesRead = 0
  #silentS = 0

  constructor(ws: WebSocket, stream: ByteStream, client: Client, behavior: SocketBehavior<Client>) {
    this.#ws = ws
    this.#stream = stream
    this.#client = client
    this.#behavior = behavior
    ws.binaryType = 'arraybuffer'
    ws.on('message', (data: RawData, isBinary) => {
      if (!this.#isClosed) behavior.message(this, isBinary ? (data as ArrayBuffer) : exactly(data as Buffer), isBinary)
    })
    ws.on('pong', () => {
      if (!this.#isClosed) behavior.pong(this)
    })
    // The library has sent a close frame that says what was wrong.
    ws.on('error', () => {
      stream.end()
      this.#closed(CUT)
    })
    ws.on('close', code => this.#closed(code))
  }

  getUserData(): Client {
    return this.#client
  }

  send(payload: Uint8Array | string, isBinary: boolean): number {
    if (this.#stream.writableLength > this.#behavior.maxBackpressure) return DROPPED
    this.#ws.send(payload, { binary: isBinary }, this.#written)
    return this.getBufferedAmount() > 0 ? WAITS : SENT
  }

  ping(): void {
    this.#ws.ping()
  }

  getBufferedAmount(): number {
    const waiting = this.#stream.writableLength
    if (waiting > 0) this.#hasWaited = true
    return waiting
  }

  cork(write: () => void): void {
    this.#stream.cork()
    try {
      write()
    } finally {
      this.#stream.uncork()
    }
  }

  end(code: number, reason: string): void {
    this.#ws.close(code, reason)
    this.#stream.end()
    this.#closed(code)
  }

  close(): void {
    this.#ws.terminate()
    this.#closed(CUT)
  }

  /** Once a second: a silent client is pinged, and cut when nothing comes. */
  look(): void {
    const { bytesRead } = this.#stream
    this.#silentS = bytesRead === this.#bytesRead ? this.#silentS + 1 : 0
    this.#bytesRead = bytesRead
    const { idleTimeout, sendPingsAutomatically } = this.#behavior
    if (this.#silentS >= idleTimeout) this.close()
    else if (sendPingsAutomatically && this.#silentS === Math.floor(idleTimeout * PING_AFTER)) this.#ws.ping()
  }

  readonly #written = (): void => {
    if (!this.#hasWaited) return
    this.#hasWaited = this.#stream.writableLength > 0
    if (!this.#isClosed) this.#behavior.drain(this)
  }

  #closed(code: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#behavior.close(this, code)
  }
}
