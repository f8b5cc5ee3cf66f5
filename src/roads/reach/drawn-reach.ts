/**
 * Reached roads as something that a map draws, in so many bytes: as lines where they fit, as cells of a grid otherwise.
 *
 * Cells are as small as the bytes allow, from 50 m on. Each is touched by a reached road, and each road lies in some.
 */
import { EARTH_RADIUS_M, type Position } from '../../domain/geo.ts'
import { linePart } from '../arc-line.ts'
import type { RoadGraph } from '../graph.ts'
import type { ReachedRoads } from './reached-roads.ts'

export interface ReachedLines {
  readonly form: 'lines'
  /** Each in whole hundred-thousandths of a degree. */
  readonly lines: readonly (readonly (readonly [lonDeg: number, latDeg: number])[])[]
}

export interface ReachedCells {
  readonly form: 'cells'
  /** The south-western corner of row 0, column 0. Longitudes go on behind 180 where the cells lie across the antimeridian. */
  readonly westDeg: number
  readonly southDeg: number
  readonly cellLonDeg: number
  readonly cellLatDeg: number
  /** Cells side by side, eastwards. */
  readonly runs: readonly (readonly [row: number, column: number, cells: number])[]
}

/** `[-179.12345,-89.12345],` and the brackets of a line, in JSON. */
const POINT_BYTES = 23
const LINE_BYTES = 3
/** `[99999,99999,99999],` and what stands around the runs. */
const RUN_BYTES = 20
const FRAME_BYTES = 250
const SMALLEST_CELL_M = 50
const GRAIN = 1e5
const M_PER_DEG = (EARTH_RADIUS_M * Math.PI) / 180
const SIDE = 2 ** 20

/** Takes at most `maxBytes` in JSON, of which there are at least 500. */
export function drawnReach(graph: RoadGraph, reached: ReachedRoads, maxBytes: number): ReachedLines | ReachedCells {
  return drawnLines(graph, reached, maxBytes) ?? drawnCells(graph, reached, maxBytes)
}

/** Null when they do not fit. Of a road that is reached both ways from end to end, one way is drawn. */
function drawnLines(graph: RoadGraph, { arcs, from, to }: ReachedRoads, maxBytes: number): ReachedLines | null {
  const whole = new Set(arcs.filter((_, index) => from[index] === 0 && to[index] === 1))
  const lines: [number, number][][] = []
  let bytes = FRAME_BYTES
  for (const [index, arc] of arcs.entries()) {
    const twin = graph.arcTwin[arc]!
    if (twin >= 0 && twin < arc && whole.has(twin) && whole.has(arc)) continue
    const line = linePart(graph, arc, from[index]!, to[index]!)
    bytes += LINE_BYTES + line.length * POINT_BYTES
    if (bytes > maxBytes) return null
    lines.push(line.map(({ lonDeg, latDeg }) => [rounded(lonDeg), rounded(latDeg)]))
  }
  return { form: 'lines', lines }
}

function drawnCells(graph: RoadGraph, reached: ReachedRoads, maxBytes: number): ReachedCells {
  const lines = Array.from(reached.arcs, (arc, index) => linePart(graph, arc, reached.from[index]!, reached.to[index]!))
  const first = lines[0]?.[0] ?? { lonDeg: 0, latDeg: 0 }
  const mostRuns = Math.max(1, Math.floor((maxBytes - FRAME_BYTES) / RUN_BYTES))
  const raster = new Raster(first, SMALLEST_CELL_M)
  for (const line of lines) raster.addLine(line)
  for (;;) {
    const drawn = raster.drawn()
    if (drawn.runs.length <= mostRuns) return drawn
    raster.coarsen()
  }
}

/** Cells around a place, which is the corner of four of them. */
class Raster {
  readonly #around: Position
  #lonDeg: number
  #latDeg: number
  /** Row and column in one number; those around the middle are around half of what fits. */
  #cells = new Set<number>()

  constructor(around: Position, sideM: number) {
    this.#around = around
    this.#latDeg = sideM / M_PER_DEG
    this.#lonDeg = this.#latDeg / Math.max(0.01, Math.cos((around.latDeg * Math.PI) / 180))
  }

  addLine(line: readonly Position[]): void {
    line.forEach((to, index) => {
      this.#addPiece(line[Math.max(0, index - 1)]!, to)
    })
  }

  /** Every cell that the straight piece goes through: between two lines of the grid it is in one. */
  #addPiece(from: Position, to: Position): void {
    const [x, y, endX, endY] = [this.#x(from), this.#y(from), this.#x(to), this.#y(to)]
    const crossings = [0, 1]
    const cross = (start: number, end: number) => {
      const [low, high] = start < end ? [start, end] : [end, start]
      for (let line = Math.ceil(low); line <= high; line++)
        if (end !== start) crossings.push((line - start) / (end - start))
    }
    cross(x, endX)
    cross(y, endY)
    crossings.sort((a, b) => a - b)
    for (let index = 1; index < crossings.length; index++) {
      const middle = (crossings[index - 1]! + crossings[index]!) / 2
      const column = Math.floor(x + middle * (endX - x)) + SIDE / 2
      const row = Math.floor(y + middle * (endY - y)) + SIDE / 2
      this.#cells.add(row * SIDE + column)
    }
  }

  /** Four cells become one. */
  coarsen(): void {
    const half = (index: number) => Math.floor((index - SIDE / 2) / 2) + SIDE / 2
    const cells = [...this.#cells].map(key => half(Math.floor(key / SIDE)) * SIDE + half(key % SIDE))
    this.#cells = new Set(cells)
    this.#lonDeg *= 2
    this.#latDeg *= 2
  }

  drawn(): ReachedCells {
    const sorted = Float64Array.from(this.#cells).sort()
    const rowOf = (key: number) => Math.floor(key / SIDE)
    const south = sorted.length === 0 ? 0 : rowOf(sorted[0]!)
    const west = sorted.reduce((least, key) => Math.min(least, key % SIDE), SIDE)
    const runs: [number, number, number][] = []
    sorted.forEach((key, index) => {
      const last = runs.at(-1)
      if (last !== undefined && sorted[index - 1] === key - 1) last[2] += 1
      else runs.push([rowOf(key) - south, (key % SIDE) - west, 1])
    })
    return {
      form: 'cells',
      westDeg: this.#around.lonDeg + (west - SIDE / 2) * this.#lonDeg,
      southDeg: this.#around.latDeg + (south - SIDE / 2) * this.#latDeg,
      cellLonDeg: this.#lonDeg,
      cellLatDeg: this.#latDeg,
      runs,
    }
  }

  /** In cells, across the antimeridian too. */
  #x({ lonDeg }: Position): number {
    return (((lonDeg - this.#around.lonDeg + 540) % 360) - 180) / this.#lonDeg
  }

  #y({ latDeg }: Position): number {
    return (latDeg - this.#around.latDeg) / this.#latDeg
  }
}

const rounded = (degrees: number): number => Math.round(degrees * GRAIN) / GRAIN
