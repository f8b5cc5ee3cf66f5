/**
 * One session with the engine, kept up across any number of sockets. It tells what the server says and how it fares itself;
 * what is sent on it, and who makes what of the messages, is for the parts beside it (`commands.ts`, `fix-sender.ts`, …).
 *
 * Its modes, and what moves it from one to the next: `connection-mode.ts`.
 */
import { UnknownMessageType, type WireFormat } from '../protocol/codec.ts'
import { CLOSE_CODES } from '../protocol/errors.ts'
import type { ClientMessage } from '../protocol/wire/client-tuples.ts'
import type { ServerMessage } from '../protocol/wire/server-tuples.ts'
import type { PolicyView, WelcomeView } from '../protocol/wire/welcome-view.ts'
import { Reconnect, type Setback } from './comeback.ts'
import {
  type ConnectionState,
  type Greeted,
  leaveMode,
  type Mode,
  type Open,
  type Preparing,
  stateOf,
} from './connection-mode.ts'
import type { ConnectionNews } from './connection-news.ts'
import type { PatienceOptions, TargetOptions, TransportOptions } from './connection-options.ts'
import { Credentials } from './credentials.ts'
import type { ClientDevice } from './device.ts'
import { ClientClosed, ClientFault, type CloseReason, type ServerRefusal, SignInRefused } from './errors.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Identity } from './identity.ts'
import { Line } from './line.ts'
import { Listeners } from './listeners.ts'
import { readServerMessage } from './server-message.ts'
import { afterClose, afterRefusedHello } from './setbacks.ts'
import { Signal } from './signal.ts'
import { type ClientSocketClass, findSocketClass, openSocket, socketUrl } from './socket.ts'

/** They may ask for a pause, which must not be lost to a new connection; a sleep shows by the next news or heartbeat. */
const OF_THE_SESSION: ReadonlySet<ServerMessage[0]> = new Set([
  'reply',
  'error',
  'going-away',
  'come-back',
  'clock',
  'writes',
])

export class EngineConnection {
  readonly device: ClientDevice
  readonly url: string
  readonly format: WireFormat
  /** For owners; parts hear by `on`. */
  readonly states = new Signal<[state: ConnectionState]>()
  readonly faults = new Signal<[fault: ClientFault]>()
  readonly ends = new Signal<[end: ClientClosed]>()
  readonly #identity: Identity
  readonly #options: TargetOptions & TransportOptions
  readonly #connectTimeoutMs: number
  readonly #heartbeatMs: number
  readonly #credentials: Credentials
  readonly #comeback: Reconnect
  readonly #news = new Listeners<ConnectionNews>()
  #mode: Mode = { is: 'waiting', timer: null }
  #badFrames = 0
  #welcomes = 0
  #policy: PolicyView | null = null

  /** Errors: throws TypeError for a `url` that is none. */
  constructor(device: ClientDevice, options: TargetOptions & TransportOptions & PatienceOptions, identity: Identity) {
    this.device = device
    this.url = socketUrl(options.url)
    this.format = options.format ?? 'binary'
    this.#options = options
    this.#identity = identity
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 20_000
    this.#heartbeatMs = options.heartbeatMs ?? 15_000
    this.#credentials = new Credentials(options.token)
    this.#comeback = new Reconnect(device.timers, device.random, device.time, this.#heartbeatMs)
    // The owner attaches its handlers, and the parts theirs, before anything happens.
    queueMicrotask(() => {
      if (this.#mode.is !== 'closed') this.#connect()
    })
  }

  get state(): ConnectionState {
    return stateOf(this.#mode)
  }
  get isOpen(): boolean {
    return this.#mode.is === 'open'
  }
  /** Why there will be no other connection; null while there may be. */
  get end(): ClientClosed | null {
    return this.#mode.is === 'closed' ? this.#mode.end : null
  }
  /** Frames of the server that could not be read or said what cannot be; each cost the connection. */
  get badFrames(): number {
    return this.#badFrames
  }
  /** Times that the server has let this client in. */
  get welcomes(): number {
    return this.#welcomes
  }
  /** What the region's policy was at the last `welcome`; null until the first, and of an engine that does not tell it. */
  get policy(): PolicyView | null {
    return this.#policy
  }

  /**
   * Hears news for a part, in the order in which parts came. Output: call it to stop. A hearer that throws says that the
   * server's frame makes no sense, which costs the connection.
   */
  on<Name extends keyof ConnectionNews>(name: Name, hearer: (...args: ConnectionNews[Name]) => void): () => void {
    return this.#news.on(name, hearer)
  }

  /** Ends it: nothing reconnects. */
  close(): void {
    this.#finish('closed', 'The client was closed.')
  }

  /** Sends if the connection is open; what is lost otherwise is sent again by whoever keeps it. */
  send(message: ClientMessage): void {
    if (this.#mode.is === 'open') this.#mode.line.send(message)
  }

  /** As `send`. Errors: throws RangeError for a command that the server could only refuse without reading its id. */
  sendCommand(message: ClientMessage): void {
    if (this.#mode.is === 'open') this.#mode.line.sendWithin(this.#mode.frameBytesMax, message)
  }

  /** Tells the owner of a trouble that the client goes on from by itself. */
  fault(fault: ClientFault): void {
    this.faults.emit(fault)
  }

  /** Region time is to be relied on. While it is in doubt only another welcome can tell it. */
  settleTime(): void {
    if (this.isOpen && this.device.time.isInDoubt) this.askTime()
  }

  /** Has another welcome tell region time, at once unless that was asked for just now. */
  askTime(): void {
    const fault = new ClientFault('connection', 'Region time is in doubt: the device slept, or a clock was set.')
    this.#giveUp(fault, () => this.#comeback.afterDoubtMs())
  }

  /** Gives up this connection, which has failed, and comes back after a delay. */
  reconnect(
    fault: ClientFault,
    trouble: Setback = fault.kind === 'connection' ? 'lost' : 'repeats',
    atLeastMs = 0,
  ): void {
    this.#giveUp(fault, () => this.#comeback.afterFailureMs(trouble, atLeastMs))
  }

  #giveUp(fault: ClientFault, pauseMs: () => number): void {
    const before = this.#mode
    if (before.is === 'closed' || before.is === 'waiting') return
    this.#become({ is: 'waiting', timer: this.device.timers.setTimeout(() => this.#connect(), pauseMs()) }, true)
    this.states.emit('waiting')
    this.#tell('setback', [fault])
    this.faults.emit(fault)
  }

  #finish(reason: CloseReason, message: string, refusal: ServerRefusal | null = null): void {
    if (this.#mode.is === 'closed') return
    const end = new ClientClosed(reason, message, refusal)
    this.#tell('ending', [end])
    if (this.end !== null) return
    this.#become({ is: 'closed', end }, false)
    this.#tell('ended', [end])
    this.states.emit('closed')
    this.ends.emit(end)
  }

  /** Leaves the mode before, with all that it had. */
  #become(mode: Mode, abruptly: boolean): void {
    const before = this.#mode
    this.#mode = mode
    leaveMode(before, this.device.timers, abruptly)
    if (before.is === 'open') this.#tell('lost', [])
  }

  #connect(): void {
    const timeoutMs = this.#connectTimeoutMs
    const deadline = this.device.timers.setTimeout(() => {
      this.reconnect(new ClientFault('connection', `No welcome came within ${timeoutMs} ms.`))
    }, timeoutMs)
    const preparing: Preparing = { is: 'preparing', deadline }
    this.#mode = preparing
    this.states.emit('connecting')
    if (this.#mode !== preparing) return
    Promise.all([this.#options.webSocket ?? findSocketClass(), this.#credentials.show()]).then(
      ([socketClass, token]) => {
        if (this.#mode === preparing) this.#dial(preparing, socketClass, token)
      },
      (error: unknown) => {
        if (this.#mode !== preparing) return
        if (error instanceof ClientFault) this.reconnect(error)
        else if (error instanceof SignInRefused) this.#finish('refused', error.message, error.refusal)
        else this.#finish('unsupported', 'This platform has no WebSocket; pass one as `webSocket`, or install `ws`.')
      },
    )
  }

  #dial({ deadline }: Preparing, socketClass: ClientSocketClass, token: string): void {
    const { timers } = this.device
    try {
      const line: Line = new Line(openSocket(socketClass, this.url, this.format), this.format, timers, {
        opened: () => this.#greet(deadline, line, token),
        ponged: () => this.#heard(line),
        received: data => this.#receive(line, data),
        closed: (code, reason) => this.#closed(code, reason),
        failed: why => {
          this.reconnect(new ClientFault('connection', `The connection failed${why === '' ? '.' : `: ${why}`}`))
        },
      })
      this.#mode = { is: 'dialling', deadline, line }
    } catch (cause) {
      this.reconnect(new ClientFault('connection', 'The socket could not be made.', { cause }))
    }
  }

  #greet(deadline: unknown, line: Line, token: string): void {
    const { device } = this
    const greeting = { id: device.newId(), ...device.time.hello(), streams: this.#identity.streams() }
    const greeted: Greeted = { is: 'greeting', deadline, line, greeting }
    this.#mode = greeted
    this.states.emit('greeting')
    if (this.#mode !== greeted) return
    const { role, unitId } = this.#identity
    line.send(['hello', greeting.id, token, this.#options.region, role, unitId, greeting.clientNowMs, greeting.streams])
  }

  #heard(line: Line): void {
    if (this.#mode.is === 'open' && this.#mode.line === line) this.#mode.heartbeat.heard()
  }

  #receive(line: Line, data: unknown): void {
    this.#heard(line)
    try {
      this.#take(readServerMessage(data))
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

  /** What concerns the connection itself is taken in before the parts hear of it. */
  #take(message: ServerMessage): void {
    const mode = this.#mode
    switch (message[0]) {
      case 'welcome':
        if (mode.is === 'greeting' && message[1] === mode.greeting.id) this.#welcomed(message[2], mode)
        return
      case 'going-away':
        this.#goingAway(message[1], message[2])
        break
      case 'come-back':
        this.#comeback.spreadOver(message[1])
        break
      case 'clock':
        if (mode.is === 'open') this.device.time.toldAnew(message[1])
        break
      case 'error': {
        const [, id, code, text, details] = message
        const refusal = { code, message: text, details: details ?? null }
        if (mode.is === 'greeting') this.#helloRefused(refusal)
        else if (id === null) this.faults.emit(new ClientFault('refused', text, { refusal }))
      }
    }
    if (mode.is !== 'open' || this.#mode !== mode) return
    const [name, ...fields] = message
    // A name goes with its own fields, which the compiler loses sight of when the two are taken apart.
    this.#tell(name, fields as never)
    if (!OF_THE_SESSION.has(name)) this.settleTime()
  }

  #welcomed(welcome: WelcomeView, { deadline, line, greeting }: Greeted): void {
    const { timers, time } = this.device
    this.#credentials.accepted(welcome.ticket)
    if (!time.heard(welcome.clock, greeting)) return this.askTime()
    timers.clearTimeout(deadline)
    this.#comeback.welcomed()
    const { comeBackSpreadMs, frameBytes } = welcome.limits
    if (comeBackSpreadMs !== undefined) this.#comeback.spreadOver(comeBackSpreadMs)
    this.#welcomes += 1
    this.#policy = welcome.policy ?? null
    const heartbeat = new Heartbeat(
      {
        timers,
        probe: () => line.probe(() => this.#identity.probe()),
        beat: () => {
          this.#tell('beat', [])
          this.settleTime()
        },
        silent: () => this.reconnect(new ClientFault('connection', 'The server has gone silent.')),
      },
      this.#heartbeatMs,
    )
    const open: Open = { is: 'open', line, heartbeat, frameBytesMax: frameBytes }
    this.#mode = open
    this.#tell('opened', [welcome, greeting])
    if (this.#mode === open) this.states.emit('open')
  }

  #helloRefused(refusal: ServerRefusal): void {
    const fault = new ClientFault('refused', refusal.message, { refusal })
    const comeback = afterRefusedHello(refusal, this.device.random)
    if (comeback !== null) return this.reconnect(fault, comeback.trouble, comeback.atLeastMs)
    if (this.#credentials.refused(refusal)) return this.reconnect(fault)
    this.#finish('refused', `The server does not take this client: ${refusal.message}`, refusal)
  }

  #goingAway(afterMs: number, spreadMs: number): void {
    const { random, time } = this.device
    const delayMs = Math.max(0, afterMs + random() * spreadMs) / time.rate
    this.#comeback.advised(delayMs)
    if (!('line' in this.#mode)) return
    this.#mode.line.leaveIn(delayMs, () => {
      this.reconnect(new ClientFault('connection', 'The engine is going away.'))
    })
  }

  #closed(code: number, reason: string): void {
    const comeback = afterClose(code, this.device.random)
    if (comeback === null) {
      return this.#finish('superseded', 'A newer sign-in took this unit; sign in again to take it back.')
    }
    // A hello that was not even read in time, as in a crowd of them, says nothing against the ticket.
    if (code === CLOSE_CODES.unauthenticated && this.isOpen) this.#credentials.ended()
    const why = `The connection was closed (${code}${reason && `, ${reason}`}).`
    this.reconnect(new ClientFault('connection', why), comeback.trouble, comeback.atLeastMs)
  }

  /** Those behind a part that has changed the mode are not told: they hear of that. */
  #tell<Name extends keyof ConnectionNews>(name: Name, args: ConnectionNews[Name]): void {
    const mode = this.#mode
    this.#news.tell(name, args, () => this.#mode === mode)
  }
}
