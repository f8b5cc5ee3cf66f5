/**
 * Stands between a client and the engine: writes down every frame as the client sends and gets it, and does what a bad
 * network does. HTTP requests are passed on as they are.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Entry, Unnumbered } from '../judge/log.ts'
import { decode } from '../judge/msgpack.ts'
import type { Protocol } from '../judge/protocol.ts'

/** A frame on its way, read as far as it can be. */
export interface Passing {
  readonly side: 'client' | 'server'
  /** Null where it is no message. */
  readonly type: string | null
  readonly fields: readonly unknown[]
  readonly data: string | Uint8Array
  readonly link: Link
}

/** What becomes of a frame: passed on, or taken away by whoever meddles. */
export type Meddler = (passing: Passing) => 'pass' | 'taken'

export class Link {
  readonly name: string
  readonly isBinary: boolean
  readonly #client: WebSocket
  readonly #engine: WebSocket
  readonly #recorder: Recorder
  isClosed = false

  constructor(name: string, client: WebSocket, engine: WebSocket, recorder: Recorder) {
    this.name = name
    this.isBinary = engine.protocol === 'goldenhour.v1'
    this.#client = client
    this.#engine = engine
    this.#recorder = recorder
    client.on('message', (data: Buffer, isBinary) => recorder.pass(this, 'client', isBinary ? data : data.toString()))
    engine.on('message', (data: Buffer, isBinary) => recorder.pass(this, 'server', isBinary ? data : data.toString()))
    client.on('close', code => this.#ended(code, () => this.#engine.close()))
    engine.on('close', (code, reason) => {
      const isSent = code === 1000 || code >= 3000
      this.#ended(code, () => (isSent ? this.#client.close(code, reason) : this.#client.terminate()))
    })
    for (const socket of [client, engine]) socket.on('error', () => undefined)
  }

  /** To the client, as if the engine had sent it. */
  toClient(data: string | Uint8Array): void {
    if (this.isClosed) return
    this.#recorder.write({ ...this.#stamp(), dir: 'received', data })
    this.#client.send(data)
  }
  toEngine(data: string | Uint8Array): void {
    this.#engine.send(data)
  }

  /** Both sides lose the connection without a word. */
  cut(): void {
    this.#ended(1006, () => undefined)
    this.#client.terminate()
    this.#engine.terminate()
  }

  #ended(code: number, endOther: () => void): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#recorder.write({ ...this.#stamp(), dir: 'closed', code: code === 1005 ? 1000 : code })
    endOther()
  }
  #stamp() {
    return { atMs: this.#recorder.nowMs(), connection: this.name }
  }
}

export class Recorder {
  readonly entries: Entry[] = []
  readonly links: Link[] = []
  meddler: Meddler = () => 'pass'
  /** Hears every frame that was written down. */
  onPassed: (passing: Passing) => void = () => undefined
  readonly #protocol: Protocol
  readonly #enginePort: number
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #startedMs = Date.now() - performance.now()

  private constructor(protocol: Protocol, enginePort: number) {
    this.#protocol = protocol
    this.#enginePort = enginePort
    this.#server = createServer((asked, answer) => this.#forward(asked, answer))
    this.#server.on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(asked, socket, head),
    )
  }

  static async listen(protocol: Protocol, enginePort: number, port: number): Promise<Recorder> {
    const recorder = new Recorder(protocol, enginePort)
    await new Promise<void>((resolve, reject) => {
      recorder.#server.once('error', reject)
      recorder.#server.listen(port, '127.0.0.1', resolve)
    })
    return recorder
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** Epoch milliseconds that never run backwards. */
  nowMs(): number {
    return Math.round((this.#startedMs + performance.now()) * 10) / 10
  }

  write(entry: Unnumbered): void {
    this.entries.push({ ...entry, line: this.entries.length + 1 } as Entry)
  }

  pass(link: Link, side: 'client' | 'server', data: string | Uint8Array): void {
    if (link.isClosed) return
    const passing: Passing = { side, data, link, ...this.#read(link, side, data) }
    if (side === 'client') this.write({ atMs: this.nowMs(), connection: link.name, dir: 'sent', data })
    if (this.meddler(passing) === 'taken') return
    if (side === 'client') link.toEngine(data)
    else link.toClient(data)
    this.onPassed(passing)
  }

  async close(): Promise<void> {
    for (const link of this.links) if (!link.isClosed) link.cut()
    this.#server.closeAllConnections()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #read(link: Link, side: 'client' | 'server', data: string | Uint8Array): Pick<Passing, 'type' | 'fields'> {
    try {
      const tuple = typeof data === 'string' ? JSON.parse(data) : decode(data)
      if (Array.isArray(tuple))
        return { type: this.#protocol.nameOf(side, tuple[0], link.isBinary), fields: tuple.slice(1) }
    } catch {
      // What it is, the judge says.
    }
    return { type: null, fields: [] }
  }

  /** The engine is asked first, so that its choice of the subprotocols, or its refusal, is what the client gets. */
  #upgrade(asked: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined)
    const offered = (asked.headers['sec-websocket-protocol'] ?? '')
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== '')
    const engine = new WebSocket(`ws://127.0.0.1:${this.#enginePort}${asked.url ?? ''}`, offered, {
      perMessageDeflate: false,
    })
    // What comes before there is a link to pass it on is kept.
    const early: [Buffer, boolean][] = []
    const keep = (data: Buffer, isBinary: boolean) => early.push([data, isBinary])
    engine.on('message', keep)
    engine.on('error', () => undefined)
    engine.once('unexpected-response', (_, answer) => {
      socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`)
      answer.resume()
      socket.end()
      engine.terminate()
    })
    engine.once('open', () => {
      const chosen = engine.protocol
      this.#sockets.options.handleProtocols = () => chosen
      this.#sockets.handleUpgrade(asked, socket, head, client => {
        const name = String(this.links.length + 1)
        this.write({ atMs: this.nowMs(), connection: name, dir: 'open', subprotocol: chosen })
        engine.off('message', keep)
        const link = new Link(name, client, engine, this)
        this.links.push(link)
        for (const [data, isBinary] of early) this.pass(link, 'server', isBinary ? data : data.toString())
      })
    })
  }

  #forward(asked: IncomingMessage, answer: ServerResponse): void {
    const { method, url, headers } = asked
    const onward = request({ host: '127.0.0.1', port: this.#enginePort, method, path: url, headers }, got => {
      answer.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  }
}
