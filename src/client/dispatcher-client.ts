/** A dispatcher's client: works calls and trips, sends units, asks who is nearest, and follows board, units and map. */
import type { LevelOfCare } from '../domain/vocabulary.ts'
import { toE7 } from '../protocol/fix-frame.ts'
import type { NearestResult, TripExplanation } from '../protocol/wire/answer-views.ts'
import type { ClientTuples } from '../protocol/wire/client-tuples.ts'
import type { CoverageView, Destinations, FoundPlaces, ReachView, TripRoute } from '../protocol/wire/road-views.ts'
import type { BoardHandler } from './board-feed.ts'
import { BoardReceiver } from './board-receiver.ts'
import type { CommandOutcome } from './command-queue.ts'
import type { CommandOptions, ConnectionOptions, MomentOptions } from './connection-options.ts'
import type { CallChanges, EnteredCall, NewCall, NewZone } from './desk-inputs.ts'
import { deviceOf } from './device.ts'
import { EngineClient } from './engine-client.ts'
import { type EtaHandler, EtaReceiver } from './eta-receiver.ts'
import { fleetOn } from './fleet-link.ts'
import type { FleetView } from './fleet-view.ts'
import { KeptBoard } from './kept-board.ts'
import type { AddedNote, NoteOptions } from './notes.ts'
import {
  type CoverageAsked,
  type DestinationOptions,
  type FindOptions,
  type OfPlace,
  type OfTrip,
  type OfUnit,
  type ReachAsked,
  RoadAsker,
  type RouteOptions,
} from './road-asker.ts'
import { type UnitHandler, UnitsReceiver } from './units-receiver.ts'

export interface DispatcherOptions extends ConnectionOptions {
  readonly role: 'dispatcher' | 'supervisor'
}

/** Options of what a crew did and told the desk by radio. */
export interface RadioOptions extends CommandOptions {
  /** Region time at which it happened. Default: now. */
  readonly happenedAtMs?: number
}

export class DispatcherClient extends EngineClient {
  readonly #board: BoardReceiver
  readonly #units: UnitsReceiver
  readonly #etas: EtaReceiver
  readonly #roads: RoadAsker
  #fleet: FleetView | null = null

  constructor(options: DispatcherOptions) {
    const device = deviceOf(options)
    super(device, options, {
      role: options.role,
      unitId: null,
      streams: () => [],
      probe: () => ['nearest', device.newId(), 0, 0, 1, null],
    })
    this.#board = new BoardReceiver(this.connection, this.commands)
    this.#units = new UnitsReceiver(this.connection, this.commands)
    this.#etas = new EtaReceiver(this.connection, this.commands)
    this.#roads = new RoadAsker(this.commands)
  }

  /** Position of the last board record seen; null while none is watched. */
  get boardPosition(): number | null {
    return this.#board.position
  }
  /** Board records that came again or out of order, and were left out. */
  get boardDuplicates(): number {
    return this.#board.duplicates
  }

  enterCall(call: NewCall, options: CommandOptions = {}): Promise<CommandOutcome<EnteredCall>> {
    const { lonDeg, latDeg, ...rest } = call
    const body = { lonE7: toE7(lonDeg), latE7: toE7(latDeg), ...rest }
    return this.commands.request<EnteredCall>(id => ['enter-call', id, body], options)
  }

  cancelTrip(
    tripId: string,
    reason: ClientTuples['cancel-trip'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(id => ['cancel-trip', id, tripId, reason], options)
  }

  amendCall(callId: string, changes: CallChanges, options: CommandOptions = {}): Promise<CommandOutcome> {
    const { lonDeg, latDeg, ...rest } = changes
    const place = {
      ...(lonDeg === undefined ? {} : { lonE7: toE7(lonDeg) }),
      ...(latDeg === undefined ? {} : { latE7: toE7(latDeg) }),
    }
    return this.commands.request(id => ['amend-call', id, callId, { ...place, ...rest }], options)
  }
  /** Ends every trip of the call that has not ended. */
  cancelCall(
    callId: string,
    reason: ClientTuples['cancel-call'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(id => ['cancel-call', id, callId, reason], options)
  }
  /**
   * Says something about the call, for good; with `corrects`, that an earlier note of it is wrong. Outcome: the note's number.
   * Refusals: `call-full`.
   */
  addNote(callId: string, text: string, options: NoteOptions = {}): Promise<CommandOutcome<AddedNote>> {
    return this.commands.request<AddedNote>(id => ['add-note', id, callId, text, options.corrects ?? null], options)
  }
  /** Orders this unit to the trip, whatever the desk would have chosen. */
  assignUnit(
    tripId: string,
    unitId: string,
    reason: ClientTuples['assign-unit'][3],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(id => ['assign-unit', id, tripId, unitId, reason], options)
  }
  /** Takes the trip from its unit and puts it back into the queue. */
  withdrawUnit(
    tripId: string,
    reason: ClientTuples['withdraw-unit'][2],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(id => ['withdraw-unit', id, tripId, reason], options)
  }
  /** Sends the unit of a trip to another trip, in one step; the desk then finds a unit for the former. */
  divertUnit(
    tripId: string,
    toTripId: string,
    reason: ClientTuples['divert-unit'][3],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(id => ['divert-unit', id, tripId, toTripId, reason], options)
  }
  /** The desk offers the trip, which waits, to nobody before `resumeTrip` or an assignment by hand. */
  holdTrip(tripId: string, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['hold-trip', id, tripId], options)
  }
  resumeTrip(tripId: string, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['resume-trip', id, tripId], options)
  }
  /** The crew of the trip's unit has taken its order by voice. */
  confirmOrder(tripId: string, options: RadioOptions = {}): Promise<CommandOutcome> {
    return this.commands.request((id, nowMs) => ['confirm-order', id, tripId, options.happenedAtMs ?? nowMs], options)
  }
  /** One unit more for an open call: a further trip of it. */
  addNeed(callId: string, need: ClientTuples['add-need'][2], options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['add-need', id, callId, need], options)
  }
  /** Input: a reason with `unavailable`, and none otherwise. */
  setUnitStatus(
    unitId: string,
    status: ClientTuples['set-unit-status'][2],
    options: RadioOptions & { readonly reason?: ClientTuples['set-unit-status'][3] } = {},
  ): Promise<CommandOutcome> {
    const { reason = null, happenedAtMs } = options
    return this.commands.request(
      (id, nowMs) => ['set-unit-status', id, unitId, status, reason, happenedAtMs ?? nowMs],
      options,
    )
  }
  reportPhase(
    tripId: string,
    phase: ClientTuples['report-phase'][2],
    options: RadioOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['report-phase', id, tripId, phase, options.happenedAtMs ?? nowMs],
      options,
    )
  }
  closeTrip(
    tripId: string,
    disposition: ClientTuples['close-trip'][2],
    options: RadioOptions = {},
  ): Promise<CommandOutcome> {
    return this.commands.request(
      (id, nowMs) => ['close-trip', id, tripId, disposition, options.happenedAtMs ?? nowMs],
      options,
    )
  }

  /**
   * Says when something of a unit's work really was; null: never, or nobody knows. What was said before stays in the log.
   * Input: a unit that was sent on the trip, which may have ended.
   */
  correctTime(
    tripId: string,
    unitId: string,
    correction: {
      readonly time: ClientTuples['correct-time'][3]
      readonly newAtMs: number | null
      readonly reason: ClientTuples['correct-time'][5]
    },
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    const { time, newAtMs, reason } = correction
    return this.commands.request(id => ['correct-time', id, tripId, unitId, time, newAtMs, reason], options)
  }

  /** Closes roads for ambulances, or says that they are slow, until then or until `reopenRoads`; times by road go by it at once. */
  closeRoads(zone: NewZone, options: CommandOptions = {}): Promise<CommandOutcome<{ readonly zoneId: string }>> {
    const { points, ...rest } = zone
    const drawn = points.map(({ lonDeg, latDeg }) => [toE7(lonDeg), toE7(latDeg)] as const)
    return this.commands.request(id => ['close-roads', id, { ...rest, points: drawn }], options)
  }

  /** The roads of a zone are as before. */
  reopenRoads(zoneId: string, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['reopen-roads', id, zoneId], options)
  }

  /**
   * Says who has the patient of a crew that closed its trip as handed over, and whose receiver is not known.
   * Input: a trip of the same call; null for a unit that this region does not dispatch.
   */
  nameReceiver(tripId: string, toTripId: string | null, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['name-receiver', id, tripId, toTripId], options)
  }

  /** Says to which hospital of the reference data the trip's patient is brought; null takes it back. */
  nameDestination(tripId: string, hospitalId: string | null, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['name-destination', id, tripId, hospitalId], options)
  }

  /** The crew of a unit calls for help for itself by radio. Nobody is sent to it by this: enter a call. */
  callEmergency(unitId: string, options: MomentOptions = {}): Promise<CommandOutcome> {
    return this.commands.request((id, nowMs) => ['call-emergency', id, unitId, options.happenedAtMs ?? nowMs], options)
  }
  /** The crew is safe: its unit may be sent again. */
  endEmergency(unitId: string, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['end-emergency', id, unitId], options)
  }

  /** Takes an alarm on: this user answers for it, and once its cause is gone it ends. */
  acknowledgeAlarm(alarmId: string, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['acknowledge-alarm', id, alarmId], options)
  }
  /** Puts an alarm aside for so long, from one second to what the region's policy allows. */
  shelveAlarm(alarmId: string, forMs: number, options: CommandOptions = {}): Promise<CommandOutcome> {
    return this.commands.request(id => ['shelve-alarm', id, alarmId, forMs], options)
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
    return this.commands.request<NearestResult>(
      id => ['nearest', id, toE7(lonDeg), toE7(latDeg), k, levelOfCare],
      options,
    )
  }

  /**
   * Why a trip that has not ended has no other unit than it has: who could go now, and why the others could not. With a unit,
   * also the verdict on that one, wherever it is. Refusals: `wrong-phase` of a trip that has ended.
   */
  explainTrip(
    tripId: string,
    unitId: string | null = null,
    options: CommandOptions = {},
  ): Promise<CommandOutcome<TripExplanation>> {
    return this.commands.request<TripExplanation>(id => ['explain-trip', id, tripId, unitId], options)
  }

  /**
   * Follows the board across reconnects. Output: call it to stop. A client watches one board once at a time.
   * Errors: throws while another watch goes on.
   */
  watchBoard(handler: BoardHandler): () => void {
    return this.#board.start(handler)
  }

  /** The board as it is now, kept right by itself. A client watches one board once at a time. Errors: as `watchBoard`. */
  keepBoard(): KeptBoard {
    const board = new KeptBoard()
    this.#board.start(board)
    return board
  }

  /**
   * Follows a unit and its trip across reconnects, at most four times a second. Output: call it to stop. A unit that the
   * region does not have is told by `onFault`. Errors: throws RangeError when too many units are watched.
   */
  watchUnit(unitId: string, handler: UnitHandler): () => void {
    return this.#units.start(unitId, handler)
  }

  /** Stops following a unit, for all its handlers. */
  unwatchUnit(unitId: string): void {
    this.#units.stop(unitId)
  }

  /**
   * Follows when the units of trips will be there, across reconnects: at the scene, then with a patient at the destination.
   * Output: call it to stop.
   */
  watchEtas(handler: EtaHandler): () => void {
    return this.#etas.start(handler)
  }

  /** Streets and crossings of this name, the surest first; 10 of them unless told. Refusals: `no-roads`. */
  findPlace(text: string, options: FindOptions = {}): Promise<CommandOutcome<FoundPlaces>> {
    return this.#roads.findPlace(text, options)
  }

  /**
   * The hospitals that are reached first, with all of `capabilities`: of a trip from its scene, or with a patient on board from its unit; or from a place.
   */
  bestDestinations(of: OfTrip | OfPlace, options: DestinationOptions = {}): Promise<CommandOutcome<Destinations>> {
    return this.#roads.bestDestinations(of, options)
  }

  /**
   * What a unit, or who is at a place, reaches within a time; or from where the place is reached. Refusals: `no-roads`, `off-road`.
   */
  reach(of: OfUnit | OfPlace, ask: ReachAsked, options: CommandOptions = {}): Promise<CommandOutcome<ReachView>> {
    return this.#roads.reach(of, ask, options)
  }

  /** Which share of the demand the units that may go now reach within a time. Refusals: `no-roads`. */
  coverage(ask: CoverageAsked, options: CommandOptions = {}): Promise<CommandOutcome<CoverageView>> {
    return this.#roads.coverage(ask, options)
  }

  /** The way that a trip's unit still has to drive, as a line. Refusals: `wrong-phase` while it is on no way, `off-road` without a position. */
  tripRoute(tripId: string, options: RouteOptions = {}): Promise<CommandOutcome<TripRoute>> {
    return this.#roads.tripRoute(tripId, options)
  }

  /** The map: one view a client, since a session looks at one set of tiles. */
  fleet(): FleetView {
    this.#fleet ??= fleetOn(this.connection, this.commands)
    return this.#fleet
  }
}
