/**
 * The travel times of one version of a region's roads, as a choice of units asks for them.
 *
 * Nothing is kept of units but where their newest fix is on the road: fixes cost nothing until somebody asks, and a turn may see
 * units elsewhere than they stand. The search from the place (`times-to-place.ts`) answers for whoever is near; once it has
 * gone through its share of nodes, the hierarchy answers for the others. Both are exact and answer the same, so which one it was
 * shows in nothing but time. A place on the road follows from the fix and the roads alone: whoever has both can draw it again.
 */
import type {
  Approach,
  Drive,
  EstimateReason,
  NotByRoad,
  Roads,
  TravelTimes,
} from '../../domain/dispatch/travel-times.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { Position } from '../../domain/geo.ts'
import type { RoadGraph, RoadPosition } from '../graph.ts'
import type { ClimbStart } from '../hierarchy/climbing-search.ts'
import { waysTo } from '../nearest/reversed-search.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { CAP_M, RoadSnapper, type SnappedPosition } from '../snap.ts'
import type { PreparedRoads } from './prepared-roads.ts'
import { TimesByHierarchy } from './times-by-hierarchy.ts'
import { NOT_REACHED, TimesToPlace } from './times-to-place.ts'

/** What a search from one place may cost before the hierarchy answers: about 2 ms. */
const STEPS_A_PLACE = 8_000
/** What one look may cost, in nodes that are settled: about 200 ms, which a turn of hundreds of choices can come to. */
const STEPS_A_LOOK = 1_000_000
/** What it counts to put a fix on the road. */
const STEPS_A_SNAP = 20
/** A slower vehicle stands, and its receiver's heading says nothing. */
const MOVING_MPS = 2
/** Times are rounded down at both ends of a way. */
const ROUNDED_MS = 2

/** Bounds of another size, for tests. */
export interface TravelBounds {
  readonly stepsAPlace?: number
  readonly stepsALook?: number
}

export class RoadTravel implements Roads {
  readonly version: number
  readonly #searches: Searches
  readonly #steps: number

  constructor(roads: PreparedRoads, version: number, bounds: TravelBounds = {}) {
    this.version = version
    this.#searches = new Searches(roads, bounds.stepsAPlace ?? STEPS_A_PLACE)
    this.#steps = bounds.stepsALook ?? STEPS_A_LOOK
  }

  look(): TravelTimes {
    return new TravelLook(this.#searches, { steps: this.#steps })
  }
}

/** What is left of a look. */
interface Left {
  steps: number
}

class TravelLook implements TravelTimes {
  readonly #searches: Searches
  readonly #left: Left

  constructor(searches: Searches, left: Left) {
    this.#searches = searches
    this.#left = left
  }

  /** All drives take the ordinary times; those with a siren, or at a peak, will take others. */
  to(place: Position, _drive: Drive): Approach | NotByRoad {
    if (this.#left.steps <= 0) return 'too-many-searches'
    const to = this.#searches.addressAt(place)
    return to === null ? 'place-off-road' : new RoadApproach(this.#searches, to, this.#left)
  }
}

class RoadApproach implements Approach {
  readonly #searches: Searches
  readonly #left: Left
  readonly to: SnappedPosition

  constructor(searches: Searches, to: SnappedPosition, left: Left) {
    this.#searches = searches
    this.#left = left
    this.to = to
  }

  driveMs(from: PlacedFix, atMostMs: number): number | EstimateReason {
    return this.#searches.driveMs(this, from, atMostMs, this.#left)
  }

  leastMs(distanceM: number): number {
    return this.#searches.leastMs(distanceM - CAP_M - this.to.offRoadM)
  }

  get reachedMs(): number {
    return this.#searches.reachedMs(this)
  }
}

/** What all looks share: they are synchronous, so one place is searched from at a time. */
class Searches {
  readonly #graph: RoadGraph
  readonly #times: RoadTimes
  readonly #fastestMps: number
  readonly #snapper: RoadSnapper
  readonly #stepsAPlace: number
  readonly #search: TimesToPlace
  readonly #hierarchy: TimesByHierarchy
  /** Gone with their fixes. */
  readonly #onRoad = new WeakMap<PlacedFix, SnappedPosition | null>()
  /** Whose place the search is of, and whether the hierarchy is, too. */
  #current: RoadApproach | null = null
  #hasClimbed = false

  constructor({ graph, times, grid, hierarchy, fastestMps }: PreparedRoads, stepsAPlace: number) {
    this.#graph = graph
    this.#times = times
    this.#fastestMps = fastestMps
    this.#snapper = new RoadSnapper(graph, grid)
    this.#stepsAPlace = stepsAPlace
    this.#search = new TimesToPlace(graph, times)
    this.#hierarchy = new TimesByHierarchy(hierarchy)
  }

  addressAt({ lonDeg, latDeg }: Position): SnappedPosition | null {
    return this.#snapper.snap({ lonDeg, latDeg, isAddress: true, headingDeg: null, former: null })
  }

  leastMs(onRoadM: number): number {
    if (onRoadM <= 0) return 0
    return Math.max(0, Math.floor((onRoadM / this.#fastestMps) * 1_000) - ROUNDED_MS)
  }

  reachedMs(approach: RoadApproach): number {
    return this.#current === approach ? this.#search.reachedMs : 0
  }

  driveMs(approach: RoadApproach, fix: PlacedFix, atMostMs: number, left: Left): number | EstimateReason {
    const from = this.#placeOf(fix, left)
    if (from === null) return 'off-road'
    this.#turnTo(approach, left)
    let bestMs = this.#alongMs(from, approach.to)
    const before = this.#search.stepsLeft
    let isReached = true
    const starts = this.#startsOf(from)
    for (const { node, ms } of starts) {
      const limitMs = Math.min(atMostMs, bestMs) - ms
      if (limitMs < 0) continue
      const restMs = this.#search.msFrom(node, limitMs)
      if (restMs === NOT_REACHED) isReached = false
      else bestMs = Math.min(bestMs, ms + restMs)
    }
    left.steps -= before - this.#search.stepsLeft
    if (!isReached) {
      if (left.steps <= 0) return 'not-reached'
      bestMs = Math.min(bestMs, this.#climbedMs(approach, starts, Math.min(atMostMs, bestMs), left))
    }
    return bestMs > atMostMs ? Infinity : bestMs
  }

  /** Where the vehicle is by its fix; null where no road is near. */
  #placeOf(fix: PlacedFix, left: Left): SnappedPosition | null {
    const known = this.#onRoad.get(fix)
    if (known !== undefined) return known
    left.steps -= STEPS_A_SNAP
    const { lonDeg, latDeg, speedMps } = fix
    const headingDeg = speedMps !== null && speedMps >= MOVING_MPS ? fix.headingDeg : null
    const place = this.#snapper.snap({ lonDeg, latDeg, isAddress: false, headingDeg, former: null })
    this.#onRoad.set(fix, place)
    return place
  }

  #turnTo(approach: RoadApproach, left: Left): void {
    if (this.#current === approach) return
    this.#current = approach
    this.#hasClimbed = false
    this.#search.begin(approach.to, Math.min(this.#stepsAPlace, left.steps))
  }

  #climbedMs(approach: RoadApproach, starts: readonly ClimbStart[], limitMs: number, left: Left): number {
    if (!this.#hasClimbed) {
      this.#hasClimbed = true
      const ways = waysTo(this.#graph, approach.to)
      left.steps -= this.#hierarchy.begin(
        ways.map(({ arc, share }) => ({
          node: this.#graph.arcTail[arc]!,
          ms: partMs(this.#times, arc, share),
          lengthCm: 0,
        })),
      )
    }
    const { ms, settled } = this.#hierarchy.msFrom(starts, limitMs)
    left.steps -= settled
    return ms
  }

  /** To the ends of the arcs by which it may leave. */
  #startsOf(from: RoadPosition): ClimbStart[] {
    return waysTo(this.#graph, from).map(({ arc, share }) => ({
      node: this.#graph.arcHead[arc]!,
      ms: this.#times.ms[arc]! - partMs(this.#times, arc, share),
      lengthCm: 0,
    }))
  }

  /** Along the arc that both are on, where the unit has not passed the place; else `Infinity`. */
  #alongMs(from: RoadPosition, to: RoadPosition): number {
    let bestMs = Infinity
    for (const start of waysTo(this.#graph, from)) {
      for (const end of waysTo(this.#graph, to)) {
        if (start.arc !== end.arc || start.share > end.share) continue
        bestMs = Math.min(bestMs, partMs(this.#times, end.arc, end.share) - partMs(this.#times, start.arc, start.share))
      }
    }
    return bestMs
  }
}
