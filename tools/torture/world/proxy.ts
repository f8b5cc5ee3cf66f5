/**
 * The wire between engine and Postgres: cuts connections at the worst moments, and delays answers.
 *
 * *before*: the request that commits was read from the engine and is not passed on. *during*: it was passed on, and no
 * answer came yet. *after*: the whole answer came, and is not passed on. In each case both sides lose the connection.
 */
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { CommitSpotter, MessageSplitter, type WireMessage } from './postgres-wire.ts'

export const CUT_MOMENTS = ['before', 'during', 'after'] as const
export type CutMoment = (typeof CUT_MOMENTS)[number]

interface Armed {
  readonly moment: CutMoment
  readonly done: () => void
}

export class PostgresProxy {
  readonly #server: Server
  readonly #links = new Set<Link>()
  readonly #target: () => number | null
  #armed: Armed | null = null
  #answerDelayMs: (() => number) | null = null

  private constructor(target: () => number | null) {
    this.#target = target
    this.#server = createServer(client => this.#accept(client))
  }

  /** Input: the port of the server of the moment; null while there is none, and connections are refused. */
  static async listen(target: () => number | null): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(target)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** The next commit loses its connection at that moment. Output: resolves when it has; `cancel` takes it back. */
  cutNextCommit(moment: CutMoment): { readonly done: Promise<void>; cancel(): void } {
    let armed!: Armed
    const done = new Promise<void>(resolve => {
      armed = { moment, done: resolve }
    })
    this.#armed = armed
    // One may be with the server already, and then hold up those that would be the next.
    if (moment === 'during') for (const link of this.#links) link.cutIfAsked()
    return {
      done,
      cancel: () => {
        if (this.#armed === armed) this.#armed = null
      },
    }
  }

  /** From now on each piece of an answer waits for so long; null: none does. Order is kept. */
  delayAnswers(delayMs: (() => number) | null): void {
    this.#answerDelayMs = delayMs
  }

  cutAll(): void {
    for (const link of [...this.#links]) link.cut()
  }

  async close(): Promise<void> {
    this.cutAll()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #accept(client: Socket): void {
    const port = this.#target()
    client.on('error', () => undefined)
    if (port === null) return void client.destroy()
    const link = new Link(client, dial(port, '127.0.0.1'), {
      armedFor: moment => this.#armed?.moment === moment,
      fired: () => {
        const armed = this.#armed
        this.#armed = null
        armed?.done()
      },
      answerDelayMs: () => this.#answerDelayMs?.() ?? 0,
      ended: () => this.#links.delete(link),
    })
    this.#links.add(link)
  }
}

interface LinkPorts {
  armedFor(moment: CutMoment): boolean
  fired(): void
  answerDelayMs(): number
  ended(): void
}

const READY_FOR_QUERY = 'Z'
const SYNC = 'S'

/** One connection of the engine's, and ours to the server for it. */
class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #ports: LinkPorts
  readonly #asked = new MessageSplitter(true)
  readonly #answered = new MessageSplitter(false)
  readonly #spotter = new CommitSpotter()
  /** A request that commits is with the server. */
  #committing = false
  /** The whole request has been passed on. */
  #requested = false
  /** The messages of an answer that may be withheld: one small answer at most. */
  readonly #held: Buffer[] = []
  #waiting = 0
  #answers: Promise<void> = Promise.resolve()
  #ended = false

  constructor(client: Socket, server: Socket, ports: LinkPorts) {
    this.#client = client
    this.#server = server
    this.#ports = ports
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => this.cut())
      socket.on('close', () => this.cut())
    }
    client.on('data', chunk => this.#fromClient(chunk))
    server.on('data', chunk => this.#fromServer(chunk))
    // Neither side is read faster than the other takes it.
    server.on('drain', () => client.resume())
    client.on('drain', () => server.resume())
  }

  cut(): void {
    if (this.#ended) return
    this.#ended = true
    this.#client.destroy()
    this.#server.destroy()
    this.#ports.ended()
  }

  #fromClient(chunk: Buffer): void {
    for (const message of this.#asked.push(chunk)) {
      if (this.#ended) return
      this.#onRequest(message)
    }
  }

  #onRequest(message: WireMessage): void {
    const commits = this.#spotter.asksForCommit(message)
    if (commits && this.#ports.armedFor('before')) return this.#fire()
    if (commits) this.#committing = true
    if (!this.#server.write(message.bytes)) this.#client.pause()
    if (!this.#committing || (message.type !== SYNC && message.type !== 'Q')) return
    this.#requested = true
    if (this.#ports.armedFor('during')) this.cutIfAsked()
  }

  /** Where a request that commits was passed on: cuts the connection while the server is at it, if that is to happen. */
  cutIfAsked(): void {
    if (!this.#committing || !this.#requested) return
    // Handed to the kernel, and on its way, before the connection is cut.
    this.#server.write(Buffer.alloc(0), () =>
      setTimeout(() => {
        if (this.#committing && this.#requested && this.#ports.armedFor('during')) this.#fire()
      }, REACHES_SERVER_MS),
    )
  }

  #fromServer(chunk: Buffer): void {
    for (const message of this.#answered.push(chunk)) {
      if (this.#ended) return
      const isLast = this.#committing && this.#requested && message.type === READY_FOR_QUERY
      if (isLast && this.#ports.armedFor('after')) return this.#fire()
      const isHeld = this.#held.length > 0 || (this.#committing && this.#requested && this.#ports.armedFor('after'))
      // Held back as a whole, so that the engine sees no part of it; passed on when another connection was cut instead.
      if (isHeld) this.#held.push(message.bytes)
      else this.#pass(message.bytes)
      if (!isLast) continue
      this.#committing = false
      this.#requested = false
      for (const bytes of this.#held.splice(0)) this.#pass(bytes)
    }
  }

  #pass(bytes: Buffer): void {
    const delayMs = this.#ports.answerDelayMs()
    const isWaiting = this.#waiting > 0
    if (delayMs === 0 && !isWaiting) return this.#toClient(bytes)
    this.#waiting += 1
    this.#answers = this.#answers.then(async () => {
      if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
      this.#waiting -= 1
      this.#toClient(bytes)
    })
  }

  #toClient(bytes: Buffer): void {
    if (this.#ended) return
    if (!this.#client.write(bytes)) this.#server.pause()
  }

  #fire(): void {
    this.cut()
    this.#ports.fired()
  }
}

/** Loopback needs far less; the statement that is to be cut off waits for a lock meanwhile. */
const REACHES_SERVER_MS = 20
