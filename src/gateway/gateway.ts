/** The door of the process: one port for WebSockets and HTTP. */

import type { TemplatedApp, us_listen_socket, us_socket } from 'uWebSockets.js'
import { setTimeout as delay } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import { systemClock } from '../actors/clock.ts'
import type { GatewayContext } from './context.ts'
import { CutLog } from './cut-log.ts'
import { Entrance } from './entrance.ts'
import { HttpConnections } from './http-connections.ts'
import { Limiter } from './limits/limiter.ts'
import { PortTaken } from './port-holder.ts'
import { mountRoutes } from './routes/index.ts'
import { SessionRegistry } from './session-registry.ts'
import { StoreWaits } from './store-waits.ts'
import { CertificateUnfit, CertificateWatch, checkCertificate, type TlsFiles, tlsOptions } from './tls.ts'
import { loadUws, type Uws } from './uws.ts'
import { mountNoUpgrade, mountWsDoor } from './ws-door.ts'

type MadeHere = 'cuts' | 'limiter' | 'entrance' | 'connections' | 'storeWaits' | 'sessions' | 'newSessionId'

export interface GatewayOptions extends Omit<GatewayContext, MadeHere> {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Null: plain HTTP and WebSocket. */
  readonly tls: TlsFiles | null
}

export interface Gateway {
  /** The port that was taken. */
  readonly port: number
  /** How many clients are signed in. */
  readonly sessions: number
  /**
   * Takes no more connections, and tells all sessions to reconnect after `afterMs` plus a random share of a spread, which
   * is the longer the more there are. Those who are connected are served until `close`.
   */
  beginDrain(afterMs: number): void
  /** Ends what is left: sessions with 4503, requests unanswered. */
  close(): Promise<void>
}

/** How long the close frames get to reach the clients before the sockets are cut. */
const LINGER_MS = 50

/** Errors: PortTaken; UwsUnavailable; CertificateUnfit. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  return new RunningGateway(options)
}

class RunningGateway implements Gateway {
  readonly port: number
  readonly #uws: Uws
  readonly #options: GatewayOptions
  readonly #context: GatewayContext
  /** All but the last have only the connections that they took before the certificate changed. */
  readonly #apps: TemplatedApp[] = []
  readonly #watch: CertificateWatch | null
  #listening: us_listen_socket | null = null

  constructor(options: GatewayOptions) {
    const { tls, door, metrics, log, host } = options
    this.#uws = loadUws()
    // Undocumented: without it every answer carries the name and version of the library.
    ;(this.#uws as Uws & { _cfg(setting: 'silent'): void })._cfg('silent')
    this.#options = options
    const entrance = new Entrance(door, tls !== null, metrics)
    this.#context = {
      ...options,
      sessions: new SessionRegistry(door.limits.helloTimeoutMs, options.revocations, options.wallClock, systemClock),
      limiter: new Limiter(door.limits, metrics, systemClock),
      entrance,
      connections: new HttpConnections(door.limits, entrance, metrics),
      storeWaits: new StoreWaits(options.store, systemClock),
      cuts: new CutLog(log, systemClock),
      newSessionId: nanoid,
    }
    try {
      if (tls !== null) {
        const goodUntil = checkCertificate(tls)
        if (goodUntil.getTime() < Date.now())
          log.error({ ...tls, goodUntil }, 'the certificate has expired; replace it')
      }
      this.port = this.#listenFirst(host, options.port)
      this.#watch = tls === null ? null : new CertificateWatch(tls, () => this.#changeCertificate(), log, metrics)
    } catch (error) {
      // Its timer would keep a process from ending that could not start.
      this.#context.sessions.stop()
      throw error
    }
  }

  get sessions(): number {
    let count = 0
    for (const conversation of this.#context.sessions) if (conversation.isSignedIn) count += 1
    return count
  }

  beginDrain(afterMs: number): void {
    this.#stopAccepting()
    this.#context.sessions.goAway(afterMs)
  }

  async close(): Promise<void> {
    this.#stopAccepting()
    const { sessions } = this.#context
    const hadConversations = sessions.size > 0
    sessions.end()
    if (hadConversations) await delay(LINGER_MS)
    for (const app of this.#apps) app.close()
    this.#context.storeWaits.stop()
    this.#context.cuts.stop()
  }

  #listenFirst(host: string, port: number): number {
    const app = this.#makeApp()
    this.#apps.push(app)
    this.#listening = this.#listen(app, port)
    if (this.#listening === null) {
      app.close()
      throw new PortTaken(`Port ${port} of ${host} cannot be listened on.`)
    }
    const taken = this.#uws.us_socket_local_port(this.#listening as unknown as us_socket)
    // A port that the system picked cannot be listened on anew while connections of it are open; one that was named can.
    if (port !== 0 || this.#options.tls === null) return taken
    this.#uws.us_listen_socket_close(this.#listening)
    this.#listening = null
    return this.#listenFirst(host, taken)
  }

  #makeApp(): TemplatedApp {
    const { tls } = this.#options
    let app: TemplatedApp
    try {
      app = tls === null ? this.#uws.App() : this.#uws.SSLApp(tlsOptions(tls))
    } catch (error) {
      throw new CertificateUnfit('The TLS library does not take the certificate and its key.', { cause: error })
    }
    this.#context.connections.mount(app)
    mountWsDoor(app, this.#context)
    mountNoUpgrade(app, this.#context)
    mountRoutes(app, this.#context)
    return app
  }

  /**
   * A second app takes over the port, since uWebSockets.js reads its certificate once. Connections of the first go on
   * there; only what has not been accepted at this moment is refused, hence the wait for a moment when all was.
   */
  #changeCertificate(): void {
    const app = this.#makeApp()
    setImmediate(() => {
      if (this.#listening === null) return
      this.#uws.us_listen_socket_close(this.#listening)
      this.#listening = this.#listen(app, this.port)
      if (this.#listening !== null) {
        this.#apps.push(app)
        return
      }
      this.#context.log.error({ port: this.port }, 'the port could not be taken again with the new certificate')
      this.#listening = this.#listen(this.#apps.at(-1)!, this.port)
    })
  }

  #stopAccepting(): void {
    this.#watch?.close()
    if (this.#listening !== null) this.#uws.us_listen_socket_close(this.#listening)
    this.#listening = null
  }

  #listen(app: TemplatedApp, port: number): us_listen_socket | null {
    const sockets: (us_listen_socket | false)[] = []
    const listen = app.listen.bind(app) as unknown as ListenOn
    listen(this.#options.host, port, EXCLUSIVE_PORT, socket => sockets.push(socket))
    return sockets[0] || null
  }
}

/** uWebSockets.js takes options after host and port too; its types leave that form out. */
type ListenOn = (
  host: string,
  port: number,
  options: number,
  listening: (socket: us_listen_socket | false) => void,
) => void
/** LIBUS_LISTEN_EXCLUSIVE_PORT. By default two processes may share a port, and the kernel deals connections out to them. */
const EXCLUSIVE_PORT = 1
