/** A feed's client: carries the fixes of many units over one connection, and keeps each until it is durable. */
import { RANGES } from '../protocol/limits.ts'
import type { ClientMessage, ServerMessage, StreamDeclaration, WelcomeView } from '../protocol/wire.ts'
import { EngineConnection, type Greeting } from './connection.ts'
import type { ConnectionOptions } from './connection-options.ts'
import type { ClientClosed, ServerRefusal, UnitDetached } from './errors.ts'
import type { CarriedChannel } from './feed-channel.ts'
import { FeedSender, type FeedUnit } from './feed-sender.ts'
import type { ReportedFix, StreamProgress } from './fix-stream.ts'
import { Signal } from './signal.ts'

export interface FeedOptions extends ConnectionOptions {
  readonly role: 'feed'
  /** When so many fixes of a unit are not durable, its oldest is dropped for each new one. Default 10,000. */
  readonly bufferedFixesMax?: number
  /** Wall milliseconds for which fixes are gathered into a frame. Default 50. */
  readonly gatherMs?: number
}

/** The last number that a unit may get, so that letting go of it harms none unless there are a million of them. */
const LAST_CHANNEL = RANGES.channel[1]

export class FeedClient extends EngineConnection {
  readonly #sender: FeedSender
  readonly #detachments = new Signal<[news: UnitDetached]>()

  constructor(options: FeedOptions) {
    super(options, { role: 'feed', unitId: null })
    this.#sender = new FeedSender(
      {
        timers: this.timers,
        random: this.random,
        time: this.time,
        format: options.format ?? 'binary',
        newId: this.newId,
        send: message => this.transmit(message),
        fault: this.fault.bind(this),
        reconnect: this.reconnect.bind(this),
        settleTime: this.settleTime.bind(this),
        ask: build => this.request(build, { resend: false }),
        detached: news => this.#detachments.emit(news),
      },
      { bufferedFixesMax: options.bufferedFixesMax ?? 10_000, gatherMs: options.gatherMs ?? 50 },
    )
  }

  /** The units that this feed carries, attached at this moment or not. */
  get units(): readonly string[] {
    return [...this.#sender.units.keys()]
  }
  get unitsAttached(): number {
    return this.#sum(channel => (channel.isAttached ? 1 : 0))
  }
  get fixesNotDurable(): number {
    return this.#sum(({ stream }) => stream.notDurable)
  }
  get fixesDurable(): number {
    return this.#sum(({ stream }) => stream.durableCount)
  }
  /** Fixes lost because a unit's buffer was full, or left out by the server, which is told by `onFault`. */
  get fixesDropped(): number {
    return this.#sum(({ stream }) => stream.dropped)
  }
  /** How far a unit's stream has come; undefined for a unit that this feed does not carry. */
  progress(unitId: string): StreamProgress | undefined {
    return this.#sender.units.get(unitId)?.stream
  }

  /**
   * A unit was refused (`unknown-unit`, `wrong-unit`, `unit-retired`) or taken over by another feed (`superseded`). What
   * is not durable of it stays here: `attach` it again to go on, or `detach` it to forget it.
   */
  onDetached(handler: (news: UnitDetached) => void): () => void {
    return this.#detachments.on(handler)
  }

  /**
   * Takes units up, now and on every later connection; those that are attached stay as they are. Errors: throws
   * RangeError for names that no server takes, and for more units than a feed has channels for.
   */
  attach(units: Iterable<string | FeedUnit>): void {
    this.#sender.attach(units)
  }

  /** Lets go of units and forgets what is not durable of them; wait for `mark` before if it is to be stored. */
  detach(unitIds: Iterable<string>): void {
    this.#sender.detach(unitIds)
  }

  /**
   * Takes a fix to send; it is kept until the server has stored it. Output: its seq in the unit's stream. Errors: throws
   * RangeError for coordinates or a time that no server would take, UnitDetached for a unit that is not attached.
   */
  send(unitId: string, fix: ReportedFix): number {
    return this.#sender.send(unitId, fix)
  }

  /**
   * Resolves when every fix sent so far is stored. Errors: rejects with ClientClosed, and with UnitDetached when one of
   * the units was lost on the way.
   */
  mark(): Promise<void> {
    return this.#sender.mark()
  }

  protected override streams(): readonly StreamDeclaration[] {
    return []
  }
  protected override probe(): ClientMessage {
    return this.#sender.units.size > LAST_CHANNEL ? ['mark', LAST_CHANNEL] : ['detach', this.newId(), [LAST_CHANNEL]]
  }
  protected override welcomed(welcome: WelcomeView, greeting: Greeting): void {
    this.#sender.welcomed(welcome, greeting)
  }
  protected override received(message: ServerMessage): void {
    if (message[0] === 'feed-marks') this.#sender.marked(message[1])
    else if (message[0] === 'detached') this.#sender.lost(message[1], message[2])
  }
  protected override refused(refusal: ServerRefusal): void {
    this.#sender.refused(refusal)
  }
  protected override ticked(): void {
    this.#sender.ticked()
  }
  protected override dropped(): void {
    this.#sender.connectionLost()
  }
  protected override ended(end: ClientClosed): void {
    this.#sender.close(end)
  }

  #sum(of: (channel: CarriedChannel) => number): number {
    let sum = 0
    for (const channel of this.#sender.units.values()) sum += of(channel)
    return sum
  }
}
