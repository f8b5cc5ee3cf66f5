/** One socket to the engine, from its making until it is left: frames out, frames in. It may have a moment to be left at. */
import { encodeClient, type WireFormat } from '../protocol/codec.ts'
import type { ClientMessage } from '../protocol/wire/client-tuples.ts'
import { abandon, type ClientSocket, SOCKET_OPEN } from './socket.ts'
import type { FullTimers } from './timing.ts'

interface LineHandlers {
  opened(): void
  /** Something came that is no message: an answer to a ping. */
  ponged(): void
  received(data: unknown): void
  closed(code: number, reason: string): void
  /** Errors tell little; on some platforms `closed` follows, and on some not. */
  failed(why: string): void
}

export class Line {
  readonly #socket: ClientSocket
  readonly #format: WireFormat
  readonly #timers: FullTimers
  #leaveTimer: unknown = null

  /** Input: a socket that was just made, for frames of this format. */
  constructor(socket: ClientSocket, format: WireFormat, timers: FullTimers, handlers: LineHandlers) {
    this.#socket = socket
    this.#format = format
    this.#timers = timers
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => handlers.opened()
    socket.onmessage = event => handlers.received(event.data)
    socket.onclose = event => handlers.closed(event.code, event.reason)
    socket.onerror = ({ message }) => handlers.failed(typeof message === 'string' ? message : '')
    socket.on?.('pong', () => handlers.ponged())
  }

  /** Sends if the socket can take it. */
  send(message: ClientMessage): void {
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.send(encodeClient(message, this.#format))
  }

  /** As `send`. Errors: throws RangeError for a message that takes more bytes. */
  sendWithin(bytesMax: number, message: ClientMessage): void {
    const frame = encodeClient(message, this.#format)
    const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame).length : frame.length
    if (bytes > bytesMax) {
      throw new RangeError(`The command takes ${bytes} bytes; the server takes ${bytesMax} a frame.`)
    }
    if (this.#socket.readyState === SOCKET_OPEN) this.#socket.send(frame)
  }

  /** Has the other side say something. Input: a message that it answers, for platforms that cannot ping. */
  probe(message: () => ClientMessage): void {
    if (this.#socket.ping === undefined) this.send(message())
    else if (this.#socket.readyState === SOCKET_OPEN) this.#socket.ping()
  }

  /** Runs `leave` at a moment that the server has named; a later word of it counts. */
  leaveIn(delayMs: number, leave: () => void): void {
    this.#timers.clearTimeout(this.#leaveTimer)
    this.#leaveTimer = this.#timers.setTimeout(leave, delayMs)
  }

  /** Nothing of it is heard any more. `abruptly` where the other side may not answer a closing handshake. */
  leave(abruptly: boolean): void {
    this.#timers.clearTimeout(this.#leaveTimer)
    abandon(this.#socket, abruptly)
  }
}
