/** The pieces of a network's arcs and the grid over them, as plain arrays: a thread makes them, and others look into them. */
import { distanceM, EARTH_RADIUS_M, type Position } from '../domain/geo.ts'
import { lineOf } from './arc-line.ts'
import type { RoadGraph } from './graph.ts'

/** Cells of this side; a network so large that it would have too many has larger ones. */
const CELL_M = 60
const MAX_CELLS = 4_000_000
const M_PER_DEG = (EARTH_RADIUS_M * Math.PI) / 180
const RAD_PER_DEG = Math.PI / 180

interface Pieces {
  /** By piece: degrees of its ends. East of the antimeridian longitudes go on behind 180 where the network lies across it. */
  readonly fromLon: Float64Array
  readonly fromLat: Float64Array
  readonly toLon: Float64Array
  readonly toLat: Float64Array
  /** By piece: its arc, of two twins the one with the lesser number, and which part of the arc it is. */
  readonly pieceArc: Uint32Array
  readonly pieceFrom: Float64Array
  readonly pieceTo: Float64Array
}

interface Cells {
  readonly columns: number
  readonly rows: number
  readonly westDeg: number
  readonly southDeg: number
  readonly cellLonDeg: number
  readonly cellLatDeg: number
  /** Metres that a cell is wide where it is narrowest. */
  readonly cellM: number
}

export interface GridData extends Pieces, Cells {
  /** By cell, and one more: where its pieces begin in `inCell`. */
  readonly firstInCell: Uint32Array
  readonly inCell: Uint32Array
}

export function gridOf(graph: RoadGraph): GridData {
  const isAcross = isAcrossTheAntimeridian(graph.lonDeg)
  const all = piecesOf(graph, lonDeg => (isAcross && lonDeg < 0 ? lonDeg + 360 : lonDeg))
  const column = (of: (piece: Piece) => number) => Float64Array.from(all, of)
  const pieces: Pieces = {
    fromLon: column(piece => piece.from.lonDeg),
    fromLat: column(piece => piece.from.latDeg),
    toLon: column(piece => piece.to.lonDeg),
    toLat: column(piece => piece.to.latDeg),
    pieceArc: Uint32Array.from(all, piece => piece.arc),
    pieceFrom: column(piece => piece.fromShare),
    pieceTo: column(piece => piece.toShare),
  }
  const cells = cellsOver(pieces)
  return { ...pieces, ...cells, ...filled(pieces, cells) }
}

function cellsOver({ fromLon, toLon, fromLat, toLat }: Pieces): Cells {
  const [west, east] = rangeOf(fromLon, toLon)
  const [south, north] = rangeOf(fromLat, toLat)
  // A degree of longitude is shortest where the network is furthest from the equator.
  const shortest =
    M_PER_DEG * Math.max(0.01, Math.cos(Math.min(89, Math.max(Math.abs(south), Math.abs(north)) + 0.01) * RAD_PER_DEG))
  const cells = (((east - west) * shortest) / CELL_M + 1) * (((north - south) * M_PER_DEG) / CELL_M + 1)
  const cellM = CELL_M * Math.max(1, Math.sqrt(cells / MAX_CELLS))
  const cellLonDeg = cellM / shortest
  const cellLatDeg = cellM / M_PER_DEG
  return {
    columns: Math.floor((east - west) / cellLonDeg) + 1,
    rows: Math.floor((north - south) / cellLatDeg) + 1,
    ...{ westDeg: west, southDeg: south, cellLonDeg, cellLatDeg, cellM },
  }
}

function filled(pieces: Pieces, cells: Cells): Pick<GridData, 'firstInCell' | 'inCell'> {
  const first = new Uint32Array(cells.columns * cells.rows + 1)
  eachCell(pieces, cells, (_, cell) => {
    first[cell + 1]! += 1
  })
  for (let cell = 1; cell < first.length; cell++) first[cell]! += first[cell - 1]!
  const next = first.slice()
  const inCell = new Uint32Array(first.at(-1)!)
  eachCell(pieces, cells, (piece, cell) => {
    inCell[next[cell]!++] = piece
  })
  return { firstInCell: first, inCell }
}

/** Every cell that the box around a piece touches. */
function eachCell(pieces: Pieces, cells: Cells, visit: (piece: number, cell: number) => void): void {
  const { fromLon, toLon, fromLat, toLat, pieceArc } = pieces
  const { columns, westDeg, southDeg, cellLonDeg, cellLatDeg } = cells
  const rowOf = (latDeg: number) => Math.floor((latDeg - southDeg) / cellLatDeg)
  for (let piece = 0; piece < pieceArc.length; piece++) {
    const [west, east] = ordered(fromLon[piece]!, toLon[piece]!)
    const [south, north] = ordered(fromLat[piece]!, toLat[piece]!)
    const lastColumn = Math.floor((east - westDeg) / cellLonDeg)
    for (let y = rowOf(south); y <= rowOf(north); y++) {
      for (let x = Math.floor((west - westDeg) / cellLonDeg); x <= lastColumn; x++) visit(piece, y * columns + x)
    }
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
