/**
 * A search that only climbs: the few nodes at which a way from a place, or to it, can have its top.
 *
 * A node that is reached more quickly from above is no top and is not climbed on from: it is *stalled*.
 */
import { MAX_WAY_MS, msOf, nextRound, nodeOf, SearchQueue } from '../search-queue.ts'
import type { ClimbingEdges } from './hierarchy.ts'

/** Where a search begins: how long, and how far, from there to the place or from it. */
export interface ClimbStart {
  readonly node: number
  readonly ms: number
  readonly lengthCm: number
}

/** Called for each node with the time and length to it, the nearest first; false ends the search. */
export type Settled = (node: number, ms: number, lengthCm: number) => boolean

export class ClimbingSearch {
  readonly #edges: ClimbingEdges
  readonly #against: ClimbingEdges
  readonly #queue = new SearchQueue()
  readonly #ms: Uint32Array
  readonly #lengthCm: Float64Array
  readonly #round: Uint32Array
  #rounds = 0

  /** Climbs by `edges`; those of the other direction tell whether a node is reached more quickly from above. */
  constructor(edges: ClimbingEdges, against: ClimbingEdges) {
    this.#edges = edges
    this.#against = against
    const nodeCount = edges.first.length - 1
    this.#ms = new Uint32Array(nodeCount)
    this.#lengthCm = new Float64Array(nodeCount)
    this.#round = new Uint32Array(nodeCount)
  }

  run(starts: readonly ClimbStart[], settled: Settled): void {
    this.#rounds = nextRound(this.#round, this.#rounds)
    const queue = this.#queue
    const { first, other, ms: edgeMs, lengthCm: edgeCm } = this.#edges
    queue.clear()
    for (const { node, ms, lengthCm } of starts) this.#reach(node, ms, lengthCm)
    while (queue.size > 0) {
      const key = queue.pop()
      const ms = msOf(key)
      const node = nodeOf(key)
      if (ms > this.#ms[node]! || this.#isStalled(node, ms)) continue
      const lengthCm = this.#lengthCm[node]!
      if (!settled(node, ms, lengthCm)) return
      const end = first[node + 1]!
      for (let edge = first[node]!; edge < end; edge++)
        this.#reach(other[edge]!, ms + edgeMs[edge]!, lengthCm + edgeCm[edge]!)
    }
  }

  #isStalled(node: number, ms: number): boolean {
    const { first, other, ms: edgeMs } = this.#against
    const end = first[node + 1]!
    for (let edge = first[node]!; edge < end; edge++) {
      const above = other[edge]!
      if (this.#round[above] === this.#rounds && this.#ms[above]! + edgeMs[edge]! < ms) return true
    }
    return false
  }

  #reach(node: number, ms: number, lengthCm: number): void {
    if (ms > MAX_WAY_MS || (this.#round[node] === this.#rounds && this.#ms[node]! <= ms)) return
    this.#round[node] = this.#rounds
    this.#ms[node] = ms
    this.#lengthCm[node] = lengthCm
    this.#queue.push(ms, node)
  }
}
