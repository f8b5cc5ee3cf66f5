/**
 * Makes a hierarchy: takes node after node out of the network, the least important first, and puts in a shortcut wherever
 * a quickest way led through the node.
 *
 * How important a node is: the shortcuts that it would need against the edges that it would end, and how many nodes under it
 * were taken out before, which spreads the work evenly over the map. A look for another way as quick (a *witness*) is
 * limited; one that is not found costs a shortcut more and is no mistake.
 */
import type { RoadGraph } from '../graph.ts'
import { MAX_WAY_MS, msOf, nodeOf, SearchQueue } from '../search-queue.ts'
import type { ClimbingEdges, Hierarchy } from './hierarchy.ts'
import { RemainingGraph } from './remaining-graph.ts'

/** Nodes that a look for a witness settles: while nodes are compared, and when one is taken out. */
const COMPARING_NODES = 24
const TAKING_OUT_NODES = 160

export function buildHierarchy(graph: RoadGraph, arcMs: Uint32Array): Hierarchy {
  return new HierarchyBuild(graph, arcMs).run()
}

class HierarchyBuild {
  readonly #remaining: RemainingGraph
  readonly #witnesses: WitnessSearch
  readonly #up = new EdgeList()
  readonly #down = new EdgeList()
  /** By node: the longest chain of nodes below it that were taken out. */
  readonly #depth: Uint32Array
  readonly #order = new SearchQueue()

  constructor(graph: RoadGraph, arcMs: Uint32Array) {
    this.#remaining = new RemainingGraph(graph, arcMs)
    this.#witnesses = new WitnessSearch(this.#remaining)
    this.#depth = new Uint32Array(graph.nodeCount)
  }

  run(): Hierarchy {
    const { nodeCount } = this.#remaining
    for (let node = 0; node < nodeCount; node++) this.#order.push(this.#importanceOf(node), node)
    while (this.#order.size > 0) {
      const node = nodeOf(this.#order.pop())
      // Its neighbours have changed since. What has become more important than the next one waits again.
      const importance = this.#importanceOf(node)
      if (this.#order.size > 0 && importance > msOf(this.#order.first())) this.#order.push(importance, node)
      else this.#takeOut(node)
    }
    return { up: this.#up.byNode(nodeCount), down: this.#down.byNode(nodeCount) }
  }

  /** As a time of the queue: 0 or more. */
  #importanceOf(node: number): number {
    const { firstOut, firstIn, nextOut, nextIn } = this.#remaining
    let edges = 0
    for (let edge = firstOut[node]!; edge >= 0; edge = nextOut[edge]!) edges += 1
    for (let edge = firstIn[node]!; edge >= 0; edge = nextIn[edge]!) edges += 1
    let shortcuts = 0
    this.#eachShortcut(node, COMPARING_NODES, () => {
      shortcuts += 1
    })
    return Math.max(0, 1_000 + 4 * (2 * shortcuts - edges) + this.#depth[node]! * 2)
  }

  #takeOut(node: number): void {
    const remaining = this.#remaining
    const shortcuts: [tail: number, head: number, ms: number, lengthCm: number][] = []
    this.#eachShortcut(node, TAKING_OUT_NODES, (tail, head, ms, lengthCm) => {
      shortcuts.push([tail, head, ms, lengthCm])
    })
    remaining.takeOut(node, (edge, isOut) => {
      const other = isOut ? remaining.head[edge]! : remaining.tail[edge]!
      this.#depth[other] = Math.max(this.#depth[other]!, this.#depth[node]! + 1)
      const list = isOut ? this.#up : this.#down
      list.add(node, other, remaining.ms[edge]!, remaining.lengthCm[edge]!)
    })
    for (const [tail, head, ms, lengthCm] of shortcuts) remaining.improve(tail, head, ms, lengthCm)
  }

  /** Of each two edges through the node that no other way is as quick as. */
  #eachShortcut(
    node: number,
    maxNodes: number,
    visit: (tail: number, head: number, ms: number, lengthCm: number) => void,
  ): void {
    const { firstOut, firstIn, nextOut, nextIn, tail, head, ms, lengthCm } = this.#remaining
    for (let into = firstIn[node]!; into >= 0; into = nextIn[into]!) {
      const from = tail[into]!
      let longestMs = 0
      for (let out = firstOut[node]!; out >= 0; out = nextOut[out]!) {
        if (head[out] !== from) longestMs = Math.max(longestMs, ms[into]! + ms[out]!)
      }
      if (longestMs === 0) continue
      this.#witnesses.search(from, node, Math.min(longestMs, MAX_WAY_MS), maxNodes)
      for (let out = firstOut[node]!; out >= 0; out = nextOut[out]!) {
        const to = head[out]!
        const throughMs = ms[into]! + ms[out]!
        if (to === from || throughMs > MAX_WAY_MS || this.#witnesses.msTo(to) <= throughMs) continue
        visit(from, to, throughMs, lengthCm[into]! + lengthCm[out]!)
      }
    }
  }
}

/** A short look around a node that keeps away from another one. */
class WitnessSearch {
  readonly #remaining: RemainingGraph
  readonly #queue = new SearchQueue()
  readonly #ms: Uint32Array
  readonly #round: Uint32Array
  #rounds = 0

  constructor(remaining: RemainingGraph) {
    this.#remaining = remaining
    this.#ms = new Uint32Array(remaining.nodeCount)
    this.#round = new Uint32Array(remaining.nodeCount)
  }

  /** At most what the node really takes without the other one; Infinity where the search did not come. */
  msTo(node: number): number {
    return this.#round[node] === this.#rounds ? this.#ms[node]! : Infinity
  }

  search(from: number, without: number, maxMs: number, maxNodes: number): void {
    const { firstOut, nextOut, head, ms: edgeMs } = this.#remaining
    const known = this.#ms
    const round = this.#round
    // Rounds are fewer than edges are looked at while a hierarchy is made: they fit.
    const rounds = ++this.#rounds
    const queue = this.#queue
    queue.clear()
    known[from] = 0
    round[from] = rounds
    queue.push(0, from)
    for (let settled = 0; settled < maxNodes && queue.size > 0; ) {
      const key = queue.pop()
      const ms = msOf(key)
      const node = nodeOf(key)
      if (ms > known[node]!) continue
      settled += 1
      for (let edge = firstOut[node]!; edge >= 0; edge = nextOut[edge]!) {
        const to = head[edge]!
        const atMs = ms + edgeMs[edge]!
        if (to === without || atMs > maxMs || (round[to] === rounds && known[to]! <= atMs)) continue
        round[to] = rounds
        known[to] = atMs
        queue.push(atMs, to)
      }
    }
  }
}

/** Edges in the order in which they come, then by node. */
class EdgeList {
  readonly #node: number[] = []
  readonly #other: number[] = []
  readonly #ms: number[] = []
  readonly #lengthCm: number[] = []

  add(node: number, other: number, ms: number, lengthCm: number): void {
    this.#node.push(node)
    this.#other.push(other)
    this.#ms.push(ms)
    this.#lengthCm.push(lengthCm)
  }

  byNode(nodeCount: number): ClimbingEdges {
    const first = new Uint32Array(nodeCount + 1)
    for (const node of this.#node) first[node + 1]! += 1
    for (let node = 0; node < nodeCount; node++) first[node + 1]! += first[node]!
    const filled = first.slice()
    const edges = {
      first,
      other: new Uint32Array(this.#node.length),
      ms: new Uint32Array(this.#node.length),
      lengthCm: new Uint32Array(this.#node.length),
    }
    this.#node.forEach((node, index) => {
      const at = filled[node]!++
      edges.other[at] = this.#other[index]!
      edges.ms[at] = this.#ms[index]!
      edges.lengthCm[at] = this.#lengthCm[index]!
    })
    return edges
  }
}
