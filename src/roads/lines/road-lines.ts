/**
 * The roads of a network as lines for a map, tile by tile.
 *
 * An index says which arcs pass through which tile of zoom 12, the more important roads first. It is made in short steps when
 * the first tile is asked for: a network of a million arcs takes half a second, and others have their turn in between. A tile
 * further out has fewer classes of roads, and none has more than `LINES_MAX` lines, which takes some milliseconds to draw.
 */
import type { RoadGraph } from '../graph.ts'
import { EXTENT, encodeLines, type LineGroup } from './vector-tile.ts'

/** Between these a map has tiles of roads; beyond the last it enlarges those. */
export const LINE_ZOOMS = { least: 6, most: 14 } as const
/** Lines of one tile: a kind of roads that does not fit in is left out as a whole, so that no part of a town looks emptier. */
export const LINES_MAX = 8_000
const INDEX_ZOOM = 12
/** How far lines go on beyond the edge, so that their ends are not seen. */
const BUFFER = 64
/** A line that would be shorter is a dot. */
const LEAST = 4
/** Arcs that are looked at before others have their turn: less than two milliseconds. */
const STEP = 300

/** By how much a road matters; what is not named is a street. */
const LEVELS: Readonly<Record<string, number>> = {
  motorway: 0,
  motorway_link: 0,
  trunk: 0,
  trunk_link: 0,
  ramp: 0,
  primary: 1,
  primary_link: 1,
  ring: 1,
  secondary: 2,
  secondary_link: 2,
  main: 2,
  tertiary: 3,
  tertiary_link: 3,
}
const STREET = 4
/** The least important level that is drawn at a zoom. */
const deepestAt = (zoom: number): number => (zoom < 9 ? 0 : zoom < 11 ? 1 : zoom < 12 ? 2 : STREET)

export interface LineBounds {
  readonly westDeg: number
  readonly southDeg: number
  readonly eastDeg: number
  readonly northDeg: number
}

export interface TileName {
  readonly zoom: number
  readonly x: number
  readonly y: number
}

export class RoadLines {
  readonly bounds: LineBounds
  readonly #graph: RoadGraph
  readonly #levels: Uint8Array
  /** Of nodes, then of bends: shares of the Web Mercator square, from the west and from the north. */
  readonly #across: Float64Array
  readonly #down: Float64Array
  #index: Promise<ReadonlyMap<number, readonly number[]>> | null = null

  constructor(graph: RoadGraph) {
    this.#graph = graph
    this.bounds = boundsOf(graph)
    const byClass = graph.classes.map(name => LEVELS[name] ?? STREET)
    this.#levels = Uint8Array.from(graph.arcClass, each => byClass[each]!)
    const points = graph.nodeCount + graph.bendLonDeg.length
    this.#across = new Float64Array(points)
    this.#down = new Float64Array(points)
  }

  /** Input: lets others have their turn. Output: a vector tile with the layer `roads`, whose lines have a `level`; empty where no road is. */
  async tile(name: TileName, pause: () => Promise<unknown>): Promise<Uint8Array> {
    this.#index ??= this.#indexed(pause)
    return this.#drawn(name, await this.#index, pause)
  }

  async #indexed(pause: () => Promise<unknown>): Promise<ReadonlyMap<number, readonly number[]>> {
    await this.#project(pause)
    const cells = new Map<number, number[]>()
    const { arcCount, arcTwin } = this.#graph
    for (let arc = 0; arc < arcCount; arc++) {
      if (arc % STEP === STEP - 1) await pause()
      // Of both ways of a road one is drawn.
      if (arcTwin[arc]! >= 0 && arcTwin[arc]! < arc) continue
      const { west, north, east, south } = this.#extent(arc)
      for (let y = north; y <= south; y++) {
        for (let x = west; x <= east; x++) {
          const cell = cells.get(keyOf(x, y))
          if (cell === undefined) cells.set(keyOf(x, y), [arc])
          else cell.push(arc)
        }
      }
    }
    for (const arcs of cells.values()) {
      arcs.sort((a, b) => this.#levels[a]! - this.#levels[b]!)
      await pause()
    }
    return cells
  }

  async #project(pause: () => Promise<unknown>): Promise<void> {
    const { nodeCount, lonDeg, latDeg, bendLonDeg, bendLatDeg } = this.#graph
    for (let point = 0; point < this.#across.length; point++) {
      if (point % STEP === STEP - 1) await pause()
      const isNode = point < nodeCount
      this.#across[point] = acrossAt(isNode ? lonDeg[point]! : bendLonDeg[point - nodeCount]!)
      this.#down[point] = downAt(isNode ? latDeg[point]! : bendLatDeg[point - nodeCount]!)
    }
  }

  /** In tiles of the index. */
  #extent(arc: number) {
    let [west, north, east, south] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0]
    this.#eachPoint(arc, INDEX_ZOOM, (x, y) => {
      west = Math.min(west, Math.floor(x))
      east = Math.max(east, Math.floor(x))
      north = Math.min(north, Math.floor(y))
      south = Math.max(south, Math.floor(y))
    })
    return { west, north, east, south }
  }

  async #drawn(
    tile: TileName,
    index: ReadonlyMap<number, readonly number[]>,
    pause: () => Promise<unknown>,
  ): Promise<Uint8Array> {
    const groups: LineGroup[] = []
    let count = 0
    let looked = 0
    for (let level = 0; level <= deepestAt(tile.zoom); level++) {
      const lines: number[][] = []
      for (const arc of this.#arcsOf(level, tile, index)) {
        if (count + lines.length > LINES_MAX) break
        this.#draw(arc, tile, lines)
        looked += 1
        if (looked % STEP === 0) await pause()
      }
      count += lines.length
      if (count > LINES_MAX) break
      // What is drawn first lies below.
      if (lines.length > 0) groups.unshift({ level, lines })
    }
    return encodeLines('roads', groups)
  }

  /** The arcs of a level that may pass through the tile, each once. */
  *#arcsOf(level: number, tile: TileName, index: ReadonlyMap<number, readonly number[]>): Iterable<number> {
    const seen = new Set<number>()
    for (const cell of cellsOf(tile)) {
      for (const arc of index.get(cell) ?? []) {
        if (this.#levels[arc]! > level) break
        if (this.#levels[arc] !== level || seen.has(arc)) continue
        seen.add(arc)
        yield arc
      }
    }
  }

  /** Adds the parts of an arc's line that lie in the tile. */
  #draw(arc: number, tile: TileName, into: number[][]): void {
    let line: number[] = []
    let [lastX, lastY] = [Number.NaN, Number.NaN]
    const end = () => {
      if (line.length >= 4 && spanOf(line) >= LEAST) into.push(line)
      line = []
    }
    this.#eachPoint(arc, tile.zoom, (x, y) => {
      const [toX, toY] = [(x - tile.x) * EXTENT, (y - tile.y) * EXTENT]
      const [fromX, fromY] = [lastX, lastY]
      lastX = toX
      lastY = toY
      if (Number.isNaN(fromX)) return
      const part = clipped(fromX, fromY, toX, toY)
      if (part === null) return end()
      const [ax, ay, bx, by] = part.map(Math.round) as [number, number, number, number]
      if (line.length > 0 && (line.at(-2) !== ax || line.at(-1) !== ay)) end()
      if (line.length === 0) line.push(ax, ay)
      if (line.at(-2) !== bx || line.at(-1) !== by) line.push(bx, by)
    })
    end()
  }

  #eachPoint(arc: number, zoom: number, visit: (x: number, y: number) => void): void {
    const { nodeCount, arcTail, arcHead, firstBend } = this.#graph
    const size = 2 ** zoom
    const at = (point: number) => visit(this.#across[point]! * size, this.#down[point]! * size)
    at(arcTail[arc]!)
    for (let bend = firstBend[arc]!; bend < firstBend[arc + 1]!; bend++) at(nodeCount + bend)
    at(arcHead[arc]!)
  }
}

/** The tiles of the index that a tile lies in, or that lie in it. */
function* cellsOf({ zoom, x, y }: TileName): Iterable<number> {
  if (zoom >= INDEX_ZOOM) {
    const shift = zoom - INDEX_ZOOM
    yield keyOf(x >> shift, y >> shift)
    return
  }
  const side = 2 ** (INDEX_ZOOM - zoom)
  for (let row = y * side; row < (y + 1) * side; row++) {
    for (let column = x * side; column < (x + 1) * side; column++) yield keyOf(column, row)
  }
}

const keyOf = (x: number, y: number): number => y * 2 ** INDEX_ZOOM + x
const acrossAt = (lonDeg: number): number => (lonDeg + 180) / 360
function downAt(latDeg: number): number {
  const lat = (Math.max(-85.05, Math.min(85.05, latDeg)) * Math.PI) / 180
  return (1 - Math.asinh(Math.tan(lat)) / Math.PI) / 2
}

/** The larger side of the rectangle around a line. */
function spanOf(line: readonly number[]): number {
  let [west, north, east, south] = [line[0]!, line[1]!, line[0]!, line[1]!]
  for (let at = 2; at < line.length; at += 2) {
    west = Math.min(west, line[at]!)
    east = Math.max(east, line[at]!)
    north = Math.min(north, line[at + 1]!)
    south = Math.max(south, line[at + 1]!)
  }
  return Math.max(east - west, south - north)
}

/** The part of a piece that lies in the tile and the buffer around it, by Liang and Barsky; null where none does. */
function clipped(x0: number, y0: number, x1: number, y1: number): readonly number[] | null {
  let [from, to] = [0, 1]
  const [dx, dy] = [x1 - x0, y1 - y0]
  const edges: readonly (readonly [number, number])[] = [
    [-dx, x0 + BUFFER],
    [dx, EXTENT + BUFFER - x0],
    [-dy, y0 + BUFFER],
    [dy, EXTENT + BUFFER - y0],
  ]
  for (const [step, room] of edges) {
    if (step === 0) {
      if (room < 0) return null
      continue
    }
    const share = room / step
    if (step < 0) from = Math.max(from, share)
    else to = Math.min(to, share)
    if (from > to) return null
  }
  return [x0 + from * dx, y0 + from * dy, x0 + to * dx, y0 + to * dy]
}

/** A network across the antimeridian has the whole world's width. */
function boundsOf({ lonDeg, latDeg }: RoadGraph): LineBounds {
  let [westDeg, southDeg, eastDeg, northDeg] = [180, 90, -180, -90]
  for (let node = 0; node < lonDeg.length; node++) {
    westDeg = Math.min(westDeg, lonDeg[node]!)
    eastDeg = Math.max(eastDeg, lonDeg[node]!)
    southDeg = Math.min(southDeg, latDeg[node]!)
    northDeg = Math.max(northDeg, latDeg[node]!)
  }
  return { westDeg, southDeg, eastDeg, northDeg }
}
