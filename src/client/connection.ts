/**
 * One session with the engine, kept up across any number of sockets: the core that drivers and dispatchers share.
 *
 * *connecting*: a token is fetched and a socket opened. *greeting*: `hello` is sent, `welcome` awaited. *open*: messages
 * flow. *waiting*: the socket was lost; after a pause (none for region time alone) connecting again. *closed*: the end, by
 * `close()`, by a newer sign-in of the unit, or because the server does not take the hello and a fresh token did not help.
 */
import { encodeClient, UnknownMessageType, type WireFormat } from '../protocol/codec.ts'
import { CLOSE_CODES } from '../protocol/errors.ts'
import {
  type ClientMessage,
  type PolicyView,
  type ServerMessage,
  type StreamDeclaration,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_JSON,
  type WelcomeView,
  type WritesState,
} from '../protocol/wire.ts'
import { Reconnect, type Setback } from './comeback.ts'
import { type CommandOutcome, CommandQueue, isRetryable, retryAfterMs } from './command-queue.ts'
import type { CommandOptions, ConnectionOptions } from './connection-options.ts'
import { Credentials } from './credentials.ts'
import { ClientClosed, ClientFault, type CloseReason, type ServerRefusal, SignInRefused } from './errors.ts'
import { randomId } from './random-id.ts'
import { type Hello, RegionTime } from './region-time.ts'
import { readServerMessage } from './server-message.ts'
import { Signal } from './signal.ts'
import { abandon, type ClientSocket, type ClientSocketClass, findSocketClass, SOCKET_OPEN } from './socket.ts'
import { type FullTimers, fullTimers } from './timing.ts'
import { Unheard } from './unheard.ts'

export type ConnectionState = 'connecting' | 'greeting' | 'open' | 'waiting' | 'closed'

/** Who says hello: what the kinds of client differ in. */
interface Identity {
  readonly role: 'driver' | 'dispatcher' | 'supervisor' | 'feed'
  readonly unitId: string | null
}

/** What a hello said that its `welcome` has to be read against. */
export interface Greeting extends Hello {
  readonly id: string
  readonly streams: readonly StreamDeclaration[]
}

/**
 * Whether the engine's database takes what this client sends. While `commands` is *stalled* they are refused as
 * `unavailable`, and tried again; while `fixes` is, they are shown on maps but kept here until they can be stored.
 */
export interface Writes {
  readonly commands: WritesState
  readonly fixes: WritesState
}

const FLOWING: Writes = { commands: 'flowing', fixes: 'flowing' }

/** Before coming back to a server that had too many messages or sessions of us. */
const TOO_MANY_PAUSE_MS = 2_000
/** Where an engine turns everybody away and does not say for how long. */
const TURNED_AWAY_PAUSE_MS = 1_000

export abstract class EngineConnection {
  protected readonly timers: FullTimers
  protected readonly random: () => number
  protected readonly newId: () => string
  protected readonly time: RegionTime
  readonly #options: ConnectionOptions
  readonly #identity: Identity
  readonly #url: string
  readonly #format: WireFormat
  readonly #credentials: Credentials
  readonly #commands: CommandQueue
  readonly #heartbeatMs: number
  readonly #comeback: Reconnect
  readonly #states = new Signal<[state: ConnectionState]>()
  readonly #faults = new Signal<[fault: ClientFault]>()
  readonly #ends = new Signal<[end: ClientClosed]>()
  readonly #writesNews = new Signal<[writes: Writes]>()
  readonly #unheard: Unheard
  #writes = FLOWING
  #state: ConnectionState = 'waiting'
  #socket: ClientSocket | null = null
  #greeting: Greeting | null = null
  /** Grows with each attempt and each loss, so that what an earlier attempt still awaits is not heard. */
  #attempt = 0
  #badFrames = 0
  #frameBytesMax = Number.POSITIVE_INFINITY
  #welcomes = 0
  #policy: PolicyView | null = null
  /** The one timer of each kind that may run: the attempt's deadline or the next attempt; liveness; leaving a draining engine. */
  #stepTimer: unknown = null
  #tickTimer: unknown = null
  #leaveTimer: unknown = null
  #heard = false
  #probing = false
  #end: ClientClosed | null = null

  constructor(options: ConnectionOptions, identity: Identity) {
    this.#options = options
    this.#identity = identity
    this.#credentials = new Credentials(options.token)
    this.#url = socketUrl(options.url)
    this.#unheard = new Unheard(this.#url, options.warn ?? (message => console.warn(message)))
    this.#format = options.format ?? 'binary'
    this.timers = fullTimers(options.timers)
    this.time = new RegionTime(this.timers)
    this.random = options.random ?? Math.random
    this.newId = options.newId ?? randomId
    this.#heartbeatMs = options.heartbeatMs ?? 15_000
    this.#comeback = new Reconnect(this.timers, this.random, this.time, this.#heartbeatMs)
    this.#commands = new CommandQueue(this.timers, this.random, message => this.#sendCommand(message))
    // The caller attaches its handlers, and the subclass its fields, before anything happens.
    queueMicrotask(() => {
      if (this.#end === null) this.#connect()
    })
  }

  get connectionState(): ConnectionState {
    return this.#state
  }
  /** Commands that wait for their answer. */
  get commandsPending(): number {
    return this.#commands.size
  }
  /** Frames of the server that could not be read or said what cannot be; each cost the connection. */
  get badFrames(): number {
    return this.#badFrames
  }
  /** Connections that were opened after the first one. */
  get reconnects(): number {
    return Math.max(0, this.#welcomes - 1)
  }
  /** What the region's policy was at the last `welcome`; null until the first, and of an engine that does not tell it. */
  get policy(): PolicyView | null {
    return this.#policy
  }
  /** How many times faster than wall time the region's clock runs; 1 until the first `welcome` says otherwise. */
  get clockRate(): number {
    return this.time.rate
  }
  /**
   * Region time in epoch milliseconds; wall time until the first `welcome`. After the device has slept it may be behind
   * until the next one, which follows soon: a command or a fix whose moment is left out is dated by that.
   */
  regionNowMs(): number {
    return this.time.nowMs()
  }

  onConnection(handler: (state: ConnectionState) => void): () => void {
    return this.#states.on(handler)
  }
  /** What the server says of its database; until it says anything, and on each new connection, all is well. */
  get writes(): Writes {
    return this.#writes
  }
  /** The database takes no commands or fixes, or takes them again: for a console to show. */
  onWrites(handler: (writes: Writes) => void): () => void {
    return this.#writesNews.on(handler)
  }
  /** Troubles that the client goes on from by itself. */
  onFault(handler: (fault: ClientFault) => void): () => void {
    return this.#faults.on(handler)
  }
  /** The client has ended, once and for good. */
  onClosed(handler: (end: ClientClosed) => void): () => void {
    return this.#ends.on(handler)
  }

  /** Resolves when the connection is open, at once if it is. Errors: rejects with ClientClosed when the client ends first. */
  opened(): Promise<void> {
    if (this.#state === 'open') return Promise.resolve()
    if (this.#end !== null) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      const forget = () => {
        stopStates()
        stopEnds()
      }
      const stopStates = this.onConnection(state => {
        if (state !== 'open') return
        forget()
        resolve()
      })
      const stopEnds = this.onClosed(end => {
        forget()
        reject(end)
      })
    })
  }

  /** Ends the client: what is unanswered is rejected with ClientClosed, and nothing reconnects. */
  close(): void {
    this.#finish('closed', 'The client was closed.')
  }

  /**
   * Sends a command once more under its own id and with its first body, as a client does that has missed the answer:
   * the outcome is the first one's. Errors: rejects when the id is not among the last 256 commands.
   */
  repeat(id: string): Promise<CommandOutcome> {
    if (this.#end !== null) return Promise.reject(this.#end)
    return this.#commands.repeat(id)
  }

  /** The streams that `hello` declares. */
  protected abstract streams(): readonly StreamDeclaration[]
  /** A message that the server answers, for platforms that cannot ping. */
  protected abstract probe(): ClientMessage
  /** The connection is open and unanswered commands are on their way. Errors: may throw ClientFault, which drops it. */
  protected abstract welcomed(welcome: WelcomeView, greeting: Greeting): void
  /** A message that is neither answer nor handshake. */
  protected abstract received(message: ServerMessage): void
  /** An error frame that answers no command; it has been reported already. */
  protected abstract refused(refusal: ServerRefusal): void
  protected abstract ticked(): void
  protected abstract dropped(): void
  protected abstract ended(end: ClientClosed): void

  /** Input: `build` gets the region time of this moment, once it is known. */
  protected request<Result = CommandOutcome['result']>(
    build: (id: string, nowMs: number) => ClientMessage,
    options: CommandOptions & { readonly resend?: boolean } = {},
  ): Promise<CommandOutcome<Result>> {
    // Tells the owner when the connection is given up for it, who may close the client on hearing that.
    this.settleTime()
    if (this.#end !== null) return Promise.reject(this.#end)
    const id = options.id ?? this.newId()
    const asked = this.time.moment()
    const how = { retry: options.retry ?? true, resend: options.resend ?? true }
    // What a result holds is the server's promise, kept by PROTOCOL.md and not checked here.
    const answer: Promise<CommandOutcome<unknown>> = this.#commands.add(id, () => build(id, this.time.at(asked)), how)
    return answer as Promise<CommandOutcome<Result>>
  }

  /** Sends if a socket can take it; what is lost otherwise is sent again by whoever keeps it. */
  protected transmit(message: ClientMessage): void {
    if (this.#socket?.readyState === SOCKET_OPEN) this.#socket.send(encodeClient(message, this.#format))
  }

  /** Errors: throws RangeError for a command that the server could only refuse without reading its id. */
  #sendCommand(message: ClientMessage): void {
    const frame = encodeClient(message, this.#format)
    const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame).length : frame.length
    if (bytes > this.#frameBytesMax) {
      throw new RangeError(`The command takes ${bytes} bytes; the server takes ${this.#frameBytesMax} a frame.`)
    }
    if (this.#socket?.readyState === SOCKET_OPEN) this.#socket.send(frame)
  }

  protected fault(fault: ClientFault): void {
    this.#faults.emit(fault)
  }

  /** Region time is to be relied on. While it is in doubt only another welcome can tell it. */
  protected settleTime(): void {
    if (this.#state === 'open' && this.time.isInDoubt) this.#askTime()
  }

  #askTime(): void {
    const fault = new ClientFault('connection', 'Region time is in doubt: the device slept, or a clock was set.')
    this.#giveUp(fault, () => this.#comeback.afterDoubtMs())
  }

  /** Gives up this socket, which has failed, and comes back after a delay. */
  protected reconnect(
    fault: ClientFault,
    trouble: Setback = fault.kind === 'connection' ? 'lost' : 'repeats',
    atLeastMs = 0,
  ): void {
    this.#giveUp(fault, () => this.#comeback.afterFailureMs(trouble, atLeastMs))
  }

  #giveUp(fault: ClientFault, pauseMs: () => number): void {
    if (this.#end !== null || this.#state === 'waiting') return
    this.#releaseSocket(true)
    this.#stepTimer = this.timers.setTimeout(() => this.#connect(), pauseMs())
    this.#setState('waiting')
    if (this.#welcomes === 0 && !this.#faults.isHeard) this.#unheard.cannotConnect(fault)
    this.#faults.emit(fault)
  }

  #connect(): void {
    const attempt = ++this.#attempt
    this.#setState('connecting')
    if (attempt !== this.#attempt) return
    const timeoutMs = this.#options.connectTimeoutMs ?? 20_000
    this.#stepTimer = this.timers.setTimeout(() => {
      this.reconnect(new ClientFault('connection', `No welcome came within ${timeoutMs} ms.`))
    }, timeoutMs)
    this.#prepare().then(
      ([socketClass, token]) => {
        if (attempt === this.#attempt) this.#open(socketClass, token)
      },
      (error: unknown) => {
        if (attempt !== this.#attempt) return
        if (error instanceof ClientFault) this.reconnect(error)
        else if (error instanceof SignInRefused) this.#finish('refused', error.message, error.refusal)
        else this.#finish('unsupported', 'This platform has no WebSocket; pass one as `webSocket`, or install `ws`.')
      },
    )
  }

  async #prepare(): Promise<[ClientSocketClass, string]> {
    const socketClass = this.#options.webSocket ?? (await findSocketClass())
    try {
      return [socketClass, await this.#credentials.show()]
    } catch (cause) {
      // Who has to type a password again cannot be helped by asking again.
      if (cause instanceof SignInRefused && !isRetryable(cause.code)) throw cause
      throw new ClientFault('token', 'No token was to be had for this connection.', { cause })
    }
  }

  #open(socketClass: ClientSocketClass, token: string): void {
    let socket: ClientSocket
    try {
      socket = new socketClass(this.#url, this.#format === 'json' ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY)
    } catch (cause) {
      this.reconnect(new ClientFault('connection', 'The socket could not be made.', { cause }))
      return
    }
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.#greet(token)
    socket.onmessage = event => this.#receive(event.data)
    socket.onclose = event => this.#socketClosed(event.code, event.reason)
    // A close event always follows and says all there is to say.
    // On some platforms nothing else follows when no connection could be made.
    socket.onerror = event => this.#socketFailed(event)
    socket.on?.('pong', () => {
      if (this.#socket === socket) this.#heard = true
    })
  }

  #greet(token: string): void {
    const { region } = this.#options
    const { role, unitId } = this.#identity
    const greeting: Greeting = {
      id: this.newId(),
      ...this.time.hello(),
      streams: this.streams(),
    }
    this.#greeting = greeting
    this.#setState('greeting')
    this.transmit(['hello', greeting.id, token, region, role, unitId, greeting.clientNowMs, greeting.streams])
  }

  #receive(data: unknown): void {
    this.#heard = true
    try {
      this.#handle(readServerMessage(data))
    } catch (error) {
      if (error instanceof UnknownMessageType) return
      this.#badFrames += 1
      const fault =
        error instanceof ClientFault
          ? error
          : new ClientFault('bad-server-data', 'The server sent a frame that cannot be read.', { cause: error })
      this.reconnect(fault)
    }
  }

  #handle(message: ServerMessage): void {
    switch (message[0]) {
      case 'welcome':
        if (this.#state === 'greeting' && message[1] === this.#greeting?.id) this.#welcomed(message[2], this.#greeting)
        return
      case 'reply':
        return this.#commands.answered(message[1], message[2], message[3])
      case 'error':
        return this.#errorFrame(message[1], { code: message[2], message: message[3], details: message[4] ?? null })
      case 'going-away':
        return this.#goingAway(message[1], message[2])
      case 'clock':
        if (this.#state === 'open') this.time.toldAnew(message[1])
        return
      case 'come-back':
        return this.#comeback.spreadOver(message[1])
      case 'writes':
        return this.#heardOfWrites({ commands: message[1], fixes: message[2] })
      default:
        if (this.#state !== 'open') return
        this.received(message)
        this.settleTime()
    }
  }

  #welcomed(welcome: WelcomeView, greeting: Greeting): void {
    this.#clearTimers()
    this.#credentials.accepted(welcome.ticket)
    if (!this.time.heard(welcome.clock, greeting)) return this.#askTime()
    this.#comeback.welcomed()
    const { comeBackSpreadMs } = welcome.limits
    if (comeBackSpreadMs !== undefined) this.#comeback.spreadOver(comeBackSpreadMs)
    this.#frameBytesMax = welcome.limits.frameBytes
    this.#welcomes += 1
    this.#policy = welcome.policy ?? null
    this.#state = 'open'
    const wereFlowing = this.#writes === FLOWING
    this.#writes = FLOWING
    this.#heard = true
    this.#probing = false
    this.#tickTimer = this.timers.setTimeout(() => this.#tick(), this.#heartbeatMs)
    this.#commands.opened()
    this.welcomed(welcome, greeting)
    if (this.#greeting !== greeting) return
    if (!wereFlowing) this.#writesNews.emit(this.#writes)
    this.#states.emit('open')
  }

  #heardOfWrites(writes: Writes): void {
    if (this.#state !== 'open') return
    const before = this.#writes
    const isWell = writes.commands === 'flowing' && writes.fixes === 'flowing'
    this.#writes = isWell ? FLOWING : writes
    if (before.commands === 'stalled' && writes.commands === 'flowing') this.#commands.hurry()
    this.#writesNews.emit(this.#writes)
  }

  #errorFrame(id: string | null, refusal: ServerRefusal): void {
    if (this.#state === 'greeting') return this.#helloRefusedBy(refusal)
    if (id !== null) {
      this.#commands.refused(id, refusal)
      if (this.time.isOutside(refusal.details)) this.#askTime()
      return
    }
    this.#faults.emit(new ClientFault('refused', refusal.message, { refusal }))
    this.refused(refusal)
  }

  #helloRefusedBy(refusal: ServerRefusal): void {
    const fault = new ClientFault('refused', refusal.message, { refusal })
    if (isRetryable(refusal.code)) {
      const { code } = refusal
      // An engine that starts or has too much to do says when to come; whoever was too many will be so again.
      const isForAll = code === 'unavailable' || code === 'overloaded'
      if (isForAll) return this.reconnect(fault, 'turned-away', retryAfterMs(refusal) || TURNED_AWAY_PAUSE_MS)
      return this.reconnect(fault, 'repeats', retryAfterMs(refusal) * (1 + this.random() / 2))
    }
    if (this.#credentials.refused(refusal)) return this.reconnect(fault)
    this.#finish('refused', `The server does not take this client: ${refusal.message}`, refusal)
  }

  #goingAway(afterMs: number, spreadMs: number): void {
    const delayMs = Math.max(0, afterMs + this.random() * spreadMs) / this.time.rate
    this.#comeback.advised(delayMs)
    this.timers.clearTimeout(this.#leaveTimer)
    this.#leaveTimer = this.timers.setTimeout(() => {
      this.reconnect(new ClientFault('connection', 'The engine is going away.'))
    }, delayMs)
  }

  #socketClosed(code: number, reason: string): void {
    if (code === CLOSE_CODES.superseded) {
      return this.#finish('superseded', 'A newer sign-in took this unit; sign in again to take it back.')
    }
    // A hello that was not even read in time, as in a crowd of them, says nothing against the ticket.
    if (code === CLOSE_CODES.unauthenticated && this.#state === 'open') this.#credentials.ended()
    // A connection that lasted has no failures that would make its delay grow; this one was sent away all the same.
    const isTooMany = code === CLOSE_CODES.tooMany
    const atLeastMs = isTooMany ? TOO_MANY_PAUSE_MS * (1 + this.random() / 2) : 0
    const why = `The connection was closed (${code}${reason && `, ${reason}`}).`
    this.reconnect(new ClientFault('connection', why), isTooMany ? 'repeats' : 'lost', atLeastMs)
  }

  #socketFailed({ message }: { readonly message?: unknown }): void {
    const why = typeof message === 'string' && message !== '' ? `: ${message}` : '.'
    this.reconnect(new ClientFault('connection', `The connection failed${why}`))
  }

  /** Liveness: silence for one interval is probed, silence for two is a dead connection. */
  #tick(): void {
    if (this.#commands.tick())
      return this.reconnect(new ClientFault('connection', 'A command was not answered in time.'))
    if (this.#heard) this.#probing = false
    else if (this.#probing) return this.reconnect(new ClientFault('connection', 'The server has gone silent.'))
    else {
      this.#probing = true
      if (this.#socket?.ping === undefined) this.transmit(this.probe())
      else if (this.#socket.readyState === SOCKET_OPEN) this.#socket.ping()
    }
    this.#heard = false
    this.#tickTimer = this.timers.setTimeout(() => this.#tick(), this.#heartbeatMs)
    this.ticked()
    this.settleTime()
  }

  #finish(reason: CloseReason, message: string, refusal: ServerRefusal | null = null): void {
    if (this.#end !== null) return
    const end = new ClientClosed(reason, message, refusal)
    this.#end = end
    if (reason !== 'closed' && !this.#ends.isHeard && this.#commands.size === 0) this.#unheard.ended(end)
    this.#releaseSocket(false)
    this.#commands.close(end)
    this.ended(end)
    this.#setState('closed')
    this.#ends.emit(end)
  }

  #releaseSocket(abruptly: boolean): void {
    this.#attempt += 1
    this.#clearTimers()
    const wasOpen = this.#state === 'open'
    const socket = this.#socket
    this.#socket = null
    this.#greeting = null
    if (socket !== null) abandon(socket, abruptly)
    this.#commands.dropped()
    if (wasOpen) this.dropped()
  }

  #clearTimers(): void {
    for (const timer of [this.#stepTimer, this.#tickTimer, this.#leaveTimer]) this.timers.clearTimeout(timer)
    this.#stepTimer = null
    this.#tickTimer = null
    this.#leaveTimer = null
  }

  #setState(state: ConnectionState): void {
    this.#state = state
    this.#states.emit(state)
  }
}

/** Errors: throws TypeError for what is no URL. */
function socketUrl(url: string): string {
  const parsed = new URL(url)
  if (parsed.pathname === '/') parsed.pathname = '/v1/ws'
  return parsed.href
}
