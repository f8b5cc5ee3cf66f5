/** What every client offers its owner, whatever its role: how its connection fares, and how to end it. */
import type { PolicyView } from '../protocol/wire/welcome-view.ts'
import type { CommandOutcome } from './command-queue.ts'
import { Commands } from './commands.ts'
import { EngineConnection } from './connection.ts'
import type { ConnectionState } from './connection-mode.ts'
import type { ConnectionOptions } from './connection-options.ts'
import type { ClientDevice } from './device.ts'
import type { ClientClosed, ClientFault } from './errors.ts'
import type { Identity } from './identity.ts'
import { tellUnheard } from './unheard.ts'
import { type Writes, WritesWatch } from './writes.ts'

/** A kind of client adds parts to these two, and has them do what its owner asks. */
export class EngineClient {
  protected readonly connection: EngineConnection
  protected readonly commands: Commands
  readonly #writes: WritesWatch

  constructor(device: ClientDevice, options: ConnectionOptions, identity: Identity) {
    this.connection = new EngineConnection(device, options, identity)
    this.commands = new Commands(this.connection)
    this.#writes = new WritesWatch(this.connection, this.commands)
    tellUnheard(this.connection, this.commands, options.warn ?? (message => console.warn(message)))
  }

  get connectionState(): ConnectionState {
    return this.connection.state
  }
  /** Commands that wait for their answer. */
  get commandsPending(): number {
    return this.commands.size
  }
  /** Frames of the server that could not be read or said what cannot be; each cost the connection. */
  get badFrames(): number {
    return this.connection.badFrames
  }
  /** Connections that were opened after the first one. */
  get reconnects(): number {
    return Math.max(0, this.connection.welcomes - 1)
  }
  /** What the region's policy was at the last `welcome`; null until the first, and of an engine that does not tell it. */
  get policy(): PolicyView | null {
    return this.connection.policy
  }
  /** How many times faster than wall time the region's clock runs; 1 until the first `welcome` says otherwise. */
  get clockRate(): number {
    return this.connection.device.time.rate
  }
  /**
   * Region time in epoch milliseconds; wall time until the first `welcome`. After the device has slept it may be behind
   * until the next one, which follows soon: a command or a fix whose moment is left out is dated by that.
   */
  regionNowMs(): number {
    return this.connection.device.time.nowMs()
  }

  onConnection(handler: (state: ConnectionState) => void): () => void {
    return this.connection.states.on(handler)
  }
  /** What the server says of its database; until it says anything, and on each new connection, all is well. */
  get writes(): Writes {
    return this.#writes.now
  }
  /** The database takes no commands or fixes, or takes them again: for a console to show. */
  onWrites(handler: (writes: Writes) => void): () => void {
    return this.#writes.news.on(handler)
  }
  /** Troubles that the client goes on from by itself. */
  onFault(handler: (fault: ClientFault) => void): () => void {
    return this.connection.faults.on(handler)
  }
  /** The client has ended, once and for good. */
  onClosed(handler: (end: ClientClosed) => void): () => void {
    return this.connection.ends.on(handler)
  }

  /** Resolves when the connection is open, at once if it is. Errors: rejects with ClientClosed when the client ends first. */
  opened(): Promise<void> {
    if (this.connection.isOpen) return Promise.resolve()
    const { end } = this.connection
    if (end !== null) return Promise.reject(end)
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
    this.connection.close()
  }

  /**
   * Sends a command once more under its own id and with its first body, as a client does that has missed the answer:
   * the outcome is the first one's. Errors: rejects when the id is not among the last 256 commands.
   */
  repeat(id: string): Promise<CommandOutcome> {
    return this.commands.repeat(id)
  }
}
