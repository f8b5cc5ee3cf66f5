/** Where WebSockets come in: looks at the handshake, agrees on a subprotocol, and carries frames to their conversation. */
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js'
import type { WireFormat } from '../protocol/codec.ts'
import type { Refusal } from '../protocol/errors.ts'
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../protocol/wire.ts'
import { Connection } from './connection.ts'
import type { GatewayContext } from './context.ts'
import { Conversation } from './conversation.ts'
import { WRONG_ORIGIN } from './cors.ts'
import { isAmbiguous, type Visitor } from './entrance.ts'
import { problem, writeReply } from './http.ts'

const WS_PATH = '/v1/ws'
/** RFC 6455 §4.2.1; the only version that anybody speaks. */
const WS_VERSION = '13'

interface Client {
  readonly format: WireFormat
  /** What the limits by address count it as. */
  readonly addressKey: string
  readonly address: string
  connection: Connection | null
  conversation: Conversation | null
}

export function mountWsDoor(app: TemplatedApp, context: GatewayContext): void {
  const { limits } = context.door
  app.ws<Client>(WS_PATH, {
    // Above our own limit, so that a frame somewhat too large gets an answer; past this uWebSockets.js cuts the
    // connection before it buffers more.
    maxPayloadLength: 4 * Math.max(limits.frameBytes.driver, limits.frameBytes.desk, limits.frameBytes.feed),
    maxBackpressure: limits.backpressureBytes,
    // uWebSockets.js pings before that.
    idleTimeout: limits.idleTimeoutS,
    sendPingsAutomatically: true,
    upgrade: (res, req, socket) => upgrade(res, req, socket, context),
    open(ws) {
      const client = ws.getUserData()
      const connection = new Connection(ws as WebSocket<unknown>, client.format, client.address, context)
      client.connection = connection
      client.conversation = new Conversation(context, connection)
    },
    message(ws, message, isBinary) {
      ws.getUserData().conversation?.receive(message, isBinary)
    },
    drain(ws) {
      ws.getUserData().connection?.drained()
    },
    close(ws, code) {
      const { conversation, addressKey } = ws.getUserData()
      context.limiter.leave(addressKey)
      conversation?.ended(code)
    },
  })
}

function upgrade(res: HttpResponse, req: HttpRequest, socket: us_socket_context_t, context: GatewayContext): void {
  if (isAmbiguous(req)) {
    res.close()
    return
  }
  const visitor = context.entrance.visitor(res, req)
  const format = formatOf(req.getHeader('sec-websocket-protocol'))
  const refusal = refusalOf(req, visitor, format) ?? context.limiter.enter(visitor.addressKey)
  if (refusal !== null || format === null) {
    context.metrics.refusal(refusal!.code)
    const { headers = {}, ...reply } = problem(refusal!)
    const withVersion = { ...headers, ...visitor.headers, 'Sec-WebSocket-Version': WS_VERSION }
    writeReply(res, { ...reply, headers: withVersion }, { isHead: false })
    return
  }
  const { address, addressKey } = visitor
  res.upgrade<Client>(
    { format, address, addressKey, connection: null, conversation: null },
    req.getHeader('sec-websocket-key'),
    format === 'binary' ? SUBPROTOCOL_BINARY : SUBPROTOCOL_JSON,
    req.getHeader('sec-websocket-extensions'),
    socket,
  )
}

/** What speaks against this handshake, but for limits; null when nothing does. uWebSockets.js looks at the key's length only. */
function refusalOf(req: HttpRequest, visitor: Visitor, format: WireFormat | null): Refusal | null {
  if (req.getHeader('upgrade').toLowerCase() !== 'websocket') return bad('Upgrade', 'Ask for the upgrade `websocket`.')
  if (!/(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(req.getHeader('connection'))) {
    return bad('Connection', 'Send Connection: Upgrade; a proxy on the way may have taken it out.')
  }
  if (req.getHeader('sec-websocket-version') !== WS_VERSION) {
    return bad('Sec-WebSocket-Version', `Speak version ${WS_VERSION} of the WebSocket protocol.`)
  }
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(req.getHeader('sec-websocket-key'))) {
    return bad('Sec-WebSocket-Key', 'Send 16 random bytes in base64.')
  }
  if (!visitor.mayCome) return WRONG_ORIGIN
  if (format === null) {
    return bad('Sec-WebSocket-Protocol', `Offer the subprotocol ${SUBPROTOCOL_BINARY} or ${SUBPROTOCOL_JSON}.`)
  }
  return null
}

const bad = (path: string, message: string): Refusal => ({ code: 'invalid-field', message, details: { path } })

/** The first of the client's choices that we speak. */
function formatOf(offered: string): WireFormat | null {
  for (const name of offered.split(',')) {
    if (name.trim() === SUBPROTOCOL_BINARY) return 'binary'
    if (name.trim() === SUBPROTOCOL_JSON) return 'json'
  }
  return null
}
