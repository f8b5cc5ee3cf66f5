/** How the globe is cut into cells. */
import type { Position } from '../domain/geo.ts'
import { Cell } from './cell.ts'

const M_PER_DEG = 111_195
const RAD_PER_DEG = Math.PI / 180
/** More than a row has cells, at sides of this length and above. */
const ROW_STRIDE = 2 ** 26
const SIDE_MIN_M = 1

export class CellGrid {
  readonly #sideDeg: number
  readonly #slackDeg: number

  /** Input: metres, the side above 0. */
  constructor(sideM: number, slackM: number) {
    this.#sideDeg = Math.max(SIDE_MIN_M, sideM) / M_PER_DEG
    this.#slackDeg = slackM / M_PER_DEG
  }

  /** The number of the cell on which a place lies, below 2^53. */
  cellNoAt({ lonDeg, latDeg }: Position): number {
    const row = Math.floor((latDeg + 90) / this.#sideDeg)
    return row * ROW_STRIDE + Math.floor((lonDeg + 180) / this.#lonSideDeg(row))
  }

  /**
   * A cell without units; its box has the slack to each side. Boxes end at the antimeridian and the poles: a unit that crosses the
   * antimeridian leaves its cell, and no box ever needs two parts.
   */
  cell(cellNo: number): Cell {
    const row = Math.floor(cellNo / ROW_STRIDE)
    const column = cellNo - row * ROW_STRIDE
    const [sideDeg, slackDeg, lonSideDeg] = [this.#sideDeg, this.#slackDeg, this.#lonSideDeg(row)]
    const minY = row * sideDeg - 90
    const minX = column * lonSideDeg - 180
    const lonSlackDeg = (lonSideDeg / sideDeg) * slackDeg
    return new Cell(
      cellNo,
      Math.max(-180, minX - lonSlackDeg),
      Math.max(-90, minY - slackDeg),
      Math.min(180, minX + lonSideDeg + lonSlackDeg),
      Math.min(90, minY + sideDeg + slackDeg),
    )
  }

  /** Degrees of longitude that a cell of the row spans: its side at the middle of the row; 360 beside a pole. */
  #lonSideDeg(row: number): number {
    const midDeg = (row + 0.5) * this.#sideDeg - 90
    return Math.min(360, this.#sideDeg / Math.max(1e-9, Math.cos(midDeg * RAD_PER_DEG)))
  }
}
