/**
 * Counts every connection of the port that is not a WebSocket, from its first moment, in all and by its peer's address,
 * whether it asks for something or nothing.
 *
 * uWebSockets.js tells of a connection that opens (`filter`) with its address, and of one that closes without. What it
 * calls at the close of a certain one is `onAborted`: a request sets its own, and an answer takes it away. So whoever
 * answers sets it anew, and needs a handle on the connection that outlives the answer: that of a first handler, which
 * yields to a second one whose handle the answer is written with.
 */

import { AddressCounts } from '../base/address-counts.ts'
import { addressKey } from '../base/ip-address.ts'
import type { Limits } from '../protocol/limits.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Entrance } from './entrance.ts'
import { type Head, peerOf } from './head.ts'
import type { DoorApp, DoorConnection, DoorRequest, DoorResponse } from './transport/transport.ts'

type Caps = Pick<Limits, 'httpConnections' | 'httpConnectionsPerAddress'>

/** What all proxies count as: their clients come over few connections, and are counted by themselves. */
const PROXIES = 'proxies'

export class HttpConnections {
  readonly #open = new AddressCounts()
  readonly #caps: Caps
  readonly #entrance: Entrance
  readonly #metrics: Metrics
  /** The request that has its first handle and waits for its second. */
  #beginning: HttpExchange | null = null
  /** Connections that have closed, ever: whether one did while something was written. */
  #closed = 0

  constructor(caps: Caps, entrance: Entrance, metrics: Metrics) {
    this.#caps = caps
    this.#entrance = entrance
    this.#metrics = metrics
  }

  get open(): number {
    return this.#open.total
  }

  get closed(): number {
    return this.#closed
  }

  /** Whether the request that is being handed over was begun by a handler before. */
  get hasBegun(): boolean {
    return this.#beginning !== null
  }

  /**
   * Ends a connection whose request nobody should read on in. Output: whether it did. Nothing behind an ambiguous head can
   * be trusted to be a request, so there is nobody to answer; one that is too large gets what uWebSockets.js answers itself.
   */
  refuses(res: DoorResponse, head: Head): boolean {
    const hasNobody = head.isAmbiguous || head.peer === ''
    if (hasNobody) {
      res.close()
    } else if (head.isTooLarge) {
      this.leaves(head.peer)
      res.cork(() => res.writeStatus('431 Request Header Fields Too Large').endWithoutBody(0, true))
    }
    return hasNobody || head.isTooLarge
  }

  /** Lets an app tell of its connections, and gives each request that has begun its second handle. */
  mount(app: DoorApp): void {
    const tell = (connection: DoorConnection, count: number): void => {
      if (count === 1) this.#opened(connection)
      else this.#closed += 1
    }
    app.filter(tell)
  }

  /**
   * A request that will be answered, perhaps later. Call it in the first handler, which then returns: the request goes on
   * to the one that takes what is left, and that calls `second`. Not where another handler has begun it already.
   */
  begin(res: DoorResponse, req: DoorRequest, peer: string, onAborted: () => void): HttpExchange {
    req.setYield(true)
    const key = this.#keyOf(peer)
    const gone = () => this.#left(key)
    res.onAborted(() => {
      gone()
      onAborted()
    })
    this.#beginning = new HttpExchange(res, this, gone)
    return this.#beginning
  }

  /** The handle that the request which has begun is answered with. Output: whether one has. */
  second(res: DoorResponse): boolean {
    if (this.#beginning === null) return false
    this.#beginning.answersWith(res)
    this.#beginning = null
    return true
  }

  /** The connection is about to become a WebSocket, or to end with the answer that is written in this turn. */
  leaves(peer: string): void {
    this.#left(this.#keyOf(peer))
  }

  #opened(res: DoorConnection): void {
    const peer = peerOf(res)
    // The connection was reset before it was accepted.
    if (peer === '') {
      res.close()
      return
    }
    const key = this.#keyOf(peer)
    const full =
      this.#open.total >= this.#caps.httpConnections
        ? 'httpConnections'
        : key !== PROXIES && this.#open.of(key) >= this.#caps.httpConnectionsPerAddress
          ? 'httpConnectionsPerAddress'
          : null
    if (full !== null) {
      this.#metrics.limitRefused(full)
      // There is no request yet that could be answered.
      res.close()
      return
    }
    this.#open.enter(key)
    res.onAborted(() => this.#left(key))
    this.#metrics.httpConnections(this.open)
  }

  #left(key: string): void {
    this.#open.leave(key)
    this.#metrics.httpConnections(this.open)
  }

  #keyOf(peer: string): string {
    return this.#entrance.isProxy(peer) ? PROXIES : addressKey(peer)
  }
}

/** One request and its answer, on a connection that may go on behind it. */
class HttpExchange {
  readonly #handle: DoorResponse
  readonly #connections: HttpConnections
  readonly #gone: () => void
  #second: DoorResponse | null = null
  /** An answer that was ready before there was a handle to write it with. */
  #ready: { readonly write: (res: DoorResponse) => void; readonly closes: boolean } | null = null

  constructor(handle: DoorResponse, connections: HttpConnections, gone: () => void) {
    this.#handle = handle
    this.#connections = connections
    this.#gone = gone
  }

  answersWith(second: DoorResponse): void {
    this.#second = second
    if (this.#ready !== null) this.answer(this.#ready.write, this.#ready.closes)
  }

  /** Writes the answer, once, unless the request was aborted. Input: `closes` where it ends the connection. */
  answer(write: (res: DoorResponse) => void, closes: boolean): void {
    if (this.#second === null) {
      this.#ready = { write, closes }
      return
    }
    const closedBefore = this.#connections.closed
    write(this.#second)
    // What has closed, or will as soon as the answer is out, must not be touched again.
    if (closes || this.#connections.closed !== closedBefore) this.#gone()
    else this.#handle.onAborted(this.#gone)
  }
}
