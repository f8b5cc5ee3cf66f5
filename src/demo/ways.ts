/** Ways from place to place on a road network, as vehicles drive them. */
import type { Position } from '../domain/geo.ts'
import type { RoadGraph, RoadPosition } from '../roads/graph.ts'
import { RouteSearch } from '../roads/nearest/route-search.ts'
import { type TimedWay, timedWay } from '../roads/nearest/timed-way.ts'
import type { RoadTimes } from '../roads/road-times.ts'
import { RoadSnapper } from '../roads/snap.ts'

export class Ways {
  readonly #graph: RoadGraph
  readonly #snapper: RoadSnapper
  readonly #routes: RouteSearch

  constructor(graph: RoadGraph) {
    this.#graph = graph
    this.#snapper = new RoadSnapper(graph)
    this.#routes = new RouteSearch(graph)
  }

  /** The quickest one; null where either place is on no road, or it takes longer than ways may. */
  way(from: Position, to: Position, times: RoadTimes): TimedWay | null {
    const [start, end] = [this.#onRoad(from), this.#onRoad(to)]
    if (start === null || end === null) return null
    const route = this.#routes.route(start, end, times)
    return route === null ? null : timedWay(this.#graph, route, times)
  }

  /** Which of the places is reached first, and how; null where none is. */
  toNearest(
    from: Position,
    places: readonly Position[],
    times: RoadTimes,
  ): { readonly place: Position; readonly way: TimedWay } | null {
    const ways = places.flatMap(place => {
      const way = this.way(from, place, times)
      return way === null ? [] : [{ place, way }]
    })
    const [first] = ways
    return first === undefined
      ? null
      : ways.reduce((best, next) => (next.way.atMs.at(-1)! < best.way.atMs.at(-1)! ? next : best), first)
  }

  #onRoad(place: Position): RoadPosition | null {
    return this.#snapper.snap({ ...place, isAddress: false, headingDeg: null, former: null })
  }
}
