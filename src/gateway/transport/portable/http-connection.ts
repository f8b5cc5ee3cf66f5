/** One connection from its accept to its close, or until it speaks WebSocket: its address, and how long it may take. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { DoorConnection } from '../transport.ts'

/** The number of looks, a second apart, that a connection survives without the bytes that it owes; the next look cuts it. */
const LOOKS = 10
/** A body owes as many bytes in that time. */
const BODY_BYTES = 16_384
/** Looks until an answer must be out: nobody tells how much of one piece has gone. */
const WRITING_LOOKS = 120

/** What a connection is at. While an answer is being made nothing is owed by the client. */
type Phase = 'head' | 'body' | 'answering' | 'writing'

export class HttpConnection implements DoorConnection {
  readonly #raw: Socket
  readonly #address: ArrayBuffer
  #phase: Phase = 'head'
  #looks = 0
  /** Bytes that had come when the time that runs began. */
  #mark = 0
  #answer: ServerResponse | null = null
  #onAborted: (() => void) | null = null
  #isEnding = false

  constructor(raw: Socket) {
    this.#raw = raw
    this.#address = new TextEncoder().encode(raw.remoteAddress ?? '').buffer as ArrayBuffer
  }

  getRemoteAddressAsText(): ArrayBuffer {
    return this.#raw.destroyed ? new ArrayBuffer(0) : this.#address
  }

  onAborted(handler: (() => void) | null): void {
    this.#onAborted = handler
  }

  close(): void {
    this.#raw.destroy()
  }

  get isClosed(): boolean {
    return this.#raw.destroyed
  }

  /** The answer that is under way, or was, is the last one: what comes behind its request is not looked at. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** A request has come and its answer has not begun. */
  get isBusy(): boolean {
    return this.#phase === 'body' || this.#phase === 'answering'
  }

  /** A request has come whole but for its body. */
  begin(hasBody: boolean): void {
    this.#enter(hasBody ? 'body' : 'answering')
  }

  bodyEnded(): void {
    if (this.#phase === 'body') this.#enter('answering')
  }

  answered(answer: ServerResponse, closes: boolean): void {
    this.#onAborted = null
    this.#isEnding ||= closes
    this.#answer = answer
    this.#enter('writing')
  }

  /** Nobody waits for it any more. */
  closed(): void {
    const gone = this.#onAborted
    this.#onAborted = null
    gone?.()
  }

  /** Cuts it when what is owed has not come for too long; called once a second. */
  look(): void {
    if (this.#phase === 'writing' && this.#answer?.writableFinished === true) this.#enter('head')
    if (this.#phase === 'answering') return
    if (this.#hasMoved()) {
      this.#enter(this.#phase)
      return
    }
    this.#looks += 1
    if (this.#looks > (this.#phase === 'writing' ? WRITING_LOOKS : LOOKS)) this.close()
  }

  /** A head has its time as a whole, also when it comes in drips. */
  #hasMoved(): boolean {
    return this.#phase === 'body' && this.#raw.bytesRead - this.#mark >= BODY_BYTES
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    this.#looks = 0
    this.#mark = this.#raw.bytesRead
  }
}
