/** The door of the process: one port for WebSockets and HTTP. */

import type { TemplatedApp, us_listen_socket, us_socket } from 'uWebSockets.js'
import { setTimeout as delay } from 'node:timers/promises'
import { CLOSE_CODES } from '../protocol/errors.ts'
import type { GatewayContext } from './context.ts'
import { mountRoutes } from './routes.ts'
import { loadUws } from './uws.ts'
import { mountWsDoor } from './ws-door.ts'

export interface GatewayOptions extends GatewayContext {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

export interface Gateway {
  /** The port that was taken. */
  readonly port: number
  /** How many clients are signed in. */
  readonly sessions: number
  /**
   * Takes no more connections, and tells all sessions to reconnect after `afterMs` plus a random share of `spreadMs`.
   * Those who are connected are served until `close`.
   */
  beginDrain(afterMs: number, spreadMs: number): void
  /** Ends what is left: sessions with 4503, requests unanswered. */
  close(): Promise<void>
}

/** The port could not be taken; the message says what to do. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
}

/** How long the close frames get to reach the clients before the sockets are cut. */
const LINGER_MS = 50

/** Errors: PortTaken; UwsUnavailable. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const uws = loadUws()
  const app = uws.App()
  const conversations = mountWsDoor(app, options)
  mountRoutes(app, options)
  let listening: us_listen_socket | null = listen(app, options.host, options.port)
  const port = uws.us_socket_local_port(listening as unknown as us_socket)

  const stopAccepting = () => {
    if (listening !== null) uws.us_listen_socket_close(listening)
    listening = null
  }
  return {
    port,
    get sessions() {
      let count = 0
      for (const conversation of conversations) if (conversation.isSignedIn) count += 1
      return count
    },
    beginDrain(afterMs, spreadMs) {
      stopAccepting()
      for (const conversation of conversations) {
        if (conversation.isSignedIn) conversation.goAway(afterMs, spreadMs)
      }
    },
    async close() {
      stopAccepting()
      const hadConversations = conversations.size > 0
      for (const conversation of [...conversations]) conversation.close(CLOSE_CODES.goingAway, 'going away')
      if (hadConversations) await delay(LINGER_MS)
      app.close()
    },
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

function listen(app: TemplatedApp, host: string, port: number): us_listen_socket {
  const sockets: (us_listen_socket | false)[] = []
  ;(app.listen.bind(app) as unknown as ListenOn)(host, port, EXCLUSIVE_PORT, socket => sockets.push(socket))
  const [socket] = sockets
  if (socket !== undefined && socket !== false) return socket
  app.close()
  throw new PortTaken(
    `Port ${port} of ${host} cannot be listened on: another program has it, or the address is not this machine's. ` +
      'Stop the other program, or choose another port or address in the configuration.',
  )
}
