/** A client over a real socket that sends whatever it is given. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { decodeServer, type WireFormat } from '../../src/protocol/codec.ts'
import { HANGS_MS } from '../support/within.ts'
import type { Known } from './known.ts'
import { encodable } from './messages.ts'
import { Speaker } from './speaker.ts'
import type { Credential } from './tokens.ts'
import { write } from './writers.ts'

export type Served = 'served' | 'ended' | 'silent'

interface Surroundings {
  readonly known: Known
  readonly onTicket: (ticket: string) => void
  /** A code that was answered, a reply, or `closed-<code>`. */
  readonly onOutcome: (outcome: string) => void
}

export class LiveClient extends Speaker {
  readonly #socket: WebSocket
  readonly #around: Surroundings
  #clientNowMs = 0
  #onMessage = () => {}
  isWelcome = false
  /** Told to come again because the store is too slow [CM-8]. */
  isToRetry = false

  constructor(port: number, credential: Credential, region: string, format: WireFormat, around: Surroundings) {
    super(credential, region, format)
    this.#around = around
    const subprotocol = format === 'binary' ? 'goldenhour.v1' : 'goldenhour.v1.json'
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, [subprotocol])
    this.#socket.on('error', () => {})
    this.#socket.on('message', (data: Buffer, isBinary: boolean) => this.#hear(data, isBinary))
    this.#socket.on('close', code => {
      this.isOpen = false
      around.onOutcome(`closed-${code}`)
    })
  }

  get sentAtMs(): number {
    return Date.now() - this.#clientNowMs
  }

  async open(): Promise<boolean> {
    await once(this.#socket, 'open').catch(() => undefined)
    this.isOpen = this.#socket.readyState === WebSocket.OPEN
    return this.isOpen
  }

  hello(credential: string): void {
    this.#clientNowMs = Date.now()
    const streams = this.role === 'driver' ? [['s1', 'gnss', 1]] : []
    const hello = ['hello', 'h', credential, this.region, this.role, this.unitId, this.#clientNowMs, streams]
    this.last = Buffer.from(write(encodable(hello, this.format), this.format))
    this.send(this.last, this.format === 'binary')
  }

  send(bytes: Uint8Array, isBinary: boolean): void {
    if (this.isOpen) this.#socket.send(bytes, { binary: isBinary })
  }

  /** Until all that was sent has been looked at, which a pong tells. */
  served(): Promise<Served> {
    return this.#until(done => {
      this.#socket.once('pong', done)
      this.#socket.ping()
    })
  }

  /** Until the next message. */
  answered(): Promise<Served> {
    return this.#until(done => {
      this.#onMessage = done
    })
  }

  leave(): void {
    this.isOpen = false
    this.#socket.terminate()
  }

  #until(listen: (done: () => void) => void): Promise<Served> {
    if (!this.isOpen) return Promise.resolve('ended')
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve('silent'), HANGS_MS)
      const done = () => {
        clearTimeout(timer)
        this.#socket.off('close', done)
        this.#socket.off('pong', done)
        resolve(this.isOpen ? 'served' : 'ended')
      }
      this.#socket.once('close', done)
      listen(done)
    })
  }

  #hear(data: Buffer, isBinary: boolean): void {
    const message = decodeServer(isBinary ? data : data.toString())
    this.#around.known.hear(message)
    this.learn(message)
    if (message[0] === 'welcome') this.isWelcome = true
    if (message[0] === 'welcome' && message[2].ticket !== null) this.#around.onTicket(message[2].ticket)
    if (message[0] === 'error' && message[4]?.writes === 'stalled') this.isToRetry = true
    if (message[0] === 'error') this.#around.onOutcome(message[2])
    else if (message[0] === 'reply' || message[0] === 'welcome') this.#around.onOutcome(message[0])
    this.#onMessage()
  }
}
