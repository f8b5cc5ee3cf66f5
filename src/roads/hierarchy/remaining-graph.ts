/** What remains of a network while a hierarchy is made of it: nodes are taken out one by one, and shortcuts come in. */
import type { RoadGraph } from '../graph.ts'
import { MAX_WAY_MS } from '../search-queue.ts'

const NONE = -1

/** Edges in both directions by node, in lists that are linked, since they change all the time. */
export class RemainingGraph {
  readonly nodeCount: number
  /** By node: its first edge. */
  readonly firstOut: Int32Array
  readonly firstIn: Int32Array
  /** By edge. */
  tail: Int32Array
  head: Int32Array
  ms: Uint32Array
  lengthCm: Uint32Array
  nextOut: Int32Array
  nextIn: Int32Array
  edgeCount = 0
  #free: number[] = []

  /** Of arcs between the same nodes the quickest; none that is closed. */
  constructor(graph: RoadGraph, arcMs: Uint32Array) {
    this.nodeCount = graph.nodeCount
    this.firstOut = new Int32Array(graph.nodeCount).fill(NONE)
    this.firstIn = new Int32Array(graph.nodeCount).fill(NONE)
    const room = Math.max(16, graph.arcCount)
    this.tail = new Int32Array(room)
    this.head = new Int32Array(room)
    this.ms = new Uint32Array(room)
    this.lengthCm = new Uint32Array(room)
    this.nextOut = new Int32Array(room)
    this.nextIn = new Int32Array(room)
    for (let arc = 0; arc < graph.arcCount; arc++) {
      if (arcMs[arc]! > MAX_WAY_MS) continue
      this.improve(graph.arcTail[arc]!, graph.arcHead[arc]!, arcMs[arc]!, graph.arcLengthCm[arc]!)
    }
  }

  /** Makes the edge, or makes it as quick as that. Of equally quick ones the first stays. */
  improve(tail: number, head: number, ms: number, lengthCm: number): void {
    for (let edge = this.firstOut[tail]!; edge !== NONE; edge = this.nextOut[edge]!) {
      if (this.head[edge] !== head) continue
      if (ms < this.ms[edge]!) {
        this.ms[edge] = ms
        this.lengthCm[edge] = lengthCm
      }
      return
    }
    const edge = this.#newEdge()
    this.tail[edge] = tail
    this.head[edge] = head
    this.ms[edge] = ms
    this.lengthCm[edge] = lengthCm
    this.nextOut[edge] = this.firstOut[tail]!
    this.firstOut[tail] = edge
    this.nextIn[edge] = this.firstIn[head]!
    this.firstIn[head] = edge
  }

  /** Takes out a node with all its edges; `visit` is told each of them before. */
  takeOut(node: number, visit: (edge: number, isOut: boolean) => void): void {
    for (let edge = this.firstOut[node]!; edge !== NONE; ) {
      visit(edge, true)
      this.#unlinkIn(edge)
      this.#free.push(edge)
      edge = this.nextOut[edge]!
    }
    for (let edge = this.firstIn[node]!; edge !== NONE; ) {
      visit(edge, false)
      this.#unlinkOut(edge)
      this.#free.push(edge)
      edge = this.nextIn[edge]!
    }
    this.firstOut[node] = NONE
    this.firstIn[node] = NONE
  }

  #unlinkIn(edge: number): void {
    const node = this.head[edge]!
    if (this.firstIn[node] === edge) {
      this.firstIn[node] = this.nextIn[edge]!
      return
    }
    let before = this.firstIn[node]!
    while (this.nextIn[before] !== edge) before = this.nextIn[before]!
    this.nextIn[before] = this.nextIn[edge]!
  }

  #unlinkOut(edge: number): void {
    const node = this.tail[edge]!
    if (this.firstOut[node] === edge) {
      this.firstOut[node] = this.nextOut[edge]!
      return
    }
    let before = this.firstOut[node]!
    while (this.nextOut[before] !== edge) before = this.nextOut[before]!
    this.nextOut[before] = this.nextOut[edge]!
  }

  #newEdge(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const edge = this.edgeCount++
    if (edge < this.tail.length) return edge
    const size = this.tail.length * 2
    const grown = (array: Int32Array) => {
      const larger = new Int32Array(size)
      larger.set(array)
      return larger
    }
    const grownMs = (array: Uint32Array) => {
      const larger = new Uint32Array(size)
      larger.set(array)
      return larger
    }
    this.tail = grown(this.tail)
    this.head = grown(this.head)
    this.ms = grownMs(this.ms)
    this.lengthCm = grownMs(this.lengthCm)
    this.nextOut = grown(this.nextOut)
    this.nextIn = grown(this.nextIn)
    return edge
  }
}
