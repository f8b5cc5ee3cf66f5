/** The straight pieces of all arcs, and which of them lie in which cell of a grid over the network. */
import { distanceM, EARTH_RADIUS_M, type Position } from '../domain/geo.ts'
import { lineOf } from './arc-line.ts'
import type { RoadGraph } from './graph.ts'

/** Cells of this side; a network so large that it would have too many has larger ones. */
const CELL_M = 60
const MAX_CELLS = 4_000_000
const M_PER_DEG = (EARTH_RADIUS_M * Math.PI) / 180
const RAD_PER_DEG = Math.PI / 180

export class PieceGrid {
  /** By piece: degrees of its ends. East of the antimeridian longitudes go on behind 180 where the network lies across it. */
  readonly fromLon: Float64Array
  readonly fromLat: Float64Array
  readonly toLon: Float64Array
  readonly toLat: Float64Array
  /** By piece: its arc, of two twins the one with the lesser number, and which part of the arc it is. */
  readonly pieceArc: Uint32Array
  readonly pieceFrom: Float64Array
  readonly pieceTo: Float64Array
  readonly #columns: number
  readonly #rows: number
  readonly #westDeg: number
  readonly #southDeg: number
  readonly #cellLonDeg: number
  readonly #cellLatDeg: number
  /** Metres that a cell is wide where it is narrowest. */
  readonly #cellM: number
  readonly #isAcross: boolean
  readonly #firstInCell: Uint32Array
  readonly #inCell: Uint32Array

  constructor(graph: RoadGraph) {
    this.#isAcross = isAcrossTheAntimeridian(graph.lonDeg)
    const pieces = piecesOf(graph, lon => this.#unwrapped(lon))
    const column = (of: (piece: Piece) => number) => Float64Array.from(pieces, of)
    this.fromLon = column(piece => piece.from.lonDeg)
    this.fromLat = column(piece => piece.from.latDeg)
    this.toLon = column(piece => piece.to.lonDeg)
    this.toLat = column(piece => piece.to.latDeg)
    this.pieceArc = Uint32Array.from(pieces, piece => piece.arc)
    this.pieceFrom = column(piece => piece.fromShare)
    this.pieceTo = column(piece => piece.toShare)
    const [west, east] = rangeOf(this.fromLon, this.toLon)
    const [south, north] = rangeOf(this.fromLat, this.toLat)
    this.#westDeg = west
    this.#southDeg = south
    // A degree of longitude is shortest where the network is furthest from the equator.
    const shortest =
      M_PER_DEG *
      Math.max(0.01, Math.cos(Math.min(89, Math.max(Math.abs(south), Math.abs(north)) + 0.01) * RAD_PER_DEG))
    const cells = (((east - west) * shortest) / CELL_M + 1) * (((north - south) * M_PER_DEG) / CELL_M + 1)
    this.#cellM = CELL_M * Math.max(1, Math.sqrt(cells / MAX_CELLS))
    this.#cellLonDeg = this.#cellM / shortest
    this.#cellLatDeg = this.#cellM / M_PER_DEG
    this.#columns = Math.floor((east - west) / this.#cellLonDeg) + 1
    this.#rows = Math.floor((north - south) / this.#cellLatDeg) + 1
    ;[this.#firstInCell, this.#inCell] = this.#filled()
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

  #filled(): [Uint32Array, Uint32Array] {
    const first = new Uint32Array(this.#columns * this.#rows + 1)
    this.#eachCell((_, cell) => {
      first[cell + 1]! += 1
    })
    for (let cell = 1; cell < first.length; cell++) first[cell]! += first[cell - 1]!
    const filled = first.slice()
    const inCell = new Uint32Array(first.at(-1)!)
    this.#eachCell((piece, cell) => {
      inCell[filled[cell]!++] = piece
    })
    return [first, inCell]
  }

  /** Every cell that the box around a piece touches. */
  #eachCell(visit: (piece: number, cell: number) => void): void {
    for (let piece = 0; piece < this.pieceArc.length; piece++) {
      const [west, east] = ordered(this.fromLon[piece]!, this.toLon[piece]!)
      const [south, north] = ordered(this.fromLat[piece]!, this.toLat[piece]!)
      const lastColumn = Math.floor((east - this.#westDeg) / this.#cellLonDeg)
      for (let y = this.rowOf(south); y <= this.rowOf(north); y++) {
        for (let x = Math.floor((west - this.#westDeg) / this.#cellLonDeg); x <= lastColumn; x++)
          visit(piece, y * this.#columns + x)
      }
    }
  }

  #unwrapped(lonDeg: number): number {
    return this.#isAcross && lonDeg < 0 ? lonDeg + 360 : lonDeg
  }

  /** The longitude, a whole turn further where that is nearer to the network. */
  #nearestTurn(lonDeg: number): number {
    const middle = this.#westDeg + (this.#columns * this.#cellLonDeg) / 2
    return lonDeg - 360 * Math.round((lonDeg - middle) / 360)
  }
}

interface Piece {
  readonly arc: number
  readonly from: Position
  readonly to: Position
  readonly fromShare: number
  readonly toShare: number
}

function piecesOf(graph: RoadGraph, unwrapped: (lonDeg: number) => number): Piece[] {
  const pieces: Piece[] = []
  for (let arc = 0; arc < graph.arcCount; arc++) {
    const twin = graph.arcTwin[arc]!
    if (twin >= 0 && twin < arc) continue
    const line = lineOf(graph, arc)
    const lengths = line.slice(1).map((point, index) => distanceM(line[index]!, point))
    const total = lengths.reduce((sum, length) => sum + length, 0)
    let passed = 0
    lengths.forEach((length, index) => {
      const fromShare = total === 0 ? 0 : passed / total
      passed += length
      const isLast = index === lengths.length - 1
      const toShare = isLast ? 1 : total === 0 ? 0 : passed / total
      const [from, to] = [line[index]!, line[index + 1]!].map(point => ({ ...point, lonDeg: unwrapped(point.lonDeg) }))
      pieces.push({ arc, from: from!, to: to!, fromShare, toShare })
    })
  }
  return pieces
}

function isAcrossTheAntimeridian(lonDeg: Float64Array): boolean {
  const [west, east] = rangeOf(lonDeg, lonDeg)
  return east - west > 180
}

function rangeOf(...all: readonly Float64Array[]): [number, number] {
  let [least, most] = [Infinity, -Infinity]
  for (const values of all) {
    for (const value of values) {
      if (value < least) least = value
      if (value > most) most = value
    }
  }
  return [least, most]
}

const ordered = (a: number, b: number): [number, number] => (a < b ? [a, b] : [b, a])
