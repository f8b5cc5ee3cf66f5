/**
 * The quickest way from one place to another, with its line: what a map draws, and the time of one trip.
 *
 * The search leans towards its end by a lower bound: the straight line at the greatest speed at which any arc brings
 * anybody nearer. The speeds of classes would be no bound: where roads are drawn too short, arcs are faster than their class.
 * The bound is of the times that are asked for, and found when they are asked for the first time.
 */
import { distanceM, type Position } from '../../domain/geo.ts'
import { linePart } from '../arc-line.ts'
import type { RoadGraph, RoadPosition } from '../graph.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { MAX_WAY_MS, nextRound, nodeOf, SearchQueue } from '../search-queue.ts'
import { waysTo } from './reversed-search.ts'

export interface RoadRoute {
  readonly driveMs: number
  readonly roadM: number
  /** The arcs from place to place; the first and the last in part. */
  readonly parts: readonly DrivenPart[]
  /** From place to place. */
  readonly line: readonly Position[]
}

/** A part of an arc, as it is driven. */
export interface DrivenPart {
  readonly arc: number
  readonly from: number
  readonly to: number
}

/** Rounding of distances must not make the bound more than it is. */
const SAFE = 0.999_9
const NONE = -1

export class RouteSearch {
  readonly #graph: RoadGraph
  /** By arc: metres in a straight line from its tail to its head. */
  readonly #straightM: Float64Array
  /** Of the times that were asked for: questions of several priorities come in turns. */
  readonly #speeds = new WeakMap<RoadTimes, number>()
  #metresPerMs = 0
  readonly #queue = new SearchQueue()
  readonly #ms: Uint32Array
  /** By node: at most what is left from there. */
  readonly #leftMs: Uint32Array
  /** By node: the arc that leads there; -1 where the way begins. */
  readonly #by: Int32Array
  readonly #round: Uint32Array
  #rounds = 0

  constructor(graph: RoadGraph) {
    this.#graph = graph
    this.#ms = new Uint32Array(graph.nodeCount)
    this.#leftMs = new Uint32Array(graph.nodeCount)
    this.#by = new Int32Array(graph.nodeCount)
    this.#round = new Uint32Array(graph.nodeCount)
    this.#straightM = Float64Array.from(graph.arcHead, (head, arc) =>
      distanceM(this.#at(graph.arcTail[arc]!), this.#at(head)),
    )
  }

  /** Null when it takes longer than ways may, or closed roads lie between. */
  route(from: RoadPosition, to: RoadPosition, times: RoadTimes): RoadRoute | null {
    this.#boundBy(times)
    const ends = waysTo(this.#graph, to)
    let best: { ms: number; node: number; driven: DrivenPart } | null = null
    const take = (ms: number, node: number, driven: DrivenPart) => {
      if (best === null || ms < best.ms) best = { ms, node, driven }
      return best.ms
    }
    let bestMs = Infinity
    for (const start of waysTo(this.#graph, from)) {
      for (const end of ends) {
        if (start.arc !== end.arc || start.share > end.share) continue
        const ms = partMs(times, end.arc, end.share) - partMs(times, start.arc, start.share)
        bestMs = take(ms, NONE, { arc: start.arc, from: start.share, to: end.share })
      }
    }
    this.#begin(from, ends, times)
    while (this.#queue.size > 0) {
      const node = nodeOf(this.#queue.pop())
      const ms = this.#ms[node]!
      if (ms + this.#leftMs[node]! >= bestMs) break
      for (const { arc, share } of ends) {
        if (this.#graph.arcTail[arc] === node)
          bestMs = take(ms + partMs(times, arc, share), node, { arc, from: 0, to: share })
      }
      this.#leave(node, ms, ends, times)
    }
    return best === null ? null : this.#told(best, from)
  }

  /** A closed arc counts as slower than any, so that it does not raise the speed. */
  #boundBy(times: RoadTimes): void {
    let fastest = this.#speeds.get(times)
    if (fastest === undefined) {
      fastest = 0
      for (let arc = 0; arc < this.#straightM.length; arc++)
        fastest = Math.max(fastest, this.#straightM[arc]! / times.throughMs[arc]!)
      this.#speeds.set(times, fastest)
    }
    this.#metresPerMs = fastest / SAFE
  }

  #begin(from: RoadPosition, ends: readonly { arc: number }[], times: RoadTimes): void {
    this.#rounds = nextRound(this.#round, this.#rounds)
    this.#queue.clear()
    for (const { arc, share } of waysTo(this.#graph, from)) {
      const ms = times.ms[arc]! - partMs(times, arc, share)
      this.#reach(this.#graph.arcHead[arc]!, ms, NONE - 1 - arc, ends)
    }
  }

  #leave(node: number, ms: number, ends: readonly { arc: number }[], times: RoadTimes): void {
    const { firstOut, arcHead } = this.#graph
    for (let arc = firstOut[node]!; arc < firstOut[node + 1]!; arc++)
      this.#reach(arcHead[arc]!, ms + times.throughMs[arc]!, arc, ends)
  }

  #reach(node: number, ms: number, by: number, ends: readonly { arc: number }[]): void {
    if (this.#round[node] !== this.#rounds) this.#leftMs[node] = this.#boundMs(node, ends)
    else if (this.#ms[node]! <= ms) return
    const throughMs = ms + this.#leftMs[node]!
    if (throughMs > MAX_WAY_MS) return
    this.#round[node] = this.#rounds
    this.#ms[node] = ms
    this.#by[node] = by
    this.#queue.push(throughMs, node)
  }

  /** At most what is left from a node; never less by more than an arc takes than at the arc's other end. */
  #boundMs(node: number, ends: readonly { arc: number }[]): number {
    let leastM = Infinity
    for (const { arc } of ends)
      leastM = Math.min(leastM, distanceM(this.#at(node), this.#at(this.#graph.arcTail[arc]!)))
    return Math.min(MAX_WAY_MS, Math.floor(leastM / this.#metresPerMs))
  }

  #told({ ms, node, driven }: { ms: number; node: number; driven: DrivenPart }, from: RoadPosition): RoadRoute {
    const parts = [driven]
    if (node !== NONE) {
      let by = this.#by[node]!
      for (; by >= 0; by = this.#by[this.#graph.arcTail[by]!]!) parts.push({ arc: by, from: 0, to: 1 })
      const first = NONE - 1 - by
      parts.push({ arc: first, from: first === from.arc ? from.share : 1 - from.share, to: 1 })
    }
    parts.reverse()
    const lengthCm = parts.reduce((sum, part) => sum + (part.to - part.from) * this.#graph.arcLengthCm[part.arc]!, 0)
    const points = parts.flatMap(part => linePart(this.#graph, part.arc, part.from, part.to))
    const line = points.filter((point, index) => index === 0 || !isSamePoint(point, points[index - 1]!))
    return { driveMs: ms, roadM: Math.round(lengthCm / 100), parts, line }
  }

  #at(node: number): Position {
    return { lonDeg: this.#graph.lonDeg[node]!, latDeg: this.#graph.latDeg[node]! }
  }
}

const isSamePoint = (a: Position, b: Position): boolean => a.lonDeg === b.lonDeg && a.latDeg === b.latDeg
