/** A crew's client: reports the unit's fixes until they are durable, hears of offers, and works its trip. */
import type { TripEta } from '../domain/trip/way.ts'
import type { ClientTuples } from '../protocol/wire/client-tuples.ts'
import type { Destinations, TripRoute } from '../protocol/wire/road-views.ts'
import type { DriverView, OfferView, TripView } from '../protocol/wire/situation-views.ts'
import type { CommandOutcome } from './command-queue.ts'
import type { CommandOptions, ConnectionOptions, MomentOptions } from './connection-options.ts'
import { deviceOf } from './device.ts'
import { EngineClient } from './engine-client.ts'
import { EtaReceiver } from './eta-receiver.ts'
import { FixSender } from './fix-sender.ts'
import { FixStream, newStreamId, type ReportedFix } from './fix-stream.ts'
import type { AddedNote, NoteOptions } from './notes.ts'
import { OwnUnit } from './own-unit.ts'
import { type DestinationOptions, type OfPlace, type OfTrip, RoadAsker, type RouteOptions } from './road-asker.ts'

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

export class DriverClient extends EngineClient {
  readonly #stream: FixStream
  readonly #fixes: FixSender
  readonly #unit: OwnUnit
  readonly #etas: EtaReceiver
  readonly #roads: RoadAsker

  constructor(options: DriverOptions) {
    const device = deviceOf(options)
    const stream = new FixStream(device.time, {
      streamId: options.streamId ?? newStreamId(device.newId),
      firstSeq: options.firstSeq ?? 1,
      bufferedFixesMax: options.bufferedFixesMax ?? 100_000,
    })
    super(device, options, {
      role: 'driver',
      unitId: options.unitId,
      streams: () => [stream.declaration],
      probe: () => ['mark', 0],
    })
    this.#stream = stream
    this.#fixes = new FixSender(this.connection, stream)
    this.#unit = new OwnUnit(this.connection, options.unitId)
    this.#etas = new EtaReceiver(this.connection, this.commands)
    this.#roads = new RoadAsker(this.commands)
  }

  /** The unit's situation as last heard; null until the first `welcome`. */
  get driver(): DriverView | null {
    return this.#unit.now
  }
  get streamId(): string {
    return this.#stream.streamId
  }
  /** The seq of the newest fix reported. */
  get lastSeq(): number {
    return this.#stream.lastSeq
  }
  /** Every fix up to this seq is stored, or was recorded as lost. */
  get durableSeq(): number {
    return this.#stream.durableSeq
  }
  get fixesNotDurable(): number {
    return this.#stream.notDurable
  }
  get fixesDurable(): number {
    return this.#stream.durableCount
  }
  /** Fixes lost because the buffer was full, or left out by the server, which is told by `onFault`. */
  get fixesDropped(): number {
    return this.#stream.dropped
  }

  /** The unit's situation, on every connection and whenever it changes. */
  onState(handler: (driver: DriverView, position: number) => void): () => void {
    return this.#unit.views.on(handler)
  }
  /** An offer to this unit, once an offer, also across reconnects. */
  onOffer(handler: (offer: OfferView, trip: TripView) => void): () => void {
    return this.#unit.offers.on(handler)
  }
  /** A trip that was bound to this unit is not any more: closed, cancelled, or taken back. Gives it as last seen. */
  onTripEnded(handler: (trip: TripView) => void): () => void {
    return this.#unit.tripEnds.on(handler)
  }

  /**
   * When this unit will be at the scene, or with a patient at the destination, as the desk sees it; null while it is on no way.
   * Output: call it to stop.
   */
  watchEta(handler: (eta: TripEta | null) => void): () => void {
    return this.#etas.start(etas => {
      const [eta] = etas.values()
      handler(eta ?? null)
    })
  }

  /**
   * The hospitals that are reached first, with all of `capabilities`: of this unit's trip from its scene, or with a patient on board from
   * where it is; or from a place.
   */
  bestDestinations(of: OfTrip | OfPlace, options: DestinationOptions = {}): Promise<CommandOutcome<Destinations>> {
    return this.#roads.bestDestinations(of, options)
  }

  /** The way that this unit still has to drive on its trip, as a line. Refusals: `wrong-phase` while it is on no way. */
  tripRoute(tripId: string, options: RouteOptions = {}): Promise<CommandOutcome<TripRoute>> {
    return this.#roads.tripRoute(tripId, options)
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
    return this.commands.request((id, nowMs) => ['sign-on', id, options.happenedAtMs ?? nowMs], options)
  }
  signOff(options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.commands.request((id, nowMs) => ['sign-off', id, options.happenedAtMs ?? nowMs], options)
  }
  /** The crew can be sent; of a unit that is `standing-down` it says, as `becomeUnavailable` does, that it is clear of the scene. */
  becomeAvailable(options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['set-status', id, 'available', null, options.happenedAtMs ?? nowMs],
      options,
    )
  }
  becomeUnavailable(reason: NonNullable<Reason>, options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['set-status', id, 'unavailable', reason, options.happenedAtMs ?? nowMs],
      options,
    )
  }
  acceptOffer(offerId: string, options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.commands.request((id, nowMs) => ['accept-offer', id, offerId, options.happenedAtMs ?? nowMs], options)
  }
  /** The crew knows that this trip was taken from it; the unit's `takenTripId` names the last one that it has not said so of. */
  acknowledgeStandDown(tripId: string, options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['acknowledge-stand-down', id, tripId, options.happenedAtMs ?? nowMs],
      options,
    )
  }
  declineOffer(
    offerId: string,
    reason: ClientTuples['decline-offer'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(id => ['decline-offer', id, offerId, reason], options)
  }
  reportPhase(
    tripId: string,
    phase: ClientTuples['report-phase'][2],
    options: MomentOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['report-phase', id, tripId, phase, options.happenedAtMs ?? nowMs],
      options,
    )
  }
  /** Says to which hospital the crew brings the patient of its trip; null takes it back. */
  nameDestination(tripId: string, hospitalId: string | null, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['name-destination', id, tripId, hospitalId], options)
  }
  /** Says something about the call of the trip that the unit is bound to, for good; as the dispatcher's `addNote`. */
  addNote(callId: string, text: string, options: NoteOptions = {}): Promise<CommandOutcome<AddedNote>> {
    return this.commands.request<AddedNote>(id => ['add-note', id, callId, text, options.corrects ?? null], options)
  }
  /** The crew has read every note of its call up to this one; the desk is told. */
  readNotes(callId: string, noteNo: number, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['read-notes', id, callId, noteNo], options)
  }
  /** The crew calls for help for itself. A dispatcher alone ends that. */
  callEmergency(options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['call-emergency', id, this.#unit.unitId, options.happenedAtMs ?? nowMs],
      options,
    )
  }
  closeTrip(
    tripId: string,
    disposition: ClientTuples['close-trip'][2],
    options: MomentOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['close-trip', id, tripId, disposition, options.happenedAtMs ?? nowMs],
      options,
    )
  }
}
