/**
 * Times from nodes to one place, by a search from the place over reversed arcs that goes only as far as it is asked.
 *
 * What it has gone through stays known until another place is begun with, so the second question costs what it needs more
 * than the first one.
 */
import type { RoadGraph, RoadPosition } from '../graph.ts'
import { waysTo } from '../nearest/reversed-search.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { MAX_WAY_MS, msOf, nextRound, nodeOf, SearchQueue } from '../search-queue.ts'

/** Instead of a time: the search came to its end by steps before it came to the node. */
export const NOT_REACHED = -1

export class TimesToPlace {
  readonly #graph: RoadGraph
  readonly #times: RoadTimes
  readonly #queue = new SearchQueue()
  /** By node: milliseconds to the place, where `#round` is the round of this search. */
  readonly #ms: Uint32Array
  readonly #round: Uint32Array
  #rounds = 0
  #stepsLeft = 0

  constructor(graph: RoadGraph, times: RoadTimes) {
    this.#graph = graph
    this.#times = times
    this.#ms = new Uint32Array(graph.nodeCount)
    this.#round = new Uint32Array(graph.nodeCount)
  }

  /** Nodes that the search may still settle. */
  get stepsLeft(): number {
    return this.#stepsLeft
  }

  /** Every node that is nearer is known. */
  get reachedMs(): number {
    return this.#queue.size === 0 ? MAX_WAY_MS : msOf(this.#queue.first())
  }

  /** Input: `steps`, how many nodes the search may settle. */
  begin(to: RoadPosition, steps: number): void {
    this.#rounds = nextRound(this.#round, this.#rounds)
    this.#queue.clear()
    this.#stepsLeft = steps
    for (const { arc, share } of waysTo(this.#graph, to))
      this.#reach(this.#graph.arcTail[arc]!, partMs(this.#times, arc, share))
  }

  /** From a node: `Infinity` where it is more than the limit, `NOT_REACHED` where that cannot be said. */
  msFrom(node: number, limitMs: number): number {
    const queue = this.#queue
    while (queue.size > 0) {
      const frontierMs = msOf(queue.first())
      if (this.#round[node] === this.#rounds && this.#ms[node]! <= frontierMs) return this.#within(node, limitMs)
      if (frontierMs > limitMs) return Infinity
      if (this.#stepsLeft <= 0) return NOT_REACHED
      this.#settle(queue.pop())
    }
    return this.#round[node] === this.#rounds ? this.#within(node, limitMs) : Infinity
  }

  #within(node: number, limitMs: number): number {
    const ms = this.#ms[node]!
    return ms > limitMs ? Infinity : ms
  }

  #settle(key: number): void {
    const [ms, node] = [msOf(key), nodeOf(key)]
    // A node is in the queue again for each shorter way that was found.
    if (ms > this.#ms[node]!) return
    this.#stepsLeft -= 1
    const { firstIn, inTail } = this.#graph
    const { inMs } = this.#times
    const end = firstIn[node + 1]!
    for (let slot = firstIn[node]!; slot < end; slot++) this.#reach(inTail[slot]!, ms + inMs[slot]!)
  }

  #reach(node: number, ms: number): void {
    if (ms > MAX_WAY_MS || (this.#round[node] === this.#rounds && this.#ms[node]! <= ms)) return
    this.#round[node] = this.#rounds
    this.#ms[node] = ms
    this.#queue.push(ms, node)
  }
}
