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
  readonly #queue = new SearchQueue()
  /** By node: milliseconds to the place, where `#round` is the round of this search. */
  readonly #ms: Uint32Array
  readonly #round: Uint32Array
  #rounds = 0
  #stepsLeft = 0
  #times: RoadTimes | null = null
  /** How far it had come when its steps were used up; null before. */
  #endMs: number | null = null

  constructor(graph: RoadGraph) {
    this.#graph = graph
    this.#ms = new Uint32Array(graph.nodeCount)
    this.#round = new Uint32Array(graph.nodeCount)
  }

  /** Nodes that the search may still settle, but for those of `furtherMsFrom`. */
  get stepsLeft(): number {
    return this.#stepsLeft
  }

  /** Every node that is nearer is known, by its steps alone. */
  get reachedMs(): number {
    return Math.min(MAX_WAY_MS, this.#endMs ?? this.#frontierMs)
  }

  /** Input: `steps`, how many nodes the search may settle. */
  begin(to: RoadPosition, times: RoadTimes, steps: number): void {
    this.#rounds = nextRound(this.#round, this.#rounds)
    this.#queue.clear()
    this.#times = times
    this.#stepsLeft = steps
    this.#endMs = null
    for (const { arc, share } of waysTo(this.#graph, to))
      this.#reach(this.#graph.arcTail[arc]!, partMs(times, arc, share))
  }

  /**
   * From a node: `Infinity` where it is more than the limit, `NOT_REACHED` where its steps do not tell. The answer is the same
   * when the search has meanwhile gone further.
   */
  msFrom(node: number, limitMs: number): number {
    for (;;) {
      const frontierMs = this.#endMs ?? this.#frontierMs
      const ms = this.#knownMs(node, frontierMs, limitMs)
      if (ms !== null) return ms
      if (this.#stepsLeft <= 0) {
        this.#endMs = frontierMs
        return NOT_REACHED
      }
      if (this.#settle(this.#queue.pop())) this.#stepsLeft -= 1
    }
  }

  /** The same of a node that was not reached, whatever it takes. */
  furtherMsFrom(node: number, limitMs: number): number {
    for (;;) {
      const ms = this.#knownMs(node, this.#frontierMs, limitMs)
      if (ms !== null) return ms
      this.#settle(this.#queue.pop())
    }
  }

  get #frontierMs(): number {
    return this.#queue.size === 0 ? Infinity : msOf(this.#queue.first())
  }

  /** Null where a search that has come so far does not know. */
  #knownMs(node: number, frontierMs: number, limitMs: number): number | null {
    const ms = this.#round[node] === this.#rounds ? this.#ms[node]! : Infinity
    // Every way over nodes that are nearer than the frontier is known, so a time up to it is the least.
    if (ms <= frontierMs) return ms > limitMs ? Infinity : ms
    return frontierMs > limitMs ? Infinity : null
  }

  /** False where it had been settled before. */
  #settle(key: number): boolean {
    const [ms, node] = [msOf(key), nodeOf(key)]
    // A node is in the queue again for each shorter way that was found.
    if (ms > this.#ms[node]!) return false
    const { firstIn, inTail } = this.#graph
    const { inMs } = this.#times!
    const end = firstIn[node + 1]!
    for (let slot = firstIn[node]!; slot < end; slot++) this.#reach(inTail[slot]!, ms + inMs[slot]!)
    return true
  }

  #reach(node: number, ms: number): void {
    if (ms > MAX_WAY_MS || (this.#round[node] === this.#rounds && this.#ms[node]! <= ms)) return
    this.#round[node] = this.#rounds
    this.#ms[node] = ms
    this.#queue.push(ms, node)
  }
}
