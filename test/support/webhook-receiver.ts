/** A receiver of webhooks: keeps what it is told, and answers as a test says. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from './within.ts'

export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export interface ToldItem {
  readonly id: string
  readonly position: number
  readonly index: number
  readonly recordedAtMs: number
  readonly commandId: string | null
  readonly principal?: string
  readonly event: Readonly<Record<string, unknown>> & { readonly type: string }
}

export interface ReceivedMessage {
  readonly headers: IncomingHttpHeaders
  readonly path: string
  readonly body: string
  readonly data: {
    readonly webhook: string
    readonly region: string
    readonly logId: string
    readonly afterPosition: number
    readonly gaps: readonly object[]
    readonly events: readonly ToldItem[]
  }
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

type Answering = (message: ReceivedMessage, number: number) => Answer | Promise<Answer | 'cut'> | 'cut'

export class WebhookReceiver {
  /** Every one, however it was answered. */
  readonly messages: ReceivedMessage[] = []
  /** Those that were answered well. */
  readonly taken: ReceivedMessage[] = []
  answer: Answering = () => ({ status: 204 })
  readonly #server: Server

  static async open(ending: { after(run: () => Promise<void>): void }): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver()
    await new Promise<void>(resolve => receiver.#server.listen(0, '127.0.0.1', resolve))
    ending.after(() => receiver.#close())
    return receiver
  }

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks).toString()
      const data = body === '' ? null : JSON.parse(body).data
      const message = { headers: request.headers, path: request.url!, body, data }
      const answer = await this.answer(message, this.messages.push(message))
      if (answer === 'cut') return void request.socket.destroy()
      if (answer.status >= 200 && answer.status < 300) this.taken.push(message)
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`
  }

  /** What it has been told of a region, each event once, in the order in which it came first. */
  told(region: string): ToldItem[] {
    const items = this.taken.filter(({ data }) => data.region === region).flatMap(({ data }) => data.events)
    return [...new Map(items.map(item => [item.id, item])).values()]
  }

  async until(what: string, isThere: () => boolean): Promise<void> {
    const wait = async () => {
      while (!isThere()) await sleep(2)
    }
    await within(what, wait())
  }

  #close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }
}
