/** Which arcs touch an area: they lie in it, lead into it or cross a corner of it. */
import type { Position } from '../../domain/geo.ts'
import type { RoadGraph } from '../graph.ts'

interface Point {
  readonly x: number
  readonly y: number
}

/**
 * Input: the corners of a polygon in order, at least three, less than half the globe wide; which way round, and whether the
 * first is repeated at the end, does not matter. The arcs to look at; default: all. What lies between two corners is a straight line in degrees. A
 * bridge over the area touches it as well: nobody says here how high roads are.
 */
export function arcsInArea(
  graph: RoadGraph,
  corners: readonly Position[],
  among: Iterable<number> = graph.arcHead.keys(),
): number[] {
  const area = new Area(corners)
  const found: number[] = []
  const line: Point[] = []
  for (const arc of among) {
    const [tail, head] = [graph.arcTail[arc]!, graph.arcHead[arc]!]
    // Nearly all arcs are far away, and most of them straight: that has to be quick.
    const isStraight = graph.firstBend[arc] === graph.firstBend[arc + 1]
    if (isStraight && area.isBeside(graph.lonDeg[tail]!, graph.latDeg[tail]!, graph.lonDeg[head]!, graph.latDeg[head]!))
      continue
    line.length = 0
    line.push(area.point(graph.lonDeg[tail]!, graph.latDeg[tail]!))
    for (let bend = graph.firstBend[arc]!; bend < graph.firstBend[arc + 1]!; bend++)
      line.push(area.point(graph.bendLonDeg[bend]!, graph.bendLatDeg[bend]!))
    line.push(area.point(graph.lonDeg[head]!, graph.latDeg[head]!))
    if (area.isTouchedBy(line)) found.push(arc)
  }
  return found
}

class Area {
  readonly #corners: readonly Point[]
  readonly #aroundDeg: number
  readonly #west: number
  readonly #east: number
  readonly #south: number
  readonly #north: number

  constructor(corners: readonly Position[]) {
    this.#aroundDeg = corners[0]!.lonDeg
    this.#corners = corners.map(({ lonDeg, latDeg }) => this.point(lonDeg, latDeg))
    const [xs, ys] = [this.#corners.map(({ x }) => x), this.#corners.map(({ y }) => y)]
    this.#west = Math.min(...xs)
    this.#east = Math.max(...xs)
    this.#south = Math.min(...ys)
    this.#north = Math.max(...ys)
  }

  point(lonDeg: number, latDeg: number): Point {
    return { x: this.#x(lonDeg), y: latDeg }
  }

  /** Whether a straight line has the whole area on one side of it, as far as compass points tell. */
  isBeside(fromLon: number, fromLat: number, toLon: number, toLat: number): boolean {
    if ((fromLat < this.#south && toLat < this.#south) || (fromLat > this.#north && toLat > this.#north)) return true
    const [from, to] = [this.#x(fromLon), this.#x(toLon)]
    return (from < this.#west && to < this.#west) || (from > this.#east && to > this.#east)
  }

  /** Longitudes count from the first corner's, so the antimeridian is a place like any other. */
  #x(lonDeg: number): number {
    const away = lonDeg - this.#aroundDeg
    return away > 180 ? away - 360 : away < -180 ? away + 360 : away
  }

  isTouchedBy(line: readonly Point[]): boolean {
    if (line.every(({ x }) => x < this.#west) || line.every(({ x }) => x > this.#east)) return false
    if (line.every(({ y }) => y < this.#south) || line.every(({ y }) => y > this.#north)) return false
    // What neither begins inside nor crosses a side is outside.
    return this.#isInside(line[0]!) || line.some((to, index) => index > 0 && this.#isCrossed(line[index - 1]!, to))
  }

  /** By how many sides lie east of it. */
  #isInside({ x, y }: Point): boolean {
    let inside = false
    this.#eachSide((a, b) => {
      if (a.y > y !== b.y > y && x < a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) inside = !inside
      return false
    })
    return inside
  }

  #isCrossed(from: Point, to: Point): boolean {
    return this.#eachSide((a, b) => meet(from, to, a, b))
  }

  /** Ends at the first side for which the answer is true. */
  #eachSide(visit: (a: Point, b: Point) => boolean): boolean {
    const corners = this.#corners
    for (let index = 0; index < corners.length; index++)
      if (visit(corners[index]!, corners[(index + 1) % corners.length]!)) return true
    return false
  }
}

/** Whether two straight lines have a point in common. */
function meet(a: Point, b: Point, c: Point, d: Point): boolean {
  const [abc, abd, cda, cdb] = [sideOf(a, b, c), sideOf(a, b, d), sideOf(c, d, a), sideOf(c, d, b)]
  if (abc !== abd && cda !== cdb) return true
  return (
    (abc === 0 && isBetween(a, b, c)) ||
    (abd === 0 && isBetween(a, b, d)) ||
    (cda === 0 && isBetween(c, d, a)) ||
    (cdb === 0 && isBetween(c, d, b))
  )
}

/** 1 left of the line from a to b, -1 right of it, 0 on it. */
const sideOf = (a: Point, b: Point, p: Point): number =>
  Math.sign((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x))

/** For a point that is on the line. */
const isBetween = (a: Point, b: Point, p: Point): boolean =>
  p.x >= Math.min(a.x, b.x) && p.x <= Math.max(a.x, b.x) && p.y >= Math.min(a.y, b.y) && p.y <= Math.max(a.y, b.y)
