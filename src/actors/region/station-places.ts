/** Where a region's stations are: whether a unit is at one of them is asked for each unit of a choice. */
import { distanceM, type Position } from '../../domain/geo.ts'

/** A vehicle in its bay, on the forecourt or at the kerb, by a receiver under a roof. A choice of ours. */
const AT_STATION_M = 100
/** More than that radius at every latitude where people live. */
const CELL_DEG = 0.01

export class StationPlaces {
  /** By cell: each station in its own. */
  readonly #cells = new Map<string, Position[]>()

  constructor(places: readonly Position[]) {
    for (const place of places) {
      const key = keyOf(cellOf(place.lonDeg), cellOf(place.latDeg))
      const others = this.#cells.get(key)
      if (others === undefined) this.#cells.set(key, [place])
      else others.push(place)
    }
  }

  isAtOne(place: Position): boolean {
    if (this.#cells.size === 0) return false
    const [column, row] = [cellOf(place.lonDeg), cellOf(place.latDeg)]
    for (const x of [column - 1, column, column + 1])
      for (const y of [row - 1, row, row + 1])
        if (this.#cells.get(keyOf(x, y))?.some(station => distanceM(station, place) <= AT_STATION_M)) return true
    return false
  }
}

const cellOf = (deg: number): number => Math.floor(deg / CELL_DEG)
const COLUMNS = Math.round(360 / CELL_DEG)
/** The column east of the last one is the first. */
const keyOf = (column: number, row: number): string => `${(column + 2 * COLUMNS) % COLUMNS} ${row}`
