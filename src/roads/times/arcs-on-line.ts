/**
 * Which arcs a line along a street means: those that follow it, and not those that it only crosses.
 *
 * An arc follows the line where a stretch of it stays beside the line: for its whole length, or for 30 m of it, whichever is
 * less. So both directions of a street do, both carriageways of a road, and of a crossing street no more than a stub.
 */
import { distanceM, type Position } from '../../domain/geo.ts'
import { lineOf } from '../arc-line.ts'
import type { RoadGraph } from '../graph.ts'

/** As far as a hand draws beside a street. */
export const BESIDE_M = 15
const STRETCH_M = 30
/** Between two looks along an arc. */
const STEP_M = 5

/** Input: the points of the line in order, two at least; the arcs to look at. */
export function arcsOnLine(graph: RoadGraph, points: readonly Position[], among: Iterable<number>): number[] {
  const found: number[] = []
  for (const arc of among) if (follows(lineOf(graph, arc), points)) found.push(arc)
  return found
}

function follows(arcLine: readonly Position[], points: readonly Position[]): boolean {
  let [wholeM, stretchM, longestM] = [0, 0, 0]
  for (let at = 1; at < arcLine.length; at++) {
    const [from, to] = [arcLine[at - 1]!, arcLine[at]!]
    const pieceM = distanceM(from, to)
    wholeM += pieceM
    const steps = Math.max(1, Math.ceil(pieceM / STEP_M))
    for (let step = 0; step < steps; step++) {
      const isBeside = isNear(between(from, to, (step + 0.5) / steps), points)
      stretchM = isBeside ? stretchM + pieceM / steps : 0
      longestM = Math.max(longestM, stretchM)
    }
  }
  return longestM > 0 && longestM >= Math.min(STRETCH_M, wholeM * 0.999)
}

function isNear(point: Position, points: readonly Position[]): boolean {
  for (let at = 1; at < points.length; at++) if (awayM(point, points[at - 1]!, points[at]!) <= BESIDE_M) return true
  return false
}

/** From the nearest point of a straight line in degrees, found on a plane around the point. */
function awayM(point: Position, from: Position, to: Position): number {
  const narrow = Math.cos((point.latDeg * Math.PI) / 180)
  const east = (lonDeg: number) => turned(lonDeg - point.lonDeg) * narrow
  const [fromX, fromY] = [east(from.lonDeg), from.latDeg - point.latDeg]
  const [alongX, alongY] = [east(to.lonDeg) - fromX, to.latDeg - from.latDeg]
  const length = alongX * alongX + alongY * alongY
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, -(fromX * alongX + fromY * alongY) / length))
  return distanceM(point, between(from, to, share))
}

/** Of a straight line in degrees. */
export function between(from: Position, to: Position, share: number): Position {
  const lonDeg = from.lonDeg + share * turned(to.lonDeg - from.lonDeg)
  return { lonDeg: turned(lonDeg), latDeg: from.latDeg + share * (to.latDeg - from.latDeg) }
}

/** Between -180 and 180. */
export const turned = (deg: number): number => (deg > 180 ? deg - 360 : deg < -180 ? deg + 360 : deg)
