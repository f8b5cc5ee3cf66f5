/** Which of several destinations is reached first, as of hospitals: by the way there and what waits there, exact. */
import type { RoadPosition } from '../graph.ts'
import type { Hierarchy } from '../hierarchy/hierarchy.ts'
import type { RoadTimes } from '../road-times.ts'
import { NO_WAY_MS, travelTable } from './travel-table.ts'
import { alongMs, type PlaceEnd, placeEnds, type TreeSearch } from './tree-search.ts'

interface Destination {
  readonly id: string
  readonly position: RoadPosition
  /** What comes on top, as the time until a patient is taken over: whole milliseconds of 0 or more. */
  readonly addedMs: number
}

interface DestinationByRoad {
  readonly id: string
  readonly driveMs: number
  readonly addedMs: number
}

interface DestinationsAsk {
  readonly from: RoadPosition
  readonly destinations: readonly Destination[]
  readonly times: RoadTimes
  /** Of these times; null for none. */
  readonly hierarchy: Hierarchy | null
  readonly k: number
}

/** The first k, equal ones by id; fewer where no way leads to the others. */
export function bestDestinations(search: TreeSearch, ask: DestinationsAsk): DestinationByRoad[] {
  const driveMs = ask.hierarchy === null ? bySearch(search, ask) : byTable(search, ask)
  return ask.destinations
    .map(({ id, addedMs }, index) => ({ id, driveMs: driveMs[index]!, addedMs }))
    .filter(found => found.driveMs < Infinity)
    .sort((a, b) => a.driveMs + a.addedMs - b.driveMs - b.addedMs || (a.id < b.id ? -1 : 1))
    .slice(0, ask.k)
}

const byTable = (search: TreeSearch, { from, destinations, times, hierarchy }: DestinationsAsk): number[] =>
  Array.from(
    travelTable(search, { from: [from], to: destinations.map(({ position }) => position), times, hierarchy }),
    ms => (ms === NO_WAY_MS ? Infinity : ms),
  )

/** Ends when no other can be before the first k; what is further away than that may have too long a time. */
function bySearch(search: TreeSearch, { from, destinations, times, k }: DestinationsAsk): Float64Array {
  const { graph } = search
  const starts = placeEnds(graph, from, 'from', times)
  const driveMs = new Float64Array(destinations.length).fill(Infinity)
  const atNode = new Map<number, { readonly index: number; readonly end: PlaceEnd }[]>()
  destinations.forEach(({ position }, index) => {
    const ends = placeEnds(graph, position, 'to', times)
    driveMs[index] = alongMs(starts, ends, times)
    for (const end of ends) atNode.set(end.node, [...(atNode.get(end.node) ?? []), { index, end }])
  })
  /** The k-th best of those that are known. Changes only where a destination is met. */
  const worstOfBest = () =>
    Array.from(destinations, ({ addedMs }, index) => driveMs[index]! + addedMs).sort((a, b) => a - b)[k - 1] ?? Infinity
  let worstMs = worstOfBest()
  let left = atNode.size
  search.run({
    heading: 'from',
    starts,
    times,
    withinMs: Infinity,
    settled: (node, ms) => {
      if (left === 0 || ms > worstMs) return false
      const here = atNode.get(node)
      if (here === undefined) return true
      for (const { index, end } of here) driveMs[index] = Math.min(driveMs[index]!, ms + end.ms)
      worstMs = worstOfBest()
      left -= 1
      return true
    },
  })
  return driveMs
}
