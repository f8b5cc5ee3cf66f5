/** A dispatcher that does nothing wrong while others do, and must be served all along. */
import { WebSocket } from 'ws'
import { decodeServer, encodeClient } from '../../src/protocol/codec.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import { HANGS_MS } from '../support/within.ts'

/** How often it asks. */
const EVERY_MS = 50

export interface BystanderOptions {
  readonly port: number
  readonly region: string
  readonly token: string
  readonly onUnserved: (what: string) => void
  /** An answer that takes longer counts as none. */
  readonly patienceMs?: number
}

type Refused = Extract<ServerMessage, ['error', ...unknown[]]>

export class Bystander {
  /** How long each answer took. */
  readonly latenciesMs: number[] = []
  readonly #options: BystanderOptions
  readonly #patienceMs: number
  readonly #socket: WebSocket
  /** What it asked and has no answer to, by its id, since it asked first. */
  readonly #askedAtMs = new Map<string, number>()
  readonly #welcomed: Promise<void>
  #timer: NodeJS.Timeout | null = null
  #asked = 0
  #isLeaving = false

  constructor(options: BystanderOptions) {
    this.#options = options
    this.#patienceMs = options.patienceMs ?? HANGS_MS
    this.#socket = new WebSocket(`ws://127.0.0.1:${options.port}/v1/ws`, ['goldenhour.v1'])
    this.#welcomed = new Promise((resolve, reject) => {
      this.#socket.on('error', reject)
      this.#socket.on('close', code => {
        reject(new Error(`The bystander was closed with ${code}.`))
        if (!this.#isLeaving) options.onUnserved(`the bystander was closed with ${code}`)
      })
      this.#socket.on('open', () =>
        this.#say(['hello', 'h', options.token, options.region, 'dispatcher', null, Date.now(), []]),
      )
      this.#socket.on('message', (data: Buffer) => this.#hear(data, resolve))
    })
  }

  async start(): Promise<void> {
    await this.#welcomed
    this.#timer = setInterval(() => this.#ask(), EVERY_MS)
  }

  /** Waits for what is still to be answered, then leaves. */
  async leave(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    const giveUpAtMs = performance.now() + this.#patienceMs
    while (this.#askedAtMs.size > 0 && performance.now() < giveUpAtMs) {
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    for (const id of this.#askedAtMs.keys()) this.#options.onUnserved(`the bystander's ${id} was never answered`)
    this.#isLeaving = true
    this.#socket.close()
  }

  #ask(): void {
    const id = `q${++this.#asked}`
    this.#askedAtMs.set(id, performance.now())
    this.#send(id)
  }

  #send(id: string): void {
    this.#say(['nearest', id, 1_747_600_000, -368_500_000, 3, null])
  }

  #hear(data: Buffer, welcomed: () => void): void {
    const message = decodeServer(data)
    if (message[0] === 'welcome') welcomed()
    if (message[0] === 'error') this.#refused(message)
    if (message[0] !== 'reply') return
    const askedAtMs = this.#askedAtMs.get(message[1])
    if (askedAtMs === undefined) return
    this.#askedAtMs.delete(message[1])
    const tookMs = performance.now() - askedAtMs
    this.latenciesMs.push(tookMs)
    if (tookMs > this.#patienceMs) this.#options.onUnserved(`the bystander waited ${Math.round(tookMs)} ms`)
  }

  /**
   * By [CM-8] whoever asks while the store is too slow is told to ask again, and on a busy machine it may be. So it does,
   * under the same id, and its patience counts from the first time.
   */
  #refused([, id, code, , details]: Refused): void {
    const { writes, retryAfterMs } = details ?? {}
    const isStalled = code === 'unavailable' && writes === 'stalled' && typeof retryAfterMs === 'number'
    if (!isStalled || id === null || !this.#askedAtMs.has(id)) {
      if (id !== null) this.#askedAtMs.delete(id)
      this.#options.onUnserved(`the bystander was answered ${code}`)
      return
    }
    setTimeout(() => {
      if (!this.#isLeaving) this.#send(id)
    }, retryAfterMs)
  }

  #say(message: ClientMessage): void {
    this.#socket.send(encodeClient(message, 'binary') as Uint8Array)
  }
}
