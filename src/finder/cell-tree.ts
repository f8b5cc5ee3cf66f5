/** An R-tree of the cells that have units. */
import RBush from 'rbush'
import type { Cell, PlacedUnit } from './cell.ts'
import type { CellGrid } from './cell-grid.ts'
import type { TreeNode } from './search-heap.ts'

export class CellTree {
  readonly #grid: CellGrid
  readonly #tree = new RBush<Cell>()
  readonly #cells = new Map<number, Cell>()
  #moves = 0

  constructor(grid: CellGrid) {
    this.#grid = grid
  }

  /** Cells that were put in or taken out, since the start. */
  get moves(): number {
    return this.#moves
  }

  get root(): TreeNode {
    return this.#tree.toJSON()
  }

  /** Puts a unit into the cell on which it stands. */
  insert(unit: PlacedUnit): void {
    const cellNo = this.#grid.cellNoAt(unit)
    let cell = this.#cells.get(cellNo)
    if (cell === undefined) {
      cell = this.#grid.cell(cellNo)
      this.#cells.set(cellNo, cell)
      this.#tree.insert(cell)
      this.#moves += 1
    }
    cell.add(unit)
  }

  /** Takes a unit out of its cell, which is one of this tree. */
  remove(unit: PlacedUnit): void {
    const cell = unit.cell!
    cell.take(unit)
    if (cell.children.length > 0) return
    this.#cells.delete(cell.cellNo)
    this.#tree.remove(cell)
    this.#moves += 1
  }
}
