/**
 * The roads as the bench of policies drives them: whole milliseconds between places, and where a unit is on its way.
 *
 * All times come from the engine's own search (`TimesToPlace`), so both policies, the bound and the plan are judged by one
 * road model. A unit that stands may leave either way; one that drives goes on to the next corner before it may turn.
 */
import type { Position } from '../src/domain/geo.ts'
import type { RoadGraph, RoadPosition } from '../src/roads/graph.ts'
import { waysTo } from '../src/roads/nearest/reversed-search.ts'
import { partMs, type RoadTimes, timesOf, WAY_DRIVEN } from '../src/roads/road-times.ts'
import { MAX_WAY_MS } from '../src/roads/search-queue.ts'
import { RoadSnapper } from '../src/roads/snap.ts'
import { TimesToPlace } from '../src/roads/travel/times-to-place.ts'
import { placeOf } from './nearest-roads.ts'

/** So far along an arc. */
interface Form {
  readonly arc: number
  readonly doneMs: number
}

/** Where a unit may leave from, by any of its forms. */
export interface Place extends Position {
  readonly forms: readonly Form[]
}

/** A place that is driven to, with the time from every node. */
export interface Goal {
  readonly place: Place
  readonly msFromNode: Uint32Array
}

/** A part of an arc on a way, and when it begins and ends, from the start of the way. */
interface Leg {
  readonly arc: number
  readonly fromMs: number
  readonly toMs: number
  readonly startsAtMs: number
}

export interface Way {
  readonly driveMs: number
  readonly legs: readonly Leg[]
  readonly from: Place
  readonly to: Place
}

export class BenchRoads {
  readonly graph: RoadGraph
  readonly #times: RoadTimes
  readonly #snapper: RoadSnapper
  readonly #search: TimesToPlace

  constructor(graph: RoadGraph) {
    this.graph = graph
    this.#times = timesOf(graph, WAY_DRIVEN)!
    this.#snapper = new RoadSnapper(graph)
    this.#search = new TimesToPlace(graph)
  }

  /** Null where no road is near. */
  goalNear({ lonDeg, latDeg }: Position): Goal | null {
    const snapped = this.#snapper.snap({ lonDeg, latDeg, isAddress: true, headingDeg: null, former: null })
    return snapped === null ? null : this.goalAt(snapped, { lonDeg, latDeg })
  }

  /** Input: where it is on the road; and where it is on the globe, which may be beside the road. */
  goalAt(on: RoadPosition, at: Position = placeOf(this.graph, on)): Goal {
    const forms = waysTo(this.graph, on).map(({ arc, share }) => ({ arc, doneMs: partMs(this.#times, arc, share) }))
    this.#search.begin(on, this.#times, Number.MAX_SAFE_INTEGER)
    const msFromNode = new Uint32Array(this.graph.nodeCount)
    for (let node = 0; node < msFromNode.length; node++) msFromNode[node] = this.#search.msFrom(node, MAX_WAY_MS)
    return { place: { ...at, forms }, msFromNode }
  }

  driveMs(from: Place, { place, msFromNode }: Goal): number {
    let bestMs = Infinity
    for (const { arc, doneMs } of from.forms) {
      bestMs = Math.min(bestMs, this.#restMs(arc, doneMs) + msFromNode[this.graph.arcHead[arc]!]!)
      bestMs = Math.min(bestMs, alongMs(arc, doneMs, place))
    }
    return bestMs
  }

  /** The quickest way; of equal ones always the same. */
  way(from: Place, to: Goal): Way {
    const driveMs = this.driveMs(from, to)
    const { arcHead, firstOut } = this.graph
    const { ms } = this.#times
    const along = from.forms.find(({ arc, doneMs }) => alongMs(arc, doneMs, to.place) === driveMs)
    if (along !== undefined) {
      const leg = { arc: along.arc, fromMs: along.doneMs, toMs: along.doneMs + driveMs, startsAtMs: 0 }
      return { driveMs, legs: [leg], from, to: to.place }
    }
    const first = from.forms.find(
      ({ arc, doneMs }) => this.#restMs(arc, doneMs) + to.msFromNode[arcHead[arc]!]! === driveMs,
    )!
    const legs: Leg[] = [{ arc: first.arc, fromMs: first.doneMs, toMs: ms[first.arc]!, startsAtMs: 0 }]
    let node = arcHead[first.arc]!
    let atMs = this.#restMs(first.arc, first.doneMs)
    for (;;) {
      const leftMs = driveMs - atMs
      const last = to.place.forms.find(({ arc, doneMs }) => this.graph.arcTail[arc] === node && doneMs === leftMs)
      if (last !== undefined) {
        legs.push({ arc: last.arc, fromMs: 0, toMs: last.doneMs, startsAtMs: atMs })
        return { driveMs, legs, from, to: to.place }
      }
      let next = firstOut[node]!
      while (ms[next]! + to.msFromNode[arcHead[next]!]! !== leftMs) next += 1
      legs.push({ arc: next, fromMs: 0, toMs: ms[next]!, startsAtMs: atMs })
      atMs += ms[next]!
      node = arcHead[next]!
    }
  }

  /** Where a unit is so long after it left: at its start, on an arc that it goes on along, or where it was going. */
  placeOn({ driveMs, legs, from, to }: Way, afterMs: number): Place {
    if (afterMs <= 0) return from
    if (afterMs >= driveMs) return to
    const leg = legs.findLast(({ startsAtMs }) => startsAtMs <= afterMs)!
    const doneMs = leg.fromMs + afterMs - leg.startsAtMs
    const share = doneMs / this.#times.ms[leg.arc]!
    const at = placeOf(this.graph, { arc: leg.arc, share, isEitherWay: false })
    return { ...at, forms: [{ arc: leg.arc, doneMs }] }
  }

  #restMs(arc: number, doneMs: number): number {
    return this.#times.ms[arc]! - doneMs
  }
}

/** Ways back to posts, which are the same whoever chooses. */
export class WaysBack {
  readonly #roads: BenchRoads
  readonly #known = new Map<Place, Map<Goal, Way>>()

  constructor(roads: BenchRoads) {
    this.#roads = roads
  }

  way(from: Place, post: Goal): Way {
    const known = this.#known.get(from) ?? new Map<Goal, Way>()
    this.#known.set(from, known)
    const way = known.get(post) ?? this.#roads.way(from, post)
    known.set(post, way)
    return way
  }
}

/** Along one arc, where the place is ahead; else `Infinity`. */
function alongMs(arc: number, doneMs: number, place: Place): number {
  const ahead = place.forms.find(form => form.arc === arc && form.doneMs >= doneMs)
  return ahead === undefined ? Infinity : ahead.doneMs - doneMs
}
