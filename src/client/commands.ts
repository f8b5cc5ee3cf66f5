/** Commands and other requests on a connection: each is sent until it is answered, and says what became of it. */
import type { ClientMessage } from '../protocol/wire/client-tuples.ts'
import { type CommandOutcome, CommandQueue, RequestLost } from './command-queue.ts'
import type { EngineConnection } from './connection.ts'
import type { CommandOptions } from './connection-options.ts'
import { ClientClosed, ClientFault, CommandRefused, type ServerRefusal } from './errors.ts'

interface RequestOptions extends CommandOptions {
  /** False: a lost connection ends the request. Default true. */
  readonly resend?: boolean
}

interface Answers {
  answered?(outcome: CommandOutcome): void
  refused?(refusal: CommandRefused): void
}

export class Commands {
  readonly #connection: EngineConnection
  readonly #queue: CommandQueue
  /** The newest request about each thing, by its id; those that wait for their answer. */
  readonly #newest = new Map<string, string>()

  constructor(connection: EngineConnection) {
    const { timers, random } = connection.device
    this.#connection = connection
    this.#queue = new CommandQueue(timers, random, message => connection.sendCommand(message))
    connection.on('opened', () => this.#queue.opened())
    connection.on('reply', (id, position, result) => this.#queue.answered(id, position, result))
    connection.on('error', (id, code, message, details) => {
      if (id !== null) this.#refused(id, { code, message, details: details ?? null })
    })
    connection.on('beat', () => {
      if (!this.#queue.tick()) return
      connection.reconnect(new ClientFault('connection', 'A command was not answered in time.'))
    })
    connection.on('lost', () => this.#queue.dropped())
    connection.on('ended', end => this.#queue.close(end))
  }

  /** Those that wait for their answer. */
  get size(): number {
    return this.#queue.size
  }

  /**
   * Input: `build` gets the region time of this moment, once it is known. Errors: rejects with CommandRefused and
   * ClientClosed, without `resend` with RequestLost, and with what `build` throws.
   */
  request<Result = CommandOutcome['result']>(
    build: (id: string, nowMs: number) => ClientMessage,
    options: RequestOptions = {},
  ): Promise<CommandOutcome<Result>> {
    const { device } = this.#connection
    // Tells the owner when the connection is given up for it, who may close the client on hearing that.
    this.#connection.settleTime()
    if (this.#connection.end !== null) return Promise.reject(this.#connection.end)
    const id = options.id ?? device.newId()
    const asked = device.time.moment()
    const how = { retry: options.retry ?? true, resend: options.resend ?? true }
    // What a result holds is the server's promise, kept by PROTOCOL.md and not checked here.
    const answer: Promise<CommandOutcome<unknown>> = this.#queue.add(id, () => build(id, device.time.at(asked)), how)
    return answer as Promise<CommandOutcome<Result>>
  }

  /** A request that a new connection makes anew by itself: its loss is no news, and its refusal is told as a fault. */
  ask(build: (id: string) => ClientMessage, told: Answers = {}, id = this.#connection.device.newId()): Promise<void> {
    return this.request(build, { resend: false, id }).then(told.answered, (error: unknown) => {
      if (error instanceof RequestLost || error instanceof ClientClosed) return
      if (!(error instanceof CommandRefused)) throw error
      this.tellRefused(error)
      told.refused?.(error)
    })
  }

  /**
   * Asks in place of what was asked about the same thing before and still waits for its answer. Else a former request
   * that was refused for now would be sent again behind this one, and undo it.
   */
  askInstead(about: string, build: (id: string) => ClientMessage, told: Answers = {}): void {
    const former = this.#newest.get(about)
    if (former !== undefined) this.#queue.withdraw(former)
    const id = this.#connection.device.newId()
    this.#newest.set(about, id)
    void this.ask(build, told, id).finally(() => {
      if (this.#newest.get(about) === id) this.#newest.delete(about)
    })
  }

  /** Tells the owner of the refusal of what no call of the owner's waits for. */
  tellRefused({ code, message, details }: CommandRefused): void {
    this.#connection.fault(new ClientFault('refused', message, { refusal: { code, message, details } }))
  }

  /** Sends one of the last 256 once more, under its own id and with its first body. */
  repeat(id: string): Promise<CommandOutcome> {
    if (this.#connection.end !== null) return Promise.reject(this.#connection.end)
    return this.#queue.repeat(id)
  }

  /** What those were refused for that wait to be tried again is gone. */
  hurry(): void {
    this.#queue.hurry()
  }

  #refused(id: string, refusal: ServerRefusal): void {
    this.#queue.refused(id, refusal)
    if (this.#connection.device.time.isOutside(refusal.details)) this.#connection.askTime()
  }
}
