/**
 * How long from each of many places to each of many others.
 *
 * Without a hierarchy one search runs for each place of the shorter list, and ends when it has come to all of the longer one. With
 * a hierarchy every place climbs once and what lies between is read off; that is quicker from two places each way on.
 */
import type { RoadPosition } from '../graph.ts'
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import type { RoadTimes } from '../road-times.ts'
import { MAX_WAY_MS } from '../search-queue.ts'
import { alongMs, type Heading, type PlaceEnd, placeEnds, type TreeSearch } from './tree-search.ts'

export interface TableAsk {
  readonly from: readonly RoadPosition[]
  readonly to: readonly RoadPosition[]
  readonly times: RoadTimes
  /** Of these times; null for none. */
  readonly hierarchy: Hierarchy | null
}

/** Where no way leads. */
export const NO_WAY_MS = 2 ** 32 - 1
/** 4 MB. */
export const MAX_TABLE_CELLS = 1_000_000

/** Milliseconds, a row for each of `from`, four bytes each. Input: at most `MAX_TABLE_CELLS` of them, which the caller sees to. */
export function travelTable(search: TreeSearch, { from, to, times, hierarchy }: TableAsk): Uint32Array {
  const { graph } = search
  const starts = from.map(place => placeEnds(graph, place, 'from', times))
  const ends = to.map(place => placeEnds(graph, place, 'to', times))
  const cells = new Float64Array(from.length * to.length).fill(Infinity)
  const take = (row: number, column: number, ms: number) => {
    const cell = row * to.length + column
    if (ms < cells[cell]!) cells[cell] = ms
  }
  if (hierarchy !== null) byHierarchy(search, hierarchy, starts, ends, take)
  else if (ends.length <= starts.length)
    ends.forEach((end, column) => {
      bySearch(search, 'to', times, end, starts, (row, ms) => take(row, column, ms))
    })
  else
    starts.forEach((start, row) => {
      bySearch(search, 'from', times, start, ends, (column, ms) => take(row, column, ms))
    })
  starts.forEach((start, row) => {
    ends.forEach((end, column) => {
      take(row, column, alongMs(start, end, times))
    })
  })
  return Uint32Array.from(cells, ms => (ms <= MAX_WAY_MS ? ms : NO_WAY_MS))
}

function bySearch(
  search: TreeSearch,
  heading: Heading,
  times: RoadTimes,
  starts: readonly PlaceEnd[],
  others: readonly (readonly PlaceEnd[])[],
  take: (other: number, ms: number) => void,
): void {
  const awaited = new Set(others.flat().map(({ node }) => node))
  search.run({
    heading,
    starts,
    times,
    withinMs: Infinity,
    settled: node => !(awaited.delete(node) && awaited.size === 0),
  })
  others.forEach((ends, other) => {
    for (const { node, ms } of ends) take(other, search.msAt(node) + ms)
  })
}

function byHierarchy(
  search: TreeSearch,
  hierarchy: Hierarchy,
  starts: readonly (readonly PlaceEnd[])[],
  ends: readonly (readonly PlaceEnd[])[],
  take: (row: number, column: number, ms: number) => void,
): void {
  const { fromStarts, toEnds } = search.climbersOf(hierarchy)
  /** By node: columns and times, in turns. */
  const buckets = new Map<number, number[]>()
  const climbs = (places: readonly PlaceEnd[]) => places.map(({ node, ms }) => ({ node, ms, lengthCm: 0 }))
  ends.forEach((end, column) => {
    toEnds.run(climbs(end), (node, ms) => {
      const bucket = buckets.get(node)
      if (bucket === undefined) buckets.set(node, [column, ms])
      else bucket.push(column, ms)
      return true
    })
  })
  starts.forEach((start, row) => {
    fromStarts.run(climbs(start), (node, ms) => {
      const bucket = buckets.get(node)
      if (bucket === undefined) return true
      for (let at = 0; at < bucket.length; at += 2) take(row, bucket[at]!, ms + bucket[at + 1]!)
      return true
    })
  })
}
