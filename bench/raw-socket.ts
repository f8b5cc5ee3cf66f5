/** A `FrameSocket` that speaks in messages: what most loads of the benches connect by. */
import { decodeServer, encodeClient } from '../src/protocol/codec.ts'
import type { ClientMessage } from '../src/protocol/wire/client-tuples.ts'
import type { ServerMessage } from '../src/protocol/wire/server-tuples.ts'
import { FrameSocket } from './frame-socket.ts'

interface RawHandlers {
  onOpen(): void
  onMessage(message: ServerMessage): void
  /** Once, however it ended; `code` is that of a close frame. */
  onEnd(why: string, code: number | null): void
}

export class RawSocket {
  readonly #socket: FrameSocket

  constructor(port: number, handlers: RawHandlers) {
    this.#socket = new FrameSocket(port, {
      onOpen: () => handlers.onOpen(),
      onFrame: payload => handlers.onMessage(decodeServer(payload)),
      onEnd: (why, code) => handlers.onEnd(why, code),
    })
  }

  /** Output: the bytes of the frame's payload. */
  send(message: ClientMessage): number {
    const payload = encodeClient(message, 'binary') as Uint8Array
    this.#socket.send(payload)
    return payload.length
  }

  /** As `FrameSocket` has it. */
  stopReading(): void {
    this.#socket.stopReading()
  }

  /** As a lost network does it: without a word, and without a port that lingers. */
  cut(): void {
    this.#socket.cut()
  }
}
