/**
 * What is asked of a region's roads beside its turns: arrivals, places, destinations, reach, coverage, routes.
 *
 * A thread answers, some milliseconds to some hundred later, so nothing that is decided may wait for it or go by it. Whoever asks
 * too much is told `busy`.
 */
import type { Fix } from '../fix.ts'
import type { Position } from '../geo.ts'
import type { Drive, Driving, Roads } from './travel-times.ts'

/** A vehicle is put on a road by where it drives to; a place is not put on a motorway where another road is near. */
export type Spot = Position | VehicleSpot
export type VehicleSpot = Position & Pick<Fix, 'speedMps' | 'headingDeg'>

/** What is left of a way, by its key from fix to fix: as long as the unit keeps to its route nothing is searched for. */
export interface WayAsked {
  readonly key: string
  readonly from: Spot
  readonly to: Position
  readonly drive: Drive
}

/** `from`: what is reached from the spot. `to`: from where the spot is reached. */
export const REACH_HEADINGS = ['from', 'to'] as const
export type ReachHeading = (typeof REACH_HEADINGS)[number]

export type RoadQuestion =
  | { readonly kind: 'left'; readonly ways: readonly WayAsked[] }
  | { readonly kind: 'find-place'; readonly text: string; readonly limit: number }
  | {
      readonly kind: 'destinations'
      readonly from: Spot
      readonly drive: Drive
      readonly destinations: readonly (Position & { readonly id: string })[]
    }
  | {
      readonly kind: 'reach'
      readonly heading: ReachHeading
      readonly spot: Spot
      readonly drive: Drive
      readonly withinMs: number
      readonly maxBytes: number
    }
  | {
      readonly kind: 'coverage'
      readonly units: readonly Spot[]
      /** Null: a grid over the roads. */
      readonly demand: readonly Position[] | null
      readonly drive: Drive
      readonly targetMs: number
    }
  | {
      readonly kind: 'route'
      readonly from: Spot
      readonly to: Position
      readonly drive: Drive
      readonly maxBytes: number
    }

/** Why no way is told: no road is near where it begins, or where it ends, or none leads there. */
export const WAY_PROBLEMS = ['off-road', 'place-off-road', 'no-way'] as const
export type WayProblem = (typeof WAY_PROBLEMS)[number]

interface WayLeft {
  readonly driveMs: number
  readonly roadM: number
}

/** In whole hundred-thousandths of a degree. */
export type DrawnPoint = readonly [lonDeg: number, latDeg: number]

export const PLACE_KINDS = ['crossing', 'street'] as const

export interface PlaceByName extends Position {
  readonly kind: (typeof PLACE_KINDS)[number]
  readonly names: readonly string[]
  /** All of it lies within so far of the position. */
  readonly radiusM: number
  /** From 0 to 1. */
  readonly confidence: number
}

export interface CellsReached {
  readonly westDeg: number
  readonly southDeg: number
  readonly cellLonDeg: number
  readonly cellLatDeg: number
  /** Cells side by side, eastwards. */
  readonly runs: readonly (readonly [row: number, column: number, cells: number])[]
}

export interface RoadAnswers {
  /** In the order of the ways. */
  readonly left: readonly (WayLeft | WayProblem)[]
  readonly 'find-place': readonly PlaceByName[]
  /** By id: milliseconds; those to which no way leads are left out. `off-road`: no road is near the spot. */
  readonly destinations: ReadonlyMap<string, number> | 'off-road'
  /** At most so many bytes in JSON. */
  readonly reach:
    | { readonly form: 'lines'; readonly lines: readonly (readonly DrawnPoint[])[] }
    | ({ readonly form: 'cells' } & CellsReached)
    | 'off-road'
  /** Points of the demand: all, and those that are reached in time. Units off the road reach nothing. */
  readonly coverage: { readonly points: number; readonly reached: number }
  /** At most so many bytes in JSON; no point that was left out is further than `offM` from the line. */
  readonly route: (WayLeft & { readonly line: readonly DrawnPoint[]; readonly offM: number }) | WayProblem
}

export type RoadOutcome<Answer> =
  | { readonly ok: true; readonly value: Answer }
  | {
      readonly ok: false
      readonly why: 'busy' | 'too-slow' | 'too-large' | 'failed' | 'stopped'
      readonly message: string
    }

export interface RoadQuestions {
  /** By the times in force for each drive. */
  ask<Question extends RoadQuestion>(
    question: Question,
    driving: Driving,
  ): Promise<RoadOutcome<RoadAnswers[Question['kind']]>>
}

/** The roads that a region goes by, with who answers what is asked beside its turns until they are stopped. */
export interface AskableRoads extends Roads {
  /** Absent where nobody does. */
  readonly questions?: RoadQuestions
}
