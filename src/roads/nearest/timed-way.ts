/** A route as it is driven: when a vehicle is at each point of its line, by the times of the arcs. */
import { distanceM, type Position } from '../../domain/geo.ts'
import { linePart } from '../arc-line.ts'
import type { RoadGraph } from '../graph.ts'
import { partMs, type RoadTimes } from '../road-times.ts'
import type { RoadRoute } from './route-search.ts'

export interface TimedWay {
  /** At least one point. */
  readonly line: readonly Position[]
  /** By point: since the start, never falling; the last one is what the whole way takes. */
  readonly atMs: readonly number[]
}

/** An arc is driven evenly from end to end. */
export function timedWay(graph: RoadGraph, { parts, driveMs }: RoadRoute, times: RoadTimes): TimedWay {
  const line: Position[] = []
  const atMs: number[] = []
  let beginMs = 0
  for (const { arc, from, to } of parts) {
    const points = linePart(graph, arc, from, to)
    const lengths = points.map((point, index) => (index === 0 ? 0 : distanceM(points[index - 1]!, point)))
    const wholeM = lengths.reduce((sum, length) => sum + length, 0)
    const takesMs = partMs(times, arc, to) - partMs(times, arc, from)
    let passedM = 0
    points.forEach((point, index) => {
      passedM += lengths[index]!
      // A part begins where the one before ended.
      if (index === 0 && line.length > 0) return
      line.push(point)
      atMs.push(beginMs + (wholeM === 0 ? 0 : (passedM / wholeM) * takesMs))
    })
    beginMs += takesMs
  }
  // Parts are rounded each by itself; the search's sum is what counts.
  return { line, atMs: atMs.map((ms, index) => (index === atMs.length - 1 ? driveMs : Math.min(ms, driveMs))) }
}
