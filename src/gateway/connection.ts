/** The outgoing side of one WebSocket: encodes, gathers, sends, and closes once. */

import type { SharedFrame } from '../actors/region-handle.ts'
import type { Refusal } from '../base/refusal.ts'
import { encodeServer, type WireFormat } from '../protocol/codec.ts'
import { messageOf } from '../protocol/encode.ts'
import type { ServerTypeName } from '../protocol/wire/message-types.ts'
import type { ServerMessage } from '../protocol/wire/server-tuples.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { DoorPolicy } from './door-policy.ts'
import type { Limiter } from './limits/limiter.ts'
import { type DoorSocket, DROPPED } from './transport/transport.ts'

type Payload = Uint8Array | string

/** With this part of the limit waiting in uWebSockets.js, further frames wait here until it has written some of them. */
const FULL_SHARE = 1 / 4

export interface ConnectionPorts {
  readonly door: Pick<DoorPolicy, 'limits'>
  readonly metrics: Metrics
  readonly limiter: Limiter
}

interface Waiting {
  readonly payload: Payload
  readonly bytes: number
  /** False for the parts of one board snapshot: it may be larger than all that a slow client is granted. */
  readonly counts: boolean
  /** What others may wait for, too; without the views that it was made of, which are not needed any more. */
  readonly shared: SharedFrame['encoded'] | null
  /** The ledger knows that it waits. */
  isHeld: boolean
}

/** What all idle connections have in place of a list of their own; never written to. */
const NONE: Waiting[] = []

/**
 * Frames gather until the running code has ended and leave in one write: a turn's reply and state, or all the board
 * events of one commit, cost one system call instead of one each. What the socket cannot take yet waits here, in order.
 */
export class Connection {
  readonly format: WireFormat
  /** The client's own, also behind trusted proxies. */
  readonly address: string
  /** Null once the connection is gone; uWebSockets.js throws on any use after that. */
  #ws: DoorSocket<unknown> | null
  readonly #ports: ConnectionPorts
  #waiting: Waiting[] = NONE
  /** Bytes waiting here that count against the client. */
  #countedBytes = 0
  /** Parts waiting here of the one snapshot that does not count, and their bytes. */
  #partsWaiting = 0
  #partsBytes = 0
  #snapshotCounts = false
  #flushIsDue = false
  #isBehindInLedger = false
  #pingedAtMs: number | null = null
  /** What a message and its answer took, when it was measured; null before that. */
  roundTripMs: number | null = null

  constructor(ws: DoorSocket<unknown>, format: WireFormat, address: string, ports: ConnectionPorts) {
    this.#ws = ws
    this.format = format
    this.address = address
    this.#ports = ports
  }

  get isOpen(): boolean {
    return this.#ws !== null
  }

  /** True while more waits for the client to read it than a console may have before it is thinned. */
  get isBehind(): boolean {
    if (this.#ws === null) return false
    const { thinBytes } = this.#ports.door.limits
    return this.#countedBytes + this.#partsBytes + this.#ws.getBufferedAmount() > thinBytes
  }

  /** Every connection with something to send is flushed by one microtask: none needs a function of its own. */
  static #due: Connection[] = []
  static readonly #flushDue = () => {
    const due = Connection.#due
    Connection.#due = []
    for (const connection of due) {
      connection.#flushIsDue = false
      connection.#send()
    }
  }

  send(message: ServerMessage): void {
    if (this.#ws === null) return
    if (message[0] === 'error') this.#ports.metrics.refusal(message[2])
    this.#gather(message[0], encodeServer(message, this.format), true, null)
  }

  /** A board comes by this way alone: its parts are made once for all who asked. */
  sendShared(shared: SharedFrame): void {
    if (this.#ws === null) return
    const { told } = shared
    const counts = told.type !== 'board' || this.#mustCountPart(told.part)
    this.#gather(
      told.type === 'refused' ? 'error' : told.type,
      encodedOnce(shared, this.format),
      counts,
      shared.encoded,
    )
  }

  /** Measures how long a message to the client and back takes. */
  ping(): void {
    this.#pingedAtMs = this.#ports.limiter.monotonicMs()
    this.#ws?.ping()
  }

  ponged(): void {
    if (this.#pingedAtMs !== null) this.roundTripMs = this.#ports.limiter.monotonicMs() - this.#pingedAtMs
    this.#pingedAtMs = null
  }

  /** The socket has written some of its queue. */
  drained(): void {
    if (this.#waiting.length > 0) this.#send()
    else this.#settle()
  }

  /** All clients together have too much unread, and this one has been behind for the longest time. */
  cutAsUnread(): void {
    this.#ports.metrics.slowClientCut()
    this.#ports.metrics.limitRefused('unreadBytes')
    this.#ws?.close()
  }

  refuse(id: string | null, refusal: Refusal): void {
    this.send(messageOf({ type: 'refused', id, refusal }))
  }

  /** Sends what was gathered and the socket can take, then the close frame. */
  close(code: number, reason: string): void {
    this.#send()
    this.#ws?.end(code, reason)
  }

  /** The socket is gone, whichever side ended it. */
  detach(): void {
    this.#ws = null
    for (const waiting of this.#waiting) this.#release(waiting)
    this.#waiting = NONE
    this.#ports.limiter.unread.settle(this, 0, false)
  }

  #send(): void {
    const ws = this.#ws
    if (ws === null || this.#waiting.length === 0) return
    const isBinary = this.format === 'binary'
    const { backpressureBytes } = this.#ports.door.limits
    let sent = 0
    let dropped = false
    ws.cork(() => {
      while (!dropped && sent < this.#waiting.length && ws.getBufferedAmount() < backpressureBytes * FULL_SHARE) {
        const waiting = this.#waiting[sent++]!
        const { payload, bytes, counts } = waiting
        this.#release(waiting)
        if (counts) {
          this.#countedBytes -= bytes
        } else {
          this.#partsWaiting -= 1
          this.#partsBytes -= bytes
        }
        dropped = ws.send(payload, isBinary) === DROPPED
      }
    })
    if (this.#ws === null) return
    this.#waiting = sent === this.#waiting.length ? NONE : this.#waiting.slice(sent)
    // The client reads too slowly. Leaving frames out would lose them silently, and a close frame would only queue
    // behind the rest; so the connection is cut, and the client resumes from its state.
    if (!dropped && this.#countedBytes + ws.getBufferedAmount() <= backpressureBytes) return this.#settle()
    this.#ports.metrics.slowClientCut()
    this.#ports.metrics.limitRefused('backpressureBytes')
    ws.close()
  }

  /** Whether a part of a board counts against the client: the parts of one snapshot do not. */
  #mustCountPart(part: number): boolean {
    // A client that asks for one snapshot after another without reading them has no claim to more than the others.
    if (part === 0) this.#snapshotCounts = this.#partsWaiting > 0
    return this.#snapshotCounts
  }

  /** Tells the ledger what still waits; of most clients nothing does, and then this costs nothing. */
  #settle(): void {
    const buffered = this.#ws?.getBufferedAmount() ?? 0
    const isBehind = buffered > 0 || this.#waiting.length > 0
    if (!isBehind && !this.#isBehindInLedger) return
    const { unread } = this.#ports.limiter
    let own = buffered
    for (const waiting of this.#waiting) {
      if (waiting.shared === null) own += waiting.bytes
      else if (!waiting.isHeld) {
        waiting.isHeld = true
        unread.hold(waiting.shared, waiting.bytes)
      }
    }
    this.#isBehindInLedger = isBehind
    unread.settle(this, own, isBehind)
  }

  #release(waiting: Waiting): void {
    if (!waiting.isHeld) return
    waiting.isHeld = false
    this.#ports.limiter.unread.release(waiting.shared!, waiting.bytes)
  }

  #gather(type: ServerTypeName, payload: Payload, counts: boolean, shared: Waiting['shared']): void {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
    this.#ports.metrics.frame('out', type, bytes)
    if (this.#waiting === NONE) this.#waiting = []
    this.#waiting.push({ payload, bytes, counts, shared, isHeld: false })
    if (counts) {
      this.#countedBytes += bytes
    } else {
      this.#partsWaiting += 1
      this.#partsBytes += bytes
    }
    if (this.#flushIsDue) return
    this.#flushIsDue = true
    if (Connection.#due.push(this) === 1) queueMicrotask(Connection.#flushDue)
  }
}

function encodedOnce(shared: SharedFrame, format: WireFormat): Payload {
  if (format === 'binary') {
    shared.encoded.binary ??= encodeServer(messageOf(shared.told), format) as Uint8Array
    return shared.encoded.binary
  }
  shared.encoded.json ??= encodeServer(messageOf(shared.told), format) as string
  return shared.encoded.json
}
