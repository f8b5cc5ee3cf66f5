/** A demand where nobody knows of calls: one point for each cell of a grid in which a road is left or joined. */
import { EARTH_RADIUS_M } from '../../domain/geo.ts'
import type { RoadGraph, RoadPosition } from '../graph.ts'

const CELL_M = 250
/** A network with more cells has larger ones. */
const POINTS_MAX = 20_000
const M_PER_DEG = (EARTH_RADIUS_M * Math.PI) / 180

/** On nodes that somebody may leave by a road on which people live; of a cell the node with the least number. */
export function roadPoints(graph: RoadGraph, pointsMax = POINTS_MAX): RoadPosition[] {
  for (let cellM = CELL_M; ; cellM *= 2) {
    const points = pointsIn(graph, cellM)
    if (points.length <= pointsMax) return points
  }
}

function pointsIn({ nodeCount, firstOut, arcThrough, lonDeg, latDeg }: RoadGraph, cellM: number): RoadPosition[] {
  const taken = new Set<string>()
  const points: RoadPosition[] = []
  for (let node = 0; node < nodeCount; node++) {
    const arc = outOf(node)
    if (arc === null) continue
    const row = Math.floor((latDeg[node]! * M_PER_DEG) / cellM)
    const eastM = M_PER_DEG * Math.max(0.01, Math.cos((((row * cellM) / M_PER_DEG) * Math.PI) / 180))
    const cell = `${row} ${Math.floor((lonDeg[node]! * eastM) / cellM)}`
    if (taken.has(cell)) continue
    taken.add(cell)
    points.push({ arc, share: 0, isEitherWay: false })
  }
  return points

  function outOf(node: number): number | null {
    for (let arc = firstOut[node]!; arc < firstOut[node + 1]!; arc++) if (arcThrough[arc] === 0) return arc
    return null
  }
}
