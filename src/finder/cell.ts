/**
 * The units of one tree that stand near each other: what the tree holds instead of each unit by itself.
 *
 * The globe is cut into cells, about square, in rows of one latitude. A unit belongs to the cell on which it stood when it came, and
 * stays with it while it is no further outside than a slack; so most fixes change two numbers and nothing else, those that change
 * the cell move the unit from one list to another, and the tree is touched when a cell gets its first unit or loses its last.
 */

import type { UnitId } from '../domain/ids.ts'
import type { LevelOfCare } from '../domain/vocabulary.ts'
import type { Box } from './lower-bound.ts'

/** One unit as the index holds it: its exact position, and the cell that has it. */
export class PlacedUnit {
  readonly unitId: UnitId
  levelOfCare: LevelOfCare
  /** Which of the finder's trees holds the unit's cell. */
  treeIndex: number
  lonDeg = 0
  latDeg = 0
  /** Null until it has a place, or for one search only. */
  cell: Cell | null = null
  cellPlace = 0
  /** Tells a unit from a cell or a tree's inner node during a search. */
  readonly children = null

  constructor(unitId: UnitId, levelOfCare: LevelOfCare, treeIndex: number) {
    this.unitId = unitId
    this.levelOfCare = levelOfCare
    this.treeIndex = treeIndex
  }
}

export class Cell implements Box {
  readonly cellNo: number
  readonly minX: number
  readonly minY: number
  readonly maxX: number
  readonly maxY: number
  /** In no order: each unit knows its place here. A search takes a cell for a node of the tree. */
  readonly children: PlacedUnit[] = []

  constructor(cellNo: number, minX: number, minY: number, maxX: number, maxY: number) {
    this.cellNo = cellNo
    this.minX = minX
    this.minY = minY
    this.maxX = maxX
    this.maxY = maxY
  }

  holds(lonDeg: number, latDeg: number): boolean {
    return lonDeg >= this.minX && lonDeg <= this.maxX && latDeg >= this.minY && latDeg <= this.maxY
  }

  add(unit: PlacedUnit): void {
    unit.cell = this
    unit.cellPlace = this.children.length
    this.children.push(unit)
  }

  /** Input: a unit of this cell. */
  take(unit: PlacedUnit): void {
    const last = this.children.pop()!
    if (last === unit) return
    this.children[unit.cellPlace] = last
    last.cellPlace = unit.cellPlace
  }
}
