/** The door for WebSockets: it looks at the handshake, agrees on a subprotocol, and carries frames to their conversation. */

import type { Refusal } from '../base/refusal.ts'
import type { WireFormat } from '../protocol/codec.ts'
import { LIMITS } from '../protocol/limits.ts'
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '../protocol/wire/message-types.ts'
import { requestLabels } from '../telemetry/request-times.ts'
import { Connection, type ConnectionPorts } from './connection.ts'
import { Conversation, type ConversationPorts, conversationPorts } from './conversation.ts'
import { WRONG_ORIGIN } from './cors.ts'
import type { DoorPolicy } from './door-policy.ts'
import type { Entrance, Visitor } from './entrance.ts'
import { type Head, readHead } from './head.ts'
import type { HelloPorts } from './hellos.ts'
import { endWith, isHeadOf, problem } from './http.ts'
import type { HttpConnections } from './http-connections.ts'
import { QUERY_TOO_LONG } from './refusals.ts'
import type { SessionPorts } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'
import type { DoorApp, DoorRequest, DoorResponse, DoorSocket } from './transport/transport.ts'

/** Asked for by GET, as a WebSocket is. */
export const WS_ROUTE = { method: 'get', pattern: '/v1/ws' } as const
const COUNTED_AS = requestLabels(WS_ROUTE)
const SWITCHING_PROTOCOLS = 101
/** RFC 6455 §4.2.1; the only version that anybody speaks. */
const WS_VERSION = '13'

/** A frame that is too large by no more than this is answered. */
const ANSWERED_BYTES = 1_024

interface Client {
  readonly format: WireFormat
  /** What the limits by address count it as. */
  readonly addressKey: string
  readonly address: string
  connection: Connection | null
  conversation: Conversation | null
}

/** Flat, as a gateway has them: one of each for everybody who connects. */
export interface WsDoorPorts
  extends ConnectionPorts,
    SessionPorts,
    HelloPorts,
    Omit<ConversationPorts, 'hellos' | 'session'> {
  readonly door: DoorPolicy
  readonly sessions: SessionRegistry
  readonly entrance: Entrance
  readonly connections: HttpConnections
}

export function mountWsDoor(app: DoorApp, ports: WsDoorPorts): void {
  const { limits } = ports.door
  const shared = conversationPorts(ports)
  app.ws<Client>(WS_ROUTE.pattern, {
    // A little above our own limit, so that a frame somewhat too large gets an answer; past this uWebSockets.js cuts the
    // connection before it buffers more. It has one such limit for all, strangers included, so there is little above.
    maxPayloadLength:
      Math.max(limits.frameBytes.driver, limits.frameBytes.desk, limits.frameBytes.feed) + ANSWERED_BYTES,
    maxBackpressure: limits.backpressureBytes,
    // uWebSockets.js pings before that.
    idleTimeout: limits.idleTimeoutS,
    sendPingsAutomatically: true,
    upgrade: (res, req, socket) => upgrade(res, req, socket, ports),
    open(ws) {
      const client = ws.getUserData()
      const connection = new Connection(ws as DoorSocket<unknown>, client.format, client.address, ports)
      client.connection = connection
      client.conversation = new Conversation(shared, connection)
    },
    message(ws, message, isBinary) {
      ws.getUserData().conversation?.receive(message, isBinary)
    },
    pong(ws) {
      ws.getUserData().connection?.ponged()
    },
    drain(ws) {
      ws.getUserData().connection?.drained()
    },
    close(ws, code) {
      const { conversation, addressKey } = ws.getUserData()
      ports.limiter.leave(addressKey)
      conversation?.ended(code)
    },
  })
}

/** Answers requests that uWebSockets.js does not take for a WebSocket: they have no key of the right length. */
export function mountNoUpgrade(app: DoorApp, ports: WsDoorPorts): void {
  const withoutKey = (res: DoorResponse, req: DoorRequest) => refuseWithoutKey(res, req, ports)
  app.get(WS_ROUTE.pattern, withoutKey)
  app.head(WS_ROUTE.pattern, withoutKey)
}

function upgrade(res: DoorResponse, req: DoorRequest, socket: unknown, ports: WsDoorPorts): void {
  const head = readHead(res, req)
  if (ports.connections.refuses(res, head)) return
  const answered = ports.metrics.request(COUNTED_AS)
  const { entrance, limiter, sessions, connections } = ports
  const visitor = entrance.visitor(req, head)
  const { address, addressKey } = visitor
  const format = formatOf(req.getHeader('sec-websocket-protocol'))
  const refusal = refusalOf(req, head, visitor, format) ?? limiter.enter(addressKey, sessions.strangersOf(addressKey))
  if (refusal !== null || format === null)
    return refuse(res, { head, visitor, isHead: false, answered }, refusal!, ports)
  connections.leaves(head.peer)
  answered(SWITCHING_PROTOCOLS)
  res.upgrade<Client>(
    { format, address, addressKey, connection: null, conversation: null },
    req.getHeader('sec-websocket-key'),
    format === 'binary' ? SUBPROTOCOL_BINARY : SUBPROTOCOL_JSON,
    req.getHeader('sec-websocket-extensions'),
    socket,
  )
}

function refuseWithoutKey(res: DoorResponse, req: DoorRequest, ports: WsDoorPorts): void {
  const head = readHead(res, req)
  if (ports.connections.refuses(res, head)) return
  const answered = ports.metrics.request(COUNTED_AS)
  const visitor = ports.entrance.visitor(req, head)
  const tooFast = ports.limiter.takeOpenRequest(visitor.addressKey, WS_ROUTE.pattern)
  const asked = { head, visitor, isHead: isHeadOf(req), answered }
  refuse(res, asked, tooFast ?? refusalOf(req, head, visitor, null)!, ports)
}

interface Asked {
  readonly head: Head
  readonly visitor: Visitor
  readonly isHead: boolean
  readonly answered: (status: number) => void
}

function refuse(
  res: DoorResponse,
  { head, visitor, isHead, answered }: Asked,
  refusal: Refusal,
  ports: WsDoorPorts,
): void {
  ports.metrics.refusal(refusal.code)
  const { headers = {}, ...reply } = problem(refusal)
  const withVersion = { ...headers, ...visitor.headers, 'Sec-WebSocket-Version': WS_VERSION }
  endWith(res, head, { ...reply, headers: withVersion }, ports, isHead)
  answered(reply.status)
}

/** What speaks against this handshake, but for limits; null when nothing does. uWebSockets.js looks at the key's length only. */
function refusalOf(req: DoorRequest, head: Head, visitor: Visitor, format: WireFormat | null): Refusal | null {
  if (head.isQueryTooLong) return QUERY_TOO_LONG
  if (req.getHeader('upgrade').toLowerCase() !== 'websocket') return UPGRADE_REQUIRED
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

const UPGRADE_REQUIRED: Refusal = {
  code: 'upgrade-required',
  message: 'This path opens a WebSocket; ask for the upgrade `websocket`, with a WebSocket client.',
}

const bad = (path: string, message: string): Refusal => ({ code: 'invalid-field', message, details: { path } })

/** The first of the client's choices that we speak. */
function formatOf(offered: string): WireFormat | null {
  if (offered.length > LIMITS.queryBytes) return null
  for (const name of offered.split(',')) {
    if (name.trim() === SUBPROTOCOL_BINARY) return 'binary'
    if (name.trim() === SUBPROTOCOL_JSON) return 'json'
  }
  return null
}
