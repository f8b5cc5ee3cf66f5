/** A request of `node:http` and its response, in the forms of the gateway. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { DoorRequest, DoorResponse } from '../transport.ts'
import type { HttpConnection } from './http-connection.ts'

export class PortableRequest implements DoorRequest {
  readonly path: string
  readonly #query: string | undefined
  readonly #method: string
  /** Of the head, names in lower case. */
  readonly #lines: readonly (readonly [name: string, value: string])[]
  #parameters: readonly string[] = []
  #yields = false

  constructor(request: IncomingMessage) {
    const { rawHeaders, method = '', url = '' } = request
    this.#method = method
    this.#lines = Array.from({ length: rawHeaders.length / 2 }, (_, i) => [
      rawHeaders[2 * i]!.toLowerCase(),
      rawHeaders[2 * i + 1]!,
    ])
    const mark = url.indexOf('?')
    this.path = mark < 0 ? url : url.slice(0, mark)
    this.#query = mark < 0 ? undefined : url.slice(mark + 1)
  }

  /** Before each handler that the request comes to. */
  enter(parameters: readonly string[]): void {
    this.#parameters = parameters
    this.#yields = false
  }

  get yields(): boolean {
    return this.#yields
  }

  /** Lines of the head. */
  get lines(): number {
    return this.#lines.length
  }

  getHeader(name: string): string {
    for (const [each, value] of this.#lines) if (each === name) return value
    return ''
  }

  forEach(each: (name: string, value: string) => void): void {
    for (const [name, value] of this.#lines) each(name, value)
  }

  getUrl(): string {
    return this.path
  }

  getQuery(): string | undefined {
    return this.#query
  }

  getCaseSensitiveMethod(): string {
    return this.#method
  }

  getParameter(index: number): string | undefined {
    return this.#parameters[index]
  }

  setYield(yields: boolean): void {
    this.#yields = yields
  }
}

/** Takes a handshake over. Input: what the connection's end is to be found under, and the subprotocol. */
export type Upgrade = (client: unknown, protocol: string) => void

export class PortableResponse implements DoorResponse {
  readonly #connection: HttpConnection
  readonly #request: IncomingMessage
  readonly #answer: ServerResponse
  /** Null where the request asked for nothing but HTTP. */
  readonly #upgrade: Upgrade | null
  #status = 200
  readonly #headers: string[] = []

  constructor(
    connection: HttpConnection,
    { request, answer, upgrade }: { request: IncomingMessage; answer: ServerResponse; upgrade: Upgrade | null },
  ) {
    this.#connection = connection
    this.#request = request
    this.#answer = answer
    this.#upgrade = upgrade
  }

  getRemoteAddressAsText(): ArrayBuffer {
    return this.#connection.getRemoteAddressAsText()
  }

  onAborted(handler: () => void): void {
    this.#connection.onAborted(handler)
  }

  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): void {
    this.#request.on('data', (chunk: Buffer) => handler(exactly(chunk), false))
    this.#request.on('end', () => {
      this.#connection.bodyEnded()
      handler(new ArrayBuffer(0), true)
    })
  }

  /** `node:http` writes the head with the body. */
  cork(write: () => void): void {
    write()
  }

  writeStatus(status: string): DoorResponse {
    this.#status = Number.parseInt(status, 10)
    return this
  }

  writeHeader(name: string, value: string): DoorResponse {
    this.#headers.push(name, value)
    return this
  }

  end(body: string | Uint8Array, closesConnection = false): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    this.#headers.push('Content-Length', String(bytes.length))
    this.#write(bytes, closesConnection)
  }

  endWithoutBody(_reportedLength?: number, closesConnection = false): void {
    this.#write(null, closesConnection)
  }

  close(): void {
    this.#connection.close()
  }

  upgrade<Client>(client: Client, _key: string, protocol: string): void {
    this.#connection.onAborted(null)
    if (this.#upgrade === null) this.close()
    else this.#upgrade(client, protocol)
  }

  #write(body: Uint8Array | null, closes: boolean): void {
    // An upgrade that is refused leaves a connection that nobody reads any more.
    const ends = closes || this.#upgrade !== null
    if (ends) this.#headers.push('Connection', 'close')
    // As the native transport: no word of what goes without saying.
    if (!ends && this.#answer.shouldKeepAlive) this.#answer.removeHeader('Connection')
    this.#answer.writeHead(this.#status, STATUS_CODES[this.#status] ?? '', this.#headers)
    if (body === null) this.#answer.end()
    else this.#answer.end(body)
    this.#connection.answered(this.#answer, ends)
  }
}

/** A buffer of its own, since Node's buffers lie in a larger one. */
export function exactly({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
}
