/** Which share of a demand the available units reach in time: one search from all of them at once. */
import type { RoadPosition } from '../graph.ts'
import type { RoadTimes } from '../road-times.ts'
import { MAX_WAY_MS } from '../search-queue.ts'
import { NO_WAY_MS } from './travel-table.ts'
import { alongMs, type PlaceEnd, placeEnds, type TreeSearch } from './tree-search.ts'

interface CoveringUnit {
  readonly position: RoadPosition
  /** Turnout, or until it is free: whole milliseconds of 0 or more. */
  readonly addedMs: number
}

interface DemandPoint {
  /** Null where no road is near: nobody reaches it, and it counts. */
  readonly position: RoadPosition | null
  /** People, or calls a year: 0 or more. */
  readonly weight: number
}

export interface CoverageAsk {
  readonly units: readonly CoveringUnit[]
  readonly demand: readonly DemandPoint[]
  readonly times: RoadTimes
  readonly targetMs: number
}

export interface Coverage {
  /** Of the weight of all points, from 0 to 1; 0 for no demand. */
  readonly share: number
  readonly coveredWeight: number
  readonly totalWeight: number
  /** By point: until the first unit is there, `NO_WAY_MS` where none is within the target. Four bytes each. */
  readonly soonestMs: Uint32Array
}

export function coverageOf(search: TreeSearch, { units, demand, times, targetMs }: CoverageAsk): Coverage {
  const { graph } = search
  const withinMs = Math.min(targetMs, MAX_WAY_MS)
  const onArc = new Map<number, { readonly end: PlaceEnd; readonly addedMs: number }[]>()
  const starts = units.flatMap(({ position, addedMs }) => {
    const ends = placeEnds(graph, position, 'from', times)
    for (const end of ends) onArc.set(end.arc, [...(onArc.get(end.arc) ?? []), { end, addedMs }])
    return ends.map(({ node, ms }) => ({ node, ms: ms + addedMs }))
  })
  search.run({ heading: 'from', starts, times, withinMs })
  const soonestMs = Uint32Array.from(demand, ({ position }) => {
    let bestMs = Infinity
    for (const end of position === null ? [] : placeEnds(graph, position, 'to', times)) {
      bestMs = Math.min(bestMs, search.msAt(end.node) + end.ms)
      for (const unit of onArc.get(end.arc) ?? [])
        bestMs = Math.min(bestMs, alongMs([unit.end], [end], times) + unit.addedMs)
    }
    return bestMs <= withinMs ? bestMs : NO_WAY_MS
  })
  const sum = (points: readonly DemandPoint[]) => points.reduce((total, { weight }) => total + weight, 0)
  const totalWeight = sum(demand)
  const coveredWeight = sum(demand.filter((_, index) => soonestMs[index] !== NO_WAY_MS))
  return { share: totalWeight === 0 ? 0 : coveredWeight / totalWeight, coveredWeight, totalWeight, soonestMs }
}
