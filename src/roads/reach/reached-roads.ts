/** Which roads are reached within a time: from a place outwards, or those from which the place is reached. */
import type { RoadPosition } from '../graph.ts'
import { CLOSED_MS, partMs, type RoadTimes } from '../road-times.ts'
import { type Heading, type PlaceEnd, placeEnds, type TreeSearch } from './tree-search.ts'

export interface ReachAsk {
  /** `from`: what one unit reaches. `to`: from where the place is reached. */
  readonly heading: Heading
  readonly place: RoadPosition
  readonly times: RoadTimes
  readonly withinMs: number
}

/** Parts of arcs, 20 bytes each. An arc has two parts where the place is on it and it is come to by its end as well. */
export interface ReachedRoads {
  readonly arcs: Uint32Array
  /** Shares of the arc, the lesser first. */
  readonly from: Float64Array
  readonly to: Float64Array
}

/** Closed roads are not among them, but for the piece on which the place is. Two parts of an arc overlap where both reach so far. */
export function reachedRoads(search: TreeSearch, { heading, place, times, withinMs }: ReachAsk): ReachedRoads {
  const { graph } = search
  const starts = placeEnds(graph, place, heading, times)
  search.run({ heading, starts, times, withinMs })
  const parts: [arc: number, from: number, to: number][] = starts.map(start =>
    fromThePlace(start, heading, times, withinMs),
  )
  for (let arc = 0; arc < graph.arcCount; arc++) {
    const leftMs = withinMs - search.msAt(heading === 'from' ? graph.arcTail[arc]! : graph.arcHead[arc]!)
    if (leftMs < 0 || times.throughMs[arc] === CLOSED_MS) continue
    const share = Math.min(1, leftMs / times.ms[arc]!)
    parts.push(heading === 'from' ? [arc, 0, share] : [arc, 1 - share, 1])
  }
  return {
    arcs: Uint32Array.from(parts, ([arc]) => arc),
    from: Float64Array.from(parts, ([, from]) => from),
    to: Float64Array.from(parts, ([, , to]) => to),
  }
}

/** Of the arc on which the place is, what lies before it or behind it. */
function fromThePlace(
  { arc, share }: PlaceEnd,
  heading: Heading,
  times: RoadTimes,
  withinMs: number,
): [arc: number, from: number, to: number] {
  const far = withinMs / times.ms[arc]!
  const isNear = partMs(times, arc, share) <= withinMs
  if (heading === 'from') return [arc, share, Math.min(1, share + far)]
  return [arc, isNear ? 0 : Math.max(0, share - far), share]
}
