/** One address for the clients, whichever engine serves: each new connection is led to the one that says it is ready. */
import { createServer, connect as dial, type Server, type Socket } from 'node:net'

export class Forwarder {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: () => number | null) {
    this.#server = createServer(client => {
      client.on('error', () => undefined)
      const port = target()
      // As a port on which nobody listens: refused at once, and not left to wait.
      if (port === null) return void client.resetAndDestroy()
      this.#link(client, dial(port, '127.0.0.1'))
    })
  }

  /** Input: the port of the engine that is ready; null while none is. */
  static async listen(target: () => number | null): Promise<Forwarder> {
    const forwarder = new Forwarder(target)
    await new Promise<void>((resolve, reject) => {
      forwarder.#server.once('error', reject)
      forwarder.#server.listen(0, '127.0.0.1', resolve)
    })
    return forwarder
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }

  #link(client: Socket, engine: Socket): void {
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      this.#sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => other.resetAndDestroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }
}
