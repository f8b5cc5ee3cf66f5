/** A feed's client: carries the fixes of many units over one connection, and keeps each until it is durable. */
import type { ConnectionOptions } from './connection-options.ts'
import { deviceOf } from './device.ts'
import { EngineClient } from './engine-client.ts'
import type { UnitDetached } from './errors.ts'
import { FeedSender } from './feed-sender.ts'
import { type FeedUnit, FeedUnits } from './feed-units.ts'
import type { ReportedFix, StreamProgress } from './fix-stream.ts'

export interface FeedOptions extends ConnectionOptions {
  readonly role: 'feed'
  /** When so many fixes of a unit are not durable, its oldest is dropped for each new one. Default 10,000. */
  readonly bufferedFixesMax?: number
  /** Wall milliseconds for which fixes are gathered into a frame. Default 50. */
  readonly gatherMs?: number
}

export class FeedClient extends EngineClient {
  readonly #units: FeedUnits
  readonly #sender: FeedSender

  constructor(options: FeedOptions) {
    const device = deviceOf(options)
    const units = new FeedUnits(device, options.bufferedFixesMax ?? 10_000)
    super(device, options, { role: 'feed', unitId: null, streams: () => [], probe: () => units.probe() })
    this.#units = units
    this.#sender = new FeedSender(this.connection, this.commands, units, options.gatherMs ?? 50)
  }

  /** The units that this feed carries, attached at this moment or not. */
  get units(): readonly string[] {
    return this.#units.names
  }
  get unitsAttached(): number {
    return this.#units.sum(channel => (channel.isAttached ? 1 : 0))
  }
  get fixesNotDurable(): number {
    return this.#units.sum(({ stream }) => stream.notDurable)
  }
  get fixesDurable(): number {
    return this.#units.sum(({ stream }) => stream.durableCount)
  }
  /** Fixes lost because a unit's buffer was full, or left out by the server, which is told by `onFault`. */
  get fixesDropped(): number {
    return this.#units.sum(({ stream }) => stream.dropped)
  }
  /** How far a unit's stream has come; undefined for a unit that this feed does not carry. */
  progress(unitId: string): StreamProgress | undefined {
    return this.#units.named(unitId)?.stream
  }

  /**
   * A unit was refused (`unknown-unit`, `wrong-unit`, `unit-retired`) or taken over by another feed (`superseded`). What
   * is not durable of it stays here: `attach` it again to go on, or `detach` it to forget it.
   */
  onDetached(handler: (news: UnitDetached) => void): () => void {
    return this.#sender.detachments.on(handler)
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
}
