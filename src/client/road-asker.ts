/** What clients ask of the roads: places by name, destinations, reach, coverage, routes. */
import type { LevelOfCare, Priority } from '../domain/vocabulary.ts'
import { toE7 } from '../protocol/fix-frame.ts'
import type { CoverageView, Destinations, FoundPlaces, ReachView, TripRoute } from '../protocol/wire/road-views.ts'
import type { CommandOutcome } from './command-queue.ts'
import type { Commands } from './commands.ts'
import type { CommandOptions } from './connection-options.ts'

/** WGS 84 degrees. */
export interface OfPlace {
  readonly lonDeg: number
  readonly latDeg: number
}
export interface OfTrip {
  readonly tripId: string
}
export interface OfUnit {
  readonly unitId: string
}

export interface FindOptions extends CommandOptions {
  /** How many at most; 10 unless told. */
  readonly k?: number
}
export interface DestinationOptions extends CommandOptions {
  /** How many at most; 5 unless told. */
  readonly k?: number
  /** What a hospital must have, as `stroke`; none unless told. */
  readonly capabilities?: readonly string[]
}
export interface ReachAsked {
  readonly withinMs: number
  /** `from`: what is reached from there, as it is unless told. `to`: from where it is reached. */
  readonly heading?: 'from' | 'to'
  /** With siren or without; null, as it is unless told, drives without. */
  readonly priority?: Priority | null
  /** Of the answer's lines or cells, 500 to 250,000; 50,000 unless told. */
  readonly maxBytes?: number
}
export interface CoverageAsked {
  readonly targetMs: number
  readonly priority?: Priority | null
  /** Units of this level and above; all unless told. */
  readonly levelOfCare?: LevelOfCare | null
}
export interface RouteOptions extends CommandOptions {
  /** Of the line, 500 to 250,000; 10,000 unless told. */
  readonly maxBytes?: number
}

export class RoadAsker {
  readonly #commands: Commands

  constructor(commands: Commands) {
    this.#commands = commands
  }

  findPlace(text: string, { k = 10, ...options }: FindOptions): Promise<CommandOutcome<FoundPlaces>> {
    return this.#commands.request<FoundPlaces>(id => ['find-place', id, text, k], options)
  }

  bestDestinations(
    of: OfTrip | OfPlace,
    { k = 5, capabilities = [], ...options }: DestinationOptions,
  ): Promise<CommandOutcome<Destinations>> {
    const [tripId, lonE7, latE7] = 'tripId' in of ? ([of.tripId, null, null] as const) : placeOf(of)
    return this.#commands.request<Destinations>(
      id => ['best-destinations', id, tripId, lonE7, latE7, capabilities, k],
      options,
    )
  }

  reach(of: OfUnit | OfPlace, asked: ReachAsked, options: CommandOptions): Promise<CommandOutcome<ReachView>> {
    const [unitId, lonE7, latE7] = 'unitId' in of ? ([of.unitId, null, null] as const) : placeOf(of)
    const { withinMs, heading = 'from', priority = null, maxBytes = 50_000 } = asked
    return this.#commands.request<ReachView>(
      id => ['reach', id, unitId, lonE7, latE7, heading, priority, withinMs, maxBytes],
      options,
    )
  }

  coverage(asked: CoverageAsked, options: CommandOptions): Promise<CommandOutcome<CoverageView>> {
    const { targetMs, priority = null, levelOfCare = null } = asked
    return this.#commands.request<CoverageView>(id => ['coverage', id, targetMs, priority, levelOfCare], options)
  }

  tripRoute(tripId: string, { maxBytes = 10_000, ...options }: RouteOptions): Promise<CommandOutcome<TripRoute>> {
    return this.#commands.request<TripRoute>(id => ['trip-route', id, tripId, maxBytes], options)
  }
}

const placeOf = ({ lonDeg, latDeg }: OfPlace): readonly [null, number, number] => [null, toE7(lonDeg), toE7(latDeg)]
