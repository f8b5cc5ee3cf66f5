/** One connection that HTTP requests go over, one after the other, as bytes; a new one where the last cannot be used again. */
import { connect, type Socket } from 'node:net'
import type { HttpRequest } from './http-requests.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** `ended`: the connection was closed without an answer. `silent`: nothing came in the time that was given. */
export type Answered = HttpAnswer | 'ended' | 'silent'

export class HttpLane {
  readonly #port: number
  #socket: Socket | null = null
  #received = Buffer.alloc(0)
  #hasEnded = false
  #text = ''
  #wake = () => {}

  constructor(port: number) {
    this.#port = port
  }

  /** All that has come since the last question, answered or not. */
  get text(): string {
    return this.#text
  }

  async ask(request: HttpRequest, withinMs: number): Promise<Answered> {
    const socket = this.#open()
    this.#text = ''
    socket.write(request.bytes)
    const answered = await this.#answer(request.isHead, withinMs)
    const isSpent = typeof answered === 'string' || answered.headers.get('connection') === 'close' || !request.isWhole
    if (isSpent) this.close()
    return answered
  }

  /** Without the wait of a polite end: there are more requests than ports. */
  close(): void {
    this.#socket?.resetAndDestroy()
    this.#socket = null
  }

  #open(): Socket {
    if (this.#socket !== null && !this.#hasEnded) return this.#socket
    this.close()
    this.#received = Buffer.alloc(0)
    this.#hasEnded = false
    const socket = connect(this.#port, '127.0.0.1')
    const ended = () => {
      if (this.#socket !== socket) return
      this.#hasEnded = true
      this.#wake()
    }
    socket.on('data', (data: Buffer) => {
      if (this.#socket !== socket) return
      this.#received = Buffer.concat([this.#received, data])
      this.#text += data.toString('latin1')
      this.#wake()
    })
    socket.on('error', ended)
    socket.on('close', ended)
    this.#socket = socket
    return socket
  }

  async #answer(isHead: boolean, withinMs: number): Promise<Answered> {
    const giveUpAtMs = performance.now() + withinMs
    for (;;) {
      const answer = this.#whole(isHead)
      if (answer !== null) return answer
      if (this.#hasEnded) return 'ended'
      const leftMs = giveUpAtMs - performance.now()
      if (leftMs <= 0) return 'silent'
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** The first answer of what has come, once all of it is here. */
  #whole(isHead: boolean): HttpAnswer | null {
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd < 0) return null
    const [line, ...rest] = this.#received.toString('latin1', 0, headEnd).split('\r\n')
    const headers = new Map(
      rest.map(each => {
        const colon = each.indexOf(':')
        return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()]
      }),
    )
    const bodyEnd = headEnd + 4 + (isHead ? 0 : Number(headers.get('content-length') ?? 0))
    // Where no length is told, the end of the connection is that of the body.
    const isOpenEnded = !isHead && !headers.has('content-length') && headers.get('connection') === 'close'
    if (isOpenEnded ? !this.#hasEnded : this.#received.length < bodyEnd) return null
    const body = this.#received.toString('utf8', headEnd + 4, isOpenEnded ? undefined : bodyEnd)
    this.#received = this.#received.subarray(bodyEnd)
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(line!)?.[1] ?? 0), headers, body }
  }
}
