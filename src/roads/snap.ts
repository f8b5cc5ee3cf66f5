/**
 * Puts fixes and addresses on the road: the nearest place on an arc, by a grid over the pieces of all arcs.
 *
 * Exact: the answer is that of measuring every piece. A search goes out ring by ring of the grid, and ends when the next
 * ring is further away than what is found. Nothing further than the cap is taken: a unit 300 m from any road is not on one.
 *
 * Distances are measured on a plane that touches the globe at the fix: right to a millimetre at 200 m.
 */
import { EARTH_RADIUS_M, type Position } from '../domain/geo.ts'
import type { RoadGraph, RoadPosition } from './graph.ts'
import { type GridData, gridOf } from './grid-data.ts'
import { PieceGrid } from './piece-grid.ts'

/** What is put on the road. */
export interface Snapped extends Position {
  /** True for an address, which is not on a motorway if another road is near; false for a vehicle, which may be. */
  readonly isAddress: boolean
  /** Where a vehicle drives to, clockwise from north; null while it stands, or when it is not known. */
  readonly headingDeg: number | null
  /** Where it was before: of two roads side by side it is rather on the same one still. */
  readonly former: RoadPosition | null
}

/** A place on the road, and how far from the road the position was. */
export interface SnappedPosition extends RoadPosition, Position {
  readonly offRoadM: number
}

/** Nothing further from any road is on one. */
export const CAP_M = 200
const M_PER_DEG = (EARTH_RADIUS_M * Math.PI) / 180
const RAD_PER_DEG = Math.PI / 180
/** A road counts as so much further away when it leads elsewhere than the vehicle drives: nothing up to 45°, this at 180°. */
const AGAINST_HEADING_M = 60
const NO_MATTER_DEG = 45
/** And when the vehicle was on another one before. */
const CHANGED_ROAD_M = 8

/** One object looks at all pieces in turn, so a search allocates nothing; it is synchronous, so nobody else comes between. */
export class RoadSnapper {
  readonly #graph: RoadGraph
  readonly #grid: PieceGrid
  // What is snapped, and the plane around it.
  #what: Snapped = NOTHING
  #eastMPerDeg = M_PER_DEG
  #isWithoutMotorways = false
  // The best so far: its piece, the share of the piece, metres away, metres with what speaks against it.
  #piece = -1
  #share = 0
  #metres = 0
  #cost = Infinity
  #isAlongArc = true

  /** Input: the grid over its pieces, where somebody has made it already. */
  constructor(graph: RoadGraph, grid: GridData = gridOf(graph)) {
    this.#graph = graph
    this.#grid = new PieceGrid(grid)
  }

  /** Null when no road is within the cap. */
  snap(what: Snapped): SnappedPosition | null {
    this.#search(what, what.isAddress)
    if (this.#piece === -1 && what.isAddress) this.#search(what, false)
    return this.#piece === -1 ? null : this.#found()
  }

  /** Takes the least cost; of equal ones the piece with the least number. */
  #search(what: Snapped, isWithoutMotorways: boolean): void {
    const grid = this.#grid
    this.#what = what
    this.#eastMPerDeg = M_PER_DEG * Math.cos(what.latDeg * RAD_PER_DEG)
    this.#isWithoutMotorways = isWithoutMotorways
    this.#piece = -1
    this.#cost = Infinity
    const column = grid.columnOf(what.lonDeg)
    const row = grid.rowOf(what.latDeg)
    const [first, last] = grid.rings(column, row)
    for (let steps = first; steps <= last; steps++) {
      if (grid.leastM(steps) > Math.min(CAP_M, this.#cost)) return
      grid.eachInRing(column, row, steps, this.#consider)
    }
  }

  readonly #consider = (piece: number): void => {
    const { fromLon, fromLat, toLon, toLat, pieceArc } = this.#grid
    const arc = pieceArc[piece]!
    if (this.#isWithoutMotorways && this.#graph.arcThrough[arc] === 1) return
    const fromX = this.#x(fromLon[piece]!)
    const fromY = this.#y(fromLat[piece]!)
    const alongX = this.#x(toLon[piece]!) - fromX
    const alongY = this.#y(toLat[piece]!) - fromY
    const lengthSquared = alongX * alongX + alongY * alongY
    const part = lengthSquared === 0 ? 0 : -(fromX * alongX + fromY * alongY) / lengthSquared
    const share = Math.min(1, Math.max(0, part))
    const x = fromX + share * alongX
    const y = fromY + share * alongY
    const metres = Math.sqrt(x * x + y * y)
    if (metres > CAP_M || metres > this.#cost) return
    const { headingDeg, former } = this.#what
    const twin = this.#graph.arcTwin[arc]!
    let cost = metres
    let isAlongArc = true
    if (headingDeg !== null) {
      const turn = lengthSquared === 0 ? 0 : turnDeg(headingDeg, Math.atan2(alongX, alongY) / RAD_PER_DEG)
      isAlongArc = twin === -1 || turn <= 90
      const off = isAlongArc ? turn : 180 - turn
      cost += (AGAINST_HEADING_M * Math.max(0, off - NO_MATTER_DEG)) / (180 - NO_MATTER_DEG)
    }
    if (former !== null && !this.#leadsTo(former, arc, twin)) cost += CHANGED_ROAD_M
    if (cost > this.#cost || (cost === this.#cost && piece >= this.#piece)) return
    this.#piece = piece
    this.#share = share
    this.#metres = metres
    this.#cost = cost
    this.#isAlongArc = isAlongArc
  }

  /** Metres east, across the antimeridian too. */
  #x(lonDeg: number): number {
    const away = lonDeg - this.#what.lonDeg
    return (away > 180 ? away - 360 : away < -180 ? away + 360 : away) * this.#eastMPerDeg
  }

  #y(latDeg: number): number {
    return (latDeg - this.#what.latDeg) * M_PER_DEG
  }

  /** Whether a vehicle there is on this arc, or can be on it after the next node. */
  #leadsTo(former: RoadPosition, arc: number, twin: number): boolean {
    const { arcHead, arcTail } = this.#graph
    const [from, to] = [arcTail[former.arc]!, arcHead[former.arc]!]
    if (former.arc === arc || former.arc === twin || arcTail[arc] === to) return true
    if (twin >= 0 && arcTail[twin] === to) return true
    return former.isEitherWay && (arcTail[arc] === from || (twin >= 0 && arcTail[twin] === from))
  }

  #found(): SnappedPosition {
    const { fromLon, fromLat, toLon, toLat, pieceArc, pieceFrom, pieceTo } = this.#grid
    const piece = this.#piece
    const share = this.#share
    const arc = pieceArc[piece]!
    const shareOfArc = pieceFrom[piece]! + share * (pieceTo[piece]! - pieceFrom[piece]!)
    const twin = this.#graph.arcTwin[arc]!
    const lonDeg = fromLon[piece]! + share * (toLon[piece]! - fromLon[piece]!)
    return {
      arc: this.#isAlongArc ? arc : twin,
      share: this.#isAlongArc ? shareOfArc : 1 - shareOfArc,
      isEitherWay: twin >= 0 && this.#what.headingDeg === null,
      lonDeg: lonDeg > 180 ? lonDeg - 360 : lonDeg,
      latDeg: fromLat[piece]! + share * (toLat[piece]! - fromLat[piece]!),
      offRoadM: this.#metres,
    }
  }
}

const NOTHING: Snapped = { lonDeg: 0, latDeg: 0, isAddress: false, headingDeg: null, former: null }

/** How far one direction is from another, 0 to 180. */
function turnDeg(a: number, b: number): number {
  const turn = Math.abs((((a - b) % 360) + 360) % 360)
  return turn > 180 ? 360 - turn : turn
}
