/**
 * The travel times of one version of a region's roads, as a choice of units asks for them.
 *
 * Nothing is kept of units but where their newest fix is on the road: fixes cost nothing until somebody asks, and a turn may see
 * units elsewhere than they stand. The search from the place (`times-to-place.ts`) answers for whoever is near; once it has
 * gone through its share of nodes, the hierarchy answers for the others. Both are exact and answer the same, so which one it was
 * shows in nothing but time. A place on the road follows from the fix and the roads alone: whoever has both can draw it again.
 */
import {
  type Approach,
  type Drive,
  type Driving,
  type EstimateReason,
  LONGEST_WAY_MS,
  type NotByRoad,
  type Roads,
  type StartDelay,
  type TravelTimes,
  type UnitAtStart,
} from '../../domain/dispatch/travel-times.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { Position } from '../../domain/geo.ts'
import type { DrawnZone, RoadsThere, ZonePlace } from '../../domain/zone.ts'
import type { RoadGraph, RoadPosition } from '../graph.ts'
import type { ClimbStart } from '../hierarchy/climbing-search.ts'
import { waysTo } from '../nearest/reversed-search.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { CAP_M, RoadSnapper, type SnappedPosition } from '../snap.ts'
import type { RoadZones } from '../times/road-zones.ts'
import type { TravelModel } from '../times/travel-model.ts'
import { type DrivenSet, DrivenTimes, type HierarchyMaker } from './driven-times.ts'
import type { PreparedRoads } from './prepared-roads.ts'
import { StartDelays } from './start-delays.ts'
import type { TimesByHierarchy } from './times-by-hierarchy.ts'
import { NOT_REACHED, TimesToPlace } from './times-to-place.ts'
import { ZoneArcs } from './zone-arcs.ts'

/**
 * What a search from one place may cost before the hierarchy answers: some 0.3 ms. It is for the nearest units of a dense fleet; for 20
 * units in a large city 8,000 took 0.83 ms at the median, 2,000 take 0.25 (`npm run bench -- nearest`).
 */
const STEPS_A_PLACE = 2_000
/** What one look may cost, in nodes that are settled: about 200 ms, which a turn of hundreds of choices can come to. */
const STEPS_A_LOOK = 1_000_000
/** What it counts to put a fix on the road. */
const STEPS_A_SNAP = 20
/**
 * What it counts to go on from one place beyond its share, and for each unit then: the same by the hierarchy as by a search that
 * goes on, so that which of them it was changes no answer. A look so goes beyond from about 40 places.
 */
const STEPS_BEYOND = 16_000
const STEPS_A_UNIT_BEYOND = 400
/** A slower vehicle stands, and its receiver's heading says nothing. */
const MOVING_MPS = 2
/** Times are rounded down at both ends of a way. */
const ROUNDED_MS = 2

interface RoadTravelSettings {
  /** Bounds of another size, for tests. */
  readonly stepsAPlace?: number
  readonly stepsALook?: number
  /** Who makes hierarchies of other than the ordinary times; none unless told. */
  readonly make?: HierarchyMaker
  /** One could not be made. */
  readonly failed?: (error: unknown) => void
  /** What the region has learned of its roads, in the place of the usual model. */
  readonly speeds?: { readonly version: number; readonly model: TravelModel }
}

export class RoadTravel implements Roads {
  readonly version: number
  readonly speedsVersion?: number
  readonly #searches: Searches
  readonly #times: DrivenTimes
  readonly #zoneArcs: ZoneArcs
  readonly #steps: number
  #delays: StartDelays | null = null

  constructor(roads: PreparedRoads, version: number, settings: RoadTravelSettings = {}) {
    this.version = version
    const { speeds } = settings
    if (speeds !== undefined) this.speedsVersion = speeds.version
    this.#searches = new Searches(roads, settings.stepsAPlace ?? STEPS_A_PLACE)
    const ports = { make: settings.make ?? null, failed: settings.failed ?? (() => {}) }
    this.#times = new DrivenTimes(roads, ports, speeds?.model)
    this.#zoneArcs = new ZoneArcs(roads, this.#times.zones)
    this.#steps = settings.stepsALook ?? STEPS_A_LOOK
  }

  look(driving: Driving): TravelTimes {
    const { policy, timeZone } = driving
    const { driving: former } = this.#delays ?? {}
    if (former?.policy !== policy || former.timeZone !== timeZone) this.#delays = new StartDelays(driving)
    const times = (drive: Drive) => this.#times.of(driving, drive)
    return new TravelLook(this.#searches, times, this.#delays!, { steps: this.#steps })
  }

  /** The same object while hour, policy and closures are the same. */
  timesFor(driving: Driving, drive: Drive): RoadTimes {
    return this.#times.of(driving, drive).times
  }

  /** What is closed or slow; the next look goes by it. */
  get zones(): RoadZones {
    return this.#times.zones
  }

  there(place: ZonePlace): RoadsThere {
    return { arcs: this.#zoneArcs.arcsOf(place).length, room: this.zones.room }
  }

  restrict(zones: readonly DrawnZone[]): number {
    return this.#zoneArcs.put(zones)
  }

  /** When no hierarchy is being made any more. */
  settled(): Promise<void> {
    return this.#times.settled()
  }

  stop(): void {
    this.#times.stop()
  }
}

/** What is left of a look. */
interface Left {
  steps: number
}

class TravelLook implements TravelTimes {
  readonly #searches: Searches
  readonly #setOf: (drive: Drive) => DrivenSet
  readonly #delays: StartDelays
  readonly #left: Left

  constructor(searches: Searches, setOf: (drive: Drive) => DrivenSet, delays: StartDelays, left: Left) {
    this.#searches = searches
    this.#setOf = setOf
    this.#delays = delays
    this.#left = left
  }

  delayOf(unit: UnitAtStart, atMs: number): StartDelay {
    return this.#delays.of(unit, atMs)
  }

  get leastDelayMs(): number {
    return this.#delays.leastMs
  }

  to(place: Position, drive: Drive): Approach | NotByRoad {
    if (this.#left.steps <= 0) return 'too-many-searches'
    const to = this.#searches.addressAt(place)
    return to === null ? 'place-off-road' : new RoadApproach(this.#searches, to, this.#setOf(drive), this.#left)
  }
}

class RoadApproach implements Approach {
  readonly #searches: Searches
  readonly #left: Left
  readonly to: SnappedPosition
  readonly set: DrivenSet

  constructor(searches: Searches, to: SnappedPosition, set: DrivenSet, left: Left) {
    this.#searches = searches
    this.#left = left
    this.to = to
    this.set = set
  }

  driveMs(from: PlacedFix, atMostMs: number): number | EstimateReason {
    return this.#searches.driveMs(this, from, atMostMs, this.#left)
  }

  leastMs(distanceM: number): number {
    const onRoadM = distanceM - CAP_M - this.to.offRoadM
    if (onRoadM <= 0) return 0
    return Math.max(0, Math.floor((onRoadM / this.set.fastestMps) * 1_000) - ROUNDED_MS)
  }

  get reachedMs(): number {
    return this.#searches.reachedMs(this)
  }
}

/** What all looks share: they are synchronous, so one place is searched from at a time. */
class Searches {
  readonly #graph: RoadGraph
  readonly #snapper: RoadSnapper
  readonly #stepsAPlace: number
  readonly #search: TimesToPlace
  /** Gone with their fixes. */
  readonly #onRoad = new WeakMap<PlacedFix, SnappedPosition | null>()
  /** Whose place the search is of, whether it has gone beyond its share, and the hierarchy that is of the place, too. */
  #current: RoadApproach | null = null
  #isBeyond = false
  #climbing: TimesByHierarchy | null = null

  constructor({ graph, grid }: PreparedRoads, stepsAPlace: number) {
    this.#graph = graph
    this.#snapper = new RoadSnapper(graph, grid)
    this.#stepsAPlace = stepsAPlace
    this.#search = new TimesToPlace(graph)
  }

  addressAt({ lonDeg, latDeg }: Position): SnappedPosition | null {
    return this.#snapper.snap({ lonDeg, latDeg, isAddress: true, headingDeg: null, former: null })
  }

  reachedMs(approach: RoadApproach): number {
    return this.#current === approach ? this.#search.reachedMs : 0
  }

  driveMs(approach: RoadApproach, fix: PlacedFix, atMostMs: number, left: Left): number | EstimateReason {
    const from = this.#placeOf(fix, left)
    if (from === null) return 'off-road'
    this.#turnTo(approach, left)
    const mostMs = Math.min(atMostMs, LONGEST_WAY_MS)
    const { times } = approach.set
    let bestMs = this.#alongMs(from, approach.to, times)
    const before = this.#search.stepsLeft
    let isReached = true
    const starts = this.#startsOf(from, times)
    for (const { node, ms } of starts) {
      const limitMs = Math.min(mostMs, bestMs) - ms
      if (limitMs < 0) continue
      const restMs = this.#search.msFrom(node, limitMs)
      if (restMs === NOT_REACHED) isReached = false
      else bestMs = Math.min(bestMs, ms + restMs)
    }
    left.steps -= before - this.#search.stepsLeft
    if (!isReached) {
      if (left.steps <= 0) return 'not-reached'
      bestMs = Math.min(bestMs, this.#beyondMs(approach, starts, Math.min(mostMs, bestMs), left))
    }
    if (bestMs <= mostMs) return bestMs
    return atMostMs >= LONGEST_WAY_MS ? 'cut-off' : Infinity
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
    this.#isBeyond = false
    this.#climbing = null
    this.#search.begin(approach.to, approach.set.times, Math.min(this.#stepsAPlace, left.steps))
  }

  /** By the hierarchy where it is there, else by going on with the search. */
  #beyondMs(approach: RoadApproach, starts: readonly ClimbStart[], limitMs: number, left: Left): number {
    left.steps -= STEPS_A_UNIT_BEYOND + (this.#isBeyond ? 0 : STEPS_BEYOND)
    this.#isBeyond = true
    const { hierarchy } = approach.set
    if (hierarchy !== null) return this.#climbTo(approach, hierarchy).msFrom(starts, limitMs)
    let bestMs = Infinity
    for (const { node, ms } of starts) {
      const mostMs = Math.min(limitMs, bestMs) - ms
      if (mostMs >= 0) bestMs = Math.min(bestMs, ms + this.#search.furtherMsFrom(node, mostMs))
    }
    return bestMs
  }

  #climbTo({ to, set: { times } }: RoadApproach, hierarchy: TimesByHierarchy): TimesByHierarchy {
    if (this.#climbing === hierarchy) return hierarchy
    this.#climbing = hierarchy
    const ways = waysTo(this.#graph, to)
    hierarchy.begin(
      ways.map(({ arc, share }) => ({ node: this.#graph.arcTail[arc]!, ms: partMs(times, arc, share), lengthCm: 0 })),
    )
    return hierarchy
  }

  /** To the ends of the arcs by which it may leave. */
  #startsOf(from: RoadPosition, times: RoadTimes): ClimbStart[] {
    return waysTo(this.#graph, from).map(({ arc, share }) => ({
      node: this.#graph.arcHead[arc]!,
      ms: times.ms[arc]! - partMs(times, arc, share),
      lengthCm: 0,
    }))
  }

  /** Along the arc that both are on, where the unit has not passed the place; else `Infinity`. */
  #alongMs(from: RoadPosition, to: RoadPosition, times: RoadTimes): number {
    let bestMs = Infinity
    for (const start of waysTo(this.#graph, from)) {
      for (const end of waysTo(this.#graph, to)) {
        if (start.arc !== end.arc || start.share > end.share) continue
        bestMs = Math.min(bestMs, partMs(times, end.arc, end.share) - partMs(times, start.arc, start.share))
      }
    }
    return bestMs
  }
}
