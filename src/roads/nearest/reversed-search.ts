/**
 * Who is first at a place by road: one search from the place over reversed arcs, through all units, exact.
 *
 * Nothing is prepared, so a move, a closure or other times cost nothing beforehand. The search comes to nodes by the time
 * from them to the place. A unit on an arc counts its rest of that arc when the search comes to the arc's head. It ends when
 * the next node is further away than the k-th best unit that was *found*: one found early may have a long rest, and one
 * that comes later a short one. With fewer than k units within reach that would be the whole network, so it also ends when all
 * units were met, and at a cap of nodes, which the answer tells.
 */
import type { RoadGraph, RoadPosition } from '../graph.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { MAX_WAY_MS, msOf, nextRound, nodeOf, SearchQueue } from '../search-queue.ts'
import { type AddedTo, BestUnits, type UnitByRoad } from './best-units.ts'
import { type RoadUnits, slotOfEntry } from './road-units.ts'

export interface RoadQuery {
  readonly to: RoadPosition
  readonly k: number
  readonly addedTo: AddedTo
  /** By how much longer a unit may take for the age of its fix (`times/fix-age.ts`); it counts. Default: no unit. */
  readonly unsureOf?: AddedTo
  /** Who reaches the place in that time; with a large k all of them. Default: no limit. */
  readonly withinMs?: number
  /** Nodes that the search may settle. A cap by the clock would answer otherwise from run to run. */
  readonly maxNodes: number
}

export interface FoundByRoad {
  /** The first to arrive first; equal ones by unit id. */
  readonly units: readonly UnitByRoad[]
  /**
   * How many of them are right for certain, from the first. Fewer than all where the cap ended the search: what follows
   * may take less time than said, and units that were not met may be before it.
   */
  readonly certain: number
  /** Nodes that were settled. */
  readonly settled: number
}

/** The time goes along an arc itself: no node is passed. */
export const ALONG_THE_ARC = -1
const START = -2

export class ReversedSearch {
  readonly #graph: RoadGraph
  readonly #queue = new SearchQueue()
  /** By node: milliseconds to the place and the arc that leads there, where `#round` is the round of this search. */
  readonly #ms: Uint32Array
  readonly #onward: Int32Array
  readonly #round: Uint32Array
  #rounds = 0

  constructor(graph: RoadGraph) {
    this.#graph = graph
    this.#ms = new Uint32Array(graph.nodeCount)
    this.#onward = new Int32Array(graph.nodeCount)
    this.#round = new Uint32Array(graph.nodeCount)
  }

  nearest(units: RoadUnits, times: RoadTimes, query: RoadQuery): FoundByRoad {
    const { to, maxNodes } = query
    const best = new BestUnits(units, query)
    this.#begin(to, times)
    for (const { arc, share } of waysTo(this.#graph, to)) offerAlong(units, best, times, arc, share)
    const queue = this.#queue
    let settled = 0
    let left = units.entryCount
    let certainMs = Infinity
    while (left > 0 && queue.size > 0) {
      const key = queue.pop()
      const [ms, node] = [msOf(key), nodeOf(key)]
      if (ms > best.worstMs) break
      // A node is in the queue again for each shorter way that was found.
      if (ms > this.#ms[node]!) continue
      if (settled === maxNodes) {
        certainMs = ms
        break
      }
      settled += 1
      for (let entry = units.firstAt(node); entry >= 0; entry = units.nextOf(entry)) {
        left -= 1
        const arc = units.arcOf(entry)
        best.offer(slotOfEntry(entry), ms + times.ms[arc]! - partMs(times, arc, units.shareOf(entry)), entry, node)
      }
      this.#relax(node, ms, times)
    }
    return {
      units: best.told((_, entry, node) => this.#roadCm(units, entry, node, to)),
      certain: best.within(certainMs - 1),
      settled,
    }
  }

  #begin(to: RoadPosition, times: RoadTimes): void {
    this.#rounds = nextRound(this.#round, this.#rounds)
    this.#queue.clear()
    for (const { arc, share } of waysTo(this.#graph, to)) {
      this.#reach(this.#graph.arcTail[arc]!, partMs(times, arc, share), START - arc)
    }
  }

  /** The inmost loop: what it reads is at hand. */
  #relax(node: number, nodeMs: number, { inMs }: RoadTimes): void {
    const { firstIn, inTail, inArc } = this.#graph
    const round = this.#round
    const known = this.#ms
    const rounds = this.#rounds
    const end = firstIn[node + 1]!
    for (let slot = firstIn[node]!; slot < end; slot++) {
      const tail = inTail[slot]!
      const ms = nodeMs + inMs[slot]!
      if (ms > MAX_WAY_MS || (round[tail] === rounds && known[tail]! <= ms)) continue
      round[tail] = rounds
      known[tail] = ms
      this.#onward[tail] = inArc[slot]!
      this.#queue.push(ms, tail)
    }
  }

  #reach(node: number, ms: number, onward: number): void {
    if (ms > MAX_WAY_MS || (this.#round[node] === this.#rounds && this.#ms[node]! <= ms)) return
    this.#round[node] = this.#rounds
    this.#ms[node] = ms
    this.#onward[node] = onward
    this.#queue.push(ms, node)
  }

  #roadCm(units: RoadUnits, entry: number, node: number, to: RoadPosition): number {
    const { arcHead, arcLengthCm } = this.#graph
    const arc = units.arcOf(entry)
    const from = units.shareOf(entry)
    if (node === ALONG_THE_ARC) return (shareOn(arc, to) - from) * arcLengthCm[arc]!
    let lengthCm = (1 - from) * arcLengthCm[arc]!
    let onward = this.#onward[node]!
    for (; onward >= 0; onward = this.#onward[arcHead[onward]!]!) lengthCm += arcLengthCm[onward]!
    const last = START - onward
    return lengthCm + shareOn(last, to) * arcLengthCm[last]!
  }
}

/** The arcs by which a place is reached, and how far along each it is. */
export function waysTo(graph: RoadGraph, { arc, share, isEitherWay }: RoadPosition): { arc: number; share: number }[] {
  const twin = graph.arcTwin[arc]!
  return isEitherWay && twin >= 0
    ? [
        { arc, share },
        { arc: twin, share: 1 - share },
      ]
    : [{ arc, share }]
}

/** Units on the place's own arc that have not passed it are there without a node between. */
export function offerAlong(units: RoadUnits, best: BestUnits, times: RoadTimes, arc: number, share: number): void {
  for (let entry = units.firstAt(units.graph.arcHead[arc]!); entry >= 0; entry = units.nextOf(entry)) {
    if (units.arcOf(entry) !== arc || units.shareOf(entry) > share) continue
    const ms = partMs(times, arc, share) - partMs(times, arc, units.shareOf(entry))
    best.offer(slotOfEntry(entry), ms, entry, ALONG_THE_ARC)
  }
}

/** How far along an arc, or its twin, the place is. */
export const shareOn = (arc: number, to: RoadPosition): number => (arc === to.arc ? to.share : 1 - to.share)
