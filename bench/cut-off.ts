/**
 * A way to Postgres that can be cut and opened again: whoever is on it is thrown off, whoever comes meanwhile is turned away. It
 * can be made slow, too: then what Postgres answers comes so much later.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { atEnd } from './clean-up.ts'

export class CutOff {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly url: string
  #isCut = false
  #lateMs = 0

  static async before(databaseUrl: string): Promise<CutOff> {
    const target = new URL(databaseUrl)
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = new URL(databaseUrl)
    url.hostname = '127.0.0.1'
    url.port = String((server.address() as { port: number }).port)
    return new CutOff(server, { host: target.hostname, port: Number(target.port) }, url.href)
  }

  private constructor(server: Server, target: { readonly host: string; readonly port: number }, url: string) {
    this.#server = server
    this.url = url
    server.on('connection', socket => {
      if (this.#isCut) return void socket.resetAndDestroy()
      const behind = connect(target)
      socket.pipe(behind)
      behind.pipe(late(() => this.#lateMs)).pipe(socket)
      for (const [one, other] of [
        [socket, behind],
        [behind, socket],
      ] as const) {
        this.#sockets.add(one)
        one.on('error', () => undefined)
        one.on('close', () => {
          this.#sockets.delete(one)
          other.destroy()
        })
      }
    })
    atEnd(() => this.cut())
    atEnd(() => this.#server.close())
  }

  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  open(): void {
    this.#isCut = false
  }

  /** Answers of Postgres take so much longer from now on. */
  delay(lateMs: number): void {
    this.#lateMs = lateMs
  }
}

/** Passes on what comes so much later, in its order. */
function late(byMs: () => number): Transform {
  const waiting: Buffer[] = []
  const stream: Transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const lateMs = byMs()
      if (lateMs === 0 && waiting.length === 0) return done(null, chunk)
      waiting.push(chunk)
      setTimeout(() => stream.push(waiting.shift()), lateMs)
      done()
    },
    flush(done) {
      const look = () => void (waiting.length === 0 ? done() : setTimeout(look, 5))
      look()
    },
  })
  return stream
}
