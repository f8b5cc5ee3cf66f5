/** What questions of the roads are answered with: places by name, destinations, reach, coverage, the route of a trip. */
import type { CellsReached, DrawnPoint, PlaceByName, ReachHeading } from '../../domain/dispatch/road-questions.ts'
import type { EtaFallback, TripEta } from '../../domain/trip/way.ts'
import type { HospitalStatus, RankingBasis } from '../../domain/vocabulary.ts'

export interface FoundPlaces {
  readonly roadsVersion: number
  /** The surest first. */
  readonly places: readonly FoundPlaceView[]
}

export interface FoundPlaceView extends Omit<PlaceByName, 'lonDeg' | 'latDeg'> {
  readonly lonE7: number
  readonly latE7: number
}

export interface Destinations {
  readonly basis: RankingBasis
  readonly roadsVersion?: number
  /** Why it goes by the straight line although the region has roads. */
  readonly notByRoad?: EtaFallback
  /** The first to be reached first. */
  readonly destinations: readonly DestinationView[]
}

export interface DestinationView {
  readonly hospitalId: string
  readonly name: string
  readonly lonE7: number
  readonly latE7: number
  readonly address: string | null
  readonly emergencyDepartment: boolean
  readonly capabilities: readonly string[]
  /** Absent while it takes patients. */
  readonly status?: Exclude<HospitalStatus, 'open'>
  /** Why, or whom it does not take; beside `status`. */
  readonly statusNote?: string | null
  /** In a straight line. */
  readonly distanceM: number
  readonly etaMs: number
  /** `etaMs` is by the straight line, since no road leads there. Absent where one does, and where nothing goes by road. */
  readonly estimated?: 'off-road'
}

export interface ReachView {
  readonly roadsVersion: number
  readonly heading: ReachHeading
  readonly withinMs: number
  /** As GeoJSON has it; null where that would take more bytes than were asked for. */
  readonly lines: { readonly type: 'MultiLineString'; readonly coordinates: readonly (readonly DrawnPoint[])[] } | null
  /** In place of lines; null beside them. */
  readonly cells: CellsReached | null
}

export interface CoverageView {
  readonly roadsVersion: number
  readonly targetMs: number
  /** The units that may go now. */
  readonly units: number
  /** `calls`: the places of recent calls. `roads`: a grid over the roads, where no call is known. */
  readonly demand: 'calls' | 'roads'
  readonly points: number
  readonly reached: number
  readonly share: number
}

/** The way that a trip's unit still has to drive. */
export interface TripRoute
  extends Pick<TripEta, 'tripId' | 'unitId' | 'toward' | 'atMs' | 'basis' | 'roadsVersion' | 'notByRoad'> {
  readonly driveMs: number
  readonly distanceM: number
  readonly fixAgeMs: number
  readonly line: readonly DrawnPoint[]
  /** No point that was left out is further from the line. */
  readonly offM: number
}
