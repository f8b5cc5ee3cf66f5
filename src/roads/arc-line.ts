/** The drawn line of an arc, whole or in part. */
import { distanceM, type Position } from '../domain/geo.ts'
import type { RoadGraph } from './graph.ts'

/** The points of an arc from its tail to its head. */
export function lineOf(graph: RoadGraph, arc: number): Position[] {
  const at = (node: number): Position => ({ lonDeg: graph.lonDeg[node]!, latDeg: graph.latDeg[node]! })
  const line = [at(graph.arcTail[arc]!)]
  for (let bend = graph.firstBend[arc]!; bend < graph.firstBend[arc + 1]!; bend++)
    line.push({ lonDeg: graph.bendLonDeg[bend]!, latDeg: graph.bendLatDeg[bend]! })
  line.push(at(graph.arcHead[arc]!))
  return line
}

/** The points from one place on an arc to a later one, both included. Input: shares of its length, the lesser first. */
export function linePart(graph: RoadGraph, arc: number, from: number, to: number): Position[] {
  const line = lineOf(graph, arc)
  const lengths = line.slice(1).map((point, index) => distanceM(line[index]!, point))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const part: Position[] = []
  let passed = 0
  lengths.forEach((length, index) => {
    const [start, end] = [line[index]!, line[index + 1]!]
    const isIn = (at: number) => at >= passed && (at < passed + length || index === lengths.length - 1)
    const shareOf = (at: number) => (length === 0 ? 0 : Math.min(1, (at - passed) / length))
    if (isIn(from * total)) part.push(between(start, end, shareOf(from * total)))
    if (isIn(to * total)) part.push(between(start, end, shareOf(to * total)))
    else if (from * total < passed + length && to * total >= passed + length) part.push(end)
    passed += length
  })
  return part
}

function between(from: Position, to: Position, share: number): Position {
  // The short way round, also across the antimeridian.
  const eastDeg = ((to.lonDeg - from.lonDeg + 540) % 360) - 180
  const lonDeg = from.lonDeg + share * eastDeg
  return {
    lonDeg: lonDeg > 180 ? lonDeg - 360 : lonDeg < -180 ? lonDeg + 360 : lonDeg,
    latDeg: from.latDeg + share * (to.latDeg - from.latDeg),
  }
}
