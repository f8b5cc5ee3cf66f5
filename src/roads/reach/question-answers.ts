/**
 * Answers what is asked of a region's roads, in a thread: puts spots on the road, and hands each question to who can answer it.
 *
 * What is asked for the first time is made then: the grid for spots (150 ms for 90,000 arcs), the index of names (90 ms), the
 * points of the demand.
 */
import type { RoadAnswers, RoadQuestion, Spot, WayAsked, WayProblem } from '../../domain/dispatch/road-questions.ts'
import type { Position } from '../../domain/geo.ts'
import { AddressSearch } from '../address/address-search.ts'
import type { RoadGraph, RoadPosition } from '../graph.ts'
import { lineWithin } from '../line-within.ts'
import type { RouteSearch } from '../nearest/route-search.ts'
import { RouteUnderWay } from '../nearest/route-under-way.ts'
import type { RoadTimes } from '../road-times.ts'
import { RoadSnapper } from '../snap.ts'
import { bestDestinations } from './best-destinations.ts'
import { coverageOf } from './coverage.ts'
import { drawnReach } from './drawn-reach.ts'
import { reachedRoads } from './reached-roads.ts'
import { roadPoints } from './road-points.ts'
import type { TreeSearch } from './tree-search.ts'

/** Times as they are handed to a thread: the same number means the same times, so what was made for them is kept. */
export interface NumberedTimes {
  readonly number: number
  readonly times: RoadTimes
}

export interface QuestionAsked {
  readonly question: RoadQuestion
  /** Of a question for `left`: those of each way. Of all others: one. */
  readonly timesOf: readonly number[]
  readonly times: readonly NumberedTimes[]
}

/** Ways that are kept from fix to fix: some 20 kB each. */
const WAYS_KEPT = 2_000
/** Two ways to drive, by hour and closures. */
const TIMES_KEPT = 8
/** A slower vehicle stands, and its receiver's heading says nothing. */
const MOVING_MPS = 2

interface WayKept {
  readonly to: Position
  readonly way: RouteUnderWay
}

export class QuestionAnswers {
  readonly #tree: TreeSearch
  readonly #routes: RouteSearch
  readonly #times = new Map<number, RoadTimes>()
  /** The last used is last. */
  readonly #ways = new Map<string, WayKept>()
  #snapper: RoadSnapper | null = null
  #addresses: AddressSearch | null = null
  #points: readonly RoadPosition[] | null = null

  constructor(tree: TreeSearch, routes: RouteSearch) {
    this.#tree = tree
    this.#routes = routes
  }

  answer({ question, times, timesOf }: QuestionAsked): RoadAnswers[RoadQuestion['kind']] {
    const known = times.map(each => this.#known(each))
    const first = known[timesOf[0] ?? 0]!
    switch (question.kind) {
      case 'left':
        return question.ways.map((way, index) => this.#left(way, known[timesOf[index]!]!))
      case 'find-place':
        this.#addresses ??= new AddressSearch(this.#graph)
        return this.#addresses.search(question.text, question.limit)
      case 'destinations':
        return this.#destinations(question, first)
      case 'reach': {
        const { heading, withinMs, maxBytes } = question
        const place = this.#onRoad(question.spot)
        if (place === null) return 'off-road'
        const reached = reachedRoads(this.#tree, { heading, place, times: first, withinMs })
        return drawnReach(this.#graph, reached, maxBytes)
      }
      case 'coverage':
        return this.#coverage(question, first)
      case 'route': {
        const ends = this.#endsOf(question.from, question.to)
        if (typeof ends === 'string') return ends
        const route = this.#routes.route(ends.from, ends.to, first)
        if (route === null) return 'no-way'
        const { points, offM } = lineWithin(route.line, question.maxBytes)
        return { driveMs: route.driveMs, roadM: route.roadM, line: points, offM }
      }
    }
  }

  get #graph(): RoadGraph {
    return this.#tree.graph
  }

  /** What comes over from another thread is another object each time. */
  #known({ number, times }: NumberedTimes): RoadTimes {
    const known = this.#times.get(number) ?? times
    this.#times.delete(number)
    this.#times.set(number, known)
    if (this.#times.size > TIMES_KEPT) this.#times.delete(this.#times.keys().next().value!)
    return known
  }

  #left({ key, from, to }: WayAsked, times: RoadTimes): RoadAnswers['left'][number] {
    const ends = this.#endsOf(from, to)
    if (typeof ends === 'string') return ends
    let kept = this.#ways.get(key)
    this.#ways.delete(key)
    if (kept === undefined || kept.to.lonDeg !== to.lonDeg || kept.to.latDeg !== to.latDeg)
      kept = { to, way: new RouteUnderWay(this.#graph, this.#routes, ends.to) }
    this.#ways.set(key, kept)
    if (this.#ways.size > WAYS_KEPT) this.#ways.delete(this.#ways.keys().next().value!)
    const left = kept.way.from(ends.from, times)
    return left === null ? 'no-way' : { driveMs: left.driveMs, roadM: left.roadM }
  }

  #destinations(
    question: RoadQuestion & { readonly kind: 'destinations' },
    times: RoadTimes,
  ): RoadAnswers['destinations'] {
    const from = this.#onRoad(question.from)
    if (from === null) return 'off-road'
    const destinations = question.destinations.flatMap(({ id, lonDeg, latDeg }) => {
      const position = this.#onRoad({ lonDeg, latDeg })
      return position === null ? [] : [{ id, position, addedMs: 0 }]
    })
    const found = bestDestinations(this.#tree, { from, destinations, times, hierarchy: null, k: destinations.length })
    return new Map(found.map(({ id, driveMs }) => [id, driveMs]))
  }

  #coverage(
    { units, demand, targetMs }: RoadQuestion & { readonly kind: 'coverage' },
    times: RoadTimes,
  ): RoadAnswers['coverage'] {
    this.#points ??= demand === null ? roadPoints(this.#graph) : null
    const points = demand === null ? this.#points! : demand.map(place => this.#onRoad(place))
    const { coveredWeight, totalWeight } = coverageOf(this.#tree, {
      units: units.flatMap(unit => {
        const position = this.#onRoad(unit)
        return position === null ? [] : [{ position, addedMs: 0 }]
      }),
      demand: points.map(position => ({ position, weight: 1 })),
      ...{ times, targetMs },
    })
    return { points: totalWeight, reached: coveredWeight }
  }

  #endsOf(start: Spot, end: Position): { readonly from: RoadPosition; readonly to: RoadPosition } | WayProblem {
    const from = this.#onRoad(start)
    if (from === null) return 'off-road'
    const to = this.#onRoad({ lonDeg: end.lonDeg, latDeg: end.latDeg })
    return to === null ? 'place-off-road' : { from, to }
  }

  /** As `RoadTravel` does it, so that a time here is a time there. */
  #onRoad(spot: Spot): RoadPosition | null {
    this.#snapper ??= new RoadSnapper(this.#graph)
    const { lonDeg, latDeg } = spot
    if (!('speedMps' in spot))
      return this.#snapper.snap({ lonDeg, latDeg, isAddress: true, headingDeg: null, former: null })
    const headingDeg = spot.speedMps !== null && spot.speedMps >= MOVING_MPS ? spot.headingDeg : null
    return this.#snapper.snap({ lonDeg, latDeg, isAddress: false, headingDeg, former: null })
  }
}
