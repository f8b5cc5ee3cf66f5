/** One client's conversation: `hello` first and once, then what its role may send, each message to its region. */
import type { RegionHandle } from '../actors/region-handle.ts'
import { MAY_SEND } from '../domain/roles.ts'
import { bodyHash } from '../protocol/body-hash.ts'
import { CLOSE_CODES, type Refusal } from '../protocol/errors.ts'
import { LIMITS } from '../protocol/limits.ts'
import { type ClientRequest, parseFrame } from '../protocol/parse.ts'
import type { Connection } from './connection.ts'
import type { GatewayContext } from './context.ts'
import { HELLO_FIRST, INTERNAL, NOT_READY, unknownRegion, wrongFrameKind, wrongRegion } from './refusals.ts'
import { GatewaySession } from './session.ts'
import type { TokenClaims } from './tokens.ts'

type Hello = Extract<ClientRequest, { type: 'hello' }>
type SessionRequest = Exclude<ClientRequest, Hello>

/**
 * Modes: `waiting` for hello, until it comes or its time is up; `verifying` its token; `signed-in`, from the region's
 * `open` on; `ended`, from the socket's close on, in whatever mode it was.
 */
type Mode = 'waiting' | 'verifying' | 'signed-in' | 'ended'

/** RFC 6455 §7.4.1: the server met an unexpected condition. */
const CLOSE_INTERNAL = 1011

export class Conversation {
  readonly #context: GatewayContext
  readonly #connection: Connection
  readonly #startedAtMs: number
  readonly #helloTimer: NodeJS.Timeout
  #mode: Mode = 'waiting'
  #badFrames = 0
  #handle: RegionHandle | null = null
  #session: GatewaySession | null = null

  constructor(context: GatewayContext, connection: Connection) {
    this.#context = context
    this.#connection = connection
    this.#startedAtMs = context.wallClock()
    this.#helloTimer = setTimeout(() => {
      connection.close(CLOSE_CODES.unauthenticated, 'no valid hello in time')
    }, LIMITS.helloTimeoutMs)
  }

  get isSignedIn(): boolean {
    return this.#mode === 'signed-in'
  }

  /** Handles one frame to its end. Input: bytes that are only valid during the call; nothing keeps a view of them. */
  receive(message: ArrayBuffer, isBinary: boolean): void {
    const { metrics } = this.#context
    const format = this.#connection.format
    let id: string | null = null
    // An exception that left this handler would end the process.
    try {
      if (isBinary !== (format === 'binary')) {
        metrics.frame('in', 'bad', message.byteLength)
        this.#refuseFrame(null, wrongFrameKind(format))
        return
      }
      const parsed = parseFrame(new Uint8Array(message), format, this.#frameBytes())
      if (!parsed.ok) {
        metrics.frame('in', 'bad', message.byteLength)
        this.#refuseFrame(parsed.id, parsed.refusal)
        return
      }
      const { request } = parsed
      metrics.frame('in', request.type === 'command' ? request.command.type : request.type, message.byteLength)
      if ('id' in request) id = request.id
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

  close(code: number, reason: string): void {
    this.#connection.close(code, reason)
  }

  /** The socket has closed; the region hears of it once, if it had heard of the session. */
  ended(code: number): void {
    clearTimeout(this.#helloTimer)
    this.#connection.detach()
    this.#mode = 'ended'
    const session = this.#session
    const handle = this.#handle
    this.#session = null
    if (session === null || handle === null) return
    const { metrics, log, wallClock } = this.#context
    metrics.sessionClosed(session.role)
    const lastedMs = wallClock() - this.#startedAtMs
    log.debug({ sessionId: session.sessionId, role: session.role, code, lastedMs }, 'session closed')
    // The region may have asked for this close in the middle of a turn; what it hears comes after that turn.
    queueMicrotask(() => {
      try {
        handle.closed(session)
      } catch (error) {
        log.error({ err: error, region: session.region }, 'the region failed to close a session')
      }
    })
  }

  #hello(hello: Hello): void {
    if (this.#mode !== 'waiting') {
      this.#refuseFrame(hello.id, HELLO_FIRST)
      return
    }
    if (!this.#context.directory.ready()) {
      this.#turnAway(hello.id, NOT_READY, CLOSE_CODES.goingAway)
      return
    }
    this.#mode = 'verifying'
    this.#signIn(hello).catch(error => {
      this.#failed(error, hello.id)
      this.#connection.close(CLOSE_INTERNAL, 'internal')
    })
  }

  async #signIn(hello: Hello): Promise<void> {
    const { directory, verifier, metrics } = this.#context
    const verified = await verifier.verify(hello.token)
    // The client may have left while its token was looked at.
    if (!this.#connection.isOpen) return
    if (!verified.ok) return this.#turnAway(hello.id, verified.refusal, CLOSE_CODES.unauthenticated)
    const mismatch = helloMismatch(hello, verified.claims)
    if (mismatch !== null) return this.#turnAway(hello.id, mismatch, CLOSE_CODES.unauthenticated)
    if (!directory.ready()) return this.#turnAway(hello.id, NOT_READY, CLOSE_CODES.goingAway)
    const handle = directory.region(hello.region)
    if (handle === null) {
      return this.#turnAway(hello.id, unknownRegion(hello.region), CLOSE_CODES.unauthenticated)
    }

    clearTimeout(this.#helloTimer)
    const session = new GatewaySession(handle, verified.claims, this.#connection)
    this.#handle = handle
    this.#session = session
    this.#mode = 'signed-in'
    metrics.sessionOpened(session.role)
    handle.open(session, { helloId: hello.id, clientNowMs: hello.clientNowMs, streams: hello.streams })
  }

  #route(session: GatewaySession, region: RegionHandle, request: SessionRequest, traceparent: string | null): void {
    if (!MAY_SEND[ruleOf(request)].includes(session.role)) {
      const message = `A ${session.role} may not send ${ruleOf(request)}.`
      this.#connection.refuse('id' in request ? request.id : null, { code: 'wrong-role', message })
      return
    }
    switch (request.type) {
      case 'fix':
        region.fixes(session, request.streamIndex, request.sentAtMs, request.fixes)
        break
      case 'hint':
        region.hint(session, request.streamIndex, request.sentAtMs, request.fix)
        break
      case 'mark':
        region.askMark(session, request.streamIndex)
        break
      case 'watch-board':
        region.watchBoard(session, request.id, request.fromPosition)
        break
      case 'unwatch-board':
        region.unwatchBoard(session, request.id)
        break
      case 'nearest': {
        const { id, type, lonDeg, latDeg, k, levelOfCare } = request
        region.query({ type, lonDeg, latDeg, k, levelOfCare }, answer => {
          if (answer.ok) this.#connection.send(['reply', id, answer.position, { ...answer.result }])
          else this.#connection.refuse(id, answer.refusal)
        })
        break
      }
      case 'command': {
        const { id, command } = request
        region.command({
          commandId: id,
          principal: session.principal,
          role: session.role,
          unitId: session.unitId,
          command,
          bodyHash: bodyHash(command),
          traceparent,
          answer: outcome => {
            if (outcome.ok) this.#connection.send(['reply', id, outcome.position, outcome.result])
            else this.#connection.refuse(id, outcome.refusal)
          },
        })
      }
    }
  }

  /** Before hello all are held to the smaller limit; every token fits into it. */
  #frameBytes(): number {
    const isDesk = this.#session !== null && this.#session.role !== 'driver'
    return isDesk ? LIMITS.frameBytes.dispatcher : LIMITS.frameBytes.driver
  }

  /** Answers a frame that a well-behaved client would not have sent, and counts it against the connection. */
  #refuseFrame(id: string | null, refusal: Refusal): void {
    this.#connection.refuse(id, refusal)
    this.#badFrames += 1
    if (this.#badFrames >= LIMITS.badFrames) {
      this.#connection.close(CLOSE_CODES.protocolAbuse, 'too many bad frames')
    }
  }

  #turnAway(helloId: string, refusal: Refusal, closeCode: number): void {
    this.#connection.refuse(helloId, refusal)
    this.#connection.close(closeCode, refusal.code)
  }

  #failed(error: unknown, id: string | null): void {
    const region = this.#session?.region
    this.#context.log.error({ err: error, region, sessionId: this.#session?.sessionId }, 'a message handler threw')
    this.#connection.refuse(id, INTERNAL)
  }
}

function ruleOf(request: SessionRequest): keyof typeof MAY_SEND {
  switch (request.type) {
    case 'command':
      return request.command.type
    case 'hint':
    case 'mark':
      return 'fix'
    default:
      return request.type
  }
}

/** What the token does not allow of what hello asks for; null when all agrees. */
function helloMismatch(hello: Hello, claims: TokenClaims): Refusal | null {
  if (hello.role !== claims.role) {
    return { code: 'wrong-role', message: `The token is for the role ${claims.role}, not ${hello.role}.` }
  }
  if (!claims.regions.includes(hello.region)) return wrongRegion(hello.region)
  if (hello.unitId !== claims.unit) {
    const message =
      claims.unit === null ? `A ${claims.role} speaks for no unit; send null.` : `The token is for unit ${claims.unit}.`
    return { code: 'wrong-unit', message }
  }
  return null
}
