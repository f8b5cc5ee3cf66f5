/**
 * When a unit that is on its way will be there, from fix to fix.
 *
 * A part of a quickest way is a quickest way, so a unit that keeps to its route needs no search: what is left is read off. The
 * route is looked for again when the unit leaves it and when other times are in use, as after a closure ahead. The answer is
 * always that of a search from the fix.
 */
import type { RoadGraph, RoadPosition } from '../graph.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { shareOn, waysTo } from './reversed-search.ts'
import type { DrivenPart, RoadRoute, RouteSearch } from './route-search.ts'

interface Remaining {
  readonly driveMs: number
  readonly roadM: number
  /** True for the first answer and when the unit goes another way than before: a map draws `route` anew. */
  readonly isNewRoute: boolean
}

export class RouteUnderWay {
  readonly #graph: RoadGraph
  readonly #search: RouteSearch
  readonly #to: RoadPosition
  #times: RoadTimes | null = null
  #route: RoadRoute | null = null
  /** Whether the unit could turn where the route begins. */
  #couldTurn = false
  /** By part: what is left behind its arc. */
  #leftMs: number[] = []
  #leftCm: number[] = []
  /** By arc: its part; of an arc that is driven twice, the last one. */
  readonly #partOf = new Map<number, number>()

  constructor(graph: RoadGraph, search: RouteSearch, to: RoadPosition) {
    this.#graph = graph
    this.#search = search
    this.#to = to
  }

  /** From where it was looked for last; null before, and when there was none. */
  get route(): RoadRoute | null {
    return this.#route
  }

  /** Null while no way leads to the place. */
  from(position: RoadPosition, times: RoadTimes): Remaining | null {
    if (times === this.#times && this.#route !== null) {
      const left = this.#leftFrom(position, times)
      if (left !== null) return { ...left, isNewRoute: false }
    }
    this.#times = times
    this.#route = this.#search.route(position, this.#to, times)
    this.#couldTurn = position.isEitherWay
    this.#keep(times)
    return this.#route === null ? null : { driveMs: this.#route.driveMs, roadM: this.#route.roadM, isNewRoute: true }
  }

  #keep(times: RoadTimes): void {
    const parts = this.#route?.parts ?? []
    this.#partOf.clear()
    this.#leftMs = new Array<number>(parts.length).fill(0)
    this.#leftCm = new Array<number>(parts.length).fill(0)
    parts.forEach(({ arc }, index) => {
      this.#partOf.set(arc, index)
    })
    for (let index = parts.length - 2; index >= 0; index--) {
      const { arc, to } = parts[index + 1]!
      const isLast = index === parts.length - 2
      this.#leftMs[index] = this.#leftMs[index + 1]! + (isLast ? partMs(times, arc, to) : times.throughMs[arc]!)
      this.#leftCm[index] = this.#leftCm[index + 1]! + to * this.#graph.arcLengthCm[arc]!
    }
  }

  /** Null for a place that is not on the route. */
  #leftFrom(position: RoadPosition, times: RoadTimes): Pick<Remaining, 'driveMs' | 'roadM'> | null {
    let best: { driveMs: number; lengthCm: number } | null = null
    for (const { arc } of waysTo(this.#graph, position)) {
      const share = shareOn(arc, position)
      for (const index of new Set([this.#partOf.get(arc), 0])) {
        // A unit that had to go on there, and now may turn, may be quicker by turning.
        if (index === undefined || (index === 0 && position.isEitherWay && !this.#couldTurn)) continue
        const left = this.#leftIn(index, arc, share, times)
        if (left !== null && (best === null || left.driveMs < best.driveMs)) best = left
      }
    }
    return best === null ? null : { driveMs: best.driveMs, roadM: Math.round(best.lengthCm / 100) }
  }

  /** Before where the route begins another way may be quicker; behind where it ends there is none. */
  #leftIn(index: number, arc: number, share: number, times: RoadTimes): { driveMs: number; lengthCm: number } | null {
    const parts = this.#route!.parts
    const part: DrivenPart = parts[index]!
    if (part.arc !== arc || (index === 0 && share < part.from)) return null
    const isLast = index === parts.length - 1
    if (isLast && share > part.to) return null
    const endMs = isLast ? partMs(times, arc, part.to) : times.ms[arc]!
    return {
      driveMs: endMs - partMs(times, arc, share) + this.#leftMs[index]!,
      lengthCm: (part.to - share) * this.#graph.arcLengthCm[arc]! + this.#leftCm[index]!,
    }
  }
}
