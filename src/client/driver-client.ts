/** A crew's client: reports the unit's fixes until they are durable, hears of offers, and works its trip. */
import type {
  ClientMessage,
  ClientTuples,
  DriverView,
  OfferView,
  ServerMessage,
  StreamDeclaration,
  TripView,
  WelcomeView,
} from '../protocol/wire.ts'
import type { CommandOutcome } from './command-queue.ts'
import { EngineConnection, type Greeting } from './connection.ts'
import type { CommandOptions, ConnectionOptions } from './connection-options.ts'
import type { ClientClosed, ServerRefusal } from './errors.ts'
import { FixSender } from './fix-sender.ts'
import { newStreamId, type ReportedFix } from './fix-stream.ts'
import { Signal } from './signal.ts'

type Reason = ClientTuples['set-status'][2]

export interface DriverOptions extends ConnectionOptions {
  readonly role: 'driver'
  readonly unitId: string
  /**
   * With a buffer that outlives the process: the stream's id, `[A-Za-z0-9_-]{1,32}`, and the seq of the first fix that
   * will be reported. Default: a new random stream from 1.
   */
  readonly streamId?: string
  readonly firstSeq?: number
  /** When so many fixes are not durable, the oldest is dropped for each new one. Default 100,000. */
  readonly bufferedFixesMax?: number
}

/** Options of a command that tells of a moment. */
export interface MomentOptions extends CommandOptions {
  /** Region time at which the crew pressed the button. Default: now. */
  readonly happenedAtMs?: number
}

/** Offers that were told and are remembered, so that a resend of the state tells none twice. */
const OFFERS_KEPT = 256

export class DriverClient extends EngineConnection {
  readonly #fixes: FixSender
  readonly #unitId: string
  readonly #views = new Signal<[driver: DriverView, position: number]>()
  readonly #offers = new Signal<[offer: OfferView, trip: TripView]>()
  readonly #tripEnds = new Signal<[trip: TripView]>()
  readonly #offersTold = new Set<string>()
  #driver: DriverView | null = null
  #position = -1

  constructor(options: DriverOptions) {
    super(options, { role: 'driver', unitId: options.unitId })
    this.#unitId = options.unitId
    const door = {
      timers: this.timers,
      random: this.random,
      time: this.time,
      format: options.format ?? 'binary',
      newId: this.newId,
      send: (message: ClientMessage) => this.transmit(message),
      fault: this.fault.bind(this),
      reconnect: this.reconnect.bind(this),
      settleTime: this.settleTime.bind(this),
    }
    this.#fixes = new FixSender(door, {
      streamId: options.streamId ?? newStreamId(this.newId),
      firstSeq: options.firstSeq ?? 1,
      bufferedFixesMax: options.bufferedFixesMax ?? 100_000,
    })
  }

  /** The unit's situation as last heard; null until the first `welcome`. */
  get driver(): DriverView | null {
    return this.#driver
  }
  get streamId(): string {
    return this.#fixes.stream.streamId
  }
  /** The seq of the newest fix reported. */
  get lastSeq(): number {
    return this.#fixes.stream.lastSeq
  }
  /** Every fix up to this seq is stored, or was recorded as lost. */
  get durableSeq(): number {
    return this.#fixes.stream.durableSeq
  }
  get fixesNotDurable(): number {
    return this.#fixes.stream.notDurable
  }
  get fixesDurable(): number {
    return this.#fixes.stream.durableCount
  }
  /** Fixes lost because the buffer was full, or left out by the server, which is told by `onFault`. */
  get fixesDropped(): number {
    return this.#fixes.stream.dropped
  }

  /** The unit's situation, on every connection and whenever it changes. */
  onState(handler: (driver: DriverView, position: number) => void): () => void {
    return this.#views.on(handler)
  }
  /** An offer to this unit, once an offer, also across reconnects. */
  onOffer(handler: (offer: OfferView, trip: TripView) => void): () => void {
    return this.#offers.on(handler)
  }
  /** A trip that was bound to this unit is not any more: closed, cancelled, or taken back. Gives it as last seen. */
  onTripEnded(handler: (trip: TripView) => void): () => void {
    return this.#tripEnds.on(handler)
  }

  /**
   * Takes a fix to send; it is kept until the server has stored it. Output: its seq in the stream.
   * Errors: throws RangeError for coordinates or a time that no server would take.
   */
  report(fix: ReportedFix): number {
    return this.#fixes.report(fix)
  }

  /**
   * Asks for the durable mark; resolves when every fix reported so far is stored, or was left out for good. Errors: rejects
   * with ClientClosed.
   */
  mark(): Promise<void> {
    return this.#fixes.mark()
  }

  signOn(options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['sign-on', id, options.happenedAtMs ?? nowMs], options)
  }
  signOff(options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['sign-off', id, options.happenedAtMs ?? nowMs], options)
  }
  becomeAvailable(options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['set-status', id, 'available', null, options.happenedAtMs ?? nowMs], options)
  }
  becomeUnavailable(reason: NonNullable<Reason>, options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.request(
      (id, nowMs) => ['set-status', id, 'unavailable', reason, options.happenedAtMs ?? nowMs],
      options,
    )
  }
  acceptOffer(offerId: string, options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['accept-offer', id, offerId, options.happenedAtMs ?? nowMs], options)
  }
  declineOffer(
    offerId: string,
    reason: ClientTuples['decline-offer'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.request(id => ['decline-offer', id, offerId, reason], options)
  }
  reportPhase(
    tripId: string,
    phase: ClientTuples['report-phase'][2],
    options: MomentOptions = {},
  ): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['report-phase', id, tripId, phase, options.happenedAtMs ?? nowMs], options)
  }
  closeTrip(
    tripId: string,
    disposition: ClientTuples['close-trip'][2],
    options: MomentOptions = {},
  ): Promise<CommandOutcome> {
    return this.request((id, nowMs) => ['close-trip', id, tripId, disposition, options.happenedAtMs ?? nowMs], options)
  }

  protected override streams(): readonly StreamDeclaration[] {
    return [this.#fixes.declaration]
  }
  protected override probe(): ClientMessage {
    return ['mark', 0]
  }
  protected override welcomed(welcome: WelcomeView, greeting: Greeting): void {
    this.#fixes.welcomed(welcome, greeting)
    if (welcome.driver === null) return
    // The server's state is the truth, also when an older log was restored under it.
    this.#position = welcome.position
    this.#see(welcome.driver)
  }
  protected override received(message: ServerMessage): void {
    if (message[0] === 'marks') {
      if (message[1] === 0) this.#fixes.marked(message[2])
    } else if (message[0] === 'unit-state' && message[1] >= this.#position) {
      this.#position = message[1]
      this.#see(message[2])
    }
  }
  protected override refused(refusal: ServerRefusal): void {
    this.#fixes.refused(refusal)
  }
  protected override ticked(): void {
    this.#fixes.ticked()
  }
  protected override dropped(): void {
    this.#fixes.connectionLost()
  }
  protected override ended(end: ClientClosed): void {
    this.#fixes.close(end)
  }

  #see(driver: DriverView): void {
    const before = this.#driver?.trip ?? null
    const trip = driver.trip
    this.#driver = driver
    this.#views.emit(driver, this.#position)
    if (before !== null && this.#isWork(before) && !(trip?.tripId === before.tripId && this.#isWork(trip))) {
      this.#tripEnds.emit(trip?.tripId === before.tripId ? trip : before)
    }
    const offer = trip?.offer ?? null
    if (trip === null || offer === null || offer.unitId !== this.#unitId || this.#offersTold.has(offer.offerId)) return
    this.#offersTold.add(offer.offerId)
    if (this.#offersTold.size > OFFERS_KEPT) {
      const [oldest] = this.#offersTold
      this.#offersTold.delete(oldest!)
    }
    this.#offers.emit(offer, trip)
  }

  /** True while the trip is bound to this unit and not over. */
  #isWork(trip: TripView): boolean {
    return trip.unitId === this.#unitId && trip.phase !== 'closed' && trip.phase !== 'cancelled'
  }
}
