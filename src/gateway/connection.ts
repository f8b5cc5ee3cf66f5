/** The outgoing side of one WebSocket: encodes, gathers, sends, and closes once. */
import type { WebSocket } from 'uWebSockets.js'
import type { SharedFrame } from '../actors/region-handle.ts'
import { encodeServer, type WireFormat } from '../protocol/codec.ts'
import type { Refusal } from '../protocol/errors.ts'
import type { ServerMessage, ServerTypeName } from '../protocol/wire.ts'
import type { Metrics } from '../telemetry/metrics.ts'

type Payload = Uint8Array | string

/** What uWebSockets.js answers to a send. 1 is sent; 0 is queued and drains by itself, so it needs nothing of us. */
const DROPPED = 2

/**
 * Frames gather until the running code has ended and leave in one write: a turn's reply and state, or all the board
 * events of one commit, cost one system call instead of one each.
 */
export class Connection {
  readonly format: WireFormat
  /** Null once the connection is gone; uWebSockets.js throws on any use after that. */
  #ws: WebSocket<unknown> | null
  readonly #metrics: Metrics
  #gathered: Payload[] = []
  readonly #flush = () => this.#send()

  constructor(ws: WebSocket<unknown>, format: WireFormat, metrics: Metrics) {
    this.#ws = ws
    this.format = format
    this.#metrics = metrics
  }

  get isOpen(): boolean {
    return this.#ws !== null
  }

  send(message: ServerMessage): void {
    if (this.#ws === null) return
    if (message[0] === 'error') this.#metrics.refusal(message[2])
    this.#gather(message[0], encodeServer(message, this.format))
  }

  sendShared(shared: SharedFrame): void {
    if (this.#ws === null) return
    this.#gather(shared.message[0], encodedOnce(shared, this.format))
  }

  refuse(id: string | null, refusal: Refusal): void {
    this.send(['error', id, refusal.code, refusal.message, refusal.details ?? null])
  }

  /** Sends what was gathered, then the close frame. */
  close(code: number, reason: string): void {
    this.#send()
    this.#ws?.end(code, reason)
  }

  /** The socket is gone, whoever ended it. */
  detach(): void {
    this.#ws = null
    this.#gathered = []
  }

  #send(): void {
    const ws = this.#ws
    const payloads = this.#gathered
    if (ws === null || payloads.length === 0) return
    this.#gathered = []
    let dropped = false
    const isBinary = this.format === 'binary'
    ws.cork(() => {
      for (const payload of payloads) {
        dropped = ws.send(payload, isBinary) === DROPPED
        if (dropped) return
      }
    })
    // The client reads too slowly and a frame did not fit. Going on would lose it silently, and a close frame would
    // only queue behind the rest; so the connection is cut, and the client resumes from its state.
    if (!dropped) return
    this.#metrics.slowClientCut()
    ws.close()
  }

  #gather(type: ServerTypeName, payload: Payload): void {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
    this.#metrics.frame('out', type, bytes)
    this.#gathered.push(payload)
    if (this.#gathered.length === 1) queueMicrotask(this.#flush)
  }
}

function encodedOnce(shared: SharedFrame, format: WireFormat): Payload {
  if (format === 'binary') {
    shared.encoded.binary ??= encodeServer(shared.message, format) as Uint8Array
    return shared.encoded.binary
  }
  shared.encoded.json ??= encodeServer(shared.message, format) as string
  return shared.encoded.json
}
