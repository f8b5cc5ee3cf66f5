/** A client of the matrix: says any tuple, and tells what came of it, whatever that is. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { WireFormat } from '../../../src/protocol/codec.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import { Client } from '../../gateway/harness.ts'
import { frame } from '../../protocol/frames.ts'

const PATIENCE_MS = 120_000

export class Wire {
  readonly #client: Client
  readonly #format: WireFormat
  readonly #kept: ServerMessage[] = []

  static async open(port: number, format: WireFormat): Promise<Wire> {
    const name = format === 'binary' ? 'goldenhour.v1' : 'goldenhour.v1.json'
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`, [name])
    const wire = new Wire(socket, format)
    await once(socket, 'open')
    return wire
  }

  private constructor(socket: WebSocket, format: WireFormat) {
    this.#client = new Client(socket, format)
    this.#format = format
  }

  get closed(): Promise<{ code: number; reason: string }> {
    return this.#client.closed
  }

  end(): void {
    this.#client.socket.terminate()
  }

  send(...tuple: readonly unknown[]): void {
    const bytes = frame(tuple, this.#format)
    this.#client.socket.send(this.#format === 'json' ? Buffer.from(bytes).toString() : bytes)
  }

  /** The welcome, reply or error that answers an id; an error that answers none under null. */
  answer(id: string | null): Promise<ServerMessage> {
    return this.hear(`the answer to ${id}`, message => ANSWERS.has(message[0]) && message[1] === id)
  }

  /** The first message that fits; those that do not are kept for others who ask. */
  async hear(what: string, fits: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    const at = this.#kept.findIndex(fits)
    if (at >= 0) return this.#kept.splice(at, 1)[0]!
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const error = () => new Error(`${what} did not come; there came ${JSON.stringify(this.#kept).slice(0, 2_000)}`)
      timer = setTimeout(() => reject(error()), PATIENCE_MS)
    })
    try {
      for (;;) {
        const message = await Promise.race([this.#client.next(), late])
        if (fits(message)) return message
        this.#kept.push(message)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Forgets what came and nobody asked for. */
  forget(): void {
    this.#kept.length = 0
  }
}

const ANSWERS: ReadonlySet<string> = new Set(['welcome', 'reply', 'error'])
