/**
 * What a region tells a client, as values in domain units. `encode.ts` alone makes the messages of `wire/` of them, so the
 * actors know no wire unit and no tuple. Only what stands in tiles is packed where it is read (`tileUnit`): it is told most.
 */
import type { Refusal } from '../base/refusal.ts'
import type { PlaceByName, RoadAnswers } from '../domain/dispatch/road-questions.ts'
import type { DomainEvent } from '../domain/events.ts'
import type { Principal, TripId } from '../domain/ids.ts'
import type { TripEta } from '../domain/trip/way.ts'
import type { DrawnZone } from '../domain/zone.ts'
import type { NearestResult, TripExplanation } from './wire/answer-views.ts'
import type { DetachReason } from './wire/fix-tuples.ts'
import type { CallNoteView } from './wire/note-views.ts'
import type { CoverageView, Destinations, DestinationView, ReachView, TripRoute } from './wire/road-views.ts'
import type { WritesState } from './wire/server-tuples.ts'
import type {
  AlarmView,
  CallView,
  DriverView,
  FixView,
  TripView,
  UnitFreshness,
  UnitView,
} from './wire/situation-views.ts'
import type { TileUnit } from './wire/tile-tuples.ts'
import type { ClockView, WelcomeView } from './wire/welcome-view.ts'

/** A view of the wire with its places in degrees. */
type InDegrees<View> = View extends readonly (infer Item)[]
  ? readonly InDegrees<Item>[]
  : View extends { readonly lonE7: number; readonly latE7: number }
    ? Inside<Omit<View, 'lonE7' | 'latE7'>> & { readonly lonDeg: number; readonly latDeg: number }
    : View
type Inside<View> = { readonly [Key in keyof View]: InDegrees<View[Key]> }

export type FixShown = InDegrees<FixView>
export type UnitShown = Inside<UnitView>
export type TripShown = InDegrees<TripView>
export type CallShown = InDegrees<CallView>
type NearestShown = {
  readonly [Key in keyof NearestResult]: Key extends 'units' ? readonly NearestUnitShown[] : NearestResult[Key]
}
export type NearestUnitShown = Inside<NearestResult['units'][number]>
/** A crew's whole situation. */
export interface CrewShown extends Omit<DriverView, 'unit' | 'trip'> {
  readonly unit: UnitShown
  readonly trip: TripShown | null
}
export interface WelcomeShown extends Omit<WelcomeView, 'driver'> {
  readonly driver: CrewShown | null
}

/** The actors that are held, the first found first, and how many there are besides. */
export interface HeldShown {
  readonly items: readonly { readonly kind: 'unit' | 'trip' | 'call'; readonly id: string; readonly why: string }[]
  readonly more: number
}

/** It names no place, so it is shown as it is. */
export type ExplanationShown = TripExplanation

type DestinationShown = InDegrees<DestinationView>
type ReachShown = Exclude<RoadAnswers['reach'], 'off-road'>

/** What a query shows. */
export type Shown =
  | { readonly type: 'nearest'; readonly nearest: NearestShown }
  | { readonly type: 'trip'; readonly trip: TripShown }
  | { readonly type: 'call'; readonly call: CallShown }
  | { readonly type: 'unit'; readonly unit: UnitShown }
  | { readonly type: 'held'; readonly held: HeldShown }
  | { readonly type: 'zones'; readonly zones: readonly DrawnZone[] }
  /** Where in the log the newest decisions on a trip stand. */
  | { readonly type: 'decisions'; readonly positions: readonly number[] }
  | { readonly type: 'explanation'; readonly explanation: ExplanationShown }
  | { readonly type: 'places'; readonly roadsVersion: number; readonly places: readonly PlaceByName[] }
  | ({ readonly type: 'destinations'; readonly destinations: readonly DestinationShown[] } & Omit<
      Destinations,
      'destinations'
    >)
  | ({ readonly type: 'reach'; readonly reach: ReachShown } & Omit<ReachView, 'lines' | 'cells'>)
  | ({ readonly type: 'coverage' } & CoverageView)
  /** Its line is in degrees already. */
  | { readonly type: 'route'; readonly route: TripRoute }

export type Told =
  | { readonly type: 'welcome'; readonly id: string; readonly welcome: WelcomeShown }
  | {
      readonly type: 'reply'
      readonly id: string
      readonly position: number
      readonly result: Readonly<Record<string, unknown>>
    }
  /** `id` is null when the refusal answers no command. */
  | { readonly type: 'refused'; readonly id: string | null; readonly refusal: Refusal }
  | { readonly type: 'marks'; readonly streamIndex: number; readonly durableSeq: number }
  | { readonly type: 'unit-state'; readonly position: number; readonly crew: CrewShown }
  | {
      readonly type: 'board'
      readonly position: number
      readonly part: number
      readonly parts: number
      readonly trips: readonly TripShown[]
      readonly units: readonly UnitShown[]
      readonly alarms: readonly AlarmView[]
      /** Absent where there are none. */
      readonly zones?: readonly DrawnZone[]
    }
  | {
      readonly type: 'board-events'
      readonly position: number
      readonly recordedAtMs: number
      readonly events: readonly DomainEvent[]
      /** Null for the engine itself. */
      readonly by: Principal | null
      /** What was said in it; absent where nothing was. */
      readonly notes?: readonly CallNoteView[]
    }
  | {
      readonly type: 'tile'
      readonly tile: string
      readonly epoch: string
      readonly frameNo: number
      readonly atMs: number
      readonly units: readonly TileUnit[]
    }
  | {
      readonly type: 'tile-moves'
      readonly tile: string
      readonly frameNo: number
      readonly atMs: number
      readonly units: readonly TileUnit[]
      readonly gone: readonly string[]
    }
  | { readonly type: 'unit'; readonly position: number; readonly unit: UnitShown; readonly trip: TripShown | null }
  | { readonly type: 'feed-marks'; readonly marks: readonly (readonly [channel: number, durableSeq: number])[] }
  | { readonly type: 'detached'; readonly channel: number; readonly reason: DetachReason }
  | {
      readonly type: 'etas'
      readonly isWhole: boolean
      readonly etas: readonly TripEta[]
      readonly gone: readonly TripId[]
    }
  | {
      readonly type: 'freshness'
      readonly isWhole: boolean
      readonly atMs: number
      readonly units: readonly UnitFreshness[]
    }
  | { readonly type: 'clock'; readonly clock: ClockView }
  | { readonly type: 'writes'; readonly commands: WritesState; readonly fixes: WritesState }
