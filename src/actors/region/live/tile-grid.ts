/**
 * Says on which watched tile a place lies. Every fix asks while anybody looks at the map, so the answer "none" is cheap.
 *
 * A place in no watched column or beyond the watched parallels costs a few comparisons; only what is left pays for the
 * projection. Zooms that nobody watches cost nothing.
 */
import { columnAt, northOf, rowAt, type Tile } from '../../../protocol/tiles.ts'
import { TILE_ZOOMS } from '../../../protocol/wire/tile-tuples.ts'

/** What is found by its place. */
interface OnGrid {
  readonly name: string
  readonly tile: Tile
}

class ZoomGrid<T extends OnGrid> {
  readonly #size: number
  readonly #streams = new Map<number, T>()
  /** How many watched tiles each column has. */
  readonly #columns: Uint16Array
  /** The watched rows lie between these. */
  #firstRow = Number.POSITIVE_INFINITY
  #lastRow = Number.NEGATIVE_INFINITY
  #southDeg = Number.POSITIVE_INFINITY
  #northDeg = Number.NEGATIVE_INFINITY
  /** A row at the edge may have gone: found anew when it is next asked for, as many are forgotten at a time. */
  #isTooWide = false

  constructor(zoom: number) {
    this.#size = 2 ** zoom
    this.#columns = new Uint16Array(this.#size)
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0
  }

  at(lonDeg: number, latDeg: number): T | null {
    if (this.#isTooWide) this.#narrow()
    if (latDeg < this.#southDeg || latDeg > this.#northDeg) return null
    const x = columnAt(this.#size, lonDeg)
    if (this.#columns[x] === 0) return null
    return this.#streams.get(x * this.#size + rowAt(this.#size, latDeg)) ?? null
  }

  add(stream: T): void {
    const { x, y } = stream.tile
    this.#streams.set(x * this.#size + y, stream)
    this.#columns[x]! += 1
    this.#widen(y)
  }

  remove(stream: T): void {
    const { x, y } = stream.tile
    if (!this.#streams.delete(x * this.#size + y)) return
    this.#columns[x]! -= 1
    if (y === this.#firstRow || y === this.#lastRow) this.#isTooWide = true
  }

  #narrow(): void {
    this.#isTooWide = false
    this.#firstRow = Number.POSITIVE_INFINITY
    this.#lastRow = Number.NEGATIVE_INFINITY
    this.#southDeg = Number.POSITIVE_INFINITY
    this.#northDeg = Number.NEGATIVE_INFINITY
    for (const { tile } of this.#streams.values()) this.#widen(tile.y)
  }

  #widen(y: number): void {
    // Generous at the edges: rounding must never hide a unit. The first and the last row reach to the poles.
    const slackDeg = 1e-6
    if (y < this.#firstRow) {
      this.#firstRow = y
      this.#northDeg = y === 0 ? 90 : northOf(this.#size, y) + slackDeg
    }
    if (y > this.#lastRow) {
      this.#lastRow = y
      this.#southDeg = y === this.#size - 1 ? -90 : northOf(this.#size, y + 1) - slackDeg
    }
  }
}

export class TileGrid<T extends OnGrid> {
  readonly #zooms: readonly ZoomGrid<T>[] = TILE_ZOOMS.map(zoom => new ZoomGrid<T>(zoom))
  readonly #byName = new Map<string, T>()

  get isEmpty(): boolean {
    return this.#byName.size === 0
  }

  get size(): number {
    return this.#byName.size
  }

  named(name: string): T | undefined {
    return this.#byName.get(name)
  }

  all(): Iterable<T> {
    return this.#byName.values()
  }

  /** The watched tile of a place at the zoom of this index in `TILE_ZOOMS`. */
  at(zoomIndex: number, lonDeg: number, latDeg: number): T | null {
    const zoom = this.#zooms[zoomIndex]!
    return zoom.isEmpty ? null : zoom.at(lonDeg, latDeg)
  }

  /** True when a place lies on a watched tile of any zoom. */
  covers(lonDeg: number, latDeg: number): boolean {
    for (const zoom of this.#zooms) if (!zoom.isEmpty && zoom.at(lonDeg, latDeg) !== null) return true
    return false
  }

  add(stream: T): void {
    this.#byName.set(stream.name, stream)
    this.#zoomOf(stream).add(stream)
  }

  remove(stream: T): void {
    if (this.#byName.delete(stream.name)) this.#zoomOf(stream).remove(stream)
  }

  #zoomOf({ tile }: T): ZoomGrid<T> {
    return this.#zooms[TILE_ZOOMS.indexOf(tile.zoom as (typeof TILE_ZOOMS)[number])]!
  }
}
