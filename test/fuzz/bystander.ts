/** A dispatcher that does nothing wrong while others do, and must be served all along. */
import { WebSocket } from 'ws'
import { decodeServer, encodeClient } from '../../src/protocol/codec.ts'
import type { ClientMessage } from '../../src/protocol/wire.ts'

/** How often it asks. */
const EVERY_MS = 50
/** An answer that takes longer counts as none. */
const ANSWER_MS = 20_000

export interface BystanderOptions {
  readonly port: number
  readonly region: string
  readonly token: string
  readonly onUnserved: (what: string) => void
}

export class Bystander {
  /** How long each answer took. */
  readonly latenciesMs: number[] = []
  readonly #options: BystanderOptions
  readonly #socket: WebSocket
  readonly #askedAtMs = new Map<string, number>()
  readonly #welcomed: Promise<void>
  #timer: NodeJS.Timeout | null = null
  #asked = 0
  #isLeaving = false

  constructor(options: BystanderOptions) {
    this.#options = options
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
    const giveUpAtMs = performance.now() + ANSWER_MS
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
    this.#say(['nearest', id, 1_747_600_000, -368_500_000, 3, null])
  }

  #hear(data: Buffer, welcomed: () => void): void {
    const message = decodeServer(data)
    if (message[0] === 'welcome') welcomed()
    if (message[0] === 'error') this.#options.onUnserved(`the bystander was answered ${message[2]}`)
    if (message[0] !== 'reply') return
    const askedAtMs = this.#askedAtMs.get(message[1])
    if (askedAtMs === undefined) return
    this.#askedAtMs.delete(message[1])
    const tookMs = performance.now() - askedAtMs
    this.latenciesMs.push(tookMs)
    if (tookMs > ANSWER_MS) this.#options.onUnserved(`the bystander waited ${Math.round(tookMs)} ms`)
  }

  #say(message: ClientMessage): void {
    this.#socket.send(encodeClient(message, 'binary') as Uint8Array)
  }
}
