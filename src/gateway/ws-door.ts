/** Where WebSockets come in: agrees on a subprotocol and carries frames to their conversation. */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js'
import type { WireFormat } from '../protocol/codec.ts'
import { LIMITS } from '../protocol/limits.ts'
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../protocol/wire.ts'
import { Connection } from './connection.ts'
import type { GatewayContext } from './context.ts'
import { Conversation } from './conversation.ts'
import { problem, writeReply } from './http.ts'

const WS_PATH = '/v1/ws'
/** A connection without a frame or pong for this long is gone; uWebSockets.js pings before that. */
const IDLE_TIMEOUT_S = 60

interface Client {
  readonly format: WireFormat
  connection: Connection | null
  conversation: Conversation | null
}

/** Mounts the door. Output: the conversations that are open, kept up to date. */
export function mountWsDoor(app: TemplatedApp, context: GatewayContext): ReadonlySet<Conversation> {
  const conversations = new Set<Conversation>()
  app.ws<Client>(WS_PATH, {
    // Above our own limit, so that a frame somewhat too large gets an answer; past this uWebSockets.js cuts the
    // connection before it buffers more.
    maxPayloadLength: 4 * LIMITS.frameBytes.dispatcher,
    maxBackpressure: LIMITS.backpressureBytes,
    idleTimeout: IDLE_TIMEOUT_S,
    sendPingsAutomatically: true,
    upgrade: (res, req, socket) => upgrade(res, req, socket, context),
    open(ws) {
      const client = ws.getUserData()
      const connection = new Connection(ws as WebSocket<unknown>, client.format, context.metrics)
      client.connection = connection
      client.conversation = new Conversation(context, connection)
      conversations.add(client.conversation)
    },
    message(ws, message, isBinary) {
      ws.getUserData().conversation?.receive(message, isBinary)
    },
    drain(ws) {
      ws.getUserData().connection?.drained()
    },
    close(ws, code) {
      const { conversation } = ws.getUserData()
      if (conversation === null) return
      conversations.delete(conversation)
      conversation.ended(code)
    },
  })
  return conversations
}

function upgrade(res: HttpResponse, req: HttpRequest, socket: us_socket_context_t, context: GatewayContext): void {
  const offered = req.getHeader('sec-websocket-protocol')
  const format = formatOf(offered)
  if (format === null) {
    const message = `Offer the subprotocol ${SUBPROTOCOL_BINARY} or ${SUBPROTOCOL_JSON}.`
    context.metrics.refusal('invalid-field')
    const details = { path: 'Sec-WebSocket-Protocol' }
    writeReply(res, problem({ code: 'invalid-field', message, details }), { isHead: false })
    return
  }
  res.upgrade<Client>(
    { format, connection: null, conversation: null },
    req.getHeader('sec-websocket-key'),
    format === 'binary' ? SUBPROTOCOL_BINARY : SUBPROTOCOL_JSON,
    req.getHeader('sec-websocket-extensions'),
    socket,
  )
}

/** The first of the client's choices that we speak. */
function formatOf(offered: string): WireFormat | null {
  for (const name of offered.split(',')) {
    if (name.trim() === SUBPROTOCOL_BINARY) return 'binary'
    if (name.trim() === SUBPROTOCOL_JSON) return 'json'
  }
  return null
}
