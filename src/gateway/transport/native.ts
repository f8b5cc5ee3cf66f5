/** The transport over uWebSockets.js. */
import type { AppOptions, TemplatedApp, us_listen_socket, us_socket } from 'uWebSockets.js'
import type { Logger } from '../../telemetry/log.ts'
import { PortTaken } from '../port-holder.ts'
import { CertificateUnfit, TLS_CIPHERS, type TlsFiles } from '../tls.ts'
import type { DoorApp, DoorSettings, OpenDoor, Transport } from './transport.ts'
import { loadUws, type Uws } from './uws.ts'

/** Errors: UwsUnavailable. */
export function nativeTransport(): Transport {
  const uws = loadUws()
  // Undocumented: without it every answer carries the name and version of the library.
  ;(uws as Uws & { _cfg(setting: 'silent'): void })._cfg('silent')
  return { name: 'native', open: async settings => new NativeDoor(uws, settings) }
}

class NativeDoor implements OpenDoor {
  readonly port: number
  readonly #uws: Uws
  readonly #settings: DoorSettings
  readonly #log: Logger
  /** All but the last have only the connections that they took before the certificate changed. */
  readonly #apps: TemplatedApp[] = []
  #listening: us_listen_socket | null = null

  constructor(uws: Uws, settings: DoorSettings) {
    this.#uws = uws
    this.#settings = settings
    this.#log = settings.log
    this.port = this.#listenFirst(settings.port)
  }

  /**
   * A second app takes over the port, since uWebSockets.js reads its certificate once. Connections of the first go on
   * there; only what has not been accepted at this moment is refused, hence the wait for a moment when all was.
   */
  changeCertificate(): void {
    const app = this.#makeApp()
    setImmediate(() => {
      if (this.#listening === null) return
      this.#uws.us_listen_socket_close(this.#listening)
      this.#listening = this.#listen(app, this.port)
      if (this.#listening !== null) {
        this.#apps.push(app)
        return
      }
      this.#log.error({ port: this.port }, 'the port could not be taken again with the new certificate')
      this.#listening = this.#listen(this.#apps.at(-1)!, this.port)
    })
  }

  stopAccepting(): void {
    if (this.#listening !== null) this.#uws.us_listen_socket_close(this.#listening)
    this.#listening = null
  }

  close(): void {
    this.stopAccepting()
    for (const app of this.#apps) app.close()
  }

  #listenFirst(port: number): number {
    const app = this.#makeApp()
    this.#apps.push(app)
    this.#listening = this.#listen(app, port)
    if (this.#listening === null) {
      app.close()
      throw new PortTaken(`Port ${port} of ${this.#settings.host} cannot be listened on.`)
    }
    const taken = this.#uws.us_socket_local_port(this.#listening as unknown as us_socket)
    // A port that the system picked cannot be listened on anew while connections of it are open; one that was named can.
    if (port !== 0 || this.#settings.tls === null) return taken
    this.stopAccepting()
    return this.#listenFirst(taken)
  }

  #makeApp(): TemplatedApp {
    const { tls, mount } = this.#settings
    let app: TemplatedApp
    try {
      app = tls === null ? this.#uws.App() : this.#uws.SSLApp(tlsOptions(tls))
    } catch (error) {
      throw new CertificateUnfit('The TLS library does not take the certificate and its key.', { cause: error })
    }
    mount(app as unknown as DoorApp)
    return app
  }

  #listen(app: TemplatedApp, port: number): us_listen_socket | null {
    const sockets: (us_listen_socket | false)[] = []
    const listen = app.listen.bind(app) as unknown as ListenOn
    listen(this.#settings.host, port, EXCLUSIVE_PORT, socket => sockets.push(socket))
    return sockets[0] || null
  }
}

/** uWebSockets.js speaks TLS 1.2 and 1.3 and nothing older. */
function tlsOptions({ certFile, keyFile }: TlsFiles): AppOptions {
  return {
    cert_file_name: certFile,
    key_file_name: keyFile,
    ssl_ciphers: TLS_CIPHERS,
    ssl_prefer_low_memory_usage: true,
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
