/** A client of the border in this process: what a socket would be to it, and what it hears. */
import type { WebSocket } from 'uWebSockets.js'
import { Connection } from '../../src/gateway/connection.ts'
import type { ConversationPorts } from '../../src/gateway/conversation.ts'
import { Conversation } from '../../src/gateway/conversation.ts'
import { decodeServer, encodeClient, type WireFormat } from '../../src/protocol/codec.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { Known } from './known.ts'
import { Speaker } from './speaker.ts'
import type { Credential } from './tokens.ts'

export interface Surroundings {
  readonly context: ConversationPorts
  readonly known: Known
  readonly wallMs: () => number
  readonly onReply: () => void
  /** The engine answered with a code. */
  readonly onRefusal: (code: string, client: FuzzClient) => void
  readonly onClose: (code: number, reason: string, client: FuzzClient) => void
}

/** Larger frames are decoded now and then only: they are boards, and look alike. */
const DECODED_BYTES = 2_048
const DECODED_ONE_IN = 16

export class FuzzClient extends Speaker {
  /** The messages that must be answered, by their ids. */
  readonly unanswered = new Map<string, Uint8Array>()
  /** False while the client does not read what it is sent. */
  reads = true
  conversation!: Conversation
  #connection!: Connection
  #clientNowMs = 0
  #heard = 0
  readonly #around: Surroundings

  constructor(credential: Credential, format: WireFormat, around: Surroundings) {
    super(credential, around.known.region, format)
    this.#around = around
  }

  get sentAtMs(): number {
    return this.#around.wallMs() - this.#clientNowMs
  }

  /** A new connection, with nobody signed in. */
  connect(): void {
    if (this.isOpen) this.hangUp()
    const { context } = this.#around
    this.isOpen = true
    this.reads = true
    this.unanswered.clear()
    this.#clientNowMs = this.#around.wallMs()
    this.#connection = new Connection(this.#socket(), this.format, '127.0.0.1', context)
    this.conversation = new Conversation(context, this.#connection)
  }

  hello(): ClientMessage {
    const streams = this.role === 'driver' ? ([['s1', 'gnss', 1]] as const) : []
    return ['hello', 'h', this.credential, this.region, this.role, this.unitId, this.#clientNowMs, streams]
  }

  say(message: ClientMessage): void {
    const encoded = encodeClient(message, this.format)
    this.send(typeof encoded === 'string' ? Buffer.from(encoded) : encoded, this.format === 'binary')
  }

  /** As uWebSockets.js does it: the bytes are gone when the call returns. */
  send(bytes: Uint8Array, isBinary: boolean): void {
    const lent = new Uint8Array(bytes)
    this.conversation.receive(lent.buffer, isBinary)
    lent.fill(0xc1)
  }

  hangUp(): void {
    this.#closed(1006, '')
  }

  startReading(): void {
    this.reads = true
    this.#connection.drained()
  }

  #closed(code: number, reason: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.conversation.ended(code)
    this.#around.onClose(code, reason, this)
  }

  #socket(): WebSocket<unknown> {
    const { limits } = this.#around.context.door
    const socket = {
      cork(write: () => void) {
        write()
        return socket
      },
      send: (payload: Uint8Array | string) => {
        this.#hear(payload)
        return 1
      },
      ping: () => undefined,
      getBufferedAmount: () => (this.reads ? 0 : limits.backpressureBytes / 4),
      end: (code: number, reason: string) => this.#closed(code, reason),
      close: () => this.#closed(1006, ''),
    }
    return socket as unknown as WebSocket<unknown>
  }

  #hear(payload: Uint8Array | string): void {
    this.#heard += 1
    if (payload.length > DECODED_BYTES && this.#heard % DECODED_ONE_IN !== 0) return
    const message: ServerMessage = decodeServer(payload)
    this.#around.known.hear(message)
    this.learn(message)
    if (message[0] === 'reply') {
      this.unanswered.delete(message[1])
      this.#around.onReply()
    }
    if (message[0] !== 'error') return
    if (message[1] !== null) this.unanswered.delete(message[1])
    this.#around.onRefusal(message[2], this)
  }
}
