/**
 * How long from some places to everywhere, or from everywhere to a place: what tables, reach and coverage are made of.
 *
 * Plain Dijkstra over arcs, or over reversed arcs. It goes as far as it is told, and answers for nodes until it runs again.
 */
import type { RoadGraph, RoadPosition } from '../graph.ts'
import { ClimbingSearch } from '../hierarchy/climbing-search.ts'
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import { waysTo } from '../nearest/reversed-search.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { MAX_WAY_MS, msOf, nextRound, nodeOf, SearchQueue } from '../search-queue.ts'

/** `from` the starts outwards, as a unit drives; `to` them, as units come. */
export type Heading = 'from' | 'to'

interface TreeStart {
  readonly node: number
  readonly ms: number
}

export interface TreeRun {
  readonly heading: Heading
  readonly starts: readonly TreeStart[]
  readonly times: RoadTimes
  /** Nodes that are further away are left out. */
  readonly withinMs: number
  /** Called for each node, the nearest first; false ends the search, and then only nodes that came before are right. */
  readonly settled?: (node: number, ms: number) => boolean
}

/** Searches that climb from either end of a way. */
interface Climbers {
  readonly hierarchy: Hierarchy
  readonly fromStarts: ClimbingSearch
  readonly toEnds: ClimbingSearch
}

export class TreeSearch {
  readonly graph: RoadGraph
  readonly #queue = new SearchQueue()
  readonly #ms: Uint32Array
  readonly #round: Uint32Array
  #rounds = 0
  #climbers: Climbers | null = null

  constructor(graph: RoadGraph) {
    this.graph = graph
    this.#ms = new Uint32Array(graph.nodeCount)
    this.#round = new Uint32Array(graph.nodeCount)
  }

  /** Infinity for a node that the last search did not come to. */
  msAt(node: number): number {
    return this.#round[node] === this.#rounds ? this.#ms[node]! : Infinity
  }

  /** Those of the last hierarchy are kept: making them takes longer than a climb. */
  climbersOf(hierarchy: Hierarchy): Climbers {
    if (this.#climbers?.hierarchy === hierarchy) return this.#climbers
    const { up, down } = hierarchy
    this.#climbers = { hierarchy, fromStarts: new ClimbingSearch(up, down), toEnds: new ClimbingSearch(down, up) }
    return this.#climbers
  }

  run({ heading, starts, times, withinMs, settled }: TreeRun): void {
    this.#rounds = nextRound(this.#round, this.#rounds)
    const { graph } = this
    const queue = this.#queue
    const [first, other, arcMs] =
      heading === 'from' ? [graph.firstOut, graph.arcHead, times.throughMs] : [graph.firstIn, graph.inTail, times.inMs]
    const mostMs = Math.min(withinMs, MAX_WAY_MS)
    queue.clear()
    for (const { node, ms } of starts) this.#reach(node, ms, mostMs)
    while (queue.size > 0) {
      const key = queue.pop()
      const [ms, node] = [msOf(key), nodeOf(key)]
      // A node is in the queue again for each shorter way that was found.
      if (ms > this.#ms[node]!) continue
      if (settled !== undefined && !settled(node, ms)) return
      const end = first[node + 1]!
      for (let arc = first[node]!; arc < end; arc++) this.#reach(other[arc]!, ms + arcMs[arc]!, mostMs)
    }
  }

  #reach(node: number, ms: number, mostMs: number): void {
    if (ms > mostMs || (this.#round[node] === this.#rounds && this.#ms[node]! <= ms)) return
    this.#round[node] = this.#rounds
    this.#ms[node] = ms
    this.#queue.push(ms, node)
  }
}

/** One of the ways to be at a place: so far along an arc; the node that leads on from there, and how long to it or from it. */
export interface PlaceEnd extends TreeStart {
  readonly arc: number
  readonly share: number
}

/** By which nodes a place is left (`from`) or reached (`to`). */
export const placeEnds = (graph: RoadGraph, place: RoadPosition, heading: Heading, times: RoadTimes): PlaceEnd[] =>
  waysTo(graph, place).map(({ arc, share }) =>
    heading === 'from'
      ? { arc, share, node: graph.arcHead[arc]!, ms: times.ms[arc]! - partMs(times, arc, share) }
      : { arc, share, node: graph.arcTail[arc]!, ms: partMs(times, arc, share) },
  )

/** Along an arc from one place to another one on it, without a node between; Infinity where that is not the way. */
export function alongMs(from: readonly PlaceEnd[], to: readonly PlaceEnd[], times: RoadTimes): number {
  let bestMs = Infinity
  for (const start of from) {
    for (const end of to) {
      if (start.arc !== end.arc || start.share > end.share) continue
      bestMs = Math.min(bestMs, partMs(times, end.arc, end.share) - partMs(times, start.arc, start.share))
    }
  }
  return bestMs
}
