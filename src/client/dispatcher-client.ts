/** A dispatcher's client: works calls and trips, sends units, asks who is nearest, and follows board, units and map. */
import type { CallDetails } from '../domain/commands.ts'
import type { Need } from '../domain/events.ts'
import { DEFAULT_POLICY } from '../domain/policy.ts'
import type { LevelOfCare, Priority } from '../domain/vocabulary.ts'
import { toE7 } from '../protocol/fix-frame.ts'
import { LIMITS } from '../protocol/limits.ts'
import type {
  ClientMessage,
  ClientTuples,
  NearestResult,
  ServerMessage,
  StreamDeclaration,
  TripView,
  UnitView,
  WelcomeView,
} from '../protocol/wire.ts'
import { BoardFeed, type BoardHandler } from './board-feed.ts'
import { type CommandOutcome, RequestLost } from './command-queue.ts'
import { EngineConnection } from './connection.ts'
import type { CommandOptions, ConnectionOptions } from './connection-options.ts'
import { ClientClosed, ClientFault, CommandRefused } from './errors.ts'
import { type FleetListener, FleetView } from './fleet-view.ts'
import { Signal } from './signal.ts'

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

/** What changes of a call; what is left out stays as it is, and `details` are replaced as a whole. */
export interface CallChanges {
  /** WGS 84 degrees; a change of place needs both. */
  readonly lonDeg?: number
  readonly latDeg?: number
  readonly priority?: Priority
  readonly problem?: string | null
  readonly details?: Partial<CallDetails> | null
}

/** A watched unit and its trip, as they are at a position of the log. */
export type UnitHandler = (unit: UnitView, trip: TripView | null, position: number) => void

/** Options of what a crew did and told the desk by radio. */
export interface RadioOptions extends CommandOptions {
  /** Region time at which it happened. Default: now. */
  readonly happenedAtMs?: number
}

export class DispatcherClient extends EngineConnection {
  readonly #units = new Map<string, Signal<Parameters<UnitHandler>>>()
  #board: BoardFeed | null = null
  #fleet: FleetView | null = null
  #fleetListener: FleetListener | null = null

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

  amendCall(callId: string, changes: CallChanges, options: CommandOptions = {}): Promise<CommandOutcome> {
    const { lonDeg, latDeg, ...rest } = changes
    const place = {
      ...(lonDeg === undefined ? {} : { lonE7: toE7(lonDeg) }),
      ...(latDeg === undefined ? {} : { latE7: toE7(latDeg) }),
    }
    return this.request(id => ['amend-call', id, callId, { ...place, ...rest }], options)
  }
  /** Ends every trip of the call that has not ended. */
  cancelCall(
    callId: string,
    reason: ClientTuples['cancel-call'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.request(id => ['cancel-call', id, callId, reason], options)
  }
  /** Orders this unit to the trip, whatever the desk would have chosen. */
  assignUnit(
    tripId: string,
    unitId: string,
    reason: ClientTuples['assign-unit'][3],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.request(id => ['assign-unit', id, tripId, unitId, reason], options)
  }
  /** Takes the trip from its unit and puts it back into the queue. */
  withdrawUnit(
    tripId: string,
    reason: ClientTuples['withdraw-unit'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.request(id => ['withdraw-unit', id, tripId, reason], options)
  }
  /** Input: a reason with `unavailable`, and none otherwise. */
  setUnitStatus(
    unitId: string,
    status: ClientTuples['set-unit-status'][2],
    options: RadioOptions & { readonly reason?: ClientTuples['set-unit-status'][3] } = {},
  ): Promise<CommandOutcome> {
    const { reason = null, happenedAtMs } = options
    return this.request((id, nowMs) => ['set-unit-status', id, unitId, status, reason, happenedAtMs ?? nowMs], options)
  }
  reportPhase(
    tripId: string,
    phase: ClientTuples['report-phase'][2],
    options: RadioOptions = {},
  ): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['report-phase', id, tripId, phase, options.happenedAtMs ?? nowMs], options)
  }
  closeTrip(
    tripId: string,
    disposition: ClientTuples['close-trip'][2],
    options: RadioOptions = {},
  ): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['close-trip', id, tripId, disposition, options.happenedAtMs ?? nowMs], options)
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

  /**
   * Follows a unit and its trip across reconnects, at most four times a second. Output: call it to stop. A unit that the
   * region does not have is told by `onFault`. Errors: throws RangeError when too many units are watched.
   */
  watchUnit(unitId: string, handler: UnitHandler): () => void {
    let news = this.#units.get(unitId)
    if (news === undefined) {
      if (this.#units.size >= LIMITS.unitsWatched) {
        throw new RangeError(`At most ${LIMITS.unitsWatched} units can be watched; stop watching another first.`)
      }
      news = new Signal()
      this.#units.set(unitId, news)
    }
    const stop = news.on(handler)
    // Asked again for a further handler, which then hears at once how the unit is.
    if (this.connectionState === 'open') this.#watchOne(unitId)
    return () => {
      stop()
      if (this.#units.get(unitId) === news && !news.isHeard) this.unwatchUnit(unitId)
    }
  }

  /** Stops following a unit, for all its handlers. */
  unwatchUnit(unitId: string): void {
    if (!this.#units.delete(unitId)) return
    if (this.connectionState === 'open') this.#ask(id => ['unwatch-unit', id, unitId], null)
  }

  /** The map: one view a client, since a session looks at one set of tiles. */
  fleet(): FleetView {
    this.#fleet ??= new FleetView({
      timers: this.timers,
      random: this.random,
      time: this.time,
      freshness: () => this.policy ?? DEFAULT_POLICY,
      watch: tiles => this.request(id => ['watch-tiles', id, tiles], { resend: false, retry: false }),
      refused: refusal => this.#refusal(refusal),
      listen: listener => {
        this.#fleetListener = listener
        if (this.connectionState === 'open') listener.connectionOpened()
        if (this.connectionState === 'closed') listener.clientEnded()
      },
    })
    return this.#fleet
  }

  protected override streams(): readonly StreamDeclaration[] {
    return []
  }
  protected override probe(): ClientMessage {
    return ['nearest', this.newId(), 0, 0, 1, null]
  }
  protected override welcomed(_welcome: WelcomeView): void {
    if (this.#board !== null) this.#watch(this.#board)
    for (const unitId of this.#units.keys()) this.#watchOne(unitId)
    this.#fleetListener?.connectionOpened()
  }
  protected override received(message: ServerMessage): void {
    switch (message[0]) {
      case 'board':
        if (this.#board === null || this.#board.part(message)) return
        throw new ClientFault('bad-server-data', 'The parts of a board snapshot do not fit together.')
      case 'board-events':
        return this.#board?.events(message)
      case 'tile':
      case 'tile-moves':
        return this.#fleetListener?.received(message)
      case 'unit':
        return this.#unitNews(message)
    }
  }
  protected override refused(): void {}
  protected override ticked(): void {}
  protected override dropped(): void {
    this.#board?.interrupted()
    this.#fleetListener?.connectionLost()
  }
  protected override ended(): void {
    this.#board = null
    this.#units.clear()
    this.#fleetListener?.clientEnded()
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

  #watchOne(unitId: string): void {
    this.#ask(
      id => ['watch-unit', id, unitId],
      () => this.#units.delete(unitId),
    )
  }

  #unitNews([, position, unit, trip]: ServerMessage & { 0: 'unit' }): void {
    this.#units.get(unit.unitId)?.emit(unit, trip, position)
  }

  /** A request that a new connection makes anew by itself, so its loss is no news. */
  #ask(build: (id: string) => ClientMessage, onRefused: ((refusal: CommandRefused) => void) | null): void {
    this.request(build, { resend: false }).catch((error: unknown) => {
      if (error instanceof RequestLost || error instanceof ClientClosed) return
      if (!(error instanceof CommandRefused)) throw error
      this.#refusal(error)
      onRefused?.(error)
    })
  }

  #refusal({ code, message, details }: CommandRefused): void {
    this.fault(new ClientFault('refused', message, { refusal: { code, message, details } }))
  }
}
