/** The tuple of each message that the server sends. */
import type { DomainEvent } from '../../domain/events.ts'
import type { TripEta } from '../../domain/trip/way.ts'
import type { DetachReason } from './fix-tuples.ts'
import type { ServerTypeName } from './message-types.ts'
import type { CallNoteView } from './note-views.ts'
import type { AlarmView, DriverView, TripView, UnitFreshness, UnitView, ZoneView } from './situation-views.ts'
import type { TileUnit } from './tile-tuples.ts'
import type { ClockView, WelcomeView } from './welcome-view.ts'

/** *stalled*: for a second or more nothing of the kind could be stored. */
export type WritesState = 'flowing' | 'stalled'

/** The tuples the server sends, by name, without the type that leads each. */
export interface ServerTuples {
  welcome: [id: string, welcome: WelcomeView]
  reply: [id: string, position: number, result: Readonly<Record<string, unknown>>]
  /** `id` is null when the error answers no command. */
  error: [id: string | null, code: string, message: string, details: Readonly<Record<string, unknown>> | null]
  /** Every fix of the stream up to `durableSeq` is stored. */
  marks: [streamIndex: number, durableSeq: number]
  'unit-state': [position: number, driver: DriverView]
  /** One part of a snapshot of the board at `position`; all parts follow each other, then `board-events` go on from it. */
  board: [
    position: number,
    part: number,
    parts: number,
    trips: readonly TripView[],
    units: readonly UnitView[],
    alarms: readonly AlarmView[],
    /** Closed or slow roads, in the first part alone; absent where there are none. */
    zones?: readonly ZoneView[],
  ]
  /** One record; `by` is the principal that caused it, null for the engine itself. */
  'board-events': [
    position: number,
    recordedAtMs: number,
    events: readonly DomainEvent[],
    by: string | null,
    /** The texts of the record's notes; absent where it has none. */
    notes?: readonly CallNoteView[],
  ]
  /** Reconnect after `afterMs` plus a random share of `spreadMs`, both divided by the clock rate. */
  'going-away': [afterMs: number, spreadMs: number]
  /** Every unit of the tile at frame `frameNo` of the tile's `epoch`: it replaces what the client has of the tile. */
  tile: [tile: string, epoch: string, frameNo: number, atMs: number, units: readonly TileUnit[]]
  /** What came, changed or moved in the tile since frame `frameNo - 1`, and what has left it. A gap asks for a snapshot. */
  'tile-moves': [tile: string, frameNo: number, atMs: number, units: readonly TileUnit[], gone: readonly string[]]
  /** A watched unit and its trip as they are now, at most four times a second. */
  unit: [position: number, unit: UnitView, trip: TripView | null]
  /** `[channel, durableSeq]` for each of a feed's streams whose mark rose. */
  'feed-marks': [marks: readonly (readonly [channel: number, durableSeq: number])[]]
  /** The channel is no longer this feed's, and not by its own `detach`. */
  detached: [channel: number, reason: DetachReason]
  /** Region time as it is from now on: the engine's clock was set, and what it told before does not hold. */
  clock: [clock: ClockView]
  /** Whether the database takes the records of commands, and fixes. Until it is told, both do. */
  writes: [commands: WritesState, fixes: WritesState]
  /** After a loss without a word come back after a random share of `spreadMs`, divided by the clock rate. */
  'come-back': [spreadMs: number]
  /** Arrivals that are news, and trips whose unit is on its way no more, which go first. A whole one replaces what the client has. */
  etas: [isWhole: boolean, etas: readonly TripEta[], gone: readonly string[]]
  /** To who watches the board: positions of units on duty that have become fresh, stale or lost; of a whole one all others are fresh. */
  freshness: [isWhole: boolean, atMs: number, units: readonly UnitFreshness[]]
}

export type ServerMessage = { [T in ServerTypeName]: [type: T, ...ServerTuples[T]] }[ServerTypeName]
