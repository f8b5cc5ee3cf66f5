/** The straight pieces of all arcs, and which of them lie in which cell of a grid over the network. */
import type { GridData } from './grid-data.ts'

export class PieceGrid {
  readonly fromLon: Float64Array
  readonly fromLat: Float64Array
  readonly toLon: Float64Array
  readonly toLat: Float64Array
  readonly pieceArc: Uint32Array
  readonly pieceFrom: Float64Array
  readonly pieceTo: Float64Array
  readonly #columns: number
  readonly #rows: number
  readonly #westDeg: number
  readonly #southDeg: number
  readonly #cellLonDeg: number
  readonly #cellLatDeg: number
  readonly #cellM: number
  readonly #firstInCell: Uint32Array
  readonly #inCell: Uint32Array

  constructor(data: GridData) {
    this.fromLon = data.fromLon
    this.fromLat = data.fromLat
    this.toLon = data.toLon
    this.toLat = data.toLat
    this.pieceArc = data.pieceArc
    this.pieceFrom = data.pieceFrom
    this.pieceTo = data.pieceTo
    this.#columns = data.columns
    this.#rows = data.rows
    this.#westDeg = data.westDeg
    this.#southDeg = data.southDeg
    this.#cellLonDeg = data.cellLonDeg
    this.#cellLatDeg = data.cellLatDeg
    this.#cellM = data.cellM
    this.#firstInCell = data.firstInCell
    this.#inCell = data.inCell
  }

  columnOf(lonDeg: number): number {
    return Math.floor((this.#nearestTurn(lonDeg) - this.#westDeg) / this.#cellLonDeg)
  }

  rowOf(latDeg: number): number {
    return Math.floor((latDeg - this.#southDeg) / this.#cellLatDeg)
  }

  /** No piece is nearer that lies in this ring around a position's cell or in a later one, and in no earlier one. */
  leastM(steps: number): number {
    // The position may be at the edge of its cell.
    return Math.max(0, steps - 1) * this.#cellM
  }

  /** The first ring that has cells, and the last: from outside the network the first ones have none. */
  rings(column: number, row: number): [first: number, last: number] {
    const outside = (value: number, count: number) => Math.max(0, -value, value - count + 1)
    const first = Math.max(outside(column, this.#columns), outside(row, this.#rows))
    return [first, Math.max(column, this.#columns - 1 - column, row, this.#rows - 1 - row)]
  }

  /** Calls `visit` with the pieces in the cells that are so many steps away; with some more than once. */
  eachInRing(column: number, row: number, steps: number, visit: (piece: number) => void): void {
    const bottom = Math.max(0, row - steps)
    const top = Math.min(this.#rows - 1, row + steps)
    for (let y = bottom; y <= top; y++) {
      // Inner rows have a cell at either end only.
      const isEdge = y === row - steps || y === row + steps
      const stride = isEdge ? 1 : 2 * steps
      for (let x = column - steps; x <= column + steps; x += stride) {
        if (x < 0 || x >= this.#columns) continue
        const cell = y * this.#columns + x
        const end = this.#firstInCell[cell + 1]!
        for (let at = this.#firstInCell[cell]!; at < end; at++) visit(this.#inCell[at]!)
      }
    }
  }

  /**
   * Calls `visit` with the pieces in the cells that a box touches; with some more than once. Output: false, without a call, for a box
   * of more cells than that, and for one whose edges lie around the back of the globe from the network.
   */
  eachInBox(
    { west, east }: { readonly west: number; readonly east: number },
    { south, north }: { readonly south: number; readonly north: number },
    cellsMax: number,
    visit: (piece: number) => void,
  ): boolean {
    const [firstColumn, lastColumn] = [this.columnOf(west), this.columnOf(east)]
    if (firstColumn > lastColumn) return false
    const columns = [Math.max(0, firstColumn), Math.min(this.#columns - 1, lastColumn)] as const
    const [firstRow, lastRow] = [Math.max(0, this.rowOf(south)), Math.min(this.#rows - 1, this.rowOf(north))]
    if ((columns[1] - columns[0] + 1) * (lastRow - firstRow + 1) > cellsMax) return false
    for (let y = firstRow; y <= lastRow; y++) {
      for (let x = columns[0]; x <= columns[1]; x++) {
        const cell = y * this.#columns + x
        const end = this.#firstInCell[cell + 1]!
        for (let at = this.#firstInCell[cell]!; at < end; at++) visit(this.#inCell[at]!)
      }
    }
    return true
  }

  /** The longitude, a whole turn further where that is nearer to the network. */
  #nearestTurn(lonDeg: number): number {
    const middle = this.#westDeg + (this.#columns * this.#cellLonDeg) / 2
    return lonDeg - 360 * Math.round((lonDeg - middle) / 360)
  }
}
