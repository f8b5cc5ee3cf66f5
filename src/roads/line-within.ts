/**
 * A line in so many bytes: the points that show most of its shape, and how far the line is off what was left out.
 *
 * Point after point is taken in, each the one that is furthest from the line of those before (Douglas and Peucker), until
 * the bytes are used up. Distances are measured on a plane that touches the globe at the first point.
 */
import { Heap } from '../base/heap.ts'
import { EARTH_RADIUS_M, type Position } from '../domain/geo.ts'

export interface DrawnLine {
  /** In whole hundred-thousandths of a degree, so about a metre. */
  readonly points: readonly (readonly [lonDeg: number, latDeg: number])[]
  /** No point that was left out is further from the line. */
  readonly offM: number
}

/** `[-179.12345,-89.12345],` in JSON. */
const POINT_BYTES = 23
const FRAME_BYTES = 2
const GRAIN = 1e5
const M_PER_DEG = (EARTH_RADIUS_M * Math.PI) / 180

/** What is between two points that were taken: the furthest one and how far it is off. */
interface Gap {
  readonly from: number
  readonly to: number
  readonly worst: number
  readonly offM: number
}

/** `points` takes at most `maxBytes` in JSON, but never less than its two ends. */
export function lineWithin(line: readonly Position[], maxBytes: number): DrawnLine {
  const most = Math.max(2, Math.floor((maxBytes - FRAME_BYTES) / POINT_BYTES))
  const plane = planeOf(line)
  const taken = new Set([0, line.length - 1])
  const gaps = new Heap<Gap>((a, b) => a.offM > b.offM || (a.offM === b.offM && a.from < b.from))
  const leave = (from: number, to: number) => {
    if (to - from > 1) gaps.push(worstBetween(plane, from, to))
  }
  leave(0, line.length - 1)
  while (taken.size < most && gaps.size > 0) {
    const { from, to, worst } = gaps.pop()!
    taken.add(worst)
    leave(from, worst)
    leave(worst, to)
  }
  return {
    points: line.filter((_, index) => taken.has(index)).map(({ lonDeg, latDeg }) => [rounded(lonDeg), rounded(latDeg)]),
    offM: gaps.first?.offM ?? 0,
  }
}

function planeOf(line: readonly Position[]): { x: number; y: number }[] {
  const [first] = line
  const eastM = M_PER_DEG * Math.cos(((first?.latDeg ?? 0) * Math.PI) / 180)
  return line.map(({ lonDeg, latDeg }) => {
    // The short way round, also across the antimeridian.
    const eastDeg = ((lonDeg - first!.lonDeg + 540) % 360) - 180
    return { x: eastDeg * eastM, y: (latDeg - first!.latDeg) * M_PER_DEG }
  })
}

function worstBetween(plane: readonly { x: number; y: number }[], from: number, to: number): Gap {
  const [a, b] = [plane[from]!, plane[to]!]
  const [alongX, alongY] = [b.x - a.x, b.y - a.y]
  const lengthSquared = alongX * alongX + alongY * alongY
  let [worst, most] = [from + 1, -1]
  for (let index = from + 1; index < to; index++) {
    const [x, y] = [plane[index]!.x - a.x, plane[index]!.y - a.y]
    const part = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, (x * alongX + y * alongY) / lengthSquared))
    const [offX, offY] = [x - part * alongX, y - part * alongY]
    const squared = offX * offX + offY * offY
    if (squared <= most) continue
    worst = index
    most = squared
  }
  return { from, to, worst, offM: Math.sqrt(most) }
}

const rounded = (degrees: number): number => Math.round(degrees * GRAIN) / GRAIN
