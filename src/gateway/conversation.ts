/** One client's conversation: `hello` first and once, then what its role may send, each message to its region. */

import type { TokenClaims } from '../access/claims.ts'
import { ASKED_QUERIES, type Query, type RegionHandle } from '../actors/region-handle.ts'
import { addressKey } from '../base/ip-address.ts'
import type { Refusal } from '../base/refusal.ts'
import { bodyHash } from '../protocol/body-hash.ts'
import type { WireFormat } from '../protocol/codec.ts'
import { messageOf, resultOf } from '../protocol/encode.ts'
import { CLOSE_CODES } from '../protocol/errors.ts'
import { frameTypeOf } from '../protocol/frame-type.ts'
import { type ClientRequest, messageName, rowOf } from '../protocol/messages.ts'
import { parseFrame } from '../protocol/parse.ts'
import { may } from '../protocol/rights.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Connection } from './connection.ts'
import type { CutLog } from './cut-log.ts'
import type { DoorPolicy } from './door-policy.ts'
import { type AskedHello, type HelloPorts, Hellos } from './hellos.ts'
import { type Limiter, tooFast } from './limits/limiter.ts'
import { costOf, leastCostOf } from './limits/message-cost.ts'
import type { PrincipalUsage } from './limits/principals.ts'
import { Usage } from './limits/rate-limiter.ts'
import { HANDLER_FAILED, HELLO_FIRST, wrongFrameKind, wrongRole } from './refusals.ts'
import { frameBytesOf, GatewaySession, type SessionPorts } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'

type SignedInRequest = Exclude<ClientRequest, AskedHello>

/**
 * Modes: `waiting` for hello, until it comes or its time is up; `verifying` its token; `signed-in`, from the region's
 * `open` on; `ended`, from the socket's close on, in whatever mode it was.
 */
type Mode = 'waiting' | 'verifying' | 'signed-in' | 'ended'

/** RFC 6455 §7.4.1: the server met an unexpected condition. */
const CLOSE_INTERNAL = 1011

export interface ConversationPorts {
  readonly hellos: Hellos
  /** What the session of whoever is let in needs. */
  readonly session: SessionPorts
  readonly sessions: SessionRegistry
  readonly door: Pick<DoorPolicy, 'limits'>
  readonly limiter: Limiter
  readonly cuts: Pick<CutLog, 'cut'>
  readonly metrics: Metrics
  readonly log: Logger
}

/** What all conversations of a gateway share. */
export const conversationPorts = (
  ports: SessionPorts & HelloPorts & Omit<ConversationPorts, 'hellos' | 'session'>,
): ConversationPorts => ({ ...ports, hellos: new Hellos(ports), session: ports })

export class Conversation {
  readonly #ports: ConversationPorts
  readonly #connection: Connection
  /** What limits by address count it as. */
  readonly addressKey: string
  #mode: Mode = 'waiting'
  #badFrames = 0
  #handle: RegionHandle | null = null
  #session: GatewaySession | null = null
  /** What this connection has used of its rates. */
  readonly #usage = new Usage()
  /** In this turn of the loop it was told that frames were dropped unread. */
  #hasToldDropped = false
  /** What all connections of its principal have used together. */
  #principal: PrincipalUsage | null = null
  /** When the session is as old as it may get, wall clock; never while nobody is signed in. */
  endsAtMs = Number.POSITIVE_INFINITY

  constructor(ports: ConversationPorts, connection: Connection) {
    this.#ports = ports
    this.#connection = connection
    this.addressKey = addressKey(connection.address)
    ports.sessions.add(this)
  }

  /** Who is signed in; null while nobody is. */
  get claims(): TokenClaims | null {
    return this.#session?.claims ?? null
  }

  get isSignedIn(): boolean {
    return this.#mode === 'signed-in'
  }

  /** Handles one frame to its end. Input: bytes that are only valid during the call; nothing keeps a view of them. */
  receive(message: ArrayBuffer, isBinary: boolean): void {
    const { metrics } = this.#ports
    const format = this.#connection.format
    let id: string | null = null
    // An exception that left this handler would end the process.
    try {
      if (isBinary !== (format === 'binary')) {
        metrics.frame('in', 'bad', message.byteLength)
        this.#refuseFrame(null, wrongFrameKind(format))
        return
      }
      if (this.#usage.refusedUntilMs > 0 && this.#dropsUnread(new Uint8Array(message), format)) return
      const parsed = parseFrame(new Uint8Array(message), format, this.#frameBytes(), this.#ports.door.limits)
      if (!parsed.ok) {
        metrics.frame('in', 'bad', message.byteLength)
        this.#refuseFrame(parsed.id, parsed.refusal)
        return
      }
      const { request } = parsed
      metrics.frame('in', messageName(request), message.byteLength)
      if ('id' in request) id = request.id
      if (!this.#isWithinRate(request, message.byteLength, id)) return
      if (request.type === 'hello') {
        this.#hello(request)
      } else if (this.#session === null || this.#handle === null) {
        this.#refuseFrame(id, HELLO_FIRST)
      } else {
        this.#route(this.#session, this.#handle, request, parsed.traceparent)
      }
    } catch (error) {
      this.#failed(error, id)
    }
  }

  /** Tells the client to reconnect elsewhere or later. */
  goAway(afterMs: number, spreadMs: number): void {
    this.#connection.send(['going-away', afterMs, spreadMs])
  }

  /** Tells the client over how long it and all others should spread after a loss without a word. */
  tellSpread(spreadMs: number): void {
    this.#connection.send(['come-back', spreadMs])
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason)
  }

  /** No valid hello came in its time. */
  helloOverdue(): void {
    this.#ports.metrics.limitRefused('helloTimeoutMs')
    this.#connection.close(CLOSE_CODES.unauthenticated, 'no valid hello in time')
  }

  /** The socket has closed; the region hears of it once, if it had heard of the session. */
  ended(code: number): void {
    this.#ports.sessions.remove(this)
    this.#connection.detach()
    if (this.#principal !== null) this.#ports.limiter.part(this.#principal)
    this.#principal = null
    this.#mode = 'ended'
    const session = this.#session
    const handle = this.#handle
    this.#session = null
    if (session === null || handle === null) return
    const { metrics, log } = this.#ports
    metrics.sessionClosed(session.role)
    log.debug({ sessionId: session.sessionId, role: session.role, code }, 'session closed')
    // The region may have asked for this close in the middle of a turn, so the region hears of it after that turn.
    queueMicrotask(() => {
      try {
        handle.closed(session)
      } catch (error) {
        log.error({ err: error, region: session.region }, 'the region failed to close a session')
      }
    })
  }

  #hello(hello: AskedHello): void {
    if (this.#mode !== 'waiting') {
      this.#refuseFrame(hello.id, HELLO_FIRST)
      return
    }
    const notReady = this.#ports.hellos.notReady()
    if (notReady !== null) {
      this.#turnAway(hello, notReady)
      return
    }
    this.#mode = 'verifying'
    this.#signIn(hello).catch(error => {
      this.#failed(error, hello.id)
      this.#connection.close(CLOSE_INTERNAL, 'internal')
    })
  }

  async #signIn(hello: AskedHello): Promise<void> {
    const { hellos, sessions, metrics, log } = this.#ports
    const { address } = this.#connection
    const connection = this.#connection
    const caller = {
      address,
      addressKey: this.addressKey,
      get isOpen() {
        return connection.isOpen
      },
    }
    const admitted = await hellos.admit(hello, caller)
    if (admitted === null) return
    if (!admitted.ok) return this.#turnAway(hello, admitted.refusal)
    const { region, claims, usage, endsAtMs } = admitted
    sessions.welcomed(this)
    const session = new GatewaySession(region.regionId, claims, connection, this.#ports.session)
    this.#principal = usage
    this.endsAtMs = endsAtMs
    this.#handle = region
    this.#session = session
    this.#mode = 'signed-in'
    metrics.sessionOpened(session.role)
    log.debug({ sessionId: session.sessionId, role: session.role }, 'session opened')
    region.open(session, { helloId: hello.id, clientNowMs: hello.clientNowMs, streams: hello.streams })
  }

  #route(session: GatewaySession, region: RegionHandle, request: SignedInRequest, traceparent: string | null): void {
    const name = messageName(request)
    if (!may(session.role, name)) {
      const refusal = wrongRole(session.role, `send ${name}`)
      this.#connection.refuse('id' in request ? request.id : null, refusal)
    } else if (request.type === 'command') {
      const { id, command } = request
      region.command({
        commandId: id,
        principal: session.principal,
        unitId: session.unitId,
        command,
        bodyHash: bodyHash(command),
        traceparent,
        answer: outcome =>
          outcome.ok ? this.#reply(id, outcome.position, outcome.result) : this.#connection.refuse(id, outcome.refusal),
      })
    } else if (isQuery(request)) {
      const { id } = request
      region.query(queryOf(request, session), answer => {
        if (answer.ok) this.#reply(id, answer.position, resultOf(answer.shown))
        else this.#connection.refuse(id, answer.refusal)
      })
    } else {
      region.tell(session, request)
    }
  }

  #reply(id: string, position: number, result: Readonly<Record<string, unknown>>): void {
    this.#connection.send(messageOf({ type: 'reply', id, position, result }))
  }

  #frameBytes(): number {
    return frameBytesOf(this.#session?.role ?? null, this.#ports.door.limits)
  }

  /** Takes the message from its rate; answers it when there is nothing left, and ends a flood. */
  #isWithinRate(request: ClientRequest, frameBytes: number, id: string | null): boolean {
    const [rateClass, count] = costOf(request, frameBytes, this.#session?.role ?? null, this.#handle)
    const waitMs = this.#ports.limiter.take(this.#usage, this.#principal, rateClass, count)
    if (waitMs === 0) return true
    if (this.#usage.isFlood) {
      this.#cut(CLOSE_CODES.tooMany, 'far over the rate')
      return false
    }
    const details = 'streamIndex' in request ? { streamIndex: request.streamIndex } : {}
    this.#connection.refuse(id, tooFast(rateClass, waitMs, details))
    return false
  }

  /**
   * With a burst of refused messages outstanding, what is over its rate costs next to nothing: it is not read, and what
   * comes in one turn of the loop is answered once. A crew's commands are few, and each is answered.
   */
  #dropsUnread(bytes: Uint8Array, format: WireFormat): boolean {
    const type = frameTypeOf(bytes, format)
    if (type === null) return false
    const { rate } = rowOf(type)
    if (rate === 'command' && this.#session?.role === 'driver') return false
    const least = leastCostOf(rate, bytes.byteLength)
    const waitMs = this.#ports.limiter.refuseUnread(this.#usage, this.#principal, rate, least)
    if (waitMs === 0) return false
    this.#ports.metrics.frame('in', 'dropped', bytes.byteLength)
    if (this.#usage.isFlood) this.#cut(CLOSE_CODES.tooMany, 'far over the rate')
    else if (!this.#hasToldDropped) {
      this.#hasToldDropped = true
      setImmediate(() => {
        this.#hasToldDropped = false
      })
      this.#connection.refuse(null, tooFast(rate, waitMs))
    }
    return true
  }

  /** Answers a frame that a well-behaved client would not have sent, and counts it against the connection. */
  #refuseFrame(id: string | null, refusal: Refusal): void {
    this.#connection.refuse(id, refusal)
    this.#badFrames += 1
    if (this.#badFrames >= this.#ports.door.limits.badFrames) {
      this.#ports.metrics.limitRefused('badFrames')
      this.#cut(CLOSE_CODES.protocolAbuse, 'too many bad frames')
    }
  }

  /** Ends a client that is broken or hostile; the operator may want to know where it is. */
  #cut(code: number, reason: string): void {
    const { addressKey } = this
    const { address } = this.#connection
    this.#ports.cuts.cut({ address, addressKey, principal: this.#session?.principal, reason })
    this.#connection.close(code, reason)
  }

  #turnAway(hello: AskedHello, refusal: Refusal): void {
    this.#connection.refuse(hello.id, refusal)
    this.#connection.close(closeCodeOf(refusal), refusal.code)
  }

  #failed(error: unknown, id: string | null): void {
    const region = this.#session?.region
    this.#ports.log.error({ err: error, region, sessionId: this.#session?.sessionId }, 'a message handler threw')
    this.#connection.refuse(id, HANDLER_FAILED)
  }
}

type AskedQuery = SignedInRequest & { readonly type: (typeof ASKED_QUERIES)[number] }
const isQuery = (request: SignedInRequest): request is AskedQuery =>
  (ASKED_QUERIES as readonly string[]).includes(request.type)

/** What a crew asks of a trip is told to the crew of that trip alone. */
function queryOf({ id: _, ...query }: AskedQuery, { unitId: crewOf }: GatewaySession): Query {
  return query.type === 'best-destinations' || query.type === 'trip-route' ? { ...query, crewOf } : query
}

function closeCodeOf({ code }: Refusal): number {
  if (code === 'unavailable') return CLOSE_CODES.goingAway
  return code === 'too-many-connections' || code === 'rate-limited' ? CLOSE_CODES.tooMany : CLOSE_CODES.unauthenticated
}
