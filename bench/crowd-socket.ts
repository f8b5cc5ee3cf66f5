/** The sockets of a crowd of real clients: what the client library expects of one, over the cheapest that there is. */
import type { ClientSocket, ClientSocketClass } from '../src/client/index.ts'
import { FrameSocket } from './frame-socket.ts'

const CONNECTING = 0
const OPEN = 1
const CLOSED = 3
/** RFC 6455 §7.1.5: the connection ended without a close frame. */
const ABNORMAL = 1006

/**
 * A class for `connect({ webSocket })`. Input: the local addresses that connections are spread over, in turn; what to
 * call when a connection has reached a server that listens.
 */
export function crowdSocketClass(localAddresses: readonly string[], onReached: () => void): ClientSocketClass {
  let made = 0
  return class implements ClientSocket {
    readyState = CONNECTING
    binaryType = ''
    onopen: ClientSocket['onopen'] = null
    onmessage: ClientSocket['onmessage'] = null
    onclose: ClientSocket['onclose'] = null
    onerror: ClientSocket['onerror'] = null
    readonly #socket: FrameSocket
    #ponged: () => void = () => undefined

    constructor(url: string) {
      const localAddress = localAddresses[made++ % localAddresses.length]
      const handlers = {
        onConnect: onReached,
        onOpen: () => {
          this.readyState = OPEN
          this.onopen?.({} as never)
        },
        onFrame: (data: Buffer) => this.onmessage?.({ data }),
        onPong: () => this.#ponged(),
        onEnd: (reason: string, code: number | null) => {
          this.readyState = CLOSED
          this.onclose?.({ code: code ?? ABNORMAL, reason })
        },
      }
      this.#socket = new FrameSocket(Number(new URL(url).port), handlers, localAddress)
    }

    send(data: string | Uint8Array): void {
      this.#socket.send(data as Uint8Array)
    }
    ping(): void {
      this.#socket.ping()
    }
    on(event: 'ping' | 'pong', listener: () => void): void {
      if (event === 'pong') this.#ponged = listener
    }
    close(): void {
      this.terminate()
    }
    terminate(): void {
      this.readyState = CLOSED
      this.#socket.cut()
    }
  }
}
