/**
 * Who is first by road, by whichever way to search is quicker: from the place through all units, or by a hierarchy.
 *
 * The search from the place goes through as many nodes as it takes to meet k units: a network of a million nodes with 20
 * units is gone through nearly whole, one with 10,000 hardly at all. The hierarchy costs about the same whatever the fleet,
 * and each move of a unit. So it is used, and kept, while the fleet is sparse. Both answer the same, so which one it was
 * shows in nothing but time. While no hierarchy is there (none was made yet, or times have changed), and for other times than
 * those in use, the search answers.
 */
import type { RoadGraph, RoadPosition } from '../graph.ts'
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import { HierarchyNearest } from '../hierarchy/hierarchy-nearest.ts'
import type { RoadTimes } from '../road-times.ts'
import { type FoundByRoad, ReversedSearch, type RoadQuery } from './reversed-search.ts'
import { RoadUnits } from './road-units.ts'

/**
 * Nodes of the network for each unit from which on a fleet is sparse. Measured with k = 5: the search takes 60 µs at p99 at 54
 * nodes a unit and 620 µs at 540. Below 200 µs it is quick enough, and the moves of a large fleet are not paid for.
 */
const SPARSE = 120
/** A fleet that was sparse stays so down to half of that: units come and go, and the buckets must not with each of them. */
const NO_LONGER_SPARSE = SPARSE / 2

interface Found extends FoundByRoad {
  readonly by: 'search' | 'hierarchy'
}

export class RoadRanking {
  readonly #graph: RoadGraph
  readonly #units: RoadUnits
  readonly #search: ReversedSearch
  #times: RoadTimes
  #hierarchy: Hierarchy | null = null
  #buckets: HierarchyNearest | null = null

  constructor(graph: RoadGraph, times: RoadTimes) {
    this.#graph = graph
    this.#times = times
    this.#units = new RoadUnits(graph)
    this.#search = new ReversedSearch(graph)
  }

  get size(): number {
    return this.#units.size
  }

  /** From now on other times. A hierarchy of the former ones is dropped; the next one must be of these. */
  useTimes(times: RoadTimes): void {
    this.#times = times
    this.useHierarchy(null)
  }

  /** Of the times in use; null for none. */
  useHierarchy(hierarchy: Hierarchy | null): void {
    this.#hierarchy = hierarchy
    this.#buckets = null
    this.#keepBuckets()
  }

  /** Puts a unit there, or moves it. */
  place(unitId: string, position: RoadPosition): void {
    const slot = this.#units.place(unitId, position)
    this.#buckets?.moved(slot)
    this.#keepBuckets()
  }

  /** False when it was not there. */
  remove(unitId: string): boolean {
    const slot = this.#units.slotOf(unitId)
    if (slot === undefined) return false
    this.#units.remove(unitId)
    this.#buckets?.removed(slot)
    this.#keepBuckets()
    return true
  }

  /** By the times in use, or by others, as of another priority. */
  nearest(query: RoadQuery, times = this.#times): Found {
    if (this.#buckets === null || times !== this.#times)
      return { ...this.#search.nearest(this.#units, times, query), by: 'search' }
    const units = this.#buckets.nearest(query)
    return { units, certain: units.length, settled: 0, by: 'hierarchy' }
  }

  #keepBuckets(): void {
    const perUnit = this.#graph.nodeCount / Math.max(1, this.#units.size)
    if (this.#hierarchy === null || perUnit < NO_LONGER_SPARSE) this.#buckets = null
    else if (perUnit >= SPARSE) this.#buckets ??= new HierarchyNearest(this.#units, this.#times, this.#hierarchy)
  }
}
