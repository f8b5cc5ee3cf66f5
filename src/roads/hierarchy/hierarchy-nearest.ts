/**
 * Who is first at a place by road, by a hierarchy: some ten microseconds, however sparse the fleet and large the network.
 *
 * Every unit leaves its time in a sorted bucket at each node that it climbs to. A search that climbs from the place reads
 * the buckets on its way, each only as far as it can still matter. The price is that a unit's move writes its buckets anew,
 * and that a hierarchy is of one way to drive.
 */
import type { RoadGraph } from '../graph.ts'
import { BestUnits, type UnitByRoad } from '../nearest/best-units.ts'
import { ALONG_THE_ARC, offerAlong, type RoadQuery, shareOn, waysTo } from '../nearest/reversed-search.ts'
import { type RoadUnits, slotOfEntry } from '../nearest/road-units.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import { ClimbingSearch, type ClimbStart } from './climbing-search.ts'
import type { Hierarchy } from './hierarchy.ts'

/** A time and a slot are one number in a bucket. */
const MAX_SLOTS = 2 ** 22

/** The nodes that a unit climbs to, and how long and how far it is to each. */
interface Climbed {
  readonly nodes: number[]
  readonly ms: number[]
  readonly lengthCm: number[]
}

export class HierarchyNearest {
  readonly #units: RoadUnits
  readonly #graph: RoadGraph
  readonly #times: RoadTimes
  readonly #fromUnits: ClimbingSearch
  readonly #fromPlace: ClimbingSearch
  /** By node: times and slots, the least first. */
  readonly #buckets: (number[] | undefined)[]
  readonly #climbed: (Climbed | undefined)[] = []

  /** For the units as they are; `moved` and `removed` follow them. The hierarchy must be of these times. */
  constructor(units: RoadUnits, times: RoadTimes, hierarchy: Hierarchy) {
    this.#units = units
    this.#graph = units.graph
    this.#times = times
    this.#fromUnits = new ClimbingSearch(hierarchy.up, hierarchy.down)
    this.#fromPlace = new ClimbingSearch(hierarchy.down, hierarchy.up)
    this.#buckets = new Array<number[] | undefined>(units.graph.nodeCount)
    for (let slot = 0; slot < units.slotCount; slot++) this.moved(slot)
  }

  /** After a unit was put somewhere. */
  moved(slot: number): void {
    this.removed(slot)
    const starts = [slot * 2, slot * 2 + 1].flatMap(entry => this.#startOf(entry))
    if (starts.length === 0) return
    const climbed: Climbed = { nodes: [], ms: [], lengthCm: [] }
    this.#fromUnits.run(starts, (node, ms, lengthCm) => {
      climbed.nodes.push(node)
      climbed.ms.push(ms)
      climbed.lengthCm.push(lengthCm)
      this.#buckets[node] ??= []
      const key = ms * MAX_SLOTS + slot
      this.#buckets[node].splice(placeIn(this.#buckets[node], key), 0, key)
      return true
    })
    this.#climbed[slot] = climbed
  }

  /** After a unit was taken out. */
  removed(slot: number): void {
    const climbed = this.#climbed[slot]
    if (climbed === undefined) return
    climbed.nodes.forEach((node, index) => {
      const bucket = this.#buckets[node]!
      bucket.splice(placeIn(bucket, climbed.ms[index]! * MAX_SLOTS + slot), 1)
    })
    this.#climbed[slot] = undefined
  }

  /** The first to arrive first; equal ones by unit id. */
  nearest(query: Omit<RoadQuery, 'maxNodes'>): UnitByRoad[] {
    const { to } = query
    const best = new BestUnits(this.#units, query)
    const starts: ClimbStart[] = []
    for (const { arc, share } of waysTo(this.#graph, to)) {
      offerAlong(this.#units, best, this.#times, arc, share)
      const lengthCm = share * this.#graph.arcLengthCm[arc]!
      starts.push({ node: this.#graph.arcTail[arc]!, ms: partMs(this.#times, arc, share), lengthCm })
    }
    this.#fromPlace.run(starts, (node, ms, lengthCm) => {
      if (ms > best.worstMs) return false
      const bucket = this.#buckets[node]
      if (bucket === undefined) return true
      for (let at = 0; at < bucket.length; at++) {
        const key = bucket[at]!
        const unitMs = Math.floor(key / MAX_SLOTS)
        if (ms + unitMs > best.worstMs) break
        best.offer(key - unitMs * MAX_SLOTS, ms + unitMs, lengthCm, node)
      }
      return true
    })
    return best.told((slot, fromPlaceCm, node) => {
      if (node === ALONG_THE_ARC) return this.#alongCm(fromPlaceCm, to)
      const climbed = this.#climbed[slot]!
      return fromPlaceCm + climbed.lengthCm[climbed.nodes.indexOf(node)]!
    })
  }

  /** From an entry's place to the head of its arc; nothing for one that is nowhere. */
  #startOf(entry: number): ClimbStart[] {
    if (slotOfEntry(entry) >= this.#units.slotCount) return []
    const arc = this.#units.arcOf(entry)
    if (arc < 0) return []
    const share = this.#units.shareOf(entry)
    const ms = this.#times.ms[arc]! - partMs(this.#times, arc, share)
    return [{ node: this.#graph.arcHead[arc]!, ms, lengthCm: (1 - share) * this.#graph.arcLengthCm[arc]! }]
  }

  #alongCm(entry: number, to: RoadQuery['to']): number {
    const arc = this.#units.arcOf(entry)
    return (shareOn(arc, to) - this.#units.shareOf(entry)) * this.#graph.arcLengthCm[arc]!
  }
}

/** Of a number that is in the list: where it is. Of another one: where it belongs. */
function placeIn(sorted: readonly number[], key: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
