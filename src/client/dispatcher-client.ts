/** A dispatcher's client: enters calls, cancels trips, asks who is nearest, and follows the board. */
import type { CallDetails } from '../domain/commands.ts'
import type { Need } from '../domain/events.ts'
import type { LevelOfCare, Priority } from '../domain/vocabulary.ts'
import { toE7 } from '../protocol/fix-frame.ts'
import type {
  ClientMessage,
  ClientTuples,
  NearestResult,
  ServerMessage,
  StreamDeclaration,
  WelcomeView,
} from '../protocol/wire.ts'
import { BoardFeed, type BoardHandler } from './board-feed.ts'
import { type CommandOutcome, RequestLost } from './command-queue.ts'
import { type CommandOptions, Connection, type ConnectionOptions } from './connection.ts'
import { ClientClosed, ClientFault, CommandRefused } from './errors.ts'

export interface DispatcherOptions extends ConnectionOptions {
  readonly role: 'dispatcher' | 'supervisor'
}

/** A request for help as a dispatcher enters it; each need becomes a trip. */
export interface NewCall {
  /** WGS 84 degrees. */
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  /** The service's own triage code. */
  readonly problem?: string | null
  readonly needs: readonly Need[]
  /** Region time at which the caller reached the centre. Default: when the engine hears of it. */
  readonly receivedAtMs?: number | null
  readonly details?: Partial<CallDetails> | null
}

export interface EnteredCall {
  readonly callId: string
  readonly tripIds: readonly string[]
}

export class DispatcherClient extends Connection {
  #board: BoardFeed | null = null

  constructor(options: DispatcherOptions) {
    super(options, { role: options.role, unitId: null })
  }

  /** Position of the last board record seen; null while none is watched. */
  get boardPosition(): number | null {
    return this.#board?.position ?? null
  }
  /** Board records that came again or out of order, and were left out. */
  get boardDuplicates(): number {
    return this.#board?.duplicates ?? 0
  }

  enterCall(call: NewCall, options: CommandOptions = {}): Promise<CommandOutcome<EnteredCall>> {
    const { lonDeg, latDeg, ...rest } = call
    const body = { lonE7: toE7(lonDeg), latE7: toE7(latDeg), ...rest }
    return this.request<EnteredCall>(id => ['enter-call', id, body], options)
  }

  cancelTrip(
    tripId: string,
    reason: ClientTuples['cancel-trip'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.request(id => ['cancel-trip', id, tripId, reason], options)
  }

  /** The available units that are nearest to a place, best first; 1 to 100 of them, 5 unless told. */
  nearest(
    query: {
      readonly lonDeg: number
      readonly latDeg: number
      readonly k?: number
      readonly levelOfCare?: LevelOfCare
    },
    options: CommandOptions = {},
  ): Promise<CommandOutcome<NearestResult>> {
    const { lonDeg, latDeg, k = 5, levelOfCare = null } = query
    return this.request<NearestResult>(id => ['nearest', id, toE7(lonDeg), toE7(latDeg), k, levelOfCare], options)
  }

  /**
   * Follows the board across reconnects. Output: call it to stop. A client watches one board once at a time.
   * Errors: throws while another watch goes on.
   */
  watchBoard(handler: BoardHandler): () => void {
    if (this.#board !== null) throw new Error('This client watches the board already; stop that watch first.')
    const board = new BoardFeed(handler)
    this.#board = board
    if (this.connectionState === 'open') this.#watch(board)
    return () => {
      if (this.#board !== board) return
      this.#board = null
      if (this.connectionState === 'open') this.#ask(id => ['unwatch-board', id], null)
    }
  }

  protected override streams(): readonly StreamDeclaration[] {
    return []
  }
  protected override probe(): ClientMessage {
    return ['nearest', this.newId(), 0, 0, 1, null]
  }
  protected override welcomed(_welcome: WelcomeView): void {
    if (this.#board !== null) this.#watch(this.#board)
  }
  protected override received(message: ServerMessage): void {
    const board = this.#board
    if (board === null) return
    if (message[0] === 'board-events') board.events(message)
    else if (message[0] === 'board' && !board.part(message)) {
      throw new ClientFault('bad-server-data', 'The parts of a board snapshot do not fit together.')
    }
  }
  protected override refused(): void {}
  protected override ticked(): void {}
  protected override dropped(): void {
    this.#board?.interrupted()
  }
  protected override ended(): void {
    this.#board = null
  }

  #watch(board: BoardFeed): void {
    this.#ask(
      id => ['watch-board', id, board.position],
      refusal => {
        if (this.#board !== board) return
        // The log was restored to an earlier state; what the console shows is not what stands.
        if (refusal.code !== 'position-ahead' || board.position === null) return
        board.reset()
        this.#watch(board)
      },
    )
  }

  /** A request that a new connection makes anew by itself, so its loss is no news. */
  #ask(build: (id: string) => ClientMessage, onRefused: ((refusal: CommandRefused) => void) | null): void {
    this.request(build, { resend: false }).catch((error: unknown) => {
      if (error instanceof RequestLost || error instanceof ClientClosed) return
      if (error instanceof CommandRefused) {
        const refusal = { code: error.code, message: error.message, details: error.details }
        this.fault(new ClientFault('refused', error.message, { refusal }))
        onRefused?.(error)
      } else throw error
    })
  }
}
